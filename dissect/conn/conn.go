// Package conn holds what is known about one TLS connection and turns the
// messages of its two sides into the three phases a reader cares about: the
// certificate check, the key exchange and the encrypted tunnel.
//
// In go, through [Input], the handshake bytes, alerts and records that a
// carrier (TLS over TCP, QUIC, DTLS) unwrapped; out come a [Conn] with its
// phases, steps and facts. Slices handed to an Input are valid only during the
// call; nothing in a Conn aliases them, so a Conn may be kept when the capture
// has moved on. Malformed messages become notes and steps, never panics, and a
// Conn grows by the number of its handshake messages, not by its traffic.
package conn

import (
	"net/netip"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/dissect/tls"
)

// A Level is the protection a byte was sent under.
type Level uint8

// Protection levels, in the order a connection climbs them.
const (
	Plain       Level = iota // no keys yet; QUIC: Initial
	Early                    // 0-RTT
	Handshake                // TLS 1.3 handshake keys
	Application              // traffic keys; TLS 1.2: after ChangeCipherSpec
)

// String returns the name used in JSON.
func (l Level) String() string {
	return [...]string{"plain", "early", "handshake", "application"}[l&3]
}

// An Endpoint is an address and a port of one side.
type Endpoint = netip.AddrPort

// A Conn is one TLS connection.
//
// A field that was not seen has its zero value; where zero is also a value
// that can be seen, a companion says which (Offered and Selected are nil, a
// Tristate is Unknown).
type Conn struct {
	Number        uint64   // 1-based, in the order in which TLS was recognised
	Carrier       string   // "tls", "quic", "dtls", "sslv2", "tlcp"
	Transport     string   // "tcp" or "udp"
	StartTLS      string   // the protocols that came before TLS, outermost first: "smtp", "proxy_v2+smtp"; see dissect/starttls
	Encapsulation []string // of the client's packets, outermost first, for example "vlan 12"
	// EncapsulationBack is that of the server's packets where it is another;
	// empty but not nil if they have none.
	EncapsulationBack []string
	Ends              [2]Endpoint
	Guessed           GuessedBy // how it was guessed which end is the client

	// Flow names what the packets of the connection are part of, in one run of
	// dissect: see Part there.
	Flow uint64

	First, Last flow.Mark // first and last packet of the flow, TLS or not
	Packets     uint64
	Sent        [2]uint64 // packets of each side

	Outcome Outcome
	Why     string // one or more sentences, for people

	ServerName string          // of the ClientHello in the clear; see Name
	ECH        *EncryptedHello // nil unless keys tell something of it
	Version    tls.Version     // 0 if the server's choice was not seen; see VersionName
	Suite      tls.CipherSuite // meaningful if Selected is not nil; see SuiteName
	Group      string          // "x25519", "dhe2048"; "" if none or not seen
	ALPN       string

	HelloRetryRequest bool
	Resumption        *Resumption
	EarlyData         string // "", "offered", "accepted" or "rejected"

	Offered  *Offered
	Selected *Selected

	CertificateCheck CertificateCheck
	KeyExchange      KeyExchange
	Tunnel           Tunnel

	Messages          [2]map[string]int // by snake_case name, for each side
	ChangeCipherSpecs [2]int
	Alerts            []Alert
	Log               []Message // with Detail Messages and above
	Fingerprints      Fingerprints
	Findings          []Finding
	Gaps              []Gap
	Notes             []string // oddities, each a sentence: malformed fields, duplicates, overlaps
	Decryption        Decryption
	FTPData           *FTPData // nil if it is no data connection of FTP

	Handshake    time.Duration // from the first hello to the last Finished
	HasHandshake bool          // whether Handshake is known
}

// Phases returns the three phases in the order they are reported.
func (c *Conn) Phases() [3]*Phase {
	return [3]*Phase{&c.CertificateCheck.Phase, &c.KeyExchange.Phase, &c.Tunnel.Phase}
}

// VersionName returns the version both sides agreed on, such as "TLS 1.3", and
// "" if the server's choice was not seen.
func (c *Conn) VersionName() string {
	if c.Version == 0 {
		return ""
	}
	return c.Version.String()
}

// SuiteName returns the cipher suite that the server selected, such as
// "TLS_AES_128_GCM_SHA256", and "" if its choice was not seen.
func (c *Conn) SuiteName() string {
	if c.Selected == nil {
		return ""
	}
	return c.Suite.String()
}

// Since returns the time from the connection's first packet to m, 0 for a
// clock that went back.
func (c *Conn) Since(m flow.Mark) time.Duration {
	if d := m.Time.Sub(c.First.Time); m.Seen() && d > 0 {
		return d
	}
	return 0
}

// A GuessedBy says by what it was guessed which end of a connection is the
// client, as in the JSON.
type GuessedBy string

// Ways to guess.
const (
	NotGuessed           GuessedBy = ""             // a message or the SYN tells
	GuessedByCertificate GuessedBy = "certificate"  // only one end showed one, as servers do
	GuessedByPorts       GuessedBy = "ports"        // a port that servers have, or the lower one
	GuessedByOrder       GuessedBy = "first_packet" // the first packet that was captured is taken for the client's
)

// Words words the guess for people, a sentence without a full stop; "" if none
// was made.
func (g GuessedBy) Words() string {
	by := map[GuessedBy]string{
		GuessedByCertificate: "by who showed a certificate",
		GuessedByPorts:       "by the ports",
		GuessedByOrder:       "by who sent the first packet",
	}[g]
	if by == "" {
		return ""
	}
	return "client and server are guessed " + by + ": no message in the capture shows which is which"
}

