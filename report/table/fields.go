package table

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/report/text"
)

// mostFields bounds the fields shown of one message.
const mostFields = 4000

// fields prints every field of a message: its offset in the body, its length,
// its name and its value.
func (p *printer) fields(c *conn.Conn, m *conn.Message) {
	if m.Body == nil {
		return
	}
	p.line("")
	p.spread(fmt.Sprintf("%s  %s  %s", p.text(m.Name), p.who(m.Side), text.Count(len(m.Body), "byte")),
		p.packetWords(c, m), p.color(bold), "")
	var fs []traced
	more := 0
	err := tls.Trace(m.Type, m.Body, m.Context, func(name string, off, size int) {
		switch {
		case off < 0 || size < 0 || off+size > len(m.Body):
		case len(fs) < mostFields:
			fs = append(fs, traced{name, off, size})
		default:
			more++
		}
	})
	p.line(paint(p.color(dim), " offset bytes  field"))
	for i, f := range fs {
		leaf := i+1 == len(fs) || fs[i+1].off >= f.off+f.size || f.size == 0
		p.field(m, f, leaf)
	}
	if more > 0 {
		p.line(fmt.Sprintf("  and %d more fields", more))
	}
	if err != nil {
		p.para("  malformed: ", p.text(err.Error()), p.color(red))
	}
	if p.style.Hex {
		p.dump(m.Body)
	}
	p.covers(c, m)
}

func (p *printer) packetWords(c *conn.Conn, m *conn.Message) string {
	if p.style.Zone != nil {
		return "packet " + p.packet(m.At) + ", " + p.when(c, m.At)
	}
	return "packet " + p.packet(m.At) + ", " + p.when(c, m.At) + " ms"
}

// A traced is a field as the decoder reports it.
type traced struct {
	name      string
	off, size int
}

// field prints one field. Its indentation is its depth in the message. What has
// parts is shown by them.
func (p *printer) field(m *conn.Message, f traced, leaf bool) {
	path, isLength := strings.CutSuffix(f.name, ".length")
	depth := min(strings.Count(path, "."), 8)
	short := path[strings.LastIndexByte(path, '.')+1:]
	if isLength {
		short += ".length"
	}
	lead := fmt.Sprintf("  %5d %5d  %s%s", f.off, f.size, pad(2*depth), p.text(short))
	if !leaf {
		p.leadLine(lead)
		return
	}
	value := p.value(m, f.name, m.Body[f.off:f.off+f.size])
	if text.Width(lead)+2+text.Width(value) <= p.width() {
		p.line(lead + "  " + value)
		return
	}
	p.leadLine(lead)
	p.para(pad(17+2*depth), value, "")
}

// value shows a field: its bytes and, where it has one, its meaning.
func (p *printer) value(m *conn.Message, name string, b []byte) string {
	const most = 16
	s := hex.EncodeToString(b)
	if len(b) > most && !p.style.Hex {
		s = hex.EncodeToString(b[:most]) + p.sign("…")
	}
	if len(b) == 0 {
		s = "empty"
	}
	if w := meaning(m.Type, name, b); w != "" {
		s += "  " + p.text(w)
	}
	return s
}

// meaning reads a value by the name of its field; "" if it is nothing but
// bytes. A name is the dotted path that the decoder reports.
func meaning(typ tls.HandshakeType, path string, b []byte) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	switch name {
	case "length":
		return strconv.FormatUint(number(b), 10)
	case "host_name", "name", "protocol_name_list", "url", "psk_identity_hint", "server_name", "supported_protocols", "contents":
		if len(b) > 0 && printable(b) {
			return strconv.Quote(string(b))
		}
		return ""
	}
	switch len(b) {
	case 1:
		return meaning8(typ, name, b[0])
	case 2:
		return meaning16(typ, path, name, binary.BigEndian.Uint16(b))
	case 4:
		switch name {
		case "ticket_lifetime", "lifetime", "ticket_lifetime_hint":
			return strconv.FormatUint(number(b), 10) + " s"
		case "max_early_data_size":
			return text.Count(number(b), "byte")
		}
	}
	return ""
}

func meaning8(typ tls.HandshakeType, name string, v uint8) string {
	switch name {
	case "legacy_compression_methods", "legacy_compression_method":
		return tls.CompressionMethod(v).String()
	case "ec_point_format_list":
		return tls.PointFormat(v).String()
	case "ke_modes":
		return tls.PSKMode(v).String()
	case "name_type":
		return tls.NameType(v).String()
	case "status_type":
		return tls.CertificateStatusType(v).String()
	case "curve_type":
		return tls.CurveType(v).String()
	case "certificate_type":
		return tls.CertificateType(v).String()
	case "certificate_types":
		if typ == tls.TypeCertificateRequest {
			return tls.ClientCertificateType(v).String()
		}
		return tls.CertificateType(v).String()
	}
	return ""
}

func meaning16(typ tls.HandshakeType, path, name string, v uint16) string {
	switch name {
	case "legacy_version", "selected_version", "versions", "version", "server_version", "client_version":
		return tls.Version(v).String()
	case "cipher_suites", "cipher_suite":
		return tls.CipherSuite(v).String()
	case "type":
		return tls.ExtensionType(v).String()
	case "named_group_list", "group", "selected_group", "namedcurve":
		return tls.NamedGroup(v).String()
	case "supported_signature_algorithms":
		return tls.SignatureScheme(v).String()
	case "algorithm", "algorithms":
		if typ == tls.TypeCompressedCertificate || strings.Contains(path, "compress_certificate") {
			return tls.CertificateCompression(v).String()
		}
		return tls.SignatureScheme(v).String()
	case "record_size_limit", "selected_identity", "valid_time":
		return strconv.Itoa(int(v))
	}
	return ""
}

// number reads up to eight bytes, the most significant first.
func number(b []byte) (n uint64) {
	for _, c := range b[:min(len(b), 8)] {
		n = n<<8 | uint64(c)
	}
	return n
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// dump prints bytes as offset, hex and ASCII, as many in a line as fit.
func (p *printer) dump(b []byte) {
	n := 16
	if p.width() < 80 {
		n = 8
	}
	for off := 0; off < len(b); off += n {
		row := b[off:min(off+n, len(b))]
		var h, a strings.Builder
		for i, c := range row {
			if i == 8 {
				h.WriteByte(' ')
			}
			fmt.Fprintf(&h, " %02x", c)
			if c < ' ' || c > '~' {
				c = '.'
			}
			a.WriteByte(c)
		}
		p.line(fmt.Sprintf("  %06x %-*s  %s", off, 3*n+n/16, h.String(), a.String()))
	}
}
