package jsonl

import "strings"

// A key is one key of the output and what it means. A list is marked by [].
type key struct{ path, doc string }

// connectionKeys returns the keys of a connection, in the order of the output.
func connectionKeys() []key {
	return append(append(append(headKeys(), helloKeys()...), phaseKeys()...), tailKeys()...)
}

func headKeys() []key {
	return []key{
		{"type", `always "connection"`},
		{"capture", "name of the capture as it was given; absent if there is only one"},
		{"number", "of the connection, from 1, in the order in which TLS was recognised"},
		{"carrier", "what carries the handshake: tls, quic, dtls, sslv2 or tlcp"},
		{"transport", "tcp or udp"},
		{"starttls", "what was spoken before TLS began, outermost first, joined by +: smtp, proxy_v2+imap"},
		{"ftp_data", "this is a data connection of FTP that a control connection announced; or that fits one; absent if it is none that shows"},
		{"ftp_data.fits", "whether the announcement is sealed, and this is a conclusion: the connection resumes a session while a control connection between the same hosts is open, and nothing speaks against it"},
		{"ftp_data.of", "number of the control connection; absent if that is not TLS"},
		{"ftp_data.passive", "whether the client connected to the server; absent if it only fits"},
		{"ftp_data.command", "what it is for: RETR, STOR, LIST and the like"},
		{"encapsulation", "what the packets are wrapped in, the outermost first"},
		{"encapsulation_back", "the same of the server's packets, if it is not that of the client's"},
		{"client", "the side that sent, or would have sent, the ClientHello"},
		{"client.address", "IP address"},
		{"client.port", "port"},
		{"server", "the other side"},
		{"server.address", "IP address"},
		{"server.port", "port"},
		{"roles_guessed_by", "nothing in the capture shows which end is the client, so it was guessed: certificate (only the other end showed one), ports or first_packet (its sender); absent if a message or the SYN shows it"},
		{"start", "time of the first packet"},
		{"duration_ms", "from the first packet to the last"},
		{"packets", "the packets of the flow"},
		{"packets.first", "number of the first in the capture, from 1"},
		{"packets.last", "number of the last"},
		{"packets.count", "how many there are"},
		{"outcome", "established, failed, rejected_by_client, rejected_by_server, reset, closed, client_gave_up, no_answer, one_sided, incomplete, not_tls, starttls_refused, starttls_stripped, starttls_unused or proxy_refused"},
		{"why", "the outcome in sentences"},
		{"server_name", "the name the client asked for in the clear (RFC 6066, Section 3); see encrypted_client_hello"},
		{"version", "the version both sides agreed on"},
		{"cipher_suite", "the suite the server selected"},
		{"group", "of the key exchange; dhe2048 and the like for a prime that is no named group's"},
		{"alpn", "the application protocol the server selected (RFC 7301)"},
		{"hello_retry_request", "whether the server asked for a second ClientHello"},
		{"resumption", "the earlier session that this connection continues"},
		{"resumption.kind", "session_id, ticket, psk or external_psk"},
		{"resumption.of", "number of the connection it came from, if that is in the capture"},
		{"early_data", "offered, accepted or rejected"},
		{"encrypted_client_hello", "what keys show of the ClientHello that encrypted_client_hello seals (RFC 9849); absent if they show nothing"},
		{"encrypted_client_hello.accepted", "whether the server took the inner ClientHello; absent if that is not known"},
		{"encrypted_client_hello.source", "how the inner ClientHello came to be known: ech_secret, private_key or rebuilt (out of the outer one, and confirmed by the server); absent if it is not"},
		{"encrypted_client_hello.server_name", "the name that the inner ClientHello asks for; server_name is that of the outer one"},
		{"encrypted_client_hello.alpn", "the application protocols that the inner ClientHello offers"},
		{"encrypted_client_hello.fault", "what is wrong with what was opened"},
	}
}

func helloKeys() []key {
	return []key{
		{"offered", "the ClientHello; lists of extensions that it does not have are absent"},
		{"offered.record_version", "of the record that carried it"},
		{"offered.legacy_version", "the version field"},
		{"offered.versions", "the supported_versions extension, otherwise the version field alone"},
		{"offered.random", "the client random"},
		{"offered.session_id", "the session ID; empty if it has no bytes"},
		{"offered.cipher_suites", "in the order they were sent"},
		{"offered.compression_methods", "in the order they were sent"},
		{"offered.extensions", "in the order they were sent"},
		{"offered.groups", "the supported_groups extension"},
		{"offered.key_shares", "the groups of the key_share extension"},
		{"offered.signature_schemes", "the signature_algorithms extension"},
		{"offered.alpn", "the application protocols"},
		{"selected", "the ServerHello"},
		{"selected.record_version", "of the record that carried it"},
		{"selected.legacy_version", "the version field"},
		{"selected.random", "the server random"},
		{"selected.session_id", "the session ID; empty if it has no bytes"},
		{"selected.extensions", "in the order they were sent"},
	}
}

