package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tlslens/tlslens/capture"
)

// keyDelay is how much later than it came a packet of a pipe is looked at if
// there are key logs: programs write a secret a little after the packets that
// led to it. Queued packets do not wait once there are too many.
const (
	keyDelay   = 100 * time.Millisecond
	mostQueued = 4096
)

// A delayed source gives packets of a pipe a little later than they come, and
// reads before each what was added to the key logs.
type delayed struct {
	capture.Source
	tails *keyTails
	queue chan queued
	stop  chan struct{}
	once  sync.Once
	last  error  // of the pipe, once the queue is closed
	now   queued // that Next gave last
}

// queued is what a call of Next of the pipe came to.
type queued struct {
	pkt     capture.Packet
	secrets []byte
	stats   capture.Stats
	came    time.Time
	err     error
}

// delay makes a source of a pipe follow key logs while they grow.
func (r *reading) delay(in *input, src capture.Source) capture.Source {
	if info, err := os.Stat(in.name); in.name != "-" && (err != nil || info.Mode().IsRegular()) {
		return src
	}
	tails := r.p.followKeys(r.s, r.opt.Keys)
	if tails == nil {
		return src
	}
	d := &delayed{Source: src, tails: tails, queue: make(chan queued, mostQueued), stop: make(chan struct{})}
	go d.read()
	return d
}

// read fills the queue.
func (d *delayed) read() {
	defer close(d.queue)
	secrets, _ := d.Source.(capture.Secrets)
	for {
		var q queued
		q.err = d.Source.Next(&q.pkt)
		q.pkt.Data, q.pkt.Comment = bytes.Clone(q.pkt.Data), bytes.Clone(q.pkt.Comment)
		if secrets != nil {
			q.secrets = bytes.Clone(secrets.Secrets())
		}
		if q.err != nil && !errors.Is(q.err, capture.ErrIdle) {
			d.last = q.err
			return
		}
		q.stats, q.came = d.Source.Stats(), time.Now()
		select {
		case d.queue <- q:
		case <-d.stop:
			d.last = io.EOF
			return
		}
	}
}

// Next implements [capture.Source].
func (d *delayed) Next(p *capture.Packet) error {
	q, ok := <-d.queue
	if !ok {
		d.now.stats, d.now.secrets = d.Source.Stats(), nil
		return d.last
	}
	d.now = q
	if wait := keyDelay - time.Since(d.now.came); wait > 0 && len(d.queue) < mostQueued/2 {
		select {
		case <-time.After(wait):
		case <-d.stop:
		}
	}
	d.tails.read(time.Now())
	*p = d.now.pkt
	return d.now.err
}

// Secrets implements [capture.Secrets].
func (d *delayed) Secrets() []byte { return d.now.secrets }

// Stats implements [capture.Source].
func (d *delayed) Stats() capture.Stats { return d.now.stats }

// Close implements [capture.Source]. What is queued is still given.
func (d *delayed) Close() error {
	err := d.Source.Close()
	d.once.Do(func() { close(d.stop) })
	return err
}

// end stops what reads ahead and closes the key logs.
func (d *delayed) end() {
	d.once.Do(func() { close(d.stop) })
	d.tails.close()
}
