// Package openvpn reads the control channel of OpenVPN, in whose reliable
// messages a TLS handshake runs (OpenVPN, "Network protocol": doxygen,
// network_protocol.h).
//
// In go the packets of one connection, in the order of the capture: over TCP
// package starttls cuts them out of the stream, over UDP each is a datagram (see
// [Stream]). Out come the bytes of TLS, in the order of the messages' numbers,
// to a [Receiver]. A control channel that tls-crypt seals shows no TLS and is
// not recognised. Packets of the data channel and of later key negotiations,
// which have a key id other than 0, are passed over; the latter is to be told
// (see [Anew]). Nothing that is sent makes it panic, and nothing aliases a packet.
package openvpn

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// Opcodes, the upper five bits of a packet's first byte; the lower three are
// the key id.
const (
	resetClient1 = 1
	control      = 4
	data1        = 6
	resetClient2 = 7
	data2        = 9
	lastOpcode   = 11
)

// Sizes of a packet's parts, in bytes.
const (
	sessionLen = 8
	replayLen  = 4 + 4 // packet id and time, with an HMAC
	ackLen     = 4
	idLen      = 4
	bareReset  = 1 + sessionLen + 1 + idLen // no acknowledgements

	// MostReset is the size of the largest first packet of a client.
	MostReset = bareReset + replayLen + 64
	// LeastReset is that of the smallest.
	LeastReset = bareReset
)

// Bounds of one side's messages that wait for an earlier one. OpenVPN sends at
// most 12 before one is acknowledged.
const (
	mostHeld  = 32
	mostAhead = 1 << 10 // in numbers
)

// Bounds by which the size of the HMAC is told.
const (
	mostAcks   = 8 // in one packet
	mostNumber = 1 << 16
)

// hmacs are the sizes of the HMAC that tls-auth puts into each packet of the
// control channel: none, MD5, SHA-1, SHA-256, SHA-384, SHA-512.
var hmacs = [...]int{0, 16, 20, 32, 48, 64}

// Reset reports whether p is the packet that a client begins with, and the size
// of the HMAC in it, 0 if there is none. The size of p must be exact.
func Reset(p []byte) (hmac int, ok bool) {
	if !BeginsReset(p) {
		return 0, false
	}
	for _, n := range hmacs {
		if len(p) == bareReset+n || n > 0 && len(p) == bareReset+replayLen+n {
			hmac, ok = n, n == 0 || len(p) > bareReset+n
		}
	}
	// No acknowledgement yet, and message 0.
	return hmac, ok && string(p[len(p)-5:]) == "\x00\x00\x00\x00\x00"
}

// BeginsReset reports whether the first byte of p is that of a client's first
// packet.
func BeginsReset(p []byte) bool {
	return len(p) > 0 && (p[0] == resetClient2<<3 || p[0] == resetClient1<<3)
}

// IsControl reports whether the first byte of a packet says that a message of
// the first key negotiation is in it.
func IsControl(first byte) bool { return first == control<<3 }

// IsAnew reports whether the first byte of a packet says that a message of a
// later key negotiation is in it.
func IsAnew(first byte) bool { return first>>3 == control && first&7 != 0 }

// Anew tells of such a message, a sentence without a full stop.
const Anew = "OpenVPN negotiates its keys anew: that handshake is not read"

// Inside reports whether p, a packet of a connection of which the beginning is
// not there, has a message with the header of a TLS record at its front, and the
// size of the HMAC in it.
func Inside(p []byte) (hmac int, ok bool) {
	for _, n := range slices.Backward(hmacs[:]) {
		m, ok := parse(p, n)
		if !ok || !fits(p, n) || m.id > mostAhead {
			continue
		}
		h, ok := tls.ParseRecordHeader(m.body)
		if ok && h.Plausible() && h.Version>>8 == 3 && h.Type <= tls.ContentApplicationData && h.Length > 0 {
			return n, true
		}
	}
	return 0, false
}

// Opcode returns the opcode of a packet by its first byte, and whether there is
// one of that number.
func Opcode(first byte) (op byte, ok bool) {
	op = first >> 3
	return op, op >= resetClient1 && op <= lastOpcode
}

// IsReliable reports whether packets with an opcode belong to the control channel:
// all but those of the data channel.
func IsReliable(op byte) bool { return op != data1 && op != data2 }

// Describe says how the control channel is protected, for people.
func Describe(hmac int) string {
	if hmac > 0 {
		return fmt.Sprintf("control channel with an HMAC of %d bytes (tls-auth)", hmac)
	}
	return "control channel without HMAC"
}

// A message is what a packet of the control channel carries.
type message struct {
	session []byte // of the sender
	id      uint32
	body    []byte
}

