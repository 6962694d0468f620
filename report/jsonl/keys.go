package jsonl

import "strings"

// A key is one key of the output, the type of its value and what it means. A
// list is marked by [].
type key struct {
	path string
	kind kind
	doc  string
}

// A kind is the type of a value, the same wherever the key is there.
type kind string

const (
	kString   kind = "string"
	kHex      kind = "string, hex"
	kTime     kind = "string, time"
	kInteger  kind = "integer"
	kNumber   kind = "number"
	kBoolean  kind = "boolean"
	kObject   kind = "object"
	kCounts   kind = "object of integers"
	kStrings  kind = "list of strings"
	kIntegers kind = "list of integers"
	kObjects  kind = "list of objects"
)

// connectionKeys returns the keys of a connection, in the order of the output.
func connectionKeys() []key {
	return append(append(append(headKeys(), helloKeys()...), phaseKeys()...), tailKeys()...)
}

func headKeys() []key {
	return []key{
		{"type", kString, `always "connection"`},
		{"capture", kString, "name of the capture as it was given; absent if there is only one"},
		{"number", kInteger, "of the connection, from 1, in the order in which TLS was recognised"},
		{"carrier", kString, "what carries the handshake: tls, quic, dtls, sslv2 or tlcp"},
		{"transport", kString, "tcp or udp"},
		{"starttls", kString, "what was spoken before TLS began, outermost first, joined by +: smtp, proxy_v2+imap"},
		{"ftp_data", kObject, "this is a data connection of FTP that a control connection announced; or that fits one; absent if it is none that shows"},
		{"ftp_data.fits", kBoolean, "whether the announcement is sealed, and this is a conclusion: the connection resumes a session while a control connection between the same hosts is open, and nothing speaks against it"},
		{"ftp_data.of", kInteger, "number of the control connection; absent if that is not TLS"},
		{"ftp_data.passive", kBoolean, "whether the client connected to the server; absent if it only fits"},
		{"ftp_data.command", kString, "what it is for: RETR, STOR, LIST and the like"},
		{"encapsulation", kStrings, "what the packets are wrapped in, the outermost first"},
		{"encapsulation_back", kStrings, "the same of the server's packets, if it is not that of the client's"},
		{"client", kObject, "the side that sent, or would have sent, the ClientHello"},
		{"client.address", kString, "IP address"},
		{"client.port", kInteger, "port"},
		{"server", kObject, "the other side"},
		{"server.address", kString, "IP address"},
		{"server.port", kInteger, "port"},
		{"roles_guessed_by", kString, "nothing in the capture shows which end is the client, so it was guessed: certificate (only the other end showed one), ports or first_packet (its sender); absent if a message or the SYN shows it"},
		{"start", kTime, "time of the first packet"},
		{"duration_ms", kNumber, "from the first packet to the last"},
		{"packets", kObject, "the packets of the flow"},
		{"packets.first", kInteger, "number of the first in the capture, from 1"},
		{"packets.last", kInteger, "number of the last"},
		{"packets.count", kInteger, "how many there are"},
		{"outcome", kString, "established, failed, rejected_by_client, rejected_by_server, reset, closed, client_gave_up, no_answer, one_sided, incomplete, not_tls, starttls_refused, starttls_stripped, starttls_unused or proxy_refused"},
		{"why", kString, "the outcome in sentences"},
		{"server_name", kString, "the name the client asked for in the clear (RFC 6066, Section 3); see encrypted_client_hello"},
		{"version", kString, "the version both sides agreed on"},
		{"cipher_suite", kString, "the suite the server selected"},
		{"group", kString, "of the key exchange; dhe2048 and the like for a prime that is no named group's"},
		{"alpn", kString, "the application protocol the server selected (RFC 7301)"},
		{"hello_retry_request", kBoolean, "whether the server asked for a second ClientHello"},
		{"resumption", kObject, "the earlier session that this connection continues"},
		{"resumption.kind", kString, "session_id, ticket, psk, external_psk or pac"},
		{"resumption.of", kInteger, "number of the connection it came from, if that is in the capture"},
		{"early_data", kString, "offered, accepted or rejected"},
		{"encrypted_client_hello", kObject, "what keys show of the ClientHello that encrypted_client_hello seals (RFC 9849); absent if they show nothing"},
		{"encrypted_client_hello.accepted", kBoolean, "whether the server took the inner ClientHello; absent if that is not known"},
		{"encrypted_client_hello.source", kString, "how the inner ClientHello came to be known: ech_secret, private_key or rebuilt (out of the outer one, and confirmed by the server); absent if it is not"},
		{"encrypted_client_hello.server_name", kString, "the name that the inner ClientHello asks for; server_name is that of the outer one"},
		{"encrypted_client_hello.alpn", kStrings, "the application protocols that the inner ClientHello offers"},
		{"encrypted_client_hello.fault", kString, "what is wrong with what was opened"},
	}
}

