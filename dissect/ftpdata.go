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
	control *tcpFlow
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
		f.p.await(dataEnd{netip.AddrPortFrom(own, port.Port), f.key.Zone()}, announced{port, f})
		if port.Addr.IsValid() && port.Addr != own {
			f.p.await(dataEnd{netip.AddrPortFrom(port.Addr, port.Port), f.key.Zone()}, announced{port, f})
		}
	}
}

func (p *pipeline) await(at dataEnd, a announced) {
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
		if a, ok := f.p.data[at]; ok && a.control != f {
			delete(f.p.data, at)
			f.data = a
			return
		}
	}
}

// ftpData is what the connection is reported to be, nil if it is no data
// connection.
func (f *tcpFlow) ftpData() *conn.FTPData {
	if f.data.port == nil {
		return nil
	}
	d := f.data.port.FTPData
	d.Of = f.data.control.number
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
	if c := f.data.control; c.stage == reading {
		c.builder.DataInTheClear(f.data.port.FTPData, c.side(c.client), f.first)
	}
}
