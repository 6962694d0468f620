package main

import (
	"encoding/binary"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A shown is what the JSON of a connection says about its keys.
type shown struct {
	Type       string
	Number     int
	Carrier    string
	Version    string
	Suite      string `json:"cipher_suite"`
	Outcome    string
	Decryption struct{ Status, Why string }
	Phases     struct {
		Certificate struct {
			Certificates []any
			Steps        []shownStep
		} `json:"certificate_check"`
		KeyExchange struct {
			Signature       *shownSignature
			ClientSignature *shownSignature `json:"client_signature"`
			Steps           []shownStep
		} `json:"key_exchange"`
	}
}

type shownStep struct {
	From, Message string
	Says          []string
	Facts         map[string]any
}

type shownSignature struct {
	Scheme   string
	Verified any
}

// connections decodes what -T jsonl wrote.
func connections(t *testing.T, out string) (all []shown) {
	t.Helper()
	for line := range strings.Lines(out) {
		var c shown
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if c.Type == "connection" {
			all = append(all, c)
		}
	}
	return all
}

// verified words which Finished of a connection were found right: "client and
// server", "server", "WRONG" or "none".
func (c *shown) verified() string {
	var sides []string
	for _, from := range []string{"client", "server"} {
		for _, s := range c.Phases.KeyExchange.Steps {
			if s.Message != "finished" || s.From != from {
				continue
			}
			if s.Facts["verify_data_ok"] == true {
				sides = append(sides, from)
				break
			}
			if strings.Contains(strings.Join(s.Says, " "), "WRONG") {
				return "WRONG"
			}
		}
	}
	if sides == nil {
		return "none"
	}
	return strings.Join(sides, " and ")
}

// withKeys returns the captures that have a key log beside them, by its name.
func withKeys(t *testing.T) map[string]string {
	t.Helper()
	logs, err := filepath.Glob(pcaps + "*.keys")
	if err != nil || len(logs) < 50 {
		t.Fatal(len(logs), err)
	}
	all := map[string]string{}
	for _, log := range logs {
		names, _ := filepath.Glob(strings.TrimSuffix(log, "keys") + "pcap*")
		if len(names) != 1 {
			t.Fatalf("%s: captures %q", log, names)
		}
		all[log] = names[0]
	}
	return all
}

// notOpened are the connections of captures with keys that are not opened
// fully, each with its reason.
var notOpened = map[string]string{
	"alert-client-cert-missing 2": "none: the server wrote no line for the connection that it refused",
	"alert-expired 2":             "nothing sealed: the client refused the certificate",
	"alert-no-intermediate 1":     "nothing sealed: the client refused the certificate",
	"alert-no-shared-cipher 1":    "nothing sealed: the server refused the hello",
	"alert-no-shared-cipher 2":    "nothing sealed: the server refused the hello",
	"alert-no-shared-group 1":     "nothing sealed: the server refused the hello",
	"alert-no-shared-version 1":   "nothing sealed: the server refused the hello",
	"alert-no-shared-version 2":   "nothing sealed: the server refused the hello",
	"alert-unknown-ca 2":          "nothing sealed: the client refused the certificate",
	"alert-weak-certificate 2":    "nothing sealed: the client refused the certificate",
	"alert-wrong-name 1":          "nothing sealed: the client refused the certificate",
	"starttls-mysql-login 2":      "nothing sealed: the client goes on in the clear",
	"starttls-smtp-stripped 2":    "nothing sealed: the client goes on in the clear",
	"starttls-smtp-stripped 3":    "nothing sealed: the client goes on in the clear",
	"dtls-psk 2":                  "none: the handshake failed, for the client has another key, and neither side logged it",
	"eap-fast 3":                  "nothing sealed: the server refused the hello",
	"eap-fast 4":                  "none: an anonymous exchange, and neither side wrote a line",
	"eap-teap 2":                  "none: its keys come from a PAC, and neither side wrote a line",
	"eap-teap 3":                  "nothing sealed: the client refused the certificate",
	"eap-radius 4":                "nothing sealed: the client refused the certificate",
	"http-on-tls-port 1":          "nothing sealed: the client speaks no TLS",
	"reset-mid-handshake 1":       "nothing sealed: reset behind the ClientHello",
	"reset-mid-handshake 2":       "nothing sealed: reset behind the certificate",
	"tls12-aria 1":                "none: no implementation of ARIA-GCM is used here",
	"tls12-camellia 1":            "none: no implementation of Camellia-GCM is used here",
	"tour 9":                      "nothing sealed: the server refused the hello",
	"tour 10":                     "nothing sealed: the client refused the certificate",
}

// notVerified are opened connections without two right Finished, with which of
// them are right and why.
var notVerified = map[string]string{
	"alert-expired 1":       "server: the client refuses the certificate instead",
	"alert-unknown-ca 1":    "server: the client refuses the certificate instead",
	"alert-wrong-name 2":    "server: the client refuses the certificate instead",
	"reset-mid-handshake 3": "server: the client resets instead",
	"tour 8":                "server: the client refuses the certificate instead",
	"one-sided 1":           "none: half of what is hashed is not in the capture",
	"tls13-ech-boringssl 1": "none: the hello that is hashed is sealed, and only the server's ECH key opens it",
	"tls13-ech-resumed 2":   "none: the hello that is hashed is sealed and has a ticket, and only the server's ECH key opens it",
}

func TestEveryCaptureOpens(t *testing.T) {
	found, unverified := map[string]bool{}, map[string]string{}
	for log, name := range withKeys(t) {
		base := strings.TrimSuffix(filepath.Base(log), ".keys")
		r := tlslens(t, nil, "-T", "jsonl", "--ca", pcaps+"pki/root.pem", "-k", log, name)
		for _, c := range connections(t, r.out) {
			if c.Carrier == "quic" {
				continue
			}
			id := base + " " + string(rune('0'+c.Number%10))
			if c.Number == 10 {
				id = base + " 10"
			}
			why, excepted := notOpened[id]
			found[id] = true
			if excepted {
				status, _, _ := strings.Cut(why, ":")
				if got := map[string]string{"": "nothing sealed"}[c.Decryption.Status]; got != status && c.Decryption.Status != status {
					t.Errorf("%s: status %q, want %s", id, c.Decryption.Status, why)
				}
				continue
			}
			if c.Decryption.Status != "full" {
				t.Errorf("%s: %q, %s", id, c.Decryption.Status, c.Decryption.Why)
			}
			if v := c.verified(); v != "client and server" {
				unverified[id] = v
			}
			for _, s := range []*shownSignature{c.Phases.KeyExchange.Signature, c.Phases.KeyExchange.ClientSignature} {
				if s != nil && s.Verified != true && base != "one-sided" && base != "tls13-ech-boringssl" &&
					s.Scheme != "ed448" { // which is not implemented here
					t.Errorf("%s: signature %v", id, *s)
				}
			}
			if c.Version == "TLS 1.3" && len(c.Phases.Certificate.Certificates) > 0 && c.Phases.KeyExchange.Signature == nil {
				t.Errorf("%s: no CertificateVerify", id)
			}
		}
	}
	for id := range notOpened {
		if !found[id] {
			t.Errorf("%s is excepted and not there", id)
		}
	}
	want := map[string]string{}
	for id, v := range notVerified {
		want[id], _, _ = strings.Cut(v, ":")
	}
	if d := cmp.Diff(want, unverified); d != "" {
		t.Errorf("verified (-want +got):\n%s", d)
	}
}

// someLines returns a file with the lines of a key log that keep says yes to.
func someLines(t *testing.T, log string, keep func(string) bool) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(string(readFile(t, log))) {
		if keep(line) {
			b.WriteString(line)
		}
	}
	return writeFile(t, filepath.Join(t.TempDir(), "some.keys"), []byte(b.String()))
}

