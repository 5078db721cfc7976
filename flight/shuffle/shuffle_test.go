package shuffle

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/sqlerr"
)

var secret = []byte("test secret")

// serve runs a shuffle server for executor x.
func serve(t testing.TB, store exchange.Store) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(ServerOptions()...)
	NewServer(g, store, "x", secret)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	return l.Addr().String()
}

func newStore(t testing.TB, limit int64) *exchange.LocalStore {
	s := exchange.NewLocalStore(mem.NewAccount("test", limit), filepath.Join(t.TempDir(), "s"))
	t.Cleanup(func() { s.Close() })
	return s
}

func fill(t testing.TB, s exchange.Store, task exchange.Task, frames, size int) {
	t.Helper()
	w, err := s.Create(task, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		if err := w.Write(t.Context(), 0, exchange.Seal(bytes.Repeat([]byte{byte(i)}, size)), 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
}

func newReader(t testing.TB, secret []byte) *Reader {
	r := NewReader(nil, secret)
	t.Cleanup(func() { r.Close() })
	return r
}

func TestFetch(t *testing.T) {
	store := newStore(t, 5<<20) // part of the output is on disk
	task := exchange.Task{Job: "j", Stage: 3, Partition: 1}
	fill(t, store, task, 9, 1<<20)
	l := exchange.Location{Key: exchange.Key{Task: task}, Executor: "x", Address: serve(t, store)}
	n := 0
	for f, err := range newReader(t, secret).Read(t.Context(), l) {
		if err != nil {
			t.Fatal(err)
		}
		body, err := exchange.Verify(f, l.Identity(), n)
		if err != nil || len(body) != 1<<20 || body[5] != byte(n) {
			t.Fatalf("frame %d: %d bytes, %v", n, len(body), err)
		}
		n++
	}
	if n != 9 {
		t.Fatalf("%d frames", n)
	}
}

func TestEmptyChannel(t *testing.T) {
	store := newStore(t, 0)
	task := exchange.Task{Job: "j"}
	fill(t, store, task, 0, 0)
	for _, err := range newReader(t, secret).Read(t.Context(), exchange.Location{Key: exchange.Key{Task: task}, Executor: "x", Address: serve(t, store)}) {
		t.Errorf("a frame, or error %v", err)
	}
}

func TestLostOutputsNameTheirTask(t *testing.T) {
	addr := serve(t, newStore(t, 0))
	task := exchange.Task{Job: "j", Stage: 3, Partition: 1, Attempt: 2}
	for name, l := range map[string]exchange.Location{
		"no such output": {Key: exchange.Key{Task: task}, Executor: "x", Address: addr},
		"nobody there":   {Key: exchange.Key{Task: task}, Executor: "x", Address: "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for _, err := range newReader(t, secret).Read(t.Context(), l) {
				var lost *exchange.Lost
				if !errors.As(err, &lost) || lost.Locations[0].Task != task || !sqlerr.Is(err, sqlerr.ShuffleLost) {
					t.Errorf("error %v", err)
				}
				n++
			}
			if n != 1 {
				t.Errorf("%d frames and errors", n)
			}
		})
	}
}

// endless is a Store with more frames than anybody wants; it counts those taken.
type endless struct {
	exchange.Store
	taken atomic.Int64
	size  int
}

func (e *endless) Read(ctx context.Context, _ exchange.Key, _ exchange.Slice) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for ctx.Err() == nil {
			e.taken.Add(1)
			if !yield(make([]byte, e.size), nil) {
				return
			}
		}
	}
}

// TestBackPressure: a reader that stops asking stops the server within the
// credit of a stream; one that leaves ends the server's work.
func TestBackPressure(t *testing.T) {
	const size = 1 << 20
	store := &endless{size: size}
	l := exchange.Location{Executor: "x", Address: serve(t, store)}
	next, stop := iter.Pull2(newReader(t, secret).Read(t.Context(), l))
	for range 3 {
		if _, err, ok := next(); !ok || err != nil {
			t.Fatal(err)
		}
	}
	rest := func() int64 { // how many were taken when nothing has moved for a while
		for last := int64(-1); ; {
			now := store.taken.Load()
			if now == last {
				return now
			}
			last = now
			time.Sleep(100 * time.Millisecond)
		}
	}
	// Read, in the window (the receiver's transport may give a window more for
	// a message it is in the middle of), and what the server and its transport hold.
	if got, most := rest(), int64(3+2*streamWindow/size+4); got > most {
		t.Errorf("%d frames were sent for 3 read, want at most %d", got, most)
	}
	stop()
	before := rest()
	time.Sleep(50 * time.Millisecond)
	if now := store.taken.Load(); now != before {
		t.Error("the server goes on for a reader that has left")
	}
}

// cutting ends channels after some frames, without an error, or says that there are others.
type cutting struct {
	flight.BaseFlightServer
	messages []*flight.FlightData
}

func (c *cutting) DoGet(_ *flight.Ticket, s flight.FlightService_DoGetServer) error {
	for _, m := range c.messages {
		if err := s.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// TestCutChannels: a channel without the right trailer is lost, however quietly it ends.
func TestCutChannels(t *testing.T) {
	k := exchange.Key{Task: exchange.Task{Job: "j"}}
	frame := &flight.FlightData{DataBody: exchange.Seal([]byte("x"))}
	trailer := func(id uint64, n int) *flight.FlightData { return &flight.FlightData{AppMetadata: newTrailer(id, n)} }
	damaged := trailer(k.Identity(), 1)
	damaged.AppMetadata[14] ^= 1
	for name, m := range map[string][]*flight.FlightData{
		"nothing":         {},
		"no trailer":      {frame},
		"frame missing":   {frame, trailer(k.Identity(), 2)},
		"frame too many":  {frame, frame, trailer(k.Identity(), 1)},
		"another channel": {frame, trailer(k.Identity()+1, 1)},
		"damaged trailer": {frame, damaged},
		"frames after it": {frame, trailer(k.Identity(), 1), frame},
		"rubbish":         {frame, {AppMetadata: []byte("rubbish")}},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			g := grpc.NewServer()
			flight.RegisterFlightServiceServer(g, &cutting{messages: m})
			go g.Serve(l)
			defer g.Stop()
			var failure error
			for _, err := range newReader(t, secret).Read(t.Context(), exchange.Location{Key: k, Executor: "x", Address: l.Addr().String()}) {
				failure = err
			}
			if !sqlerr.Is(failure, sqlerr.ShuffleLost) {
				t.Errorf("error %v", failure)
			}
		})
	}
}

