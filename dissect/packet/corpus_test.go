package packet

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A frame is one packet of a capture file.
type frame struct {
	link    uint32
	data    []byte
	wireLen int
	at      time.Time
}

// readFrames reads the packets of a whole pcap or pcapng file. It is a small
// reader for files known to be sound and returns nil for anything else.
func readFrames(b []byte) []frame {
	if len(b) < 28 {
		return nil
	}
	switch binary.LittleEndian.Uint32(b) {
	case 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34:
		return readPcap(b, binary.LittleEndian)
	case 0xd4c3b2a1, 0x4d3cb2a1, 0x34cdb2a1:
		return readPcap(b, binary.BigEndian)
	case 0x0a0d0d0a:
		return readPcapNG(b)
	}
	return nil
}

func readPcap(b []byte, o binary.ByteOrder) (out []frame) {
	magic := o.Uint32(b)
	unit, head := time.Microsecond, 16
	if magic == 0xa1b23c4d {
		unit = time.Nanosecond
	}
	if magic == 0xa1b2cd34 { // Kuznetzov's
		head = 24
	}
	link := o.Uint32(b[20:]) & 0xFFFF
	for b = b[24:]; len(b) >= head; {
		n := int(o.Uint32(b[8:]))
		if n > len(b)-head {
			break
		}
		at := time.Unix(int64(o.Uint32(b)), int64(o.Uint32(b[4:]))*int64(unit))
		out = append(out, frame{link, b[head : head+n : head+n], int(o.Uint32(b[12:])), at})
		b = b[head+n:]
	}
	return out
}

func readPcapNG(b []byte) (out []frame) {
	var o binary.ByteOrder = binary.LittleEndian
	var links []uint32
	for len(b) >= 12 {
		if o.Uint32(b) == 0x0a0d0d0a {
			o, links = binary.LittleEndian, nil
			if binary.BigEndian.Uint32(b[8:]) == 0x1a2b3c4d {
				o = binary.BigEndian
			}
		}
		n := int(o.Uint32(b[4:]))
		if n < 12 || n > len(b) {
			break
		}
		body := b[8 : n-4]
		switch kind := o.Uint32(b); {
		case kind == 1:
			links = append(links, uint32(o.Uint16(body)))
		case kind == 3 && len(links) > 0:
			w := int(o.Uint32(body))
			out = append(out, frame{links[0], body[4 : 4+min(w, len(body)-4)], w, time.Unix(0, 0)})
		case (kind == 6 || kind == 2) && int(o.Uint32(body[12:])) <= len(body)-20:
			i := int(o.Uint32(body))
			if kind == 2 {
				i = int(o.Uint16(body))
			}
			us := int64(o.Uint32(body[4:]))<<32 | int64(o.Uint32(body[8:]))
			c := int(o.Uint32(body[12:]))
			if i < len(links) {
				out = append(out, frame{links[i], body[20 : 20+c : 20+c], int(o.Uint32(body[16:])), time.UnixMicro(us)})
			}
		}
		b = b[n:]
	}
	return out
}

// A segment is what tshark says of a TCP segment or a UDP datagram.
type segment struct {
	src, dst string
	seq      uint32
	size     int
}

