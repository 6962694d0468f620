package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxZstdWindow bounds what a zstd frame may make the decoder keep. RFC 8878
// section 3.1.1.1.2 asks for 8 MiB; this reads all levels of the zstd tool
// without --ultra -22 and --long=27.
const maxZstdWindow = 64 << 20

// An input is the capture as bytes that are no longer compressed.
type input struct {
	r     io.Reader
	kind  string // "gzip", "zstd", "lz4" or ""
	close func() // frees the decoder; never nil
}

var (
	magicGzip   = []byte{0x1f, 0x8b, 8} // RFC 1952 section 2.3.1, method deflate
	magicZstd   = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicLZ4    = []byte{0x04, 0x22, 0x4d, 0x18}
	magicLZ4Old = []byte{0x02, 0x21, 0x4c, 0x18}
)

// compression returns the name of the compression that b starts with, if it is
// one that is read here.
func compression(b []byte) string {
	switch {
	case bytes.HasPrefix(b, magicGzip):
		return "gzip"
	case bytes.HasPrefix(b, magicZstd):
		return "zstd"
	case bytes.HasPrefix(b, magicLZ4), bytes.HasPrefix(b, magicLZ4Old):
		return "lz4"
	}
	return ""
}

// decompress looks at the first bytes of r and puts a decoder in front if they
// are of a compressed file.
func decompress(r io.Reader) (*input, *OpenError) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(4)
	if len(head) == 0 {
		if err == io.EOF {
			return nil, &OpenError{What: "the file is empty"}
		}
		return nil, &OpenError{What: "cannot be read", Err: err}
	}
	in := &input{r: br, kind: compression(head), close: func() {}}
	switch in.kind {
	case "gzip":
		in.r, err = newGzip(br)
	case "zstd":
		var d *zstd.Decoder
		// One goroutine, the caller's: reading ahead is done by the feed.
		d, err = zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err == nil {
			in.r, in.close = d, d.Close
		}
	case "lz4":
		in.r = lz4.NewReader(br) // blocks of at most 8 MiB
	default:
		return in, nil
	}
	if err != nil {
		return nil, badCompression(in.kind, err)
	}
	return in, nil
}

// newGzip keeps a nil decoder from becoming a non-nil reader.
func newGzip(r io.Reader) (io.Reader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return z, nil
}

func badCompression(kind string, err error) *OpenError {
	e := &OpenError{What: "this is " + kind + " data, but damaged", Err: err}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.What, e.Err = "this is "+kind+" data that is cut short before the first packet", nil
		e.hint = "copy or download the file again"
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		e.What, e.Err = "this zstd data needs more memory than is allowed (64 MiB)", nil
		e.hint = "decompress it first: zstd -d --long=31 -c IN | tlslens read -"
	}
	return e
}

// Read decompresses. A decoder's way to say that its input ends early becomes
// io.ErrUnexpectedEOF, and a panic in a decoder an error: they are other
// people's code and their input is hostile.
func (in *input) Read(b []byte) (n int, err error) {
	if in.kind == "" {
		return in.r.Read(b)
	}
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, fmt.Errorf("the %s decoder failed: %v", in.kind, v)
		}
	}()
	n, err = in.r.Read(b)
	if err != nil && errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
