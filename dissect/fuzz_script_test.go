package dissect_test

import (
	"encoding/binary"
	"io"
	"slices"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/flow"
)

// A turn is what a side says before the other one answers: bytes of a stream,
// or one datagram.
type turn struct {
	side  flow.Side
	seal  bool // a datagram is to be sealed as an Initial packet of QUIC
	bytes []byte
}

// mostTalk and mostTurns bound what one input may hold.
const (
	mostTalk  = 48 << 10
	mostTurns = 200
)

// appendTurn writes a turn as turnsOf reads it: a byte whose first bit is the
// side and second whether it is sealed, two for the length, the bytes.
func appendTurn(b []byte, t turn) []byte {
	kind := byte(t.side)
	if t.seal {
		kind |= 2
	}
	b = append(b, kind, byte(len(t.bytes)>>8), byte(len(t.bytes)))
	return append(b, t.bytes...)
}

// turnsOf reads what appendTurn wrote. Anything is a conversation.
func turnsOf(talk []byte) (out []turn) {
	talk = talk[:min(len(talk), mostTalk)]
	for len(talk) >= 3 && len(out) < mostTurns {
		n := min(int(binary.BigEndian.Uint16(talk[1:])), len(talk)-3)
		out = append(out, turn{side: flow.Side(talk[0] & 1), seal: talk[0]&2 != 0, bytes: talk[3 : 3+n]})
		talk = talk[3+n:]
	}
	return out
}

// A sent packet is one that is still to be given headers.
type sent struct {
	side     flow.Side
	syn, fin bool
	rst      bool
	bad      bool // the checksum is wrong
	seq, ack uint32
	port     uint16 // of the client, if not its usual one
	bytes    []byte
	cut      int // captured bytes, if not 0
	after    time.Duration
}

// segmented turns a conversation into segments of TCP. size tells how long they
// are: 0 leaves each turn whole, or as long as a segment can be; with 255 they
// have any length.
func segmented(turns []turn, size byte, from [2]uint32) []sent {
	pos := [2]uint32{from[0] + 1, from[1] + 1}
	out := []sent{{side: flow.Client, syn: true, seq: from[0]}, {side: flow.Server, syn: true, seq: from[1], ack: pos[0]}, {side: flow.Client, seq: pos[0], ack: pos[1]}}
	random := uint32(size)
	for _, t := range turns {
		for b := t.bytes; len(b) > 0; {
			n := 1440
			switch {
			case size == 255:
				random = random*1664525 + 1013904223
				n = 1 + int(random>>20)%800
			case size > 0:
				n = int(size)
			}
			n = min(n, len(b))
			out = append(out, sent{side: t.side, seq: pos[t.side], ack: pos[t.side.Other()], bytes: b[:n]})
			pos[t.side] += uint32(n)
			b = b[n:]
		}
	}
	out = append(out, sent{side: flow.Client, fin: true, seq: pos[0], ack: pos[1]})
	pos[0]++
	out = append(out, sent{side: flow.Server, fin: true, seq: pos[1], ack: pos[0]}, sent{side: flow.Client, seq: pos[0], ack: pos[1] + 1})
	return out
}

// change does to packets what networks, captures and attackers do: a step of
// the script is four bytes: what, which packet, and two for how much.
func change(p []sent, script []byte) []sent {
	for steps := 0; len(script) >= 4 && len(p) > 0 && steps < 32; steps++ {
		at, much := int(script[1])%len(p), int(binary.BigEndian.Uint16(script[2:]))
		what := &p[at]
		switch script[0] % 16 {
		case 0: // lost
			p = slices.Delete(p, at, at+1)
		case 1: // earlier or later
			to := much % len(p)
			one := *what
			p = slices.Insert(slices.Delete(p, at, at+1), to, one)
		case 2: // twice
			if len(p) < 4*mostTurns {
				p = slices.Insert(p, much%(len(p)+1), *what)
			}
		case 3: // again with other bytes
			again := *what
			again.bytes = slices.Clone(again.bytes)
			if len(again.bytes) > 0 {
				again.bytes[much%len(again.bytes)] ^= 0x55
			}
			p = slices.Insert(p, at+1, again)
		case 4: // overlapping what was before
			if n := uint32(much % 64); len(what.bytes) > 0 {
				what.seq -= n
				what.bytes = append(make([]byte, n), what.bytes...)
			}
		case 5:
			what.cut = 1 + much%1500
		case 6:
			what.after = time.Duration(much) * 100 * time.Millisecond
		case 7:
			what.side = what.side.Other()
		case 8:
			what.fin = !what.fin
		case 9:
			what.rst = !what.rst
		case 10:
			what.syn = !what.syn
		case 11: // a hole that was never captured, in everything from here
			for i := at; i < len(p); i++ {
				if p[i].side == what.side {
					p[i].seq += uint32(much)
				} else {
					p[i].ack += uint32(much)
				}
			}
		case 12:
			what.ack += uint32(int16(much))
		case 13:
			what.bad = !what.bad
		case 14: // from another port, from here
			for i := at; i < len(p); i++ {
				p[i].port = uint16(much)
			}
		case 15: // what else there is in one packet
			if at+1 < len(p) && len(what.bytes)+len(p[at+1].bytes) < 1<<15 {
				what.bytes = slices.Concat(what.bytes, p[at+1].bytes)
				p = slices.Delete(p, at+1, at+2)
			}
		}
		script = script[4:]
	}
	return p
}

