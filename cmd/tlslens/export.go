package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/capture/pcapng"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/report/text"
)

// exportSettings say what besides the report is to be written.
type exportSettings struct {
	follow    uint64 // 0: none
	side      string // "", "client" or "server"
	form      string // "text", "hex" or "raw"
	plaintext string // file names
	embed     string
	strip     string

	write      string // see extractFlags
	handshakes bool
}

func exportFlags() []*flagDef {
	forms := []string{"text", "hex", "raw"}
	name := func(into func(*settings) *string) func(*settings, string) error {
		return func(s *settings, v string) error {
			if v == "" {
				return errors.New("the name of the file is empty")
			}
			*into(s) = v
			return nil
		}
	}
	return []*flagDef{
		{name: "follow", arg: "N[:client|:server]", group: groupExport, doc: "print what connection N said, opened, instead of the report",
			more: "N is the number in the list. With a side behind a colon only that side's bytes. It needs keys.",
			set:  setFollow},
		{name: "as", arg: "text|hex|raw", group: groupExport, choices: forms, doc: "how --follow prints; default text",
			more: "text escapes what is not printable, hex shows offsets, raw writes the bytes as they are.",
			set:  oneOf(forms, func(s *settings, v string) { s.export.form = v })},
		{name: "plaintext-pcap", arg: "FILE", group: groupExport, complete: "file", doc: "write a capture of the opened payloads",
			more: "Each connection becomes one of TCP that carries its plaintext, with the addresses, ports and times of the real one. The file is for its owner only, and none is overwritten.",
			set:  name(func(s *settings) *string { return &s.export.plaintext })},
		{name: "embed-keys", arg: "FILE", group: groupExport, complete: "file", doc: "write the capture with the secrets that open it",
			more: "A pcapng file that other programs open too. Of the keys only those are in it that this capture needs. The file is for its owner only, and none is overwritten.",
			set:  name(func(s *settings) *string { return &s.export.embed })},
		{name: "strip-keys", arg: "FILE", group: groupExport, complete: "file", doc: "write the capture without the secrets that it carries",
			more: "A pcapng file with the same packets, to be handed on. None is overwritten.",
			set:  name(func(s *settings) *string { return &s.export.strip })},
	}
}

func setFollow(s *settings, v string) error {
	number, side, ok := strings.Cut(v, ":")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n == 0 {
		return errors.New("the number of a connection is expected")
	}
	if ok && side != "client" && side != "server" {
		return fmt.Errorf("%q is neither client nor server", side)
	}
	s.export.follow, s.export.side = n, side
	return nil
}

// checkExport refuses what needs exactly one capture, or keys.
func (s *settings) checkExport(all []*input) error {
	x := &s.export
	twice, inputs, first := x.embed != "" || x.strip != "" || x.write != "", len(all), all[0].name
	switch {
	case x.follow == 0 && x.form != "":
		return failf("--as says how --follow prints").or("name a connection: --follow N")
	case x.handshakes && x.write == "":
		return failf("--write-handshakes needs --write FILE")
	case (twice || x.follow > 0 || x.plaintext != "") && inputs != 1:
		return failf("--follow, --write, --plaintext-pcap, --embed-keys and --strip-keys take one capture, not %d", inputs)
	case x.sameTarget(s.output):
		return failf("two results are to be written to the same file").or("give --output, --write, --plaintext-pcap, --embed-keys and --strip-keys names of their own")
	case twice && inputs == 1 && first == "-":
		return failf("--write, --embed-keys and --strip-keys read the capture twice, which standard input does not allow").or("write it to a file first")
	case s.keys.sealed && (x.follow > 0 || x.plaintext != "" || x.embed != ""):
		return failf("--no-decrypt opens nothing").or("leave it away, or leave away --follow, --plaintext-pcap and --embed-keys")
	}
	return nil
}

