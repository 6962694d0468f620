// Package report writes what package dissect found, for people and programs.
//
// In go the events of a capture and, at its end, the counts; out comes text or
// JSON. A [Format] makes a [Writer]; which one, and how it looks, the caller
// decides: nothing here looks at the terminal or the environment. Writers keep
// no connection beyond the call, and of all of them a bounded number of rows and
// counts, so their memory does not grow with the capture. All text that came from the wire is made harmless by package
// text before it is written.
package report

import (
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/report/text"
)

// A Writer turns events into output. Write is called from one goroutine, in
// event order; Close writes what only the end of the capture decides, such as
// the summary. The counts may be nil if there are none. Neither closes the
// underlying io.Writer, and both return its errors.
type Writer interface {
	Write(dissect.Event) error
	Close(*dissect.Stats) error
}

// A Style is how text looks.
type Style = text.Style
