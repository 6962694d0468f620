package keys

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	ctls "crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

// verifyPSS verifies the server's CertificateVerify of the vector.
func verifyPSS(t *testing.T, f *feeder) {
	t.Helper()
	flight := f.seen(flow.Server)
	var cert tls.Certificate
	var cv tls.CertificateVerify
	ctx := tls.Context{Version: tls.VersionTLS13, Suite: 0x1301}
	if cert.Decode(flight[tls.TypeCertificate], ctx) != nil || cv.Decode(flight[tls.TypeCertificateVerify], ctx) != nil {
		t.Fatal("messages cannot be read")
	}
	for e := range cert.All() {
		c, err := x509.ParseCertificate(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.Sum256(f.signed[1][0])
		if err := rsa.VerifyPSS(c.PublicKey.(*rsa.PublicKey), crypto.SHA256, h[:], cv.Signature, nil); err != nil {
			t.Error(err)
		}
	}
}

// chunk is what one side sent at once.
type chunk struct {
	side flow.Side
	b    []byte
}

// wiretap records what goes through the client's end of a connection.
type wiretap struct {
	net.Conn
	mu     sync.Mutex
	chunks []chunk
}

func (w *wiretap) add(side flow.Side, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chunks = append(w.chunks, chunk{side, bytes.Clone(b)})
}

func (w *wiretap) Write(b []byte) (int, error) {
	w.add(flow.Client, b)
	return w.Conn.Write(b)
}

func (w *wiretap) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.add(flow.Server, b[:n])
	}
	return n, err
}

const (
	question = "what did the client say?"
	rounds   = 4 // of question and answer
)

var answer = bytes.Repeat([]byte("this and that, and more. "), 1000) // more than a record

