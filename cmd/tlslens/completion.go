package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// shells returns the shells there are completions for.
func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// completion prints the completions of a shell. They are made from the
// declarations of commands and flags and need no tlslens to run.
func (p *program) completion(_ context.Context, _ *settings, args []string) error {
	if len(args) != 1 {
		return failf("completion wants the name of a shell").or("one of %s", strings.Join(shells(), ", "))
	}
	var script string
	switch args[0] {
	case "bash":
		script = bashCompletion()
	case "zsh":
		script = zshCompletion()
	case "fish":
		script = fishCompletion()
	case "powershell", "pwsh":
		script = powershellCompletion()
	default:
		return failf("there are no completions for %q", args[0]).or("one of %s", strings.Join(shells(), ", "))
	}
	_, err := fmt.Fprint(p.stdout, script)
	return err
}

// names returns the forms of a flag with dashes, the short one first.
func (f *flagDef) names() []string {
	if f.short == "" {
		return []string{"--" + f.name}
	}
	return []string{"-" + f.short, "--" + f.name}
}

// values returns what completions offer behind the flag, apart from files.
func (f *flagDef) values() []string {
	switch f.name {
	case "ca":
		return []string{"system", "mozilla"}
	case "at":
		return []string{"capture", "now"}
	}
	return f.choices
}

// topics returns what completions offer as arguments, apart from files.
func (c *command) topics() []string {
	switch c.name {
	case "explain":
		var all []string
		for _, r := range rulesByPhase() {
			if !slices.Contains(all, r.ID) {
				all = append(all, r.ID)
			}
		}
		return all
	case "help":
		var all []string
		for _, c := range commands() {
			all = append(all, c.name)
		}
		return all
	}
	return c.words
}

// quoted writes s for a shell, in single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func commandNames() string { return strings.Join(findCommand("help").topics(), " ") }

// bashCompletion returns the script for bash 3.2 and later.
func bashCompletion() string {
	var flags, topics, values strings.Builder
	seen := map[string]bool{}
	for _, c := range commands() {
		var names []string
		for _, f := range c.flags() {
			names = append(names, f.names()...)
			if key := strings.Join(f.names(), "|"); f.arg != "" && !seen[key] {
				seen[key] = true
				fmt.Fprintf(&values, "    %s)\n        COMPREPLY=($(compgen -W %s -- \"$cur\")", key, quoted(strings.Join(f.values(), " ")))
				switch f.complete {
				case "file":
					values.WriteString(" $(compgen -f -- \"$cur\")")
				case "dir":
					values.WriteString(" $(compgen -d -- \"$cur\")")
				}
				values.WriteString(")\n        return ;;\n")
			}
		}
		fmt.Fprintf(&flags, "    %s) flags=%s ;;\n", c.name, quoted(strings.Join(names, " ")))
		if t := c.topics(); t != nil {
			fmt.Fprintf(&topics, "    %s) COMPREPLY=($(compgen -W %s -- \"$cur\")) ;;\n", c.name, quoted(strings.Join(t, " ")))
		} else if !c.files {
			fmt.Fprintf(&topics, "    %s) ;;\n", c.name)
		}
	}
	return `# bash completion for tlslens. Made by: tlslens completion bash
_tlslens() {
    local cur prev cmd word flags commands
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD-1]}
    commands=` + quoted(commandNames()) + `
    cmd=read
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ " $commands " == *" $word "* ]]; then
            cmd=$word
            break
        fi
    done
    COMPREPLY=()
    case $prev in
` + values.String() + `    esac
    case $cmd in
` + flags.String() + `    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$flags" -- "$cur"))
        return
    fi
    case $cmd in
` + topics.String() + `    *)
        COMPREPLY=($(compgen -f -- "$cur"))
        if ((COMP_CWORD == 1)); then
            COMPREPLY+=($(compgen -W "$commands" -- "$cur"))
        fi ;;
    esac
}
complete -o filenames -F _tlslens tlslens
`
}

