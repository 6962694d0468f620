package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// An ECHConfig's numbers for HPKE (RFC 9180, Section 7).
type (
	// HPKEKDF is a code point of the IANA registry "HPKE KDF Identifiers".
	HPKEKDF uint16
	// HPKEAEAD is a code point of the IANA registry "HPKE AEAD Identifiers".
	HPKEAEAD uint16
)

// ECHClient is the encrypted_client_hello extension of a ClientHello (RFC 9849,
// Section 5). One that was made up to grease looks like a real one.
type ECHClient struct {
	Inner         bool // of a ClientHelloInner; the other fields are then empty
	KDF           HPKEKDF
	AEAD          HPKEAEAD
	ConfigID      uint8
	Enc           []byte // encapsulated key; empty after a HelloRetryRequest
	Payload       []byte // the sealed ClientHelloInner
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ECHClient) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ECHClient) decode(r *wire.Reader) {
	*e = ECHClient{}
	switch r.Uint8("type") {
	case 0:
		e.KDF = HPKEKDF(r.Uint16("kdf_id"))
		e.AEAD = HPKEAEAD(r.Uint16("aead_id"))
		e.ConfigID = r.Uint8("config_id")
		e.Enc = r.Vec16("enc")
		e.Payload = r.Vec16("payload")
	case 1:
		e.Inner = !r.Failed()
	default:
		r.Fail("type", 1)
	}
	e.TrailingBytes = r.Trailing()
}

// ECHRetryConfigs is the encrypted_client_hello extension of
// EncryptedExtensions (RFC 9849, Section 5): what the client should have used.
type ECHRetryConfigs struct {
	Configs       []byte // undecoded list of ECHConfig; see All
	TrailingBytes int
}

// An ECHConfig is one entry of ECHRetryConfigs (RFC 9849, Section 4).
type ECHConfig struct {
	Version  uint16 // 0xfe0d
	Contents []byte
}

// Decode reads the extension's data.
func (e *ECHRetryConfigs) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ECHRetryConfigs) decode(r *wire.Reader) {
	*e = ECHRetryConfigs{}
	s := r.Sub16("retry_configs")
	e.Configs = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		echConfig(&s)
	}
	end(r, &s)
	e.TrailingBytes = r.Trailing()
}

func echConfig(r *wire.Reader) ECHConfig {
	v := r.Uint16("version")
	return ECHConfig{Version: v, Contents: r.Vec16("contents")}
}

// All iterates over the configurations in the server's order.
func (e *ECHRetryConfigs) All() iter.Seq[ECHConfig] {
	return func(yield func(ECHConfig) bool) {
		r := wire.NewReader(e.Configs)
		for r.Len() > 0 {
			c := echConfig(&r)
			if r.Failed() || !yield(c) {
				return
			}
		}
	}
}

// ECHConfirmation is the encrypted_client_hello extension of a
// HelloRetryRequest (RFC 9849, Section 5).
type ECHConfirmation struct {
	Confirmation  []byte // 8 bytes that say, to who has the key, that ECH was accepted
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ECHConfirmation) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ECHConfirmation) decode(r *wire.Reader) {
	*e = ECHConfirmation{}
	e.Confirmation = r.Bytes(8, "confirmation")
	e.TrailingBytes = r.Trailing()
}

// ECHOuterExtensions is the ech_outer_extensions extension of a
// ClientHelloInner (RFC 9849, Section 5.1).
type ECHOuterExtensions struct {
	Types         List16[ExtensionType] // left out; to be taken from the outer one
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ECHOuterExtensions) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ECHOuterExtensions) decode(r *wire.Reader) {
	*e = ECHOuterExtensions{}
	e.Types = codes8(r, 2, "outer_extensions")
	e.TrailingBytes = r.Trailing()
}
