package main

func phaseWords() []word {
	return []word{
		{"certificate_check", "The first phase: what the server showed to prove who it is, and whether a careful client should have believed it. The checks are made again here, against the trust anchors of --ca and at the time of --at; what the client did shows in its alerts.", "RFC 5280, Section 6, and RFC 9525"},
		{"key_exchange", "The second phase: how both sides came to the same session keys, and whether that was sound. In TLS 1.3 it comes first on the wire, and the certificate travels inside its keys.", "RFC 9846, Sections 4 and 7, and RFC 5246, Section 7.4"},
		{"tunnel", "The third phase: what went through under the session keys, how it was kept secret and whole, and how it ended.", "RFC 9846, Section 5, and RFC 5246, Section 6"},
	}
}

func stateWords() []word {
	return []word{
		{"unseen", "The phase was not reached, or the capture holds nothing of it.", ""},
		{"running", "The phase began and did not finish before the connection or the capture ended.", ""},
		{"done", "The phase finished, and all of it could be read.", ""},
		{"hidden", "The phase finished, but it is encrypted. What is said of it follows from sizes and order, and is worded as what fits.", ""},
		{"skipped", "The protocol leaves the phase out: the connection resumes an earlier session, or uses a pre-shared key.", ""},
		{"failed", "The phase was ended by an alert, a reset or a breach of the protocol.", ""},
	}
}

func outcomeWords() []word {
	return []word{
		{"established", "The handshake finished on both sides, and the tunnel opened.", ""},
		{"failed", "The handshake broke off with an error that does not fit any other outcome.", ""},
		{"rejected_by_client", "The client ended the handshake with an alert, which says why, or with a sealed record that fits one.", ""},
		{"rejected_by_server", "The server ended the handshake with an alert. Its alert says why.", ""},
		{"reset", "One side reset the TCP connection before the handshake was finished: a crash, a firewall, or a device in between.", ""},
		{"closed", "The server closed the TCP connection before the handshake was finished, without an alert.", ""},
		{"client_gave_up", "The client closed the TCP connection before the handshake was finished, without an alert. Often it waited too long, or did not like the certificate and said nothing.", ""},
		{"no_answer", "The server said nothing after the ClientHello.", ""},
		{"one_sided", "The capture holds the packets of one side only. Capture where both directions pass.", ""},
		{"incomplete", "The capture begins too late or ends too early to know how the handshake went.", ""},
		{"not_tls", "One side spoke TLS, the other something else, such as plain HTTP: most often the wrong port.", ""},
		{"starttls_refused", "The client asked for TLS in a protocol that begins in the clear, such as SMTP, and the server said no. What the client did then is told: it may have left, or gone on in the clear.", "RFC 3207, Section 4, and the like of other protocols"},
		{"starttls_stripped", "The server's offer of TLS was most likely taken out on the way, so that the client went on in the clear: there are X's in its place, or the same server offers TLS on another connection of the capture.", "RFC 3207, Section 6"},
		{"starttls_unused", "The server offered TLS in a protocol that begins in the clear, and the client sent its login, mail or commands without it.", "RFC 8314, Section 3"},
		{"proxy_refused", "A proxy did not open the tunnel (CONNECT) in which TLS would have begun. The status it gave tells why.", "RFC 9110, Section 9.3.6"},
	}
}

