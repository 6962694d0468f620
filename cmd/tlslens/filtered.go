package main

import (
	"context"
	"errors"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/filter"
)

// compileLimit bounds how long an installed tcpdump may take to compile what
// our own compiler does not know.
const compileLimit = 10 * time.Second

func filterFlags() []*flagDef {
	return []*flagDef{
		{name: "filter", short: "f", arg: "EXPR", group: groupInput, doc: "read only packets that match, in tcpdump's language",
			more: "Packets keep their numbers. What our own compiler does not know an installed tcpdump compiles. Leave room for both directions: host 192.0.2.1 and port 443, not src host.",
			set:  func(s *settings, v string) error { s.filter = v; return nil }},
	}
}

// filtered passes on the packets of a source that match an expression. A
// program is made for each link type when its first packet comes.
type filtered struct {
	capture.Source
	p        *program
	expr     string
	programs map[capture.LinkType]filter.Program
}

// Secrets implements [capture.Secrets]; secrets are not filtered.
func (f *filtered) Secrets() []byte {
	if s, ok := f.Source.(capture.Secrets); ok {
		return s.Secrets()
	}
	return nil
}

// Next implements [capture.Source].
func (f *filtered) Next(pkt *capture.Packet) error {
	for {
		if err := f.Source.Next(pkt); err != nil {
			return err
		}
		prog, ok := f.programs[pkt.Link]
		if !ok {
			var err error
			if prog, err = f.p.compile(f.expr, pkt.Link); err != nil {
				return err
			}
			f.programs[pkt.Link] = prog
		}
		if prog.Match(pkt.Data, pkt.WireLen) {
			return nil
		}
	}
}

// compile compiles a filter for packets of a link type and tells if somebody
// else had to do it.
func (p *program) compile(expr string, link capture.LinkType) (filter.Program, error) {
	ctx, cancel := context.WithTimeout(context.Background(), compileLimit)
	defer cancel()
	prog, note, err := filter.CompileAny(ctx, expr, uint32(link), filter.Options{})
	if err == nil {
		p.note(note)
	}
	return prog, err
}

// note tells who compiled a filter, once though it is compiled for several link
// types.
func (p *program) note(what string) {
	if what != "" && what != p.noted {
		p.message("", what)
		p.noted = what
	}
}

// filterInputs wraps the opening of each input. It refuses an expression that
// is wrong for every link type before anything is read.
func (p *program) filterInputs(s *settings, inputs []*input) error {
	if s.filter == "" {
		return nil
	}
	if _, err := p.compile(s.filter, capture.LinkEthernet); err != nil {
		f := failf("--%v", err) // which begins with "filter:"
		var h interface{ Hint() string }
		if errors.As(err, &h) && h.Hint() != "" {
			return f.or("%s", h.Hint())
		}
		return f
	}
	for _, in := range inputs {
		open := in.open
		in.open = func() (capture.Source, error) {
			src, err := open()
			if err != nil {
				return nil, err
			}
			return &filtered{Source: src, p: p, expr: s.filter, programs: map[capture.LinkType]filter.Program{}}, nil
		}
	}
	return nil
}
