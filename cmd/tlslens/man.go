package main

//go:generate go test -run TestPages -update .

import (
	"context"
	"fmt"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"

	"github.com/tlslens/tlslens/dissect/verdict"
	"github.com/tlslens/tlslens/report/jsonl"
)

// man prints the manual page, or another page of the documentation.
func (p *program) man(_ context.Context, s *settings, args []string) error {
	if len(args) > 0 {
		return failf("man takes no argument, not %q", args[0]).or("tlslens explain %s may know it", args[0])
	}
	_, err := fmt.Fprint(p.stdout, page(s.page))
	return err
}

// page returns a page of the documentation.
func page(name string) string {
	switch name {
	case "commands":
		return commandsPage()
	case "findings":
		return findingsPage()
	case "json":
		return jsonl.Doc()
	}
	return string(md2man.Render([]byte(manPage())))
}

// environment says which variables count.
func environment() [][2]string {
	return [][2]string{
		{"NO_COLOR", "No colours, if it is not empty. --color=always wins."},
		{"TERM", "No colours if it is dumb."},
		{"COLUMNS", "Width of lines if results do not go to a terminal."},
		{"SSL_CERT_FILE, SSL_CERT_DIR", "Where --ca system looks first."},
		{"GOMEMLIMIT", "What --max-memory sets, where the flag is not given."},
	}
}

const docsHead = `<!-- Made by tlslens man --page %s. To change it, change its source and run: go generate ./cmd/tlslens -->

`

// commandsPage is docs/commands.md.
func commandsPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, docsHead+"# Commands\n\ntlslens: %s.\n\n| command | |\n|---|---|\n", "commands", about)
	for _, c := range commands() {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", strings.ReplaceAll(c.usage(), "|", `\|`), c.name, c.doc)
	}
	b.WriteString("\nResults go to standard output; messages and progress to standard error. Progress shows only on a terminal, once the work has taken a second. Flags may stand before and after files; short ones can be joined (`-vvx`), and a value may follow its flag directly (`-c5`, `--count=5`). `--` ends the flags.\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "\n## %s\n\n    %s\n\n%s.\n", c.name, c.usage(), capital(c.doc))
		if c.more != "" {
			b.WriteString("\n" + c.more + "\n")
		}
		for _, group := range groups() {
			c.markdownFlags(&b, group)
		}
		if len(c.examples) > 0 {
			b.WriteString("\n**Examples**\n\n")
			for _, e := range c.examples {
				fmt.Fprintf(&b, "- `%s`: %s\n", e[0], e[1])
			}
		}
	}
	b.WriteString("\n## Exit status\n\n| status | meaning |\n|---|---|\n")
	for _, e := range exitDocs() {
		fmt.Fprintf(&b, "| %d | %s |\n", e.Status, e.Doc)
	}
	b.WriteString("\n## Environment\n\n| variable | meaning |\n|---|---|\n")
	for _, e := range environment() {
		fmt.Fprintf(&b, "| %s | %s |\n", e[0], e[1])
	}
	return b.String()
}

// markdownFlags writes the flags of a group as a table.
func (c *command) markdownFlags(b *strings.Builder, group string) {
	head := "\n**" + group + "**\n\n| flag | |\n|---|---|\n"
	for _, f := range c.flags() {
		if f.group == group {
			b.WriteString(head)
			head = ""
			fmt.Fprintf(b, "| `%s` | %s |\n", strings.ReplaceAll(strings.TrimSpace(f.written()), "|", `\|`), strings.ReplaceAll(f.text(), "|", `\|`))
		}
	}
}

// text returns all that is said of the flag.
func (f *flagDef) text() string {
	s := capital(f.doc) + "."
	if f.repeat && f.name != "verbose" {
		s += " Repeatable."
	}
	if f.more != "" {
		s += " " + f.more
	}
	return s
}

