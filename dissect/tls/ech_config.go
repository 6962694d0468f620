package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ECHVersion is the version of the ECHConfigs of RFC 9849.
const ECHVersion uint16 = 0xfe0d

// ECHConfigContents is what an ECHConfig of version 0xfe0d says (RFC 9849,
// Section 4): the key that inner hellos are sealed to, and the name that the
// outer ones show.
type ECHConfigContents struct {
	ConfigID      uint8
	KEM           uint16 // of the IANA registry "HPKE KEM Identifiers"
	PublicKey     []byte
	CipherSuites  []byte // pairs of KDF and AEAD
	MaxNameLength uint8
	PublicName    []byte
	Extensions    []byte
	TrailingBytes int
}

// Decode reads the contents of an ECHConfig.
func (c *ECHConfigContents) Decode(contents []byte) error {
	r := wire.NewReader(contents)
	c.decode(&r)
	return r.Err()
}

// DecodeConfig reads an ECHConfig, version and length included. One of another
// version is an error.
func (c *ECHConfigContents) DecodeConfig(config []byte) error {
	r := wire.NewReader(config)
	x := echConfig(&r)
	if err := r.Err(); err != nil {
		return err
	}
	if x.Version != ECHVersion {
		r.Fail("version", 2)
		return r.Err()
	}
	return c.Decode(x.Contents)
}

func (c *ECHConfigContents) decode(r *wire.Reader) {
	*c = ECHConfigContents{}
	c.ConfigID = r.Uint8("config_id")
	c.KEM = r.Uint16("kem_id")
	c.PublicKey = r.Vec16("public_key")
	c.CipherSuites = r.Vec16("cipher_suites")
	c.MaxNameLength = r.Uint8("maximum_name_length")
	c.PublicName = r.Vec8("public_name")
	c.Extensions = r.Vec16("extensions")
	c.TrailingBytes = r.Trailing()
}

// SplitECHConfigs cuts a list of ECHConfigs, with the length in front or
// without it, and returns each whole, version and length included. What cannot
// be read ends the list.
func SplitECHConfigs(b []byte) (list [][]byte) {
	const most = 64
	r := wire.NewReader(b)
	if n := r.Uint16("length"); int(n) != r.Len() {
		r = wire.NewReader(b)
	}
	for r.Len() > 0 && len(list) < most {
		whole := r.Peek()
		x := echConfig(&r)
		if r.Failed() {
			break
		}
		list = append(list, whole[:4+len(x.Contents)])
	}
	return list
}
