package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/tlslens/tlslens/capture"
)

func TestFollow(t *testing.T) {
	keys := func(name string, more ...string) []string {
		return append([]string{"-k", pcaps + name + ".keys", pcaps + name + ".pcapng"}, more...)
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string
		not  string
	}{
		{"text", keys("tls13-openssl", "--follow", "1"), []string{"== client, packet ", "GET /hello", "== server, packet ", "HTTP/1.0 200"}, "┌"},
		{"client only", keys("tls13-openssl", "--follow", "1:client"), []string{"GET /hello"}, "200"},
		{"server only", keys("tls13-openssl", "--follow", "1:server"), []string{"HTTP/1.0 200"}, "GET"},
		{"hex", keys("tls13-openssl", "--follow", "1:client", "--as", "hex"), []string{"00000000  47 45 54 20 2f 68 65 6c 6c 6f", "  GET /hello HTTP/"}, "\nGET"},
		{"raw", keys("tls13-openssl", "--follow", "1:client", "--as", "raw"), []string{"GET /hello HTTP/1.0\r\n"}, "=="},
		{"of several", keys("tour", "--follow", "3"), []string{"GET / HTTP/1.0"}, "┌"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tlslens(t, nil, tc.args...)
			if r.status != 0 {
				t.Errorf("status %d: %s", r.status, r.errors)
			}
			r.has(t, tc.want...)
			if strings.Contains(r.out, tc.not) {
				t.Errorf("the output has %q:\n%s", tc.not, r.out)
			}
		})
	}
	t.Run("sealed", func(t *testing.T) {
		r := tlslens(t, nil, "--follow", "1", "-k", pcaps+"tour.keys", pcaps+"tls13-openssl.pcapng")
		r.want(t, 0, "nothing of connection #1 could be opened: ")
		if r.out != "" {
			t.Error(r.out)
		}
		tlslens(t, nil, "--follow", "1", pcaps+"starttls-imap-login.pcapng").want(t, 0, "it stayed in the clear, and nothing of it is sealed")
		tlslens(t, nil, "--follow", "1", pcaps+"tls13-openssl.pcapng").want(t, 0, "could be opened: there is no secret for it; -k FILE")
	})
	t.Run("not there", func(t *testing.T) {
		out := writeFile(t, filepath.Join(t.TempDir(), "out"), []byte("as it was"))
		for _, more := range [][]string{nil, {"-o", out}, {"--conn", "3"}} {
			r := tlslens(t, nil, append(keys("tour", "--follow", "99"), more...)...)
			r.want(t, 2, "tlslens: there is no connection #99\ntlslens: hint: the last is #10; ")
			if r.out != "" {
				t.Error(r.out)
			}
		}
		if b := readFile(t, out); string(b) != "as it was" {
			t.Errorf("the output is %q", b)
		}
	})
	t.Run("no control characters", func(t *testing.T) {
		r := tlslens(t, nil, keys("tls12-nginx-curl", "--follow", "1")...) // HTTP/2 is binary
		if strings.ContainsFunc(strings.ReplaceAll(r.out, "\n", ""), func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			t.Errorf("%q", r.out)
		}
	})
}

// TestPrivateFiles holds that what may have secrets is its owner's, and that
// nothing is overwritten: not even read is a capture whose results cannot go
// where they should.
func TestPrivateFiles(t *testing.T) {
	dir := t.TempDir()
	log, name := pcaps+"tls13-openssl.keys", pcaps+"tls13-openssl.pcapng"
	there := writeFile(t, filepath.Join(dir, "there"), []byte("mine"))
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--plaintext-pcap", "--embed-keys", "--strip-keys"} {
		for _, tc := range []struct {
			name    string
			args    []string
			message string
		}{
			{"there", []string{flag, there, name}, flag + " " + there + " is there already"},
			{"link to nowhere", []string{flag, link, name}, "is there already"},
			{"the capture itself", []string{flag, name, name}, "is there already"},
			{"no folder", []string{flag, filepath.Join(dir, "no/file"), name}, "cannot be written: no such file or directory"},
			{"empty name", []string{flag + "=", name}, "the name of the file is empty"},
			{"two captures", []string{flag, filepath.Join(dir, "new"), name, pcaps + "tour.pcapng"}, "take one capture, not 2"},
			{"where the report goes", []string{flag, filepath.Join(dir, "new"), "-o", filepath.Join(dir, ".", "new"), name}, "written to the same file"},
		} {
			t.Run(flag+" "+tc.name, func(t *testing.T) {
				r := tlslens(t, nil, append(tc.args, "-k", log)...)
				r.want(t, 2, tc.message)
				if r.out != "" {
					t.Errorf("the capture was read:\n%s", r.out)
				}
			})
		}
		t.Run(flag+" mode", func(t *testing.T) {
			out := filepath.Join(dir, "out"+flag)
			r := tlslens(t, nil, "-q", "-k", log, flag, out, name)
			r.want(t, 0, " in "+out)
			info, err := os.Stat(out)
			if err != nil || info.Mode().Perm() != 0o600 || info.Size() < 500 {
				t.Errorf("%v, %v", info, err)
			}
		})
		t.Run(flag+" without a capture", func(t *testing.T) {
			out := filepath.Join(dir, "none"+flag)
			tlslens(t, nil, flag, out, "no/such").want(t, 2, "no/such: cannot be opened")
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("a file is left: %v", err)
			}
		})
	}
	for _, flag := range []string{"--embed-keys", "--strip-keys"} {
		r := tlslens(t, bytes.NewReader(readFile(t, name)), flag, filepath.Join(dir, "stdin"), "-")
		r.want(t, 2, "which standard input does not allow")
	}
	for _, args := range [][]string{{"--follow", "1"}, {"--plaintext-pcap", filepath.Join(dir, "x")}, {"--embed-keys", filepath.Join(dir, "x")}} {
		tlslens(t, nil, append(args, "--no-decrypt", name)...).want(t, 2, "--no-decrypt opens nothing")
	}
	tlslens(t, nil, "--as", "hex", name).want(t, 2, "--as says how --follow prints")
	for _, v := range []string{"0", "x", "1:both", ":client"} {
		tlslens(t, nil, "--follow", v, name).want(t, 2, "--follow")
	}
	if b := readFile(t, there); string(b) != "mine" {
		t.Errorf("overwritten with %q", b)
	}
}

