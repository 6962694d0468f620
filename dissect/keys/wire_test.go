package keys

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
)

// readWire reads a file of testdata/make.py.
func readWire(t testing.TB, name string) (conns [][]chunk, log []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".wire"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		switch line[0] {
		case 'n':
			conns = append(conns, nil)
		case 'c', 's':
			side := flow.Client
			if line[0] == 's' {
				side = flow.Server
			}
			last := &conns[len(conns)-1]
			*last = append(*last, chunk{side, unhex(t, line[2:])})
		case 'k':
			log = append(append(log, line[2:]...), '\n')
		}
	}
	return conns, log
}

const asked = "what did the client say?"

// What a conversation is opened with.
const withLog, withPSK, withRSA, withBoth = "log", "psk", "rsa", "rsa and psk"

var wireTests = []struct {
	name string
	with []string // each opens it
	not  []string
	want Cause // without
}{
	{"tls13-ccm", []string{withLog}, []string{withPSK, withRSA}, EphemeralExchange},
	{"tls13-ccm8", []string{withLog}, []string{withRSA}, EphemeralExchange},
	{"tls13-padded", []string{withLog}, nil, AllOpen},
	{"tls13-psk-ke", []string{withPSK, withLog}, []string{withRSA}, EphemeralExchange},
	{"tls12-ccm", []string{withLog}, []string{withRSA}, EphemeralExchange},
	{"tls12-camellia", nil, []string{withLog}, UnsupportedCipher},
	{"tls12-aria", nil, []string{withLog}, UnsupportedCipher},
	{"tls12-rsa-psk", []string{withLog, withBoth}, []string{withPSK}, UnknownPSK},
	{"tls12-dhe-psk", []string{withLog}, []string{withPSK}, EphemeralExchange},
	{"tls12-no-ems", []string{withLog, withRSA}, []string{withPSK}, NoLine},
	{"tls11-cbc", []string{withLog, withRSA}, nil, AllOpen},
	{"tls10-cbc", []string{withLog, withRSA}, nil, AllOpen},
	{"tls10-no-etm", []string{withLog, withRSA}, nil, AllOpen},
}

// TestWire opens conversations of other stacks.
func TestWire(t *testing.T) {
	psk := []byte("example-test-key")
	pem, err := LoadPrivateKeys(filepath.Join(pcaps, "pki", "www-rsa.key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range wireTests {
		t.Run(tt.name, func(t *testing.T) {
			conns, lines := readWire(t, tt.name)
			try := func(with string) (list []*feeder) {
				p := NewProvider(nil)
				if with == withLog {
					p.Log().Add(lines, "log")
				}
				if strings.Contains(with, withRSA) {
					p.AddPrivateKey(pem...)
				}
				if strings.Contains(with, withPSK) {
					p.AddPSK([]byte("client@example.test"), psk)
				}
				for _, c := range conns {
					list = append(list, replay(p, c, nil))
				}
				return list
			}
			for _, with := range tt.with {
				pads := 0
				for i, f := range try(with) {
					if bad := f.good(); bad != "" || f.opened < 4 || len(f.finished[0]) != 1 || len(f.finished[1]) != 1 {
						t.Errorf("connection %d with the %s: %s, %d records, finished %v; %+v", i, with, bad, f.opened, f.finished, f.s.Status())
					}
					if i == len(conns)-1 && !bytes.Contains(f.plain[0], []byte(asked)) {
						t.Errorf("with the %s the client says %q", with, f.plain[0])
					}
					pads += f.pads
				}
				if tt.name == "tls13-padded" && pads < 1000 {
					t.Errorf("%d bytes of padding", pads)
				}
			}
			for _, with := range tt.not {
				f := try(with)[0]
				if st := f.s.Status(); f.opened != 0 || st.Cause != tt.want || st.Why == "" {
					t.Errorf("with the %s: %d records, %+v", with, f.opened, st)
				}
			}
		})
	}
}
