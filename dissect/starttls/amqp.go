package starttls

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
)

// amqp is AMQP 1.0 with its TLS layer: both sides send a protocol header with
// the id 2 (OASIS AMQP 1.0, Part 5, Section 5.2.1).
type amqp struct{}

func (amqp) read(l *Layer, side flow.Side, b []byte, at flow.Mark) (int, next) {
	switch {
	case len(b) < 8 || side == flow.Client && l.waiting():
		return 0, more
	case string(b[:4]) != "AMQP":
		return 0, lost
	case side == flow.Client && !l.asked.Seen():
		return 8, l.ask(at)
	case side == flow.Client:
		return 0, l.carryOn("another protocol header", at)
	case b[4] == 2:
		return 8, l.grant("the same header", at)
	}
	l.refuse(fmt.Sprintf("the header of protocol %d, version %d.%d.%d", b[4], b[5], b[6], b[7]), at)
	return 8, over
}
