package local

import (
	"sync"
	"time"

	"github.com/volley-sql/volley/cluster"
)

// outbox gives events to who reads them without making who reports them wait.
type outbox struct {
	events chan cluster.Event
	mu     sync.Mutex
	queue  []cluster.Event
	wake   chan struct{}
	done   chan struct{} // closed: nothing will come
	ended  chan struct{}
}

func newOutbox() *outbox {
	o := &outbox{events: make(chan cluster.Event), wake: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{})}
	go o.run()
	return o
}

func (o *outbox) put(ev cluster.Event) {
	ev.At = time.Now()
	o.mu.Lock()
	o.queue = append(o.queue, ev)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) run() {
	defer close(o.ended)
	defer close(o.events)
	for over := false; ; {
		o.mu.Lock()
		q := o.queue
		o.queue = nil
		o.mu.Unlock()
		for _, ev := range q {
			if !o.send(ev) {
				return
			}
		}
		if over && len(q) == 0 {
			return
		}
		select {
		case <-o.wake:
		case <-o.done:
			over = true // what is queued by now goes out
		}
	}
}

// send reports false if nobody takes the event and the manager is closed.
func (o *outbox) send(ev cluster.Event) bool {
	select {
	case o.events <- ev:
		return true
	case <-o.done:
	}
	select {
	case o.events <- ev:
		return true
	case <-time.After(readerGrace):
		return false
	}
}

// readerGrace is how long a closed manager waits for a reader of its last events.
const readerGrace = 100 * time.Millisecond

// close closes events, after those that somebody still reads.
func (o *outbox) close() {
	close(o.done)
	<-o.ended
}