func helloKeys() []key {
	return []key{
		{"offered", kObject, "the ClientHello; lists of extensions that it does not have are absent"},
		{"offered.record_version", kString, "of the record that carried it"},
		{"offered.legacy_version", kString, "the version field"},
		{"offered.versions", kStrings, "the supported_versions extension, otherwise the version field alone"},
		{"offered.random", kHex, "the client random"},
		{"offered.session_id", kHex, "the session ID; empty if it has no bytes"},
		{"offered.cipher_suites", kStrings, "in the order they were sent"},
		{"offered.compression_methods", kStrings, "in the order they were sent"},
		{"offered.extensions", kStrings, "in the order they were sent"},
		{"offered.groups", kStrings, "the supported_groups extension"},
		{"offered.key_shares", kStrings, "the groups of the key_share extension"},
		{"offered.signature_schemes", kStrings, "the signature_algorithms extension"},
		{"offered.alpn", kStrings, "the application protocols"},
		{"selected", kObject, "the ServerHello"},
		{"selected.record_version", kString, "of the record that carried it"},
		{"selected.legacy_version", kString, "the version field"},
		{"selected.random", kHex, "the server random"},
		{"selected.session_id", kHex, "the session ID; empty if it has no bytes"},
		{"selected.extensions", kStrings, "in the order they were sent"},
	}
}

func phaseKeys() []key {
	keys := []key{
		{"phases", kObject, "the three phases of the connection"},
		{"phases.certificate_check", kObject, "what the server showed and whether a careful client should have believed it"},
		{"phases.certificate_check.state", kString, "unseen, running, done, hidden, skipped or failed"},
		{"phases.certificate_check.verdict", kString, "passed, failed or unknown"},
		{"phases.certificate_check.start_ms", kNumber, "when it began, from the first packet of the connection"},
		{"phases.certificate_check.end_ms", kNumber, "when it ended"},
	}
	for _, k := range []key{{"certificates", kObjects, "the server's, the leaf first, as sent"}, {"client_certificates", kObjects, "the client's"}} {
		p := "phases.certificate_check." + k.path
		keys = append(keys, key{p, kObjects, k.doc},
			key{p + "[].subject", kString, "distinguished name (RFC 4514)"},
			key{p + "[].issuer", kString, "distinguished name (RFC 4514)"},
			key{p + "[].serial", kHex, "in hex, as encoded"},
			key{p + "[].not_before", kTime, "begin of validity"},
			key{p + "[].not_after", kTime, "end of validity"},
			key{p + "[].sha256", kHex, "hash of the certificate"},
			key{p + "[].key", kObject, "the public key"},
			key{p + "[].key.algorithm", kString, "RSA, ECDSA, Ed25519, ..."},
			key{p + "[].key.bits", kInteger, "size of the modulus, the prime or the field"},
			key{p + "[].key.curve", kString, "the curve"},
			key{p + "[].signature_algorithm", kString, "what it is signed with"},
			key{p + "[].names", kStrings, "subject alternative names of all kinds"},
			key{p + "[].is_ca", kBoolean, "whether it may sign certificates"},
			key{p + "[].problems", kStrings, "what is wrong with its encoding"})
	}
	for _, k := range []key{{"raw_public_key", kObject, "what the server shows in the place of certificates (RFC 7250)"}, {"client_raw_public_key", kObject, "what the client shows in their place"}} {
		p := "phases.certificate_check." + k.path
		keys = append(keys, key{p, kObject, k.doc},
			key{p + ".algorithm", kString, "RSA, ECDSA, Ed25519, ..."},
			key{p + ".bits", kInteger, "size of the modulus, the prime or the field"},
			key{p + ".curve", kString, "the curve"},
			key{p + ".sha256", kHex, "hash of the SubjectPublicKeyInfo"},
			key{p + ".problems", kStrings, "what is wrong with its encoding"})
	}
	keys = append(keys,
		key{"phases.certificate_check.certificate_requested", kBoolean, "whether the server asked for a client certificate"})
	for _, k := range []key{{"checks", kObjects, "of the server's certificates, one for each question"}, {"client_checks", kObjects, "of the client's certificates"}} {
		p := "phases.certificate_check." + k.path
		if k.path == "client_checks" {
			keys = append(keys, key{"phases.certificate_check.client_verdict", kString, "passed, failed or unknown"})
		}
		keys = append(keys, key{p, kObjects, k.doc},
			key{p + "[].check", kString, "name, dates, chain, trust, order, usage, key_strength, signature_strength, revocation, transparency, encoding or limits"},
			key{p + "[].result", kString, "ok, warn, fail, unknown, not shown or skipped"},
			key{p + "[].why", kString, "the reason, in words"})
	}
	keys = append(keys, stepKeys("phases.certificate_check")...)
	keys = append(keys, keyExchangeKeys()...)
	return append(keys, tunnelKeys()...)
}

