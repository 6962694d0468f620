// Package tcp puts the segments of one TCP connection back into the two byte
// streams that its ends exchanged.
//
// In go segments as a capture holds them: lost, cut, repeated, overlapping, out
// of order, forged. Out come, through a [Receiver], the bytes of each direction
// in order and every one at most once, or a [Gap] of stated size where the
// capture does not hold them.
//
// The order between the directions is causal, not that of the capture: a
// segment that acknowledges bytes of the other side is delivered after them,
// because its sender had them. So two packets that a capture swapped do not
// swap question and answer. Waiting for bytes that never come is bounded.
//
// Where two segments carry different bytes for the same place, the copy that
// was captured first is delivered and the difference is reported.
//
// Bytes given to a Receiver are valid during the call only. Segments are copied
// if they must wait; the memory for that comes from a [Pool] shared by all
// connections of one goroutine, and is bounded. A segment in order costs no
// allocation. Nothing here panics on any input, reads a clock or waits for time
// to pass: patience is counted in packets.
package tcp

import "github.com/tlslens/tlslens/dissect/flow"

// A Dir is one of the two directions of a connection. Which of its two ends is
// the client is for the caller to say.
type Dir uint8

// Flags are the control bits of a segment (RFC 9293, Section 3.1).
type Flags uint8

// Control bits.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// A Segment is one TCP segment of a capture. Urgent data stays in the stream,
// as most applications read it (RFC 6093).
type Segment struct {
	Seq, Ack uint32
	Flags    Flags
	Payload  []byte // what the capture holds; not kept
	Missing  int    // bytes of payload behind Payload that were sent but not captured
	At       flow.Mark
}

// Opens reports whether the segment may begin a connection that is not known
// yet: a SYN, or data in mid-stream. A bare ACK, FIN or RST begins nothing.
func (s *Segment) Opens() bool {
	if s.Flags&SYN != 0 {
		return s.Flags&(FIN|RST) == 0
	}
	return s.Flags&(RST|ACK) == ACK && len(s.Payload)+s.Missing > 0
}

// A Verdict is what became of a segment.
type Verdict uint8

// Verdicts.
const (
	Taken   Verdict = iota // delivered, held, or a repetition
	Ignored                // no receiver would accept it; counted in Stats.Ignored
	// NewConnection: the ports are in use again and the segment belongs to
	// the next connection. It was not looked at further: Flush this one and
	// give its Successor, if any, and then the segment, to a new Conn.
	NewConnection
)

// A Receiver gets what the two ends sent. Its methods may call [Conn.Skip],
// [Conn.Watch], [Conn.Offset] and [Conn.Stats], nothing else of the Conn. Since
// memory is shared, a call may come while a segment of another connection is
// being handled.
type Receiver interface {
	// Data delivers the next bytes of direction d. They may be split anywhere.
	// The mark is that of the segment that carried them.
	Data(d Dir, b []byte, at flow.Mark)
	// Gap stands for bytes that will not be delivered.
	Gap(d Dir, g Gap)
	// Fin reports that d sent its last byte, all before it having been
	// delivered. Should d be seen to send more, then the FIN was forged and
	// Data goes on.
	Fin(d Dir, at flow.Mark)
	// Reset reports that d reset the connection. Bytes that were under way
	// may still follow.
	Reset(d Dir, at flow.Mark)
	// Conflict reports two different versions of the same bytes.
	Conflict(d Dir, c Conflict)
}

// A Gap is a stretch of a stream that the capture does not hold.
type Gap struct {
	Off   int64 // offset of its first byte in the stream
	Bytes int64 // exact, or -1 where capturing began in mid-stream
	Why   Reason
	At    flow.Mark // of the segment that follows or, at the end, of the last one
}

// A Reason is why bytes are missing.
type Reason uint8

// Reasons.
const (
	MidStream   Reason = iota // the connection is older than the capture
	NotCaptured               // the receiver acknowledged them, or they never came
	Cut                       // the capture kept only the head of the packet
	Limit                     // waiting longer would have cost too much memory
)

// String returns a phrase for reports.
func (r Reason) String() string {
	switch r {
	case MidStream:
		return "sent before the capture began"
	case NotCaptured:
		return "not captured"
	case Cut:
		return "cut off by the snapshot length"
	case Limit:
		return "memory limit reached while waiting"
	}
	return "unknown"
}

// A Conflict is a place where two segments disagree.
type Conflict struct {
	Off       int64     // offset of the first differing byte
	Bytes     int       // how many bytes differ
	Kept      uint64    // packet number of the copy that counts, which is the first
	Dropped   flow.Mark // the other copy
	Delivered bool      // the first copy had already been delivered
}

// Stats say what was seen of one direction.
type Stats struct {
	First, Last flow.Mark // first and last segment of any kind
	SYN         flow.Mark // first SYN; times of SYN, SYN/ACK and FirstACK give the round trip
	FirstACK    flow.Mark // first segment with ACK that is not a SYN
	FIN         flow.Mark // FIN, not necessarily reached
	RST         flow.Mark // accepted RST
	MidStream   bool      // data came first, no SYN was seen or implied

	Segments      int64 // handled, of any kind
	Bytes         int64 // delivered
	Skipped       int64 // present but not delivered because of Skip
	Missing       int64 // reported as gaps, Cut included
	TailMissed    bool  // one byte behind the last one, or the FIN, was acknowledged and not captured
	SkippedHoles  int64 // not captured inside skipped ranges, so not reported as gaps
	Retransmitted int64 // segments that repeated bytes
	Repeated      int64 // bytes that they repeated
	OutOfOrder    int64 // segments that came before their predecessors
	KeepAlives    int64 // keep-alive probes
	Conflicts     int64 // segments that contradicted others
	Limited       int64 // times that a limit ended the waiting
	Ignored       int64 // segments that no receiver would accept
	BadAcks       int64 // acknowledgements of bytes that cannot have been sent
}