// tsharkFrames returns the innermost segment of each frame of a capture, by
// frame number from 1.
func tsharkFrames(t *testing.T, file, proto string) map[int]segment {
	args := []string{"-n", "-r", file, "-Y", proto, "-T", "fields", "-E", "occurrence=l", "-E", "separator=|",
		"-o", "tcp.relative_sequence_numbers:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE",
		"-o", "tcp.analyze_sequence_numbers:FALSE", "-o", "ip.defragment:TRUE",
		"--disable-protocol", "tls", "--disable-protocol", "http", "--disable-protocol", "quic"}
	for _, f := range []string{"frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
		"tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len", "udp.srcport", "udp.dstport", "udp.length"} {
		args = append(args, "-e", f)
	}
	raw, _ := exec.Command("tshark", args...).Output() // a damaged file gives its sound part
	out := make(map[int]segment)
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 13 {
			continue
		}
		layers := ":" + f[1] + ":"
		at := strings.LastIndex(layers, ":"+proto+":")
		if at < 0 || strings.Contains(layers, ":icmp") {
			continue // also what an ICMP error quotes
		}
		src, dst := f[2], f[3]
		if strings.LastIndex(layers[:at+1], ":ipv6:") > strings.LastIndex(layers[:at+1], ":ip:") {
			src, dst = f[4], f[5]
		}
		no, _ := strconv.Atoi(f[0])
		var s segment
		if proto == "tcp" {
			seq, _ := strconv.ParseUint(f[8], 10, 32)
			size, _ := strconv.Atoi(f[9])
			s = segment{src + " " + f[6], dst + " " + f[7], uint32(seq), size}
		} else {
			size, _ := strconv.Atoi(f[12])
			s = segment{src + " " + f[10], dst + " " + f[11], 0, size - 8}
		}
		out[no] = s
	}
	return out
}

func captures(t *testing.T, dirs ...string) (out []string) {
	root := os.Getenv("TLSLENS_CORPUS")
	if root == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	for _, dir := range dirs {
		filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && strings.Contains(filepath.Ext(path), "cap") {
				out = append(out, path)
			}
			return nil
		})
	}
	if len(out) == 0 {
		t.Fatal("no captures in the corpus")
	}
	return out
}

// differsFromTshark names the captures of the corpus that are to be read in
// another way than tshark does, with the number of frames that this touches.
var differsFromTshark = map[string]struct {
	frames int
	why    string
}{
	"enc_mpls300.pcap":           {10, "300 labels are more than the limit"},
	"ins_doff_small.pcap":        {1, "a data offset of 8 bytes; tshark shows ports all the same"},
	"ip6_frag_overlap.pcap":      {1, "RFC 5722: the datagram is void; tshark reassembles it"},
	"ip6_plen0_tcp.pcap":         {1, "IPv6 payload length 0 means offload; tshark reads no payload"},
	"ip_frag_id_reuse.pcap":      {1, "fragments 120 s apart; tshark never forgets them"},
	"ip_teardrop.pcap":           {1, "a last fragment that ends before an earlier one"},
	"lib_gopacket_panics_1.pcap": {1, "16 bytes of a TCP header"},
	"TCP - Network.pcap":         {1, "tshark goes into sFlow samples"},
	"TCP - Network.pcapng":       {1, "tshark goes into sFlow samples"},
}

// TestTshark compares every TCP segment of the corpus with what tshark reads.
func TestTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	files, segments := 0, 0
	for _, file := range captures(t, "captures", "hostile/open") {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "file_") {
			continue // damaged files are another package's trade
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frames := readFrames(raw)
		if frames == nil {
			continue
		}
		diff := compareWithTshark(t, file, frames, &segments)
		if len(diff) != differsFromTshark[name].frames {
			t.Errorf("%s: %d of %d frames differ from tshark, expected %d:\n%s", file, len(diff), len(frames),
				differsFromTshark[name].frames, strings.Join(diff[:min(len(diff), 3)], "\n"))
		}
		files++
	}
	t.Logf("%d files, %d segments", files, segments)
	if segments == 0 {
		t.Error("no segments")
	}
}

func compareWithTshark(t *testing.T, file string, frames []frame, segments *int) (diff []string) {
	want := tsharkFrames(t, file, "tcp")
	d := NewDecoder(Limits{})
	var p Packet
	for i, f := range frames {
		got, w := "", ""
		k := d.Decode(f.link, f.data, f.wireLen, f.at, &p)
		if k == TCP {
			*segments++
			got = fmt.Sprint(segment{addr(p.Src), addr(p.Dst), p.Seq, len(p.Payload) + p.Missing})
		}
		if s, ok := want[i+1]; ok {
			w = fmt.Sprint(s)
		}
		if got != w {
			diff = append(diff, fmt.Sprintf("frame %d: %v %s, tshark %s", i+1, k, got, w))
		}
	}
	return diff
}
