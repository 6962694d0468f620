package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Trace decodes a handshake message of type typ, without its header, and
// reports every field to t, extensions included. Of types that nobody has heard
// of it reports the body. It returns what Decode returns.
func Trace(typ HandshakeType, body []byte, ctx Context, t wire.Tracer) error {
	r := wire.NewTracedReader(body, t)
	traceMessage(typ, &r, ctx)
	return r.Err()
}

// traceMessage holds the messages of the key exchange and authentication.
func traceMessage(typ HandshakeType, r *wire.Reader, ctx Context) {
	switch typ {
	case TypeHelloRequest, TypeServerHelloDone, TypeEndOfEarlyData:
		new(EmptyMessage).decode(r)
	case TypeClientHello:
		new(ClientHello).decode(r)
	case TypeServerHello:
		new(ServerHello).decode(r)
	case TypeHelloRetryRequest:
		new(HelloRetryRequest).decode(r)
	case TypeEncryptedExtensions:
		new(EncryptedExtensions).decode(r)
	case TypeCertificate:
		new(Certificate).decode(r, ctx)
	case TypeCompressedCertificate:
		new(CompressedCertificate).decode(r)
	case TypeServerKeyExchange:
		new(ServerKeyExchange).decode(r, ctx)
	case TypeClientKeyExchange:
		new(ClientKeyExchange).decode(r, ctx)
	case TypeCertificateRequest:
		new(CertificateRequest).decode(r, ctx)
	case TypeCertificateVerify:
		new(CertificateVerify).decode(r, ctx)
	case TypeCertificateStatus:
		new(CertificateStatus).decode(r)
	case TypeNewSessionTicket:
		new(NewSessionTicket).decode(r, ctx)
	case TypeFinished:
		new(Finished).decode(r)
	default:
		traceRare(typ, r)
	}
}

// traceRare goes on where traceMessage ends.
func traceRare(typ HandshakeType, r *wire.Reader) {
	switch typ {
	case TypeKeyUpdate:
		new(KeyUpdate).decode(r)
	case TypeHelloVerifyRequest:
		new(HelloVerifyRequest).decode(r)
	case TypeRequestConnectionID:
		new(RequestConnectionID).decode(r)
	case TypeNewConnectionID:
		new(NewConnectionID).decode(r)
	case TypeCertificateURL:
		new(CertificateURL).decode(r)
	case TypeSupplementalData:
		new(SupplementalData).decode(r)
	case TypeNextProtocol:
		new(NextProtocol).decode(r)
	case TypeChannelID:
		new(ChannelID).decode(r)
	case TypeMessageHash:
		new(MessageHash).decode(r)
	default:
		r.Rest("body")
	}
}