func phaseKeys() []key {
	keys := []key{
		{"phases", "the three phases of the connection"},
		{"phases.certificate_check", "what the server showed and whether a careful client should have believed it"},
		{"phases.certificate_check.state", "unseen, running, done, hidden, skipped or failed"},
		{"phases.certificate_check.verdict", "passed, failed or unknown"},
		{"phases.certificate_check.start_ms", "when it began, from the first packet of the connection"},
		{"phases.certificate_check.end_ms", "when it ended"},
	}
	for _, k := range []key{{"certificates", "the server's, the leaf first, as sent"}, {"client_certificates", "the client's"}} {
		p := "phases.certificate_check." + k.path
		keys = append(keys, key{p, k.doc},
			key{p + "[].subject", "distinguished name (RFC 4514)"},
			key{p + "[].issuer", "distinguished name (RFC 4514)"},
			key{p + "[].serial", "in hex, as encoded"},
			key{p + "[].not_before", "begin of validity"},
			key{p + "[].not_after", "end of validity"},
			key{p + "[].sha256", "hash of the certificate"},
			key{p + "[].key", "the public key"},
			key{p + "[].key.algorithm", "RSA, ECDSA, Ed25519, ..."},
			key{p + "[].key.bits", "size of the modulus, the prime or the field"},
			key{p + "[].key.curve", "the curve"},
			key{p + "[].signature_algorithm", "what it is signed with"},
			key{p + "[].names", "subject alternative names of all kinds"},
			key{p + "[].is_ca", "whether it may sign certificates"},
			key{p + "[].problems", "what is wrong with its encoding"})
	}
	keys = append(keys,
		key{"phases.certificate_check.certificate_requested", "whether the server asked for a client certificate"})
	for _, k := range []key{{"checks", "of the server's certificates, one for each question"}, {"client_checks", "of the client's certificates"}} {
		p := "phases.certificate_check." + k.path
		if k.path == "client_checks" {
			keys = append(keys, key{"phases.certificate_check.client_verdict", "passed, failed or unknown"})
		}
		keys = append(keys, key{p, k.doc},
			key{p + "[].check", "name, dates, chain, trust, order, usage, key_strength, signature_strength, revocation, transparency, encoding or limits"},
			key{p + "[].result", "ok, warn, fail, unknown, not shown or skipped"},
			key{p + "[].why", "the reason, in words"})
	}
	keys = append(keys, stepKeys("phases.certificate_check")...)
	keys = append(keys, keyExchangeKeys()...)
	return append(keys, tunnelKeys()...)
}

func keyExchangeKeys() []key {
	const p = "phases.key_exchange"
	keys := []key{
		{p, "how both sides came to the same keys"},
		{p + ".state", "as above"},
		{p + ".method", "RSA, DHE, ECDHE, PSK, ..."},
		{p + ".group", "the group of the exchange"},
		{p + ".forward_secret", "whether keys stolen later leave this connection closed"},
		{p + ".post_quantum", "whether a quantum computer would leave it closed"},
	}
	for _, k := range []key{{p + ".signature", "the server's signature over the handshake"}, {p + ".client_signature", "the client's signature over the handshake"}} {
		keys = append(keys, k,
			key{k.path + ".scheme", "signature scheme"},
			key{k.path + ".verified", "whether it holds; absent if that could not be checked"},
			key{k.path + ".why", "why it could not be checked"})
	}
	keys = append(keys, key{p + ".start_ms", "when it began"}, key{p + ".end_ms", "when it ended"})
	return append(keys, stepKeys(p)...)
}

func tunnelKeys() []key {
	const p = "phases.tunnel"
	keys := []key{
		{p, "what went through the tunnel"},
		{p + ".state", "as above"},
		{p + ".cipher", "what keeps it secret"},
	}
	for _, side := range []string{"client", "server"} {
		q := p + "." + side
		keys = append(keys, key{q, "what the " + side + " sent"},
			key{q + ".records", "application data records; in TLS 1.3, once opened, those that really were it"},
			key{q + ".bytes", "their size as sent, after the record headers"},
			key{q + ".plaintext_bytes", "their content, if it was opened"},
			key{q + ".records_sent", "records of type application_data as seen on the wire"},
			key{q + ".bytes_sent", "their size as sent, after the record headers"})
	}
	keys = append(keys,
		key{p + ".closed_by", "close_notify, alert (any other, or a sealed one that cannot be an orderly end), fin, reset, carrier (EAP is over), still_open or evicted; connection_close with QUIC"},
		key{p + ".start_ms", "when it began"},
		key{p + ".end_ms", "when it ended"})
	return append(keys, stepKeys(p)...)
}

func stepKeys(phase string) []key {
	p := phase + ".steps"
	return []key{
		{p, "what happened in this phase, in order"},
		{p + "[].packet", "number of the packet that ended it"},
		{p + "[].at_ms", "when, from the first packet of the connection"},
		{p + "[].from", "client or server"},
		{p + "[].message", "name of the message"},
		{p + "[].absent", "true for what should have come and did not"},
		{p + "[].bytes", "size of the message with its header, of a sealed record after its header"},
		{p + "[].level", "protection: plain, early, handshake or application"},
		{p + "[].says", "what it does in this phase, in words"},
		{p + "[].facts", "named values that it established"},
	}
}

