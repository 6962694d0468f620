package dissect

import (
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tcp"
)

// wait takes room for bytes that are kept while it is waited for what tells the
// client.
func (f *tcpFlow) wait(n int) bool {
	if !f.p.waits.Take(n) {
		return false
	}
	f.waited += n
	return true
}

// await begins to wait, in a flow of TLS of which the beginning is not in the
// capture, for what tells which end is the client.
func (f *tcpFlow) await() {
	f.witness = newWitness(f.wrap)
	f.inOrder(func(d tcp.Dir, p *part, data []byte) {
		if p.gap != nil {
			f.witness.gap(d, *p.gap)
		} else {
			f.witness.stream.Data(flow.Side(d), data, p.at)
		}
	})
	f.hear(f.wait(len(f.probe[0].buf) + len(f.probe[1].buf)))
}

// gap tells a witness of a hole.
func (w *witness) gap(d tcp.Dir, g tcp.Gap) { w.stream.Gap(flow.Side(d), gapOf(g), g.At) }

// mostParts bounds how many segments of a direction are kept while it is waited
// for what tells the client.
const mostParts = 256

// hear ends the waiting for what tells the client if that was heard, or is not
// to be expected any more, or if there is no room for more waiting.
func (f *tcpFlow) hear(room bool) {
	if _, told := f.witness.client(); told || f.witness.over() || !room {
		f.openGuessed(true)
		return
	}
	for d := range f.probe {
		if x := &f.probe[d]; len(x.buf) > prefixBytes || len(x.parts) > mostParts {
			f.openGuessed(true)
			return
		}
	}
}

// openGuessed begins to read the flow as TLS without a hello.
func (f *tcpFlow) openGuessed(mid bool) {
	var client tcp.Dir
	client, f.guessed = f.tellClient()
	f.open(client, mid)
}

// tellClient tells the client without a hello: by what the ends have sent or by
// who sent the SYN. Failing that it guesses, and says by what.
func (f *tcpFlow) tellClient() (tcp.Dir, conn.GuessedBy) {
	if f.witness != nil {
		if d, told := f.witness.client(); told {
			return d, conn.NotGuessed
		}
	}
	a, b := f.tcp.Stats(0).SYN, f.tcp.Stats(1).SYN
	switch {
	case f.synAck[0]:
		return 1, conn.NotGuessed
	case f.synAck[1]:
		return 0, conn.NotGuessed
	case a.Seen() && (!b.Seen() || a.Packet < b.Packet):
		return 0, conn.NotGuessed
	case b.Seen():
		return 1, conn.NotGuessed
	}
	if f.witness != nil {
		if d, shown := f.witness.shown(); shown {
			return d ^ 1, conn.GuessedByCertificate
		}
	}
	switch serverPort(f.key) {
	case 0:
		return 1, conn.GuessedByPorts
	case 1:
		return 0, conn.GuessedByPorts
	}
	if f.tcp.Stats(1).First.Seen() && (!f.tcp.Stats(0).First.Seen() || f.tcp.Stats(0).First.After(f.tcp.Stats(1).First)) {
		return 1, conn.GuessedByOrder
	}
	return 0, conn.GuessedByOrder
}

// serverPort returns which of the ends of a flow is the server's by its port, A
// or B as 0 or 1; -1 if the ports are the same. It is a guess: a port that
// servers of TLS have, one that only privileged programs may listen on, one that
// no system gives to clients, and of two alike the lower one.
func serverPort(k flow.Key) int {
	a, b := k.A().Port(), k.B().Port()
	for _, servers := range []func(port uint16) bool{ofTLS, system, listening} {
		if x, y := servers(a), servers(b); x != y {
			if x {
				return 0
			}
			return 1
		}
	}
	switch {
	case a < b:
		return 0
	case b < a:
		return 1
	}
	return -1
}

// ofTLS reports whether servers of TLS, DTLS or QUIC have a port: those assigned
// to a protocol over TLS in IANA's Service Name and Transport Protocol Port
// Number Registry, as far as clients may be given the same.
func ofTLS(port uint16) bool {
	switch port {
	case 443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995,
		2083, // RadSec
		2376, // Docker
		3269, // LDAP, global catalog
		4740, // IPFIX
		5061, // SIP
		5349, // STUN and TURN
		5671, // AMQP
		5684, // CoAP
		5986, // WS-Management
		6443, // Kubernetes
		6513, // NETCONF
		6514, // syslog
		6619, // ODETTE FTP
		6697, // IRC
		8443,
		8883, // MQTT
		9443,
		10161, 10162: // SNMP
		return true
	}
	return false
}

// system reports whether a port is one of those that are assigned (RFC 6335,
// Section 6).
func system(port uint16) bool { return port < 1024 }

// listening reports whether a port is below those that systems give to clients:
// Linux from 32768, others from 49152 (RFC 6335, Section 6).
func listening(port uint16) bool { return port < 32768 }