// reportWords explains words that the reports use and that are no names.
func reportWords() []word {
	return []word{
		{"half done", "One side has done its part of the phase, which shows; the other ended the connection before it did the same.", ""},
		{"does not pass", "A careful client should not have believed these certificates: the named checks failed. What the client did is another question; its alerts tell.", ""},
		{"passed", "All that a careful client checks is in order.", ""},
		{"not shown", "There was nothing to check: the side did not send what the check is about, such as a stapled OCSP response, or it is not in the capture. It is no fault.", ""},
		{"cut off", "The connection ended without close_notify, so that nobody can tell whether the last bytes are missing. Some programs end all their connections so.", "RFC 9846, Section 6.1 (which asks for close_notify)"},
		{"closed cleanly", "The tunnel ended with close_notify, or in TLS 1.3, where it is sealed, with a last record that fits it. Nothing can have been cut off unnoticed by the side that got it.", "RFC 9846, Section 6.1"},
		{"fits", "What is sealed cannot be read, but its size, direction and place in the handshake are those that the named message would have. It is a conclusion and no proof.", ""},
		{"opened", "The content was decrypted with a secret from a key log, a private key, a pre-shared key or the capture itself, and its authentication tag was right. Where only part of a connection could be opened, the report says so.", ""},
		{"not opened", "No secret that was given or that the capture carries opens it; the report says why. What is told of it then follows from sizes and order.", ""},
		{"starttls", "How a protocol that begins in the clear, such as SMTP, IMAP, POP3, FTP, XMPP or LDAP, goes over to TLS on the same connection: the client asks for it with a command (STARTTLS, STLS, AUTH TLS, <starttls/>, SSLRequest), the server agrees, and the handshake follows. Until then anybody on the way can read and change what is said, the offer of TLS included.", "RFC 3207, RFC 2595, RFC 4217, RFC 6120, RFC 4511, and RFC 8314 (which prefers TLS from the first byte)"},
		{"plaintext", "What was said before TLS began, or instead of it: banners, whether TLS was offered, the request and the answer. Arguments of commands are left out, for they can be secrets.", ""},
		{"in the clear", "The client sent this without TLS, though TLS was to be had on this connection or came later. Passwords, tokens and names of users are never shown.", "RFC 8314, Section 3"},
		{"not sealed", "Bytes in the clear between the agreement on TLS and TLS, where only TLS has a place. Sound programs send none there; see starttls-injection.", "RFC 3207, Section 6"},
		{"untrusted", "The chain does not end at a trust anchor of --ca, by default Mozilla's roots. With a private authority that is to be expected: give its root with --ca.", "RFC 5280, Section 6"},
		{"sealed", "Encrypted. Who it is from, when it came and how long it is shows; what is in it does not, unless keys open it.", ""},
		{"record", "The unit in which TLS sends: a header in the clear with type, version and length, then up to 16 KiB of content, sealed once there are keys. A message can span several records, and a record can hold several messages.", "RFC 9846, Section 5"},
		{"forward secret", "The session keys come from key pairs made for this connection alone and thrown away (DHE, ECDHE). Whoever steals the server's private key later cannot open a capture made before.", ""},
		{"post-quantum", "Safe, as far as known, against a quantum computer that somebody may build later and use on captures made today. Here it is the key exchange that counts: hybrid groups such as X25519MLKEM768 are.", ""},
		{"resumption", "The connection goes on from an earlier one of the same client and server, by a session ID, a ticket or a pre-shared key that the server gave out then. It needs no certificate: that was checked the first time.", "RFC 9846, Section 2.2, and RFC 5077"},
		{"ticket", "What a server gives a client so that a later connection can be resumed. To the client it is a sealed lump that only the server can read.", "RFC 9846, Section 4.6.1, and RFC 5077"},
		{"key log", "A file into which a browser, curl or a server writes the secrets of its connections if the environment variable SSLKEYLOGFILE names it. -k FILE opens with it what is sealed.", "RFC 9850"},
		{"trust anchor", "A root certificate that is trusted by itself: one of the operating system's, Mozilla's, or that of a company's own authority. --ca says which count here.", "RFC 5280, Section 6"},
		{"SAN", "subjectAltName: the list of host names and addresses that a certificate is for. Clients look for the name only there, not in CN.", "RFC 5280, Section 4.2.1.6, and RFC 9525"},
		{"OCSP", "How an authority says that a certificate is still good, or was taken back. A server can send that answer along (stapled); tlslens looks at no other.", "RFC 6960, and RFC 6066, Section 8"},
		{"GREASE", "Values that mean nothing and are sent on purpose, so that no program comes to rely on there being only those it knows: 0x0a0a, 0x1a1a and so on. Browsers also send dummies of encrypted_client_hello.", "RFC 8701, and RFC 9849, Section 6.2"},
		{"JA3", "A hash of what a ClientHello offers (JA3S: of the ServerHello), by which programs are told apart. Browsers that shuffle their extensions have another one each time.", ""},
		{"JA4", "A fingerprint of the ClientHello that can be read in parts and does not mind the order of extensions; ja4_r has its lists in full.", ""},
		{"not captured", "The capture does not hold these packets. The connection itself may have been in order.", ""},
	}
}

