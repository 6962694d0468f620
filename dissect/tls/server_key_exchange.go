package tls

import (
	"github.com/tlslens/tlslens/dissect/tls/iana"
	"github.com/tlslens/tlslens/dissect/wire"
)

// A ServerKeyExchange holds the server's share of the key exchange to TLS 1.2
// (RFC 5246, Section 7.4.3), if the certificate does not. Which fields are set
// depends on KeyExchange.
type ServerKeyExchange struct {
	KeyExchange KeyExchange // by which the message was read
	Guessed     bool        // the caller did not know it; it was inferred from the bytes
	Params      []byte      // the bytes that are signed, behind both randoms

	HasHint bool
	Hint    []byte // psk_identity_hint (RFC 4279, Section 2)

	DH  DHParams  // DHE, DHE_PSK
	EC  ECParams  // ECDHE, ECDHE_PSK
	RSA RSAParams // RSA: a temporary key of an export suite
	SRP SRPParams // SRP
	// Other is the message of a key exchange that this package does not take
	// apart, signature included.
	Other []byte

	Signed        bool
	HasScheme     bool // since TLS 1.2
	Scheme        SignatureScheme
	Signature     []byte
	TrailingBytes int
}

// DHParams are ServerDHParams (RFC 5246, Section 7.4.3), big-endian.
type DHParams struct{ P, G, Y []byte }

// RSAParams are ServerRSAParams (RFC 2246, Section 7.4.3), big-endian.
type RSAParams struct{ Modulus, Exponent []byte }

// SRPParams are ServerSRPParams (RFC 5054, Section 2.5.3).
type SRPParams struct{ N, G, Salt, B []byte }

// ECParams are ServerECDHParams (RFC 8422, Section 5.4).
type ECParams struct {
	CurveType CurveType
	Group     NamedGroup // 0 if the curve is explicit
	Explicit  []byte     // the explicit parameters (RFC 4492, Section 5.4)
	Point     []byte
}

// Decode reads the body of the message, without the handshake header.
func (m *ServerKeyExchange) Decode(body []byte, ctx Context) error {
	r := wire.NewReader(body)
	m.decode(&r, ctx)
	return r.Err()
}

// DecodeTraced is Decode with every field reported to t.
func (m *ServerKeyExchange) DecodeTraced(body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	m.decode(&r, ctx)
	return r.Err()
}

func (m *ServerKeyExchange) decode(r *wire.Reader, ctx Context) {
	*m = ServerKeyExchange{KeyExchange: ctx.KeyExchange()}
	all := r.Peek()
	auth := iana.AuthNull
	if m.KeyExchange == KxUnknown || m.KeyExchange == KxTLS13 {
		m.KeyExchange = guessServerKeyExchange(all)
		m.Guessed = true
	} else if suite, ok := ctx.Suite.Info(); ok {
		auth = suite.Auth
	}
	if !m.params(r) {
		m.Other = r.Rest("params")
		return
	}
	if r.Failed() {
		r.Trailing()
		return
	}
	m.Params = all[:len(all)-r.Len()]
	switch {
	case m.Guessed:
		m.Signed = r.Len() > 0
		m.HasScheme = m.Signed && !filledBy16(r.Peek())
	case m.KeyExchange != iana.KxRSAPSK:
		m.Signed = auth.Certificate()
		m.HasScheme = m.Signed && ctx.Version.hasSchemes()
	}
	m.signature(r)
	m.TrailingBytes = r.Trailing()
}

func (m *ServerKeyExchange) signature(r *wire.Reader) {
	if m.HasScheme {
		m.Scheme = SignatureScheme(r.Uint16("algorithm"))
	}
	if m.Signed {
		m.Signature = r.Vec16("signature")
	}
}

// params reads what comes before the signature; known is false if the key
// exchange is one that this package does not take apart.
func (m *ServerKeyExchange) params(r *wire.Reader) (known bool) {
	switch m.KeyExchange {
	case iana.KxDHE:
		m.DH.decode(r)
	case iana.KxECDHE:
		m.EC.decode(r)
	case iana.KxPSK, iana.KxRSAPSK:
		m.hint(r)
	case iana.KxDHEPSK:
		m.hint(r)
		m.DH.decode(r)
	case iana.KxECDHEPSK:
		m.hint(r)
		m.EC.decode(r)
	case iana.KxRSA:
		m.RSA.Modulus = r.Vec16("rsa_modulus")
		m.RSA.Exponent = r.Vec16("rsa_exponent")
	case iana.KxSRP:
		m.SRP.N = r.Vec16("srp_N")
		m.SRP.G = r.Vec16("srp_g")
		m.SRP.Salt = r.Vec8("srp_s")
		m.SRP.B = r.Vec16("srp_B")
	case iana.KxECJPAKE: // draft-cragie-tls-ecjpake-01, Section 6: X and its proof
		m.EC.decode(r)
		r.Vec8("zkp.v")
		r.Vec8("zkp.r")
	case iana.KxSM2: // nothing but a signature over the certificate for encryption
	default:
		return false
	}
	return true
}

func (m *ServerKeyExchange) hint(r *wire.Reader) {
	m.Hint = r.Vec16("psk_identity_hint")
	m.HasHint = !r.Failed()
}

func (p *DHParams) decode(r *wire.Reader) {
	p.P = r.Vec16("dh_p")
	p.G = r.Vec16("dh_g")
	p.Y = r.Vec16("dh_Ys")
}

func (p *ECParams) decode(r *wire.Reader) {
	p.CurveType = CurveType(r.Uint8("curve_type"))
	before := r.Peek()
	switch p.CurveType {
	case CurveNamed:
		p.Group = NamedGroup(r.Uint16("namedcurve"))
	case CurveExplicitPrime:
		r.Vec8("prime_p")
		explicitCurve(r)
	case CurveExplicitChar2:
		explicitChar2(r)
	default:
		r.Fail("curve_type", 1)
	}
	if p.CurveType != CurveNamed && !r.Failed() {
		p.Explicit = before[:len(before)-r.Len()]
	}
	p.Point = r.Vec8("public")
}

func explicitChar2(r *wire.Reader) {
	r.Uint16("m")
	switch r.Uint8("basis") {
	case 1:
		r.Vec8("k")
	case 2:
		r.Vec8("k1")
		r.Vec8("k2")
		r.Vec8("k3")
	default:
		r.Fail("basis", 1)
	}
	explicitCurve(r)
}

func explicitCurve(r *wire.Reader) {
	r.Vec8("a")
	r.Vec8("b")
	r.Vec8("base")
	r.Vec8("order")
	r.Vec8("cofactor")
}

// guessServerKeyExchange returns the key exchange whose parameters body could
// be, such that nothing or a signature is left behind them.
func guessServerKeyExchange(body []byte) KeyExchange {
	r := wire.NewReader(body)
	var ec ECParams
	ec.decode(&r)
	if endsSigned(&r) {
		return iana.KxECDHE
	}
	r = wire.NewReader(body)
	var dh DHParams
	dh.decode(&r)
	if endsSigned(&r) {
		return iana.KxDHE
	}
	return KxUnknown
}

// endsSigned reports whether nothing or one signature is left, with or without
// its algorithm.
func endsSigned(r *wire.Reader) bool {
	if r.Failed() {
		return false
	}
	rest := r.Peek()
	return len(rest) == 0 || filledBy16(rest) || len(rest) > 2 && filledBy16(rest[2:])
}