// TestCancelledRead: the end of the context is not the loss of the output.
func TestCancelledRead(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	why := errors.New("enough")
	l := exchange.Location{Executor: "x", Address: serve(t, &endless{size: 1000})}
	var failure error
	n := 0
	for _, err := range newReader(t, secret).Read(ctx, l) {
		if n++; n == 2 {
			cancel(why)
		}
		failure = err
	}
	if !errors.Is(failure, why) {
		t.Errorf("error %v", failure)
	}
}

func TestTickets(t *testing.T) {
	k := exchange.Key{Task: exchange.Task{Job: "j", Stage: 1, Partition: 2, Attempt: 3}, Channel: 4}
	now := time.Now()
	good := NewTicket(secret, "x", k, exchange.Slice{First: 5, Count: 6}, now)
	if got, part, ok := OpenTicket(secret, "x", good, now); !ok || got != k || part != (exchange.Slice{First: 5, Count: 6}) {
		t.Fatalf("%+v %v", got, ok)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, _, ok := OpenTicket(secret, "x", bad, now); ok {
			t.Errorf("a ticket with byte %d changed was taken", i)
		}
	}
	for n := range good {
		if _, _, ok := OpenTicket(secret, "x", good[:n], now); ok {
			t.Errorf("a ticket cut to %d bytes was taken", n)
		}
	}
	for name, ok := range map[string]bool{
		"another application": opens([]byte("other"), "x", good, now),
		"another executor":    opens(secret, "y", good, now),
		"an expired one":      opens(secret, "x", good, now.Add(25*time.Hour)),
		"one of tomorrow":     opens(secret, "x", good, now.Add(-25*time.Hour)),
	} {
		if ok {
			t.Errorf("%s: the ticket was taken", name)
		}
	}
	if !opens(secret, "x", good, now.Add(time.Hour)) || !opens(secret, "x", good, now.Add(-time.Hour)) {
		t.Error("a clock that is an hour off makes tickets void")
	}
}

func opens(secret []byte, executor string, ticket []byte, now time.Time) bool {
	_, _, ok := OpenTicket(secret, executor, ticket, now)
	return ok
}

// TestServerRefuses: who has no right ticket gets no data, whatever is tried.
func TestServerRefuses(t *testing.T) {
	store := newStore(t, 0)
	k := exchange.Key{Task: exchange.Task{Job: "j", Stage: 1}}
	fill(t, store, k.Task, 1, 10)
	c, err := grpc.NewClient("passthrough:///"+serve(t, store), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cl := flight.NewFlightServiceClient(c)
	for name, ticket := range map[string][]byte{
		"none":    nil,
		"rubbish": []byte("rubbish"),
		"forged":  NewTicket([]byte("other"), "x", k, exchange.Slice{First: 5, Count: 6}, time.Now()),
		"foreign": NewTicket(secret, "y", k, exchange.Slice{First: 5, Count: 6}, time.Now()),
		"expired": NewTicket(secret, "x", k, exchange.Slice{First: 5, Count: 6}, time.Now().Add(-48*time.Hour)),
		"long":    make([]byte, 60<<10),
	} {
		s, err := cl.DoGet(t.Context(), &flight.Ticket{Ticket: ticket})
		if err == nil {
			var d *flight.FlightData
			if d, err = s.Recv(); d != nil {
				t.Errorf("%s: got %d bytes", name, len(d.DataBody))
			}
		}
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: error %v", name, err)
		}
	}
	s, err := cl.DoGet(t.Context(), &flight.Ticket{Ticket: make([]byte, 1<<20)})
	if err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a ticket of 1 MiB: error %v", err)
	}
	store.Drop("j") // the job is over
	if s, err = cl.DoGet(t.Context(), &flight.Ticket{Ticket: NewTicket(secret, "x", k, exchange.Slice{First: 5, Count: 6}, time.Now())}); err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.NotFound {
		t.Errorf("after the job: error %v", err)
	}
	if l, err := cl.ListFlights(t.Context(), &flight.Criteria{}); err == nil {
		if _, err = l.Recv(); err == nil || errors.Is(err, io.EOF) {
			t.Error("ListFlights is answered")
		}
	}
}

// FuzzTicket: no bytes but a ticket that was made are taken for one.
func FuzzTicket(f *testing.F) {
	now := time.Unix(1e9, 0)
	k := exchange.Key{Task: exchange.Task{Job: "j", Stage: 1, Partition: 2, Attempt: 3}, Channel: 4}
	f.Add(NewTicket(secret, "x", k, exchange.Slice{First: 5, Count: 6}, now))
	f.Add(NewTicket(secret, "", exchange.Key{}, exchange.Slice{First: 5, Count: 6}, now))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, part, ok := OpenTicket(secret, "x", b, now)
		if ok && !bytes.Equal(b, NewTicket(secret, "x", got, part, now)) {
			t.Errorf("%x passes for a ticket", b)
		}
		ends(b, 1, 1)
	})
}