func checkWords() []word {
	return []word{
		{"name", "Is the name that the client asked for in the certificate's subjectAltName?", "RFC 9525, Section 6"},
		{"dates", "Were all certificates of the chain valid at the time of the check?", "RFC 5280, Section 4.1.2.5"},
		{"chain", "Is each certificate signed by the next?", "RFC 5280, Section 6"},
		{"trust", "Does the chain end at a trust anchor of --ca?", "RFC 5280, Section 6"},
		{"order", "Did the server send its certificates in order, with none that nobody needs?", "RFC 5246, Section 7.4.2"},
		{"usage", "May the certificates be used for this: key usage, CA flag, path length, name constraints?", "RFC 5280, Section 4.2.1"},
		{"key_strength", "Are the keys of the chain strong enough?", "NIST SP 800-57 Part 1, Section 5.6"},
		{"signature_strength", "Does no signature of the chain rest on MD5 or SHA-1?", "RFC 9155"},
		{"revocation", "Does a stapled OCSP response say that the certificate is still good? Nothing is fetched.", "RFC 6960"},
		{"transparency", "Did public logs promise to publish the certificate?", "RFC 6962, Section 3"},
	}
}

// versionWords says what became of each version.
func versionWords() map[string]word {
	return map[string]word{
		"SSL 2.0":  {"", "Broken: anybody in between can weaken or cut a connection without being noticed. It must not be used.", "RFC 6176 (which forbids it)"},
		"SSL 3.0":  {"", "Broken: POODLE reads what CBC suites protect. It must not be used.", "RFC 6101, and RFC 7568 (which forbids it)"},
		"TLS 1.0":  {"", "Deprecated: its hashes and its record protection are too weak.", "RFC 2246, and RFC 8996 (which deprecates it)"},
		"TLS 1.1":  {"", "Deprecated: its hashes are too weak, and it has no AEAD suites.", "RFC 4346, and RFC 8996 (which deprecates it)"},
		"TLS 1.2":  {"", "Sound with ECDHE and AEAD suites and the extended master secret. The certificate travels in clear. It gets no new features.", "RFC 5246, and RFC 9851"},
		"TLS 1.3":  {"", "The current version: always AEAD, forward secrecy but for psk_ke, one round trip, and everything after the ServerHello is encrypted, the certificate included.", "RFC 9846"},
		"DTLS 1.0": {"", "TLS 1.1 over datagrams. Deprecated.", "RFC 4347, and RFC 8996 (which deprecates it)"},
		"DTLS 1.2": {"", "TLS 1.2 over datagrams.", "RFC 6347"},
		"DTLS 1.3": {"", "TLS 1.3 over datagrams.", "RFC 9147"},
	}
}

