package conn

import (
	"github.com/tlslens/tlslens/dissect/flow"
)

// A PhaseID names one of the three phases.
type PhaseID uint8

// The phases, in the order they are reported.
const (
	CertificateCheckPhase PhaseID = iota
	KeyExchangePhase
	TunnelPhase
)

// String returns the JSON name.
func (p PhaseID) String() string {
	return [...]string{"certificate_check", "key_exchange", "tunnel", "tunnel"}[p&3]
}

// Title returns the heading of the phase's table.
func (p PhaseID) Title() string {
	return [...]string{"Certificate check", "Key exchange", "Encrypted tunnel", "Encrypted tunnel"}[p&3]
}

// A State is how far a phase got.
type State uint8

// Phase states.
const (
	Unseen      State = iota // the capture holds nothing of it
	Running                  // begun, not finished
	Done                     // finished, all of it readable
	Hidden                   // finished, but encrypted: no keys were given
	Skipped                  // left out by the protocol, as by session resumption
	FailedState              // ended by an alert, a reset or a protocol error
)

// String returns the JSON name.
func (s State) String() string {
	return [...]string{"unseen", "running", "done", "hidden", "skipped", "failed", "", ""}[s&7]
}

// A Phase is one phase of one connection.
type Phase struct {
	ID         PhaseID
	State      State
	Headline   string // what stands after the title: "passed", "done, ECDHE with X25519"
	Start, End flow.Mark
	AfterKeys  bool // TLS 1.3: the certificate travels inside the keys
	Steps      []Step
	Notes      []string // lines under the table: how to see what is not shown
}

// A Step is one thing that happened in a phase: one row of its table.
type Step struct {
	At      flow.Mark
	Side    flow.Side
	Message string // "ServerKeyExchange", "3 sealed records"
	Name    string // snake_case, as in the JSON: "server_key_exchange"
	Level   Level
	Bytes   int // of the message with its header; of a sealed record, its payload
	Says    []string
	Facts   []Fact
	Absent  bool // what should have come and did not: no packet, no time

	sig   *signed // the signature whose check completes this row
	order int     // in which its bytes were delivered; rows are told late where sizes must tell them
}

// A Fact is a named value that a step established.
type Fact struct {
	Key   string // stable, snake_case: the JSON field name
	Value any    // string, int, bool, time.Time, []byte or []string
	Ref   string // the text that defines it, for example "RFC 8446, Section 4.2.8"
}

// A Verdict is what a certificate check came to.
type Verdict string

// Verdicts.
const (
	NoVerdict   Verdict = ""
	Passed      Verdict = "passed"
	FailedCheck Verdict = "failed"  // at least one check failed
	NotChecked  Verdict = "unknown" // not all checks could be made
)

// CertificateCheck is phase 1.
type CertificateCheck struct {
	Phase
	Server    Certificates
	Client    Certificates
	Requested bool // the server asked for a client certificate
	Staple    []byte
}

// A Signature is a handshake signature and whether it holds.
type Signature struct {
	Scheme   string // registry name, or "rsa_md5sha1", "dsa_sha1" before TLS 1.2
	Verified Tristate
	Why      string // for Unknown: why it could not be verified
}

// KeyExchange is phase 2.
type KeyExchange struct {
	Phase
	Method        string // "RSA", "DHE", "ECDHE", "PSK", "PSK+ECDHE", "anonymous ECDHE", ...; "" if not known
	Group         string
	SecurityBits  int // classical strength of the group; 0 if not known
	PublicSizes   [2]int
	ForwardSecret Tristate
	PostQuantum   Tristate
	Server        *Signature  // ServerKeyExchange or CertificateVerify
	Client        *Signature  // CertificateVerify of the client
	Finished      [2]bool     // seen, sealed or not
	FinishedOK    [2]Tristate // verify_data was recomputed
}

// Traffic counts one side's protected records.
type Traffic struct {
	// Records and Bytes count application data for the JSON: records of that
	// type, or in TLS 1.3, once opened, those that really were it.
	Records, Bytes int64
	// RecordsSent and BytesSent count application_data records as they stand
	// on the wire, the sealed handshake of TLS 1.3 included.
	RecordsSent, BytesSent int64
	// TunnelRecords and TunnelBytes count everything that was sealed behind
	// the handshake, alerts included; the table shows these.
	TunnelRecords, TunnelBytes int64

	PlaintextBytes int64 // as opened; -1 if not known
	MaxPlaintext   int64 // what the sizes allow at most
	Exact          bool  // the sizes tell it exactly
	First, Last    flow.Mark
	Says           []string // what is known of the records

	sizes      []int // of the first few records
	lastSize   int
	lastAlert  bool // the last record is, or fits, an alert
	handshakes int  // sealed handshake records behind the handshake

	opened   int64    // of TunnelRecords
	padding  int64    // bytes
	tickets  int      // NewSessionTicket of TLS 1.3
	lifetime uint32   // of the last one, in seconds
	acks     []string // of DTLS 1.3 in the tunnel: which records, the first few
	moreACKs int
	updates  int      // KeyUpdate
	told     []string // other messages behind the handshake
}

// Tunnel is phase 3.
type Tunnel struct {
	Phase
	Cipher    string // "AES-256-GCM"
	Integrity string // "AEAD tag, 16 bytes", "HMAC-SHA1, 20 bytes"
	Sides     [2]Traffic
	ClosedBy  string // "close_notify", "alert", "fin", "reset", "still_open", "evicted"; "connection_close" with QUIC
	EndUnseen bool   // what the sides sent last may not be in the capture
}
