package tls

// A Version is a protocol version as sent on the wire: two bytes, major and
// minor.
type Version uint16

// Protocol versions. Drafts of TLS 1.3 are 0x7f00 plus the draft's number.
const (
	VersionSSL2   Version = 0x0002
	VersionTLCP   Version = 0x0101 // GB/T 38636, TLS 1.1 with SM2, SM3 and SM4
	VersionSSL3   Version = 0x0300
	VersionTLS10  Version = 0x0301
	VersionTLS11  Version = 0x0302
	VersionTLS12  Version = 0x0303
	VersionTLS13  Version = 0x0304
	VersionDTLS10 Version = 0xfeff
	VersionDTLS12 Version = 0xfefd
	VersionDTLS13 Version = 0xfefc
	// VersionDTLSBad is what OpenSSL before 0.9.8f sent for DTLS 1.0.
	VersionDTLSBad Version = 0x0100
)

// Draft returns the number of the TLS 1.3 draft that v stands for: 0x7fXX by
// RFC 8446, Section 4.2.1.1 of the drafts, and the private numbers that
// Facebook gave to drafts 23 and 26.
func (v Version) Draft() (n int, ok bool) {
	switch {
	case v&0xff00 == 0x7f00 && v != 0x7f00:
		return int(v & 0xff), true
	case v == 0xfb17, v == 0xfb1a:
		return int(v & 0xff), true
	}
	return 0, false
}

// IsTLS13 reports whether messages look as in TLS 1.3: the standard, its
// drafts, DTLS 1.3 and the experiments 0x7e01 to 0x7e03 of Google.
func (v Version) IsTLS13() bool {
	if _, ok := v.Draft(); ok {
		return true
	}
	return v == VersionTLS13 || v == VersionDTLS13 || v >= 0x7e01 && v <= 0x7e03
}

// IsDTLS reports whether v is a version of DTLS.
func (v Version) IsDTLS() bool { return v>>8 == 0xfe || v == VersionDTLSBad }

// ExplicitIV reports whether records sealed with a block cipher carry their IV,
// as since TLS 1.1 (RFC 4346, Section 6.2.3.2) and in DTLS, which is no older
// (RFC 4347, Section 4.1.2.1). Numbers of DTLS versions count down.
func (v Version) ExplicitIV() bool {
	return v.IsDTLS() || v == VersionTLCP || v >= VersionTLS11
}

// hasSchemes reports whether signatures are preceded by their algorithm, as
// since TLS 1.2 (RFC 5246, Section 4.7) and DTLS 1.2.
func (v Version) hasSchemes() bool {
	return v.IsTLS13() || v == VersionTLS12 || v == VersionDTLS12
}

// draftBefore reports whether v is a TLS 1.3 draft older than draft n.
func (v Version) draftBefore(n int) bool {
	d, ok := v.Draft()
	return ok && d < n
}
