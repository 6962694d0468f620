package eap

import (
	"github.com/tlslens/tlslens/dissect/wire"
)

// Codes of EAP packets (RFC 3748, Section 4).
const (
	codeRequest  = 1
	codeResponse = 2
	codeSuccess  = 3
	codeFailure  = 4
)

const leastMessage = 4

// Flags of the EAP methods that carry TLS (RFC 5216, Section 3.1; RFC 7170,
// Section 4.1).
const (
	flagLength = 0x80
	flagMore   = 0x40
	flagStart  = 0x20
	flagOuter  = 0x10 // TEAP: outer TLVs follow the TLS data
)

// Methods that carry TLS (IANA registry "EAP Method Types").
const (
	methodTLS  = 13
	methodTTLS = 21
	methodPEAP = 25
	methodFAST = 43
	methodTEAP = 55
)

// methodName returns the name of a method that carries TLS, "" for others.
func methodName(m uint8) string {
	switch m {
	case methodTLS:
		return "EAP-TLS"
	case methodTTLS:
		return "EAP-TTLS"
	case methodPEAP:
		return "PEAP"
	case methodFAST:
		return "EAP-FAST"
	case methodTEAP:
		return "TEAP"
	}
	return ""
}

// A message is an EAP packet of a method that carries TLS, or one without a
// method.
type message struct {
	code, id uint8
	method   uint8
	start    bool
	more     bool // fragments follow
	total    int  // of TLS data in all fragments; -1 if it does not say
	data     []byte
}

// parse reads an EAP packet. ok is false if it is none, or one of another
// method.
func (m *message) parse(b []byte) (ok bool) {
	*m = message{total: -1}
	r := wire.NewReader(b)
	m.code, m.id = r.Uint8("code"), r.Uint8("identifier")
	n := int(r.Uint16("length"))
	switch {
	case r.Failed() || n < leastMessage || n > len(b):
		return false
	case m.code == codeSuccess || m.code == codeFailure:
		return n == leastMessage
	case m.code != codeRequest && m.code != codeResponse:
		return false
	}
	r = wire.NewReader(b[leastMessage:n])
	m.method = r.Uint8("type")
	flags := r.Uint8("flags")
	if r.Failed() || methodName(m.method) == "" {
		return false
	}
	m.start, m.more = flags&flagStart != 0, flags&flagMore != 0
	if flags&flagLength != 0 {
		m.total = int(r.Uint32("tls_message_length"))
	}
	outer := 0
	if m.method == methodTEAP && flags&flagOuter != 0 {
		outer = int(r.Uint32("outer_tlv_length"))
	}
	m.data = r.Rest("data")
	if r.Failed() || outer > len(m.data) {
		return false
	}
	m.data = m.data[:len(m.data)-outer]
	if m.start { // what stands there is not TLS
		m.data = nil
	}
	return true
}