// messageWords explains handshake messages by their snake_case names.
func messageWords() map[string]word {
	return map[string]word{
		"hello_request":              {"", "The server asks the client to renegotiate: to shake hands anew inside the tunnel. TLS 1.2 and earlier.", "RFC 5246, Section 7.4.1.1"},
		"client_hello":               {"", "The client's first message: the versions, cipher suites, groups and signature schemes it can do, the name it wants (server_name), and in TLS 1.3 its half of the key exchange (key_share).", "RFC 9846, Section 4.1.2"},
		"server_hello":               {"", "The server's choice: version, cipher suite, and in TLS 1.3 its half of the key exchange. In TLS 1.3 everything after it is encrypted.", "RFC 9846, Section 4.1.3"},
		"hello_verify_request":       {"", "A DTLS server asks the client to repeat its ClientHello with a cookie, so that nobody can make it work for a forged address.", "RFC 6347, Section 4.2.1"},
		"new_session_ticket":         {"", "The server hands out a ticket with which the client can resume the session later. In TLS 1.3 it comes inside the tunnel.", "RFC 9846, Section 4.6.1, and RFC 5077"},
		"end_of_early_data":          {"", "The client ends its early data (0-RTT); its Finished follows.", "RFC 9846, Section 4.5"},
		"hello_retry_request":        {"", "The server asks for another ClientHello, most often with a key share of a group that it accepts. It costs a round trip. On the wire it is a ServerHello with a certain random.", "RFC 9846, Section 4.1.4"},
		"encrypted_extensions":       {"", "The server's answers to extensions that are not needed for the keys, such as ALPN. The first encrypted message of TLS 1.3.", "RFC 9846, Section 4.3.1"},
		"request_connection_id":      {"", "DTLS 1.3: asks the peer for more connection IDs.", "RFC 9147, Section 9"},
		"new_connection_id":          {"", "DTLS 1.3: gives the peer more connection IDs.", "RFC 9147, Section 9"},
		"certificate":                {"", "The chain of certificates, the sender's own first. A client that has none sends an empty list. In TLS 1.3 it is encrypted.", "RFC 9846, Section 4.4.2, and RFC 5246, Section 7.4.2"},
		"server_key_exchange":        {"", "The server's half of an ephemeral key exchange, signed with the key of its certificate. With RSA key transport there is none. TLS 1.2 and earlier.", "RFC 5246, Section 7.4.3, and RFC 8422, Section 5.4"},
		"certificate_request":        {"", "The server asks for a client certificate and names the authorities and signature schemes that it accepts.", "RFC 9846, Section 4.3.2, and RFC 5246, Section 7.4.4"},
		"server_hello_done":          {"", "The server has sent its part and waits for the client. TLS 1.2 and earlier.", "RFC 5246, Section 7.4.5"},
		"certificate_verify":         {"", "A signature over the handshake so far. It proves that the sender has the key of its certificate.", "RFC 9846, Section 4.4.3, and RFC 5246, Section 7.4.8"},
		"client_key_exchange":        {"", "The client's half of the key exchange: its public key, or with RSA key transport the encrypted premaster secret. TLS 1.2 and earlier.", "RFC 5246, Section 7.4.7, and RFC 8422, Section 5.7"},
		"client_certificate_request": {"", "The client asks the server for an authenticator with another certificate.", "RFC 9261, Section 4"},
		"finished":                   {"", "A checksum over the whole handshake, made with the new keys. It proves that both sides saw the same messages and have the same keys.", "RFC 9846, Section 4.4.4, and RFC 5246, Section 7.4.9"},
		"certificate_url":            {"", "The client says where its certificates can be fetched, instead of sending them.", "RFC 6066, Section 5"},
		"certificate_status":         {"", "A stapled OCSP response: its issuer says whether the certificate was revoked. TLS 1.2 and earlier; TLS 1.3 has it in Certificate.", "RFC 6066, Section 8"},
		"supplemental_data":          {"", "Further data about the user, agreed on beforehand. Hardly ever seen.", "RFC 4680"},
		"key_update":                 {"", "The sender changes to new keys inside the tunnel, and may ask the peer to do so too.", "RFC 9846, Section 4.6.3"},
		"compressed_certificate":     {"", "A Certificate message, compressed with zlib, brotli or zstd.", "RFC 8879"},
		"ekt_key":                    {"", "A key for encrypted key transport in SRTP.", "RFC 8870"},
		"next_protocol":              {"", "The client's choice of an application protocol, before there was ALPN.", "draft-agl-tls-nextprotoneg-04"},
		"channel_id":                 {"", "A client's signature with a key of its own, an experiment of Google's.", "draft-balfanz-tls-channelid-01"},
		"message_hash":               {"", "Never sent: it stands for the first ClientHello in the handshake hash after a HelloRetryRequest.", "RFC 9846, Section 4.4.1"},
		"change_cipher_spec":         {"", "From here on the sender uses the new keys. In TLS 1.3 it means nothing and is sent only so that old devices in between see what they expect.", "RFC 5246, Section 7.1, and RFC 9846, Appendix D.4"},
	}
}

