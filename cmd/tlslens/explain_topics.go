package main

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/tls/iana"
	"github.com/tlslens/tlslens/dissect/verdict"
)

// topics returns everything that can be explained.
func topics() []topic {
	all := findingTopics()
	all = append(all, wordTopics("phase", phaseWords())...)
	all = append(all, wordTopics("state", stateWords())...)
	all = append(all, wordTopics("outcome", outcomeWords())...)
	all = append(all, wordTopics("check", checkWords())...)
	all = append(all, wordTopics("word", reportWords())...)
	all = append(all, messageTopics()...)
	all = append(all, alertTopics()...)
	all = append(all, extensionTopics()...)
	all = append(all, codeTopics()...)
	return all
}

// findingTopics has one topic for each ID; rules of one ID may differ in their
// severity.
func findingTopics() []topic {
	var out []topic
	at := map[string]int{}
	for _, r := range verdict.Rules() {
		if i, seen := at[r.ID]; seen {
			out[i].says[0] += fmt.Sprintf(" Or %s: %s", r.Severity, r.Title)
			continue
		}
		at[r.ID] = len(out)
		out = append(out, topic{kind: "finding", names: []string{r.ID}, code: -1,
			says: []string{capital(r.Severity.String()) + ": " + r.Title, r.Doc, "Phase: " + strings.ToLower(r.Phase.Title()) + "."}})
	}
	return out
}

// A word is a term with its explanation.
type word struct{ name, says, ref string }

func wordTopics(kind string, words []word) []topic {
	var out []topic
	for _, w := range words {
		out = append(out, topic{kind: kind, names: []string{w.name}, code: -1, says: []string{w.says}, ref: w.ref})
	}
	return out
}

func messageTopics() []topic {
	words := messageWords()
	var out []topic
	for code := range 256 {
		name, ok := iana.HandshakeTypeName(uint8(code))
		if !ok {
			continue
		}
		t := topic{kind: "handshake message", names: []string{iana.HandshakeTypeTitle(uint8(code)), name}, code: code, wide: 2}
		if w, ok := words[name]; ok {
			t.says, t.ref = []string{w.says}, w.ref
		}
		out = append(out, t)
	}
	w := words["change_cipher_spec"]
	return append(out, topic{kind: "message", names: []string{"ChangeCipherSpec", "change_cipher_spec"}, code: -1, says: []string{w.says}, ref: w.ref})
}

func alertTopics() []topic {
	var out []topic
	for code := range 256 {
		name, ok := iana.AlertName(uint8(code))
		if !ok {
			continue
		}
		t := topic{kind: "alert", names: []string{name}, code: code, wide: 2, says: []string{iana.AlertMeaning(uint8(code))}, ref: "RFC 9846, Section 6, and the IANA registry TLS Alerts"}
		if id := "alert-" + strings.ReplaceAll(name, "_", "-"); findRule(id) {
			t.says = append(t.says, "A connection that ends with it has the finding "+id+".")
		}
		out = append(out, t)
	}
	return out
}

func findRule(id string) bool {
	_, ok := verdict.Find(id)
	return ok
}

func extensionTopics() []topic {
	words := extensionWords()
	var out []topic
	for code := range 1 << 16 {
		name, ok := iana.ExtensionName(uint16(code))
		if !ok {
			continue
		}
		t := topic{kind: "extension", names: []string{name}, code: code, wide: 4, ref: "the IANA registry TLS ExtensionType Values"}
		if w, ok := words[name]; ok {
			t.says, t.ref = []string{w.says}, w.ref
			if w.name != "" {
				t.names = append(t.names, w.name)
			}
		}
		out = append(out, t)
	}
	return out
}

// codeTopics explains what registries with attributes tell about their values.
func codeTopics() []topic {
	var out []topic
	for code := range 1 << 16 {
		c := uint16(code)
		if s, ok := iana.LookupSuite(c); ok {
			out = append(out, topic{kind: "cipher suite", names: []string{s.Name}, code: code, wide: 4, says: suiteSays(s), ref: reference(s.Reference)})
		}
		if g, ok := iana.LookupGroup(c); ok {
			names := []string{g.Name}
			if g.Short != g.Name {
				names = append(names, g.Short)
			}
			out = append(out, topic{kind: "group", names: names, code: code, wide: 4, says: groupSays(g), ref: "the IANA registry TLS Supported Groups"})
		}
		if s, ok := iana.LookupScheme(c); ok {
			out = append(out, topic{kind: "signature scheme", names: []string{s.Name}, code: code, wide: 4, says: schemeSays(s), ref: "the IANA registry TLS SignatureScheme"})
		}
		if name, ok := iana.VersionName(c); ok {
			w := versionWords()[name]
			out = append(out, topic{kind: "version", names: []string{name}, code: code, wide: 4, says: []string{w.says}, ref: w.ref})
		}
	}
	return out
}

