// Package live captures packets from network interfaces.
//
// In go the names of interfaces; out comes a [capture.Source] whose packets are
// in the order of time, over all its interfaces. On Linux they come from
// TPACKET_V3 rings that the kernel shares with the process, without cgo; on
// macOS and the BSDs from /dev/bpf; on Windows, and everywhere with the
// build tag libpcap, from gopacket's pcap.
//
// The ring owns the bytes of a packet: they are valid until the next call of
// [Source.Next]. What the kernel had no room for is counted and told, see
// [Options.Notify] and [Source.Losses]; nothing is lost silently. VLAN tags that
// the network card or the kernel took out are put back, and of the two copies
// of a packet on the loopback interface one is left out.
//
// What cannot happen: a Next that Close or Stop does not wake, memory that
// grows with the traffic, packets of the last block lost when Stop ends the
// capture.
package live

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/net/bpf"

	"github.com/tlslens/tlslens/capture"
)

// Any is the name that stands for all interfaces of a Linux machine. Its
// packets are of [capture.LinkLinuxSLL2], as tcpdump's.
const Any = "any"

// Options say what to capture.
type Options struct {
	Interfaces []string // at least one; Any stands alone

	// SnapLen is how many bytes of each packet are kept; 0 and everything
	// above it mean [capture.MaxPacketSize].
	SnapLen int
	// NoPromisc leaves the interfaces as they are: packets to other machines
	// are then seen only if something else made the interface promiscuous.
	NoPromisc bool
	// Buffer is the size in bytes of the ring of each interface, or what the
	// operating system has in its place; 0 means DefaultBuffer.
	Buffer int
	// BlockTimeout is how long the kernel waits for more packets before it
	// hands over a block that is not full; 0 means DefaultBlockTimeout. A
	// packet may be that late twice over.
	BlockTimeout time.Duration
	// Idle, if not 0, makes Next return [capture.ErrIdle] when no packet came for so
	// long.
	Idle time.Duration

	// Filter, if not nil, returns the program that chooses packets of a link
	// type. kernel says that it will run where the outermost VLAN tag is not in
	// the packet but beside it (SKF_AD_VLAN_TAG). It returns how much of a
	// packet is kept, SnapLen or more.
	Filter func(link capture.LinkType, kernel bool) ([]bpf.RawInstruction, error)

	// Notify, if not nil, is told what happens to the interfaces, on the
	// goroutine that calls Next.
	Notify func(Notice)
}

// Defaults of [Options].
const (
	DefaultBuffer       = 64 << 20
	DefaultBlockTimeout = 40 * time.Millisecond
)

func (o Options) withDefaults() Options {
	if o.SnapLen <= 0 || o.SnapLen > capture.MaxPacketSize {
		o.SnapLen = capture.MaxPacketSize
	}
	if o.Buffer <= 0 {
		o.Buffer = DefaultBuffer
	}
	if o.BlockTimeout <= 0 {
		o.BlockTimeout = DefaultBlockTimeout
	}
	if o.Notify == nil {
		o.Notify = func(Notice) {}
	}
	return o
}

// An Event is what a [Notice] is about.
type Event uint8

// The events.
const (
	Down   Event = iota // the interface went down; capture waits for it
	Up                  // it is up again
	Gone                // it does not exist any more
	Lost                // packets were lost by the kernel since the last notice
	Missed              // packets were lost by the network card since the last notice
)

// A Notice tells that something happened to an interface.
type Notice struct {
	Interface string
	Event     Event
	Count     uint64 // packets, for Lost and Missed
}

// A Loss counts the packets of one interface that were not seen.
type Loss struct {
	Interface string
	Received  uint64 // packets that the filter took, lost ones included
	Dropped   uint64 // of these, lost because the buffer was full
	Missed    uint64 // lost before, by the network card or its driver
}

// An Interface is one that packets could be captured on.
type Interface struct {
	Name, Description string
	Addrs             []netip.Prefix
	Link              capture.LinkType // what packets would have
	LinkKnown         bool             // whether Link is known before the interface is opened
	Up, Loopback      bool
	// Err says why it cannot be opened, nil if it can.
	Err error
}

// A PermissionError says that the process may not capture.
type PermissionError struct {
	Interface string
	Err       error
	hint      string
}

// Error says on which interface and why.
func (e *PermissionError) Error() string {
	return fmt.Sprintf("no permission to capture on %s: %v", e.Interface, e.Err)
}

// Unwrap returns the operating system's error.
func (e *PermissionError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *PermissionError) Hint() string { return e.hint }

// A GoneError says that the last interface was removed.
type GoneError struct{ Interface string }

// Error names the interface.
func (e *GoneError) Error() string {
	return "the interface " + e.Interface + " does not exist any more"
}

// A MissingError says that there is no such interface.
type MissingError struct{ Interface string }

// Error names the interface.
func (e *MissingError) Error() string { return fmt.Sprintf("there is no interface %q", e.Interface) }

// Hint says where to find the names.
func (e *MissingError) Hint() string { return "tlslens interfaces lists them" }

// check refuses lists of interfaces that cannot be captured on together.
func (o *Options) check() error {
	if len(o.Interfaces) == 0 {
		return errors.New("no interface was named")
	}
	seen := map[string]bool{}
	for _, name := range o.Interfaces {
		switch {
		case seen[name]:
			return fmt.Errorf("the interface %s is named twice", name)
		case name == Any && len(o.Interfaces) > 1:
			return errors.New("the interface any has the packets of all others already")
		case name == "":
			return errors.New("the name of an interface is empty")
		}
		seen[name] = true
	}
	return nil
}

var _ capture.Source = (*Source)(nil)
