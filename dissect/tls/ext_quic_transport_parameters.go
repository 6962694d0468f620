package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// QUICTransportParameters is the quic_transport_parameters extension (RFC 9001,
// Section 8.2), undecoded: what the parameters mean is the transport's affair.
type QUICTransportParameters struct {
	Parameters []byte // undecoded list; see All
}

// Decode reads the extension's data.
func (e *QUICTransportParameters) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *QUICTransportParameters) decode(r *wire.Reader) {
	*e = QUICTransportParameters{Parameters: r.Peek()}
	for i := 0; r.Len() > 0 && !r.Failed(); i++ {
		r.Item(i)
		quicParameter(r)
	}
	r.Whole()
	r.Trailing()
}

// All iterates over the parameters: their number and their value (RFC 9000,
// Section 18).
func (e *QUICTransportParameters) All() iter.Seq2[uint64, []byte] {
	return func(yield func(id uint64, value []byte) bool) {
		r := wire.NewReader(e.Parameters)
		for r.Len() > 0 {
			id, value := quicParameter(&r)
			if r.Failed() || !yield(id, value) {
				return
			}
		}
	}
}

func quicParameter(r *wire.Reader) (id uint64, value []byte) {
	id = r.Varint("id")
	n := r.Varint("value.length")
	if n > uint64(r.Len()) {
		r.Fail("value", int(min(n, 1<<30)))
		return id, nil
	}
	return id, r.Bytes(int(n), "value")
}

// quicParametersFit reports whether b is a list of parameters as RFC 9000 has
// them.
func quicParametersFit(b []byte) bool {
	r := wire.NewReader(b)
	for r.Len() > 0 && !r.Failed() {
		quicParameter(&r)
	}
	return !r.Failed()
}