func withWord(words ...string) func(string) bool {
	return func(line string) bool {
		for _, w := range words {
			if strings.Contains(line, w) {
				return true
			}
		}
		return false
	}
}

const examplePSK = "6578616d706c652d746573742d6b6579"

func TestSourcesOfKeys(t *testing.T) {
	www, tour := pcaps+"pki/www.key", pcaps+"tour.pcapng"
	tls13, log13 := pcaps+"tls13-openssl.pcapng", pcaps+"tls13-openssl.keys"
	der := writeFile(t, filepath.Join(t.TempDir(), "later.keys"), nil)
	for _, tc := range []struct {
		name     string
		env      map[string]string
		args     []string
		messages string
		out      []string
		lacks    string
	}{
		{"private key", nil, []string{"--width", "160", "--conn", "1", "--private-key", www, tour}, "1 of 10", []string{"premaster secret, 256 bytes, encrypted to the RSA key of [0]", "opened with the private key that was given", "opened with keys", "HTTP/1.0 GET /"}, "Not opened"},
		{"key log instead of a private key", nil, []string{"--conn", "1", "-k", pcaps + "tour.keys", tour}, "1 of 10", []string{"opened with keys"}, "private key"},
		{"pre-shared key", nil, []string{"--psk", "client@example.test:" + examplePSK, pcaps + "tls12-psk.pcapng"}, "", []string{"opened with keys", "verify_data ok"}, "Not opened"},
		{"pre-shared key of any identity", nil, []string{"--psk", ":" + examplePSK, pcaps + "tls12-psk.pcapng"}, "", []string{"opened with keys", "verify_data ok"}, "Not opened"},
		{"capture with secrets", nil, []string{pcaps + "dsb.pcapng"}, "", []string{"opened with keys", "signature ok", "verify_data ok"}, "Not opened"},
		{"capture with secrets left sealed", nil, []string{"--no-decrypt", pcaps + "dsb.pcapng"}, "", []string{"Encrypted tunnel"}, "opened"},
		{"SSLKEYLOGFILE", map[string]string{"SSLKEYLOGFILE": log13}, []string{tls13}, "", []string{"opened with keys"}, "Not opened"},
		{"SSLKEYLOGFILE left alone", map[string]string{"SSLKEYLOGFILE": log13}, []string{"--no-decrypt", tls13}, "", nil, "opened with keys"},
		{"SSLKEYLOGFILE beside --keylog", map[string]string{"SSLKEYLOGFILE": log13}, []string{"-k", pcaps + "tour.keys", tls13}, "", []string{"Not opened: "}, "opened with keys"},
		{"SSLKEYLOGFILE that nobody wrote yet", map[string]string{"SSLKEYLOGFILE": "no/such"}, []string{tls13}, "", []string{"Encrypted tunnel"}, "opened"},
		{"empty key log", nil, []string{"-k", der, tls13}, "", []string{"Encrypted tunnel"}, "opened with keys"},
		{"two key logs", nil, []string{"-k", log13, "-k", pcaps + "tour.keys", tls13}, "", []string{"opened with keys"}, "Not opened"},
		{"several captures", nil, []string{"-k", log13, tour, tls13}, "", []string{"opened with keys"}, "other connections of this capture."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tlslensIn(t, tc.env, nil, tc.args...)
			r.want(t, 0, tc.messages)
			r.has(t, tc.out...)
			if tc.lacks != "" && strings.Contains(r.out, tc.lacks) {
				t.Errorf("the output has %q:\n%s", tc.lacks, r.out)
			}
		})
	}
}

