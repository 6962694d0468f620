package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"go/format"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// A printer collects Go source.
type printer struct{ b bytes.Buffer }

func (p *printer) f(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

func (p *printer) source() ([]byte, error) { return format.Source(p.b.Bytes()) }

// A row is a line of a CSV file by column name.
type row map[string]string

// code returns the row's code point.
func (r row) code() (uint64, error) { return strconv.ParseUint(r["value"], 0, 64) }

// readCSV returns the rows of a file in ascending order of their code points.
// A code point or a name that comes twice in one registry is an error.
func readCSV(dir fs.FS, name string) ([]row, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) < 2 {
		return nil, fmt.Errorf("%s is empty", name)
	}
	rows := make([]row, 0, len(lines)-1)
	seen := map[string]bool{}
	for _, l := range lines[1:] {
		m := row{}
		for i, c := range l {
			m[lines[0][i]] = c
		}
		v, err := m.code()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if k := fmt.Sprint(m["registry"], " ", v); seen[k] {
			return nil, fmt.Errorf("%s: %s comes twice", name, k)
		} else {
			seen[k] = true
		}
		rows = append(rows, m)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if c := strings.Compare(a["registry"], b["registry"]); c != 0 {
			return c
		}
		x, _ := a.code() // parsed above
		y, _ := b.code()
		return cmp.Compare(x, y)
	})
	return rows, nil
}

// names writes a table of names: entries of integer type typ, sorted.
func (p *printer) names(doc, table, typ string, rows []row) error {
	p.f("\n// %s\nvar %s = [...]entry[%s]{\n", doc, table, typ)
	bits, err := strconv.Atoi(strings.TrimPrefix(typ, "uint"))
	if err != nil {
		return err
	}
	for _, r := range rows {
		v, err := r.code()
		if err != nil {
			return err
		}
		if v>>(bits-1)>>1 != 0 {
			return fmt.Errorf("%s: %#x does not fit %s", table, v, typ)
		}
		p.f("{%#0*x, %q},\n", min(bits/4, 8), v, r["name"])
	}
	p.f("}\n")
	return nil
}

func writeSuites(dir fs.FS, p *printer) error {
	rows, err := readCSV(dir, "cipher_suites.csv")
	if err != nil {
		return err
	}
	p.f("\nvar suites = [...]Suite{\n")
	for _, r := range rows {
		v, err := r.code()
		if err != nil {
			return err
		}
		s, err := deriveSuite(uint16(v), r["name"], r["reference"])
		if err != nil {
			return err
		}
		s.dtls, s.recommended, s.known = r["dtls_ok"] == "Y", r["recommended"] == "Y", r["origin"] == "iana"
		p.suite(&s)
	}
	p.f("}\n")
	return nil
}

// suite writes one Suite literal, without its zero fields.
func (p *printer) suite(s *suite) {
	p.f("{Code: %#04x, Name: %q, ", s.code, s.name)
	for _, f := range []struct{ k, v string }{
		{"Short", s.c.short}, {"Kx", s.kx}, {"Auth", s.auth}, {"Cipher", s.c.name}, {"Mode", s.c.mode}, {"MAC", s.mac}, {"PRF", s.prf},
	} {
		if f.v != "" {
			p.f("%s: %q, ", f.k, f.v)
		}
	}
	for _, f := range []struct {
		k string
		v int
	}{
		{"KeyBits", s.c.keyBits}, {"EffectiveBits", s.c.effective}, {"KeyLen", s.c.keyLen}, {"KeyMaterial", s.c.material},
		{"FixedIVLen", s.c.fixedIV}, {"ExplicitNonceLen", s.c.explicit}, {"BlockSize", s.c.block}, {"MACLen", s.macLen}, {"TagLen", s.c.tag},
	} {
		if f.v != 0 {
			p.f("%s: %d, ", f.k, f.v)
		}
	}
	p.f("Since: %#04x, ", s.since)
	for _, f := range []struct {
		k string
		v bool
	}{{"Export", s.export}, {"Signal", s.signal}, {"DTLS", s.dtls}, {"Recommended", s.recommended}, {"Registered", s.known}} {
		if f.v {
			p.f("%s: true, ", f.k)
		}
	}
	p.f("Reference: %q},\n", s.reference)
}

func writeGroups(dir fs.FS, p *printer) error {
	rows, err := readCSV(dir, "named_groups.csv")
	if err != nil {
		return err
	}
	kinds := map[string]string{"ecdhe": "GroupCurve", "ffdhe": "GroupFiniteField", "hybrid": "GroupHybrid", "kem": "GroupKEM", "explicit": "GroupExplicit"}
	p.f("\nvar groups = [...]Group{\n")
	for _, r := range rows {
		v, err := r.code()
		if err != nil {
			return err
		}
		if kinds[r["kind"]] == "" {
			return fmt.Errorf("unknown kind %q", r["kind"])
		}
		p.f("{Code: %#04x, Name: %q, Short: %q, Kind: %s, Bits: %s, ClientLen: %s, ServerLen: %s, PostQuantum: %t, Experimental: %t},\n", v,
			r["name"], r["short"], kinds[r["kind"]], r["bits"], r["client"], r["server"], r["post_quantum"] == "1", r["experimental"] == "1")
	}
	p.f("}\n")
	return nil
}

func writeMessages(dir fs.FS, p *printer) error {
	rows, err := readCSV(dir, "extensions.csv")
	if err != nil {
		return err
	}
	if err := p.names("extensions: TLS ExtensionType Values.", "extensions", "uint16", rows); err != nil {
		return err
	}
	if rows, err = readCSV(dir, "handshake_types.csv"); err != nil {
		return err
	}
	p.f("\nvar handshakeTypes = [...]handshakeType{\n")
	for _, r := range rows {
		p.f("{%s, %q, %q},\n", r["value"], r["name"], r["title"])
	}
	p.f("}\n")
	if rows, err = readCSV(dir, "alerts.csv"); err != nil {
		return err
	}
	p.f("\nvar alerts = [...]alert{\n")
	for _, r := range rows {
		p.f("{%s, %q, %q},\n", r["value"], r["name"], r["meaning"])
	}
	p.f("}\n")
	return nil
}
