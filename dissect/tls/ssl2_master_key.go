package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Further message types of SSL 2.0.
const (
	SSL2Error           uint8 = 0
	SSL2ClientMasterKey uint8 = 2
)

// An SSL2MasterKey is the client's CLIENT-MASTER-KEY: the cipher it chose and
// the key, encrypted to the server's certificate but for ClearKey, which export
// ciphers send in the clear (SSL 2.0 specification, "CLIENT-MASTER-KEY").
type SSL2MasterKey struct {
	Cipher        SSL2CipherSpec
	ClearKey      []byte
	EncryptedKey  []byte
	KeyArg        []byte // the initialisation vector of block ciphers
	TrailingBytes int
}

// Decode reads the record behind its SSL2Header, the message type included.
func (m *SSL2MasterKey) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *SSL2MasterKey) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *SSL2MasterKey) decode(r *wire.Reader) {
	*m = SSL2MasterKey{}
	if r.Uint8("msg_type") != SSL2ClientMasterKey {
		r.Fail("msg_type", 1)
	}
	m.Cipher = SSL2CipherSpec(r.Uint24("cipher_kind"))
	clear := int(r.Uint16("clear_key_length"))
	encrypted := int(r.Uint16("encrypted_key_length"))
	arg := int(r.Uint16("key_arg_length"))
	m.ClearKey = r.Bytes(clear, "clear_key")
	m.EncryptedKey = r.Bytes(encrypted, "encrypted_key")
	m.KeyArg = r.Bytes(arg, "key_arg")
	m.TrailingBytes = r.Trailing()
}
