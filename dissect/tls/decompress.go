package tls

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// A LengthError says that a compressed certificate did not unpack to the length
// that it stated.
type LengthError struct {
	Stated int
	Actual int // bytes; Stated+1 stands for "more than stated"
}

func (e *LengthError) Error() string {
	if e.Actual > e.Stated {
		return fmt.Sprintf("the certificate message unpacks to more than the stated %d bytes", e.Stated)
	}
	return fmt.Sprintf("the certificate message unpacks to %d bytes instead of the stated %d", e.Actual, e.Stated)
}

// maxWindow bounds what a zstd frame may make the decoder remember, in bytes:
// what RFC 8878, Section 3.1.1.1.2 asks of every decoder.
const maxWindow = 1 << 23

// Decompress returns the body of the Certificate message inside m (RFC 8879,
// Section 4). It never unpacks more than the stated length and refuses stated
// lengths above limit bytes before it starts. What was unpacked before an error
// is returned with it; a length other than the stated one is a [*LengthError].
func (m *CompressedCertificate) Decompress(limit int) ([]byte, error) {
	if m.UncompressedLength > limit {
		return nil, fmt.Errorf("the certificate message would unpack to %d bytes, more than the limit of %d", m.UncompressedLength, limit)
	}
	src := bytes.NewReader(m.Data)
	var r io.Reader
	switch m.Algorithm {
	case CompressionZlib:
		z, err := zlib.NewReader(src)
		if err != nil {
			return nil, fmt.Errorf("zlib: %w", err)
		}
		r = z
	case CompressionBrotli:
		r = brotli.NewReader(src)
	case CompressionZstd:
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		defer z.Close()
		r = z
	default:
		return nil, fmt.Errorf("certificate compression algorithm %v is not supported", m.Algorithm)
	}
	return readStated(r, m.UncompressedLength)
}

// readStated reads r to its end, which should be after n bytes. Memory grows
// with what comes, not with what was promised.
func readStated(r io.Reader, n int) ([]byte, error) {
	var buf bytes.Buffer
	got, err := io.Copy(&buf, io.LimitReader(r, int64(n)+1))
	out := buf.Bytes()
	switch {
	case got > int64(n):
		return out[:n], &LengthError{Stated: n, Actual: n + 1}
	case err != nil && !errors.Is(err, io.EOF):
		return out, fmt.Errorf("after %d of %d bytes: %w", got, n, err)
	case got < int64(n):
		return out, &LengthError{Stated: n, Actual: int(got)}
	}
	return out, nil
}