// converse makes a connection of the Go stack and returns what went over the
// wire.
func converse(t testing.TB, client, server *ctls.Config) []chunk {
	t.Helper()
	a, b := net.Pipe()
	w := &wiretap{Conn: a}
	done := make(chan error, 1)
	go func() {
		s := ctls.Server(b, server)
		defer b.Close()
		buf := make([]byte, len(question))
		for range rounds {
			if _, err := io.ReadFull(s, buf); err != nil {
				done <- err
				return
			}
			if _, err := s.Write(answer); err != nil {
				done <- err
				return
			}
		}
		_, _ = s.Read(buf) // the client's close_notify
		done <- nil
	}()
	c := ctls.Client(w, client)
	buf := make([]byte, len(answer))
	for range rounds {
		if _, err := io.WriteString(c, question); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chunks
}

func testCert(t testing.TB, name string) ctls.Certificate {
	t.Helper()
	c, err := ctls.LoadX509KeyPair(filepath.Join(pcaps, "pki", name+".pem"), filepath.Join(pcaps, "pki", name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// config returns a pair of configurations for a version and a suite, 0 for
// the default.
func config(t testing.TB, version, suite uint16) (client, server *ctls.Config, log *bytes.Buffer) {
	log = new(bytes.Buffer)
	var suites []uint16
	if suite != 0 {
		suites = []uint16{suite}
	}
	server = &ctls.Config{Certificates: []ctls.Certificate{testCert(t, "www-rsa"), testCert(t, "www-ecdsa")}, MinVersion: version, MaxVersion: version, CipherSuites: suites}
	client = &ctls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: suites, KeyLogWriter: log} //nolint:gosec // nobody is trusted here
	return client, server, log
}

func replay(p *Provider, chunks []chunk, change func(*feeder)) *feeder {
	f := &feeder{s: p.NewSession(), known: true}
	if change != nil {
		change(f)
	}
	for _, c := range chunks {
		f.feed(c.side, c.b)
	}
	return f
}

// clean reports what differs from a conversation opened in full, or "".
func (f *feeder) clean() string {
	if bad := f.good(); bad != "" {
		return bad
	}
	if string(f.plain[0]) != string(bytes.Repeat([]byte(question), rounds)) || !bytes.Equal(f.plain[1], bytes.Repeat(answer, rounds)) {
		return fmt.Sprintf("%d and %d bytes of data", len(f.plain[0]), len(f.plain[1]))
	}
	if len(f.finished[0]) != 1 || len(f.finished[1]) != 1 {
		return fmt.Sprintf("finished %v", f.finished)
	}
	return ""
}

type liveCase struct {
	name           string
	version, suite uint16
	rsa            bool
}

// liveCases are all versions and suites that the Go stack has.
func liveCases() (list []liveCase) {
	list = append(list, liveCase{"TLS 1.3", ctls.VersionTLS13, 0, false})
	for _, s := range append(ctls.CipherSuites(), ctls.InsecureCipherSuites()...) {
		for _, v := range s.SupportedVersions {
			if v < ctls.VersionTLS13 {
				c, _ := tls.CipherSuite(s.ID).Info()
				list = append(list, liveCase{fmt.Sprintf("%s %s", ctls.VersionName(v), s.Name), v, s.ID, c.Kx == "RSA"})
			}
		}
	}
	return list
}

func TestLive(t *testing.T) {
	cases := liveCases()
	if len(cases) < 40 {
		t.Fatalf("%d cases", len(cases))
	}
	pem, err := LoadPrivateKeys(filepath.Join(pcaps, "pki", "www-rsa.key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client, server, log := config(t, c.version, c.suite)
			wire := converse(t, client, server)
			p := NewProvider(nil)
			p.Log().Add(log.Bytes(), "log")
			if bad := replay(p, wire, nil).clean(); bad != "" {
				t.Fatal(bad)
			}
			// Only what was needed is written, and it suffices.
			p.Log().Add([]byte(vectorLog), "another")
			var used bytes.Buffer
			if err := p.WriteUsed(&used); err != nil || bytes.Contains(used.Bytes(), []byte(vectorRandom)) {
				t.Errorf("used: %v %s", err, used.String())
			}
			q := NewProvider(nil)
			q.Log().Add(used.Bytes(), "used")
			if bad := replay(q, wire, nil).clean(); bad != "" {
				t.Errorf("with the used lines: %s", bad)
			}
			// A private key opens an RSA key exchange and no other.
			k := NewProvider(nil)
			k.AddPrivateKey(pem...)
			f := replay(k, wire, nil)
			if bad := f.clean(); (bad == "") != c.rsa {
				t.Errorf("with the private key: %s", bad)
			}
			if st := f.s.Status(); !c.rsa && st.Cause != EphemeralExchange {
				t.Errorf("status with the private key: %+v", st)
			}
			if c.rsa {
				used.Reset()
				if err := k.WriteUsed(&used); err != nil || used.String() != log.String() {
					t.Errorf("made of the private key: %v\n%s", err, used.String())
				}
			}
		})
	}
}

// TestResumption opens a resumed session of TLS 1.2 with the master secret of
// the first.
func TestResumption(t *testing.T) {
	client, server, log := config(t, ctls.VersionTLS12, 0)
	client.ClientSessionCache = ctls.NewLRUClientSessionCache(1)
	first := converse(t, client, server)
	lines := bytes.Clone(log.Bytes())
	second := converse(t, client, server)
	p := NewProvider(nil)
	p.Log().Add(lines, "log")
	if f := replay(p, second, nil); f.s.Status().Cause != ResumedUnseen {
		t.Errorf("without the first connection: %+v", f.s.Status())
	}
	for i, wire := range [][]chunk{first, second} {
		f := replay(p, wire, nil)
		if bad := f.clean(); bad != "" {
			t.Errorf("connection %d: %s, %+v", i, bad, f.s.Status())
		}
	}
	var used bytes.Buffer
	// The Go stack logs nothing for the second; a line is made for it.
	if err := p.WriteUsed(&used); err != nil || !bytes.HasPrefix(used.Bytes(), lines) || used.Len() != 2*len(lines) {
		t.Errorf("used: %v, %d bytes after %d", err, used.Len(), len(lines))
	}
}
