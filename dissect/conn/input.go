package conn

import (
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// An Input receives what a carrier unwraps from one flow: it is the only thing
// a carrier knows of the rest of the program. Slices passed to it are valid
// only during the call. Calls come in the order in which the bytes were sent,
// as far as acknowledgements tell it.
type Input interface {
	// Record reports the header of a record before its content is delivered.
	Record(side flow.Side, h tls.RecordHeader, at flow.Mark)
	// Handshake delivers in-order bytes of a side's handshake stream.
	Handshake(side flow.Side, lv Level, b []byte, at flow.Mark)
	// SSLv2 delivers the body of a record in the format of SSL 2.0, as old
	// clients send their first message (RFC 5246, Appendix E.2).
	SSLv2(side flow.Side, body []byte, at flow.Mark)
	// Alert delivers a readable alert.
	Alert(side flow.Side, lv Level, level tls.AlertLevel, desc tls.AlertDescription, at flow.Mark)
	// ChangeCipherSpec delivers the message of that name.
	ChangeCipherSpec(side flow.Side, at flow.Mark)
	// Opened reports a record whose content can be read: keys opened it, or its
	// cipher is NULL. The content follows in other calls.
	Opened(side flow.Side, o Opened, at flow.Mark)
	// Plaintext delivers application data that could be read.
	Plaintext(side flow.Side, b []byte, at flow.Mark)
	// Sealed reports a record that could not be opened, n bytes after its header.
	Sealed(side flow.Side, typ tls.ContentType, n int, at flow.Mark)
	// Heartbeat reports a readable heartbeat message (RFC 6520) of n bytes
	// whose first bytes are head.
	Heartbeat(side flow.Side, n int, head []byte, at flow.Mark)
	// Foreign reports that a side began with bytes that are no TLS.
	Foreign(side flow.Side, head []byte, at flow.Mark)
	// Gap reports bytes that the capture does not hold.
	Gap(g Gap, at flow.Mark)
	// Note reports an oddity, a sentence without a full stop.
	Note(side flow.Side, what string, at flow.Mark)
	// End reports how the flow ended. It is the last call.
	End(how End, by flow.Side, at flow.Mark)

	// Negotiated tells the carrier what has been agreed so far.
	Negotiated() Negotiated
}

// Opened says what a readable record is.
type Opened struct {
	Wire    tls.ContentType // as the record's header says
	Type    tls.ContentType // of the content; in TLS 1.3 the inner one
	Bytes   int             // after the header
	Plain   int             // of content
	Padding int
	Level   Level
}

// Negotiated is what a carrier must know to tell clear records from sealed ones.
type Negotiated struct {
	Version tls.Version     // 0 until a ServerHello was read
	Suite   tls.CipherSuite // meaningful once Version is not 0
}

// An End is how a flow ended.
type End uint8

// Ways to end.
const (
	EndOfCapture End = iota // still open when the capture stopped
	Finished                // FIN from both sides
	HalfClosed              // FIN from one side only, then nothing more
	Reset                   // RST or QUIC stateless reset
	TimedOut                // silent for longer than the idle limit
	Evicted                 // a memory limit closed it
)
