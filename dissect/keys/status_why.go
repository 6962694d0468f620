package keys

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// noLine says that the log has nothing for a connection, and what it has.
func (s *Session) noLine() (Cause, string) {
	st, n := s.p.log.Stats(), s.p.log.Unclaimed()
	claimed := st.Connections - n
	var why string
	switch {
	case st.Secrets == 0:
		return NoLine, "the key log is empty"
	case claimed == 0:
		return NoLine, "the key log has no line for this client random, nor for any other that was seen so far: it is not of this capture, or begins later"
	case claimed == 1:
		why = "the key log has no line for this client random, but one for another connection"
	default:
		why = fmt.Sprintf("the key log has no line for this client random, but those of %d other connections", claimed)
	}
	if near := s.p.log.nearest(s.number, s.began); near != "" {
		why += ", " + near
	}
	switch {
	case n == 1:
		why += "; one client random in it belongs to no connection seen so far"
	case n > 1:
		why += fmt.Sprintf("; %d client randoms in it belong to no connection seen so far", n)
	}
	return NoLine, why
}

// maxClaims bounds the connections among which the nearest one is looked for.
const maxClaims = 4096

// A claim is a connection of the capture that has a line.
type claim struct {
	number uint64
	began  time.Time
}

// Belongs tells which connection the Session is of, for what [Status] says of
// others: its number in the report and the time of its first packet.
func (s *Session) Belongs(number uint64, began time.Time) {
	if s != nil {
		s.number, s.began = number, began
	}
}

func (s *Session) claim() claim { return claim{s.number, s.began} }

// nearest words which connection with a line is the nearest in time.
func (l *Log) nearest(number uint64, began time.Time) string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var best *claim
	for i := range l.claims {
		c := &l.claims[i]
		if c.number != number && (best == nil || c.began.Sub(began).Abs() < best.began.Sub(began).Abs()) {
			best = c
		}
	}
	if best == nil || number == 0 {
		return ""
	}
	d, when := best.began.Sub(began), "later"
	if d < 0 {
		d, when = -d, "earlier"
	}
	unit := time.Millisecond
	if d >= time.Second {
		unit = 100 * time.Millisecond
	}
	span := strings.NewReplacer("ms", " ms", "s", " s", "m", " min ", "h", " h ").Replace(d.Round(unit).String())
	return fmt.Sprintf("the nearest in time is #%d, begun %s %s", best.number, strings.TrimSpace(span), when)
}

func (s *Session) diagnose12(hs *handshake) (Cause, string) {
	switch {
	case !hs.haveSH:
		return NoServerHello, "the ServerHello is not in the capture"
	case !hs.haveCH:
		return NoClientHello, "the ClientHello, whose random finds the line of the key log, is not in the capture"
	case !hs.cke:
		return ResumedUnseen, "the session is resumed, and neither the key log nor an opened connection of this capture has its master secret"
	}
	keys := s.p.privateKeys()
	switch kx := hs.info.Kx; {
	case kx == iana.KxRSA && len(keys) > 0:
		for _, k := range keys {
			if k.fits(hs.cert) {
				return OtherPrivateKey, "the private key fits the certificate, but does not open the premaster secret"
			}
		}
		return OtherPrivateKey, "no private key belongs to the server's certificate"
	case kx == iana.KxPSK || kx == iana.KxRSAPSK && s.p.hasPSK():
		return UnknownPSK, fmt.Sprintf("no pre-shared key is given for identity %q", hs.identity)
	case kx.Ephemeral() && s.p.log.Stats().Connections == 0 && s.given() != "":
		return EphemeralExchange, fmt.Sprintf("the %s keys are ephemeral: %s cannot help, only a key log", kx, s.given())
	}
	return s.noLine()
}

// given names the keys that were given beside a key log, "" for none.
func (s *Session) given() string {
	switch private, psk := len(s.p.privateKeys()) > 0, s.p.hasPSK(); {
	case private && psk:
		return "a private key or a pre-shared key"
	case private:
		return "a private key"
	case psk:
		return "a pre-shared key"
	}
	return ""
}

func (s *Session) diagnose13(side flow.Side) (Cause, string) {
	hs := s.hs
	has := func(l Label) bool { return len(s.p.log.lines(hs.clientRandom[:], l, 0)) > 0 }
	mine, other := [2]Label{ClientHandshake, ClientTraffic}, [2]Label{ServerHandshake, ServerTraffic}
	if side == flow.Server {
		mine, other = other, mine
	}
	switch {
	case !hs.haveCH:
		return NoClientHello, "the ClientHello, whose random finds the lines of the key log, is not in the capture"
	case has(mine[0]) && !has(mine[1]):
		return NoTrafficSecret, fmt.Sprintf("the key log has the handshake secret of the %s but not %s", side, mine[1])
	case has(mine[1]) && !has(mine[0]):
		return NoHandshakeSecret, fmt.Sprintf("the key log has the traffic secret of the %s but not %s", side, mine[0])
	case !has(mine[0]) && (has(other[0]) || has(other[1])):
		return OneSideOnly, fmt.Sprintf("the key log has secrets of the %s only", side.Other())
	case s.half[side].epoch == early13 && has(ClientHandshake):
		return NoLine, "the key log has no CLIENT_EARLY_TRAFFIC_SECRET for this client random"
	case has(mine[0]) && s.fits(mine[0]):
		return WrongKeys, fmt.Sprintf("secrets of the %s in the key log open nothing", side)
	case has(mine[0]):
		return WrongKeys, fmt.Sprintf("secrets of the %s do not have the length that the cipher suite asks for", side)
	case hs.selected >= 0 && !hs.keyShare && s.p.hasPSK():
		return UnknownPSK, "no pre-shared key is given for the identity that was used"
	case s.p.log.Stats().Connections == 0 && len(s.p.echKeys()) > 0:
		return EphemeralExchange, "the keys of TLS 1.3 are ephemeral: the key of Encrypted Client Hello opens the ClientHello only, the rest needs a key log"
	case s.p.log.Stats().Connections == 0 && s.given() != "":
		return EphemeralExchange, fmt.Sprintf("the keys of TLS 1.3 are ephemeral: %s cannot help, only a key log", s.given())
	}
	return s.noLine()
}

// fits reports whether the log has a secret as long as the cipher suite asks for.
func (s *Session) fits(l Label) bool {
	h := hashByName(s.hs.info.PRF)
	return h != nil && slices.ContainsFunc(s.p.log.lines(s.hs.clientRandom[:], l, 0), func(x *logLine) bool { return len(x.secret) == h().Size() })
}
