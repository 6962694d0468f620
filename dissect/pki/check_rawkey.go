package pki

import "fmt"

// CheckRawKey says what can be said of a raw public key (RFC 7250), which stands
// in the place of a certificate: whether it is fit for use. It has no name, no
// dates and no issuer, and whether the other side knew it already no packet tells.
func CheckRawKey(k *Key) []Check {
	checks := []Check{{Name: CheckTrust, Result: NotShown, Why: "a raw public key has no name, no dates and no issuer (RFC 7250): it says who is there only to a peer that knew it beforehand"}}
	strength := Check{Name: CheckKeyStrength, Result: OK, Why: "the key is " + k.String()}
	switch {
	case k.Algorithm == "":
		strength.Result, strength.Why = Unknown, "the key is not readable"
	case k.broken != "":
		strength.Result, strength.Why = Fail, k.broken
	case k.weak():
		strength.Result, strength.Why = Warn, fmt.Sprintf("the key is %s: by today's rules RSA needs 2048 bits, elliptic curves 224, and DSA is no more", k)
	}
	return append(checks, strength)
}
