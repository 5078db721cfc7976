package sql_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/serve"
)

// busy starts n queries that run until the test is over, or until the returned function is called.
func busy(t *testing.T, s *served, user string, n int) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(as(t.Context(), user))
	var wg sync.WaitGroup
	for range n {
		f := s.flight()
		i := planned(ctx, t, f, "wait")
		wg.Go(func() { get(ctx, f, ticketOf(t, i)) })
	}
	t.Cleanup(cancel)
	return func() { cancel(); wg.Wait() }
}

// TestQueue is fault 36 for queries: beyond what runs they wait, beyond what
// waits they are refused, with a reason.
func TestQueue(t *testing.T) {
	limits := func(l sql.AdmissionLimits) (*served, *fake) {
		e := &fake{}
		return serving(t, e, serve.ServerOptions{SQL: sql.Options{Admission: l}}), e
	}
	ann := func(t *testing.T) context.Context { return as(t.Context(), "ann") }
	t.Run("the queue is full", func(t *testing.T) {
		s, e := limits(sql.AdmissionLimits{Running: 2, Queued: 1, QueueTimeout: time.Minute})
		busy(t, s, "ann", 2)
		eventually(t, "two run", func() bool { return e.running.Load() == 2 })
		// Of two more one waits, whichever comes first, and the other is refused.
		f, ends := s.flight(), make(chan error, 2)
		ctx, cancel := context.WithCancel(ann(t))
		defer cancel()
		for range 2 {
			i := planned(ctx, t, f, "rows 1")
			go func() { ends <- get(ctx, f, ticketOf(t, i)) }()
		}
		err := <-ends
		wantCode(t, err, codes.Unavailable)
		if !strings.Contains(err.Error(), "2 queries") {
			t.Errorf("the refusal does not say why: %v", err)
		}
	})
	t.Run("the wait is too long", func(t *testing.T) {
		s, e := limits(sql.AdmissionLimits{Running: 1, QueueTimeout: 50 * time.Millisecond})
		busy(t, s, "ann", 1)
		eventually(t, "one runs", func() bool { return e.running.Load() == 1 })
		_, err := query(t.Context(), s.client(), "rows 1")
		wantCode(t, err, codes.ResourceExhausted)
	})
	t.Run("a place comes free", func(t *testing.T) {
		s, e := limits(sql.AdmissionLimits{Running: 1})
		end := busy(t, s, "ann", 1)
		eventually(t, "one runs", func() bool { return e.running.Load() == 1 })
		done := make(chan error, 1)
		c := s.client()
		go func() { _, err := query(t.Context(), c, "rows 1"); done <- err }()
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("a user has all of theirs", func(t *testing.T) {
		s, e := limits(sql.AdmissionLimits{Running: 10, PerUser: 2, QueueTimeout: 50 * time.Millisecond})
		busy(t, s, "ann", 2)
		eventually(t, "two run", func() bool { return e.running.Load() == 2 })
		f := s.flight()
		wantCode(t, get(ann(t), f, ticketOf(t, planned(ann(t), t, f, "rows 1"))), codes.ResourceExhausted)
		bob := as(t.Context(), "bob")
		if err := get(bob, f, ticketOf(t, planned(bob, t, f, "rows 1"))); err != nil {
			t.Errorf("another user is held up: %v", err)
		}
	})
	t.Run("one who waits goes", func(t *testing.T) {
		s, e := limits(sql.AdmissionLimits{Running: 1, Queued: 1})
		end := busy(t, s, "ann", 1)
		eventually(t, "one runs", func() bool { return e.running.Load() == 1 })
		for range 5 { // each takes the one place in the queue and must give it back
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := query(ctx, s.client(), "rows 1")
			wantCode(t, err, codes.DeadlineExceeded, codes.Unavailable)
			cancel()
		}
		end()
		eventually(t, "the server is free", func() bool { n, err := query(t.Context(), s.client(), "rows 1"); return n == 1 && err == nil })
	})
	t.Run("an update waits, too", func(t *testing.T) {
		s, e := limits(sql.AdmissionLimits{Running: 1, QueueTimeout: 50 * time.Millisecond})
		busy(t, s, "ann", 1)
		eventually(t, "one runs", func() bool { return e.running.Load() == 1 })
		_, err := s.client().ExecuteUpdate(t.Context(), "change")
		wantCode(t, err, codes.ResourceExhausted)
	})
	t.Run("a query that takes too long", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{SQL: sql.Options{QueryTimeout: 50 * time.Millisecond}})
		_, err := query(t.Context(), s.client(), "wait")
		wantCode(t, err, codes.DeadlineExceeded)
	})
	t.Run("sessions", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{SQL: sql.Options{MaxSessions: 3}})
		f := s.flight()
		for i := range 3 {
			prepared(as(t.Context(), fmt.Sprint("u", i)), t, f, "rows 1")
		}
		_, err := info(as(t.Context(), "late"), f, statement("rows 1"))
		wantCode(t, err, codes.ResourceExhausted)
		body := []byte{}
		if _, err := action(as(t.Context(), "u1"), f, flight.CloseSessionActionType, body); err != nil {
			t.Fatal(err)
		}
		if _, err := info(as(t.Context(), "late"), f, statement("rows 1")); err != nil {
			t.Error(err)
		}
	})
}

