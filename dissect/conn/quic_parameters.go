package conn

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// Transport parameters that are put into words (RFC 9000, Section 18.2).
const (
	tpIdleTimeout     = 0x01
	tpUDPPayload      = 0x03
	tpMaxData         = 0x04
	tpStreamsBidi     = 0x08
	tpStreamsUni      = 0x09
	tpNoMigration     = 0x0c
	tpVersionInfo     = 0x11 // RFC 9368, Section 3
	tpDatagram        = 0x20 // RFC 9221, Section 3
	tpGreaseBit       = 0x2ab2
	mostParameters    = 64
	fixedParameterLen = 8 // what is longer is shown by its size
)

// parameter is a transport parameter.
type parameter struct {
	id    uint64
	value []byte
}

// transportParameters returns the transport parameters of a hello, in the
// format of its time.
func transportParameters(x *tls.Extensions) (ps []parameter, ok bool) {
	data, ok := x.Get(tls.ExtQUICTransportParameters)
	if !ok {
		if data, ok = x.Get(tls.ExtQUICDraft); !ok {
			return nil, false
		}
		if n := len(data); n >= 2 && int(binary.BigEndian.Uint16(data)) == n-2 {
			return oldParameters(data[2:]), true
		}
	}
	var q tls.QUICTransportParameters
	_ = q.Decode(data) // what stands before a fault is read
	for id, v := range q.All() {
		if len(ps) >= mostParameters {
			break
		}
		ps = append(ps, parameter{id, v})
	}
	return ps, true
}

// oldParameters reads the format of drafts before 27: numbers and lengths of
// two bytes (draft-ietf-quic-transport-26, Section 18).
func oldParameters(b []byte) (ps []parameter) {
	for len(b) >= 4 && len(ps) < mostParameters {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			break
		}
		ps = append(ps, parameter{uint64(binary.BigEndian.Uint16(b)), b[4 : 4+n]})
		b = b[4+n:]
	}
	return ps
}

// number reads the value of a parameter that is an integer.
func (p parameter) number() (v uint64, ok bool) {
	if len(p.value) == 0 || len(p.value) != 1<<(p.value[0]>>6) {
		return 0, false
	}
	v = uint64(p.value[0] & 0x3f)
	for _, c := range p.value[1:] {
		v = v<<8 | uint64(c)
	}
	return v, true
}

// says words a parameter, "" for one that a reader need not know.
func (p parameter) says() string {
	v, ok := p.number()
	switch {
	case p.id == tpNoMigration:
		return "will not change its address"
	case p.id == tpVersionInfo:
		return versionInformation(p.value)
	case !ok:
		return ""
	}
	switch p.id {
	case tpIdleTimeout:
		if v == 0 {
			return "no idle timeout"
		}
		return "idle timeout " + seconds(v)
	case tpUDPPayload:
		return fmt.Sprintf("datagrams up to %d bytes", v)
	case tpMaxData:
		return size(v) + " in flight"
	case tpStreamsBidi:
		return count(int(min(v, 1<<60)), "stream") + " at once"
	case tpDatagram:
		if v > 0 {
			return "unreliable datagrams"
		}
	}
	return ""
}

// versionInformation words what a side says of its versions (RFC 9368, Section
// 3).
func versionInformation(b []byte) string {
	if len(b) < 4 || len(b)%4 != 0 {
		return "version information that cannot be read"
	}
	chosen := binary.BigEndian.Uint32(b)
	s := "chose " + iana.QUICVersionString(chosen)
	var vs []uint32
	for b = b[4:]; len(b) > 0 && len(vs) < 16; b = b[4:] {
		if v := binary.BigEndian.Uint32(b); !iana.IsReservedQUICVersion(v) {
			vs = append(vs, v)
		}
	}
	switch {
	case len(vs) == 1 && vs[0] == chosen:
		return "can do only " + iana.QUICVersionString(chosen)
	case len(vs) > 0:
		s += ", can do " + versionsOf(vs, len(vs))
	}
	return s
}

// seconds words a time in milliseconds.
func seconds(ms uint64) string {
	if ms%1000 == 0 {
		return strconv.FormatUint(ms/1000, 10) + " s"
	}
	return strconv.FormatUint(ms, 10) + " ms"
}

// size words a number of bytes.
func size(n uint64) string {
	const k = 1 << 10
	switch {
	case n >= k*k && n%(k*k) == 0 || n >= 16*k*k:
		return strconv.FormatUint(n/(k*k), 10) + " MiB"
	case n >= k && n%k == 0 || n >= 16*k:
		return strconv.FormatUint(n/k, 10) + " KiB"
	}
	return strconv.FormatUint(n, 10) + " bytes"
}

// fact writes a parameter for the JSON: "max_idle_timeout=30000".
func (p parameter) fact() string {
	name := iana.QUICTransportParameterString(p.id)
	switch v, ok := p.number(); {
	case len(p.value) == 0:
		return name
	case ok && !iana.IsReservedQUICTransportParameter(p.id) && p.integer():
		return name + "=" + strconv.FormatUint(v, 10)
	case len(p.value) <= fixedParameterLen:
		return fmt.Sprintf("%s=%x", name, p.value)
	}
	return fmt.Sprintf("%s (%d bytes)", name, len(p.value))
}

// integer reports whether the parameter's value is a number.
func (p parameter) integer() bool {
	switch p.id {
	case tpIdleTimeout, tpUDPPayload, tpMaxData, 0x05, 0x06, 0x07, tpStreamsBidi, tpStreamsUni, 0x0a, 0x0b, 0x0e, tpDatagram:
		return true
	}
	return false
}

// quicParameters adds the transport parameters of a message to its row of phase
// 2, which is the last one.
func (b *Builder) quicParameters(side flow.Side, x *tls.Extensions) {
	if b.c.Carrier != "quic" {
		return
	}
	ps, ok := transportParameters(x)
	steps := b.c.KeyExchange.Steps
	if !ok || len(steps) == 0 || steps[len(steps)-1].Side != side {
		return
	}
	s := &steps[len(steps)-1]
	says := []string{}
	if v := b.quicVersionSays(); v != "" && side == flow.Client {
		says = append(says, v)
		s.fact("quic_version", v, "RFC 9000, Section 15")
	}
	facts := make([]string, 0, len(ps))
	for _, p := range ps {
		facts = append(facts, p.fact())
		if w := p.says(); w != "" {
			says = append(says, w)
		}
	}
	if len(says) > 0 {
		s.Says = append(s.Says, strings.Join(says, ", "))
	}
	s.fact("transport_parameters", facts, "RFC 9000, Section 18.2")
}
