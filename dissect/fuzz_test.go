package dissect_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/report"
	"github.com/tlslens/tlslens/report/text"
)

const pcaps = "../testdata/pcaps"

// fuzzSeeds are small captures of every carrier and version.
var fuzzSeeds = []string{
	"alert-no-shared-group.pcapng", "client-cert-13.pcapng", "cut-packets.pcapng", "dsb.pcapng", "dtls-10.pcapng", "dtls-13.pcapng",
	"dtls-client-cert.pcapng", "dtls-psk.pcapng", "dtls12.pcapng", "http-on-tls-port.pcapng", "mid-stream.pcapng", "missing-packet.pcapng",
	"pcap-big-endian.pcap", "proxy-protocol.pcapng", "sll2.pcapng", "ssl30.pcapng", "starttls-imap.pcapng", "starttls-ldap.pcapng",
	"starttls-mysql.pcapng", "starttls-postgres-refused.pcapng", "starttls-smtp-refused.pcapng", "starttls-socks5.pcapng",
	"starttls-xmpp.pcapng", "tls10-rsa.pcapng", "tls12-cbc-etm.pcapng", "tls12-ecdhe-rsa.pcapng", "tls12-null.pcapng",
	"tls12-ocsp-staple.pcapng", "tls12-psk.pcapng", "tls12-session-id.pcapng", "tls12-ticket.pcapng", "tls13-certcomp.pcapng",
	"tls13-early-data.pcapng", "tls13-ech.pcapng", "tls13-hrr.pcapng", "tls13-keyupdate.pcapng", "tls13-openssl.pcapng",
	"vxlan-fragments.pcapng", "quic-h3-chromium.pcapng", "quic-h3-ngtcp2.pcapng",
	"quic-retry.pcapng", "quic-version-negotiation.pcapng",
}

// FuzzEvents runs a capture file, whose packets are changed by edits, through
// everything up to the reports, without keys and with them. It ends soon, what
// is reported is counted right, every line of JSON is JSON and no line of a
// table is too wide.
func FuzzEvents(f *testing.F) {
	var log []byte
	for _, name := range fuzzSeeds {
		b, err := os.ReadFile(filepath.Join(pcaps, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, []byte{})
		f.Add(b, []byte("1234567890abcdefghijklmnopqrstuvwxyz"))
		f.Add(b, []byte{3, 0, 0, 0, 4, 1, 0, 0, 5, 2, 0, 0, 6, 3, 0, 70})
		b, err = os.ReadFile(filepath.Join(pcaps, strings.TrimSuffix(name, filepath.Ext(name))+".keys"))
		if err == nil {
			log = append(log, b...)
		}
	}
	roots, err := pki.LoadPEM(filepath.Join(pcaps, "pki", "root.pem"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file, edits []byte) {
		began := time.Now()
		without := runFuzzed(t, file, edits, dissect.Options{Roots: roots})
		known := keys.NewLog()
		known.Add(log, "the test")
		with := runFuzzed(t, file, edits, dissect.Options{Roots: roots, Keys: keys.NewProvider(known), Phases: true})
		if without != with {
			t.Errorf("%d connections without keys, %d with them", without, with)
		}
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("%d bytes took %v", len(file), d)
		}
	})
}

