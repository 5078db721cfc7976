// Package linktest is a TCP link for tests of lost networks: a proxy that can
// stop forwarding, so that connections stay open at both ends and nothing goes
// through any more, which neither end is told.
package linktest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Link stands before a server.
type Link struct {
	listener net.Listener
	to       string
	closed   chan struct{}

	ended atomic.Int64

	mu       sync.Mutex
	conns    []net.Conn
	up, down chan struct{} // closed where nothing is held up
}

// New makes a link to a host:port. Close ends it.
func New(to string) (*Link, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	k := &Link{listener: l, to: to, closed: make(chan struct{}), up: make(chan struct{}), down: make(chan struct{})}
	close(k.up)
	close(k.down)
	go k.accept()
	return k, nil
}

// Addr is where clients connect.
func (k *Link) Addr() string { return k.listener.Addr().String() }

// Ended is how many connections the server has ended, of which nothing is known while what comes from it is stopped.
func (k *Link) Ended() int64 { return k.ended.Load() }

// Close closes all connections. It may be called once.
func (k *Link) Close() {
	close(k.closed)
	k.listener.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		c.Close()
	}
}

// Stop holds up what goes to the server, what comes from it, or both. It may be called again after Resume.
func (k *Link) Stop(up, down bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if up {
		k.up = make(chan struct{})
	}
	if down {
		k.down = make(chan struct{})
	}
}

// Resume forwards again both ways, which were stopped, and what was held back first.
func (k *Link) Resume() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.up)
	close(k.down)
}

func (k *Link) accept() {
	for {
		c, err := k.listener.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", k.to)
		if err != nil {
			c.Close()
			continue
		}
		k.mu.Lock()
		k.conns = append(k.conns, c, s)
		k.mu.Unlock()
		go k.forward(s, c, &k.up, nil)
		go k.forward(c, s, &k.down, &k.ended)
	}
}

// forward copies until an end is closed, and counts the end of from.
func (k *Link) forward(to io.WriteCloser, from io.Reader, way *chan struct{}, ends *atomic.Int64) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil && ends != nil {
			ends.Add(1)
		}
		k.mu.Lock()
		open := *way
		k.mu.Unlock()
		select {
		case <-open:
		case <-k.closed:
			return
		}
		if err != nil {
			to.Close()
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