// zshCompletion returns the function for zsh's compsys.
func zshCompletion() string {
	var b strings.Builder
	b.WriteString("#compdef tlslens\n# zsh completion for tlslens. Made by: tlslens completion zsh\n\n_tlslens() {\n  local -a commands\n  commands=(\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "    %s\n", quoted(c.name+":"+c.doc))
	}
	b.WriteString("  )\n  local cmd=read word\n  for word in ${words[2,CURRENT-1]}; do\n    if (( ${commands[(I)$word:*]} )); then\n      cmd=$word\n      break\n    fi\n  done\n  case $cmd in\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %s)\n    _arguments -s -S", c.name)
		for _, f := range c.flags() {
			for _, n := range f.names() {
				fmt.Fprintf(&b, " \\\n      %s", quoted(zshFlag(f, n)))
			}
		}
		switch t := c.topics(); {
		case c.name == "read":
			b.WriteString(" \\\n      '*: :_tlslens_file_or_command'")
		case t != nil:
			fmt.Fprintf(&b, " \\\n      %s", quoted("*:topic:("+c.name+" "+strings.Join(t, " ")+")"))
		case c.files:
			b.WriteString(" \\\n      '*:capture:_files'")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("  esac\n}\n\n_tlslens_file_or_command() {\n  _files\n  if (( CURRENT == 2 )); then\n    _describe command commands\n  fi\n}\n\nif [[ $funcstack[1] == _tlslens ]]; then\n  _tlslens \"$@\"\nelse\n  compdef _tlslens tlslens\nfi\n")
	return b.String()
}

// zshFlag writes a flag for _arguments.
func zshFlag(f *flagDef, name string) string {
	escape := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`)
	s := name + "[" + escape.Replace(f.doc) + "]"
	if f.repeat {
		s = "*" + s
	}
	if f.arg == "" {
		return s
	}
	s += ":" + strings.Trim(escape.Replace(strings.ToLower(f.name)), " ") + ":"
	switch v := strings.Join(f.values(), " "); {
	case v != "" && f.complete != "":
		return s + `{_alternative "words:word:(` + v + `)" "files:file:_files"}`
	case v != "":
		return s + "(" + v + ")"
	case f.complete == "dir":
		return s + "_files -/"
	case f.complete == "file":
		return s + "_files"
	}
	return s + " "
}

// fishCompletion returns the script for fish.
func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# fish completion for tlslens. Made by: tlslens completion fish\nset -l commands " + commandNames() + "\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "complete -c tlslens -n \"not __fish_seen_subcommand_from $commands\" -a %s -d %s\n", c.name, fishQuoted(c.doc))
	}
	for _, c := range commands() {
		when := fmt.Sprintf(`"__fish_seen_subcommand_from %s"`, c.name)
		if c.name == "read" {
			var others []string
			for _, o := range commands()[1:] {
				others = append(others, o.name)
			}
			when = fmt.Sprintf(`"not __fish_seen_subcommand_from %s"`, strings.Join(others, " "))
		}
		for _, f := range c.flags() {
			fmt.Fprintf(&b, "complete -c tlslens -n %s", when)
			if f.short != "" {
				b.WriteString(" -s " + f.short)
			}
			fmt.Fprintf(&b, " -l %s", f.name)
			if f.arg != "" {
				b.WriteString(" -r")
				if f.complete == "" {
					b.WriteString(" -f")
				}
				if v := f.values(); v != nil {
					fmt.Fprintf(&b, " -a %s", fishQuoted(strings.Join(v, " ")))
				}
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuoted(f.doc))
		}
		switch t := c.topics(); {
		case t != nil:
			fmt.Fprintf(&b, "complete -c tlslens -n %s -f -a %s\n", when, fishQuoted(strings.Join(t, " ")))
		case !c.files:
			fmt.Fprintf(&b, "complete -c tlslens -n %s -f\n", when)
		}
	}
	return b.String()
}

// fishQuoted writes s for fish, in single quotes.
func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// powershellCompletion returns the script for PowerShell 5 and later.
func powershellCompletion() string {
	list := func(words []string) string {
		q := make([]string, len(words))
		for i, w := range words {
			q[i] = "'" + strings.ReplaceAll(w, "'", "''") + "'"
		}
		return "@(" + strings.Join(q, ", ") + ")"
	}
	var flags, topics, values strings.Builder
	seen := map[string]bool{}
	for _, c := range commands() {
		var names []string
		for _, f := range c.flags() {
			names = append(names, f.names()...)
			for _, n := range f.names() {
				if v := f.values(); v != nil && !seen[n] {
					seen[n] = true
					fmt.Fprintf(&values, "    $values['%s'] = %s\n", n, list(v))
				}
			}
		}
		fmt.Fprintf(&flags, "        '%s' = %s\n", c.name, list(names))
		if t := c.topics(); t != nil {
			fmt.Fprintf(&topics, "        '%s' = %s\n", c.name, list(t))
		}
	}
	return `# PowerShell completion for tlslens. Made by: tlslens completion powershell
Register-ArgumentCompleter -Native -CommandName tlslens -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $commands = ` + list(findCommand("help").topics()) + `
    $flags = @{
` + flags.String() + `    }
    $values = New-Object System.Collections.Hashtable ([StringComparer]::Ordinal)
` + values.String() + `    $topics = @{
` + topics.String() + `    }
    $words = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })
    if ($wordToComplete -ne '' -and $words.Count -gt 1) { $words = @($words[0..($words.Count - 2)]) }
    $command = 'read'
    foreach ($word in $words | Select-Object -Skip 1) {
        if ($commands -ccontains $word) { $command = $word; break }
    }
    $previous = $words[-1]
    $offer = if ($values.ContainsKey($previous)) { $values[$previous] }
        elseif ($wordToComplete.StartsWith('-')) { $flags[$command] }
        elseif ($topics.ContainsKey($command)) { $topics[$command] }
        elseif ($words.Count -eq 1) { $commands }
        else { @() }
    $offer | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
`
}
