// Package pki reads X.509 certificates and public keys as they come off the
// wire and says, check by check, what a careful client should have thought of
// a chain of them.
//
// In go the DER of certificates, OCSP responses, SCT lists and signatures; out
// come [Certificate], [Key] and a [Report] in plain English. The package knows
// no TLS message.
//
// [Parse] reads leniently: it shows every field that can be read, lists what
// is wrong, and never fails as a whole. crypto/x509 reads the same bytes; it
// has a say only when a chain is verified.
//
// [Parse] and [ParseKey] copy their input, so nothing that the package hands
// out aliases a packet; the slices within a Certificate alias its own copy. All
// of it is immutable once made and safe for concurrent use.
//
// Strings from certificates are valid UTF-8 in distinguished names, which are
// escaped as RFC 4514 asks, C0 control characters as \xx. Alternative names,
// URIs and the like are handed over with bytes outside of printable ASCII as
// \xx. C1 controls and bidirectional overrides inside of distinguished names
// are left to the sanitiser of the report.
//
// No input makes the package panic, read a clock other than the time it is
// given, reach for the network, or work longer than linearly in the size of the
// certificates: keys and chains beyond stated bounds are shown, not verified.
package pki
