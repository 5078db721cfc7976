package listen

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// limited is a listener that closes connections beyond a number at once, so
// that accepting goes on and clients see a refusal instead of silence.
type limited struct {
	net.Listener
	max     int64
	open    atomic.Int64
	metrics *Metrics
}

func limit(l net.Listener, n int, m *Metrics) net.Listener {
	return &limited{Listener: l, max: int64(n), metrics: m}
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) > l.max {
			l.open.Add(-1)
			l.metrics.refused.WithLabelValues("connections").Inc()
			c.SetDeadline(time.Now()) // no goodbye that could block
			c.Close()
			continue
		}
		l.metrics.connections.Inc()
		return &counted{Conn: c, over: sync.OnceFunc(func() {
			l.open.Add(-1)
			l.metrics.connections.Dec()
		})}, nil
	}
}

type counted struct {
	net.Conn
	over func()
}

func (c *counted) Close() error {
	c.over()
	return c.Conn.Close()
}
