package iana

import "fmt"

// ContentTypeName returns the name of a record content type, "handshake".
func ContentTypeName(v uint8) (string, bool) { return name(contentTypeTable[:], v) }

// ContentTypeString renders a record content type.
func ContentTypeString(v uint8) string { return render(contentTypeTable[:], v, 2) }

// AlertLevelString renders an alert level, "fatal".
func AlertLevelString(v uint8) string { return render(alertLevelTable[:], v, 2) }

// CompressionMethodString renders a compression method, "null".
func CompressionMethodString(v uint8) string { return render(compressionMethodTable[:], v, 2) }

// PSKModeString renders a PSK key exchange mode, "psk_dhe_ke".
func PSKModeString(v uint8) string {
	if IsGREASE8(v) {
		return fmt.Sprintf("GREASE (0x%02x)", v)
	}
	return render(pskModeTable[:], v, 2)
}

// PointFormatString renders an EC point format, "uncompressed".
func PointFormatString(v uint8) string { return render(pointFormatTable[:], v, 2) }

// CurveTypeString renders an EC curve type of a ServerKeyExchange,
// "named_curve".
func CurveTypeString(v uint8) string { return render(curveTypeTable[:], v, 2) }

// CertificateTypeString renders a certificate type, "X509".
func CertificateTypeString(v uint8) string { return render(certificateTypeTable[:], v, 2) }

// ClientCertificateTypeString renders a certificate type of a
// CertificateRequest, "ecdsa_sign".
func ClientCertificateTypeString(v uint8) string {
	return render(clientCertificateTypeTable[:], v, 2)
}

// CertificateCompressionString renders a certificate compression algorithm,
// "brotli".
func CertificateCompressionString(v uint16) string {
	return render(certificateCompressionTable[:], v, 4)
}

// CertificateStatusTypeString renders a certificate status type, "ocsp".
func CertificateStatusTypeString(v uint8) string { return render(certificateStatusTypeTable[:], v, 2) }

// SupplementalDataString renders a supplemental data type.
func SupplementalDataString(v uint16) string { return render(supplementalDataTable[:], v, 4) }

// HeartbeatModeString renders a mode of the heartbeat extension.
func HeartbeatModeString(v uint8) string { return render(heartbeatModeTable[:], v, 2) }

// HeartbeatMessageString renders the type of a heartbeat message.
func HeartbeatMessageString(v uint8) string { return render(heartbeatMessageTable[:], v, 2) }

// KeyUpdateRequestString renders the request of a KeyUpdate.
func KeyUpdateRequestString(v uint8) string { return render(keyUpdateRequestTable[:], v, 2) }

// ServerNameTypeString renders the type of a server name, "host_name".
func ServerNameTypeString(v uint8) string { return render(serverNameTypeTable[:], v, 2) }

// HashAlgorithmString renders the hash of a TLS 1.2 pair, "sha256".
func HashAlgorithmString(v uint8) string { return render(hashAlgorithmTable[:], v, 2) }

// SignatureAlgorithmString renders the signature of a TLS 1.2 pair, "ecdsa".
// The private value 238 or 239 of older GOST software carries its code, for it
// has the name of a registered one.
func SignatureAlgorithmString(v uint8) string {
	s := render(signatureAlgorithmTable[:], v, 2)
	if v == 238 || v == 239 {
		return fmt.Sprintf("%s (0x%02x)", s, v)
	}
	return s
}

// HPKEKEMString renders an HPKE KEM identifier of an ECH configuration.
func HPKEKEMString(v uint16) string { return render(hpkeKemTable[:], v, 4) }

// HPKEKDFString renders an HPKE KDF identifier, "HKDF-SHA256".
func HPKEKDFString(v uint16) string { return render(hpkeKdfTable[:], v, 4) }

// HPKEAEADString renders an HPKE AEAD identifier, "AES-128-GCM".
func HPKEAEADString(v uint16) string { return render(hpkeAeadTable[:], v, 4) }

// SRTPProfileString renders a protection profile of the extension use_srtp.
func SRTPProfileString(v uint16) string { return render(srtpProfileTable[:], v, 4) }
