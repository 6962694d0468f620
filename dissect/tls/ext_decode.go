package tls

import "github.com/tlslens/tlslens/dissect/wire"

// Extension types that this package decodes or that its callers ask for.
const (
	ExtServerName              ExtensionType = 0
	ExtMaxFragmentLength       ExtensionType = 1
	ExtClientCertificateURL    ExtensionType = 2
	ExtTruncatedHMAC           ExtensionType = 4
	ExtStatusRequest           ExtensionType = 5
	ExtSupportedGroups         ExtensionType = 10
	ExtECPointFormats          ExtensionType = 11
	ExtSRP                     ExtensionType = 12
	ExtSignatureAlgorithms     ExtensionType = 13
	ExtUseSRTP                 ExtensionType = 14
	ExtHeartbeat               ExtensionType = 15
	ExtALPN                    ExtensionType = 16
	ExtStatusRequestV2         ExtensionType = 17
	ExtSCT                     ExtensionType = 18
	ExtClientCertificateType   ExtensionType = 19
	ExtServerCertificateType   ExtensionType = 20
	ExtPadding                 ExtensionType = 21
	ExtEncryptThenMAC          ExtensionType = 22
	ExtExtendedMasterSecret    ExtensionType = 23
	ExtTokenBinding            ExtensionType = 24
	ExtCompressCertificate     ExtensionType = 27
	ExtRecordSizeLimit         ExtensionType = 28
	ExtDelegatedCredential     ExtensionType = 34
	ExtSessionTicket           ExtensionType = 35
	ExtKeyShareOld             ExtensionType = 40 // TLS 1.3 drafts before 23
	ExtPreSharedKey            ExtensionType = 41
	ExtEarlyData               ExtensionType = 42
	ExtSupportedVersions       ExtensionType = 43
	ExtCookie                  ExtensionType = 44
	ExtPSKKeyExchangeModes     ExtensionType = 45
	ExtCertificateAuthorities  ExtensionType = 47
	ExtOIDFilters              ExtensionType = 48
	ExtPostHandshakeAuth       ExtensionType = 49
	ExtSignatureAlgorithmsCert ExtensionType = 50
	ExtKeyShare                ExtensionType = 51
	ExtTransparencyInfo        ExtensionType = 52
	ExtConnectionIDOld         ExtensionType = 53
	ExtConnectionID            ExtensionType = 54
	ExtQUICTransportParameters ExtensionType = 57
	ExtTicketRequest           ExtensionType = 58
	ExtNextProtocol            ExtensionType = 13172
	ExtALPSOld                 ExtensionType = 17513
	ExtALPS                    ExtensionType = 17613
	ExtChannelID               ExtensionType = 30032
	ExtTrustAnchors            ExtensionType = 51764
	ExtECHOuterExtensions      ExtensionType = 64768
	ExtEncryptedClientHello    ExtensionType = 65037
	ExtEncryptedServerName     ExtensionType = 65486
	ExtQUICDraft               ExtensionType = 65445 // quic_transport_parameters of drafts; before 27 in another format
	ExtRenegotiationInfo       ExtensionType = 65281
)

// decodeExtension decodes the extension that r covers as one of message where.
// Types that nobody has heard of are left as they are. A fault stays in r.
func decodeExtension(t ExtensionType, where HandshakeType, r *wire.Reader) {
	switch where {
	case TypeClientHello, TypeCertificateRequest:
		if !decodeOffer(t, r) {
			decodeAny(t, r)
		}
	case TypeCertificate, TypeNewSessionTicket:
		if !decodeAttached(t, where, r) {
			decodeAny(t, r)
		}
	default:
		if !decodeAnswer(t, where, r) {
			decodeAny(t, r)
		}
	}
}

// decodeAny decodes the extensions that look the same in every message.
func decodeAny(t ExtensionType, r *wire.Reader) {
	switch t {
	case ExtServerName:
		new(ServerNames).decode(r)
	case ExtMaxFragmentLength:
		new(MaxFragmentLength).decode(r)
	case ExtClientCertificateURL, ExtTruncatedHMAC, ExtEncryptThenMAC, ExtExtendedMasterSecret,
		ExtEarlyData, ExtPostHandshakeAuth, ExtChannelID:
		new(Flag).decode(r)
	case ExtStatusRequest:
		new(StatusRequest).decode(r)
	case ExtStatusRequestV2:
		new(StatusRequestV2).decode(r)
	case ExtSupportedGroups:
		new(SupportedGroups).decode(r)
	case ExtECPointFormats:
		new(ECPointFormats).decode(r)
	case ExtSRP:
		new(SRP).decode(r)
	case ExtSignatureAlgorithms, ExtSignatureAlgorithmsCert:
		new(SignatureAlgorithms).decode(r)
	case ExtUseSRTP:
		new(UseSRTP).decode(r)
	case ExtHeartbeat:
		new(HeartbeatExtension).decode(r)
	case ExtALPN:
		new(ALPN).decode(r)
	case ExtSCT:
		new(SCTs).decode(r)
	case ExtPadding:
		new(Padding).decode(r)
	case ExtTokenBinding:
		new(TokenBinding).decode(r)
	default:
		decodeNewer(t, r)
	}
}