func keyExchangeKeys() []key {
	const p = "phases.key_exchange"
	keys := []key{
		{p, kObject, "how both sides came to the same keys"},
		{p + ".state", kString, "as above"},
		{p + ".method", kString, "RSA, DHE, ECDHE, PSK, ..."},
		{p + ".group", kString, "the group of the exchange"},
		{p + ".forward_secret", kBoolean, "whether keys stolen later leave this connection closed"},
		{p + ".post_quantum", kBoolean, "whether a quantum computer would leave it closed"},
	}
	for _, k := range []key{{p + ".signature", kObject, "the server's signature over the handshake"}, {p + ".client_signature", kObject, "the client's signature over the handshake"}} {
		keys = append(keys, k,
			key{k.path + ".scheme", kString, "signature scheme"},
			key{k.path + ".verified", kBoolean, "whether it holds; absent if that could not be checked"},
			key{k.path + ".why", kString, "why it could not be checked"})
	}
	keys = append(keys, key{p + ".start_ms", kNumber, "when it began"}, key{p + ".end_ms", kNumber, "when it ended"})
	return append(keys, stepKeys(p)...)
}

func tunnelKeys() []key {
	const p = "phases.tunnel"
	keys := []key{
		{p, kObject, "what went through the tunnel"},
		{p + ".state", kString, "as above"},
		{p + ".cipher", kString, "what keeps it secret"},
	}
	for _, side := range []string{"client", "server"} {
		q := p + "." + side
		keys = append(keys, key{q, kObject, "what the " + side + " sent"},
			key{q + ".records", kInteger, "application data records; in TLS 1.3, once opened, those that really were it"},
			key{q + ".bytes", kInteger, "their size as sent, after the record headers"},
			key{q + ".plaintext_bytes", kInteger, "their content, if it was opened"},
			key{q + ".records_sent", kInteger, "records of type application_data as seen on the wire"},
			key{q + ".bytes_sent", kInteger, "their size as sent, after the record headers"})
	}
	keys = append(keys,
		key{p + ".closed_by", kString, "close_notify, alert (any other, or a sealed one that cannot be an orderly end), fin, reset, carrier (EAP is over), still_open or evicted; connection_close with QUIC"},
		key{p + ".start_ms", kNumber, "when it began"},
		key{p + ".end_ms", kNumber, "when it ended"})
	return append(keys, stepKeys(p)...)
}

