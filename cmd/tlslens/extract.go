package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/pcapng"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/report/text"
)

// extractFlags choose packets of a capture.
func extractFlags() []*flagDef {
	return []*flagDef{
		{name: "write", short: "w", arg: "FILE", group: groupExport, complete: "file", doc: "write the packets of the connections that are shown",
			more: "A pcapng file, without the secrets that the capture may carry: with --conn 8 it has connection 8 alone. The capture is read twice. IP fragments are all written. The file is for its owner only, and none is overwritten.",
			set: func(s *settings, v string) error {
				if v == "" {
					return errors.New("the name of the file is empty")
				}
				s.export.write = v
				return nil
			}},
		{name: "write-handshakes", group: groupExport, doc: "with --write, leave the tunnels out",
			more: "Of each connection, what comes before its tunnel is written; later only what brings a FIN, a RST, or an alert that begins a packet.",
			set:  flag(func(s *settings, on bool) { s.export.handshakes = on })},
	}
}

// An extraction writes the packets of the connections that are shown, when the
// capture is read for the second time: of the first packets of a flow only what
// comes later tells whether it is one of them.
type extraction struct {
	file       *privateFile
	handshakes bool
	flows      map[uint64]bool // of the connections
}

// newExtraction opens what --write names; it returns nil if nothing is named.
func newExtraction(s *settings) (*extraction, error) {
	if s.export.write == "" {
		return nil, nil
	}
	f, err := private("--write", s.export.write)
	if err != nil {
		return nil, err
	}
	return &extraction{file: f, handshakes: s.export.handshakes, flows: map[uint64]bool{}}, nil
}

func (x *extraction) abandon() {
	if x != nil {
		x.file.abandon()
	}
}

// shown is told of a connection that is shown.
func (x *extraction) shown(c *conn.Conn) {
	if x != nil {
		x.flows[c.Flow] = true
	}
}

// write reads the capture again, with the options of the first time, and returns
// how many packets were written.
func (x *extraction) write(ctx context.Context, in *input, opt dissect.Options) (uint64, error) {
	src, err := in.open()
	if err != nil {
		return 0, err
	}
	defer src.Close()
	again := &remembered{Source: src}
	c := &copier{w: pcapng.NewWriter(x.file, "tlslens"), src: src, known: map[int]int{}}
	var failed error
	opt.Stats, opt.Plaintext, opt.Verify, opt.Phases, opt.Unordered = nil, nil, dissect.VerifyNone, false, true
	opt.Sorted = func(p dissect.Part) {
		if failed == nil && x.wants(p) {
			failed = c.packet(again.packet)
		}
	}
	for range dissect.Events(ctx, again, opt) {
		if failed != nil {
			break
		}
	}
	if failed == nil {
		failed = ctx.Err()
	}
	if failed == nil {
		failed = c.w.Flush()
	}
	if failed != nil {
		return 0, failed
	}
	return c.n, x.file.finish()
}

// wants reports whether a packet is to be written.
func (x *extraction) wants(p dissect.Part) bool {
	switch {
	case p.Flow == 0:
		return p.Use == dissect.Undecided // a fragment, most often
	case p.Use == dissect.Tunnel && x.handshakes:
		return false
	}
	return x.flows[p.Flow]
}

// A remembered source knows the packet that it gave last.
type remembered struct {
	capture.Source
	packet *capture.Packet
}

// Next implements [capture.Source].
func (r *remembered) Next(p *capture.Packet) error {
	r.packet = p
	return r.Source.Next(p)
}

// extract writes what --write names and says what it came to.
func (r *reading) extract(ctx context.Context, in *input) error {
	x := r.extraction
	if x == nil {
		return nil
	}
	if ctx.Err() != nil {
		r.p.message("", fmt.Sprintf("--write %s: nothing was written", x.file.Name()))
		return nil
	}
	n, err := x.write(ctx, in, r.opt)
	if err != nil {
		return failf("--write %s could not be written: %v", x.file.Name(), reason(err))
	}
	r.p.message("", fmt.Sprintf("%s of %s %s in %s", text.Count(n, "packet"), text.Count(uint64(len(x.flows)), "connection"), are(n), x.file.Name()))
	return nil
}