// TestEmbeddedKeys writes every capture with its keys and reads it again:
// without any other keys the results are the same.
func TestEmbeddedKeys(t *testing.T) {
	dir := t.TempDir()
	for log, name := range withKeys(t) {
		base := strings.TrimSuffix(filepath.Base(log), ".keys")
		out, bare := filepath.Join(dir, base+".pcapng"), filepath.Join(dir, base+".bare.pcapng")
		given := tlslens(t, nil, "-T", "jsonl", "-k", log, "--embed-keys", out, name)
		again := tlslens(t, nil, "-T", "jsonl", out)
		if given.status == 3 { // cut short: the copy ends where the whole packets do
			given.out, again.out = firstLine(given.out), firstLine(again.out)
		}
		if given.out != again.out {
			t.Errorf("%s with its keys inside:\n%s\nbeside them:\n%s", base, again.out, given.out)
		}
		sealed := tlslens(t, nil, "-T", "jsonl", "--no-decrypt", name)
		tlslens(t, nil, "-q", "--strip-keys", bare, out)
		if again := tlslens(t, nil, "-T", "jsonl", bare); sealed.status == 0 && sealed.out != again.out {
			t.Errorf("%s stripped:\n%s\nwant:\n%s", base, again.out, sealed.out)
		}
		if s, found := holdsSecret(string(readFile(t, bare)), secretsOf(t, log)); found {
			t.Errorf("%s: stripped, and %s… is still in it", base, s[:8])
		}
	}
	// Only what the capture needs is embedded.
	two := writeFile(t, filepath.Join(dir, "two.keys"), append(readFile(t, pcaps+"tls13-openssl.keys"), readFile(t, pcaps+"tls13-chacha.keys")...))
	out := filepath.Join(dir, "needed.pcapng")
	tlslens(t, nil, "-q", "-k", two, "--embed-keys", out, pcaps+"tls13-openssl.pcapng").want(t, 0, "packets are in")
	if s, found := holdsSecret(string(readFile(t, out)), secretsOf(t, pcaps+"tls13-chacha.keys")); found {
		t.Errorf("%s… of another connection is embedded", s[:8])
	}
	// What a private key or a pre-shared key opened opens with the secrets alone.
	for i, args := range [][]string{
		{"--private-key", pcaps + "pki/www.key", pcaps + "tls12-rsa.pcapng"},
		{"--psk", "client@example.test:" + examplePSK, pcaps + "tls12-psk.pcapng"},
	} {
		out := filepath.Join(dir, fmt.Sprint(i, ".pcapng"))
		tlslens(t, nil, append(args, "-q", "--embed-keys", out)...).want(t, 0, "packets are in")
		tlslens(t, nil, out).has(t, "opened with keys", "verify_data ok")
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// TestOtherProgramsOpenThem lets tshark read what was written.
func TestOtherProgramsOpenThem(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	dir := t.TempDir()
	for _, base := range []string{"tls13-openssl", "tls12-rsa", "tls12-psk", "tls13-keyupdate"} {
		log, name := pcaps+base+".keys", pcaps+base+".pcapng"
		embedded, plain := filepath.Join(dir, base+".pcapng"), filepath.Join(dir, base+"-plain.pcapng")
		tlslens(t, nil, "-q", "-k", log, "--embed-keys", embedded, "--plaintext-pcap", plain, name)
		for _, file := range []string{embedded, plain} {
			filter := "http"
			if base == "tls13-keyupdate" {
				filter = "data || data-text-lines || tcp.len > 0"
			}
			b, err := exec.Command(tshark, "-r", file, "-Y", filter, "-T", "fields", "-e", "http.request.method", "-e", "_ws.malformed", "-e", "tcp.checksum.status").CombinedOutput()
			if err != nil || filter == "http" && !strings.Contains(string(b), "GET") || len(b) == 0 {
				t.Errorf("tshark of %s: %v\n%s", filepath.Base(file), err, b)
			}
		}
	}
}

// TestPlaintextPcap holds that the payloads of the capture of plaintext are
// what --follow prints.
func TestPlaintextPcap(t *testing.T) {
	dir := t.TempDir()
	for i, base := range []string{"tls13-openssl", "ipv6", "tls12-nginx-curl", "tls13-early-data", "client-cert-13"} {
		log, name := pcaps+base+".keys", pcaps+base+".pcapng"
		out := filepath.Join(dir, fmt.Sprint(i, ".pcapng"))
		tlslens(t, nil, "-q", "-k", log, "--plaintext-pcap", out, name).want(t, 0, "bytes of plaintext are in "+out)
		follow := tlslens(t, nil, "-k", log, "--follow", "1", "--as", "raw", name)
		if got := payloads(t, out); got != follow.out || got == "" {
			t.Errorf("%s: the capture has %q,\n--follow %q", base, got, follow.out)
		}
	}
}

// payloads joins the TCP payloads of the first connection of a capture of raw
// IP, whose checksums and sequence numbers must be right.
func payloads(t *testing.T, name string) string {
	t.Helper()
	f, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	var p capture.Packet
	next := map[layers.TCPPort]uint32{}
	first := ""
	for f.Next(&p) == nil {
		if p.Link != capture.LinkRaw {
			t.Fatalf("link type %v", p.Link)
		}
		kind := gopacket.Decoder(layers.LayerTypeIPv4)
		if p.Data[0]>>4 == 6 {
			kind = layers.LayerTypeIPv6
		}
		pkt := gopacket.NewPacket(p.Data, kind, gopacket.NoCopy)
		tcp, ok := pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			t.Fatalf("no TCP in packet %d", p.Number)
		}
		if flow := fmt.Sprint(tcp.TransportFlow().FastHash()); first == "" {
			first = flow
		} else if flow != first {
			continue
		}
		if want, ok := next[tcp.SrcPort]; ok && tcp.Seq != want {
			t.Errorf("packet %d: sequence number %d, want %d", p.Number, tcp.Seq, want)
		}
		next[tcp.SrcPort] = tcp.Seq + uint32(len(tcp.Payload))
		if tcp.SYN || tcp.FIN {
			next[tcp.SrcPort]++
		}
		b.Write(tcp.Payload)
	}
	return b.String()
}

// TestEmbeddingNothing holds that a copy without secrets is said to be one.
func TestEmbeddingNothing(t *testing.T) {
	dir, name := t.TempDir(), pcaps+"tls13-openssl.pcapng"
	const none = "; no secret was embedded, for none was used\n"
	tlslens(t, nil, "-q", "-k", pcaps+"tour.keys", "--embed-keys", filepath.Join(dir, "none"), name).want(t, 0, none)
	r := tlslens(t, nil, "-q", "-k", pcaps+"tls13-openssl.keys", "--embed-keys", filepath.Join(dir, "all"), name)
	r.want(t, 0, " packets are in ")
	if strings.Contains(r.errors, none) {
		t.Error(r.errors)
	}
}

// TestOutputSparesInputs holds that -o overwrites nothing that is to be read,
// by whatever name it goes.
func TestOutputSparesInputs(t *testing.T) {
	dir := t.TempDir()
	capture, log := filepath.Join(dir, "capture"), filepath.Join(dir, "log")
	root, key := filepath.Join(dir, "root.pem"), filepath.Join(dir, "key")
	for to, from := range map[string]string{capture: pcaps + "tls12-rsa.pcapng", log: pcaps + "tls12-rsa.keys",
		root: pcaps + "pki/root.pem", key: pcaps + "pki/www-rsa.key"} {
		writeFile(t, to, readFile(t, from))
		if err := os.Link(to, to+".link"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name    string
		env     map[string]string
		args    []string
		message string
	}{
		{"key log", nil, []string{"-k", log, "-o", log + ".link"}, "is a key log that is to be read"},
		{"key log of the environment", map[string]string{"SSLKEYLOGFILE": log}, []string{"-o", log}, "is a key log that is to be read"},
		{"anchors", nil, []string{"--ca", root, "-o", root + ".link"}, "is a file of trust anchors"},
		{"private key", nil, []string{"--private-key", key, "-o", key}, "is a file of private keys"},
		{"capture", nil, []string{"-o", capture}, "is the capture"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tlslensIn(t, tc.env, nil, append(tc.args, capture)...).want(t, 2, tc.message)
		})
	}
	if !bytes.Equal(readFile(t, log), readFile(t, pcaps+"tls12-rsa.keys")) {
		t.Error("the key log was overwritten")
	}
}
