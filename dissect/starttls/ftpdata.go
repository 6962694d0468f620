package starttls

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// A DataPort is where a control connection of FTP announces a data connection.
type DataPort struct {
	conn.FTPData
	// Listens is who waits there: the server in passive mode, else the client.
	Listens flow.Side
	// Addr is the address that was announced; without one, it is that of the
	// side that listens (EPSV). Behind address translation it may be wrong.
	Addr netip.Addr
	Port uint16
}

// An FTPControl reads the lines of one control connection of FTP (RFC 959, RFC
// 2428, RFC 4217), those in the clear and those that were opened alike, for the
// data connections that they announce. It keeps at most a line of each side and
// mostPorts announcements.
type FTPControl struct {
	lines [2][]byte
	long  [2]bool // the line is too long to be read; passed over
	last  *DataPort
	ports []*DataPort
}

const (
	mostControlLine = 512
	mostPorts       = 16
)

// Data takes the next bytes of a side. b is not kept.
func (c *FTPControl) Data(side flow.Side, b []byte) {
	for _, x := range b {
		l := &c.lines[side]
		switch {
		case x == '\n':
			if !c.long[side] {
				c.line(side, strings.TrimRight(string(*l), "\r"))
			}
			*l, c.long[side] = (*l)[:0], false
		case len(*l) < mostControlLine:
			*l = append(*l, x)
		default:
			c.long[side] = true
		}
	}
}

// Reset forgets lines that are not whole: TLS begins.
func (c *FTPControl) Reset() { c.lines, c.long = [2][]byte{}, [2]bool{} }

// Announced returns the ports that were announced since it was last asked. The
// command that a port is for becomes known later.
func (c *FTPControl) Announced() []*DataPort {
	p := c.ports
	c.ports = nil
	return p
}

func (c *FTPControl) line(side flow.Side, s string) {
	if side == flow.Server {
		switch n, _ := code(s); n {
		case 227:
			_, list, _ := strings.Cut(s, "(")
			if list == "" { // some leave the parentheses out
				list = s[strings.LastIndexByte(s, ' ')+1:]
			}
			list, _, _ = strings.Cut(list, ")")
			if a, port, ok := hostPort(strings.TrimRight(list, ".")); ok {
				c.announce(flow.Server, a, port)
			}
		case 229:
			_, list, _ := strings.Cut(s, "(")
			list, _, _ = strings.Cut(list, ")")
			if a, port, ok := extended(list); ok {
				c.announce(flow.Server, a, port)
			}
		}
		return
	}
	switch w, rest := word(s); w {
	case "PORT":
		if a, port, ok := hostPort(rest); ok {
			c.announce(flow.Client, a, port)
		}
	case "EPRT":
		if a, port, ok := extended(rest); ok && a.IsValid() {
			c.announce(flow.Client, a, port)
		}
	case "RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD":
		if c.last != nil && c.last.Command == "" {
			c.last.Command = w
		}
	}
}

func (c *FTPControl) announce(by flow.Side, a netip.Addr, port uint16) {
	c.last = &DataPort{FTPData: conn.FTPData{Passive: by == flow.Server}, Listens: by, Addr: a, Port: port}
	if len(c.ports) < mostPorts {
		c.ports = append(c.ports, c.last)
	}
}

// hostPort reads h1,h2,h3,h4,p1,p2 (RFC 959, Section 4.1.2).
func hostPort(s string) (a netip.Addr, port uint16, ok bool) {
	var n [6]byte
	f := strings.Split(strings.TrimSpace(s), ",")
	if len(f) != len(n) {
		return a, 0, false
	}
	for i, x := range f {
		v, err := strconv.ParseUint(x, 10, 8)
		if err != nil {
			return a, 0, false
		}
		n[i] = byte(v)
	}
	return netip.AddrFrom4([4]byte(n[:4])), uint16(n[4])<<8 | uint16(n[5]), true
}

// extended reads |protocol|address|port| with any character for the bar; both
// of the first may be missing (RFC 2428, Sections 2 and 3).
func extended(s string) (a netip.Addr, port uint16, ok bool) {
	if len(s) < 5 {
		return a, 0, false
	}
	f := strings.Split(s, s[:1])
	if len(f) != 5 {
		return a, 0, false
	}
	v, err := strconv.ParseUint(f[3], 10, 16)
	if err != nil || v == 0 {
		return a, 0, false
	}
	if f[2] != "" {
		if a, err = netip.ParseAddr(f[2]); err != nil || a.Zone() != "" {
			return netip.Addr{}, 0, false
		}
	}
	return a, uint16(v), true
}