// runFuzzed reports a capture as tables and as JSON lines, and returns how many
// connections there were.
func runFuzzed(t *testing.T, file, edits []byte, opt dissect.Options) (closed int) {
	const width = 100
	src, err := capture.NewReader(bytes.NewReader(file), "fuzzed")
	if err != nil {
		return 0
	}
	defer src.Close()
	var st dissect.Stats
	opt.Stats, opt.Workers, opt.Detail = &st, 1, conn.Fields
	opt.Limits = flow.Limits{Flows: 16, PendingBytes: 16 << 10, TotalBytes: 128 << 10, Idle: time.Minute, HandshakeSize: 32 << 10}
	var table, lines bytes.Buffer
	writers := []report.Writer{writerOf(t, "table", &table, report.Style{Width: width, Verbose: 2}), writerOf(t, "jsonl", &lines, report.Style{})}
	for e, err := range dissect.Events(t.Context(), &edited{File: src, edits: edits, most: 200}, opt) {
		if err != nil {
			break // a file that is no more than damaged; what came before counts
		}
		if c, ok := e.(dissect.Closed); ok {
			closed++
			if c.Conn.Number != uint64(closed) {
				t.Errorf("connection %d comes as number %d", c.Conn.Number, closed)
			}
		}
		write(t, writers, func(w report.Writer) error { return w.Write(e) })
	}
	write(t, writers, func(w report.Writer) error { return w.Close(&st) })
	checkStats(t, &st, closed)
	for l := range strings.Lines(table.String()) {
		if n := text.Width(strings.TrimRight(l, "\n")); n > width {
			t.Errorf("%d columns: %q", n, l)
		}
	}
	for l := range bytes.Lines(lines.Bytes()) {
		if !json.Valid(l) {
			t.Errorf("no JSON: %q", l)
		}
	}
	if n := bytes.Count(lines.Bytes(), []byte(`"type":"connection"`)); n != closed {
		t.Errorf("%d connections in JSON, %d were reported", n, closed)
	}
	return closed
}

// checkStats holds that the counts fit together.
func checkStats(t *testing.T, st *dissect.Stats, closed int) {
	outcomes := uint64(0)
	for _, o := range st.Outcomes {
		outcomes += o.Count
	}
	if st.Connections != uint64(closed) || outcomes != uint64(closed) {
		t.Errorf("%d connections are counted, %d outcomes, %d were reported", st.Connections, outcomes, closed)
	}
	if st.TCP+st.UDP > st.Packets {
		t.Errorf("%d of TCP and %d of UDP in %d packets", st.TCP, st.UDP, st.Packets)
	}
}

func writerOf(t *testing.T, format string, w io.Writer, s report.Style) report.Writer {
	f, ok := report.Find(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	return f.New(w, s)
}

func write(t *testing.T, ws []report.Writer, f func(report.Writer) error) {
	for _, w := range ws {
		if err := f(w); err != nil {
			t.Fatal(err)
		}
	}
}

// An edited capture has its packets changed. An edit is four bytes: which packet,
// what is done, and two for where.
type edited struct {
	*capture.File
	edits []byte
	most  int // packets
	count int
	last  capture.Packet // the packet before, if it comes again
	again int
}

func (e *edited) Next(p *capture.Packet) error {
	if e.again > 0 {
		e.again--
		*p = e.last
		p.Data = bytes.Clone(p.Data)
		return nil
	}
	if e.count++; e.count > e.most {
		return io.EOF
	}
	if err := e.File.Next(p); err != nil {
		return err
	}
	data := bytes.Clone(p.Data)
	for b := e.edits; len(b) >= 4; b = b[4:] {
		if at := int(b[2])<<8 | int(b[3]); int(b[0])%64 == e.count && len(data) > 0 {
			data = e.edit(b[1], data, at%len(data), p)
		}
	}
	p.Data = data
	if e.again > 0 {
		e.last = *p
	}
	return nil
}

// edit changes a packet at a place.
func (e *edited) edit(what byte, data []byte, at int, p *capture.Packet) []byte {
	switch what % 8 {
	case 0: // it comes twice
		e.again = 1
	case 1: // cut as by a snapshot length
		data = data[:at]
	case 2: // later
		p.Time = p.Time.Add(time.Duration(at) * time.Second)
	case 3: // the other way
		for i := 0; i < len(data) && len(data) >= 42; i++ {
			if i < 6 {
				data[i], data[i+6] = data[i+6], data[i]
			} else if i >= 26 && i < 30 {
				data[i], data[i+4] = data[i+4], data[i]
			} else if i >= 34 && i < 36 {
				data[i], data[i+2] = data[i+2], data[i]
			}
		}
	case 4: // a stretch of it again
		copy(data[at:], bytes.Clone(data[:at]))
	default:
		data[at] ^= what
	}
	return data
}
