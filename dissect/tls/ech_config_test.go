package tls

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// An ECHConfig that boringssl's and Go's peers of the captures take.
const echConfigHex = "fe0d00420700200020dfb75715c2ceed0dd411f10276aabbccddeeff00112233445566778899aabbcc0004000100012013" +
	"7075626c69632e6578616d706c652e746573740000"

func TestECHConfig(t *testing.T) {
	b, err := hex.DecodeString(echConfigHex)
	if err != nil {
		t.Fatal(err)
	}
	b[3] = byte(len(b) - 4)
	var c ECHConfigContents
	if err := c.DecodeConfig(b); err != nil || string(c.PublicName) != "public.example.test" || c.ConfigID != 7 || c.KEM != 0x20 ||
		len(c.PublicKey) != 32 || len(c.CipherSuites) != 4 || c.MaxNameLength != 32 || c.TrailingBytes != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	for n := range b {
		if c.DecodeConfig(b[:n]) == nil {
			t.Errorf("%d bytes: no error", n)
		}
	}
	other := bytes.Clone(b)
	other[1] = 0x0a
	if c.DecodeConfig(other) == nil {
		t.Error("another version is taken")
	}
	list := append([]byte{0, byte(2 * len(b))}, append(bytes.Clone(b), b...)...)
	for _, tt := range []struct {
		name string
		b    []byte
		want int
	}{{"one", b, 1}, {"list", list, 2}, {"cut list", list[:len(list)-1], 1}, {"nothing", nil, 0}, {"a byte", []byte{0}, 0}} {
		if tt.name == "cut list" {
			tt.b = append([]byte{0, byte(2*len(b) - 1)}, tt.b[2:]...)
		}
		if got := SplitECHConfigs(tt.b); len(got) != tt.want {
			t.Errorf("%s: %d configurations, want %d", tt.name, len(got), tt.want)
		}
	}
}
