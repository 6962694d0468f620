package packet

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// within reports whether b lies in the bytes of outer.
func within(b, outer []byte) bool {
	if len(b) == 0 {
		return true
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(outer)))
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return len(outer) > 0 && at >= start && at+uintptr(len(b)) <= start+uintptr(len(outer))
}

// checkPacket holds what has to be true of any result.
func checkPacket(t *testing.T, d *Decoder, k Kind, p *Packet, data []byte, wireLen int) {
	t.Helper()
	if (k == TCP) != (p.Proto == ProtoTCP) || (k == UDP) != (p.Proto == ProtoUDP) {
		t.Fatalf("%v with Proto %d", k, p.Proto)
	}
	if n := p.Encapsulation(); len(n) > maxHops+1 || (len(n) > 0) != p.Encapsulated() {
		t.Fatalf("encapsulation %q", n)
	}
	if k == Undecodable {
		if p.Fault.Reason == noReason || p.Fault.Error() == "" || p.Fault.Off < 0 || p.Fault.Have < 0 || p.Fault.Need < 0 {
			t.Fatalf("fault %+v", p.Fault)
		}
		if p.Fault.Cut && wireLen <= len(data) {
			t.Fatal("a whole frame called cut")
		}
		return
	}
	if k != TCP && k != UDP {
		return
	}
	if p.Missing < 0 || p.Missing > max(wireLen-len(data), 0) {
		t.Fatalf("missing %d, frame %d of %d", p.Missing, len(data), wireLen)
	}
	in := data
	if p.Fragments > 0 {
		in = d.base
		if !slices.ContainsFunc(d.frags.done, func(b []byte) bool { return within(p.Payload, b) }) {
			t.Fatal("payload in no buffer of the decoder")
		}
	}
	if !within(p.Payload, in) || !within(p.seg, in) {
		t.Fatal("payload outside of frame and buffer")
	}
	if !p.Src.IsValid() || !p.Dst.IsValid() || p.Src.Addr().BitLen() != p.Dst.Addr().BitLen() {
		t.Fatalf("%v > %v", p.Src, p.Dst)
	}
	if p.Options.WindowScale > 14 {
		t.Fatalf("window scale %d", p.Options.WindowScale)
	}
	valid, known := p.TransportChecksumOK()
	if valid && !known {
		t.Fatal("valid but not known")
	}
	p.IPChecksumOK()
}

func FuzzDecode(f *testing.F) {
	for _, c := range paths {
		f.Add(c.link, c.frame, uint16(0), uint8(0))
	}
	body := append(seg(""), long(300)...)
	for _, frames := range [][][]byte{cut4(6, 9, 64, body), cut6(9, 64, body), nest6(body)} {
		f.Add(uint32(101), slices.Concat(frames...), uint16(3), uint8(len(frames[0])))
	}
	f.Fuzz(func(t *testing.T, link uint32, data []byte, cut uint16, split uint8) {
		d := NewDecoder(Limits{Datagrams: 8, FragmentBytes: 1})
		var p, again Packet
		// The input is one frame, or several of equal length, seconds apart.
		size := len(data)
		if split > 0 {
			size = int(split)
		}
		for i := 0; ; i++ {
			b := data[:min(size, len(data)):min(size, len(data))]
			data = data[len(b):]
			at := epoch.Add(time.Duration(i) * time.Second)
			k := d.Decode(link, b, len(b)+int(cut), at, &p)
			checkPacket(t, d, k, &p, b, len(b)+int(cut))
			checkFragments(t, d)
			if p.Fragments == 0 && (k == TCP || k == UDP) {
				// A decoder without a past says the same.
				k2 := NewDecoder(Limits{}).Decode(link, b, len(b)+int(cut), at, &again)
				if a, b := describe(k, &p)+fmt.Sprint(p.Zone, p.Missing, p.Odd), describe(k2, &again)+fmt.Sprint(again.Zone, again.Missing, again.Odd); a != b {
					t.Fatalf("%s\n%s", a, b)
				}
			}
			if len(data) == 0 {
				return
			}
		}
	})
}
