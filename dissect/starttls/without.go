package starttls

import "fmt"

// Without tells what became of TLS in a flow in which it never began, in
// sentences for people. It returns "" where TLS was not talked about, or was
// offered and nothing was said without it.
func (t *Talk) Without() string {
	if len(t.layers) == 0 {
		return ""
	}
	switch l := &t.layers[len(t.layers)-1]; {
	case l.refused.Seen():
		s := t.Refusal()
		if l.exposed.Seen() {
			s += fmt.Sprintf(" The client went on without it and sent %s in the clear, in packet %d.", l.sent, l.exposed.Packet)
		}
		return s
	case l.agreed.Seen() && l.exposed.Seen():
		return fmt.Sprintf("%s asked for TLS in packet %d, the server agreed, and then the client sent %s, in packet %d.", l.client(), l.asked.Packet, l.sent, l.exposed.Packet)
	case l.agreed.Seen():
		return fmt.Sprintf("%s asked for TLS (%s, packet %d), the server agreed, and no ClientHello followed.", l.client(), l.request, l.asked.Packet)
	case l.asked.Seen():
		return fmt.Sprintf("%s asked for TLS (%s, packet %d) and got no answer.", l.client(), l.request, l.asked.Packet)
	case l.offered.Seen() && l.exposed.Seen():
		return fmt.Sprintf("the server offered TLS in packet %d and the client went on without it: it sent %s in the clear, in packet %d.", l.offered.Packet, l.sent, l.exposed.Packet)
	case l.masked.Seen() && l.exposed.Seen():
		return fmt.Sprintf("TLS was stripped: in packet %d the server's list of capabilities has X's where %s would stand, as some firewalls write; the client sent %s in the clear, in packet %d.", l.masked.Packet, l.request, l.sent, l.exposed.Packet)
	}
	return ""
}

// client is the subject of a sentence.
func (l *Layer) client() string { return "the " + l.Title + " client" }

// Refusal tells how the server refused TLS, in a sentence; "" if it did not.
func (t *Talk) Refusal() string {
	if len(t.layers) == 0 {
		return ""
	}
	l := &t.layers[len(t.layers)-1]
	if !l.refused.Seen() {
		return ""
	}
	return fmt.Sprintf("the server refused TLS: %s to %s, in packet %d.", l.answer, l.request, l.refused.Packet)
}
