package dissect

import (
	"bytes"
	"net/netip"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/starttls"
)

// A dataEnd is where a data connection of FTP is waited for.
type dataEnd struct {
	addr netip.AddrPort
	zone uint32 // of the flow's key
}

// An announced data connection and the control connection that announced it.
type announced struct {
	port    *starttls.DataPort
	control *control
}

// A control is what is kept of a control connection of FTP.
type control struct {
	flow   *tcpFlow // nil once it is over
	number uint64   // of the connection, 0 if it is not TLS
	first  flow.Mark
	last   flow.Mark // once it is over
	asked  string    // the name it asked for, once it is over
}

// ends keeps what is to be known of a control connection that is over.
func (c *control) ends() {
	f := c.flow
	c.flow, c.last = nil, f.last
	if f.builder != nil {
		c.number, c.asked = f.number, f.builder.Conn().ServerName
	}
}

// asControl returns what is kept of the flow as a control connection.
func (f *tcpFlow) asControl() *control {
	if f.kept == nil {
		f.kept = &control{flow: f, first: f.first}
	}
	return f.kept
}

// known returns the number of the connection, its last packet so far and the name
// it asked for.
func (c *control) known() (number uint64, last flow.Mark, asked string) {
	if c.flow == nil {
		return c.number, c.last, c.asked
	}
	if c.flow.builder != nil {
		asked = c.flow.builder.Conn().ServerName
	}
	return c.flow.number, c.flow.last, asked
}

// mostAnnounced bounds what is remembered; beyond it all of it is forgotten.
const mostAnnounced = 4096

// followControl gives a control connection of FTP in the clear to what reads it.
func (f *tcpFlow) followControl(client int, dir int, b []byte) {
	if l := f.layer(); f.ftp == nil && (l == nil || l.Name != "ftp") {
		return
	}
	side := flow.Client
	if dir != client {
		side = flow.Server
	}
	f.control(side, b, client)
}

// opened takes the opened bytes of a connection: of FTP, whether it began in
// the clear or with TLS, they are followed.
func (f *tcpFlow) opened(c *conn.Conn, side flow.Side, b []byte, at flow.Mark) {
	if f.p.build.Plaintext != nil {
		f.p.build.Plaintext(c, side, b, at)
	}
	if f.ftp == nil && (f.openedBefore || side != flow.Server || !bytes.HasPrefix(b, []byte("220"))) {
		f.openedBefore = true
		return
	}
	f.openedBefore = true
	f.control(side, b, int(f.client))
}

// control follows a control connection and waits for what it announces.
func (f *tcpFlow) control(side flow.Side, b []byte, client int) {
	if f.ftp == nil {
		f.ftp = new(starttls.FTPControl)
	}
	f.ftp.Data(side, b)
	ends := [2]netip.AddrPort{f.key.A(), f.key.B()}
	for _, port := range f.ftp.Announced() {
		own := ends[client].Addr()
		if port.Listens == flow.Server {
			own = ends[client^1].Addr()
		}
		f.p.expect(dataEnd{netip.AddrPortFrom(own, port.Port), f.key.Zone()}, announced{port, f.asControl()})
		if port.Addr.IsValid() && port.Addr != own {
			f.p.expect(dataEnd{netip.AddrPortFrom(port.Addr, port.Port), f.key.Zone()}, announced{port, f.asControl()})
		}
	}
}

func (p *pipeline) expect(at dataEnd, a announced) {
	if p.data == nil {
		p.data = map[dataEnd]announced{}
	}
	if len(p.data) >= mostAnnounced {
		clear(p.data)
	}
	p.data[at] = a
}

// takeData tells whether the flow is a data connection that was announced, and
// forgets the announcement.
func (f *tcpFlow) takeData() {
	for _, end := range []netip.AddrPort{f.key.A(), f.key.B()} {
		at := dataEnd{end, f.key.Zone()}
		if a, ok := f.p.data[at]; ok && a.control != f.kept {
			delete(f.p.data, at)
			f.data = a
			return
		}
	}
}

// hosts are the two ends of a control connection of FTP, without ports.
type hosts struct {
	client, server netip.Addr
	zone           uint32
}

// mostControls bounds the pairs of hosts that are remembered, and the control
// connections of each.
const (
	mostControls = 1024
	mostOfOne    = 8
)

func (f *tcpFlow) hosts(client int) hosts {
	ends := [2]netip.Addr{f.key.A().Addr(), f.key.B().Addr()}
	return hosts{ends[client], ends[client^1], f.key.Zone()}
}

// keepControl remembers a control connection of FTP that becomes TLS.
func (f *tcpFlow) keepControl() {
	if l := f.layer(); l == nil || l.Name != "ftp" {
		return
	}
	if f.p.controls == nil {
		f.p.controls = map[hosts][]*control{}
	}
	if len(f.p.controls) >= mostControls {
		clear(f.p.controls)
	}
	h := f.hosts(int(f.client))
	known := f.p.controls[h]
	if len(known) >= mostOfOne {
		known = known[1:]
	}
	f.p.controls[h] = append(known[:len(known):len(known)], f.asControl())
}

// fitsFTP tells whether a connection whose announcement cannot be read fits a
// data connection of the only control connection that is open: the same hosts
// and name, no other protocol, and a session that is resumed, which servers of
// FTP ask of data connections.
func (f *tcpFlow) fitsFTP(c *conn.Conn) *conn.FTPData {
	if c.Resumption == nil || c.StartTLS != "" || c.Offered == nil || len(c.Offered.ALPN) > 0 {
		return nil
	}
	var of uint64
	for _, ctl := range f.p.controls[f.hosts(int(f.client))] {
		number, last, asked := ctl.known()
		if ctl == f.kept || number == 0 || ctl.first.After(f.first) || f.first.After(last) || asked != c.ServerName {
			continue
		}
		if of != 0 {
			return nil // it could be of either
		}
		of = number
	}
	if of == 0 {
		return nil
	}
	return &conn.FTPData{Of: of, Fits: true}
}

// ftpData is what the connection is reported to be, nil if it is no data
// connection.
func (f *tcpFlow) ftpData(c *conn.Conn) *conn.FTPData {
	if f.data.port == nil {
		return f.fitsFTP(c)
	}
	d := f.data.port.FTPData
	d.Of, _, _ = f.data.control.known()
	return &d
}

// dataInTheClear tells the control connection, once, that a data connection of
// it is not TLS.
func (f *tcpFlow) dataInTheClear() {
	if f.data.port != nil {
		return
	}
	f.takeData()
	if f.data.port == nil {
		return
	}
	if c := f.data.control.flow; c != nil && c.stage == reading {
		c.builder.DataInTheClear(f.data.port.FTPData, c.side(c.client), f.first)
	}
}
