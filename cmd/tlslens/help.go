package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/report/text"
)

// about is what the program is, in one line.
const about = "what happened in each TLS connection of a capture, phase by phase"

// helpWidth is how many columns the help has: it looks the same everywhere.
const helpWidth = 80

// help prints the help of the program, or of one command.
func (p *program) help(_ context.Context, _ *settings, args []string) error {
	if len(args) == 0 {
		_, err := fmt.Fprint(p.stdout, overview())
		return err
	}
	if c := findCommand(args[0]); c != nil && len(args) == 1 {
		return p.helpFor(c)
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return failf("there is no command %q", strings.Join(args, " ")).or("commands: %s; tlslens explain is for TLS's own words", strings.Join(names, ", "))
}

// helpFor prints the help of a command. That of read, which needs no name,
// begins with all commands.
func (p *program) helpFor(c *command) error {
	_, err := fmt.Fprint(p.stdout, c.help())
	return err
}

// overview lists the commands and says where to go on.
func overview() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tlslens - %s\n\n", about)
	lead := "usage:  "
	rows := [][2]string{}
	for _, c := range commands() {
		rows = append(rows, [2]string{lead + c.usage(), c.doc})
		lead = "        "
	}
	columns(&b, "", rows)
	b.WriteString("\n")
	para(&b, "", "\"-\" is standard input. Results go to standard output, everything else to standard error. tlslens help read lists the flags, tlslens man is the whole manual. tlslens demo shows what to expect.")
	b.WriteString("\nStatus\n")
	var status [][2]string
	for _, e := range exitDocs() {
		status = append(status, [2]string{fmt.Sprintf("%3d", e.Status), e.Doc})
	}
	columns(&b, "  ", status)
	return b.String()
}

// help returns the help of a command.
func (c *command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage:  %s\n\n", c.usage())
	for _, s := range strings.Split(c.more, "\n\n") {
		if s != "" {
			para(&b, "", s)
			b.WriteString("\n")
		}
	}
	for _, group := range groups() {
		var rows [][2]string
		for _, f := range c.flags() {
			if f.group == group {
				rows = append(rows, [2]string{f.written(), f.doc})
			}
		}
		if rows != nil {
			b.WriteString(group + "\n")
			columns(&b, "  ", rows)
		}
	}
	if len(c.examples) > 0 {
		b.WriteString("\nExamples\n")
		for _, e := range c.examples {
			b.WriteString("  " + e[0] + "\n")
			para(&b, "      ", e[1])
		}
	}
	return b.String()
}

// written returns how the flag is written: "-r, --read FILE".
func (f *flagDef) written() string {
	s := "    --" + f.name
	if f.short != "" {
		s = "-" + f.short + ", --" + f.name
	}
	if f.arg != "" {
		s += " " + f.arg
	}
	return s
}

// para writes wrapped text.
func para(b *strings.Builder, indent, s string) {
	for _, line := range text.Wrap(s, helpWidth-len(indent)) {
		b.WriteString(indent + line + "\n")
	}
}

// mostLeft is how wide the left of two columns gets. A longer text has a line
// of its own.
const mostLeft = 36

// columns writes rows of two columns.
func columns(b *strings.Builder, indent string, rows [][2]string) {
	left := 0
	for _, r := range rows {
		if n := len(r[0]); n <= mostLeft {
			left = max(left, n)
		}
	}
	at := len(indent) + left + 2
	for _, r := range rows {
		lead := indent + r[0]
		if len(r[0]) > left {
			b.WriteString(lead + "\n")
			lead = ""
		}
		for _, line := range text.Wrap(r[1], helpWidth-at) {
			b.WriteString(strings.TrimRight(text.Pad(lead, at)+line, " ") + "\n")
			lead = ""
		}
	}
}