func tailKeys() []key {
	return []key{
		{"messages", "handshake messages that were read, in clear or opened"},
		{"messages.client", "counts by name"},
		{"messages.server", "counts by name"},
		{"change_cipher_specs", "ChangeCipherSpec messages"},
		{"change_cipher_specs.client", "sent by the client"},
		{"change_cipher_specs.server", "sent by the server"},
		{"alerts", "alert records"},
		{"alerts[].from", "client or server"},
		{"alerts[].level", "warning or fatal; absent if it was not opened"},
		{"alerts[].description", "registry name; absent if it was not opened"},
		{"alerts[].packet", "number of the packet"},
		{"alerts[].encrypted", "whether it was sealed and not opened"},
		{"fingerprints", "of the hellos"},
		{"fingerprints.ja3", "MD5 of the JA3 string"},
		{"fingerprints.ja3s", "MD5 of the JA3S string"},
		{"fingerprints.ja4", "JA4"},
		{"fingerprints.ja4_r", "JA4 with its lists in full"},
		{"findings", "verdicts about the connection"},
		{"findings[].id", "stable name; tlslens explain tells more"},
		{"findings[].severity", "info, warn or fail"},
		{"findings[].phase", "certificate_check, key_exchange or tunnel"},
		{"findings[].summary", "what was found, in words"},
		{"findings[].packets", "numbers of the packets that show it"},
		{"gaps", "bytes that the capture does not hold"},
		{"gaps[].from", "client or server"},
		{"gaps[].bytes", "how many; absent if that is not known"},
		{"gaps[].after_packet", "number of the last packet before them, 0 at the beginning"},
		{"notes", "oddities, each in words"},
		{"decryption", "whether the connection could be opened"},
		{"decryption.status", "none, partial or full"},
		{"decryption.why", "the reason, in words"},
		{"decryption.cause", "why not all of it was, in a word that stays the same: no_line, no_client_hello, no_server_hello, unsupported_cipher, unsupported_compression, ephemeral_exchange, other_private_key, unknown_psk, resumed_unseen, one_side_only, no_traffic_secret, no_handshake_secret, wrong_keys, bad_tags or sequence_lost"},
	}
}

// summaryKeys returns the keys of the summary.
func summaryKeys() []key {
	return []key{
		{"type", `always "summary"`},
		{"capture", "name of the capture as it was given; absent if there is only one"},
		{"packets", "packets in the capture"},
		{"bytes", "their bytes, as captured"},
		{"connections", "TLS connections"},
		{"outcomes", "counts of connections by outcome"},
		{"dropped", "what had to be given up"},
		{"dropped[].reason", "which limit was hit"},
		{"dropped[].count", "how many"},
		{"dropped[].unit", "connections, packets or bytes"},
		{"undecoded", "counts of packets that could not be decoded, by reason"},
		{"other_traffic", "counts of what is not TLS, by name"},
		{"clear_logins", "connections in other_traffic with a login in the clear, where TLS was never spoken of; absent if there is none"},
		{"half_open", "TCP connection attempts without any data"},
		{"missing_bytes", "TCP payload of TLS connections that was never captured"},
		{"snapped", "packets cut by the snapshot length"},
		{"bad_checksums", "TCP segments of TLS connections with a wrong checksum"},
		{"truncated", "whether the capture is cut short or damaged"},
		{"interrupted", "whether reading was interrupted"},
	}
}

// Doc returns the documentation of all keys as Markdown.
func Doc() string {
	var b strings.Builder
	b.WriteString(docHead)
	table := func(title string, keys []key) {
		b.WriteString("\n## " + title + "\n\n| key | meaning |\n|---|---|\n")
		for _, k := range keys {
			b.WriteString("| `" + k.path + "` | " + k.doc + " |\n")
		}
	}
	table("A connection", connectionKeys())
	table("The summary", summaryKeys())
	return b.String()
}

const docHead = `# JSON

` + "`-T jsonl`" + ` prints one object per line, ` + "`-T json`" + ` one array of the same objects: one for each
connection when it is complete, and a summary at the end. This page is generated from report/jsonl/keys.go.

- Keys are stable: a key changes only with a major version. New keys may be added.
- A fact that is not known has no key. An empty list means that it is known to be empty.
- Times are RFC 3339 with nanoseconds in UTC, dates of certificates with seconds. Durations, keys that end in _ms,
  are milliseconds.
- Byte strings are lower-case hex.
- Code points have the name of their registry; without one they are "GREASE (0x1a1a)" or "0x1234 (unassigned)".
- Text from the wire is valid UTF-8. Control, bidirectional and other invisible characters are escaped (\uXXXX).
  A byte that is not UTF-8 is shown as the four characters \xff; a backslash of the text itself stands doubled in
  the JSON like any other, so that text which spells \xff looks the same.
- In paths, [] stands for each item of a list.
`
