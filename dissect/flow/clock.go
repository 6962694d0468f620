package flow

import "time"

// maxStep is how far a packet's time may lie from its predecessors' before it
// is doubted. Interfaces merged into one capture disagree by seconds, not by
// minutes.
const maxStep = int64(time.Minute)

// believed is how many packets in a row must agree on a doubtful time.
const believed = 3

// A clock turns packet times into a time that never runs backwards and that no
// single packet can push forward by more than maxStep.
//
// A packet further off is set aside. If the next ones stay with it, then
// either the capture was silent for long (the clock follows) or somebody set
// the clock back (the clock goes on from where it stands). If they do not, the
// packet had a bad time and nothing happened.
type clock struct {
	now     int64 // nanoseconds; only differences matter
	shift   int64 // added to packet times; changes when a clock was set back
	doubt   int64 // the doubtful time
	agree   int   // packets that agree with doubt
	started bool
}

// tick takes the time of one more packet and returns the time it is.
func (c *clock) tick(t time.Time) int64 {
	at := nanos(t)
	if !c.started {
		c.started, c.now = true, at
		return c.now
	}
	d := at + c.shift - c.now
	if d >= -maxStep && d <= maxStep {
		c.now += max(d, 0)
		c.agree = 0
		return c.now
	}
	step := at - c.doubt
	if (c.doubt+c.shift > c.now) != (d > 0) || step < -maxStep || d < 0 && step > maxStep {
		c.agree = 0 // not with the packet before
	}
	c.doubt = at
	if c.agree++; c.agree < believed {
		return c.now
	}
	c.agree = 0
	if d > 0 {
		c.now += d
	} else {
		c.shift = c.now - at
	}
	return c.now
}

// nanos keeps years far from ours, as a broken capture may hold, from
// overflowing differences: it knows 1970 to 2174.
func nanos(t time.Time) int64 {
	s := min(max(t.Unix(), 0), 3<<31)
	return s*int64(time.Second) + int64(t.Nanosecond())
}
