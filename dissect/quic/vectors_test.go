package quic

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// vector is what RFC 9001 and RFC 9369 give in their Appendix A.
type vector struct {
	name    string
	version uint32
	iv      [2]string
	server  string // a server's Initial packet
	retry   string
	secret  string // of a 1-RTT packet with ChaCha20
	short   string
	updated string
}

var vectors = []vector{
	{
		name: "RFC 9001", version: version1,
		iv: [2]string{"fa044b2f42a3fd3b46fb255c", "0ac1493ca1905853b0bba03e"},
		server: `cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcb
			a3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee`,
		retry:   "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
		secret:  "9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b",
		short:   "4cfe4189655e5cd55c41f69080575d7999c25a5bfb",
		updated: "1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9",
	},
	{
		name: "RFC 9369", version: version2,
		iv: [2]string{"91f73e2351d8fa91660e909f", "dd13c276499c0249d3310652"},
		server: `dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17f9af
			6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140`,
		retry:  "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
		secret: "9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b",
		short:  "5558b1c60ae7b6b932bc27d786f4bc2bb20f2162ba",
	},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			k := deriveInitial(v.version, paramsFor(v.version)[0], firstDCID)
			for side := flow.Client; side <= flow.Server; side++ {
				if got, want := k.side(side).iv[:], unhex(t, v.iv[side]); !bytes.Equal(got, want) {
					t.Errorf("iv of the %s is %x, not %x", side, got, want)
				}
			}
			b := unhex(t, v.server)
			var h header
			if why := h.parse(b); why != "" || h.kind != conn.QUICInitial || h.size != len(b) {
				t.Fatalf("header %+v: %s", h, why)
			}
			o, ok := k.try(flow.Server, &h, b, 0)
			if !ok || o.number != 1 || !bytes.HasPrefix(o.payload, unhex(t, "02000000000600405a020000560303eefce7f7b37ba1d163")) {
				t.Errorf("opened %v, number %d: %x", ok, o.number, o.payload)
			}
			if got := retryTag(v.version, firstDCID, unhex(t, v.retry)); got != conn.Yes {
				t.Errorf("the tag of Retry: %d", got)
			}
			if got := retryTag(v.version, serverID, unhex(t, v.retry)); got != conn.No {
				t.Errorf("the tag of Retry for another connection id: %d", got)
			}
			p := newProtection(unhex(t, v.secret), suiteChaCha20, paramsFor(v.version)[0].labels)
			var x bare
			if !p.unmask(&x, unhex(t, v.short), 1, 654360564) || x.number != 654360564 {
				t.Errorf("packet number %d", x.number)
			}
			if got, ok := p.open(nil, &x); !ok || !bytes.Equal(got, []byte{framePing}) {
				t.Errorf("1-RTT payload %x, %v", got, ok)
			}
			if v.updated != "" {
				got := expandLabel(sha256.New, unhex(t, v.secret), "quic ku", 32)
				if d := cmp.Diff(unhex(t, v.updated), got); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestFullNumber(t *testing.T) {
	for _, c := range []struct {
		name   string
		short  uint64
		bits   int
		expect uint64
		want   uint64
	}{
		{"RFC 9000, Appendix A.3", 0x9b32, 16, 0xa82f30eb, 0xa82f9b32},
		{"first", 0, 8, 0, 0},
		{"ahead of a wrap", 0x01, 8, 0xff, 0x101},
		{"behind a wrap", 0xff, 8, 0x101, 0xff},
		{"not below 0", 0xff, 8, 0x01, 0xff},
	} {
		if got := fullNumber(c.short, c.bits, c.expect); got != c.want {
			t.Errorf("%s: %#x, not %#x", c.name, got, c.want)
		}
	}
}
