package main

import (
	"context"
	"slices"
)

// A command is everything about a command. The help, the man page,
// docs/commands.md and the completions are made from it.
type command struct {
	name  string
	args  string // what follows the flags: "FILE..."
	doc   string // one line
	more  string // paragraphs for its help, apart by blank lines
	words []string
	files bool // its arguments are files

	examples [][2]string // a command line and what it does
	groups   []func() []*flagDef
	run      func(p *program, ctx context.Context, s *settings, args []string) error
}

// commands returns all commands in the order of the help.
func commands() []*command {
	return []*command{readCommand(), listCommand(), liveCommand(), interfacesCommand(), demoCommand(), explainCommand(), checkCommand(), versionCommand(), manCommand(), completionCommand(), helpCommand()}
}

// findCommand returns the command of that name, or nil.
func findCommand(name string) *command {
	all := commands()
	if i := slices.IndexFunc(all, func(c *command) bool { return c.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// flags returns the command's flags in the order of the help.
func (c *command) flags() []*flagDef {
	var all []*flagDef
	for _, g := range c.groups {
		all = append(all, g()...)
	}
	if c.name == "read" {
		all = append(all, versionFlag())
	}
	return append(all, helpFlag())
}

// usage returns the line that says how the command is written.
func (c *command) usage() string {
	s := "tlslens "
	if c.name == "read" {
		s += "[read]"
	} else {
		s += c.name
	}
	if len(c.groups) > 0 {
		s += " [flags]"
	}
	if c.args != "" {
		s += " " + c.args
	}
	return s
}

// helpHint says where the flags of the command are explained.
func (c *command) helpHint() string { return "tlslens help " + c.name + " lists its flags" }

func readCommand() *command {
	return &command{
		name: "read", args: "FILE...", files: true, doc: "three tables for each connection",
		more: `Shows each TLS connection of the captures in three tables: the certificate check, the key exchange, the encrypted tunnel. The word "read" may be left out; a capture that is called like a command is written ./list. Flags may stand anywhere. "-" is standard input.

Of several captures each is read in turn, under its name. One that cannot be opened is reported, and the others are still read.`,
		examples: [][2]string{
			{"tlslens day.pcap", "what happened in each connection"},
			{"tlslens day.pcap --only failed", "only connections that did not come to stand"},
			{"tlslens day.pcap --name api.example.com", "only connections to that server, by the name they ask for"},
			{"tlslens day.pcap --conn 3 -vv", "connection 3 with every message and field"},
			{"tlslens day.pcap --conn 3 -w three.pcapng", "and its packets in a file of their own"},
			{"tlslens day.pcap --ca corp-root.pem --fail-on fail", "check against a private CA; status 1 if something is badly wrong"},
			{`tlslens -T jsonl day.pcap | jq -r ".server_name // empty"`, "one JSON object per connection, for programs: here the server names"},
			{"ssh host tcpdump -i any -w - tcp port 443 | tlslens -", "a capture from another machine"},
		},
		groups: []func() []*flagDef{inputFlags, filterFlags, keyFlags, trustFlags, chooseFlags, nameFlags, outputFlags, detailFlags, lookFlags, extractFlags, exportFlags, limitFlags, exitFlags},
		run:    (*program).read,
	}
}

func listCommand() *command {
	return &command{
		name: "list", args: "FILE...", files: true, doc: "one row for each connection",
		more: "Shows one row for each TLS connection: who, which version and keys, how far each of the three phases got, and the result. It is read -T list.",
		examples: [][2]string{
			{"tlslens list day.pcap", "all connections at a glance"},
			{"tlslens list --only warn *.pcap", "those with warnings, of several captures"},
			{"tlslens list day.pcap --only failed -w failed.pcapng", "the packets of those that failed, for others to look at"},
		},
		groups: []func() []*flagDef{inputFlags, filterFlags, keyFlags, trustFlags, chooseFlags, nameFlags, outputFlags, lookFlags, extractFlags, limitFlags, exitFlags},
		run: func(p *program, ctx context.Context, s *settings, args []string) error {
			if s.format == "" {
				s.format = "list"
			}
			return p.read(ctx, s, args)
		},
	}
}

func demoCommand() *command {
	return &command{
		name: "demo", doc: "the tables of a small capture that is built in",
		more: "Shows ten connections of a test client to a test server, so that there is something to look at without a capture: TLS 1.2 and 1.3, resumption, a HelloRetryRequest, and handshakes that fail. The root certificate of the test server is trusted. With -T, --conn, --only or -v it shows what read would show of that capture.",
		examples: [][2]string{
			{"tlslens demo", "the list, and one connection phase by phase"},
			{"tlslens demo --conn 8", "a client that refuses the server's certificate"},
			{"tlslens demo -T json --conn 3", "the same in JSON"},
		},
		groups: []func() []*flagDef{chooseFlags, outputFlags, detailFlags, lookFlags},
		run:    (*program).demo,
	}
}

func explainCommand() *command {
	return &command{
		name: "explain", args: "[TOPIC...]", doc: "what a finding, message, alert or code point means",
		more: "Explains, in plain English and with the RFC: findings (cert-expired), handshake messages (ServerHello), alerts (unknown_ca), extensions (server_name), cipher suites (TLS_RSA_WITH_AES_128_CBC_SHA), groups (x25519), signature schemes, versions, outcomes (client_gave_up), phases and their states (hidden). A number such as 0xc02f or 48 is looked up in every registry. Upper and lower case, - and _ make no difference. Without a topic it lists what there is to explain.",
		examples: [][2]string{
			{"tlslens explain kx-no-forward-secrecy", "a finding"},
			{"tlslens explain unknown_ca", "an alert"},
			{"tlslens explain 0xc02f", "a code point"},
		},
		groups: []func() []*flagDef{lookFlags},
		run:    (*program).explain,
	}
}

func checkCommand() *command {
	return &command{
		name: "check", args: "--golden DIR FILE...", files: true, doc: "compare captures with saved expectations",
		more: `Compares what is found in each capture with what was saved in DIR, says in words what changed, and ends with status 1 if anything did. --update saves what is found; keep DIR under version control and its differences can be reviewed.

An expectation is the JSON of the capture, one key on a line: all connections, then the summary. Nothing of it is passed over but what --ignore names. What depends on the time or place of the run does so here too: give --ca FILE rather than rely on mozilla, which changes with releases of tlslens, or system; keep --at at capture or a fixed time. A capture that is cut short compares like any other: its summary says that it is.

Expectations in DIR without a capture are mentioned. They are no difference.`,
		examples: [][2]string{
			{"tlslens check --golden golden --update captures/*.pcapng", "save what is found"},
			{"tlslens check --golden golden captures/*.pcapng", "say what changed since"},
			{"tlslens check --golden golden --ignore volatile tonight/*.pcapng", "the same of captures made anew: times, ports and random bytes do not count"},
		},
		groups: []func() []*flagDef{checkFlags, ignoreFlags, func() []*flagDef { return inputFlags() }, filterFlags, keyFlags, trustFlags, limitFlags, quietFlags},
		run:    (*program).check,
	}
}

// quietFlags is -q of check.
func quietFlags() []*flagDef {
	return []*flagDef{{name: "quiet", short: "q", group: groupOutput, doc: "say nothing of captures that did not change",
		set: flag(func(s *settings, on bool) { s.quiet = on })}}
}

func versionCommand() *command {
	return &command{
		name: "version", doc: "version, commit, Go and platform",
		groups: []func() []*flagDef{func() []*flagDef {
			return []*flagDef{{name: "verbose", short: "v", group: groupOutput, doc: "what this system offers to live capture too",
				set: flag(func(s *settings, on bool) { s.verbose = 1 })}}
		}},
		run: (*program).version,
	}
}

func manCommand() *command {
	return &command{
		name: "man", doc: "print the manual page",
		more:     "Prints the manual page: every command, flag, exit status and key of the JSON.",
		examples: [][2]string{{"tlslens man | man -l -", "read it"}, {"tlslens man > /usr/local/share/man/man1/tlslens.1", "install it"}},
		groups:   []func() []*flagDef{manFlags},
		run:      (*program).man,
	}
}

func completionCommand() *command {
	return &command{
		name: "completion", args: "bash|zsh|fish|powershell", words: shells(), doc: "print the completions of a shell",
		more: "Prints a script that completes commands, flags, their values and file names.",
		examples: [][2]string{
			{"source <(tlslens completion bash)", "bash, in ~/.bashrc"},
			{"tlslens completion zsh > ~/.zfunc/_tlslens", "zsh, in a folder of fpath"},
			{"tlslens completion fish > ~/.config/fish/completions/tlslens.fish", "fish"},
			{"tlslens completion powershell | Out-String | Invoke-Expression", "PowerShell, in $PROFILE"},
		},
		run: (*program).completion,
	}
}

func helpCommand() *command {
	return &command{name: "help", args: "[COMMAND]", doc: "the commands, or the flags of one", run: (*program).help}
}
