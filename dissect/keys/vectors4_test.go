package keys

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// The resumed ClientHello of RFC 8448, Section 4, with its binder.
const vectorResumedHello = `010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95
	000006130113031302010001cd0000000b0009000006736572766572ff01000100000a00140012
	001d00170018001901000101010201030104003300260024001d0020e4ffb68ac05f8d96c99d
	a26698346c6be16482badddafe051a66b4f18d668f0b002a0000002b0003020304000d0020001e
	040305030603020308040805080604010501060102010402050206020202002d00020101001c00
	024001001500570000000000000000000000000000000000000000000000000000000000000000
	0000000000000000000000000000000000000000000000000000000000000000000000000000
	0000000000000000000000000000000000002900dd00b800b22c035d829359ee5ff7af4ec90000
	0000262a6494dc486d2c8a34cb33fa90bf1b0070ad3c498883c9367c09a2be785abc55cd226097
	a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827db279cce145077d454a3664d
	4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228bda4
	0dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e9
	3343694093934ae4d357fad6aacb
	0021203add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d`

// TestEarly8448 follows RFC 8448, Section 4 from the resumption secret to the
// early traffic secret, and lets a Session find it with the pre-shared key.
func TestEarly8448(t *testing.T) {
	s := newSchedule13(tls.VersionTLS13, sha256.New)
	psk := s.expand(unhex(t, "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c"), "resumption", []byte{0, 0}, 32)
	if hex.EncodeToString(psk) != "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3" {
		t.Errorf("psk %x", []byte(psk))
	}
	p := s.fromPSK(psk)
	if hex.EncodeToString(p.early) != "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c" {
		t.Errorf("early secret %x", []byte(p.early))
	}
	hello := unhex(t, vectorResumedHello)
	const want = "3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62"
	early := s.derive(p.early, "c e traffic", s.sum(hello))
	if hex.EncodeToString(early) != want {
		t.Errorf("early traffic secret %x", []byte(early))
	}
	for _, from := range []string{"psk", "log"} {
		pr := NewProvider(nil)
		if from == "psk" {
			pr.AddPSK(nil, psk)
		} else {
			pr.Log().Add([]byte("CLIENT_EARLY_TRAFFIC_SECRET 1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95 "+want), "log")
		}
		ses := pr.NewSession()
		ses.Message(flow.Client, hello)
		if !ses.Ready(flow.Client) || ses.Ready(flow.Server) {
			t.Fatalf("%s: not ready", from)
		}
		// Early data of our own, before anybody said which suite it has.
		for i, code := range []tls.CipherSuite{0x1301, 0x1303} {
			info, _ := code.Info()
			a := newAEAD13(tls.VersionTLS13, s, info, early).(*aead13)
			aad := []byte{23, 3, 3, 0, 9 + 16}
			body := a.aead.Seal(nil, a.iv[:], append([]byte("GET /"), 23, 0, 0, 0), aad)
			ses := pr.NewSession()
			ses.Message(flow.Client, hello)
			o, err := ses.Open(flow.Client, tls.RecordHeader{Type: tls.ContentApplicationData, Version: tls.VersionTLS12}, body)
			if err != nil || string(o.Plain) != "GET /" || o.Level != LevelEarly || o.Padding != 3 || o.Type != tls.ContentApplicationData {
				t.Errorf("%s, suite %d: %+v, %v", from, i, o, err)
			}
		}
	}
}
