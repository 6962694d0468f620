package flow

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// A Proto is an IP protocol number; only TCP and UDP get flows.
type Proto uint8

// Protocol numbers, from the IANA registry "Assigned Internet Protocol Numbers".
const (
	TCP Proto = 6
	UDP Proto = 17
)

// String returns "tcp", "udp" or "ip".
func (p Proto) String() string {
	switch p {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	}
	return "ip"
}

// A Key names a flow the same way in both directions. It holds no pointers, so
// that a table of many keys costs the garbage collector nothing. Keys are
// comparable; the zero Key names no flow.
type Key struct {
	addr  [2][16]byte // IPv4 in its IPv6-mapped form
	port  [2]uint16
	zone  uint32
	proto Proto
	is4   [2]bool
}

// MakeKey returns the key of the flow between src and dst and whether src is
// the key's B. Zone keeps apart flows that share addresses and ports: a VLAN,
// a tunnel or a capture interface. Scope zones of IPv6 addresses are dropped.
func MakeKey(proto Proto, src, dst netip.AddrPort, zone uint32) (k Key, swapped bool) {
	s, d := src.Addr(), dst.Addr()
	k = Key{
		addr:  [2][16]byte{s.As16(), d.As16()},
		port:  [2]uint16{src.Port(), dst.Port()},
		zone:  zone,
		proto: proto,
		is4:   [2]bool{s.Is4(), d.Is4()},
	}
	c := bytes.Compare(k.addr[0][:], k.addr[1][:])
	if c > 0 || c == 0 && (k.port[0] > k.port[1] || k.port[0] == k.port[1] && !k.is4[0] && k.is4[1]) {
		k.addr[0], k.addr[1] = k.addr[1], k.addr[0]
		k.port[0], k.port[1] = k.port[1], k.port[0]
		k.is4[0], k.is4[1] = k.is4[1], k.is4[0]
		return k, true
	}
	return k, false
}

// Proto returns the transport protocol.
func (k Key) Proto() Proto { return k.proto }

// Zone returns what was given to [MakeKey].
func (k Key) Zone() uint32 { return k.zone }

// A returns the end that sorts first.
func (k Key) A() netip.AddrPort { return k.end(0) }

// B returns the end that sorts last.
func (k Key) B() netip.AddrPort { return k.end(1) }

func (k *Key) end(i int) netip.AddrPort {
	a := netip.AddrFrom16(k.addr[i])
	if k.is4[i] {
		a = a.Unmap()
	}
	return netip.AddrPortFrom(a, k.port[i])
}

// String returns "tcp 192.0.2.1:443 192.0.2.2:40000", with the zone behind it
// if there is one.
func (k Key) String() string {
	b := append([]byte(k.proto.String()), ' ')
	b = append(k.A().AppendTo(b), ' ')
	b = k.B().AppendTo(b)
	if k.zone != 0 {
		b = append(b, " zone "...)
		b = appendUint(b, k.zone)
	}
	return string(b)
}

func appendUint(b []byte, v uint32) []byte {
	if v >= 10 {
		b = appendUint(b, v/10)
	}
	return append(b, byte('0'+v%10))
}

// Hash spreads keys over shards. It is the same for both directions and from
// run to run, so it must not choose a slot in a table: see [Table].
func (k Key) Hash() uint64 { return k.hash(0x9e3779b97f4a7c15) }

// hash folds the key with 64x64 to 128 bit multiplications, as wyhash does.
func (k *Key) hash(seed uint64) uint64 {
	le := binary.LittleEndian
	h := mix(le.Uint64(k.addr[0][:])^0xa0761d6478bd642f^seed, le.Uint64(k.addr[0][8:])^0xe7037ed1a0b428db)
	h = mix(h^le.Uint64(k.addr[1][:])^0x8ebc6af09c88c6e3, le.Uint64(k.addr[1][8:])^0x589965cc75374cc3^seed)
	w := uint64(k.port[0])<<48 | uint64(k.port[1])<<32 | uint64(k.zone)
	return mix(h^w^0x1d8e4e27c47d124f, seed^uint64(k.proto)^0xeb44accab455d165)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