// manPage is the manual page in Markdown of the kind that md2man reads.
func manPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%% tlslens 1\n\n# NAME\n\ntlslens - %s\n\n# SYNOPSIS\n\n", about)
	for _, c := range commands() {
		fmt.Fprintf(&b, "    %s\n", c.usage())
	}
	b.WriteString("\n# DESCRIPTION\n\ntlslens reads captures of network traffic and says of each TLS connection what happened in its three phases: the certificate check, the key exchange, the encrypted tunnel. Results go to standard output; messages and progress to standard error. Flags may stand before and after files; short ones can be joined (-vvx). An argument of two dashes ends the flags.\n\n# COMMANDS\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n", roff(c.usage()), roff(capital(c.doc)))
		if c.more != "" {
			b.WriteString(roff(c.more) + "\n\n")
		}
		for _, e := range c.examples {
			fmt.Fprintf(&b, "    $ %s\n", e[0])
		}
	}
	b.WriteString("\n# FLAGS\n")
	for _, group := range groups() {
		manFlagGroup(&b, group)
	}
	b.WriteString("\n# EXIT STATUS\n\n")
	for _, e := range exitDocs() {
		fmt.Fprintf(&b, "**%d**\n: %s\n\n", e.Status, roff(e.Doc))
	}
	b.WriteString("# ENVIRONMENT\n\n")
	for _, e := range environment() {
		fmt.Fprintf(&b, "**%s**\n: %s\n\n", roff(e[0]), roff(e[1]))
	}
	b.WriteString(manJSON(jsonl.Doc()))
	return b.String()
}

// manFlagGroup writes the flags of a group, each once, with the commands that
// have it.
func manFlagGroup(b *strings.Builder, group string) {
	seen := map[string]bool{}
	head := "\n## " + group + "\n\n"
	for _, c := range commands() {
		for _, f := range c.flags() {
			if key := f.name + f.doc; f.group == group && !seen[key] {
				seen[key] = true
				b.WriteString(head)
				head = ""
				fmt.Fprintf(b, "**%s**\n: %s (%s)\n\n", roff(strings.TrimSpace(f.written())), roff(f.text()), strings.Join(having(f), ", "))
			}
		}
	}
}

// having names the commands that have a flag.
func having(f *flagDef) []string {
	var names []string
	for _, c := range commands() {
		for _, g := range c.flags() {
			if g.name == f.name && g.doc == f.doc {
				names = append(names, c.name)
			}
		}
	}
	if len(names) == len(commands()) {
		return []string{"all commands"}
	}
	return names
}

// manJSON makes a section of the page about JSON: its tables become lists,
// which a terminal can show.
func manJSON(doc string) string {
	var b strings.Builder
	for line := range strings.Lines(doc) {
		line = strings.TrimSuffix(line, "\n")
		cells := strings.SplitN(strings.Trim(line, "| "), " | ", 2)
		switch {
		case strings.HasPrefix(line, "# "):
			b.WriteString("# JSON\n")
		case strings.HasPrefix(line, "|---"), line == "| key | meaning |":
		case strings.HasPrefix(line, "| ") && len(cells) == 2:
			fmt.Fprintf(&b, "**%s**\n: %s\n\n", roff(strings.Trim(cells[0], "`")), roff(cells[1]))
		default:
			b.WriteString(roff(line) + "\n")
		}
	}
	return b.String()
}

// roff escapes what Markdown would take for markup.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "`", "").Replace(s)
}

// findingsPage is docs/findings.md.
func findingsPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, docsHead+"# Findings\n\nWhat tlslens remarks on a connection, by phase. An ID is stable and never used for anything else. `--fail-on warn` and `--fail-on fail` end with status 1 if there is one of that severity or worse; `tlslens explain ID` prints what stands here.\n", "findings")
	title := ""
	for _, r := range rulesByPhase() {
		if t := r.Phase.Title(); t != title {
			fmt.Fprintf(&b, "\n## %s\n\n| finding | severity | what and why |\n|---|---|---|\n", t)
			title = t
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s %s |\n", r.ID, r.Severity, r.Title, strings.ReplaceAll(r.Doc, "|", `\|`))
	}
	return b.String()
}

// rulesByPhase returns all rules in the order of the phases.
func rulesByPhase() []verdict.Rule {
	var sorted []verdict.Rule
	for phase := range 3 {
		for _, r := range verdict.Rules() {
			if int(r.Phase) == phase {
				sorted = append(sorted, r)
			}
		}
	}
	return sorted
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
