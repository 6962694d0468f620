package iana

// A KeyExchange is how a cipher suite makes the premaster secret.
type KeyExchange string

// The key exchanges. DH_anon and ECDH_anon send fresh keys in a
// ServerKeyExchange and are therefore DHE and ECDHE with AuthAnon.
const (
	KxNull     KeyExchange = "NULL"
	KxRSA      KeyExchange = "RSA"
	KxDH       KeyExchange = "DH" // static, key in the certificate
	KxDHE      KeyExchange = "DHE"
	KxECDH     KeyExchange = "ECDH" // static, key in the certificate
	KxECDHE    KeyExchange = "ECDHE"
	KxPSK      KeyExchange = "PSK"
	KxDHEPSK   KeyExchange = "DHE_PSK"
	KxRSAPSK   KeyExchange = "RSA_PSK"
	KxECDHEPSK KeyExchange = "ECDHE_PSK"
	KxSRP      KeyExchange = "SRP"
	KxKRB5     KeyExchange = "KRB5"
	KxGOST     KeyExchange = "GOST"
	KxECCPWD   KeyExchange = "ECCPWD"
	KxECJPAKE  KeyExchange = "ECJPAKE"
	KxCECPQ1   KeyExchange = "CECPQ1"
	KxFortezza KeyExchange = "FORTEZZA"
	KxSM2      KeyExchange = "SM2"   // TLCP: premaster secret encrypted to the server's SM2 key
	KxIBSDH    KeyExchange = "IBSDH" // TLCP, identity based
	KxIBC      KeyExchange = "IBC"   // TLCP, identity based
	KxTLS13    KeyExchange = "TLS13" // the suite does not say: see the extensions key_share and pre_shared_key
)

// Ephemeral reports whether both sides send fresh keys, so that a later loss of
// a long-term key does not open the connection. It is false for [KxTLS13],
// where the extensions decide.
func (k KeyExchange) Ephemeral() bool {
	switch k {
	case KxDHE, KxECDHE, KxDHEPSK, KxECDHEPSK, KxSRP, KxECCPWD, KxECJPAKE, KxCECPQ1:
		return true
	}
	return false
}

// An Authentication is what proves to the client who the server is.
type Authentication string

// The ways of authentication. RSA_PSK suites have AuthRSA: the server shows a
// certificate and both sides know the key.
const (
	AuthNull     Authentication = "NULL"
	AuthAnon     Authentication = "anon"
	AuthRSA      Authentication = "RSA"
	AuthDSS      Authentication = "DSS"
	AuthECDSA    Authentication = "ECDSA"
	AuthPSK      Authentication = "PSK"
	AuthSRP      Authentication = "SRP"
	AuthKRB5     Authentication = "KRB5"
	AuthGOST     Authentication = "GOST"
	AuthECCPWD   Authentication = "ECCPWD"
	AuthECJPAKE  Authentication = "ECJPAKE"
	AuthFortezza Authentication = "FORTEZZA"
	AuthSM2      Authentication = "SM2"
	AuthIBS      Authentication = "IBS"
	AuthTLS13    Authentication = "TLS13" // the suite does not say
)

// Certificate reports whether the server shows a certificate in a full
// handshake. It is false for [AuthTLS13], where the extensions decide.
func (a Authentication) Certificate() bool {
	switch a {
	case AuthRSA, AuthDSS, AuthECDSA, AuthGOST, AuthFortezza, AuthSM2, AuthIBS:
		return true
	}
	return false
}

// A Mode is how a cipher suite protects records.
type Mode string

// The modes of record protection.
const (
	ModeNull   Mode = "NULL"   // integrity at most
	ModeStream Mode = "stream" // GenericStreamCipher: a stream cipher or a counter mode, with a MAC
	ModeCBC    Mode = "CBC"    // GenericBlockCipher, with a MAC
	ModeAEAD   Mode = "AEAD"
)

// A Suite is a cipher suite with what its name implies. Lengths are bytes.
type Suite struct {
	Code      uint16
	Name      string // registry name
	Short     string // cipher for narrow tables, "AES256-GCM"
	Kx        KeyExchange
	Auth      Authentication
	Cipher    string // "AES-256-GCM"
	Mode      Mode
	MAC       string // hash of the HMAC ("SHA1"), another MAC's name, "AEAD", or "NULL"
	PRF       string // hash of the PRF in TLS 1.2 and of HKDF in TLS 1.3; TLS 1.0 and 1.1 use MD5 and SHA-1 whatever the suite
	Reference string // "[RFC5288]", as the registry writes it

	KeyBits       int // nominal key size
	EffectiveBits int // strength of the key: 40 or 56 in most export suites, 112 for 3DES

	KeyLen           int // key handed to the cipher
	KeyMaterial      int // taken from the key block; less than KeyLen in export suites (RFC 2246, section 6.3.1)
	FixedIVLen       int // nonce part taken from the key block, the whole nonce in TLS 1.3; not the IV of CBC, which has BlockSize bytes
	ExplicitNonceLen int // nonce part sent in each record (TLS 1.2 AEAD)
	BlockSize        int // CBC only
	MACLen           int // MAC in each record; 0 for AEAD
	TagLen           int // growth of a sealed record: AEAD tag, or the MAC of RFC 9150

	Since       uint16 // lowest version in which the suite is used
	Export      bool   // weakened for the export rules of the 1990s
	Signal      bool   // a signalling value that is never chosen; attributes are empty
	DTLS        bool   // IANA column DTLS-OK
	Recommended bool   // IANA column Recommended, as of January 2023
	Registered  bool   // in the IANA registry as of January 2023
}

// LookupSuite returns the attributes of a cipher suite; ok is false for GREASE
// and unassigned values.
func LookupSuite(code uint16) (s Suite, ok bool) {
	if p := find[Suite, uint16](suites[:], code); p != nil {
		return *p, true
	}
	return Suite{Code: code}, false
}
