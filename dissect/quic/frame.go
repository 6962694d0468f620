package quic

import "github.com/tlslens/tlslens/dissect/wire"

// Frame types that are looked into (RFC 9000, Section 19).
const (
	framePadding  = 0x00
	framePing     = 0x01
	frameAck      = 0x02
	frameAckECN   = 0x03
	frameCrypto   = 0x06
	frameNewToken = 0x07
	frameStream   = 0x08 // to 0x0f
	frameNewID    = 0x18
	frameClose    = 0x1c
	frameCloseApp = 0x1d
	frameDone     = 0x1e
	frameDatagram = 0x30 // and 0x31 (RFC 9221)
)

// frame is one frame of an opened packet. It aliases the payload.
type frame struct {
	typ    uint64
	offset uint64 // CRYPTO, STREAM
	stream uint64 // STREAM
	data   []byte // CRYPTO, STREAM, DATAGRAM; reason of CONNECTION_CLOSE; id of NEW_CONNECTION_ID
	code   uint64 // CONNECTION_CLOSE
	cause  uint64 // CONNECTION_CLOSE: type of the frame that led to it
	short  int    // bytes of data that the payload does not hold

	unknown bool // the type is an extension's, so what follows cannot be read
}

// next reads the frame at the front of r. It returns false at the end and at
// the first frame that cannot be read; then r has an error. Padding is passed
// over. The data of a CRYPTO frame that ends early is kept.
func (f *frame) next(r *wire.Reader) bool {
	if r.Failed() {
		return false
	}
	b := r.Peek()
	n := 0
	for n < len(b) && b[n] == framePadding {
		n++
	}
	r.Bytes(n, "PADDING")
	if r.Len() == 0 {
		return false
	}
	*f = frame{typ: r.Varint("type")}
	switch t := f.typ; {
	case t == framePing, t == frameDone, t == 0x1f: // IMMEDIATE_ACK has no fields either
	case t == frameAck, t == frameAckECN:
		ack(r, t == frameAckECN)
	case t == frameCrypto:
		f.offset = r.Varint("CRYPTO.offset")
		f.data, f.short = data(r, "CRYPTO.data")
	case t >= frameStream && t <= 0x0f:
		f.readStream(r)
	case t == frameNewToken:
		f.data, _ = data(r, "NEW_TOKEN.token")
	case t == frameNewID:
		r.Varint("NEW_CONNECTION_ID.sequence_number")
		r.Varint("NEW_CONNECTION_ID.retire_prior_to")
		f.data = r.Vec8("NEW_CONNECTION_ID.connection_id")
		r.Bytes(16, "NEW_CONNECTION_ID.stateless_reset_token")
	case t == frameClose, t == frameCloseApp:
		f.code = r.Varint("CONNECTION_CLOSE.error_code")
		if t == frameClose {
			f.cause = r.Varint("CONNECTION_CLOSE.frame_type")
		}
		f.data, _ = data(r, "CONNECTION_CLOSE.reason_phrase")
	case t == frameDatagram:
		f.data = r.Rest("DATAGRAM.data")
	case t == frameDatagram|1:
		f.data, _ = data(r, "DATAGRAM.data")
	default:
		f.readFixed(r)
	}
	return !r.Failed() || f.short > 0
}

// data reads a length and as many bytes of what it counts as there are. Short
// is how many there should be more.
func data(r *wire.Reader, field string) (b []byte, short int) {
	n := r.Varint(field)
	if n > uint64(r.Len()) {
		b = r.Peek()
		n = min(n, 1<<30)
		r.Fail(field, int(n))
		return b, int(n) - len(b)
	}
	return r.Bytes(int(n), field), 0
}

// ack passes over the fields of an ACK frame (RFC 9000, Section 19.3).
func ack(r *wire.Reader, ecn bool) {
	r.Varint("ACK.largest_acknowledged")
	r.Varint("ACK.delay")
	n := r.Varint("ACK.range_count")
	r.Varint("ACK.first_range")
	for i := uint64(0); i < n && !r.Failed(); i++ {
		r.Varint("ACK.gap")
		r.Varint("ACK.range")
	}
	if ecn {
		for range 3 {
			r.Varint("ACK.ecn_count")
		}
	}
}

func (f *frame) readStream(r *wire.Reader) {
	f.stream = r.Varint("STREAM.id")
	if f.typ&4 != 0 {
		f.offset = r.Varint("STREAM.offset")
	}
	if f.typ&2 != 0 {
		f.data, _ = data(r, "STREAM.data")
	} else {
		f.data = r.Rest("STREAM.data")
	}
}

// readFixed passes over the frames that are made of integers alone.
func (f *frame) readFixed(r *wire.Reader) {
	n := 0
	switch f.typ {
	case 0x04: // RESET_STREAM
		n = 3
	case 0x05, 0x11, 0x15: // STOP_SENDING, MAX_STREAM_DATA, STREAM_DATA_BLOCKED
		n = 2
	case 0x10, 0x12, 0x13, 0x14, 0x16, 0x17, 0x19, 0x2f5: // MAX_DATA, MAX_STREAMS, *_BLOCKED, RETIRE_CONNECTION_ID, TIMESTAMP (draft-huitema-quic-ts)
		n = 1
	case 0x1a, 0x1b: // PATH_CHALLENGE, PATH_RESPONSE
		r.Bytes(8, "PATH.data")
		return
	case 0xaf: // ACK_FREQUENCY (draft-ietf-quic-ack-frequency)
		n = 4
	default:
		f.unknown = true
		r.Fail("type", 0)
	}
	for range n {
		r.Varint("frame")
	}
}
