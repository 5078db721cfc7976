package listen

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// limited is a listener that closes connections beyond a number at once, so
// that accepting goes on and clients see a refusal instead of silence. It tags
// the others: a stats handler would do that as well, but it costs every call a copy of its headers.
type limited struct {
	net.Listener
	o     *Options
	open  atomic.Int64
	shut  atomic.Bool
	watch *watch
}

func limit(l net.Listener, o *Options) net.Listener {
	return &limited{Listener: l, o: o, watch: newWatch()}
}

// Close implements net.Listener. Connections that are open are looked at until the last of them ends.
func (l *limited) Close() error {
	l.shut.Store(true)
	if l.open.Load() == 0 {
		l.watch.end()
	}
	return l.Listener.Close()
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) > int64(l.o.MaxConnections) {
			l.open.Add(-1)
			l.o.Metrics.refused.WithLabelValues("connections").Inc()
			c.SetDeadline(time.Now()) // no goodbye that could block
			c.Close()
			continue
		}
		l.o.Metrics.connections.Inc()
		at := c.RemoteAddr()
		if l.o.Tag != nil {
			at = l.o.Tag(at)
		}
		out := &counted{Conn: c, at: at}
		out.over = sync.OnceFunc(func() {
			l.watch.remove(out)
			if l.open.Add(-1) == 0 && l.shut.Load() {
				l.watch.end()
			}
			l.o.Metrics.connections.Dec()
			if l.o.Ended != nil {
				l.o.Ended(at)
			}
		})
		l.watch.add(out)
		return out, nil
	}
}

type counted struct {
	net.Conn
	at   net.Addr
	over func()
}

// RemoteAddr implements net.Conn.
func (c *counted) RemoteAddr() net.Addr { return c.at }

func (c *counted) Close() error {
	c.over()
	return c.Conn.Close()
}
