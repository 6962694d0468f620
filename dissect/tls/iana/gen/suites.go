package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A suite mirrors iana.Suite, which says what the fields mean. The generator
// cannot import the package whose source it writes.
type suite struct {
	code                                               uint16
	name, kx, auth, mac, prf, reference                string
	since                                              uint16
	c                                                  cipher
	macLen                                             int
	export, signal, stdTLS13, dtls, recommended, known bool
}

// A cipher is what follows WITH in a suite's name, without the hash.
type cipher struct {
	name, short, mode             string
	keyBits, effective            int
	keyLen, material              int // material: bytes from the key block, less than keyLen where exported
	fixedIV, explicit, block, tag int
}

const (
	ssl30, tls10, tls12, tls13, tlcp = 0x0300, 0x0301, 0x0303, 0x0304, 0x0101
)

// kxAuth gives key exchange and authentication for the part of a name before
// WITH. The anonymous exchanges send fresh keys, so they are DHE and ECDHE.
var kxAuth = map[string][2]string{
	"NULL": {"NULL", "NULL"}, "RSA": {"RSA", "RSA"},
	"DH_DSS": {"DH", "DSS"}, "DH_RSA": {"DH", "RSA"}, "DH_anon": {"DHE", "anon"},
	"DHE_DSS": {"DHE", "DSS"}, "DHE_RSA": {"DHE", "RSA"},
	"ECDH_ECDSA": {"ECDH", "ECDSA"}, "ECDH_RSA": {"ECDH", "RSA"}, "ECDH_anon": {"ECDHE", "anon"},
	"ECDHE_ECDSA": {"ECDHE", "ECDSA"}, "ECDHE_RSA": {"ECDHE", "RSA"},
	"PSK": {"PSK", "PSK"}, "DHE_PSK": {"DHE_PSK", "PSK"}, "PSK_DHE": {"DHE_PSK", "PSK"},
	"RSA_PSK": {"RSA_PSK", "RSA"}, "ECDHE_PSK": {"ECDHE_PSK", "PSK"},
	"KRB5": {"KRB5", "KRB5"}, "FORTEZZA_KEA": {"FORTEZZA", "FORTEZZA"},
	"SRP_SHA": {"SRP", "SRP"}, "SRP_SHA_RSA": {"SRP", "RSA"}, "SRP_SHA_DSS": {"SRP", "DSS"},
	"GOSTR341094": {"GOST", "GOST"}, "GOSTR341001": {"GOST", "GOST"}, "GOSTR341112_256": {"GOST", "GOST"},
	"ECCPWD": {"ECCPWD", "ECCPWD"}, "ECJPAKE": {"ECJPAKE", "ECJPAKE"},
	"CECPQ1_RSA": {"CECPQ1", "RSA"}, "CECPQ1_ECDSA": {"CECPQ1", "ECDSA"},
	// GB/T 38636-2020, names without TLS_ and WITH.
	"tlcp ECDHE": {"ECDHE", "SM2"}, "tlcp ECC": {"SM2", "SM2"}, "tlcp RSA": {"RSA", "RSA"},
	"tlcp IBSDH": {"IBSDH", "IBS"}, "tlcp IBC": {"IBC", "IBS"},
}

