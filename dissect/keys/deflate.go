package keys

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"

	"github.com/tlslens/tlslens/dissect/tls"
)

// Compression methods (RFC 3749, Section 2).
const (
	compressNull    tls.CompressionMethod = 0
	compressDeflate tls.CompressionMethod = 1
)

// inflater unpacks the records of one side, which are one zlib stream that is
// flushed at the end of each (RFC 3749, Section 2.1). A flush ends at a byte,
// so each record is a stream of its own whose dictionary is the text before.
type inflater struct {
	r       io.ReadCloser
	begun   bool
	history []byte // at most 32 KiB
	in      bytes.Reader
	out     []byte
}

const inflateWindow = 32 << 10

// record unpacks one record. The result is valid until the next one.
func (z *inflater) record(b []byte) ([]byte, bool) {
	if !z.begun {
		if len(b) < 2 || b[0]&0x0f != 8 || (int(b[0])<<8|int(b[1]))%31 != 0 || b[1]&0x20 != 0 {
			return nil, false // no zlib header, or one with a preset dictionary
		}
		z.begun = true
		b = b[2:]
	}
	z.in.Reset(b)
	if z.r == nil {
		z.r = flate.NewReaderDict(&z.in, z.history)
	} else if err := z.r.(flate.Resetter).Reset(&z.in, z.history); err != nil {
		return nil, false
	}
	if z.out == nil {
		z.out = make([]byte, tls.MaxPlaintext+1)
	}
	n, err := io.ReadFull(z.r, z.out)
	if err == nil || n > tls.MaxPlaintext {
		return nil, false // more than a record may hold
	}
	// The end of the record is where the input of the stream ends.
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) || z.in.Len() > 0 {
		return nil, false
	}
	z.history = append(z.history, z.out[:n]...)
	if over := len(z.history) - inflateWindow; over > 0 {
		z.history = z.history[:copy(z.history, z.history[over:])]
	}
	return z.out[:n], true
}
