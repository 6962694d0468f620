// Package dissect runs a capture through the whole pipeline and reports each
// TLS connection as it is understood.
//
//	packets → link and IP headers → flows → TCP streams → TLS records →
//	handshake messages → phases → checks and findings
//
// In goes a [capture.Source]; out come [Event] values, in an order and with a
// content that depend on the capture alone, never on the number of workers or
// the machine, unless a live capture has a [Governor]. Packets are handled on the goroutine that ranges over [Events];
// what is dear for each connection (building chains, checking signatures) runs
// beside it and is joined before the connection is reported. Memory is bounded
// by [Options.Limits] and does not grow with the capture; what is given up
// because of a limit is an event and a count in [Stats].
package dissect

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/conn"
)

// Events reads src to its end and yields events as soon as they are certain.
// Breaking out of the loop stops the pipeline; the caller still closes src. The
// error of the last pair, if there is one, says why reading ended early: a
// [*capture.TruncatedError], a [*capture.FormatError] or the context's. All
// events before it are valid, connections that were open then included.
func Events(ctx context.Context, src capture.Source, opt Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) { events(ctx, src, opt, newCommon())(yield) }
}

// events is [Events] for what may be one of several pipelines.
func events(ctx context.Context, src capture.Source, opt Options, all *common) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if opt.Stats == nil {
			opt.Stats = new(Stats)
		}
		p := newPipeline(opt, all, yield)
		defer p.close()
		err := p.read(ctx, src)
		if p.stopped {
			return
		}
		p.endOfCapture()
		p.finishStats(src)
		if err != nil && !p.stopped {
			yield(nil, err)
		}
	}
}

// Collect runs [Events] and returns the finished connections in the order of
// their numbers. With an error, it returns those it could still read.
func Collect(ctx context.Context, src capture.Source, opt Options) ([]*conn.Conn, error) {
	var out []*conn.Conn
	for e, err := range Events(ctx, src, opt) {
		if err != nil {
			return out, err
		}
		if c, ok := e.(Closed); ok {
			out = append(out, c.Conn)
		}
	}
	return out, nil
}

// cancelEvery is how many packets pass between two looks at the context.
const cancelEvery = 1024

// read feeds the pipeline until the source ends.
func (p *pipeline) read(ctx context.Context, src capture.Source) error {
	var pkt capture.Packet
	secrets, _ := src.(capture.Secrets)
	for n := uint64(0); ; n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			p.stats.Interrupted = true
			return ctx.Err()
		}
		if p.opt.MaxPackets > 0 && n >= p.opt.MaxPackets {
			return nil
		}
		err := src.Next(&pkt)
		if errors.Is(err, capture.ErrIdle) {
			p.idle(pkt.Time)
			if p.stopped {
				return nil
			}
			if ctx.Err() != nil {
				p.stats.Interrupted = true
				return ctx.Err()
			}
			n-- // not a packet
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			p.stats.Truncated = true
			return err
		}
		if secrets != nil && p.opt.Keys != nil {
			if text := secrets.Secrets(); text != nil {
				p.opt.Keys.Log().Add(text, "the capture")
			}
		}
		p.packet(&pkt)
		if p.stopped {
			return nil
		}
	}
}

// workers is the number of goroutines that verify.
func (o *Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}
