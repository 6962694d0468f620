package tls

import (
	"bytes"
	"testing"
)

// masterKey is a CLIENT-MASTER-KEY for an export cipher: 11 bytes of the key in
// the clear.
var masterKey = append([]byte{2, 2, 0, 0x80, 0, 11, 0, 4, 0, 2}, []byte("clear bytesdarkIV")...)

func TestSSL2MasterKey(t *testing.T) {
	var m SSL2MasterKey
	if err := m.Decode(masterKey); err != nil {
		t.Fatal(err)
	}
	equal(t, "message", SSL2MasterKey{Cipher: 0x020080, ClearKey: []byte("clear bytes"), EncryptedKey: []byte("dark"), KeyArg: []byte("IV")}, m)
	if err := m.Decode(append(bytes.Clone(masterKey), 9)); err != nil || m.TrailingBytes != 1 {
		t.Errorf("one byte more: error %v, %d trailing bytes", err, m.TrailingBytes)
	}
	for n := range len(masterKey) {
		if err := m.Decode(masterKey[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken for all of it", n, len(masterKey))
		}
	}
	wrong := bytes.Clone(masterKey)
	wrong[0] = SSL2ServerHello
	if m.Decode(wrong) == nil {
		t.Error("another message type is taken for it")
	}
	if n := testing.AllocsPerRun(100, func() { _ = m.Decode(masterKey) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func FuzzSSL2MasterKey(f *testing.F) {
	f.Add(masterKey)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m SSL2MasterKey
		if m.Decode(b) == nil && 10+len(m.ClearKey)+len(m.EncryptedKey)+len(m.KeyArg)+m.TrailingBytes != len(b) {
			t.Errorf("the parts of % x do not make up the whole: %+v", b, m)
		}
	})
}
