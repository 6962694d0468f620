package tls

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tlslens/tlslens/dissect/wire"
)

// A decoder is an extension's type.
type decoder interface {
	Decode(data []byte) error
}

// extensionTests has every extension that this package decodes, with data that
// uses every field once.
func extensionTests() []struct {
	name  string
	typ   ExtensionType
	where HandshakeType
	in    []byte
	got   decoder
	want  decoder
} {
	v8 := func(s string) []byte { return vec(1, []byte(s)) }
	v16 := func(s string) []byte { return vec(2, []byte(s)) }
	names := cat([]byte{7}, v16("x"), []byte{0}, v16("a.test"))
	sct := cat([]byte{0}, fill(32, 1), []byte{0, 0, 1, 2, 3, 4, 5, 6}, v16("e"), []byte{4, 3}, v16("s"))
	share := cat([]byte{0, 29}, v16("pub"))
	id := cat(v16("id"), []byte{0, 0, 0, 5})
	request := cat(v16(string(v16("r"))), v16("e"))
	return []struct {
		name  string
		typ   ExtensionType
		where HandshakeType
		in    []byte
		got   decoder
		want  decoder
	}{
		{"server_name", ExtServerName, TypeClientHello, vec(2, names), new(ServerNames), &ServerNames{Names: names}},
		{"server_name, answer", ExtServerName, TypeServerHello, nil, new(ServerNames), &ServerNames{Empty: true}},
		{"max_fragment_length", ExtMaxFragmentLength, TypeClientHello, []byte{2}, new(MaxFragmentLength), &MaxFragmentLength{Code: 2}},
		{"status_request", ExtStatusRequest, TypeClientHello, cat([]byte{1}, request), new(StatusRequest),
			&StatusRequest{StatusType: StatusOCSP, Responders: v16("r"), RequestExtensions: []byte("e")}},
		{"status_request, other type", ExtStatusRequest, TypeClientHello, []byte{9, 1}, new(StatusRequest),
			&StatusRequest{StatusType: 9, Request: []byte{1}}},
		{"status_request, certificate", ExtStatusRequest, TypeCertificate, cat([]byte{1}, vec(3, []byte("r"))), new(CertificateStatus),
			&CertificateStatus{Type: StatusOCSP, Response: []byte("r")}},
		{"status_request_v2", ExtStatusRequestV2, TypeClientHello, vec(2, []byte{2}, vec(2, request)), new(StatusRequestV2),
			&StatusRequestV2{Requests: cat([]byte{2}, vec(2, request))}},
		{"supported_groups", ExtSupportedGroups, TypeClientHello, vec(2, []byte{0, 29, 0, 23}), new(SupportedGroups),
			&SupportedGroups{Groups: []byte{0, 29, 0, 23}}},
		{"ec_point_formats", ExtECPointFormats, TypeServerHello, vec(1, []byte{0, 1}), new(ECPointFormats), &ECPointFormats{Formats: []byte{0, 1}}},
		{"srp", ExtSRP, TypeClientHello, v8("me"), new(SRP), &SRP{UserName: []byte("me")}},
		{"signature_algorithms", ExtSignatureAlgorithms, TypeClientHello, vec(2, []byte{8, 4}), new(SignatureAlgorithms), &SignatureAlgorithms{Schemes: []byte{8, 4}}},
		{"use_srtp", ExtUseSRTP, TypeClientHello, cat(vec(2, []byte{0, 1}), v8("k")), new(UseSRTP), &UseSRTP{Profiles: []byte{0, 1}, MKI: []byte("k")}},
		{"heartbeat", ExtHeartbeat, TypeClientHello, []byte{1}, new(HeartbeatExtension), &HeartbeatExtension{Mode: HeartbeatAllowed}},
		{"ALPN", ExtALPN, TypeClientHello, vec(2, v8("h2"), v8("x")), new(ALPN), &ALPN{Protocols: cat(v8("h2"), v8("x"))}},
		{"SCT", ExtSCT, TypeCertificate, vec(2, vec(2, sct)), new(SCTs), &SCTs{List: vec(2, sct)}},
		{"SCT, offer", ExtSCT, TypeClientHello, nil, new(SCTs), &SCTs{Empty: true}},
		{"certificate types", ExtServerCertificateType, TypeClientHello, vec(1, []byte{2, 0}), new(CertificateTypes), &CertificateTypes{Types: []byte{2, 0}}},
		{"certificate type", ExtClientCertificateType, TypeEncryptedExtensions, []byte{2}, new(SelectedCertificateType), &SelectedCertificateType{Type: CertificateRawPublicKey}},
		{"padding", ExtPadding, TypeClientHello, []byte{0, 0, 0}, new(Padding), &Padding{Length: 3, Zero: true}},
		{"padding, not zero", ExtPadding, TypeClientHello, []byte{0, 1, 0}, new(Padding), &Padding{Length: 3}},
		{"encrypt_then_mac", ExtEncryptThenMAC, TypeServerHello, nil, new(Flag), &Flag{}},
		{"extended_master_secret with a byte", ExtExtendedMasterSecret, TypeServerHello, []byte{1}, new(Flag), &Flag{TrailingBytes: 1}},
		{"token_binding", ExtTokenBinding, TypeClientHello, cat([]byte{1, 0}, vec(1, []byte{2})), new(TokenBinding), &TokenBinding{Major: 1, Parameters: []byte{2}}},
		{"compress_certificate", ExtCompressCertificate, TypeClientHello, vec(1, []byte{0, 2}), new(CompressCertificate), &CompressCertificate{Algorithms: []byte{0, 2}}},
		{"record_size_limit", ExtRecordSizeLimit, TypeClientHello, []byte{0x40, 1}, new(RecordSizeLimit), &RecordSizeLimit{Limit: 0x4001}},
		{"delegated_credential, offer", ExtDelegatedCredential, TypeClientHello, vec(2, []byte{4, 3}), new(SignatureAlgorithms), &SignatureAlgorithms{Schemes: []byte{4, 3}}},
		{"delegated_credential", ExtDelegatedCredential, TypeCertificate, cat([]byte{0, 0, 1, 0, 4, 3}, vec(3, []byte("k")), []byte{8, 4}, v16("s")), new(DelegatedCredential),
			&DelegatedCredential{Raw: cat([]byte{0, 0, 1, 0, 4, 3}, vec(3, []byte("k"))), ValidTime: 256, CertVerify: 0x0403, PublicKey: []byte("k"), Scheme: 0x0804, Signature: []byte("s")}},
		{"pre_shared_key", ExtPreSharedKey, TypeClientHello, cat(vec(2, id), vec(2, v8("b"))), new(PreSharedKeyClient), &PreSharedKeyClient{Identities: id, Binders: v8("b")}},
		{"pre_shared_key, answer", ExtPreSharedKey, TypeServerHello, []byte{0, 1}, new(PreSharedKeyServer), &PreSharedKeyServer{SelectedIdentity: 1}},
		{"early_data", ExtEarlyData, TypeClientHello, nil, new(Flag), &Flag{}},
		{"early_data, ticket", ExtEarlyData, TypeNewSessionTicket, []byte{0, 0, 0x40, 0}, new(TicketEarlyData), &TicketEarlyData{MaxEarlyDataSize: 0x4000}},
		{"supported_versions", ExtSupportedVersions, TypeClientHello, vec(1, []byte{3, 4, 3, 3}), new(SupportedVersions), &SupportedVersions{Versions: []byte{3, 4, 3, 3}}},
		{"supported_versions, answer", ExtSupportedVersions, TypeServerHello, []byte{3, 4}, new(SelectedVersion), &SelectedVersion{Version: VersionTLS13}},
		{"cookie", ExtCookie, TypeHelloRetryRequest, v16("c"), new(Cookie), &Cookie{Cookie: []byte("c")}},
		{"psk_key_exchange_modes", ExtPSKKeyExchangeModes, TypeClientHello, vec(1, []byte{1}), new(PSKKeyExchangeModes), &PSKKeyExchangeModes{Modes: []byte{1}}},
		{"certificate_authorities", ExtCertificateAuthorities, TypeCertificateRequest, vec(2, v16("dn")), new(CertificateAuthorities), &CertificateAuthorities{Authorities: v16("dn")}},
		{"oid_filters", ExtOIDFilters, TypeCertificateRequest, vec(2, v8("oid"), v16("v")), new(OIDFilters), &OIDFilters{Filters: cat(v8("oid"), v16("v"))}},
		{"key_share", ExtKeyShare, TypeClientHello, vec(2, share), new(KeyShareClient), &KeyShareClient{Shares: share}},
		{"key_share, retry", ExtKeyShare, TypeHelloRetryRequest, []byte{0, 29}, new(KeyShareRetry), &KeyShareRetry{Group: 29}},
		{"key_share, answer", ExtKeyShareOld, TypeServerHello, share, new(KeyShareServer), &KeyShareServer{Share: KeyShare{29, []byte("pub")}}},
		{"transparency_info", ExtTransparencyInfo, TypeCertificate, vec(2, v16("t")), new(TransparencyInfo), &TransparencyInfo{Items: v16("t")}},
		{"connection_id", ExtConnectionID, TypeClientHello, v8("c"), new(ConnectionID), &ConnectionID{CID: []byte("c")}},
		{"quic_transport_parameters", ExtQUICTransportParameters, TypeClientHello, []byte{1, 1, 7, 0x40, 4, 0}, new(QUICTransportParameters), &QUICTransportParameters{Parameters: []byte{1, 1, 7, 0x40, 4, 0}}},
		{"ticket_request", ExtTicketRequest, TypeClientHello, []byte{2, 1}, new(TicketRequest), &TicketRequest{NewSession: 2, Resumption: 1}},
		{"ticket_request, answer", ExtTicketRequest, TypeEncryptedExtensions, []byte{2}, new(TicketRequestHint), &TicketRequestHint{Expected: 2}},
		{"NPN, offer", ExtNextProtocol, TypeClientHello, nil, new(Flag), &Flag{}},
		{"NPN", ExtNextProtocol, TypeServerHello, cat(v8("h2"), v8("x")), new(NextProtocols), &NextProtocols{Protocols: cat(v8("h2"), v8("x"))}},
		{"ALPS", ExtALPSOld, TypeClientHello, vec(2, v8("h2")), new(ALPS), &ALPS{Protocols: v8("h2")}},
		{"trust_anchors", ExtTrustAnchors, TypeClientHello, vec(2, v8("t")), new(TrustAnchors), &TrustAnchors{IDs: v8("t")}},
		{"ech_outer_extensions", ExtECHOuterExtensions, TypeClientHello, vec(1, []byte{0, 51}), new(ECHOuterExtensions), &ECHOuterExtensions{Types: []byte{0, 51}}},
		{"ECH, outer", ExtEncryptedClientHello, TypeClientHello, cat([]byte{0, 0, 1, 0, 3, 9}, v16("enc"), v16("p")), new(ECHClient),
			&ECHClient{KDF: 1, AEAD: 3, ConfigID: 9, Enc: []byte("enc"), Payload: []byte("p")}},
		{"ECH, inner", ExtEncryptedClientHello, TypeClientHello, []byte{1}, new(ECHClient), &ECHClient{Inner: true}},
		{"ECH, retry configs", ExtEncryptedClientHello, TypeEncryptedExtensions, vec(2, []byte{0xfe, 0x0d}, v16("c")), new(ECHRetryConfigs), &ECHRetryConfigs{Configs: cat([]byte{0xfe, 0x0d}, v16("c"))}},
		{"ECH, confirmation", ExtEncryptedClientHello, TypeHelloRetryRequest, fill(8, 1), new(ECHConfirmation), &ECHConfirmation{Confirmation: fill(8, 1)}},
		{"ESNI", ExtEncryptedServerName, TypeClientHello, cat([]byte{0x13, 1}, share, v16("d"), v16("sni")), new(ESNIClient),
			&ESNIClient{Suite: 0x1301, Share: KeyShare{29, []byte("pub")}, RecordDigest: []byte("d"), EncryptedSNI: []byte("sni")}},
		{"renegotiation_info", ExtRenegotiationInfo, TypeServerHello, v8("data"), new(RenegotiationInfo), &RenegotiationInfo{RenegotiatedConnection: []byte("data")}},
	}
}

