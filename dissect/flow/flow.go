// Package flow names the flows of a capture and keeps the table of the live
// ones.
//
// In go addresses, ports and capture times; out come small comparable keys and
// a table that finds the state of a flow in constant time and gives up flows
// that fell silent. A [Table] owns the values stored in it; a pointer to one
// is valid until its flow is deleted or evicted. The table never holds more
// flows than its [Limits] allow, allocates nothing per packet, and does not
// depend on the wall clock: equal packets give equal evictions. A table is not
// safe for concurrent use; every shard has its own.
package flow

import "time"

// Limits bound the memory of one dissection. A zero field means the value of
// [DefaultLimits].
type Limits struct {
	Flows         int           // live flows; beyond it the longest idle one is evicted
	PendingBytes  int           // memory held for one direction of one flow, bookkeeping included
	TotalBytes    int           // memory held for all flows of one table
	Idle          time.Duration // silence after which a flow is closed, by the capture's clock
	HandshakeSize int           // bytes of one handshake message
}

// DefaultLimits suit a machine with a few hundred megabytes to spare.
func DefaultLimits() Limits {
	return Limits{
		Flows:         1 << 16,
		PendingBytes:  1 << 20,
		TotalBytes:    64 << 20,
		Idle:          15 * time.Minute,
		HandshakeSize: 1 << 20,
	}
}

// WithDefaults returns l with every field that is not positive replaced by the
// one of [DefaultLimits].
func (l Limits) WithDefaults() Limits {
	d := DefaultLimits()
	if l.Flows <= 0 {
		l.Flows = d.Flows
	}
	if l.PendingBytes <= 0 {
		l.PendingBytes = d.PendingBytes
	}
	if l.TotalBytes <= 0 {
		l.TotalBytes = d.TotalBytes
	}
	if l.Idle <= 0 {
		l.Idle = d.Idle
	}
	if l.HandshakeSize <= 0 {
		l.HandshakeSize = d.HandshakeSize
	}
	return l
}