// sameTarget reports whether two results would go to one file.
func (x *exportSettings) sameTarget(output string) bool {
	seen := map[string]bool{}
	for _, name := range []string{output, x.write, x.plaintext, x.embed, x.strip} {
		if name == "" || name == "-" {
			continue
		}
		if full, err := filepath.Abs(name); err == nil {
			name = full
		}
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// An exporter writes what was opened while a capture is read.
type exporter struct {
	s   *settings
	out io.Writer // of --follow

	file  *privateFile // of --plaintext-pcap
	pcap  *pcapng.Writer
	talks *pcapng.Conversations

	turn  flow.Side
	begun bool
	seen  [2]int // bytes of each side so far
	bytes int64
	err   error

	found       bool   // the connection that is followed is in the capture
	sealed      string // why it was not opened, if that is known
	connections uint64 // in the capture
}

// see is told all events. It notes what becomes of the connection that is
// followed.
func (x *exporter) see(e dissect.Event) {
	if x == nil {
		return
	}
	if c, ok := e.(dissect.Closed); ok && c.Conn.Number == x.s.export.follow {
		x.found, x.sealed = true, c.Conn.Decryption.Why
		switch c.Conn.Outcome {
		case conn.StartTLSRefused, conn.StartTLSStripped, conn.StartTLSUnused, conn.ProxyRefused:
			x.sealed = "it stayed in the clear, and nothing of it is sealed"
		}
	}
}

// missing returns an error if the connection to follow is not there.
func (x *exporter) missing() error {
	if x == nil || x.s.export.follow == 0 || x.found {
		return nil
	}
	f := failf("there is no connection #%d", x.s.export.follow)
	if x.connections == 0 {
		return f.or("there is no TLS connection in the capture")
	}
	return f.or("the last is #%d; tlslens list shows them", x.connections)
}

// newExporter opens what --plaintext-pcap names. It returns nil if there is
// nothing to listen to.
func newExporter(s *settings, out io.Writer) (*exporter, error) {
	if s.export.follow == 0 && s.export.plaintext == "" {
		return nil, nil
	}
	x := &exporter{s: s, out: out}
	if name := s.export.plaintext; name != "" {
		f, err := private("--plaintext-pcap", name)
		if err != nil {
			return nil, err
		}
		x.file, x.pcap = f, pcapng.NewWriter(f, "tlslens")
		if x.talks, err = pcapng.NewConversations(x.pcap); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// listen is told the plaintext of all connections.
func (x *exporter) listen(c *conn.Conn, side flow.Side, b []byte, at flow.Mark) {
	if x.err != nil {
		return
	}
	if x.talks != nil && x.s.numbered(c.Number) {
		x.err = x.talks.Data(c.Number, [2]netip.AddrPort(c.Ends), int(side), b, at.Time)
		x.bytes += int64(len(b))
	}
	if f := &x.s.export; c.Number == f.follow && (f.side == "" || f.side == side.String()) && x.err == nil {
		x.err = x.print(side, b, at)
		x.bytes += int64(len(b))
	}
}

// closed is told each connection that is complete.
func (x *exporter) closed(c *conn.Conn) error {
	if x.talks != nil && x.err == nil {
		x.err = x.talks.Close(c.Number, c.Last.Time)
	}
	return x.err
}

// print writes bytes of the connection that is followed.
func (x *exporter) print(side flow.Side, b []byte, at flow.Mark) error {
	if x.s.export.form == "raw" {
		_, err := x.out.Write(b)
		return err
	}
	if !x.begun || side != x.turn {
		gap := ""
		if x.begun {
			gap = "\n"
		}
		x.begun, x.turn = true, side
		if _, err := fmt.Fprintf(x.out, "%s== %s, packet %d\n", gap, side, at.Packet); err != nil {
			return err
		}
	}
	off := x.seen[side]
	x.seen[side] += len(b)
	if x.s.export.form == "hex" {
		return hexLines(x.out, off, b)
	}
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line = b[:i+1]
		}
		b = b[len(line):]
		if _, err := fmt.Fprintln(x.out, text.Clean(strings.TrimRight(string(line), "\r\n"))); err != nil {
			return err
		}
	}
	return nil
}

// hexLines writes bytes sixteen to a line, with their offset in the stream.
func hexLines(w io.Writer, off int, b []byte) error {
	for ; len(b) > 0; b = b[min(16, len(b)):] {
		row := b[:min(16, len(b))]
		shown := bytes.Map(func(r rune) rune {
			if r < 0x20 || r > 0x7e {
				return '.'
			}
			return r
		}, bytes.ToValidUTF8(row, []byte(".")))
		if _, err := fmt.Fprintf(w, "%08x  %-47s  %s\n", off, fmt.Sprintf("% x", row), shown); err != nil {
			return err
		}
		off += len(row)
	}
	return nil
}

// abandon removes the file that was not finished.
func (x *exporter) abandon() {
	if x != nil && x.file != nil {
		x.file.abandon()
	}
}

// finish completes the files. what says on standard error what was written.
func (x *exporter) finish() (what string, err error) {
	if x.talks != nil {
		err = errors.Join(x.err, x.pcap.Flush(), x.file.finish())
		return fmt.Sprintf("%s of plaintext %s in %s", text.Count(x.bytes, "byte"), are(uint64(x.bytes)), x.s.export.plaintext), err
	}
	if x.bytes == 0 && x.err == nil {
		what = fmt.Sprintf("nothing of connection #%d could be opened", x.s.export.follow)
		why := x.sealed
		if why == "" {
			why = "there is no secret for it; -k FILE gives a key log"
		}
		return what + ": " + why, nil
	}
	return "", x.err
}
