package listen

import (
	"net"
	"sync"
	"time"
)

// A machine that is gone, or a network that is, is noticed by the kernel: the
// machine of a client that sleeps, stops at a breakpoint or collects garbage
// still answers, so this may be much sooner than a sign of life of the client
// itself. While nothing is on its way the kernel asks, by keepAlive.
const (
	lostAfter    = 4 * time.Second // without an answer to what is on its way
	lostAttempts = 4               // at sending it again, each after twice the time of the last
	lookEvery    = time.Second
)

var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3}

// watch closes the connections whose other machine is gone.
type watch struct {
	mu    sync.Mutex
	conns map[*counted]*watched // nil once it has ended
	over  chan struct{}
}

type watched struct {
	conn *net.TCPConn
	// since is when what was sent was first found without an answer; zero: it has one.
	since time.Time
}

func newWatch() *watch {
	w := &watch{conns: map[*counted]*watched{}, over: make(chan struct{})}
	if looks {
		go w.run()
	}
	return w
}

// add begins to look at a connection; remove ends that.
func (w *watch) add(c *counted) {
	t, ok := c.Conn.(*net.TCPConn)
	w.mu.Lock()
	defer w.mu.Unlock()
	if ok && looks && w.conns != nil {
		w.conns[c] = &watched{conn: t}
	}
}

func (w *watch) remove(c *counted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

// end ends all of it.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns != nil {
		w.conns = nil
		close(w.over)
	}
}

func (w *watch) run() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.over:
			return
		case <-tick.C:
		}
		w.mu.Lock()
		now := time.Now()
		for c, x := range w.conns {
			switch n := attempts(x.conn); {
			case n == 0:
				x.since = time.Time{}
			case x.since.IsZero():
				x.since = now
			case n >= lostAttempts && now.Sub(x.since) >= lostAfter-lookEvery:
				x.conn.SetLinger(0) // nobody is left to take the rest
				x.conn.Close()
				delete(w.conns, c)
			}
		}
		w.mu.Unlock()
	}
}