// parse reads a packet with a message; hmac is the size of the HMAC. The slices
// point into p.
func parse(p []byte, hmac int) (m message, ok bool) {
	at := 1 + sessionLen
	if hmac > 0 {
		at += hmac + replayLen
	}
	if len(p) <= at || !IsControl(p[0]) {
		return message{}, false
	}
	acks := int(p[at])
	at++
	if acks > 0 {
		at += acks*ackLen + sessionLen
	}
	if len(p) < at+idLen {
		return message{}, false
	}
	return message{p[1 : 1+sessionLen], binary.BigEndian.Uint32(p[at:]), p[at+idLen:]}, true
}

// fits reports whether a packet that parse reads with an HMAC of a size may have
// one: the numbers beside it are as small as they are in a handshake. By chance
// a wrong size leads to the same message.
func fits(p []byte, hmac int) bool {
	at := 1 + sessionLen
	if hmac > 0 {
		at += hmac + replayLen
		if binary.BigEndian.Uint32(p[at-replayLen:]) > mostNumber {
			return false
		}
	}
	return p[at] <= mostAcks
}

// A Receiver takes the bytes of TLS. A [record.Stream] is one. The slices are
// valid during the call only.
//
// [record.Stream]: https://pkg.go.dev/github.com/tlslens/tlslens/dissect/record#Stream
type Receiver interface {
	Data(side flow.Side, b []byte, at flow.Mark)
	Gap(side flow.Side, g conn.Gap, at flow.Mark)
}

// A Channel puts the messages of a control channel in order. It is used by one
// goroutine.
type Channel struct {
	in    Receiver
	hmac  int
	room  *flow.Budget
	sides [2]half
}

// half is one direction.
type half struct {
	next  uint32 // number of the message that comes next
	begun bool   // next is known
	held  map[uint32][]byte
	given map[uint32]bool // up: there was no room for them
}

// NewChannel returns a Channel whose packets have an HMAC of that many bytes.
// Messages that wait for an earlier one take their bytes from room, which may
// be nil.
func NewChannel(in Receiver, hmac int, room *flow.Budget) *Channel {
	c := &Channel{in: in, hmac: hmac, room: room}
	for i := range c.sides {
		c.sides[i].next, c.sides[i].begun = 1, true // message 0 is the reset
	}
	return c
}

// MidStream tells that the beginning is not there: the first message of a side
// that comes is the first there is.
func (c *Channel) MidStream() {
	for i := range c.sides {
		c.sides[i].begun = false
	}
}

// Packet takes a packet, from its opcode on. p is not kept.
func (c *Channel) Packet(side flow.Side, p []byte, at flow.Mark) {
	m, ok := parse(p, c.hmac)
	h := &c.sides[side]
	if ok && !h.begun {
		h.begun, h.next = true, m.id
	}
	switch {
	case !ok || m.id < h.next:
		return // no message, or one that is repeated
	case m.id == h.next:
		delete(h.given, m.id)
		h.next++
		c.in.Data(side, m.body, at)
		c.follow(side, at)
		return
	case m.id-h.next > mostAhead:
		return
	}
	if _, there := h.held[m.id]; there {
		return
	}
	if len(h.held) >= mostHeld {
		c.skip(side, at)
	}
	if c.room.Take(len(m.body)) {
		if h.held == nil {
			h.held = map[uint32][]byte{}
		}
		h.held[m.id] = append([]byte(nil), m.body...)
		delete(h.given, m.id)
		c.follow(side, at)
		return
	}
	if h.given == nil {
		h.given = map[uint32]bool{}
	}
	h.given[m.id] = true
}

// follow delivers the messages that wait for no other any more.
func (c *Channel) follow(side flow.Side, at flow.Mark) {
	h := &c.sides[side]
	for b, ok := h.held[h.next]; ok; b, ok = h.held[h.next] {
		delete(h.held, h.next)
		c.room.Give(len(b))
		h.next++
		c.in.Data(side, b, at)
	}
}

// skip goes on behind a message that is not in the capture, or was given up.
func (c *Channel) skip(side flow.Side, at flow.Mark) {
	h := &c.sides[side]
	least := h.next + mostAhead + 1
	for id := range h.held {
		least = min(least, id)
	}
	c.lose(side, at)
	for id := range h.given {
		if id < least {
			delete(h.given, id)
		}
	}
	h.next = least
	c.follow(side, at)
}

// lose tells that the message that comes next will not come, and why.
func (c *Channel) lose(side flow.Side, at flow.Mark) {
	h := &c.sides[side]
	why := "was not captured"
	if h.given[h.next] {
		why = "was given up: there was no room for more messages that wait for an earlier one"
	}
	c.in.Gap(side, conn.Gap{Bytes: -1, After: at.Packet, Why: fmt.Sprintf("message %d of OpenVPN's control channel %s", h.next, why)}, at)
}

// Flush delivers what still waits: nothing more will come.
func (c *Channel) Flush(at flow.Mark) {
	for side := flow.Client; side <= flow.Server; side++ {
		for len(c.sides[side].held) > 0 {
			c.skip(side, at)
		}
		if len(c.sides[side].given) > 0 {
			c.lose(side, at)
		}
	}
}
