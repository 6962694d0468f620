//go:build linux && !libpcap

package live

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"sort"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/tlslens/tlslens/capture"
)

// blockSize is the size of a ring's blocks in bytes. A packet lies in one block,
// so it holds the longest packet with room to spare; smaller blocks make the
// ring last longer at low rates, as each timeout spends one.
const blockSize = 2 * capture.MaxPacketSize

// reserve is the room in bytes that the kernel leaves before each packet: for a
// VLAN tag, or the cooked header and a tag behind it.
const reserve = 32

// A ring is a packet socket with its TPACKET_V3 ring
// (Documentation/networking/packet_mmap.rst of Linux).
type ring struct {
	fd     int
	name   string
	number int // as packets count interfaces
	index  int // of the interface, 0 for all
	link   capture.LinkType
	cooked bool // the kernel took the link header away
	lo     bool

	mem    []byte
	blocks int
	block  int    // the one at hand
	held   bool   // it is ours
	left   uint32 // packets in it that were not yet taken, that at next included
	next   int    // offset of the packet in mem

	filter *bpf.VM // for what the kernel's filter cannot decide, or nil
	frame  frame   // the packet at next, as far as it is understood
	ready  bool    // frame is filled

	received, dropped, missed uint64

	card *missedCount
	down bool
	gone bool
}

// A frame is a packet in a ring.
type frame struct {
	at      time.Time
	data    []byte
	wireLen int
}

// openRing opens the interface. The socket is not bound to a protocol before
// the filter stands, or one that lets nothing through, so that no packet gets
// past it.
func openRing(name string, o *Options, shut bool) (*ring, error) {
	r := &ring{name: name, fd: -1}
	if err := r.open(o, shut); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *ring) open(o *Options, shut bool) error {
	if r.name != Any {
		ifi, err := net.InterfaceByName(r.name)
		if err != nil {
			return &MissingError{Interface: r.name}
		}
		r.index, r.lo = ifi.Index, ifi.Flags&net.FlagLoopback != 0
		r.down = ifi.Flags&net.FlagUp == 0
	}
	if err := r.socket(); err != nil {
		return err
	}
	stand := r.attach
	if shut {
		stand = r.shut
	}
	if err := stand(o); err != nil {
		return err
	}
	if err := r.mapRing(o); err != nil {
		return err
	}
	if r.index != 0 && !o.NoPromisc {
		req := unix.PacketMreq{Ifindex: int32(r.index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &req); err != nil {
			return fmt.Errorf("promiscuous mode of %s: %w", r.name, err)
		}
	}
	if r.lo {
		// Every packet of the loopback interface is seen going out and coming
		// in. Where the kernel is too old for this, keep drops one of them.
		_ = unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if err := r.bind(unix.ETH_P_ALL); err != nil {
		return fmt.Errorf("capturing on %s: %w", r.name, err)
	}
	return nil
}

// socket opens the socket that suits the link type.
func (r *ring) socket() error {
	kind := unix.SOCK_RAW
	if r.index == 0 {
		kind = unix.SOCK_DGRAM
	}
	for {
		fd, err := unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0)
		if err == unix.EPERM || err == unix.EACCES {
			return permission(r.name, err)
		}
		if err != nil {
			return fmt.Errorf("capturing on %s: %w", r.name, err)
		}
		r.fd = fd
		if kind == unix.SOCK_DGRAM {
			r.link, r.cooked = capture.LinkLinuxSLL2, true
			return nil
		}
		if err := r.bind(0); err != nil {
			return fmt.Errorf("capturing on %s: %w", r.name, err)
		}
		hardware := uint16(0)
		if sa, err := unix.Getsockname(fd); err == nil {
			if ll, ok := sa.(*unix.SockaddrLinklayer); ok {
				hardware = ll.Hatype
			}
		}
		link, ok := linkType(hardware)
		if r.link = link; ok {
			return nil
		}
		unix.Close(fd)
		r.fd, kind = -1, unix.SOCK_DGRAM
	}
}

// bind ties the socket to its interface and starts delivery, unless protocol
// is 0.
func (r *ring) bind(protocol uint16) error {
	return unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: networkOrder(protocol), Ifindex: r.index})
}

func networkOrder(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}

// mapRing makes the ring and maps it into memory.
func (r *ring) mapRing(o *Options) error {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("this kernel has no TPACKET_V3: %w", err)
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, reserve); err != nil {
		return fmt.Errorf("PACKET_RESERVE: %w", err)
	}
	const frameSize = 2048 // of no meaning in version 3, but checked
	r.blocks = min(max(o.Buffer/blockSize, 2), math.MaxInt32/blockSize)
	req := unix.TpacketReq3{
		Block_size: blockSize, Block_nr: uint32(r.blocks),
		Frame_size: frameSize, Frame_nr: uint32(r.blocks * (blockSize / frameSize)),
		Retire_blk_tov: uint32(max(o.BlockTimeout.Milliseconds(), 1)),
	}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("a buffer of %d MiB for %s: %w", r.blocks*blockSize>>20, r.name, err)
	}
	mem, err := unix.Mmap(r.fd, 0, r.blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mapping the buffer of %s: %w", r.name, err)
	}
	r.mem = mem
	return nil
}

