package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/pem"
	"fmt"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/pki"
	"github.com/tlslens/tlslens/report/text"
)

// demoFiles are copies of testdata/pcaps/tour.pcapng and pki/root.pem, so that
// an installed binary has something to show.
//
//go:generate cp ../../testdata/pcaps/tour.pcapng ../../testdata/pcaps/pki/root.pem demo/
//go:embed demo
var demoFiles embed.FS

// demo shows the built-in capture: a tour of it, or what the flags choose.
func (p *program) demo(ctx context.Context, s *settings, args []string) error {
	if len(args) > 0 {
		return failf("demo takes no argument, not %q", args[0]).or("to read a capture: tlslens %s", args[0])
	}
	in, root, err := demoCapture()
	if err != nil {
		return err
	}
	opt, err := s.options()
	if err != nil {
		return err
	}
	opt.Roots = root
	out, err := p.openOutput(s, nil)
	if err != nil {
		return err
	}
	defer out.abandon()
	if s.format != "" || s.verbose > 0 || s.quiet || s.conns != nil || s.only != "" {
		r := &reading{p: p, s: s, out: out, opt: opt, style: p.style(s)}
		return r.all(ctx, []*input{in})
	}
	for _, part := range tour() {
		if err := part.show(ctx, p, *s, out, opt, in); err != nil {
			return s.unwritten(err)
		}
	}
	if err := out.finish(); err != nil {
		return s.unwritten(err)
	}
	return nil
}

// A tourPart is some words and, if it has a format, what read shows.
type tourPart struct {
	says   string
	format string
	conns  []span
}

func tour() []tourPart {
	return []tourPart{
		{says: "This capture is built in: ten connections of a test client to a test server. First one row for each, as tlslens list shows them.", format: "list"},
		{says: "Connection 2 phase by phase, as tlslens shows it: what each phase came to, and which message did what.", format: "table", conns: []span{{2, 2}}},
		{says: "Go on: tlslens demo --conn 8 shows a client that refuses the server's certificate, tlslens demo --conn 3 -vv every field of a TLS 1.3 handshake, tlslens demo -T json all of it for programs. tlslens explain unknown_ca says what an alert means. tlslens FILE reads a capture of yours."},
	}
}

// show prints a part. The settings are a copy.
func (t *tourPart) show(ctx context.Context, p *program, s settings, out *output, opt dissect.Options, in *input) error {
	style := p.style(&s)
	for _, line := range text.Wrap(t.says, style.Columns()) {
		fmt.Fprintln(out, line)
	}
	if t.format == "" {
		return out.Flush()
	}
	fmt.Fprintln(out)
	src, err := in.open()
	if err != nil {
		return err
	}
	defer src.Close()
	s.format, s.conns = t.format, t.conns
	r := &reading{p: p, s: &s, out: out, opt: opt, style: style}
	if _, err := r.one(ctx, in, src); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return out.Flush()
}

// demoCapture returns the built-in capture and the root its server's
// certificates come from.
func demoCapture() (*input, *pki.Store, error) {
	pcap, err := demoFiles.ReadFile("demo/tour.pcapng")
	if err != nil {
		return nil, nil, err
	}
	root, err := demoFiles.ReadFile("demo/root.pem")
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode(root)
	if block == nil {
		return nil, nil, failf("the root certificate that was built in is damaged")
	}
	open := func() (capture.Source, error) { return opened(capture.NewReader(bytes.NewReader(pcap), "demo")) }
	return &input{name: "demo", open: open, size: -1}, pki.NewStore("the demo's root", pki.Parse(block.Bytes)), nil
}
