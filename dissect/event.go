package dissect

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// An Event is something learnt at a place in the capture. It is one of
// [Opened], [PhaseEnded], [MessageSeen], [Closed] and [Dropped].
type Event interface{ event() }

// Opened reports a new connection: one side began to speak TLS. The Conn is
// still being filled; do not keep it beyond the event.
type Opened struct{ Conn *conn.Conn }

// PhaseEnded reports that a phase of a connection will not change any more.
// The Conn is still being filled; do not keep it beyond the event.
type PhaseEnded struct {
	Conn  *conn.Conn
	Phase *conn.Phase
}

// MessageSeen reports one handshake message, alert or ChangeCipherSpec.
type MessageSeen struct {
	Conn    *conn.Conn
	Message conn.Message
}

// Closed reports a connection that is complete, with its findings. The Conn
// belongs to the receiver.
type Closed struct{ Conn *conn.Conn }

// Dropped reports what the pipeline had to give up, never silently.
type Dropped struct {
	Reason string // "flow limit", "memory limit", "overload", "undecided", "kernel", "interface"
	Count  uint64 // connections, packets or bytes, as the reason says
	Unit   string // "connections", "packets" or "bytes"
	At     flow.Mark
}

func (Opened) event()      {}
func (PhaseEnded) event()  {}
func (MessageSeen) event() {}
func (Closed) event()      {}
func (Dropped) event()     {}