func TestKeysRefused(t *testing.T) {
	capture := pcaps + "tls13-openssl.pcapng"
	junk := writeFile(t, filepath.Join(t.TempDir(), "junk.keys"), []byte("CLIENT_RANDOM 00 11\n"+string(readFile(t, pcaps+"tls13-openssl.keys"))))
	for _, tc := range []struct {
		name    string
		args    []string
		status  int
		message string
	}{
		{"no such log", []string{"-k", "no/such", capture}, 2, "--keylog no/such: no such file or directory"},
		{"empty name", []string{"--keylog=", capture}, 2, "the name of the file is empty"},
		{"private key as log", []string{"-k", pcaps + "pki/www.key", capture}, 0, "a private key is given with --private-key"},
		{"capture as log", []string{"-k", capture, capture}, 0, "a capture file, not a key log"},
		{"log as private key", []string{"--private-key", pcaps + "tour.keys", capture}, 2, "--private-key "},
		{"certificate as private key", []string{"--private-key", pcaps + "pki/www.pem", capture}, 2, "--private-key "},
		{"no identity", []string{"--psk", "0102", capture}, 2, "IDENTITY:HEX"},
		{"no hexadecimal", []string{"--psk", "me:secret", capture}, 2, "no key in hexadecimal"},
		{"no key", []string{"--psk", "me:", capture}, 2, "no key in hexadecimal"},
		{"junk line", []string{"-k", junk, capture}, 0, "1 line is not understood; the first is"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tlslens(t, nil, tc.args...)
			r.want(t, tc.status, tc.message)
			if strings.Contains(r.errors+r.out, "me:secret") {
				t.Error("the value of --psk is shown")
			}
		})
	}
}

