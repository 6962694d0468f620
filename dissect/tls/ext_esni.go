package tls

import "github.com/tlslens/tlslens/dissect/wire"

// ESNIClient is the encrypted_server_name extension of a ClientHello, the
// forerunner of ECH (draft-ietf-tls-esni-02, Section 5).
type ESNIClient struct {
	Suite         CipherSuite
	Share         KeyShare
	RecordDigest  []byte
	EncryptedSNI  []byte
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *ESNIClient) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *ESNIClient) decode(r *wire.Reader) {
	*e = ESNIClient{}
	e.Suite = CipherSuite(r.Uint16("suite"))
	e.Share = keyShare(r)
	e.RecordDigest = r.Vec16("record_digest")
	e.EncryptedSNI = r.Vec16("encrypted_sni")
	e.TrailingBytes = r.Trailing()
}