// TestConnections is fault 36 for connections.
func TestConnections(t *testing.T) {
	t.Run("more than there may be", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{Listen: listen.Options{MaxConnections: 5}})
		var held []net.Conn
		for range 5 {
			c, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			held = append(held, c)
		}
		eventually(t, "five are open", func() bool { return metric(t, s, "volley_connections ") == 5 })
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 64)); err == nil || strings.Contains(err.Error(), "timeout") {
			t.Errorf("the sixth is not closed at once: %v", err)
		}
		c.Close()
		_, err = query(t.Context(), s.client(), "rows 1")
		wantCode(t, err, codes.Unavailable)
		if metric(t, s, `volley_refused_total{what="connections"}`) == 0 {
			t.Error("the refusal is not counted")
		}
		held[0].Close()
		eventually(t, "there is room again", func() bool { n, err := query(t.Context(), s.client(), "rows 1"); return n == 1 && err == nil })
	})
	t.Run("that say nothing hold nobody up", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{Listen: listening(selfSigned(t))})
		for range 50 {
			c, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		start := time.Now()
		if n, err := query(t.Context(), s.client(), "rows 1"); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("it took %s", d)
		}
	})
	t.Run("that say nonsense", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{})
		for _, text := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00" + strings.Repeat("\x00", 40), strings.Repeat("\xff", 1<<16), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x7f", 1000)} {
			c, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c.Write([]byte(text))
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			buf := make([]byte, 4096)
			for err == nil {
				_, err = c.Read(buf)
			}
			if strings.Contains(err.Error(), "timeout") {
				t.Errorf("the connection stays open after %.20q", text)
			}
			c.Close()
		}
		if n, err := query(t.Context(), s.client(), "rows 1"); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
	t.Run("a thousand, one after the other", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{})
		if _, err := query(t.Context(), s.client(), "rows 1"); err != nil {
			t.Fatal(err)
		}
		before := runtime.NumGoroutine()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 125 {
					c, err := net.Dial("tcp", s.Addr().String())
					if err != nil {
						t.Error(err)
						return
					}
					c.Close()
				}
			})
		}
		wg.Wait()
		settled(t, before)
		eventually(t, "one connection is counted", func() bool { return metric(t, s, "volley_connections ") <= 1 })
	})
	t.Run("that query and go", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{SQL: sql.Options{ResultTTL: 3 * time.Second}})
		before := runtime.NumGoroutine()
		for range 50 {
			conn := s.dial()
			f := flight.NewFlightServiceClient(conn)
			if err := get(t.Context(), f, ticketOf(t, planned(t.Context(), t, f, "rows 2"))); err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
		settled(t, before)
		eventually(t, "their sessions are closed", func() bool { return e.opened.Load() == e.closed.Load() })
	})
	t.Run("more calls at a time than one may have", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{Listen: listen.Options{MaxStreams: 4}})
		f := s.flight()
		var wg sync.WaitGroup
		for range 40 { // they wait for one another in the client
			wg.Go(func() {
				if err := get(t.Context(), f, ticketOf(t, planned(t.Context(), t, f, "rows 2"))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// TestDrain: a server that is told to end lets queries end, takes no new ones, and says so.
func TestDrain(t *testing.T) {
	t.Run("what runs ends well", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{})
		server := s.Server
		f := s.flight()
		st := reading(t.Context(), t, f, e, "rows 20000")
		health := healthpb.NewHealthClient(s.dial())
		if h, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil || h.Status != healthpb.HealthCheckResponse_SERVING {
			t.Fatalf("%v %v", h, err)
		}
		ended := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			ended <- server.Close(ctx)
		}()
		eventually(t, "health says that it ends", func() bool {
			h, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{})
			return err != nil || h.Status == healthpb.HealthCheckResponse_NOT_SERVING
		})
		eventually(t, "new queries are refused", func() bool {
			_, err := info(t.Context(), f, statement("rows 1"))
			return status.Code(err) == codes.Unavailable
		})
		n := 0
		var err error
		for ; err == nil; n++ {
			_, err = st.Recv()
		}
		if err.Error() != "EOF" || n < 20000 {
			t.Errorf("%d messages, then %v", n, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Run("what does not end is cancelled", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{})
		st := reading(t.Context(), t, s.flight(), e, "wait")
		start := time.Now()
		s.end(100 * time.Millisecond)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("the end took %s", d)
		}
		_, err := st.Recv()
		wantCode(t, err, codes.Unavailable, codes.Canceled)
		if e.running.Load() != 0 {
			t.Error("a query runs on behind the end of its server")
		}
	})
	t.Run("a result that nobody reads does not hold up the end", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{SQL: sql.Options{KeptResult: 64 << 10, DrainUnread: 50 * time.Millisecond}})
		f := s.flight()
		if _, err := f.PollFlightInfo(t.Context(), command(statement("rows 100000000"))); err != nil {
			t.Fatal(err)
		}
		if e.running.Load() != 1 {
			t.Fatal("the query does not run")
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Server.Close(ctx); err != nil || ctx.Err() != nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
	})
	t.Run("a result that somebody comes for is read to its end", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{SQL: sql.Options{KeptResult: 64 << 10, DrainUnread: time.Minute}})
		f := s.flight()
		p, err := f.PollFlightInfo(t.Context(), command(statement("rows 20000")))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			ended <- s.Server.Close(ctx)
		}()
		eventually(t, "new queries are refused", func() bool {
			_, err := info(t.Context(), f, statement("rows 1"))
			return status.Code(err) == codes.Unavailable
		})
		if err := get(t.Context(), f, ticketOf(t, p.GetInfo())); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Run("twice", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{})
		server := s.Server
		for range 2 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			if err := server.Close(ctx); err != nil {
				t.Error(err)
			}
			cancel()
		}
	})
}

// TestLargeMessages: what is larger than may be is refused, in both directions, and nothing that is sent is.
func TestLargeMessages(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{Listen: listen.Options{MaxMessage: 4 << 20}})
	f := s.flight()
	t.Run("from clients", func(t *testing.T) {
		err := put(t.Context(), f, &flight.FlightData{FlightDescriptor: command(statement("SELECT 1")), DataBody: make([]byte, 5<<20)})
		wantCode(t, err, codes.ResourceExhausted)
	})
	t.Run("to clients", func(t *testing.T) {
		i := planned(t.Context(), t, f, "SELECT id, repeat('x', 1000) AS s FROM range(20000)")
		st, err := f.DoGet(t.Context(), &flight.Ticket{Ticket: ticketOf(t, i)}, grpc.MaxCallRecvMsgSize(64<<20))
		if err != nil {
			t.Fatal(err)
		}
		for {
			d, err := st.Recv()
			if err != nil {
				break
			}
			if n := len(d.GetDataBody()); n > 2<<20+64<<10 {
				t.Errorf("a message of %d bytes", n)
			}
		}
	})
	s.alive(t.Context())
}