// changed returns a copy of a pcapng file with one bit of a packet changed, so
// many bytes before its end.
func changed(t *testing.T, name string, packet, before int) string {
	t.Helper()
	b := readFile(t, name)
	for at, n := 0, 0; at < len(b); at += int(binary.LittleEndian.Uint32(b[at+4:])) {
		if binary.LittleEndian.Uint32(b[at:]) != 6 { // Enhanced Packet Block
			continue
		}
		if n++; n == packet {
			b[at+28+int(binary.LittleEndian.Uint32(b[at+20:]))-1-before] ^= 1
			return writeFile(t, filepath.Join(t.TempDir(), "changed.pcapng"), b)
		}
	}
	t.Fatalf("%s has no packet %d", name, packet)
	return ""
}

// tourRandom returns the client random of a connection of the tour.
func tourRandom(t *testing.T, number int) string {
	t.Helper()
	var c struct{ Offered struct{ Random string } }
	r := tlslens(t, nil, "-T", "jsonl", "--conn", strconv.Itoa(number), pcaps+"tour.pcapng")
	if err := json.Unmarshal([]byte(firstLine(r.out)), &c); err != nil || len(c.Offered.Random) != 64 {
		t.Fatal(err, c)
	}
	return c.Offered.Random
}

// TestWhyNot holds the sentence for every way in which keys do not help.
func TestWhyNot(t *testing.T) {
	tls12, log12 := pcaps+"tls12-ecdhe-rsa.pcapng", pcaps+"tls12-ecdhe-rsa.keys"
	tls13, log13 := pcaps+"tls13-openssl.pcapng", pcaps+"tls13-openssl.keys"
	wrong := func(log string) string {
		t.Helper()
		b := readFile(t, log)
		for i, c := range b { // the last digit of each secret
			if c == '\n' && i > 0 && b[i-1] != '0' {
				b[i-1] = '0'
			} else if c == '\n' && i > 0 {
				b[i-1] = '1'
			}
		}
		return writeFile(t, filepath.Join(t.TempDir(), "wrong.keys"), b)
	}
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"line of another", []string{"-k", log12, tls13}, "Not opened: the key log has no line for this client random, nor for any other that was seen so far: it is not of this capture, or begins later; missing: CLIENT_HANDSHAKE_TRAFFIC_SECRET, CLIENT_TRAFFIC_SECRET_0, SERVER_HANDSHAKE_TRAFFIC_SECRET, SERVER_TRAFFIC_SECRET_0."},
		{"line of another, TLS 1.2", []string{"-k", log13, tls12}, "Not opened: the key log has no line for this client random, nor for any other that was seen so far: it is not of this capture, or begins later; missing: CLIENT_RANDOM."},
		{"line of the neighbour", []string{"--conn", "5", "-k", someLines(t, pcaps+"tour.keys", withWord(tourRandom(t, 4), tourRandom(t, 8))), pcaps + "tour.pcapng"},
			"Not opened: the key log has no line for this client random, but one for another connection, the nearest in time is #4, begun "},
		{"empty log", []string{"-k", writeFile(t, filepath.Join(t.TempDir(), "empty.keys"), nil), tls13}, "Not opened: the key log is empty"},
		{"no implementation", []string{"-k", pcaps + "tls12-aria.keys", pcaps + "tls12-aria.pcapng"}, "Not opened: the suite seals with ARIA-128-GCM, of which tlslens has no implementation"},
		{"key of ECH", []string{"--private-key", pcaps + "tls13-ech.ech.pem", pcaps + "tls13-ech.pcapng"}, "Not opened: the keys of TLS 1.3 are ephemeral: the key of Encrypted Client Hello opens the ClientHello only, the rest needs a key log"},
		{"changed record", []string{"-k", pcaps + "tls13-keyupdate.keys", changed(t, pcaps+"tls13-keyupdate.pcapng", 14, 0)},
			"Not all of it was opened: record 2 of 7 of the client has a wrong tag or MAC; the keys are right, for records behind it open: bytes were changed, in the capture or on the way"},
		{"changed KeyUpdate", []string{"-k", pcaps + "tls13-keyupdate.keys", changed(t, pcaps+"tls13-keyupdate.pcapng", 24, 0)},
			"Not all of it was opened: record 7 of 9 of the server has a wrong tag or MAC; the keys are right"},
		{"changed record, TLS 1.2", []string{"-k", pcaps + "tls12-cbc.keys", changed(t, pcaps+"tls12-cbc.pcapng", 13, 5)}, "has a wrong tag or MAC"},
		{"wrong secrets", []string{"-k", wrong(log13), tls13}, "Not opened: no record of the client opens with the keys that are given"},
		{"wrong master secret", []string{"-k", wrong(log12), tls12}, "Not opened: no record of the client opens with the keys that are given"},
		{"client only", []string{"-k", someLines(t, log13, withWord("CLIENT_")), tls13}, "Not all of it was opened: the key log has secrets of the client only; missing: SERVER_HANDSHAKE_TRAFFIC_SECRET, SERVER_TRAFFIC_SECRET_0."},
		{"server only", []string{"-k", someLines(t, log13, withWord("SERVER_")), tls13}, "Not all of it was opened: the key log has secrets of the server only; missing: CLIENT_HANDSHAKE_TRAFFIC_SECRET, CLIENT_TRAFFIC_SECRET_0."},
		{"handshake only", []string{"-k", someLines(t, log13, withWord("HANDSHAKE")), tls13}, "the key log has the handshake secret of the client but not CLIENT_TRAFFIC_SECRET_0"},
		{"traffic only", []string{"-k", someLines(t, log13, withWord("TRAFFIC_SECRET_0")), tls13}, "Not all of it was opened: the key log has the traffic secret of the client but not CLIENT_HANDSHAKE_TRAFFIC_SECRET"},
		{"ephemeral, TLS 1.2", []string{"--private-key", pcaps + "pki/www.key", tls12}, "Not opened: the ECDHE keys are ephemeral: a private key cannot help, only a key log"},
		{"ephemeral, TLS 1.3", []string{"--private-key", pcaps + "pki/www.key", tls13}, "Not opened: the keys of TLS 1.3 are ephemeral: a private key cannot help, only a key log"},
		{"private key of another", []string{"--private-key", pcaps + "pki/sha1.key", pcaps + "tls12-rsa.pcapng"}, "Not opened: no private key belongs to the server's certificate"},
		{"other pre-shared key", []string{"--psk", "client@example.test:0102", pcaps + "tls12-psk.pcapng"}, "Not opened: no record of the client opens with the keys that are given"},
		{"pre-shared key of another", []string{"--psk", "somebody:" + examplePSK, pcaps + "tls12-psk.pcapng"}, `Not opened: no pre-shared key is given for identity "client@example.test"`},
		{"resumed, the first not opened", []string{"--conn", "6", "-k", log12, pcaps + "tour.pcapng"}, "Not opened: the session is resumed, and neither the key log nor an opened connection of this capture has its master secret"},
		{"no ClientHello", []string{"-k", log13, pcaps + "mid-handshake.pcapng"}, "Not opened: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tlslens(t, nil, append(tc.args, "--width", "400")...)
			if r.status != 0 {
				t.Errorf("status %d, %s", r.status, r.errors)
			}
			if got := strings.Join(strings.Fields(r.out), " "); !strings.Contains(got, tc.says) {
				i := max(0, strings.Index(got, "ot opened"))
				t.Errorf("want %q in\n%s", tc.says, got[max(0, i-200):min(len(got), i+600)])
			}
		})
	}
}