// Offsets in struct tpacket_block_desc and struct tpacket3_hdr, with the
// sockaddr_ll that follows it (linux/if_packet.h).
const (
	blockStatus, blockPackets, blockFirst = 8, 12, 16

	hdrNext, hdrSec, hdrNsec, hdrSnapLen, hdrLen = 0, 4, 8, 12, 16
	hdrStatus, hdrMac, hdrTCI, hdrTPID           = 20, 24, 32, 36
	hdrAddr                                      = 48
	addrProtocol, addrIndex, addrHardware        = hdrAddr + 2, hdrAddr + 4, hdrAddr + 8
	addrKind, addrLength, addrBytes              = hdrAddr + 10, hdrAddr + 11, hdrAddr + 12
)

// status returns the word by which a block is handed to and fro.
func (r *ring) status(block int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(&r.mem[block*blockSize+blockStatus]))
}

// waiting returns how many blocks are full or were handed over, the one at hand
// included. These follow each other, so they can be counted by halves.
func (r *ring) waiting() int {
	return sort.Search(r.blocks, func(n int) bool {
		return r.status((r.block+n)%r.blocks).Load()&unix.TP_STATUS_USER == 0
	})
}

// peek makes r.frame the next packet that is there. losing says that the kernel
// marked a loss in a block that peek went into.
func (r *ring) peek() (ok, losing bool) {
	for !r.ready {
		if r.left == 0 {
			if r.held {
				r.status(r.block).Store(unix.TP_STATUS_KERNEL)
				r.held, r.block = false, (r.block+1)%r.blocks
			}
			st := r.status(r.block).Load()
			if st&unix.TP_STATUS_USER == 0 {
				return false, losing
			}
			losing = losing || st&unix.TP_STATUS_LOSING != 0
			b := r.mem[r.block*blockSize:][:blockSize]
			r.held = true
			r.left = binary.NativeEndian.Uint32(b[blockPackets:])
			r.next = r.block*blockSize + int(binary.NativeEndian.Uint32(b[blockFirst:]))
			continue
		}
		if r.read() {
			r.ready = true
		} else {
			r.pop()
		}
	}
	return true, losing
}

// pop leaves the packet at hand.
func (r *ring) pop() {
	r.ready = false
	if r.left--; r.left > 0 {
		r.next += int(binary.NativeEndian.Uint32(r.mem[r.next+hdrNext:]))
	}
}

// read fills r.frame with the packet at r.next and reports whether it is wanted.
func (r *ring) read() bool {
	h := r.mem[r.next : r.next+hdrAddr+20 : (r.block+1)*blockSize]
	if h[addrKind] == unix.PACKET_OUTGOING && (r.lo || r.index == 0 && binary.NativeEndian.Uint16(h[addrHardware:]) == unix.ARPHRD_LOOPBACK) {
		return false
	}
	n := int(binary.NativeEndian.Uint32(h[hdrSnapLen:]))
	r.frame.wireLen = int(binary.NativeEndian.Uint32(h[hdrLen:]))
	r.frame.at = time.Unix(int64(binary.NativeEndian.Uint32(h[hdrSec:])), int64(binary.NativeEndian.Uint32(h[hdrNsec:]))).UTC()
	start := int(binary.NativeEndian.Uint16(h[hdrMac:]))
	if start+n > cap(h) || start < hdrAddr+20+cookedHeader+4 { // no kernel does that
		return false
	}
	whole := h[:start+n]
	tagged := binary.NativeEndian.Uint32(h[hdrStatus:])&unix.TP_STATUS_VLAN_VALID != 0
	switch {
	case r.cooked:
		start = cook(whole, start, tagged)
	case tagged && r.link == capture.LinkEthernet && n >= 12:
		start = tag(whole, start)
	}
	r.frame.data = whole[start:]
	r.frame.wireLen += len(r.frame.data) - n
	if r.filter != nil {
		keep, err := r.filter.Run(r.frame.data)
		if err != nil || keep == 0 {
			return false
		}
	}
	return true
}

// count adds what the kernel counted since it was last asked, and returns how
// many packets were lost in that time.
func (r *ring) count() uint64 {
	if r.fd < 0 {
		return 0
	}
	st, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0
	}
	r.received += uint64(st.Packets)
	r.dropped += uint64(st.Drops)
	return uint64(st.Drops)
}

// countMissed does the same for what was lost before the kernel.
func (r *ring) countMissed() uint64 {
	n := r.card.more()
	r.missed += n
	return n
}

// look finds out whether the interface went down, came up or was removed.
func (r *ring) look() (e Event, changed bool) {
	if r.index == 0 || r.gone {
		return 0, false
	}
	if sa, err := unix.Getsockname(r.fd); err == nil {
		if ll, ok := sa.(*unix.SockaddrLinklayer); ok && ll.Ifindex < 0 {
			r.gone = true
			return Gone, true
		}
	}
	req, err := unix.NewIfreq(r.name)
	if err != nil || unix.IoctlIfreq(r.fd, unix.SIOCGIFFLAGS, req) != nil {
		return 0, false
	}
	down := req.Uint16()&unix.IFF_UP == 0
	if down == r.down {
		return 0, false
	}
	if r.down = down; down {
		return Down, true
	}
	return Up, true
}

// close gives everything back to the kernel.
func (r *ring) close() {
	r.card.close()
	if r.mem != nil {
		_ = unix.Munmap(r.mem)
		r.mem = nil
	}
	if r.fd >= 0 {
		unix.Close(r.fd)
		r.fd = -1
	}
}
