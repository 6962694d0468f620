//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86DD
	etherTEB  = 0x6558 // an Ethernet frame
	etherMPLS = 0x8847
)

// A packet is what stands in a wrapper: how EtherTypes and IP call it, and its
// bytes.
type packet struct {
	ether    uint16 // 0: no EtherType
	proto    uint8  // IP protocol number
	b        []byte
	sum      int  // where the UDP checksum goes, 0: nowhere
	mirrored bool // a switch sends both directions to a collector
}

// A layer puts one header around a packet, or cuts it into fragments.
type layer func(p packet, up bool) []packet

// A rule is the link type and the layers around one connection's packets, the
// outermost first.
type rule struct {
	link   link
	layers []layer
}

// parseRule reads PORT=LAYER LAYER..., see layers and links for their names.
// A layer has one number, or two, for up and down: vlan:12, mpls:16/17.
func parseRule(s string) (port uint16, r *rule, err error) {
	number, list, ok := strings.Cut(s, "=")
	n, err := strconv.ParseUint(number, 10, 16)
	if !ok || err != nil {
		return 0, nil, fmt.Errorf("%q: want PORT=LAYERS", s)
	}
	words := strings.Fields(list)
	r = &rule{link: links["ethernet"]()}
	if len(words) > 0 && links[words[0]] != nil {
		r.link = links[words[0]]()
		words = words[1:]
	}
	for _, w := range words {
		name, ids, _ := strings.Cut(w, ":")
		newLayer := layers[name]
		if newLayer == nil {
			return 0, nil, fmt.Errorf("%q: no such layer", w)
		}
		up, down, two := strings.Cut(ids, "/")
		if !two {
			down = up
		}
		var id [2]uint32 // down, up
		for i, v := range [2]string{down, up} {
			if ids == "" {
				continue
			}
			n, err := strconv.ParseUint(v, 10, 32)
			if err != nil {
				return 0, nil, fmt.Errorf("%q: %w", w, err)
			}
			id[i] = uint32(n)
		}
		r.layers = append(r.layers, newLayer(id))
	}
	return uint16(n), r, nil
}

// wrap returns the frames that carry a packet, in the order they are sent in.
func (r *rule) wrap(p packet, up bool) [][]byte {
	now := []packet{p}
	for i := len(r.layers) - 1; i >= 0; i-- {
		var next []packet
		for _, p := range now {
			next = append(next, r.layers[i](p, up)...)
		}
		now = next
	}
	var out [][]byte
	for _, p := range now {
		out = append(out, r.link.frame(p, up))
	}
	return out
}

// header returns a layer that adds a header whose bytes differ by direction
// at most in one number.
func header(id [2]uint32, ether uint16, proto uint8, f func(p packet, id uint32) []byte) layer {
	return func(p packet, up bool) []packet {
		b := append(f(p, id[index(up)]), p.b...)
		return []packet{{ether: ether, proto: proto, b: b, mirrored: p.mirrored}}
	}
}

func index(up bool) int {
	if up {
		return 1
	}
	return 0
}

// bytes16 and bytes32 write numbers in network order.
func bytes16(v ...uint16) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}

func bytes32(v ...uint32) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// ethernet puts addresses around a packet: of the hosts, or, if outer, of the
// routers or switches between them.
func ethernet(p packet, up, outer bool) []byte {
	addresses := [2]byte{2, 1} // destination, source
	if !up && !p.mirrored {
		addresses = [2]byte{1, 2}
	}
	network := byte(1)
	if outer {
		network = 0xFF
	}
	b := []byte{2, 0, 0, 0, network, addresses[0], 2, 0, 0, 0, network, addresses[1]}
	return append(append(b, bytes16(p.ether)...), p.b...)
}
