package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPRF12 is the vector for P_SHA256 that the TLS working group's list has.
func TestPRF12(t *testing.T) {
	want := unhex(t, `e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
		6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
		4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701 87347b66`)
	s := schedule{version: tls.VersionTLS12, hash: sha256.New}
	got := s.prf(len(want), unhex(t, "9bbe436ba940f017b17652849a71db35"), "test label", unhex(t, "a0ba9f936cda311827a6f796ffd5198c"))
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestCCM is Example 3 of NIST SP 800-38C, which has a nonce as long as TLS,
// and what must not open.
func TestCCM(t *testing.T) {
	b, err := aes.NewCipher(unhex(t, "404142434445464748494a4b4c4d4e4f"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCCM(b, 8)
	nonce, aad := unhex(t, "101112131415161718191a1b"), unhex(t, "000102030405060708090a0b0c0d0e0f10111213")
	plain := unhex(t, "202122232425262728292a2b2c2d2e2f3031323334353637")
	sealed := unhex(t, "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951")
	if got := c.Seal(nil, nonce, plain, aad); !bytes.Equal(got, sealed) {
		t.Errorf("sealed %x", got)
	}
	if got, err := c.Open([]byte("x"), nonce, sealed, aad); err != nil || string(got) != "x"+string(plain) {
		t.Errorf("opened %x, %v", got, err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := c.Open(nil, nonce, bad, aad); err == nil {
			t.Errorf("byte %d changed: it opens", i)
		}
	}
	for n := range sealed {
		if _, err := c.Open(nil, nonce, sealed[:n], aad); err == nil {
			t.Errorf("%d bytes: it opens", n)
		}
	}
	for n := range 50 { // round trips around the block size, both tags
		for _, tag := range []int{8, 16} {
			c := newCCM(b, tag)
			p := bytes.Repeat([]byte{7}, n)
			got, err := c.Open(nil, nonce, c.Seal(nil, nonce, p, aad[:13]), aad[:13])
			if err != nil || !bytes.Equal(got, p) {
				t.Errorf("%d bytes, tag of %d: %v", n, tag, err)
			}
		}
	}
}

// TestOldChaCha is the vector of draft-agl-tls-chacha20poly1305-04, Section 7.
func TestOldChaCha(t *testing.T) {
	c := newOldChaCha(unhex(t, "4290bcb154173531f314af57f3be3b5006da371ece272afa1b5dbdd1100a1007"))
	nonce, aad := unhex(t, "cd7cf67be39c794a"), unhex(t, "87e229d4500845a079c0")
	plain, sealed := unhex(t, "86d09974840bded2a5ca"), unhex(t, "e3e446f7ede9a19b62a4677dabf4e3d24b876bb284753896e1d6")
	if got := c.Seal(nil, nonce, plain, aad); !bytes.Equal(got, sealed) {
		t.Errorf("sealed %x", got)
	}
	if got, err := c.Open(nil, nonce, sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened %x, %v", got, err)
	}
	sealed[0] ^= 1
	if _, err := c.Open(nil, nonce, sealed, aad); err == nil {
		t.Error("a changed byte: it opens")
	}
}

// The records of RFC 8448, Section 3.
const (
	vectorClientHello = `16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece70000061301
		13031302010000910000000b0009000006736572766572ff01000100000a00140012001d001700180019010001010102
		0103010400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529a
		af2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00
		020101001c00024001`
	vectorServerHello = `160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e269280013010000
		2e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304`
	vectorServerFlight = `17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40aa2b8ea73f848a7ca
		07612ef9f945cb960b4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13b
		d9aefb0e57f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c
		7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd61092
		8d809810e4b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5edd8044b4c6de3fcf2a8
		9441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d650f563aad27409960dca63d3e688611ea5e22f
		4415cf9538d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acbbb317b66d902f4f292a3
		6ac1b639c637ce343117b659622245317b49eeda0c6258f100d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd7e
		1b7a6c7178af36879018e3f252107f243d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052c
		f93b16499a66db7cca71e4599426f7d461e66f99882bd89fc50800becca62d6c74116dbd2972fda1fa80f85df881edbe
		5a37668936b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe67f76913fa388cb
		5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5515614636c0b9b68c19ed2e31c0b3b66763038
		ebba42f3b38edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de93b5b845e275592c12335ee340bbc4fddd50278
		4016e4b3be7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe5175be898e
		750edc53370d2b`
	vectorClientFinished = `170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1c
		aeacab6867d726c40546`
	vectorTicket = `17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a
		015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e0
		9c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77
		f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74
		bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f`
	vectorClientData = `1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b
		62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4`
	vectorServerData = `17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8
		fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d`
	vectorClientAlert = `1703030013c9872760655666b74d7ff1153efd6db6d0b0e3`
	vectorServerAlert = `1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9`

	vectorRandom = "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7"
	vectorLog    = "CLIENT_HANDSHAKE_TRAFFIC_SECRET " + vectorRandom + " b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21\n" +
		"SERVER_HANDSHAKE_TRAFFIC_SECRET " + vectorRandom + " b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38\n" +
		"CLIENT_TRAFFIC_SECRET_0 " + vectorRandom + " 9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5\n" +
		"SERVER_TRAFFIC_SECRET_0 " + vectorRandom + " a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643\n"
)

// vectorRecords are in the order of the RFC.
var vectorRecords = []struct {
	side flow.Side
	hex  string
}{
	{flow.Client, vectorClientHello}, {flow.Server, vectorServerHello}, {flow.Server, vectorServerFlight},
	{flow.Client, vectorClientFinished}, {flow.Server, vectorTicket}, {flow.Client, vectorClientData},
	{flow.Server, vectorServerData}, {flow.Client, vectorClientAlert}, {flow.Server, vectorServerAlert},
}

func playVector(t testing.TB, p *Provider) *feeder {
	f := &feeder{s: p.NewSession(), known: true}
	for _, r := range vectorRecords {
		f.feed(r.side, unhex(t, r.hex))
	}
	return f
}

func TestRFC8448(t *testing.T) {
	p := NewProvider(nil)
	p.Log().Add([]byte(vectorLog), "RFC 8448")
	f := playVector(t, p)
	if bad := f.good(); bad != "" {
		t.Fatal(bad)
	}
	if f.opened != 7 || len(f.finished[0]) != 1 || len(f.finished[1]) != 1 {
		t.Errorf("%d records, finished %v", f.opened, f.finished)
	}
	want := make([]byte, 50)
	for i := range want {
		want[i] = byte(i)
	}
	if !bytes.Equal(f.plain[0], want) || !bytes.Equal(f.plain[1], want) {
		t.Errorf("data %x, %x", f.plain[0], f.plain[1])
	}
	types := []tls.HandshakeType{tls.TypeServerHello, tls.TypeEncryptedExtensions, tls.TypeCertificate,
		tls.TypeCertificateVerify, tls.TypeFinished, tls.TypeNewSessionTicket}
	if d := cmp.Diff(types, f.types[1]); d != "" {
		t.Error(d)
	}
	if len(f.signed[1]) != 1 || !bytes.HasPrefix(f.signed[1][0], []byte(strings.Repeat(" ", 64)+"TLS 1.3, server CertificateVerify\x00")) {
		t.Errorf("signed %q", f.signed[1])
	}
	// The certificate's key and the signature are those of the RFC.
	verifyPSS(t, f)
	st := f.s.Status()
	if st.Cause != AllOpen || st.Why != "" || len(st.Found) != 4 || len(st.Missing) != 0 {
		t.Errorf("status %+v", st)
	}
	var b bytes.Buffer
	if err := p.WriteUsed(&b); err != nil || b.String() != vectorLog {
		t.Errorf("used: %v\n%s", err, b.String())
	}
}

// TestDerivation13 compares the schedule with values of RFC 8448, Section 3.
func TestDerivation13(t *testing.T) {
	s := newSchedule13(tls.VersionTLS13, sha256.New)
	early := s.extract(nil, nil)
	if hex.EncodeToString(early) != "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a" {
		t.Errorf("early secret %x", []byte(early))
	}
	derived := s.derive(early, "derived", s.sum(nil))
	if hex.EncodeToString(derived) != "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba" {
		t.Errorf("derived %x", []byte(derived))
	}
	hs := s.extract(derived, unhex(t, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"))
	if hex.EncodeToString(hs) != "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac" {
		t.Errorf("handshake secret %x", []byte(hs))
	}
	hello := s.sum(append(unhex(t, vectorClientHello)[5:], unhex(t, vectorServerHello)[5:]...))
	traffic := s.derive(hs, "s hs traffic", hello)
	if hex.EncodeToString(traffic) != "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38" {
		t.Errorf("server handshake traffic %x", []byte(traffic))
	}
	if k := s.expand(traffic, "key", nil, 16); hex.EncodeToString(k) != "3fce516009c21727d0f2e4e86ee403bc" {
		t.Errorf("key %x", []byte(k))
	}
}
