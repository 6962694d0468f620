package dtls

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
)

// records reads the first flow of a capture of DTLS with a pre-shared key, over
// Ethernet and IPv4, and gives each record a datagram of its own.
func records(t testing.TB) (all []sent) {
	t.Helper()
	f, err := capture.Open("../../testdata/pcaps/dtls-psk.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p capture.Packet
	var client []byte
	for f.Next(&p) == nil {
		udp := p.Data[34:]
		if client == nil {
			client = bytes.Clone(udp[:2])
		}
		side := flow.Client
		if !bytes.Equal(udp[:2], client) {
			side = flow.Server
		}
		if side == flow.Server && !bytes.Equal(udp[2:4], client) {
			continue // of the second connection
		}
		for b := udp[8:]; len(b) >= headerLen; {
			n := headerLen + int(b[11])<<8 + int(b[12])
			all = append(all, sent{side: side, b: bytes.Clone(b[:n])})
			b = b[n:]
		}
	}
	return all
}

// opened reads datagrams with the key and returns the connection and what was
// said.
func opened(t testing.TB, ds []sent) (*conn.Conn, string) {
	t.Helper()
	p := keys.NewProvider(nil)
	p.AddPSK([]byte("sensor-7"), []byte{0x1a, 0x2b, 0x3c, 0x4d})
	session := p.NewSession()
	said := ""
	b := conn.NewBuilder(&conn.Conn{Number: 1, Carrier: "dtls", Transport: "udp"}, conn.Options{HandshakeSize: 1 << 16,
		Plaintext: func(_ *conn.Conn, _ flow.Side, p []byte, _ flow.Mark) { said += string(p) }})
	b.Keys(session)
	st := NewStream(b, session, flow.NewBudget(1<<20), nil)
	for i, d := range ds {
		st.Datagram(d.side, d.b, d.missing, flow.Mark{Packet: uint64(i + 1)})
	}
	st.Close(conn.EndOfCapture, flow.Client, flow.Mark{Packet: uint64(len(ds) + 1)})
	b.Finish()
	return b.Conn(), said
}

func TestOpen(t *testing.T) {
	plain := records(t)
	_, want := opened(t, plain)
	if want == "" {
		t.Fatal("nothing was opened")
	}
	ofType := func(ds []sent, side flow.Side, typ tls.ContentType, epoch byte) int {
		return slices.IndexFunc(ds, func(d sent) bool {
			return d.side == side && tls.ContentType(d.b[0]) == typ && d.b[4] == epoch
		})
	}
	for _, tc := range []struct {
		name  string
		alter func([]sent) []sent
		says  bool // as much is opened
		ok    [2]conn.Tristate
	}{
		{"as it was", func(ds []sent) []sent { return ds }, true, [2]conn.Tristate{conn.Yes, conn.Yes}},
		{"Finished overtakes ChangeCipherSpec", func(ds []sent) []sent {
			for side := flow.Client; side <= flow.Server; side++ {
				i, k := ofType(ds, side, tls.ContentChangeCipherSpec, 0), ofType(ds, side, tls.ContentHandshake, 1)
				ds[i], ds[k] = ds[k], ds[i]
			}
			return ds
		}, true, [2]conn.Tristate{conn.Yes, conn.Yes}},
		{"Finished overtakes ClientKeyExchange", func(ds []sent) []sent {
			k := ofType(ds, flow.Client, tls.ContentHandshake, 1)
			i := k - 1
			for tls.ContentType(ds[i].b[0]) != tls.ContentHandshake {
				i--
			}
			fin := ds[k]
			return slices.Insert(slices.Delete(ds, k, k+1), i, fin)
		}, true, [2]conn.Tristate{conn.Yes, conn.Yes}},
		{"without ChangeCipherSpec", func(ds []sent) []sent {
			return slices.DeleteFunc(ds, func(d sent) bool { return tls.ContentType(d.b[0]) == tls.ContentChangeCipherSpec })
		}, true, [2]conn.Tristate{conn.Yes, conn.Yes}},
		{"forged epoch", func(ds []sent) []sent {
			k := ofType(ds, flow.Client, tls.ContentApplicationData, 1)
			x := bytes.Clone(ds[k].b)
			x[4] = 9
			return slices.Insert(ds, k, sent{side: flow.Client, b: x})
		}, true, [2]conn.Tristate{conn.Yes, conn.Yes}},
		{"client's Finished altered", func(ds []sent) []sent {
			k := ofType(ds, flow.Client, tls.ContentHandshake, 1)
			ds[k].b[len(ds[k].b)-1] ^= 1
			return ds
		}, true, [2]conn.Tristate{conn.Unknown, conn.Unknown}},
		{"no ServerHello", func(ds []sent) []sent {
			return slices.DeleteFunc(ds, func(d sent) bool {
				return tls.ContentType(d.b[0]) == tls.ContentHandshake && d.b[4] == 0 && tls.HandshakeType(d.b[headerLen]) == tls.TypeServerHello
			})
		}, false, [2]conn.Tristate{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, said := opened(t, tc.alter(records(t)))
			if (said == want) != tc.says {
				t.Errorf("said %q", said)
			}
			if got := c.KeyExchange.FinishedOK; tc.name != "client's Finished altered" && got != tc.ok || got[0] == conn.Yes && tc.ok[0] != conn.Yes {
				t.Errorf("Finished %v, want %v", got, tc.ok)
			}
		})
	}
}

// FuzzOpen changes a byte of a record: nothing else than what was said is ever
// taken for plaintext.
func FuzzOpen(f *testing.F) {
	ds := records(f)
	_, want := opened(f, ds)
	f.Add(uint(3), uint(20), byte(1), uint(0))
	f.Add(uint(len(ds)-1), uint(4), byte(2), uint(3))
	f.Fuzz(func(t *testing.T, i, off uint, flip byte, cut uint) {
		ds := records(t)
		d := &ds[i%uint(len(ds))]
		d.b[off%uint(len(d.b))] ^= flip
		n := int(cut % uint(len(d.b)))
		d.b, d.missing = d.b[:len(d.b)-n], n
		epoch0 := d.b[min(4, len(d.b)-1)] == 0
		if _, said := opened(t, ds); !epoch0 && len(said) > len(want) {
			t.Errorf("said %q", said)
		}
	})
}
