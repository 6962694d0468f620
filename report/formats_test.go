package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
)

type broken struct{}

var errBroken = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestFormats(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			if seen[f.Name] || f.Doc == "" || strings.HasSuffix(f.Doc, ".") {
				t.Errorf("name twice, or documentation unfit: %q", f.Doc)
			}
			seen[f.Name] = true
			if g, ok := Find(f.Name); !ok || g.Name != f.Name {
				t.Error("not found")
			}
			var b bytes.Buffer
			w := f.New(&b, Style{Width: 80})
			for _, e := range []dissect.Event{dissect.Closed{Conn: &conn.Conn{Number: 7, ServerName: "www.example.test"}}, dissect.Dropped{Reason: "kernel"}} {
				if err := w.Write(e); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(&dissect.Stats{Packets: 5}); err != nil {
				t.Fatal(err)
			}
			if out := b.String(); !strings.Contains(out, "www.example.test") || !strings.Contains(out, "5") || !strings.HasSuffix(out, "\n") {
				t.Errorf("output is %q", out)
			}
			if err := f.New(broken{}, Style{}).Close(&dissect.Stats{}); !errors.Is(err, errBroken) {
				t.Errorf("the error of the underlying Writer is lost: %v", err)
			}
		})
	}
	if _, ok := Find("xml"); ok {
		t.Error("found a format that is not there")
	}
}
