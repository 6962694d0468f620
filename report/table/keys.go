package table

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report/text"
)

// An openedTally counts what keys opened, and why they did not open the rest.
type openedTally struct {
	full, partial, none uint64
	reasons             []found // by id, the reason; the first few
}

// mostReasons bounds the reasons that are kept and that are shown.
const (
	mostReasons  = 32
	shownReasons = 6
)

func (t *openedTally) add(c *conn.Conn) {
	switch c.Decryption.Status {
	case "full":
		t.full++
		return
	case "partial":
		t.partial++
	case "none":
		t.none++
	default:
		return
	}
	why, _, _ := strings.Cut(c.Decryption.Why, "; missing: ")
	for i := range t.reasons {
		if t.reasons[i].id == why {
			t.reasons[i].see(c.Number)
			return
		}
	}
	if len(t.reasons) < mostReasons {
		f := found{id: why}
		f.see(c.Number)
		t.reasons = append(t.reasons, f)
	}
}

// openedLines says how many of the sealed connections keys opened, and of the
// others why they stayed closed.
func (p *printer) openedLines(t *openedTally) {
	all := t.full + t.partial + t.none
	if all == 0 {
		return
	}
	says := fmt.Sprintf("keys opened %d of %s with sealed records", t.full, text.Count(all, "connection"))
	if t.partial > 0 {
		says += fmt.Sprintf(", %d in part", t.partial)
	}
	p.para("  ", says, "")
	for i, f := range t.reasons {
		if i == shownReasons {
			p.para("    ", fmt.Sprintf("and %d more reasons: see the connections one by one", len(t.reasons)-i), "")
			break
		}
		p.para("    ", "not "+f.numbers(12)+": "+p.text(f.id), "")
	}
}
