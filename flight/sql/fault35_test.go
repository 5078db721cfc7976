package sql_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/serve"
)

// wire is a connection of a client that a test can break.
type wire struct {
	mu     sync.Mutex
	conns  []net.Conn
	frozen chan struct{} // closed by freeze
}

// frozenConn is a connection whose client falls silent once the wire is
// frozen: it stays open, and neither reads nor writes.
type frozenConn struct {
	net.Conn
	w *wire
}

func (c frozenConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.w.wait()
	return n, err
}

func (c frozenConn) Write(p []byte) (int, error) {
	c.w.wait()
	return c.Conn.Write(p)
}

// wait blocks for good once the wire is frozen.
func (w *wire) wait() {
	w.mu.Lock()
	f := w.frozen
	w.mu.Unlock()
	if f != nil {
		<-f
	}
}

// freeze silences the client, as one does whose machine sleeps or has lost its network, until the test is over.
func (w *wire) freeze(t *testing.T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := make(chan struct{})
	w.frozen = f
	t.Cleanup(func() { close(f) })
}

// dialing makes a Flight client whose connections the wire holds. It does not connect again.
func (w *wire) dialing(t testing.TB, address string) flight.FlightServiceClient {
	t.Helper()
	c, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, a string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", a)
			if err == nil {
				w.mu.Lock()
				w.conns = append(w.conns, c)
				w.mu.Unlock()
			}
			return frozenConn{c, w}, err
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return flight.NewFlightServiceClient(c)
}

// reset ends the connections as a machine that crashed would.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// TestGoneClients is fault 35: the work of a query ends when its client goes, whichever way it goes.
func TestGoneClients(t *testing.T) {
	ways := map[string]func(t *testing.T, s *served, e *fake){
		"the call is cancelled": func(t *testing.T, s *served, e *fake) {
			ctx, cancel := context.WithCancel(t.Context())
			reading(ctx, t, s.flight(), e, "wait")
			cancel()
		},
		"the call is cancelled among rows": func(t *testing.T, s *served, e *fake) {
			ctx, cancel := context.WithCancel(t.Context())
			st := reading(ctx, t, s.flight(), e, "rows 100000000")
			for range 10 {
				if _, err := st.Recv(); err != nil {
					t.Fatal(err)
				}
			}
			cancel()
		},
		"the deadline is over": func(t *testing.T, s *served, e *fake) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			st := reading(ctx, t, s.flight(), e, "wait")
			_, err := st.Recv()
			wantCode(t, err, codes.DeadlineExceeded)
		},
		"the connection is closed": func(t *testing.T, s *served, e *fake) {
			conn := s.dial()
			reading(t.Context(), t, flight.NewFlightServiceClient(conn), e, "wait")
			conn.Close()
		},
		"the connection is reset": func(t *testing.T, s *served, e *fake) {
			w := &wire{}
			reading(t.Context(), t, w.dialing(t, s.Addr().String()), e, "wait")
			w.reset()
		},
		"the connection is reset among rows": func(t *testing.T, s *served, e *fake) {
			w := &wire{}
			st := reading(t.Context(), t, w.dialing(t, s.Addr().String()), e, "rows 100000000")
			st.Recv()
			w.reset()
		},
		"CancelFlightInfo": func(t *testing.T, s *served, e *fake) {
			f := s.flight()
			i := planned(t.Context(), t, f, "wait")
			begin(t.Context(), t, f, e, i)
			body, _ := proto.Marshal(&flight.CancelFlightInfoRequest{Info: i})
			if _, err := action(t.Context(), f, flight.CancelFlightInfoActionType, body); err != nil {
				t.Fatal(err)
			}
		},
		"CancelQuery": func(t *testing.T, s *served, e *fake) {
			f := s.flight()
			i := planned(t.Context(), t, f, "wait")
			begin(t.Context(), t, f, e, i)
			b, _ := proto.Marshal(i)
			//lint:ignore SA1019 clients of old send it
			if _, err := action(t.Context(), f, flightsql.CancelQueryActionType, packed(&pb.ActionCancelQueryRequest{Info: b})); err != nil {
				t.Fatal(err)
			}
		},
		"CloseSession": func(t *testing.T, s *served, e *fake) {
			f := s.flight()
			reading(t.Context(), t, f, e, "wait")
			body, _ := proto.Marshal(&flight.CloseSessionRequest{})
			if _, err := action(t.Context(), f, flight.CloseSessionActionType, body); err != nil {
				t.Fatal(err)
			}
		},
		"an update whose call is cancelled": func(t *testing.T, s *served, e *fake) {
			ctx, cancel := context.WithCancel(t.Context())
			st, err := s.flight().DoPut(ctx)
			if err != nil {
				t.Fatal(err)
			}
			st.Send(&flight.FlightData{FlightDescriptor: command(&pb.CommandStatementUpdate{Query: "wait"})})
			eventually(t, "the update runs", func() bool { return e.running.Load() == 1 })
			cancel()
		},
		"a prepared statement that is read": func(t *testing.T, s *served, e *fake) {
			ctx, cancel := context.WithCancel(t.Context())
			f := s.flight()
			h := prepared(t.Context(), t, f, "wait")
			st, err := f.DoGet(ctx, &flight.Ticket{Ticket: packed(&pb.CommandPreparedStatementQuery{PreparedStatementHandle: h})})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the query runs", func() bool { return e.running.Load() == 1 })
			cancel()
			st.Recv()
			action(t.Context(), f, flightsql.ClosePreparedStatementActionType, packed(&pb.ActionClosePreparedStatementRequest{PreparedStatementHandle: h}))
		},
		"planning that is cancelled": func(t *testing.T, s *served, e *fake) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			f := s.flight()
			go func() { _, err := info(ctx, f, statement("hang")); done <- err }()
			eventually(t, "it is planned", func() bool { return e.prepares.Load() == 1 })
			cancel()
			wantCode(t, <-done, codes.Canceled)
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &fake{}
			s := serving(t, e, serve.ServerOptions{SQL: sql.Options{SessionIdle: 2 * time.Second, ResultTTL: 2 * time.Second}})
			way(t, s, e)
			start := time.Now()
			eventually(t, "the work has ended", func() bool { return e.running.Load() == 0 })
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("it took %s", d)
			}
			eventually(t, "the session is closed", func() bool { return e.opened.Load() == e.closed.Load() })
			if n, err := query(t.Context(), s.client(), "rows 2"); n != 2000 || err != nil {
				t.Errorf("the next query: %d rows, %v", n, err)
			}
		})
	}
}

