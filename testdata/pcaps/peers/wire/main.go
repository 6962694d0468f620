//go:build linux

// Wire is the cable between two network interfaces for the recipes beside it: it
// carries Ethernet frames both ways and can lose, reorder and tag them, by
// counting, so that a recipe makes the same faults each time.
//
//	wire -a c1 -b s1 [-lose-up 4,9] [-lose-down 3] [-swap-up 5] [-swap-down 2,4] [-tag-a 12] [-tag-b 12]
//	wire -a c1 -b s1 -write FILE -wrap '14401=ip4 gre eth' [-wrap ...]
//
// "Up" is from a to b. Numbers count the frames of that direction that carry TCP
// data, from 1; a swapped frame is held until the next one with data went out, or
// for 30 ms.
//
// With -write it writes what it carries to a pcapng file, as if the cable had
// gone through a tunnel that no kernel at hand knows: around the packets of the
// server on a port go the headers that -wrap names, the outermost first. The
// conversation stays as it was; only the capture has the wrapper.
//
// Linux only: it needs packet sockets.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

func run() error {
	a, b := flag.String("a", "", "one interface"), flag.String("b", "", "the other")
	loseUp, loseDown := flag.String("lose-up", "", "frames to lose"), flag.String("lose-down", "", "frames to lose")
	swapUp, swapDown := flag.String("swap-up", "", "frames to hold back"), flag.String("swap-down", "", "frames to hold back")
	tagA, tagB := flag.Uint("tag-a", 0, "VLAN tag of frames sent on a"), flag.Uint("tag-b", 0, "VLAN tag of frames sent on b")
	write := flag.String("write", "", "capture file of wrapped packets")
	rules := map[uint16]*rule{}
	flag.Func("wrap", "PORT=LAYERS around the packets of a server's port", func(s string) error {
		port, r, err := parseRule(s)
		rules[port] = r
		return err
	})
	flag.Parse()
	pa, err := open(*a, uint16(*tagA))
	if err != nil {
		return err
	}
	pb, err := open(*b, uint16(*tagB))
	if err != nil {
		return err
	}
	up, err := newDirection(pa, pb, *loseUp, *swapUp)
	if err != nil {
		return err
	}
	down, err := newDirection(pb, pa, *loseDown, *swapDown)
	if err != nil {
		return err
	}
	if *write != "" {
		c, err := newCapture(*write, rules)
		if err != nil {
			return err
		}
		up.tap = func(frame []byte) error { return c.add(frame, true) }
		down.tap = func(frame []byte) error { return c.add(frame, false) }
	}
	ended := make(chan error, 2)
	go func() { ended <- up.carry() }()
	go func() { ended <- down.carry() }()
	return <-ended
}

// port is a packet socket on one interface.
type port struct {
	fd    int
	index int
	tag   uint16
}

func open(name string, tag uint16) (*port, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	all := int(binary.NativeEndian.Uint16([]byte{0, syscall.ETH_P_ALL}))
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, all)
	if err != nil {
		return nil, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrLinklayer{Protocol: uint16(all), Ifindex: i.Index}); err != nil {
		return nil, err
	}
	timeout := syscall.Timeval{Usec: 10_000}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout); err != nil {
		return nil, err
	}
	return &port{fd: fd, index: i.Index, tag: tag}, nil
}

// receive returns the next frame that came in, without its VLAN tag (the kernel
// takes it off), or nil after 10 ms.
func (p *port) receive(buf []byte) ([]byte, error) {
	for {
		n, from, err := syscall.Recvfrom(p.fd, buf, 0)
		switch {
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			return nil, nil
		case err != nil:
			return nil, err
		}
		if ll, ok := from.(*syscall.SockaddrLinklayer); ok && ll.Pkttype != syscall.PACKET_OUTGOING {
			return buf[:n], nil
		}
	}
}

func (p *port) send(frame []byte) error {
	if p.tag != 0 {
		tagged := append(make([]byte, 0, len(frame)+4), frame[:12]...)
		tagged = binary.BigEndian.AppendUint16(append(tagged, 0x81, 0x00), p.tag)
		frame = append(tagged, frame[12:]...)
	}
	return syscall.Sendto(p.fd, frame, 0, &syscall.SockaddrLinklayer{Ifindex: p.index})
}

// direction carries frames one way.
type direction struct {
	from, to   *port
	lose, swap map[int]bool
	count      int
	held       []byte
	heldUntil  time.Time
	tap        func(frame []byte) error // sees each frame that is sent on, if not nil
}

func newDirection(from, to *port, lose, swap string) (*direction, error) {
	d := &direction{from: from, to: to, lose: map[int]bool{}, swap: map[int]bool{}}
	if err := errors.Join(counts(d.lose, lose), counts(d.swap, swap)); err != nil {
		return nil, err
	}
	return d, nil
}

func counts(set map[int]bool, list string) error {
	for s := range strings.SplitSeq(list, ",") {
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return err
		}
		set[n] = true
	}
	return nil
}

func (d *direction) carry() error {
	buf := make([]byte, 1<<16)
	for {
		frame, err := d.from.receive(buf)
		if err != nil {
			return err
		}
		if frame == nil {
			if d.held != nil && time.Now().After(d.heldUntil) {
				if err := d.release(); err != nil {
					return err
				}
			}
			continue
		}
		if err := d.pass(frame); err != nil {
			return err
		}
	}
}

func (d *direction) pass(frame []byte) error {
	data := hasData(frame)
	if data {
		d.count++
	}
	switch {
	case data && d.lose[d.count]:
		return nil
	case data && d.held == nil && d.swap[d.count]:
		d.held, d.heldUntil = append([]byte(nil), frame...), time.Now().Add(30*time.Millisecond)
		return nil
	}
	if err := d.send(frame); err != nil {
		return err
	}
	if data && d.held != nil {
		return d.release()
	}
	return nil
}

func (d *direction) release() error {
	frame := d.held
	d.held = nil
	return d.send(frame)
}

func (d *direction) send(frame []byte) error {
	if d.tap != nil {
		if err := d.tap(frame); err != nil {
			return err
		}
	}
	return d.to.send(frame)
}

// hasData tells whether an untagged frame is IPv4 TCP with a payload.
func hasData(f []byte) bool {
	if len(f) < 14+20+20 || f[12] != 8 || f[13] != 0 || f[23] != 6 {
		return false
	}
	ip := f[14:]
	header := int(ip[0]&15) * 4
	total := int(binary.BigEndian.Uint16(ip[2:]))
	if header+20 > len(ip) || total > len(ip) {
		return false
	}
	return total > header+int(ip[header+12]>>4)*4
}