// reference makes "[RFC5288][RFC9325]" readable.
func reference(s string) string {
	s = strings.NewReplacer("][", ", ", "[", "", "]", "", "RFC", "RFC ").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

// suiteSays says what gives key exchange, authentication, confidentiality and
// integrity.
func suiteSays(s iana.Suite) []string {
	if s.Signal {
		return []string{"A signal in the client's list of suites, never chosen by a server. TLS_EMPTY_RENEGOTIATION_INFO_SCSV says that secure renegotiation is known (RFC 5746), TLS_FALLBACK_SCSV that the client retries with a lower version (RFC 7507)."}
	}
	says := []string{"Key exchange: " + kxSays(s.Kx) + ".", "Authentication: " + authSays(s.Auth) + "."}
	switch {
	case s.Mode == iana.ModeNull:
		says = append(says, "Confidentiality: none. Everybody on the way can read the data.")
	case s.Cipher != "":
		conf := fmt.Sprintf("Confidentiality: %s", s.Cipher)
		if s.EffectiveBits > 0 {
			conf += fmt.Sprintf(", a strength of %d bits", s.EffectiveBits)
		}
		if s.Export {
			conf += "; weakened on purpose for the export rules of the 1990s"
		}
		says = append(says, conf+".")
	}
	switch {
	case s.Mode == iana.ModeAEAD:
		says = append(says, fmt.Sprintf("Integrity: the AEAD tag of %d bytes on each record. Keys are derived with %s.", s.TagLen, s.PRF))
	case s.MAC == "" || s.MAC == "NULL":
		says = append(says, "Integrity: none.")
	default:
		says = append(says, fmt.Sprintf("Integrity: a MAC with %s on each record.", s.MAC))
	}
	if s.Recommended {
		return append(says, "IANA marks it as recommended.")
	}
	return append(says, "IANA does not mark it as recommended.")
}

func kxSays(k iana.KeyExchange) string {
	switch k {
	case iana.KxTLS13:
		return "not said by the suite; in TLS 1.3 the extensions key_share and pre_shared_key decide"
	case iana.KxRSA:
		return "RSA key transport: the client encrypts the premaster secret to the server's key. No forward secrecy: whoever gets that key later can open the capture"
	case iana.KxDH, iana.KxECDH:
		return string(k) + ", static: the server's key is that of its certificate. No forward secrecy"
	case iana.KxPSK:
		return "a key that both sides have already. No forward secrecy"
	case iana.KxRSAPSK:
		return "a key that both sides have already, with RSA key transport. No forward secrecy"
	case iana.KxNull:
		return "none"
	}
	if k.Ephemeral() {
		return string(k) + ", with fresh keys on both sides: forward secrecy"
	}
	return string(k)
}

func authSays(a iana.Authentication) string {
	switch a {
	case iana.AuthTLS13:
		return "not said by the suite; a certificate of any kind, or a pre-shared key"
	case iana.AuthNull, iana.AuthAnon:
		return "none. Anybody in between can take part"
	case iana.AuthPSK:
		return "whoever has the shared key"
	}
	if a.Certificate() {
		return "the server's certificate, with a key of " + string(a)
	}
	return string(a)
}

func groupSays(g iana.Group) []string {
	s := "For the key exchange: " + g.Kind.String()
	if g.Bits > 0 {
		s += fmt.Sprintf(", about %d bits of security against today's computers", g.Bits)
	}
	s += "."
	switch {
	case g.PostQuantum:
		s += " As far as known it holds against a quantum computer as well."
	case g.Kind == iana.GroupCurve || g.Kind == iana.GroupFiniteField:
		s += " A quantum computer would break it."
	}
	if g.Bits > 0 && g.Bits < 112 {
		s += " That is too weak today."
	}
	says := []string{s}
	if g.ClientLen > 0 {
		says = append(says, fmt.Sprintf("Key shares: %d bytes from the client, %d from the server.", g.ClientLen, g.ServerLen))
	}
	if g.Experimental {
		says = append(says, "The code point is that of an experiment.")
	}
	return says
}

func schemeSays(s iana.Scheme) []string {
	says := "For signatures made with a key of " + s.Key
	if s.Hash != "" {
		says += ", over a hash of " + s.Hash
	}
	says += "."
	if s.Legacy {
		says += " Its hash is broken; TLS 1.3 does not use it in handshakes."
	}
	return []string{says}
}
