package main

import (
	"fmt"
	"io/fs"
	"strings"
)

// wide gives the integer type of the registries whose code points are not one
// byte.
var wide = map[string]string{
	"supplemental_data": "uint16", "hpke_kem": "uint16", "hpke_kdf": "uint16", "hpke_aead": "uint16", "srtp_profile": "uint16",
	"ssl2_cipher": "uint32", "version": "uint16", "private_version": "uint16", "certificate_compression": "uint16",
	"quic_version": "uint32", "quic_frame": "uint64", "quic_error": "uint64", "quic_parameter": "uint64",
}

// tableName turns hpke_kem into hpkeKem.
func tableName(registry string) string {
	parts := strings.Split(registry, "_")
	for i := range parts[1:] {
		parts[i+1] = strings.ToUpper(parts[i+1][:1]) + parts[i+1][1:]
	}
	return strings.Join(parts, "") + "Table"
}

// byRegistry calls do with each registry of rows, which are sorted by it.
func byRegistry(rows []row, do func(registry string, rows []row) error) error {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n]["registry"] == rows[0]["registry"] {
			n++
		}
		if err := do(rows[0]["registry"], rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (p *printer) registries(rows []row) error {
	return byRegistry(rows, func(registry string, rows []row) error {
		typ := "uint8"
		if w := wide[registry]; w != "" {
			typ = w
		}
		if registry == "private_version" {
			rows = privateVersions(rows)
		}
		return p.names(tableName(registry)+": see csv/.", tableName(registry), typ, rows)
	})
}

// privateVersions adds the drafts of TLS 1.3 (0x7f00 to 0x7f1c, RFC 8446,
// section 4.2.1 of its drafts) and of DTLS 1.3 (to 0x7f2b) and puts each code behind its name.
func privateVersions(rows []row) []row {
	var out []row
	add := func(v uint64, name string) {
		out = append(out, row{"value": fmt.Sprint(v), "name": fmt.Sprintf("%s (0x%04x)", name, v)})
	}
	drafts := false
	for _, r := range rows {
		v, _ := r.code() // parsed by readCSV
		if v > 0x7f00 && !drafts {
			drafts = true
			for n := range uint64(29) {
				add(0x7f00+n, fmt.Sprintf("TLS 1.3 draft %d", n))
			}
			for n := uint64(30); n <= 43; n++ { // as NSS sends them
				add(0x7f00+n, fmt.Sprintf("DTLS 1.3 draft %d", n))
			}
		}
		add(v, r["name"])
	}
	return out
}

func writeSmall(dir fs.FS, p *printer) error {
	rows, err := readCSV(dir, "small.csv")
	if err != nil {
		return err
	}
	return p.registries(rows)
}

func writeQUIC(dir fs.FS, p *printer) error {
	rows, err := readCSV(dir, "quic.csv")
	if err != nil {
		return err
	}
	return p.registries(rows)
}

func writeSchemes(dir fs.FS, p *printer) error {
	rows, err := readCSV(dir, "signature_schemes.csv")
	if err != nil {
		return err
	}
	p.f("\nvar schemes = [...]Scheme{\n")
	taken := map[uint64]bool{}
	for _, r := range rows {
		v, err := r.code()
		if err != nil {
			return err
		}
		taken[v] = true
		p.f("{Code: %#04x, Name: %q, Key: %q, Hash: %q, Legacy: %t, Experimental: %t},\n", v, r["name"], r["key"], r["hash"],
			r["legacy"] == "1", r["experimental"] == "1")
	}
	p.f("}\n")
	if rows, err = readCSV(dir, "small.csv"); err != nil {
		return err
	}
	return p.pairs(rows, taken)
}

// pairs writes the pairs of HashAlgorithm and SignatureAlgorithm (RFC 5246,
// section 7.4.1.4.1) that are no SignatureScheme, with the code behind the name.
// Left out are the hash "none" and the signature "anonymous", which may not
// appear on the wire, and pairs that mix GOST with other algorithms.
func (p *printer) pairs(rows []row, taken map[uint64]bool) error {
	gostHashes := map[string]string{"gostr34102001": "GOSTR3411-94", "gostr34102012_256": "Streebog-256", "gostr34102012_512": "Streebog-512"}
	keys := map[string]string{"rsa": "RSA", "dsa": "DSA", "ecdsa": "ECDSA"}
	p.f("\nvar pairs = [...]Scheme{\n")
	return byRegistry(rows, func(registry string, hashes []row) error {
		if registry != "hash_algorithm" {
			return nil
		}
		defer p.f("}\n")
		return byRegistry(rows, func(registry string, signers []row) error {
			if registry != "signature_algorithm" {
				return nil
			}
			for _, h := range hashes {
				for _, s := range signers {
					hv, _ := h.code() // parsed by readCSV
					sv, _ := s.code()
					code, name, hash, key := hv<<8|sv, s["name"]+"_"+h["name"], strings.ToUpper(h["name"]), keys[s["name"]]
					gost := strings.HasPrefix(s["name"], "gost")
					switch {
					case taken[code]:
						continue
					case gost && (hv == sv || hv == 8 && sv < 128): // RFC 9189; the same number twice in the drafts before it
						name, hash, key = s["name"], gostHashes[s["name"]], "GOST"
					case key == "" || hv == 0 || hv >= 8:
						continue
					case key == "RSA":
						name = "rsa_pkcs1_" + h["name"]
					}
					p.f("{Code: %#04x, Name: %q, Key: %q, Hash: %q, Legacy: %t},\n", code, fmt.Sprintf("%s (0x%04x)", name, code), key, hash, hv <= 2)
				}
			}
			return nil
		})
	})
}