// extensionWords explains extensions by their registry names; a word's own
// name is another that people use.
func extensionWords() map[string]word {
	return map[string]word{
		"server_name":                            {"SNI", "The name of the host that the client wants. It travels in clear unless Encrypted Client Hello hides it.", "RFC 6066, Section 3"},
		"max_fragment_length":                    {"", "The client asks for shorter records.", "RFC 6066, Section 4"},
		"status_request":                         {"OCSP stapling", "The client asks the server to staple an OCSP response, which says whether its certificate was revoked.", "RFC 6066, Section 8"},
		"supported_groups":                       {"", "The groups that the client can do a key exchange in, the preferred one first. It was called elliptic_curves.", "RFC 9846, Section 4.2.7, and RFC 8422, Section 5.1"},
		"ec_point_formats":                       {"", "How points of curves may be written. Only uncompressed is left.", "RFC 8422, Section 5.1.2"},
		"signature_algorithms":                   {"", "The signature schemes that the sender can verify.", "RFC 9846, Section 4.2.3"},
		"use_srtp":                               {"", "Asks for keys for SRTP, as WebRTC does.", "RFC 5764, Section 4.1"},
		"heartbeat":                              {"", "Says that heartbeats are welcome. Heartbleed was a bug in it.", "RFC 6520"},
		"padding":                                {"", "Empty bytes that make the ClientHello longer, against devices that stumble over certain lengths.", "RFC 7685"},
		"encrypt_then_mac":                       {"", "CBC suites are to encrypt first and protect the result with the MAC, against padding oracles.", "RFC 7366"},
		"extended_master_secret":                 {"EMS", "Binds the keys to the whole handshake, against attacks that join two sessions.", "RFC 7627"},
		"compress_certificate":                   {"", "The sender can read compressed certificates.", "RFC 8879, Section 3"},
		"record_size_limit":                      {"", "The longest record that the sender wants to get.", "RFC 8449"},
		"delegated_credential":                   {"", "The client accepts short-lived keys that the certificate's key has signed.", "RFC 9345"},
		"SessionTicket TLS":                      {"session_ticket", "A ticket with which the client resumes a session, or the empty wish for one. TLS 1.2 and earlier.", "RFC 5077"},
		"pre_shared_key":                         {"PSK", "The sessions or keys that the client would like to go on with, and the server's choice among them.", "RFC 9846, Section 4.2.11"},
		"early_data":                             {"0-RTT", "The client sends data before the handshake is finished. Whoever records it can send it again.", "RFC 9846, Section 4.2.10"},
		"supported_versions":                     {"", "The versions that the client really speaks, and the server's choice. The version field of the hello stays at TLS 1.2.", "RFC 9846, Section 4.2.1"},
		"cookie":                                 {"", "The server's state in a HelloRetryRequest, which the client gives back.", "RFC 9846, Section 4.2.2"},
		"psk_key_exchange_modes":                 {"", "Whether resumption comes with a fresh key exchange (psk_dhe_ke) or without (psk_ke).", "RFC 9846, Section 4.2.9"},
		"certificate_authorities":                {"", "The authorities whose certificates the sender accepts.", "RFC 9846, Section 4.2.4"},
		"oid_filters":                            {"", "What extensions a client's certificate is to have.", "RFC 9846, Section 4.2.5"},
		"post_handshake_auth":                    {"", "The client may be asked for its certificate later, inside the tunnel.", "RFC 9846, Section 4.2.6"},
		"signature_algorithms_cert":              {"", "The signature schemes that the sender can verify in certificates.", "RFC 9846, Section 4.2.3"},
		"key_share":                              {"", "The sender's half of the key exchange in TLS 1.3.", "RFC 9846, Section 4.2.8"},
		"application_layer_protocol_negotiation": {"ALPN", "The protocols that the client can speak inside the tunnel, such as h2, and the server's choice.", "RFC 7301"},
		"signed_certificate_timestamp":           {"SCT", "Promises of public logs to publish the certificate.", "RFC 6962, Section 3.3"},
		"client_certificate_type":                {"", "Which kinds of certificates the client can show: X.509, raw keys.", "RFC 7250"},
		"server_certificate_type":                {"", "Which kinds of certificates the client accepts of the server.", "RFC 7250"},
		"quic_transport_parameters":              {"", "The settings of a QUIC connection.", "RFC 9000, Section 18"},
		"connection_id":                          {"", "DTLS: records carry an ID, so that a connection survives a change of address.", "RFC 9146"},
		"encrypted_client_hello":                 {"ECH", "The real ClientHello, encrypted to a key of the server's operator. The name in clear is that of the operator; clients also send it without meaning (GREASE).", "RFC 9849"},
		"renegotiation_info":                     {"", "Binds a renegotiation to the connection it happens in.", "RFC 5746"},
		"ticket_request":                         {"", "How many tickets the client wants.", "RFC 9149"},
		"trust_anchors":                          {"", "Which trust anchors the client has, so that the server can choose its chain.", "draft-ietf-tls-trust-anchor-ids"},
		"application_settings":                   {"ALPS", "Settings of the application protocol, exchanged within the handshake.", "draft-vvv-tls-alps"},
		"next_protocol_negotiation":              {"NPN", "The forerunner of ALPN.", "draft-agl-tls-nextprotoneg-04"},
	}
}
