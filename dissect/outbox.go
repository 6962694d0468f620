package dissect

import (
	"container/heap"
	"sync"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/verdict"
)

// inFlight is how many connections may be with the workers; window how many
// finished ones may wait for an earlier one that is still open.
const (
	inFlight = 256
	window   = 4096
)

// An outbox takes connections as they end, has them verified by workers and
// hands them on in an order that depends on nothing but the capture: the order
// in which they ended, or that of their numbers as far as the window reaches.
type outbox struct {
	trust     conn.Trust
	unordered bool
	deliver   func(*conn.Conn)

	jobs  chan *job
	wg    sync.WaitGroup
	queue []*job // in the order in which they ended
	wait  numbers
	next  uint64 // number of the connection to deliver next
}

type job struct {
	pending *conn.Pending
	done    chan struct{}
}

func newOutbox(workers int, trust conn.Trust, unordered bool, deliver func(*conn.Conn)) *outbox {
	o := &outbox{trust: trust, unordered: unordered, deliver: deliver, jobs: make(chan *job, inFlight), next: 1}
	rules := verdict.Rules()
	for range workers {
		o.wg.Go(func() {
			for j := range o.jobs {
				j.pending.Run(trust)
				verdict.Judge(j.pending.Conn, rules)
				close(j.done)
			}
		})
	}
	return o
}

// put takes a connection that has ended.
func (o *outbox) put(p *conn.Pending) {
	j := &job{pending: p, done: make(chan struct{})}
	o.queue = append(o.queue, j)
	o.jobs <- j
}

// drain delivers what is ready. It waits for the workers if too many are under
// way, and for all of them at the end.
func (o *outbox) drain(all bool) {
	for len(o.queue) > 0 {
		j := o.queue[0]
		if all || len(o.queue) > inFlight {
			<-j.done
		} else {
			select {
			case <-j.done:
			default:
				return
			}
		}
		o.queue[0] = nil
		o.queue = o.queue[1:]
		o.arrange(j.pending.Conn)
	}
	for all && o.wait.Len() > 0 {
		o.deliver(heap.Pop(&o.wait).(*conn.Conn))
	}
}

// arrange delivers a connection, or keeps it until those before it have ended.
func (o *outbox) arrange(c *conn.Conn) {
	if o.unordered {
		o.deliver(c)
		return
	}
	heap.Push(&o.wait, c)
	for o.wait.Len() > 0 && (o.wait[0].Number <= o.next || o.wait.Len() > window) {
		c := heap.Pop(&o.wait).(*conn.Conn)
		o.next = max(o.next, c.Number+1)
		o.deliver(c)
	}
}

// stop ends the workers.
func (o *outbox) stop() {
	close(o.jobs)
	o.wg.Wait()
}

// numbers is a heap of connections by number.
type numbers []*conn.Conn

func (h numbers) Len() int           { return len(h) }
func (h numbers) Less(i, j int) bool { return h[i].Number < h[j].Number }
func (h numbers) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *numbers) Push(x any)        { *h = append(*h, x.(*conn.Conn)) }
func (h *numbers) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}
