package tls

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/wire"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden compares the traced fields of every sample, with their bytes, with
// testdata/messages/NAME.golden.
func TestGolden(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			fields, err := traced(func(tr wire.Tracer) error { return Trace(s.typ, s.body, s.ctx, tr) })
			got := golden(s, fields, err)
			file := filepath.Join("testdata", "messages", s.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func golden(s sample, fields []field, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, %d bytes, error %v\n", s.typ, len(s.body), err)
	isLeaf := make(map[field]bool)
	for _, f := range leaves(fields) {
		isLeaf[f] = true
	}
	for _, f := range fields {
		fmt.Fprintf(&b, "%5d %5d %s", f.off, f.n, f.name)
		if isLeaf[f] {
			v := s.body[f.off : f.off+f.n]
			if len(v) > 24 {
				fmt.Fprintf(&b, " = %x...", v[:24])
			} else {
				fmt.Fprintf(&b, " = %x", v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestSamplesAreWhole holds that no byte of a real message is unread and that
// its extensions can be decoded.
func TestSamplesAreWhole(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			if err := checkMessage(t, s.typ, s.ctx, s.body); err != nil {
				t.Error(err)
			}
			fields, _ := traced(func(tr wire.Tracer) error { return Trace(s.typ, s.body, s.ctx, tr) })
			for _, f := range fields {
				if strings.Contains(f.name, "malformed") || strings.Contains(f.name, "trailing_bytes") {
					t.Errorf("unread: %v", f)
				}
			}
		})
	}
}

// shorter says which messages have shorter forms, so that some of their
// prefixes are messages too.
func shorter(s sample, n int) bool {
	switch s.typ {
	case TypeFinished, TypeMessageHash: // any length will do
		return true
	case TypeClientHello, TypeServerHello: // without extensions
		fields, _ := traced(func(tr wire.Tracer) error { return Trace(s.typ, s.body, s.ctx, tr) })
		for _, f := range fields {
			if f.name == "extensions.length" {
				return n == f.off
			}
		}
	case TypeClientKeyExchange:
		return n == 0 || s.ctx.Version == VersionSSL3
	case TypeServerKeyExchange, TypeCertificate, TypeCertificateRequest, TypeNewSessionTicket, TypeCertificateVerify:
		return s.ctx.Version == 0
	}
	return false
}

// TestPrefixes holds that a message that is cut short is an error that says
// where, unless what is left is a message too.
func TestPrefixes(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			for n := range s.body {
				err := checkMessage(t, s.typ, s.ctx, s.body[:n])
				if err == nil && !shorter(s, n) {
					t.Fatalf("the first %d of %d bytes are accepted", n, len(s.body))
				}
			}
		})
	}
}

// TestTrailingBytes holds that bytes behind a message are counted and no error.
func TestTrailingBytes(t *testing.T) {
	for _, s := range samples(t) {
		if s.typ == TypeFinished || s.typ == TypeMessageHash || s.ctx.Version == VersionSSL3 && s.typ == TypeClientKeyExchange {
			continue // these take all there is
		}
		if strings.HasSuffix(s.name, "hello_ssl3") {
			continue // what follows a hello without extensions is taken for extensions
		}
		t.Run(s.name, func(t *testing.T) {
			b := append(s.body[:len(s.body):len(s.body)], 1, 2, 3)
			fields, err := traced(func(tr wire.Tracer) error { return Trace(s.typ, b, s.ctx, tr) })
			checkTiles(t, fields, len(b))
			last := fields[len(fields)-1]
			if want := (field{"trailing_bytes", len(s.body), 3}); last != want || err != nil {
				t.Errorf("last field %v, error %v; want %v", last, err, want)
			}
		})
	}
}

// TestUnknownType holds that a message nobody has heard of is one field.
func TestUnknownType(t *testing.T) {
	fields, err := traced(func(tr wire.Tracer) error { return Trace(99, fill(7, 0), Context{}, tr) })
	if err != nil {
		t.Error(err)
	}
	equal(t, "fields", []field{{"body", 0, 7}}, fields, cmp.AllowUnexported(field{}))
}

// contexts are those under which messages are decoded in different ways.
func contexts() []Context {
	return []Context{
		{},
		{Version: VersionSSL3, Suite: 0x0005},   // RSA
		{Version: VersionTLS10, Suite: 0x0003},  // RSA export
		{Version: VersionTLS11, Suite: 0x0033},  // DHE_RSA
		{Version: VersionTLS12, Suite: 0xc02f},  // ECDHE_RSA
		{Version: VersionTLS12, Suite: 0x0031},  // DH_RSA
		{Version: VersionTLS12, Suite: 0xc018},  // ECDH_anon
		{Version: VersionTLS12, Suite: 0x008c},  // PSK
		{Version: VersionTLS12, Suite: 0x0090},  // DHE_PSK
		{Version: VersionTLS12, Suite: 0xc035},  // ECDHE_PSK
		{Version: VersionTLS12, Suite: 0x0094},  // RSA_PSK
		{Version: VersionTLS12, Suite: 0xc01e},  // SRP_RSA
		{Version: VersionTLS10, Suite: 0x001e},  // KRB5
		{Version: VersionTLCP, Suite: 0xe013},   // SM2
		{Version: VersionTLCP, Suite: 0xe011},   // ECDHE with SM2
		{Version: VersionDTLS12, Suite: 0xc02b}, // ECDHE_ECDSA
		{Version: VersionTLS13, Suite: 0x1301},
		{Version: 0x7f12, Suite: 0x1301},
		{Version: VersionTLS12, Suite: 0xc02f, RawPublicKey: true},
		{Version: VersionTLS13, Suite: 0x1301, RawPublicKey: true},
	}
}

// FuzzTrace decodes anything as any message: no input may make tracing change
// the result, leave a byte out or report one twice.
func FuzzTrace(f *testing.F) {
	for _, s := range samples(f) {
		if len(s.body) > 3000 {
			continue
		}
		for i, ctx := range contexts() {
			if ctx == s.ctx || i == 0 {
				f.Add(uint8(s.typ), uint8(i), s.body)
			}
		}
	}
	list := contexts()
	f.Fuzz(func(t *testing.T, typ, ctx uint8, b []byte) {
		checkMessage(t, HandshakeType(typ), list[int(ctx)%len(list)], b)
	})
}
