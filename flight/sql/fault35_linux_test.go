package sql_test

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/serve"
)

// machine is where a client runs that can be gone: no packet arrives there any more, so none is answered.
type machine struct {
	mu    sync.Mutex
	conns []*net.TCPConn
}

func (m *machine) dial(t *testing.T, address string, wrap func(net.Conn) net.Conn) flight.FlightServiceClient {
	t.Helper()
	c, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(func(ctx context.Context, a string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", a)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		m.conns = append(m.conns, c.(*net.TCPConn))
		m.mu.Unlock()
		return wrap(c), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return flight.NewFlightServiceClient(c)
}

// goes has the kernel drop what arrives, before TCP sees it.
func (m *machine) goes(t *testing.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.conns {
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
			err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing})
		})
		if err != nil {
			t.Skipf("SKIP: no filter can be attached to a socket: %v", err)
		}
	}
}

// TestMachinesThatAreGone is fault 35 for clients whose machine or network is
// gone: the kernel notices, long before the client would be asked for a sign of
// life. A client that only does not read is another thing.
func TestMachinesThatAreGone(t *testing.T) {
	never := listen.Options{PingAfter: time.Hour, PingWait: time.Hour}
	for _, text := range []string{"wait", "rows 100000000"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e := &fake{}
			s := serving(t, e, serve.ServerOptions{Listen: never})
			m := &machine{}
			st := reading(t.Context(), t, m.dial(t, s.Addr().String(), func(c net.Conn) net.Conn { return c }), e, text)
			go func() {
				for {
					if _, err := st.Recv(); err != nil {
						return
					}
				}
			}()
			m.goes(t)
			eventually(t, "the work has ended", func() bool { return e.running.Load() == 0 })
			eventually(t, "the connection is given up", func() bool { return metric(t, s, "volley_connections ") == 0 })
		})
	}
	t.Run("a client that stops and goes on loses nothing", func(t *testing.T) {
		t.Parallel()
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{Listen: never})
		stopped := &pausing{}
		st := reading(t.Context(), t, (&machine{}).dial(t, s.Addr().String(), func(c net.Conn) net.Conn { stopped.Conn = c; return stopped }), e, "rows 20000")
		if _, err := st.Recv(); err != nil {
			t.Fatal(err)
		}
		stopped.mu.Lock()
		time.Sleep(8 * time.Second) // as long as it takes to give up who is gone, and half of that again
		stopped.mu.Unlock()
		n := 1
		var err error
		for ; err == nil; n++ {
			_, err = st.Recv()
		}
		if err != io.EOF || n < 20000 {
			t.Errorf("%d messages, then %v", n, err)
		}
	})
}

// pausing is a connection of a process that may be stopped: the kernel goes on without it.
type pausing struct {
	net.Conn
	mu sync.Mutex
}

func (p *pausing) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) // so that the process can be stopped in between
	for {
		n, err := p.Conn.Read(b)
		if !os.IsTimeout(err) {
			return n, err
		}
		p.mu.Unlock()
		p.mu.Lock()
		p.Conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	}
}