// A script is a source of packets made up by a test.
type script struct {
	packets []capture.Packet
	next    int
}

func (s *script) Next(p *capture.Packet) error {
	if s.next == len(s.packets) {
		return io.EOF
	}
	*p = s.packets[s.next]
	s.next++
	return nil
}
func (s *script) Stats() capture.Stats { return capture.Stats{} }
func (s *script) Close() error         { return nil }

// Ends of the conversations.
var (
	scriptHosts = [2][4]byte{{192, 0, 2, 1}, {203, 0, 113, 5}}
	scriptPorts = [2]uint16{49152, 8443}
)

const linkIPv4 capture.LinkType = 228

// packetsOf gives packets their headers: bare IPv4, and TCP or UDP.
func packetsOf(in []sent, udp bool) []capture.Packet {
	out := make([]capture.Packet, 0, len(in))
	at := time.Unix(1700000000, 0).UTC()
	for _, s := range in {
		at = at.Add(time.Millisecond + s.after)
		b := s.header(udp)
		p := capture.Packet{Number: uint64(len(out) + 1), Time: at, Link: linkIPv4, Data: b, WireLen: len(b)}
		if s.cut > 0 {
			p.Data = b[:min(len(b), s.cut)]
		}
		out = append(out, p)
	}
	return out
}

func (s *sent) header(udp bool) []byte {
	size, protocol := 40, byte(6)
	if udp {
		size, protocol = 28, 17
	}
	b := make([]byte, size, size+len(s.bytes))
	b[0], b[8], b[9] = 0x45, 64, protocol
	b = append(b, s.bytes...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], scriptHosts[s.side][:])
	copy(b[16:], scriptHosts[s.side.Other()][:])
	ports := scriptPorts
	if s.port != 0 {
		ports[0] = s.port
	}
	binary.BigEndian.PutUint16(b[20:], ports[s.side])
	binary.BigEndian.PutUint16(b[22:], ports[s.side.Other()])
	if udp {
		binary.BigEndian.PutUint16(b[24:], uint16(8+len(s.bytes))) // without a checksum
		return b
	}
	binary.BigEndian.PutUint32(b[24:], s.seq)
	binary.BigEndian.PutUint32(b[28:], s.ack)
	b[32], b[33] = 5<<4, 0x10 // ACK
	for i, set := range []bool{s.fin, s.syn, s.rst} {
		if set {
			b[33] |= 1 << i
		}
	}
	if s.syn && s.ack == 0 {
		b[33] &^= 0x10
	}
	sum := uint32(protocol) + uint32(len(b)-20)
	for i := 12; i < len(b); i++ { // addresses, header and payload
		sum += uint32(b[i]) << (8 * (^i & 1))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	if s.bad {
		sum ^= 0x101
	}
	binary.BigEndian.PutUint16(b[36:], ^uint16(sum))
	return b
}

// sealed gives the datagrams of a conversation the protection that they ask for.
func sealed(turns []turn) []sent {
	var out []sent
	for _, t := range turns {
		b := t.bytes
		if t.seal && len(b) < 1<<14 {
			b = dissect.SealInitial(t.side, slices.Concat(b, make([]byte, max(0, 40-len(b)))))
		}
		out = append(out, sent{side: t.side, bytes: b})
	}
	return out
}