// odd holds the ciphers that the pattern of block ciphers does not cover.
// Export and DES rows follow the table of RFC 2246, appendix C.
var odd = map[string]cipher{
	"NULL":              {name: "NULL", short: "NULL", mode: "NULL"},
	"RC4_128":           {name: "RC4-128", short: "RC4-128", mode: "stream", keyBits: 128, keyLen: 16},
	"RC4_40":            {name: "RC4-40", short: "RC4-40", mode: "stream", keyBits: 128, effective: 40, keyLen: 16, material: 5},
	"RC4_56":            {name: "RC4-56", short: "RC4-56", mode: "stream", keyBits: 128, effective: 56, keyLen: 16, material: 7},
	"RC2_CBC":           {name: "RC2-128-CBC", short: "RC2-CBC", mode: "CBC", keyBits: 128, keyLen: 16, block: 8},
	"RC2_CBC_40":        {name: "RC2-40-CBC", short: "RC2-40", mode: "CBC", keyBits: 128, effective: 40, keyLen: 16, material: 5, block: 8},
	"RC2_CBC_56":        {name: "RC2-56-CBC", short: "RC2-56", mode: "CBC", keyBits: 128, effective: 56, keyLen: 16, material: 7, block: 8},
	"DES_CBC":           {name: "DES-CBC", short: "DES-CBC", mode: "CBC", keyBits: 56, keyLen: 8, block: 8},
	"DES40_CBC":         {name: "DES-40-CBC", short: "DES-40", mode: "CBC", keyBits: 56, effective: 40, keyLen: 8, material: 5, block: 8},
	"DES_CBC_40":        {name: "DES-40-CBC", short: "DES-40", mode: "CBC", keyBits: 56, effective: 40, keyLen: 8, material: 5, block: 8},
	"3DES_EDE_CBC":      {name: "3DES-EDE-CBC", short: "3DES-CBC", mode: "CBC", keyBits: 168, effective: 112, keyLen: 24, block: 8},
	"IDEA_CBC":          {name: "IDEA-CBC", short: "IDEA-CBC", mode: "CBC", keyBits: 128, keyLen: 16, block: 8},
	"SEED_CBC":          {name: "SEED-CBC", short: "SEED-CBC", mode: "CBC", keyBits: 128, keyLen: 16, block: 16},
	"FORTEZZA_CBC":      {name: "FORTEZZA-CBC", short: "FORTEZZA", mode: "CBC", keyBits: 96, keyLen: 12, block: 8}, // RFC 6101, appendix C
	"SM1":               {name: "SM1-CBC", short: "SM1-CBC", mode: "CBC", keyBits: 128, keyLen: 16, block: 16},
	"28147_CNT":         {name: "GOST28147-CNT", short: "GOST28147", mode: "stream", keyBits: 256, keyLen: 32, fixedIV: 8},
	"KUZNYECHIK_CTR":    {name: "Kuznyechik-CTR", short: "Kuznyechik", mode: "stream", keyBits: 256, keyLen: 32, fixedIV: 8},
	"MAGMA_CTR":         {name: "Magma-CTR", short: "Magma", mode: "stream", keyBits: 256, keyLen: 32, fixedIV: 4},
	"SALSA20":           {name: "Salsa20", short: "Salsa20", mode: "stream", keyBits: 256, keyLen: 32},
	"ESTREAM_SALSA20":   {name: "Salsa20/12", short: "Salsa20/12", mode: "stream", keyBits: 256, keyLen: 32},
	"CHACHA20_POLY1305": {name: "ChaCha20-Poly1305", short: "ChaCha20", mode: "AEAD", keyBits: 256, keyLen: 32, fixedIV: 12, tag: 16},
	"AEGIS_128L":        {name: "AEGIS-128L", short: "AEGIS-128L", mode: "AEAD", keyBits: 128, keyLen: 16, fixedIV: 16, tag: 16},
	"AEGIS_256":         {name: "AEGIS-256", short: "AEGIS-256", mode: "AEAD", keyBits: 256, keyLen: 32, fixedIV: 32, tag: 16},
	"KUZNYECHIK_MGM_L":  {name: "Kuznyechik-MGM", short: "Kuznyechik", mode: "AEAD", keyBits: 256, keyLen: 32, fixedIV: 16, tag: 16},
	"KUZNYECHIK_MGM_S":  {name: "Kuznyechik-MGM", short: "Kuznyechik", mode: "AEAD", keyBits: 256, keyLen: 32, fixedIV: 16, tag: 16},
	"MAGMA_MGM_L":       {name: "Magma-MGM", short: "Magma", mode: "AEAD", keyBits: 256, keyLen: 32, fixedIV: 8, tag: 8},
	"MAGMA_MGM_S":       {name: "Magma-MGM", short: "Magma", mode: "AEAD", keyBits: 256, keyLen: 32, fixedIV: 8, tag: 8},
}

var (
	blockCipher = regexp.MustCompile(`^(AES|ARIA|CAMELLIA|SM4)(?:_(128|256))?_(GCM|CCM|CCM_8|CBC)$`)
	hashSuffix  = regexp.MustCompile(`^(.*)_(MD5|SHA|SHA1|SHA256|SHA384|SM3|RMD|GOSTR3411|IMIT|OMAC)$`)
	pretty      = map[string]string{"AES": "AES", "ARIA": "ARIA", "CAMELLIA": "Camellia", "SM4": "SM4"}
)

// macs gives the MAC's name in Suite.MAC and its length in bytes.
var macs = map[string]struct {
	name string
	n    int
}{
	"MD5": {"MD5", 16}, "SHA": {"SHA1", 20}, "SHA1": {"SHA1", 20}, "SHA256": {"SHA256", 32}, "SHA384": {"SHA384", 48},
	"SM3": {"SM3", 32}, "RMD": {"RIPEMD160", 20}, "GOSTR3411": {"GOSTR3411-94", 32}, "IMIT": {"GOST28147-IMIT", 4},
}

// parseCipher reads the cipher's part of a name.
func parseCipher(s string) (cipher, error) {
	c, ok := odd[s]
	if m := blockCipher.FindStringSubmatch(s); m != nil {
		bits, name := "128", m[1]
		if m[2] != "" {
			bits = m[2]
		}
		n, err := strconv.Atoi(bits)
		if err != nil {
			return c, err
		}
		mode := strings.ReplaceAll(m[3], "_", "-")
		c = cipher{keyBits: n, keyLen: n / 8}
		if name == "SM4" { // has one key size, which its names leave out
			c.name, c.short = "SM4-"+mode, "SM4-"+strings.ReplaceAll(mode, "-", "")
		} else {
			c.name = pretty[name] + "-" + bits + "-" + mode
			c.short = pretty[name] + bits + "-" + strings.ReplaceAll(mode, "-", "")
		}
		switch m[3] {
		case "CBC":
			c.mode, c.block = "CBC", 16
		case "CCM_8":
			c.mode, c.fixedIV, c.explicit, c.tag = "AEAD", 4, 8, 8
		default:
			c.mode, c.fixedIV, c.explicit, c.tag = "AEAD", 4, 8, 16
		}
	} else if !ok {
		return c, fmt.Errorf("unknown cipher %q", s)
	}
	if c.effective == 0 {
		c.effective = c.keyBits
	}
	if c.material == 0 {
		c.material = c.keyLen
	}
	return c, nil
}