func stepKeys(phase string) []key {
	p := phase + ".steps"
	return []key{
		{p, kObjects, "what happened in this phase, in order"},
		{p + "[].packet", kInteger, "number of the packet that ended it"},
		{p + "[].at_ms", kNumber, "when, from the first packet of the connection"},
		{p + "[].from", kString, "client or server"},
		{p + "[].message", kString, "name of the message"},
		{p + "[].absent", kBoolean, "true for what should have come and did not"},
		{p + "[].bytes", kInteger, "size of the message with its header, of a sealed record after its header"},
		{p + "[].level", kString, "protection: plain, early, handshake or application"},
		{p + "[].says", kStrings, "what it does in this phase, in words"},
		{p + "[].facts", kObject, "named values that it established; see below"},
	}
}

func tailKeys() []key {
	return []key{
		{"messages", kObject, "handshake messages that were read, in clear or opened"},
		{"messages.client", kCounts, "counts by name"},
		{"messages.server", kCounts, "counts by name"},
		{"change_cipher_specs", kObject, "ChangeCipherSpec messages"},
		{"change_cipher_specs.client", kInteger, "sent by the client"},
		{"change_cipher_specs.server", kInteger, "sent by the server"},
		{"alerts", kObjects, "alert records"},
		{"alerts[].from", kString, "client or server"},
		{"alerts[].level", kString, "warning or fatal; absent if it was not opened"},
		{"alerts[].description", kString, "registry name; absent if it was not opened"},
		{"alerts[].packet", kInteger, "number of the packet"},
		{"alerts[].encrypted", kBoolean, "whether it was sealed and not opened"},
		{"fingerprints", kObject, "of the hellos"},
		{"fingerprints.ja3", kHex, "MD5 of the JA3 string"},
		{"fingerprints.ja3s", kHex, "MD5 of the JA3S string"},
		{"fingerprints.ja4", kString, "JA4"},
		{"fingerprints.ja4_r", kString, "JA4 with its lists in full"},
		{"findings", kObjects, "verdicts about the connection"},
		{"findings[].id", kString, "stable name; tlslens explain tells more"},
		{"findings[].severity", kString, "info, warn or fail"},
		{"findings[].phase", kString, "certificate_check, key_exchange or tunnel"},
		{"findings[].summary", kString, "what was found, in words"},
		{"findings[].packets", kIntegers, "numbers of the packets that show it"},
		{"gaps", kObjects, "bytes that the capture does not hold"},
		{"gaps[].from", kString, "client or server"},
		{"gaps[].bytes", kInteger, "how many; absent if that is not known"},
		{"gaps[].after_packet", kInteger, "number of the last packet before them, 0 at the beginning"},
		{"notes", kStrings, "oddities, each in words"},
		{"decryption", kObject, "whether the connection could be opened"},
		{"decryption.status", kString, "none, partial or full"},
		{"decryption.why", kString, "the reason, in words"},
		{"decryption.cause", kString, "why not all of it was, in a word that stays the same: no_line, no_client_hello, no_server_hello, unsupported_cipher, unsupported_compression, ephemeral_exchange, other_private_key, unknown_psk, resumed_unseen, one_side_only, no_traffic_secret, no_handshake_secret, wrong_keys, bad_tags or sequence_lost"},
	}
}

// summaryKeys returns the keys of the summary.
func summaryKeys() []key {
	return []key{
		{"type", kString, `always "summary"`},
		{"capture", kString, "name of the capture as it was given; absent if there is only one"},
		{"packets", kInteger, "packets in the capture"},
		{"bytes", kInteger, "their bytes, as captured"},
		{"connections", kInteger, "TLS connections"},
		{"outcomes", kCounts, "counts of connections by outcome"},
		{"dropped", kObjects, "what had to be given up"},
		{"dropped[].reason", kString, "which limit was hit"},
		{"dropped[].count", kInteger, "how many"},
		{"dropped[].unit", kString, "connections, packets or bytes"},
		{"undecoded", kCounts, "counts of packets that could not be decoded, by reason"},
		{"other_traffic", kCounts, "counts of what is not TLS, by name"},
		{"clear_logins", kInteger, "connections in other_traffic with a login in the clear, where TLS was never spoken of; absent if there is none"},
		{"half_open", kInteger, "TCP connection attempts without any data"},
		{"missing_bytes", kInteger, "TCP payload of TLS connections that was never captured"},
		{"snapped", kInteger, "packets cut by the snapshot length"},
		{"bad_checksums", kInteger, "TCP segments of TLS connections with a wrong checksum"},
		{"truncated", kBoolean, "whether the capture is cut short or damaged"},
		{"interrupted", kBoolean, "whether reading was interrupted"},
	}
}

