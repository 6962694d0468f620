package table

import (
	"strconv"

	"github.com/tlslens/tlslens/dissect/conn"
)

// messages prints every message of a connection in wire order and, if the style
// asks for it, every field.
func (p *printer) messages(c *conn.Conn) {
	if len(c.Log) == 0 {
		return
	}
	p.line("")
	p.line(paint(p.color(bold), "Messages in the order they were sent"))
	g := grid{tight: 16, cols: append(p.eventColumns(), column{title: "Level", drop: 4}, column{title: "Bytes", right: true, drop: 5}, column{title: "Message", wide: true})}
	for i := range c.Log {
		m := &c.Log[i]
		what := p.text(m.Name)
		if m.Err != "" {
			what += ": " + p.text(m.Err)
		}
		g.row(append(p.event(c, m.At, m.Side), m.Level.String(), strconv.Itoa(m.Size), what)...)
	}
	p.grid(&g)
	if p.style.Verbose > 1 {
		for i := range c.Log {
			p.fields(c, &c.Log[i])
		}
	}
}
