package packet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// segOpts is a SYN with options, filled up to a multiple of 4 bytes.
func segOpts(opts []byte, payload string) []byte {
	for len(opts)%4 != 0 {
		opts = append(opts, 0)
	}
	h := seg("")
	h[12], h[13] = byte(5+len(opts)/4)<<4, 0x02
	return join(h, opts, []byte(payload))
}

func TestTCPOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		opts string
		want Options
		odd  Odd
	}{
		{"none", "", Options{}, 0},
		{"Linux SYN", "020405b4 0402 080a 00000001 00000002 01 030307",
			Options{HasMSS | HasSACKPermitted | HasTimestamps | HasWindowScale, 7, 1460, 1, 2}, 0},
		{"timestamps only", "0101080a 000000ff 000000fe", Options{Has: HasTimestamps, TSval: 255, TSecr: 254}, 0},
		{"window scale 15 counts as 14", "03030f", Options{Has: HasWindowScale, WindowScale: 14}, 0},
		{"SACK, MD5, AO, fast open", "050a0000000100000002 1312" + "00000000000000000000000000000000" + "2202 1d04",
			Options{Has: HasSACK | HasSignature | HasFastOpen}, OddTCPOptions},
		{"length 0", "020405b4 0500", Options{Has: HasMSS, MSS: 1460}, OddTCPOptions},
		{"length 1", "0501", Options{}, OddTCPOptions},
		{"length beyond the header", "01010506", Options{}, OddTCPOptions},
		{"MSS of another length", "0203ff", Options{}, 0},
		{"end, then anything", "00ff ff00", Options{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, p := decode(101, ip4(6, segOpts(hx(c.opts), hello)))
			if k != TCP || string(p.Payload) != hello || p.Flags != FlagSYN {
				t.Fatalf("%v %q %v", k, p.Payload, p.Flags)
			}
			if diff := cmp.Diff(c.want, p.Options); diff != "" || p.Odd != c.odd {
				t.Errorf("odd %b, want %b\n%s", p.Odd, c.odd, diff)
			}
		})
	}
}

// TestTCPOptionsReused checks that a segment does not show the options of the
// one before.
func TestTCPOptionsReused(t *testing.T) {
	d := NewDecoder(Limits{})
	var p Packet
	for _, f := range [][]byte{ip4(6, segOpts(hx("020405b4 0101080a 0000000100000002"), "")), tcp4(), ip4(17, dgram(1, 2))} {
		d.Decode(101, f, len(f), epoch, &p)
	}
	if diff := cmp.Diff(Options{}, p.Options); diff != "" || p.Flags != 0 || p.Seq != 0 {
		t.Error(diff, p.Flags, p.Seq)
	}
	d.Decode(101, tcp4(), 45, epoch, &p)
	if diff := cmp.Diff(Options{}, p.Options); diff != "" {
		t.Error(diff)
	}
}

func TestFlagsString(t *testing.T) {
	for f, want := range map[Flags]string{0: "", FlagSYN | FlagACK: "SYN|ACK", 0xFF: "FIN|SYN|RST|PSH|ACK|URG|ECE|CWR"} {
		if got := f.String(); got != want {
			t.Errorf("%d: %q, want %q", f, got, want)
		}
	}
}

// TestMissing cuts frames by the snapshot length and by nothing at all.
func TestMissing(t *testing.T) {
	full := eth(0x0800, ip4(6, seg("0123456789")))
	tso := eth(0x0800, join(hx("4500 0000 0007 0000 4006 0000 0a000001 0a000002"), seg("0123456789")))
	opts := eth(0x0800, ip4(6, segOpts(hx("0101080a 0000000100000002"), hello)))
	udp := eth(0x0800, ip4(17, dgram(1, 2, []byte(hello))))
	for _, c := range []struct {
		name    string
		frame   []byte
		wire    int
		payload string
		missing int
		odd     Odd
	}{
		{"whole", full, len(full), "0123456789", 0, 0},
		{"cut", full[:len(full)-4], len(full), "012345", 4, 0},
		{"cut in the padding", join(full, hx("0000"))[:len(full)], len(full) + 2, "0123456789", 0, 0},
		{"cut at the header", full[:54], len(full), "", 10, 0},
		{"length lies", full[:len(full)-4], len(full) - 4, "012345", 0, OddLengthBeyondFrame},
		{"cut and lies", full[:len(full)-4], len(full) - 1, "012345", 3, OddLengthBeyondFrame},
		{"offload, cut", tso[:len(tso)-4], len(tso), "012345", 4, OddLengthZero},
		{"cut in the options", opts[:58], len(opts), "", 5, 0},
		{"UDP, cut", udp[:len(udp)-2], len(udp), "hel", 2, 0},
		{"UDP length lies", eth(0x0800, ip4(17, hx("0001 0002 0100 0000 68656c6c6f"))), 47, hello, 0, OddLengthBeyondFrame},
		{"UDP length shorter", eth(0x0800, ip4(17, hx("0001 0002 000a 0000 68656c6c6f"))), 47, "he", 0, 0},
		{"UDP length 0", eth(0x0800, ip4(17, hx("0001 0002 0000 0000 68656c6c6f"))), 47, hello, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Packet
			k := NewDecoder(Limits{}).Decode(1, c.frame, c.wire, epoch, &p)
			if k != TCP && k != UDP || string(p.Payload) != c.payload || p.Missing != c.missing || p.Odd != c.odd {
				t.Errorf("%v %q missing %d odd %b, want %q missing %d odd %b", k, p.Payload, p.Missing, p.Odd, c.payload, c.missing, c.odd)
			}
		})
	}
}