// A Resumption says which kind of earlier state the connection continues.
type Resumption struct {
	Kind string // "session_id", "ticket", "psk" (TLS 1.3 ticket), "external_psk" or "pac" (EAP-FAST, TEAP)
	Of   uint64 // number of the connection it resumes; 0 if that is not in the capture
}

// Offered is what the ClientHello said; with a HelloRetryRequest the first one.
type Offered struct {
	RecordVersion      tls.Version
	LegacyVersion      tls.Version
	Versions           []tls.Version // from supported_versions, else the legacy version alone
	Random             []byte
	SessionID          []byte
	CipherSuites       []tls.CipherSuite
	CompressionMethods []tls.CompressionMethod
	Extensions         []tls.ExtensionType // wire order, GREASE included
	Groups             []tls.NamedGroup
	KeyShares          []tls.NamedGroup
	SignatureSchemes   []tls.SignatureScheme
	ALPN               []string
	SSLv2Format        bool                 // an SSLv2-style ClientHello: no random, but a challenge
	CipherSpecs        []tls.SSL2CipherSpec // with SSLv2Format, in the client's order; CipherSuites has those that are suites
}

// Selected is what the ServerHello said.
type Selected struct {
	RecordVersion     tls.Version
	LegacyVersion     tls.Version
	Random            []byte
	SessionID         []byte
	CompressionMethod tls.CompressionMethod
	Extensions        []tls.ExtensionType
}

// An Alert is one alert record.
type Alert struct {
	At          flow.Mark
	Side        flow.Side
	Encrypted   bool // then Level and Description mean nothing
	Level       tls.AlertLevel
	Description tls.AlertDescription
}

// A Gap is a stretch of one side that the capture does not hold.
type Gap struct {
	Side   flow.Side
	Bytes  int64  // -1 if not known
	After  uint64 // number of the last packet before it, 0 if it is the beginning
	Offset int64  // position in that side's stream
	Record bool   // inside the body of a record that was passed over anyway
	Why    string // "not captured", "cut off by the snapshot length", ...
}

// A Message is one message in wire order, for the verbose report.
type Message struct {
	At      flow.Mark
	Side    flow.Side
	Name    string // "ClientHello", "Alert", "ChangeCipherSpec"
	Level   Level
	Size    int // bytes with the handshake header; payload length for records
	Type    tls.HandshakeType
	Context tls.Context
	Body    []byte // with Detail Fields: the body, to be traced; nil if sealed
	Err     string // what could not be read

	// Covers is, with Detail Fields, what was hashed for a Finished or
	// CertificateVerify that keys could check, and Signed what the latter signs.
	Covers keys.Covered
	Signed []byte
}

// Fingerprints of the hellos; empty if not seen.
type Fingerprints struct {
	JA3, JA3S, JA4, JA4R string
}

// Decryption says whether the connection could be opened.
type Decryption struct {
	Status string // "none", "partial" or "full"; "" if nothing was sealed
	Why    string
	Cause  string // for "none" and "partial", the keys.Cause; "" with QUIC
}

// A Finding is a verdict about a connection.
type Finding struct {
	ID       string // stable, for example "kx-no-forward-secrecy"
	Severity Severity
	Phase    PhaseID
	Summary  string
	Evidence []flow.Mark
}

// A Severity orders findings.
type Severity uint8

// Severities. Warn and Fail make the command exit with status 1 under the
// --fail-on of that name.
const (
	Info Severity = iota
	Warn
	Fail
)

// String returns "info", "warn" or "fail".
func (s Severity) String() string { return [...]string{"info", "warn", "fail", "fail"}[s&3] }

// An Outcome is how a connection came out, in one word.
type Outcome string

// Outcomes, as in the JSON.
const (
	Established      Outcome = "established"
	Failed           Outcome = "failed"
	RejectedByClient Outcome = "rejected_by_client"
	RejectedByServer Outcome = "rejected_by_server"
	ResetOutcome     Outcome = "reset"
	ClosedOutcome    Outcome = "closed"         // closed by the server before the handshake was complete, without an alert
	ClientGaveUp     Outcome = "client_gave_up" // the client closed without an alert
	NoAnswer         Outcome = "no_answer"
	OneSided         Outcome = "one_sided"
	Incomplete       Outcome = "incomplete" // the capture begins too late or ends first
	NotTLS           Outcome = "not_tls"    // one side spoke TLS, the other something else

	StartTLSRefused  Outcome = "starttls_refused"  // the server said no when it was asked for TLS
	StartTLSStripped Outcome = "starttls_stripped" // the server's offer of TLS was taken out on the way
	StartTLSUnused   Outcome = "starttls_unused"   // the client never took the offer
	ProxyRefused     Outcome = "proxy_refused"     // a proxy did not open the tunnel that TLS would go through
)

// A Tristate is a fact that may be unknown.
type Tristate uint8

// The three values.
const (
	Unknown Tristate = iota
	Yes
	No
)

// TristateOf returns Yes or No.
func TristateOf(b bool) Tristate {
	if b {
		return Yes
	}
	return No
}

// Certificates is one side's chain and what was found out about it.
type Certificates struct {
	Chain   []*pki.Certificate // leaf first, as sent
	RawKey  *pki.Key           // what stands in the place of a chain, nil if there is no raw public key (RFC 7250)
	Checks  []pki.Check
	Notes   []string // remarks on the chain, neither good nor bad
	Verdict Verdict
	At      flow.Mark
}