// factKeys returns the keys of a step's facts.
func factKeys() []key {
	return []key{
		{"acknowledged", kString, "the records that an ACK of DTLS 1.3 names (RFC 9147, Section 7)"},
		{"alert", kString, "name of the alert"},
		{"certificates", kInteger, "how many certificates the message has"},
		{"raw_public_key", kString, "the key that the message has in the place of certificates"},
		{"cipher", kString, "the cipher of SSL 2.0 that the client selected"},
		{"cipher_suite", kString, "the suite the server selected"},
		{"cookie_bytes", kInteger, "size of the cookie of DTLS (RFC 6347, Section 4.2.1)"},
		{"inner_server_name", kString, "the name inside Encrypted Client Hello, if it was opened"},
		{"key_shares", kStrings, "the groups of the key shares"},
		{"lifetime_seconds", kInteger, "how long a session ticket may be used"},
		{"protocol", kString, "what was spoken before TLS"},
		{"public_key_bytes", kInteger, "size of the server's key share"},
		{"quic_version", kString, "version of QUIC"},
		{"server_name", kString, "the name the client asked for"},
		{"signature_scheme", kString, "signature scheme"},
		{"signature_verified", kBoolean, "whether the signature holds; absent if that could not be checked"},
		{"token_bytes", kInteger, "size of the token of a Retry (RFC 9000, Section 17.2.5)"},
		{"transport_parameters", kStrings, "QUIC's, each as name=value or name (N bytes) (RFC 9000, Section 18.2)"},
		{"verify_data_ok", kBoolean, "whether Finished is right, where it was opened"},
		{"version", kString, "the version the server selected"},
		{"versions", kStrings, "the versions of QUIC on offer"},
	}
}

// Doc returns the documentation of all keys as Markdown.
func Doc() string {
	var b strings.Builder
	b.WriteString(docHead)
	table := func(title string, keys []key) {
		b.WriteString("\n## " + title + "\n\n| key | type | meaning |\n|---|---|---|\n")
		for _, k := range keys {
			b.WriteString("| `" + k.path + "` | " + string(k.kind) + " | " + k.doc + " |\n")
		}
	}
	table("A connection", connectionKeys())
	table("Facts of a step", factKeys())
	table("The summary", summaryKeys())
	return b.String()
}

const docHead = `# JSON

` + "`-T jsonl`" + ` prints one object per line, ` + "`-T json`" + ` one array of the same objects: one for each
connection when it is complete, and a summary at the end. This page is generated from report/jsonl/keys.go.

- Keys are stable: a key changes only with a major version. New keys may be added.
- A fact that is not known has no key. An empty list means that it is known to be empty.
- The type of a key never changes. An integer has no fraction and fits 64 bits; a number may have one, and is
  written without where it is whole (0, not 0.0): give it a floating-point column. Objects of integers have keys
  that are found in the capture, such as names of messages.
- Times are RFC 3339 with nanoseconds in UTC, dates of certificates with seconds. Durations, keys that end in _ms,
  are milliseconds.
- Byte strings are lower-case hex.
- Code points have the name of their registry; without one they are "GREASE (0x1a1a)" or "0x1234 (unassigned)".
- Text from the wire is valid UTF-8. Control, bidirectional and other invisible characters are escaped (\uXXXX).
  A byte that is not UTF-8 is shown as the four characters \xff; a backslash of the text itself stands doubled in
  the JSON like any other, so that text which spells \xff looks the same.
- In paths, [] stands for each item of a list.
`

// Paths returns the paths of all keys, of connections and of the summary.
func Paths() []string {
	var out []string
	for _, k := range append(connectionKeys(), summaryKeys()...) {
		out = append(out, k.path)
	}
	return out
}
