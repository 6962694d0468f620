package tlslens_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
)

// ranges are numbers, ranges of packets and how long these took in words of which
// the digits were taken.
var ranges = regexp.MustCompile(`(packets? )?0(–0|\.0)?(, 0(\.0)? ms)?`)

// TestMerge joins segments that follow each other, as a host does whose network
// card takes segments together, and expects the same words.
func TestMerge(t *testing.T) { sameWords(t, merged) }

// TestFragments cuts packets of IPv4 into fragments, and expects the same words.
func TestFragments(t *testing.T) { sameWords(t, fragmented) }

// sameWords holds that captures with other packets give the same words.
func sameWords(t *testing.T, other func([]capture.Packet) []capture.Packet) {
	names, roots, changed := captureNames(t), testRoots(t), 0
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			others := other(packets)
			if len(others) == len(packets) {
				return // there is none that could be joined or cut
			}
			changed++
			words := func(p []capture.Packet) string {
				text := wordsOf(countless(understandWith(t, p, dissect.Options{Roots: roots}).text(t)))
				return ranges.ReplaceAllString(text, "packet 0")
			}
			want, got := words(packets), words(others)
			if d := lineDiff(want, got); d != "" {
				t.Errorf("(-original +other):\n%.1500s", d)
			}
		})
	}
	if changed < 50 {
		t.Errorf("%d captures were changed", changed)
	}
}

// ethernetIPv4 returns the header and what follows of a whole packet of IPv4 over
// Ethernet that is no fragment; nil of another one.
func ethernetIPv4(p *capture.Packet) (header, rest []byte) {
	b := p.Data
	if uint32(p.Link) != uint32(layers.LinkTypeEthernet) || p.WireLen != len(b) || len(b) < 34 || b[12] != 8 || b[13] != 0 || b[14] != 0x45 ||
		binary.BigEndian.Uint16(b[20:])&0x3fff != 0 || int(binary.BigEndian.Uint16(b[16:])) != len(b)-14 {
		return nil, nil
	}
	return b[14:34], b[34:]
}

// numberedAnew gives packets the numbers of their places.
func numberedAnew(packets []capture.Packet) []capture.Packet {
	for i := range packets {
		packets[i].Number = uint64(i + 1)
	}
	return packets
}

// merged joins neighbours of one direction of TCP that follow each other.
func merged(packets []capture.Packet) (all []capture.Packet) {
	for _, p := range packets {
		if len(all) > 0 {
			if q, ok := join(&all[len(all)-1], &p); ok {
				all[len(all)-1] = q
				continue
			}
		}
		all = append(all, p)
	}
	return numberedAnew(all)
}

func join(a, b *capture.Packet) (capture.Packet, bool) {
	ah, at := ethernetIPv4(a)
	bh, bt := ethernetIPv4(b)
	if ah == nil || bh == nil || ah[9] != 6 || bh[9] != 6 || !bytes.Equal(ah[12:20], bh[12:20]) || len(at) < 20 || len(bt) < 20 || !bytes.Equal(at[:4], bt[:4]) {
		return *a, false
	}
	an, bn := int(at[12]>>4)*4, int(bt[12]>>4)*4
	const finSynRst = 7
	if len(at) <= an || len(bt) <= bn || at[13]&finSynRst != 0 || bt[13]&6 != 0 || len(at)+len(bt) > 60000 ||
		binary.BigEndian.Uint32(at[4:])+uint32(len(at)-an) != binary.BigEndian.Uint32(bt[4:]) || !bytes.Equal(at[8:12], bt[8:12]) {
		return *a, false
	}
	q := *a
	q.Data = append(bytes.Clone(a.Data), bt[bn:]...)
	q.Data[34+13] |= bt[13]
	q.WireLen = len(q.Data)
	binary.BigEndian.PutUint16(q.Data[16:], uint16(len(q.Data)-14))
	clear(q.Data[34+16 : 34+18]) // the network card was to compute the checksum
	checksum(q.Data[14:34])
	return q, true
}

// checksum sets that of a header of IPv4.
func checksum(h []byte) {
	clear(h[10:12])
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum%0xffff))
}

// fragmented cuts packets into fragments, and sends the last one first of every
// third packet.
func fragmented(packets []capture.Packet) (all []capture.Packet) {
	for i, p := range packets {
		h, rest := ethernetIPv4(&p)
		if h == nil || len(rest) <= 104 {
			all = append(all, p)
			continue
		}
		var pieces []capture.Packet
		for off := 0; off < len(rest); off += 104 {
			q := p
			end := min(off+104, len(rest))
			q.Data = append(bytes.Clone(p.Data[:34]), rest[off:end]...)
			q.WireLen = len(q.Data)
			binary.BigEndian.PutUint16(q.Data[16:], uint16(len(q.Data)-14))
			binary.BigEndian.PutUint16(q.Data[18:], uint16(i+1))
			field := uint16(off / 8)
			if end < len(rest) {
				field |= 0x2000
			}
			binary.BigEndian.PutUint16(q.Data[20:], field)
			checksum(q.Data[14:34])
			pieces = append(pieces, q)
		}
		if i%3 == 0 {
			pieces[0], pieces[len(pieces)-1] = pieces[len(pieces)-1], pieces[0]
		}
		all = append(all, pieces...)
	}
	return numberedAnew(all)
}
