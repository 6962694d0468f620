package tlslens_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
)

// TestSplit cuts every TCP segment in pieces of a size, as a path with a small
// MTU does, and expects the same words: where segments end says nothing.
func TestSplit(t *testing.T) {
	names := captureNames(t)
	roots := testRoots(t)
	for _, name := range sortedKeys(names) {
		t.Run(name, func(t *testing.T) {
			packets, _ := packetsOf(t, filepath.Join(pcaps, names[name]))
			if len(packets) > mostPackets {
				t.Skipf("%d packets", len(packets))
			}
			want := oneRange(wordsOf(countless(understandWith(t, packets, dissect.Options{Roots: roots}).text(t))))
			for _, size := range []int{1, 7, 536} {
				pieces := split(t, packets, size)
				if len(pieces) == len(packets) {
					continue
				}
				if size == 1 && name == "starttls-smtp-refused" {
					continue // TLS that nobody agreed on is found where a segment begins with it
				}
				got := oneRange(wordsOf(countless(understandWith(t, pieces, dissect.Options{Roots: roots}).text(t))))
				if d := lineDiff(want, got); d != "" {
					t.Errorf("in pieces of %d bytes (-original +split):\n%s", size, d)
				}
			}
		})
	}
}

// oneRange makes one packet of a range of them: what came in one may come in
// several pieces.
func oneRange(words string) string { return strings.ReplaceAll(words, "0–0", "0") }

// countless drops the lines that count packets.
func countless(text string) string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if !strings.Contains(l, "checksum") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// split cuts the segments of TCP over IPv4 and Ethernet into pieces of at most
// size bytes.
func split(t *testing.T, packets []capture.Packet, size int) []capture.Packet {
	var out []capture.Packet
	for _, p := range packets {
		pkt := gopacket.NewPacket(p.Data, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		ip, _ := pkt.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		tcp, _ := pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
		eth, _ := pkt.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		whole := ip != nil && tcp != nil && eth != nil && p.WireLen == len(p.Data) && len(pkt.Layers()) <= 4 &&
			int(ip.Length) == len(p.Data)-14 && uint32(p.Link) == uint32(layers.LinkTypeEthernet)
		if !whole || len(tcp.Payload) <= size {
			out = append(out, p)
			continue
		}
		payload := tcp.Payload
		for off := 0; off < len(payload); off += size {
			piece := payload[off:min(len(payload), off+size)]
			head := *tcp
			head.Seq += uint32(off)
			head.FIN = tcp.FIN && off+size >= len(payload)
			head.SYN = tcp.SYN && off == 0
			if tcp.SYN && off > 0 {
				head.Seq++
			}
			if err := head.SetNetworkLayerForChecksum(ip); err != nil {
				t.Fatal(err)
			}
			buf := gopacket.NewSerializeBuffer()
			ipHead := *ip
			if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, &ipHead, &head, gopacket.Payload(piece)); err != nil {
				t.Fatal(err)
			}
			q := p
			q.Data = buf.Bytes()
			q.WireLen = len(q.Data)
			out = append(out, q)
		}
	}
	for i := range out {
		out[i].Number = uint64(i + 1)
	}
	return out
}
