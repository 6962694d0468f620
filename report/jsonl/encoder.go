package jsonl

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/report/text"
)

// An encoder appends JSON to a buffer. Whether a comma is due is told by the
// last byte: none behind an opening bracket.
type encoder struct {
	b       []byte
	capture string // what the objects are from, "" if they do not say
}

func (e *encoder) comma() {
	if n := len(e.b); n > 0 && e.b[n-1] != '{' && e.b[n-1] != '[' {
		e.b = append(e.b, ',')
	}
}

// key begins a member. Keys are constants of plain letters.
func (e *encoder) key(k string) {
	e.comma()
	e.b = append(e.b, '"')
	e.b = append(e.b, k...)
	e.b = append(e.b, '"', ':')
}

// open begins the object or array that is the value of key k.
func (e *encoder) open(k string, bracket byte) {
	e.key(k)
	e.b = append(e.b, bracket)
}

func (e *encoder) close(bracket byte) { e.b = append(e.b, bracket) }

// item begins an object in an array.
func (e *encoder) item() {
	if e.b[len(e.b)-1] != '[' {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, '{')
}

func (e *encoder) string(k, v string) {
	e.key(k)
	e.b = text.AppendJSON(e.b, v)
}

// known writes a string unless it is empty, which stands for unknown.
func (e *encoder) known(k, v string) {
	if v != "" {
		e.string(k, v)
	}
}

func (e *encoder) uint(k string, v uint64) {
	e.key(k)
	e.b = strconv.AppendUint(e.b, v, 10)
}

func (e *encoder) int(k string, v int64) {
	e.key(k)
	e.b = strconv.AppendInt(e.b, v, 10)
}

func (e *encoder) bool(k string, v bool) {
	e.key(k)
	e.b = strconv.AppendBool(e.b, v)
}

func (e *encoder) hex(k string, v []byte) {
	e.key(k)
	e.b = append(e.b, '"')
	e.b = hex.AppendEncode(e.b, v)
	e.b = append(e.b, '"')
}

// time writes a moment of the capture's clock: RFC 3339 in UTC with all nine
// digits of the nanoseconds.
func (e *encoder) time(k string, t time.Time) { e.moment(k, t, "2006-01-02T15:04:05.000000000Z") }

// moment writes a moment unless it is zero, which stands for unknown.
func (e *encoder) moment(k string, t time.Time, layout string) {
	if t.IsZero() {
		return
	}
	e.key(k)
	e.b = append(e.b, '"')
	e.b = t.UTC().AppendFormat(e.b, layout)
	e.b = append(e.b, '"')
}

// ms writes a duration in milliseconds: exactly, without trailing zeros.
func (e *encoder) ms(k string, d time.Duration) {
	e.key(k)
	if d < 0 {
		e.b = append(e.b, '-')
		d = -d
	}
	e.b = strconv.AppendInt(e.b, int64(d/time.Millisecond), 10)
	rest := int64(d % time.Millisecond)
	if rest == 0 {
		return
	}
	e.b = append(e.b, '.')
	for unit := int64(100000); rest > 0; unit /= 10 {
		e.b = append(e.b, byte('0'+rest/unit))
		rest %= unit
	}
}

func (e *encoder) strings(k string, vs []string) {
	e.open(k, '[')
	for _, v := range vs {
		e.comma()
		e.b = text.AppendJSON(e.b, v)
	}
	e.close(']')
}

// names writes a list of code points by their names. Names come from
// registries and hold nothing that needs escaping.
func names[T fmt.Stringer](e *encoder, k string, vs []T) {
	e.open(k, '[')
	for _, v := range vs {
		e.comma()
		e.b = append(e.b, '"')
		e.b = append(e.b, v.String()...)
		e.b = append(e.b, '"')
	}
	e.close(']')
}

func (e *encoder) endpoint(k string, a netip.AddrPort) {
	e.open(k, '{')
	if a.IsValid() {
		e.key("address")
		e.b = append(e.b, '"')
		e.b = a.Addr().WithZone("").AppendTo(e.b)
		e.b = append(e.b, '"')
	}
	e.uint("port", uint64(a.Port()))
	e.close('}')
}

func (e *encoder) from(s flow.Side) { e.string("from", s.String()) }

// value writes a fact.
func (e *encoder) value(k string, v any) {
	switch v := v.(type) {
	case string:
		e.string(k, v)
	case bool:
		e.bool(k, v)
	case int:
		e.int(k, int64(v))
	case int64:
		e.int(k, v)
	case uint64:
		e.uint(k, v)
	case time.Time:
		e.time(k, v)
	case time.Duration:
		e.ms(k, v)
	case []byte:
		e.hex(k, v)
	case []string:
		e.strings(k, v)
	default:
		e.string(k, fmt.Sprint(v))
	}
}
