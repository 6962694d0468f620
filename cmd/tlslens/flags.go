package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report"
)

// A flagDef is everything about a flag. The parser, the help, the man page,
// docs/commands.md and the completions are made from it.
type flagDef struct {
	name  string // long form, without dashes
	short string // one letter, "" for none
	arg   string // how the value is written: "FILE", "N"; "" if it takes none
	group string
	doc   string // one line
	more  string // further sentences for the man page; "" for none

	choices  []string // the values there are, if there is a list
	repeat   bool     // may be given more than once
	complete string   // what completions offer if there are no choices: "file", "dir" or ""

	set func(s *settings, value string) error
}

// The groups of flags, in the order of the help.
const (
	groupInput  = "Input"
	groupKeys   = "Keys"
	groupExport = "Plaintext and secrets"
	groupTrust  = "Certificate check"
	groupChoose = "Choose"
	groupOutput = "Output"
	groupLimits = "Limits"
	groupExit   = "Exit status"
	groupCheck  = "Expectations"
	groupOther  = "Other"
)

func groups() []string {
	return []string{groupCheck, groupInput, groupKeys, groupTrust, groupChoose, groupOutput, groupExport, groupLimits, groupExit, groupOther}
}

// spelling returns how messages name the flag: "-T/--format".
func (f *flagDef) spelling() string {
	if f.short == "" {
		return "--" + f.name
	}
	return "-" + f.short + "/--" + f.name
}

// hint says what the flag is for.
func (f *flagDef) hint() string {
	s := "--" + f.name
	if f.arg != "" {
		s += " " + f.arg
	}
	return s + ": " + f.doc
}

// flag sets a flag without a value; the library also takes --name=false.
func flag(do func(*settings, bool)) func(*settings, string) error {
	return func(s *settings, v string) error {
		do(s, v == "true")
		return nil
	}
}

// oneOf sets a flag whose values are listed.
func oneOf(choices []string, do func(*settings, string)) func(*settings, string) error {
	return func(s *settings, v string) error {
		if slices.Contains(choices, v) {
			do(s, v)
			return nil
		}
		msg := fmt.Sprintf("%q is not one of %s", v, strings.Join(choices, ", "))
		if near := nearest(v, choices, 1); len(near) > 0 {
			msg += fmt.Sprintf("; did you mean %s?", near[0])
		}
		return errors.New(msg)
	}
}

// number sets a flag that counts.
func number(lowest uint64, do func(*settings, uint64)) func(*settings, string) error {
	return func(s *settings, v string) error {
		n, err := parseCount(v, lowest)
		if err == nil {
			do(s, n)
		}
		return err
	}
}

func inputFlags() []*flagDef {
	return []*flagDef{
		{name: "read", short: "r", arg: "FILE", group: groupInput, repeat: true, complete: "file", doc: "capture to read, as a FILE argument",
			more: `"-" is standard input. Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4, and recognised by their content.`,
			set: func(s *settings, v string) error {
				if v == "" {
					return errors.New("the name of the file is empty")
				}
				s.files = append(s.files, v)
				return nil
			}},
		{name: "count", short: "c", arg: "N", group: groupInput, doc: "stop after N packets of each capture",
			more: "What is open then is shown as far as it got.", set: number(1, func(s *settings, n uint64) { s.packets = n })},
	}
}

func trustFlags() []*flagDef {
	verify := []string{"all", "certificates", "none"}
	return []*flagDef{
		{name: "ca", arg: "FILE|system|mozilla", group: groupTrust, repeat: true, complete: "file", doc: "trust anchors; default mozilla",
			more: "A file of PEM certificates, one DER certificate, or a directory of such files; system for those of the operating system; mozilla for those that were built in. Given more than once, all of them are trusted. Give the roots of a private CA here. A file called system or mozilla is written ./system.",
			set: func(s *settings, v string) error {
				if v == "" {
					return errors.New("the name of the file is empty")
				}
				s.anchors = append(s.anchors, v)
				return nil
			}},
		{name: "at", arg: "capture|now|TIME", group: groupTrust, doc: "when certificates must be valid; default capture",
			more: "capture is the time of the packet that carried the certificate; TIME is like 2026-11-23 (midnight UTC) or 2026-11-23T09:06:03Z.",
			set:  func(s *settings, v string) (err error) { s.at, err = parseTime(v, s.now); return err }},
		{name: "verify", arg: "all|certificates|none", group: groupTrust, choices: verify, doc: "which signatures to check; default all",
			more: "all checks chains and handshake signatures, certificates only chains; with none, chains are shown as they were sent.",
			set: oneOf(verify, func(s *settings, v string) {
				s.verify = []dissect.Verify{dissect.VerifyAll, dissect.VerifyCertificates, dissect.VerifyNone}[slices.Index(verify, v)]
			})},
	}
}

