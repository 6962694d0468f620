package capture

import (
	"fmt"
	"strconv"
)

// editcapHint is the way out for formats that Wireshark's tools read.
const editcapHint = "convert it with: editcap -F pcapng IN OUT"

// An OpenError reports that nothing at all could be read: the input is empty,
// or not a capture file, or one of a format that is not read here.
type OpenError struct {
	Name string // as given to Open; not part of the message
	What string // what is wrong, for example "this is a Sun snoop file, which is not read"
	hint string
	Err  error // the cause, if there is one
}

func (e *OpenError) Error() string {
	if e.Err == nil {
		return e.What
	}
	return e.What + ": " + e.Err.Error()
}

func (e *OpenError) Unwrap() error { return e.Err }

// Hint says what to do about it, or nothing.
func (e *OpenError) Hint() string { return e.hint }

// A TruncatedError reports a capture file that ends early. Every whole packet
// before the end has been delivered.
type TruncatedError struct {
	// Packet is the number of the packet that is cut, or the number that the
	// next packet would have had.
	Packet uint64
	// Offset is where the record begins that is cut, in bytes of the
	// uncompressed file.
	Offset int64
	// Where says where the file ends if it is not inside a packet, for example
	// "after packet 12" or "in an interface description block".
	Where      string
	Skipped    uint64 // packets before that were passed over because of damage
	Compressed string // "gzip", "zstd", "lz4" or ""
}

func (e *TruncatedError) Error() string {
	where := e.Where
	if where == "" {
		where = "in packet " + strconv.FormatUint(e.Packet, 10)
	}
	return "cut short " + where + at(e.Offset, e.Compressed) + skipped(e.Skipped)
}

// Hint says what to do about it.
func (e *TruncatedError) Hint() string {
	if e.Compressed != "" {
		return "the " + e.Compressed + " data ends early: copy or download the file again"
	}
	return "the capture was stopped while it was being written, or was copied in part; everything before that place was read"
}

// A FormatError reports damage in a capture file. What could be read has been
// delivered: every packet before the place, and after it too if the damage was
// confined to blocks whose ends are known.
type FormatError struct {
	Packet     uint64 // number of the damaged packet, or that the next one would have had
	Offset     int64  // where the damaged record begins, in bytes of the uncompressed file
	What       string // what is wrong there
	Skipped    uint64 // packets that were passed over because of such damage
	Compressed string // "gzip", "zstd", "lz4" or ""
	Err        error  // the cause, if reading or decompressing failed
	hint       string
}

func (e *FormatError) Error() string {
	s := "damaged at packet " + strconv.FormatUint(e.Packet, 10) + at(e.Offset, e.Compressed) + ": " + e.What
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + skipped(e.Skipped)
}

func (e *FormatError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *FormatError) Hint() string {
	switch {
	case e.hint != "":
		return e.hint
	case e.Err != nil && e.Compressed != "":
		return "the " + e.Compressed + " data is damaged: copy or download the file again"
	case e.Skipped > 0:
		return "all other packets were read; capinfos FILE may say more about the damage"
	}
	return "everything before that place was read; capinfos FILE may say more about the damage"
}

func at(off int64, compressed string) string {
	if compressed != "" {
		return fmt.Sprintf(" (offset %d after decompression)", off)
	}
	return fmt.Sprintf(" (offset %d)", off)
}

func skipped(n uint64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 damaged packet was skipped"
	}
	return fmt.Sprintf("; %d damaged packets were skipped", n)
}
