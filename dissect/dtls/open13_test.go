package dtls

import (
	"bytes"
	"os"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
)

const updates = "../../testdata/pcaps/dtls-13-keyupdate"

// datagrams13 reads a capture of DTLS 1.3 over Ethernet and IPv4, whose server has
// port 14433.
func datagrams13(t testing.TB) (all []sent) {
	t.Helper()
	f, err := capture.Open(updates + ".pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p capture.Packet
	for f.Next(&p) == nil {
		udp := p.Data[34:]
		side := flow.Client
		if udp[0] == 14433>>8 && udp[1] == 14433&0xff {
			side = flow.Server
		}
		all = append(all, sent{side: side, b: bytes.Clone(udp[8:])})
	}
	return all
}

// opened13 reads datagrams with the keys and returns the connection and what each
// side said.
func opened13(t testing.TB, ds []sent) (c *conn.Conn, said [2]string) {
	t.Helper()
	text, err := os.ReadFile(updates + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	log := keys.NewLog()
	log.Add(text, "keys")
	session := keys.NewProvider(log).NewSession()
	b := conn.NewBuilder(&conn.Conn{Number: 1, Carrier: "dtls", Transport: "udp"}, conn.Options{HandshakeSize: 1 << 16, Parse: pki.NewCache(1 << 20), Sessions: conn.NewSessions(),
		Plaintext: func(_ *conn.Conn, side flow.Side, p []byte, _ flow.Mark) { said[side] += string(p) }})
	b.Keys(session)
	st := NewStream(b, session, flow.NewBudget(1<<20), nil)
	for i, d := range ds {
		st.Datagram(d.side, d.b, d.missing, flow.Mark{Packet: uint64(i + 1)})
	}
	st.Close(conn.EndOfCapture, flow.Client, flow.Mark{Packet: uint64(len(ds) + 1)})
	b.Finish()
	return b.Conn(), said
}

// TestForged13 mixes records that nobody with keys made, of every epoch, and
// copies of real ones into a conversation: what is opened stays the same.
func TestForged13(t *testing.T) {
	real := datagrams13(t)
	whole, want := opened13(t, real)
	if whole.KeyExchange.FinishedOK != [2]conn.Tristate{conn.Yes, conn.Yes} || want[0] == "" || want[1] == "" || whole.Decryption.Status != "full" {
		t.Fatalf("%v, %q, %v", whole.KeyExchange.FinishedOK, want, whole.Decryption)
	}
	var mixed []sent
	for i, d := range real {
		mixed = append(mixed, d, d)
		for k := range 4 {
			forged := append([]byte{0x2c | byte(i+k)&3, byte(i), byte(k), 0, 40}, bytes.Repeat([]byte{byte(7 * i)}, 40)...)
			mixed = append(mixed, sent{side: flow.Side((i + k) & 1), b: forged})
		}
	}
	c, said := opened13(t, mixed)
	if c.KeyExchange.FinishedOK != whole.KeyExchange.FinishedOK || said != want {
		t.Errorf("%v, %q instead of %q\n%q\n%v", c.KeyExchange.FinishedOK, said, want, c.Notes, c.Gaps)
	}
	if c.Decryption.Status != "partial" {
		t.Errorf("%+v", c.Decryption)
	}
}
