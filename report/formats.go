package report

import (
	"io"

	"github.com/tlslens/tlslens/report/jsonl"
	"github.com/tlslens/tlslens/report/table"
)

// A Format is one output format.
type Format struct {
	Name string // as in --format
	Doc  string
	New  func(io.Writer, Style) Writer
}

// Formats returns all formats, the default first.
func Formats() []Format {
	return []Format{
		{"table", "three tables per connection, for people", func(w io.Writer, s Style) Writer { return table.New(w, s) }},
		{"list", "one row per connection, for people", func(w io.Writer, s Style) Writer { return table.NewList(w, s) }},
		{"lines", "a line when a phase ends, as it happens, for people", func(w io.Writer, s Style) Writer { return table.NewLive(w, s) }},
		{"jsonl", "one JSON object per line and connection", func(w io.Writer, s Style) Writer { return jsonl.New(w).Of(s.Capture) }},
		{"json", "one JSON array of the same objects", func(w io.Writer, s Style) Writer { return jsonl.NewArray(w).Of(s.Capture) }},
	}
}

// Find returns the format of that name.
func Find(name string) (f Format, ok bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}
