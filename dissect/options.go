package dissect

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
)

// Options choose what to look at and how much it may cost. The zero value
// looks at everything and trusts Mozilla's roots.
type Options struct {
	Workers int         // goroutines beside the packet path that verify; 0 means one per CPU
	Limits  flow.Limits // the zero value means flow.DefaultLimits
	Detail  conn.Detail // how much of each message a connection keeps
	Phases  bool        // yield Opened, PhaseEnded and MessageSeen, as live output wants them

	// Unordered yields connections as soon as they end. Otherwise they come
	// in the order of their numbers, as far as a bounded window allows.
	Unordered bool

	Keys      *keys.Provider // opens what is sealed; nil opens nothing
	Plaintext conn.Listener  // told what was opened, on the goroutine of Events; may be nil

	Roots  *pki.Store // trust anchors; nil means Mozilla's
	At     CheckTime  // when certificates must be valid
	Verify Verify     // which signatures are checked

	// Governor, if not nil, says when to give up connections for want of time
	// or memory. What is reported then depends on the machine: it is for live
	// packets.
	Governor Governor

	// Sorted, if not nil, is told of each packet what it is part of, once it was
	// read and before the next one is, on the goroutine of Events.
	Sorted func(Part)

	// MaxPackets stops after that many packets; 0 means never.
	MaxPackets uint64
	// Stats, if not nil, is filled while events are read and is complete
	// when the last one has been yielded.
	Stats *Stats
}

// Verify says which signatures are checked.
type Verify uint8

// What to verify.
const (
	VerifyAll          Verify = iota // certificates and handshake signatures
	VerifyCertificates               // certificates only
	VerifyNone                       // nothing: chains are shown as sent
)

// Stats counts what a capture held. It is the matter of the summary.
type Stats struct {
	Packets, Bytes uint64 // as captured
	TCP, UDP       uint64 // packets of those protocols
	Undecoded      []Count
	BadChecksums   uint64 // TCP segments with a wrong checksum at the beginning of TLS connections that have right ones too

	Connections  uint64 // TLS connections
	TCPFlows     uint64 // TCP connections with data, TLS or not
	HalfOpen     uint64 // TCP connection attempts without any data
	OtherTraffic []Count
	ClearLogins  uint64  // connections among the other traffic with a login that is not TLS
	Outcomes     []Count // by conn.Outcome, most frequent first
	Dropped      []Dropped
	MissingBytes uint64 // TCP payload that was never captured, in TLS connections
	Truncated    bool   // the capture file is cut short or damaged
	Snapped      uint64 // packets cut by the snapshot length
	Interrupted  bool
}

// A Count is a name with a number.
type Count struct {
	Name  string
	Count uint64
}

// CheckTime is the moment at which certificates must be valid. The zero value
// is the time of the packet that brought them.
type CheckTime = conn.CheckTime
