package tls

import (
	"iter"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A RecordNumber names a record of DTLS 1.3 (RFC 9147, Section 4).
type RecordNumber struct {
	Epoch, Sequence uint64
}

// An ACK is the content of a record that acknowledges others (RFC 9147, Section
// 7).
type ACK struct {
	numbers       []byte // 16 each
	TrailingBytes int
}

const recordNumberLen = 16

// Len returns how many records are acknowledged. An ACK without any says that
// something of a flight came, but nothing that could be used.
func (m *ACK) Len() int { return len(m.numbers) / recordNumberLen }

// All iterates over the records.
func (m *ACK) All() iter.Seq[RecordNumber] {
	return func(yield func(RecordNumber) bool) {
		for r := wire.NewReader(m.numbers); r.Len() >= recordNumberLen; {
			if !yield(RecordNumber{r.Uint64("epoch"), r.Uint64("sequence_number")}) {
				return
			}
		}
	}
}

// Decode reads the content of an ACK record.
func (m *ACK) Decode(body []byte) error {
	r := wire.NewReader(body)
	m.decode(&r)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ACK) DecodeTraced(body []byte, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r)
	return r.Err()
}

func (m *ACK) decode(r *wire.Reader) {
	*m = ACK{}
	m.numbers = r.Vec16("record_numbers")
	m.TrailingBytes = r.Trailing()
}