func chooseFlags() []*flagDef {
	only := []string{"failed", "warn", "fail"}
	return []*flagDef{
		{name: "conn", arg: "3,7-9", group: groupChoose, doc: "only the connections of these numbers",
			more: "The numbers are those of the list. 7- is every one from 7 on.",
			set: func(s *settings, v string) (err error) {
				s.conns, err = parseSpans(v)
				return err
			}},
		{name: "only", arg: "failed|warn|fail", group: groupChoose, choices: only, doc: "only connections that failed, or have findings",
			more: "failed: those that did not come to stand; neither connections of which the capture holds only a part, nor those that turned out not to be TLS. warn: those with a finding of severity warn or fail. fail: those with a finding of severity fail. Both let through whatever failed or turned out not to be TLS, with a finding or without.",
			set:  oneOf(only, func(s *settings, v string) { s.only = v })},
	}
}

// nameFlags are apart from chooseFlags because live shows connections that have
// not said a name yet.
func nameFlags() []*flagDef {
	return []*flagDef{
		{name: "name", arg: "TEXT", group: groupChoose, repeat: true, doc: "only connections with TEXT in the server's name",
			more: "Anywhere in it; upper and lower case make no difference. The name is that of the ClientHello, with keys that of the inner one too.",
			set: func(s *settings, v string) error {
				switch {
				case v == "":
					return errors.New("the name is empty")
				case strings.ContainsAny(v, "*?"):
					return errors.New("* and ? have no meaning here: TEXT is looked for anywhere in the name")
				}
				s.names = append(s.names, strings.ToLower(v))
				return nil
			}},
	}
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return names
}

func formatDoc() string {
	var parts []string
	for _, f := range report.Formats() {
		parts = append(parts, f.Name+": "+f.Doc)
	}
	return strings.Join(parts, "; ") + "."
}

func outputFlags() []*flagDef {
	return []*flagDef{
		{name: "format", short: "T", arg: strings.Join(formatNames(), "|"), group: groupOutput, choices: formatNames(), doc: "how results are written; default table, or list if the command is list",
			more: formatDoc() + " Of several captures, JSON gives the connections of each and then its summary, one capture after the other, each object with the name of its capture; json makes one array of all.",
			set:  oneOf(formatNames(), func(s *settings, v string) { s.format = v })},
		{name: "output", short: "o", arg: "FILE", group: groupOutput, complete: "file", doc: "write results to FILE",
			more: "A regular file is replaced when the results are complete, and stays as it was if nothing could be begun. A capture, key or trust anchor that is to be read is never overwritten.",
			set: func(s *settings, v string) error {
				if v == "" {
					return errors.New("the name of the file is empty")
				}
				s.output = v
				return nil
			}},
		{name: "quiet", short: "q", group: groupOutput, doc: "only connections that failed or have findings, and no summary",
			more: "Of such a connection its findings are shown, or why it failed. What -T json and jsonl give stays the same.",
			set:  flag(func(s *settings, on bool) { s.quiet = on })},
	}
}

func detailFlags() []*flagDef {
	zones := []string{"relative", "utc", "local"}
	return []*flagDef{
		{name: "verbose", short: "v", group: groupOutput, repeat: true, doc: "every message; -vv every field too",
			more: "-vv shows each field with its offset and its bytes.",
			set: flag(func(s *settings, on bool) {
				if s.verbose++; !on {
					s.verbose = 0
				}
			})},
		{name: "hex", short: "x", group: groupOutput, doc: "hex of each message as well; implies -vv",
			set: flag(func(s *settings, on bool) { s.hex = on })},
		{name: "time", arg: "relative|utc|local", group: groupOutput, choices: zones, doc: "how times are shown; default relative",
			more: "relative: milliseconds since the first packet of the connection. JSON has its own rules.",
			set:  oneOf(zones, func(s *settings, v string) { s.zone = v })},
	}
}

