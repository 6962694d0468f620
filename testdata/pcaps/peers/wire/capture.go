//go:build linux

package main

import (
	"encoding/binary"
	"os"
	"sync"
	"time"
)

// A capture is a pcapng file of what the cable carried, in the wrappers that the
// rules put around it. It is written block by block, so that it is whole
// whenever the cable is cut.
type capture struct {
	mu    sync.Mutex
	file  *os.File
	rules map[uint16]*rule  // by port of the server
	links map[uint32]uint32 // interface in the file by link type
}

// The comment says in the file itself that a part of it is not as it was on a
// wire.
const comment = "The conversations were real; testdata/pcaps/peers/wire put the wrappers around their packets."

func newCapture(path string, rules map[uint16]*rule) (*capture, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	c := &capture{file: f, rules: rules, links: map[uint32]uint32{}}
	head := binary.LittleEndian.AppendUint32(nil, 0x1A2B3C4D)
	head = append(head, 1, 0, 0, 0) // version 1.0
	head = binary.LittleEndian.AppendUint64(head, 1<<64-1)
	return c, c.block(0x0A0D0D0A, option(option(head, 1, []byte(comment)), 0, nil))
}

// add writes a frame as its rule wants it, if there is one for it.
func (c *capture) add(frame []byte, up bool) error {
	p, port, ok := ipPacket(frame)
	if !ok {
		return nil
	}
	r := c.rules[port]
	if r == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	number, ok := c.links[r.link.number]
	if !ok {
		number = uint32(len(c.links))
		c.links[r.link.number] = number
		b := binary.LittleEndian.AppendUint32(nil, r.link.number) // and two reserved bytes
		b = binary.LittleEndian.AppendUint32(b, 0)                // no snapshot length
		b = option(b, 9, []byte{9})                               // nanoseconds
		if err := c.block(1, option(b, 0, nil)); err != nil {
			return err
		}
	}
	for _, out := range r.wrap(p, up) {
		t := uint64(time.Now().UnixNano())
		b := binary.LittleEndian.AppendUint32(nil, number)
		b = binary.LittleEndian.AppendUint32(b, uint32(t>>32))
		b = binary.LittleEndian.AppendUint32(b, uint32(t))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(out)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(out)))
		if err := c.block(6, pad(append(b, out...))); err != nil {
			return err
		}
	}
	return nil
}

// block writes a block whose body is a multiple of four bytes.
func (c *capture) block(kind uint32, body []byte) error {
	n := uint32(len(body) + 12)
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = append(binary.LittleEndian.AppendUint32(b, n), body...)
	_, err := c.file.Write(binary.LittleEndian.AppendUint32(b, n))
	return err
}

func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// ipPacket takes the IP packet out of an Ethernet frame that carries TCP or UDP,
// with the lower of its ports, which is the server's here.
func ipPacket(f []byte) (p packet, port uint16, ok bool) {
	if len(f) < 14+28 {
		return packet{}, 0, false
	}
	ip, n, size, proto := f[14:], 0, 0, byte(0)
	switch be16(f[12:]) {
	case etherIPv4:
		n, size, proto = int(ip[0]&15)*4, int(be16(ip[2:])), ip[9]
		p = packet{ether: etherIPv4, proto: 4}
	case etherIPv6:
		n, size, proto = 40, 40+int(be16(ip[4:])), ip[6]
		p = packet{ether: etherIPv6, proto: 41}
	}
	if proto != 6 && proto != 17 || size > len(ip) || n+8 > size {
		return packet{}, 0, false
	}
	p.b = append([]byte(nil), ip[:size]...)
	return p, min(be16(ip[n:]), be16(ip[n+2:])), true
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
