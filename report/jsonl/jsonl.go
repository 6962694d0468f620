// Package jsonl writes connections as JSON: one object per line, or all in one
// array.
//
// In go events; out comes JSON whose keys are declared, with their meaning, in
// keys.go. A fact that is not known has no key. Text from the wire is always
// valid UTF-8 and free of control and bidirectional characters (see
// [text.AppendJSON]). The same connections give the same bytes. Nothing is kept
// of a connection once it is written, and writing one allocates nothing beyond
// a buffer that is used again, but for code points without a name and the
// subject alternative names of certificates.
package jsonl

import (
	"io"

	"github.com/tlslens/tlslens/dissect"
)

// A Writer writes an object for each connection when it is complete, and one
// for the summary at the end.
type Writer struct {
	w     io.Writer
	e     encoder
	array bool
	begun bool
}

// Of makes w name the capture in each object, so that those of several can be
// told apart; "" names none. It returns w.
func (w *Writer) Of(capture string) *Writer {
	w.e.capture = capture
	return w
}

// New returns a Writer of one object per line.
func New(w io.Writer) *Writer { return &Writer{w: w} }

// NewArray returns a Writer of one array.
func NewArray(w io.Writer) *Writer { return &Writer{w: w, array: true} }

// Write writes a connection that is complete, with one call of the underlying
// Writer.
func (w *Writer) Write(ev dissect.Event) error {
	c, ok := ev.(dissect.Closed)
	if !ok {
		return nil
	}
	w.e.b = w.e.b[:0]
	w.begin()
	w.e.conn(c.Conn)
	return w.flush(!w.array)
}

// begin writes what stands before an object.
func (w *Writer) begin() {
	switch {
	case !w.array:
	case w.begun:
		w.e.b = append(w.e.b, ",\n"...)
	default:
		w.e.b = append(w.e.b, "[\n"...)
	}
	w.begun = true
}

func (w *Writer) flush(newline bool) error {
	if newline {
		w.e.b = append(w.e.b, '\n')
	}
	_, err := w.w.Write(w.e.b)
	return err
}

// Close writes the summary, unless st is nil, and ends the array.
func (w *Writer) Close(st *dissect.Stats) error {
	w.e.b = w.e.b[:0]
	if st != nil {
		w.begin()
		w.e.summary(st)
	}
	if w.array {
		if !w.begun {
			w.e.b = append(w.e.b, '[')
		}
		w.e.b = append(w.e.b, "\n]"...)
	}
	if len(w.e.b) == 0 {
		return nil
	}
	return w.flush(true)
}
