package jsonl

import (
	"strconv"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/report/text"
)

// summary writes the object that ends the output.
func (e *encoder) summary(st *dissect.Stats) {
	e.b = append(e.b, '{')
	e.string("type", "summary")
	e.known("capture", e.capture)
	e.uint("packets", st.Packets)
	e.uint("bytes", st.Bytes)
	e.uint("connections", st.Connections)
	e.table("outcomes", st.Outcomes)
	e.open("dropped", '[')
	for i := range st.Dropped {
		d := &st.Dropped[i]
		e.item()
		e.string("reason", d.Reason)
		e.uint("count", d.Count)
		e.string("unit", d.Unit)
		e.close('}')
	}
	e.close(']')
	e.table("undecoded", st.Undecoded)
	e.table("other_traffic", st.OtherTraffic)
	if st.ClearLogins > 0 {
		e.uint("clear_logins", st.ClearLogins)
	}
	e.uint("half_open", st.HalfOpen)
	e.int("missing_bytes", int64(st.MissingBytes))
	e.uint("snapped", st.Snapped)
	e.uint("bad_checksums", st.BadChecksums)
	e.bool("truncated", st.Truncated)
	e.bool("interrupted", st.Interrupted)
	e.close('}')
}

// table writes counts by name. Names are distinct.
func (e *encoder) table(k string, cs []dissect.Count) {
	e.open(k, '{')
	for i := range cs {
		e.comma()
		e.b = text.AppendJSON(e.b, cs[i].Name)
		e.b = append(e.b, ':')
		e.b = strconv.AppendUint(e.b, cs[i].Count, 10)
	}
	e.close('}')
}