func lookFlags() []*flagDef {
	colors := []string{"auto", "always", "never"}
	return []*flagDef{
		{name: "width", arg: "N", group: groupOutput, doc: "columns of a line; default that of the terminal",
			more: "At least 40; 0 lets lines be as long as they come. Without it: the terminal's width, else COLUMNS, else 80.",
			set: func(s *settings, v string) error {
				n, err := parseCount(v, 0)
				switch {
				case err != nil:
					return err
				case n > 0 && n < 40:
					return errors.New("tables need 40 columns; 0 lets lines be as long as they come")
				case n > 10000:
					return errors.New("the most is 10000; 0 lets lines be as long as they come")
				}
				s.width = int(n)
				return nil
			}},
		{name: "color", arg: "auto|always|never", group: groupOutput, choices: colors, doc: "when to use colours; default auto",
			more: "auto: if results go to a terminal, NO_COLOR is not set and TERM is not dumb. Colour never carries meaning alone.",
			set:  oneOf(colors, func(s *settings, v string) { s.color = v })},
		{name: "ascii", group: groupOutput, doc: "no box drawing, no arrows; other characters escaped",
			set: flag(func(s *settings, on bool) { s.ascii = on })},
	}
}

func limitFlags() []*flagDef {
	return []*flagDef{
		{name: "max-memory", arg: "SIZE", group: groupLimits, doc: "memory to get by with; default 512MiB",
			more: "SIZE is a number with KiB, MiB or GiB; at least 32MiB. An eighth of it bounds what is held back of TCP streams until missing packets come; the rest of the program is told to collect garbage as it nears SIZE, which is an aim and not a wall. GOMEMLIMIT is honoured where the flag is not given.",
			set: func(s *settings, v string) (err error) {
				s.memory, err = parseSize(v)
				return err
			}},
		{name: "max-flows", arg: "N", group: groupLimits, doc: "TCP connections to follow at a time; default 65536",
			more: "Beyond it the one that was silent for longest is given up, which is told.",
			set: func(s *settings, v string) error {
				n, err := parseCount(v, 1)
				if err == nil && n > 1<<26 {
					err = fmt.Errorf("the most is %d", 1<<26)
				}
				s.flows = int(n)
				return err
			}},
		{name: "workers", arg: "N", group: groupLimits, doc: "goroutines that check signatures; default one for each CPU",
			more: "The results are the same for any number.",
			set: func(s *settings, v string) error {
				n, err := parseCount(v, 1)
				if err == nil && n > 1024 {
					err = errors.New("the most is 1024")
				}
				s.workers = int(n)
				return err
			}},
	}
}

func exitFlags() []*flagDef {
	on := []string{"warn", "fail", "never"}
	return []*flagDef{
		{name: "fail-on", arg: "warn|fail|never", group: groupExit, choices: on, doc: "end with status 1 if a connection failed or has such a finding",
			more: "warn: a finding of severity warn or fail; fail: one of severity fail. Both count each connection that failed or turned out not to be TLS, with a finding or without. Default never. Only connections chosen with --conn, --only and --name count.",
			set: oneOf(on, func(s *settings, v string) {
				s.failOn = map[string]conn.Severity{"warn": conn.Warn, "fail": conn.Fail}[v]
			})},
	}
}

func checkFlags() []*flagDef {
	return []*flagDef{
		{name: "golden", arg: "DIR", group: groupCheck, complete: "dir", doc: "folder of the expectations; must be given",
			more: "The one of day.pcapng or day.pcap.gz is DIR/day.json.",
			set: func(s *settings, v string) error {
				if v == "" {
					return errors.New("the name of the folder is empty")
				}
				s.golden = v
				return nil
			}},
		{name: "update", group: groupCheck, doc: "write what was found as the new expectations",
			set: flag(func(s *settings, on bool) { s.update = on })},
	}
}

func manFlags() []*flagDef {
	pages := []string{"man", "commands", "findings", "json"}
	return []*flagDef{
		{name: "page", arg: strings.Join(pages, "|"), group: groupOther, choices: pages, doc: "which page; default man",
			more: "man is the manual page in roff. The others are the pages of docs/ in Markdown: the commands and flags, all findings, all keys of the JSON.",
			set:  oneOf(pages, func(s *settings, v string) { s.page = v })},
	}
}

func helpFlag() *flagDef {
	return &flagDef{name: "help", short: "h", group: groupOther, doc: "show the help of a command",
		set: flag(func(s *settings, on bool) { s.help = on })}
}

func versionFlag() *flagDef {
	return &flagDef{name: "version", group: groupOther, doc: "show the version, as tlslens version does",
		set: flag(func(s *settings, on bool) { s.version = on })}
}
