package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/pcapng"
)

// A copied is a packet that was kept.
type copied struct {
	capture.Packet
	data []byte
}

func packets(t *testing.T, name string) (all []copied) {
	t.Helper()
	f, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p capture.Packet
	for f.Next(&p) == nil {
		all = append(all, copied{p, bytes.Clone(p.Data)})
	}
	return all
}

// A place is a byte of a packet.
type place struct{ packet, off int }

// handshakeBytes finds the bytes of handshake messages in a capture of one
// connection over Ethernet, IPv4 and TCP that nothing is lost of: the bodies of
// handshake records and, in TLS 1.3, of those that are sealed.
func handshakeBytes(all []copied, tls13 bool) (places []place) {
	var streams [2][]place // server, client
	for i, p := range all {
		ip := p.data[14:]
		tcp := 14 + int(ip[0]&15)*4
		side := 0
		if binary.BigEndian.Uint16(p.data[tcp+2:]) == 14433 {
			side = 1
		}
		for off := tcp + int(p.data[tcp+12]>>4)*4; off < 14+int(binary.BigEndian.Uint16(ip[2:])); off++ {
			streams[side] = append(streams[side], place{i, off})
		}
	}
	for side, s := range streams {
		at := func(i int) int { return int(all[s[i].packet].data[s[i].off]) }
		sealed := 0
		for len(s) >= 5 {
			n := 5 + at(3)<<8 + at(4)
			take := at(0) == 22
			if tls13 && at(0) == 23 {
				sealed++
				// EncryptedExtensions to Finished of the server, Finished of the client
				take = sealed <= [2]int{4, 1}[side]
			}
			if take {
				places = append(places, s[5:n]...)
			}
			s = s[n:]
		}
	}
	return places
}

// datagramBytes finds the bytes of handshake messages in a capture of one
// connection of DTLS over Ethernet, IPv4 and UDP, from the hello with the cookie
// on: nothing covers what is before it (RFC 6347, Section 4.2.6).
//
// Of DTLS 1.3 it takes the bodies of the hellos, and all of the records of epoch
// 2: message_seq and what else is about fragments is not hashed (RFC 9147,
// Section 5.2), nor is what the headers of records in the clear say.
func datagramBytes(all []copied, tls13 bool) (places []place) {
	for i, p := range all {
		for off := 14 + 20 + 8; (i > 1 || tls13) && off+5 <= len(p.data); {
			if b := p.data[off:]; b[0]&0xe0 == 0x20 { // NSS always sends the length
				n := 5 + int(binary.BigEndian.Uint16(b[3:]))
				for k := range n {
					if b[0]&3 == 2 {
						places = append(places, place{i, off + k})
					}
				}
				off += n
				continue
			}
			n := int(binary.BigEndian.Uint16(p.data[off+11:]))
			if tls13 {
				for k := 12; k < n; k++ {
					if p.data[off] == 22 {
						places = append(places, place{i, off + 13 + k})
					}
				}
				off += 13 + n
				continue
			}
			for k := range n {
				if p.data[off] == 22 {
					places = append(places, place{i, off + 13 + k})
				}
			}
			off += 13 + n
		}
	}
	return places
}

// allWell says what a report holds right about a connection: that it is
// open, and every signature and Finished right.
func allWell(cs []shown) string {
	if len(cs) != 1 {
		return fmt.Sprint(len(cs), " connections")
	}
	c := cs[0]
	s := []string{c.Decryption.Status, c.verified()}
	if sig := c.Phases.KeyExchange.Signature; sig != nil {
		s = append(s, fmt.Sprint("signature ", sig.Verified))
	}
	return strings.Join(s, ", ")
}

// TestOneBit flips single bits of handshake messages: whatever it is, the
// report does not say any more that everything is right.
func TestOneBit(t *testing.T) {
	for _, tc := range []struct {
		name  string
		tls13 bool
	}{{"tls12-ecdhe-rsa", false}, {"tls12-rsa", false}, {"tls13-openssl", true}, {"dtls12", false}, {"dtls-10", false}, {"dtls-13-hrr", true}, {"dtls-13-keyupdate", true}} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			all := packets(t, pcaps+tc.name+".pcapng")
			var places []place
			if strings.HasPrefix(tc.name, "dtls") {
				places = datagramBytes(all, tc.tls13)
			} else {
				places = handshakeBytes(all, tc.tls13)
			}
			if len(places) < 1500 {
				t.Fatalf("%d bytes of handshake", len(places))
			}
			run := func(i int) string {
				out := writePackets(t, filepath.Join(dir, fmt.Sprint(i, ".pcapng")), all)
				return allWell(connections(t, tlslens(t, nil, "-T", "jsonl", "-k", pcaps+tc.name+".keys", out).out))
			}
			well := run(0)
			if want := "full, client and server"; !strings.HasPrefix(well, want) || strings.Contains(well, "false") {
				t.Fatalf("untouched: %s", well)
			}
			rnd := rand.New(rand.NewPCG(7, 11))
			for i := range 250 {
				p := places[(i*len(places)/250+rnd.IntN(8))%len(places)]
				bit := byte(1) << rnd.IntN(8)
				all[p.packet].data[p.off] ^= bit
				if got := run(i + 1); got == well {
					t.Errorf("bit %#02x of byte %d of packet %d is flipped, and still: %s", bit, p.off, p.packet+1, got)
				}
				all[p.packet].data[p.off] ^= bit
			}
		})
	}
}

// writePackets writes a capture of Ethernet.
func writePackets(t *testing.T, name string, all []copied) string {
	t.Helper()
	var b bytes.Buffer
	w := pcapng.NewWriter(&b, "test")
	i, err := w.Interface(capture.Interface{Link: all[0].Link})
	for _, p := range all {
		if err == nil {
			err = w.Packet(i, p.Time, p.data, p.WireLen, "")
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, name, b.Bytes())
}

// TestDatagramOrder opens DTLS whose datagrams come doubled, or each with its
// neighbour exchanged: numbers are explicit, so nothing of it matters.
func TestDatagramOrder(t *testing.T) {
	for _, base := range []string{"dtls12", "dtls-10", "dtls-client-cert", "dtls-resumed", "dtls-13-hrr", "dtls-13-keyupdate", "dtls-13-early-data", "dtls-13-lossy", "dtls-13-firefox"} {
		log := pcaps + base + ".keys"
		all := packets(t, pcaps+base+".pcapng")
		plain := tlslens(t, nil, "--follow", "1", "--as", "raw", "-k", log, pcaps+base+".pcapng").out
		if plain == "" {
			t.Errorf("%s: nothing was said", base)
		}
		var doubled, swapped []copied
		for i, p := range all {
			doubled = append(doubled, p, p)
			swapped = append(swapped, p)
			if i%2 == 1 {
				swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			}
		}
		for name, list := range map[string][]copied{"doubled": doubled, "swapped": swapped} {
			out := writePackets(t, filepath.Join(t.TempDir(), name), list)
			for _, c := range connections(t, tlslens(t, nil, "-T", "jsonl", "-k", log, out).out) {
				if c.Decryption.Status != "full" || c.verified() != "client and server" {
					t.Errorf("%s %s: connection %d is %v, Finished of %s", base, name, c.Number, c.Decryption, c.verified())
				}
			}
		}
	}
}
