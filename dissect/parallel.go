package dissect

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/pki"
)

// A Share is what one pipeline of [Parallel] reads. All that it holds is used on
// the pipeline's goroutine.
type Share struct {
	Source   capture.Source
	Governor Governor   // in place of the one in [Options]
	Sorted   func(Part) // likewise
}

// Parallel is [Events] for packets that were spread over several sources so that
// all packets between two hosts are in one, as live.OpenFanout of package capture
// does. Each source is read on a goroutine of its own; events are yielded one
// after the other, those of one source in their order, on the goroutine that
// ranges over them.
//
// Connections are numbered in the order in which they are found, which depends
// on the machine, and come as they end, as with [Options.Unordered]. Limits and
// MaxPackets hold for each source, and what one connection tells of another (which
// one it resumes, an FTP control connection, ends that move) is known only within
// a source. Options.Plaintext must be safe for concurrent use. Stats are filled
// when the last event has been yielded.
//
// An error of one source ends the others. Breaking out of the loop waits until
// every source has returned from the Next at hand.
func Parallel(ctx context.Context, shares []Share, opt Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if opt.Stats == nil {
			opt.Stats = new(Stats)
		}
		opt.Unordered = true
		if len(shares) == 1 { // no need to wait for another goroutine
			s := shares[0]
			opt.Governor, opt.Sorted = s.Governor, s.Sorted
			events(ctx, s.Source, opt, newCommon())(yield)
			return
		}
		*opt.Stats = Stats{}
		opt.Workers = (opt.workers() + len(shares) - 1) / len(shares)
		within, cancel := context.WithCancel(ctx)
		x := &exchange{offers: make(chan offer), ended: make(chan struct{})}
		all := newCommon()
		stats, errs := make([]Stats, len(shares)), make([]error, len(shares))
		var running sync.WaitGroup
		for i, s := range shares {
			o := opt
			o.Stats, o.Governor, o.Sorted = &stats[i], s.Governor, s.Sorted
			running.Go(func() {
				if errs[i] = x.run(within, s.Source, o, all); errs[i] != nil {
					cancel()
				}
			})
		}
		go func() {
			running.Wait()
			close(x.offers)
		}()
		more := x.pass(yield)
		cancel()
		running.Wait()
		for i := range stats {
			opt.Stats.add(&stats[i])
		}
		for i, err := range errs {
			if errors.Is(err, context.Canceled) && ctx.Err() == nil {
				errs[i] = nil // for another's sake
			}
		}
		opt.Stats.Interrupted = ctx.Err() != nil
		if err := errors.Join(errs...); err != nil && more {
			yield(nil, err)
		}
	}
}

// An exchange takes the events of several pipelines to one goroutine.
type exchange struct {
	offers chan offer
	ended  chan struct{} // nobody takes any more
}

// An offer is an event whose connection may go on changing: its pipeline waits
// for the answer, which says whether more is wanted.
type offer struct {
	e      Event
	answer chan bool
}

// run runs a pipeline and returns why it ended early.
func (x *exchange) run(ctx context.Context, src capture.Source, opt Options, all *common) (failed error) {
	answer := make(chan bool)
	events(ctx, src, opt, all)(func(e Event, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		select {
		case x.offers <- offer{e, answer}:
			return <-answer
		case <-x.ended:
			return false
		}
	})
	return failed
}

// pass yields events until the pipelines have ended, or no more are wanted: then
// it returns false.
func (x *exchange) pass(yield func(Event, error) bool) bool {
	for o := range x.offers {
		more := yield(o.e, nil)
		o.answer <- more
		if !more {
			close(x.ended)
			return false
		}
	}
	return true
}

// A common is what the pipelines of one capture share.
type common struct {
	opened   atomic.Uint64 // connections so far
	parsed   *pki.Cache
	verified *pki.VerifyCache
}

// parsedBytes bounds the memory for certificates that are remembered, verified
// the number of results of signature checks on them.
const (
	parsedBytes = 32 << 20
	verified    = 1 << 14
)

func newCommon() *common {
	return &common{parsed: pki.NewCache(parsedBytes), verified: pki.NewVerifyCache(verified)}
}

// add adds what another part of the capture held. Interrupted is not a sum.
func (s *Stats) add(o *Stats) {
	s.Packets += o.Packets
	s.Bytes += o.Bytes
	s.TCP += o.TCP
	s.UDP += o.UDP
	s.BadChecksums += o.BadChecksums
	s.Connections += o.Connections
	s.TCPFlows += o.TCPFlows
	s.HalfOpen += o.HalfOpen
	s.ClearLogins += o.ClearLogins
	s.MissingBytes += o.MissingBytes
	s.Snapped += o.Snapped
	s.Truncated = s.Truncated || o.Truncated
	s.Undecoded = addCounts(s.Undecoded, o.Undecoded)
	s.OtherTraffic = addCounts(s.OtherTraffic, o.OtherTraffic)
	s.Outcomes = addCounts(s.Outcomes, o.Outcomes)
	for _, d := range o.Dropped {
		i := slices.IndexFunc(s.Dropped, func(x Dropped) bool { return x.Reason == d.Reason && x.Unit == d.Unit })
		if i < 0 {
			s.Dropped = append(s.Dropped, d)
			continue
		}
		s.Dropped[i].Count += d.Count
	}
}

// addCounts returns the sums, the largest first.
func addCounts(all, more []Count) []Count {
	for _, c := range more {
		i := slices.IndexFunc(all, func(x Count) bool { return x.Name == c.Name })
		if i < 0 {
			all = append(all, c)
			continue
		}
		all[i].Count += c.Count
	}
	slices.SortFunc(all, byCount)
	return all
}