func TestExtensionDecode(t *testing.T) {
	for _, tt := range extensionTests() {
		t.Run(tt.name, func(t *testing.T) {
			_ = tt.got.Decode([]byte{0xff}) // Decode has to forget what was
			if err := tt.got.Decode(tt.in); err != nil {
				t.Fatal(err)
			}
			equal(t, "extension", tt.want, tt.got, cmpopts.EquateEmpty())
			if n := testing.AllocsPerRun(20, func() { _ = tt.got.Decode(tt.in) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
			e := Extension{tt.typ, tt.in}
			if err := e.Check(tt.where); err != nil {
				t.Errorf("Check: %v", err)
			}
			checkExtension(t, tt.typ, tt.where, tt.in)
			for n := range tt.in {
				checkExtension(t, tt.typ, tt.where, tt.in[:n])
				err := tt.got.Decode(tt.in[:n])
				wireError(t, err, n)
				if checked := (Extension{tt.typ, tt.in[:n]}).Check(tt.where); (checked == nil) != (err == nil) {
					t.Errorf("%d bytes: Decode says %v, Check says %v", n, err, checked)
				}
			}
		})
	}
}

// TestExtensionPrefixes holds that extensions that are cut short are errors,
// but for those that may have any length.
func TestExtensionPrefixes(t *testing.T) {
	anyLength := []ExtensionType{ExtPadding, ExtExtendedMasterSecret}
	for _, tt := range extensionTests() {
		if slices.Contains(anyLength, tt.typ) || tt.name == "status_request, other type" {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			for n := range tt.in {
				err := tt.got.Decode(tt.in[:n])
				// Some mean something when they are empty, and lists without an
				// outer length end after every item.
				short := n == 0 || tt.typ == ExtNextProtocol && n == 3 || tt.typ == ExtQUICTransportParameters && n == 3
				if err == nil && !short {
					t.Errorf("%d of %d bytes are accepted: %+v", n, len(tt.in), tt.got)
				}
			}
		})
	}
}

// checkExtension holds that tracing an extension covers its data.
func checkExtension(t *testing.T, typ ExtensionType, where HandshakeType, data []byte) {
	t.Helper()
	var fields []field
	r := wire.NewTracedReader(data, func(name string, off, n int) { fields = append(fields, field{name, off, n}) })
	decodeExtension(typ, where, &r)
	wireError(t, r.Err(), len(data))
	if len(fields) > 0 {
		checkTiles(t, fields, len(data))
	}
}

func TestExtensionIterators(t *testing.T) {
	v8 := func(s string) []byte { return vec(1, []byte(s)) }
	v16 := func(s string) []byte { return vec(2, []byte(s)) }
	n := ServerNames{Names: cat([]byte{7}, v16("x"), []byte{0}, v16("a.test"), []byte{0})}
	var types []NameType
	for typ := range n.All() {
		types = append(types, typ)
	}
	equal(t, "name types", []NameType{7, 0}, types)
	if host, ok := n.HostName(); string(host) != "a.test" || !ok {
		t.Errorf("host %q", host)
	}
	p := PreSharedKeyClient{Identities: cat(v16("id"), []byte{0, 0, 1, 0}, v16("cut"))}
	equal(t, "identities", []PSKIdentity{{[]byte("id"), 256}}, slices.Collect(p.All()))
	k := KeyShares(cat([]byte{0, 29}, v16("a"), []byte{0, 23}, v16("b"), []byte{0}))
	equal(t, "shares", []KeyShare{{29, []byte("a")}, {23, []byte("b")}}, slices.Collect(k.All()))
	if b, ok := k.Get(23); string(b) != "b" || !ok || k.Len() != 2 {
		t.Errorf("share %q, %d", b, k.Len())
	}
	c := ECHRetryConfigs{Configs: cat([]byte{0xfe, 0x0d}, v16("c"))}
	equal(t, "configs", []ECHConfig{{0xfe0d, []byte("c")}}, slices.Collect(c.All()))
	for oid, v := range (&OIDFilters{Filters: cat(v8("oid"), v16("v"))}).All() {
		if string(oid) != "oid" || string(v) != "v" {
			t.Errorf("%q %q", oid, v)
		}
	}
	for _, size := range []struct {
		code uint8
		want int
	}{{0, 0}, {1, 512}, {4, 4096}, {5, 0}} {
		if got := (&MaxFragmentLength{Code: size.code}).Bytes(); got != size.want {
			t.Errorf("code %d: %d", size.code, got)
		}
	}
}

func TestExtensionsBlock(t *testing.T) {
	x := Extensions(cat([]byte{0, 1, 0, 0}, []byte{0, 2}, vec(2, []byte("two")), []byte{0, 1, 0, 0}, []byte{0, 3, 0, 0}, []byte{0, 1, 0, 0}, []byte{0, 3, 0, 0}, []byte{0, 9, 0, 5}))
	if x.Len() != 6 || x.Has(9) || !x.Has(3) {
		t.Errorf("%d extensions", x.Len())
	}
	if d, ok := x.Get(2); string(d) != "two" || !ok {
		t.Errorf("%q, %v", d, ok)
	}
	equal(t, "duplicates", []ExtensionType{1, 3}, slices.Collect(x.Duplicates()))
	equal(t, "types", []ExtensionType{1, 2, 1, 3, 1, 3}, func() (l []ExtensionType) {
		for e := range x.All() {
			l = append(l, e.Type)
		}
		return l
	}())
}

// TestQUICDraftFormat holds that the older format of the draft's code point is
// not called malformed.
func TestQUICDraftFormat(t *testing.T) {
	old := Extension{ExtQUICDraft, vec(2, []byte{0, 1}, vec(2, []byte{0x67}), []byte{0, 4}, vec(2, fill(4, 1)))}
	if err := old.Check(TypeClientHello); err != nil {
		t.Error(err)
	}
}

func FuzzExtension(f *testing.F) {
	for _, tt := range extensionTests() {
		f.Add(uint16(tt.typ), uint8(tt.where), tt.in)
	}
	f.Fuzz(func(t *testing.T, typ uint16, where uint8, data []byte) {
		e := Extension{ExtensionType(typ), data}
		err := e.Check(HandshakeType(where))
		wireError(t, err, len(data))
		checkExtension(t, e.Type, HandshakeType(where), data)
		for _, tt := range extensionTests() {
			if tt.typ != e.Type || tt.where != HandshakeType(where) || tt.name == "status_request, other type" {
				continue
			}
			if err2 := tt.got.Decode(data); (err2 == nil) != (err == nil) {
				t.Fatalf("%s: Decode says %v, Check says %v", tt.name, err2, err)
			}
			first := fmt.Sprintf("%+v", tt.got)
			_ = tt.got.Decode(data)
			if again := fmt.Sprintf("%+v", tt.got); first != again {
				t.Fatalf("%s: decoding twice differs:\n%s\n%s", tt.name, first, again)
			}
		}
	})
}
