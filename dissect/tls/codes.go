package tls

// A CipherSuite is a code point of the IANA registry "TLS Cipher Suites".
type CipherSuite uint16

// Cipher suites that are signals and not suites.
const (
	SuiteEmptyRenegotiationInfo CipherSuite = 0x00ff // RFC 5746, Section 3.3
	SuiteFallback               CipherSuite = 0x5600 // RFC 7507, Section 3
)

// An ExtensionType is a code point of the IANA registry "TLS ExtensionType
// Values".
type ExtensionType uint16

// A NamedGroup is a code point of the IANA registry "TLS Supported Groups".
type NamedGroup uint16

// A SignatureScheme is a code point of the IANA registry "TLS SignatureScheme";
// in TLS 1.2 the first byte is the hash and the second the signature algorithm.
type SignatureScheme uint16

// A HandshakeType is a code point of the IANA registry "TLS HandshakeType".
type HandshakeType uint8

// Handshake types.
const (
	TypeHelloRequest          HandshakeType = 0
	TypeClientHello           HandshakeType = 1
	TypeServerHello           HandshakeType = 2
	TypeHelloVerifyRequest    HandshakeType = 3
	TypeNewSessionTicket      HandshakeType = 4
	TypeEndOfEarlyData        HandshakeType = 5
	TypeHelloRetryRequest     HandshakeType = 6 // drafts before 22; since then a ServerHello
	TypeEncryptedExtensions   HandshakeType = 8
	TypeRequestConnectionID   HandshakeType = 9
	TypeNewConnectionID       HandshakeType = 10
	TypeCertificate           HandshakeType = 11
	TypeServerKeyExchange     HandshakeType = 12
	TypeCertificateRequest    HandshakeType = 13
	TypeServerHelloDone       HandshakeType = 14
	TypeCertificateVerify     HandshakeType = 15
	TypeClientKeyExchange     HandshakeType = 16
	TypeFinished              HandshakeType = 20
	TypeCertificateURL        HandshakeType = 21
	TypeCertificateStatus     HandshakeType = 22
	TypeSupplementalData      HandshakeType = 23
	TypeKeyUpdate             HandshakeType = 24
	TypeCompressedCertificate HandshakeType = 25
	TypeNextProtocol          HandshakeType = 67
	TypeChannelID             HandshakeType = 203
	TypeMessageHash           HandshakeType = 254
)

// A ContentType is a code point of the IANA registry "TLS ContentType".
type ContentType uint8

// Content types of records.
const (
	ContentChangeCipherSpec ContentType = 20
	ContentAlert            ContentType = 21
	ContentHandshake        ContentType = 22
	ContentApplicationData  ContentType = 23
	ContentHeartbeat        ContentType = 24
	ContentTLS12CID         ContentType = 25 // DTLS only (RFC 9146, Section 4)
	ContentACK              ContentType = 26 // DTLS 1.3 only (RFC 9147, Section 7)
)

// A CompressionMethod is a code point of the IANA registry "TLS Compression
// Method Identifiers".
type CompressionMethod uint8

// A PointFormat is a code point of the IANA registry "TLS EC Point Formats".
type PointFormat uint8

// A CertificateType is a code point of the IANA registry "TLS Certificate
// Types".
type CertificateType uint8

// Certificate types (RFC 7250, Section 3; RFC 6091, Section 3.1).
const (
	CertificateX509         CertificateType = 0
	CertificateOpenPGP      CertificateType = 1
	CertificateRawPublicKey CertificateType = 2
)

// A ClientCertificateType is a code point of the IANA registry "TLS
// ClientCertificateType Identifiers".
type ClientCertificateType uint8

// A CertificateStatusType is a code point of the IANA registry "TLS Certificate
// Status Types".
type CertificateStatusType uint8

// Certificate status types (RFC 6066, Section 8; RFC 6961, Section 2.2).
const (
	StatusOCSP      CertificateStatusType = 1
	StatusOCSPMulti CertificateStatusType = 2
)

// A CertificateCompression is a code point of the IANA registry "TLS
// Certificate Compression Algorithm IDs".
type CertificateCompression uint16

// Certificate compression algorithms (RFC 8879, Section 7.3).
const (
	CompressionZlib   CertificateCompression = 1
	CompressionBrotli CertificateCompression = 2
	CompressionZstd   CertificateCompression = 3
)

// A PSKMode is a code point of the IANA registry "TLS PskKeyExchangeMode".
type PSKMode uint8

// PSK key exchange modes (RFC 8446, Section 4.2.9).
const (
	PSKOnly    PSKMode = 0
	PSKWithDHE PSKMode = 1
)

// A NameType says what a name in a server_name extension is.
type NameType uint8

// NameHostName is the only name type there is (RFC 6066, Section 3).
const NameHostName NameType = 0

// A CurveType says how a ServerKeyExchange gives its curve.
type CurveType uint8

// Curve types (RFC 8422, Section 5.4; the explicit ones RFC 4492, Section 5.4).
const (
	CurveExplicitPrime CurveType = 1
	CurveExplicitChar2 CurveType = 2
	CurveNamed         CurveType = 3
)