// decodeNewer goes on where decodeAny ends.
func decodeNewer(t ExtensionType, r *wire.Reader) {
	switch t {
	case ExtCompressCertificate:
		new(CompressCertificate).decode(r)
	case ExtRecordSizeLimit:
		new(RecordSizeLimit).decode(r)
	case ExtCookie:
		new(Cookie).decode(r)
	case ExtPSKKeyExchangeModes:
		new(PSKKeyExchangeModes).decode(r)
	case ExtCertificateAuthorities:
		new(CertificateAuthorities).decode(r)
	case ExtOIDFilters:
		new(OIDFilters).decode(r)
	case ExtTransparencyInfo:
		new(TransparencyInfo).decode(r)
	case ExtConnectionID, ExtConnectionIDOld:
		new(ConnectionID).decode(r)
	case ExtQUICTransportParameters:
		new(QUICTransportParameters).decode(r)
	case ExtQUICDraft:
		if quicParametersFit(r.Peek()) {
			new(QUICTransportParameters).decode(r)
		}
	case ExtTrustAnchors:
		new(TrustAnchors).decode(r)
	case ExtECHOuterExtensions:
		new(ECHOuterExtensions).decode(r)
	case ExtRenegotiationInfo:
		new(RenegotiationInfo).decode(r)
	}
}

// decodeOffer decodes what looks special in a ClientHello or CertificateRequest.
func decodeOffer(t ExtensionType, r *wire.Reader) bool {
	switch t {
	case ExtClientCertificateType, ExtServerCertificateType:
		new(CertificateTypes).decode(r)
	case ExtDelegatedCredential:
		new(SignatureAlgorithms).decode(r)
	case ExtPreSharedKey:
		new(PreSharedKeyClient).decode(r)
	case ExtSupportedVersions:
		new(SupportedVersions).decode(r)
	case ExtKeyShare, ExtKeyShareOld:
		new(KeyShareClient).decode(r)
	case ExtTicketRequest:
		new(TicketRequest).decode(r)
	case ExtNextProtocol:
		new(Flag).decode(r)
	case ExtALPS, ExtALPSOld:
		new(ALPS).decode(r)
	case ExtEncryptedClientHello:
		new(ECHClient).decode(r)
	case ExtEncryptedServerName:
		new(ESNIClient).decode(r)
	default:
		return false
	}
	return true
}

// decodeAttached decodes what looks special in a Certificate or a
// NewSessionTicket.
func decodeAttached(t ExtensionType, where HandshakeType, r *wire.Reader) bool {
	switch {
	case t == ExtStatusRequest:
		new(CertificateStatus).decode(r)
	case t == ExtDelegatedCredential:
		new(DelegatedCredential).decode(r)
	case t == ExtTrustAnchors:
		new(Flag).decode(r)
	case t == ExtEarlyData && where == TypeNewSessionTicket:
		new(TicketEarlyData).decode(r)
	default:
		return false
	}
	return true
}

// decodeAnswer decodes what looks special in a server's answer.
func decodeAnswer(t ExtensionType, where HandshakeType, r *wire.Reader) bool {
	retry := where == TypeHelloRetryRequest
	switch t {
	case ExtClientCertificateType, ExtServerCertificateType:
		new(SelectedCertificateType).decode(r)
	case ExtPreSharedKey:
		new(PreSharedKeyServer).decode(r)
	case ExtSupportedVersions:
		new(SelectedVersion).decode(r)
	case ExtKeyShare, ExtKeyShareOld:
		if retry {
			new(KeyShareRetry).decode(r)
		} else {
			new(KeyShareServer).decode(r)
		}
	case ExtTicketRequest:
		new(TicketRequestHint).decode(r)
	case ExtNextProtocol:
		new(NextProtocols).decode(r)
	case ExtEncryptedClientHello:
		if retry {
			new(ECHConfirmation).decode(r)
		} else {
			new(ECHRetryConfigs).decode(r)
		}
	default:
		return false
	}
	return true
}