// deriveSuite works the attributes out of a suite's name.
func deriveSuite(code uint16, name, reference string) (suite, error) {
	s := suite{code: code, name: name, reference: reference}
	if strings.HasSuffix(name, "_SCSV") {
		s.signal, s.since = true, ssl30
		return s, nil
	}
	bare := strings.TrimSuffix(strings.TrimSuffix(name, "_OLD"), "_2")
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "TLS_"), "SSL_")
	kx, rest, with := strings.Cut(bare, "_WITH_")
	switch {
	case !with && strings.HasPrefix(name, "TLS_"):
		kx, rest, s.stdTLS13 = "", bare, true
	case !with:
		kx, rest, _ = strings.Cut(bare, "_")
		kx = "tlcp " + kx
	case strings.Contains(rest, "_MGM_"): // RFC 9367: named like the old ones, but of TLS 1.3
		kx, s.stdTLS13 = "", true
	}
	for _, suffix := range []string{"_EXPORT1024", "_EXPORT"} {
		if k, ok := strings.CutSuffix(kx, suffix); ok {
			kx, s.export = k, true
		}
	}
	kx = strings.TrimSuffix(kx, "_FIPS")
	if s.stdTLS13 {
		s.kx, s.auth = "TLS13", "TLS13"
	} else if ka, ok := kxAuth[kx]; ok {
		s.kx, s.auth = ka[0], ka[1]
	} else {
		return s, fmt.Errorf("%s: unknown key exchange %q", name, kx)
	}
	err := s.setCipher(rest)
	s.since = since(&s, kx)
	return s, err
}

// setCipher reads what follows WITH: cipher, MAC and hash.
func (s *suite) setCipher(rest string) error {
	hash := ""
	switch m := hashSuffix.FindStringSubmatch(rest); {
	case m != nil && strings.HasPrefix(m[1], "SHA"): // RFC 9150: integrity only
		rest, hash = "NULL", m[2]
	case m != nil:
		rest, hash = m[1], m[2]
	case rest == "NULL_NULL": // TLS_NULL_WITH_NULL_NULL, the state before any key
		rest = "NULL"
	}
	c, err := parseCipher(rest)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if c.mode == "AEAD" && s.stdTLS13 { // RFC 8446, section 5.3: the whole nonce is secret
		c.fixedIV += c.explicit
		c.explicit = 0
	}
	if strings.HasSuffix(s.name, "POLY1305_SHA256_OLD") { // the nonce is the sequence number alone
		c.fixedIV = 0
	}
	s.c, s.prf = c, "SHA256"
	switch {
	case c.mode == "AEAD":
		s.mac = "AEAD"
	case hash == "OMAC":
		s.mac, s.macLen = "OMAC", 16
		if c.name == "Magma-CTR" {
			s.macLen = 8
		}
	case hash != "":
		s.mac, s.macLen = macs[hash].name, macs[hash].n
	default:
		s.mac = "NULL"
	}
	if s.stdTLS13 && c.mode == "NULL" {
		s.c.tag, s.c.fixedIV = s.macLen, s.macLen
	}
	switch {
	case hash == "SHA384":
		s.prf = "SHA384"
	case hash == "SM3":
		s.prf = "SM3"
	case hash == "SHA1" && !strings.HasPrefix(s.name, "TLS_"):
		s.prf = "SHA1" // TLCP names its hash
	case strings.Contains(s.name, "GOSTR341112"):
		s.prf = "Streebog-256"
	case strings.Contains(s.name, "GOSTR34"):
		s.prf = "GOSTR3411-94"
	}
	return nil
}

// since gives the lowest version a suite is used in.
func since(s *suite, kx string) uint16 {
	psk := strings.HasPrefix(s.reference, "[RFC5487]") || strings.HasPrefix(s.reference, "[RFC5489]")
	switch {
	case strings.HasPrefix(kx, "tlcp "):
		return tlcp
	case s.stdTLS13:
		return tls13
	case s.c.mode == "AEAD", s.prf == "Streebog-256":
		return tls12
	case psk: // their sections on applicability: CBC and NULL in any version
		return tls10
	case s.mac == "SHA256", s.mac == "SHA384":
		return tls12
	case s.kx == "RSA", s.kx == "DH", s.kx == "DHE", s.kx == "FORTEZZA", s.kx == "NULL":
		if s.code >= 0x0060 && s.code <= 0x0066 || s.code >= 0x0072 && s.code <= 0x007e || s.c.keyLen == 32 && s.c.mode == "stream" {
			return tls10
		}
		return ssl30
	}
	return tls10
}
