package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/report"
	"github.com/tlslens/tlslens/report/text"
)

// A topic is something that explain explains.
type topic struct {
	kind  string   // "finding", "alert", ...
	names []string // the first is the one that is shown
	code  int      // code point, -1 if it has none
	wide  int      // digits of the code point in hexadecimal
	says  []string // paragraphs
	ref   string   // where it is defined
}

// explain explains topics, or lists them.
func (p *program) explain(_ context.Context, s *settings, args []string) error {
	out := bufio.NewWriter(p.stdout)
	style := p.style(s)
	all := topics()
	if len(args) == 0 {
		listTopics(out, style, all)
		return out.Flush()
	}
	var missing error
	first := true
	for _, arg := range args {
		found := lookup(all, arg)
		if len(found) == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
			missing = exitUsage
			p.complain("", unknownTopic(all, arg))
			continue
		}
		for _, t := range found {
			if !first {
				fmt.Fprintln(out)
			}
			first = false
			t.print(out, style)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return missing
}

// plainKey makes a name comparable: case, dashes, underscores and blanks do not
// count.
func plainKey(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(s))
}

// lookup returns all topics of a name or a code point.
func lookup(all []topic, arg string) []topic {
	key := plainKey(arg)
	if key == "" {
		return nil
	}
	var found []topic
	for _, t := range all {
		for _, n := range t.names {
			if plainKey(n) == key {
				found = append(found, t)
				break
			}
		}
	}
	code, err := strconv.ParseUint(strings.ReplaceAll(arg, ",0x", ""), 0, 32)
	if err != nil || len(found) > 0 {
		return found
	}
	for _, t := range all {
		// 0x0030 asks for 16 bits, 0x30 and 48 for either.
		if t.code == int(code) && t.code >= 0 && (len(arg) != 6 || !strings.HasPrefix(arg, "0x") || t.wide == 4) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return unnamed(arg, code)
	}
	return found
}

// unnamed explains a code point that no registry has a name for, if there is
// something to say.
func unnamed(arg string, code uint64) []topic {
	if code&0x0f0f == 0x0a0a && code>>8 == code&0xff {
		return []topic{{kind: "reserved value", names: []string{"GREASE"}, code: int(code), wide: 4, ref: "RFC 8701",
			says: []string{"Clients put such values into their lists of cipher suites, extensions, groups and versions so that servers which stumble over unknown values are noticed. It means nothing and is never chosen."}}}
	}
	return nil
}

// unknownTopic says that there is nothing to explain, and what is like it.
func unknownTopic(all []topic, arg string) error {
	f := failf("nothing is known about %q", arg)
	var names []string
	for _, t := range all {
		names = append(names, t.names...)
	}
	if near := nearest(arg, names, 4); len(near) > 0 {
		return f.or("did you mean %s?", strings.Join(near, ", "))
	}
	return f.or("tlslens explain lists what can be explained")
}

// print prints what there is to say.
func (t *topic) print(w io.Writer, style report.Style) {
	head := t.kind
	if t.code >= 0 {
		head += fmt.Sprintf(" %d, 0x%0*x", t.code, t.wide, t.code)
	}
	fmt.Fprintf(w, "%s (%s)\n", t.names[0], head)
	says := t.says
	if t.ref != "" {
		says = append(says[:len(says):len(says)], "Defined in "+t.ref+".")
	}
	for _, s := range says {
		for _, line := range text.Wrap(style.Text(s), style.Columns()-4) {
			fmt.Fprintln(w, "    "+line)
		}
	}
}

// listed are the kinds of which the names are listed; the others have hundreds.
func listed() []string {
	return []string{"finding", "phase", "state", "outcome", "check", "word", "handshake message", "alert", "version"}
}

// listTopics lists what there is to explain.
func listTopics(w io.Writer, style report.Style, all []topic) {
	counts := map[string]int{}
	for _, t := range all {
		counts[t.kind]++
	}
	for _, kind := range listed() {
		var names []string
		seen := map[string]bool{}
		for _, t := range all {
			if t.kind == kind && !seen[t.names[0]] {
				seen[t.names[0]] = true
				names = append(names, t.names[0])
			}
		}
		fmt.Fprintf(w, "%ss\n", capital(kind))
		for _, line := range text.Wrap(strings.Join(names, ", "), style.Columns()-4) {
			fmt.Fprintln(w, "    "+line)
		}
	}
	more := fmt.Sprintf("Also: %d extensions (server_name), %d cipher suites (TLS_AES_128_GCM_SHA256), %d groups (x25519), %d signature schemes (ed25519), by name or number (0xc02f).",
		counts["extension"], counts["cipher suite"], counts["group"], counts["signature scheme"])
	fmt.Fprintln(w)
	for _, line := range text.Wrap(more, style.Columns()) {
		fmt.Fprintln(w, line)
	}
}
