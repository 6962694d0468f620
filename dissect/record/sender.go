package record

import "github.com/tlslens/tlslens/dissect/tls"

// Sender tells by a handshake message in the clear which end sends it: [Client],
// [Server], or [Either] for what both send (RFC 5246, Section 7.3).
func Sender(t tls.HandshakeType) Verdict {
	switch t {
	case tls.TypeHelloRequest, tls.TypeServerHello, tls.TypeHelloVerifyRequest, tls.TypeHelloRetryRequest,
		tls.TypeNewSessionTicket, tls.TypeEncryptedExtensions, tls.TypeServerKeyExchange, tls.TypeCertificateRequest,
		tls.TypeServerHelloDone, tls.TypeCertificateStatus:
		return Server
	case tls.TypeClientHello, tls.TypeClientKeyExchange, tls.TypeCertificateVerify, tls.TypeCertificateURL:
		return Client
	}
	return Either
}

// AlertSender tells by an alert which end sends it, [Either] for one that both
// may send. Only those count of which the standard that defines them names one.
func AlertSender(d tls.AlertDescription) Verdict {
	switch d {
	case tls.AlertInappropriateFallback, // RFC 7507, Section 3
		tls.AlertCertificateUnobtainable, // RFC 6066, Section 9
		tls.AlertUnrecognizedName,        // RFC 6066, Section 3
		tls.AlertBadCertificateHashValue, // RFC 6066, Section 5
		tls.AlertUnknownPSKIdentity,      // RFC 4279, Section 2
		tls.AlertNoApplicationProtocol:   // RFC 7301, Section 3.2
		return Server
	case tls.AlertNoCertificate, // RFC 6101, Section 5.4.2
		tls.AlertBadCertificateStatusResponse: // RFC 6066, Section 8
		return Client
	}
	return Either
}
