package table

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report/text"
)

func TestOpenedLines(t *testing.T) {
	var tt openedTally
	p := &printer{style: text.Style{Width: 80}}
	if p.openedLines(&tt); p.buf.Len() != 0 {
		t.Errorf("without keys: %q", p.buf.String())
	}
	for i, d := range []conn.Decryption{
		{}, {Status: "full", Why: "opened with key log"}, {Status: "none", Why: "the key log is empty; missing: CLIENT_RANDOM"},
		{Status: "partial", Why: "only one side"}, {Status: "none", Why: "the key log is empty; missing: SERVER_TRAFFIC_SECRET_0"},
	} {
		tt.add(&conn.Conn{Number: uint64(i + 1), Decryption: d})
	}
	p.openedLines(&tt)
	want := "  keys opened 1 of 4 connections with sealed records, 1 in part\n    not #3 #5: the key log is empty\n    not #4: only one side\n"
	if d := cmp.Diff(want, p.buf.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for i := range 100 {
		tt.add(&conn.Conn{Number: uint64(i + 10), Decryption: conn.Decryption{Status: "none", Why: fmt.Sprintf("reason %d", i)}})
	}
	p.buf.Reset()
	p.openedLines(&tt)
	if n := strings.Count(p.buf.String(), "\n"); n != shownReasons+2 || len(tt.reasons) != mostReasons {
		t.Errorf("%d lines, %d reasons:\n%s", n, len(tt.reasons), p.buf.String())
	}
}
