package tls

import "github.com/tlslens/tlslens/dissect/wire"

// SCTs is the signed_certificate_timestamp extension (RFC 6962, Section 3.3.1),
// and the same list inside a certificate or an OCSP response. A client sends it
// empty.
type SCTs struct {
	Empty         bool
	List          Vectors16 // of what [SCT] decodes
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SCTs) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SCTs) decode(r *wire.Reader) {
	*e = SCTs{Empty: r.Len() == 0}
	if e.Empty {
		return
	}
	s := r.Sub16("sct_list")
	e.List = s.Peek()
	for i := 0; s.Len() > 0 && !s.Failed(); i++ {
		s.Item(i)
		v := s.Sub16("")
		if s.Traced() && !s.Failed() {
			var sct SCT
			sct.decode(&v)
		}
	}
	end(r, &s)
	e.TrailingBytes = r.Trailing()
}

// An SCT is a promise of a log to publish a certificate (RFC 6962, Section
// 3.2).
type SCT struct {
	Version       uint8  // 0 is version 1
	LogID         []byte // SHA-256 of the log's public key
	Timestamp     uint64 // milliseconds since 1970 in UTC, without leap seconds
	Extensions    []byte
	Scheme        SignatureScheme // hash and signature algorithm as in TLS 1.2
	Signature     []byte
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SCT) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SCT) decode(r *wire.Reader) {
	*e = SCT{}
	e.Version = r.Uint8("version")
	e.LogID = r.Bytes(32, "log_id")
	e.Timestamp = r.Uint64("timestamp")
	e.Extensions = r.Vec16("extensions")
	e.Scheme = SignatureScheme(r.Uint16("algorithm"))
	e.Signature = r.Vec16("signature")
	e.TrailingBytes = r.Trailing()
}

// TransparencyInfo is the transparency_info extension (RFC 9162, Section 6.5).
type TransparencyInfo struct {
	Empty         bool // as in a ClientHello
	Items         Vectors16
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *TransparencyInfo) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *TransparencyInfo) decode(r *wire.Reader) {
	*e = TransparencyInfo{Empty: r.Len() == 0}
	if e.Empty {
		return
	}
	s := r.Sub16("trans_item_list")
	e.Items = vectors(r, &s, 2)
	e.TrailingBytes = r.Trailing()
}