// TestSilentClients is fault 35 for connections that stay open and have nobody
// at their end: their queries end when no sign of life comes.
func TestSilentClients(t *testing.T) {
	for _, text := range []string{"wait", "rows 100000000"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e := &fake{}
			s := serving(t, e, serve.ServerOptions{Listen: listen.Options{PingAfter: time.Second, PingWait: time.Second}})
			w := &wire{}
			reading(t.Context(), t, w.dialing(t, s.Addr().String()), e, text)
			w.freeze(t)
			eventually(t, "the query has ended", func() bool { return e.running.Load() == 0 })
			eventually(t, "the connection is given up", func() bool { return metric(t, s, "volley_connections ") == 0 })
		})
	}
	t.Run("who is slow and alive is not given up", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{Listen: listen.Options{PingAfter: time.Second, PingWait: time.Second}})
		st := reading(t.Context(), t, s.flight(), e, "rows 100000")
		time.Sleep(4 * time.Second)
		for range 100 {
			if _, err := st.Recv(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// reading starts a query and returns once it runs.
func reading(ctx context.Context, t *testing.T, f flight.FlightServiceClient, e *fake, text string) flight.FlightService_DoGetClient {
	t.Helper()
	return begin(ctx, t, f, e, planned(ctx, t, f, text))
}

func begin(ctx context.Context, t *testing.T, f flight.FlightServiceClient, e *fake, i *flight.FlightInfo) flight.FlightService_DoGetClient {
	t.Helper()
	st, err := f.DoGet(ctx, &flight.Ticket{Ticket: ticketOf(t, i)})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the query runs", func() bool { return e.running.Load() == 1 })
	return st
}

// TestSlowReader: who reads slowly, or not at all, holds a query up and does
// not have its rows pile up.
func TestSlowReader(t *testing.T) {
	e := &fake{}
	s := serving(t, e, serve.ServerOptions{SQL: sql.Options{KeptResult: 64 << 10}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st := reading(ctx, t, s.flight(), e, "rows 100000000")
	if _, err := st.Recv(); err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	eventually(t, "the query waits for its reader", func() bool {
		now := e.given.Load()
		same := now == last
		last = now
		time.Sleep(50 * time.Millisecond)
		return same
	})
	if last > 10_000 { // 8 KB each: windows of HTTP/2 at both ends, and what is kept
		t.Errorf("%d records were made for a reader of one", last)
	}
	for range 20 {
		if _, err := st.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	eventually(t, "the query has ended", func() bool { return e.running.Load() == 0 })
}

// TestSilentStream: a stream that has nothing to send for long says so, if that is asked for.
func TestSilentStream(t *testing.T) {
	e := &fake{}
	s := serving(t, e, serve.ServerOptions{SQL: sql.Options{KeepAlive: 30 * time.Millisecond}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st := reading(ctx, t, s.flight(), e, "wait")
	for range 4 {
		if _, err := st.Recv(); err != nil {
			t.Fatal(err)
		}
	}
}
