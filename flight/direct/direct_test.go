package direct

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/linktest"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

var (
	key  = bytes.Repeat([]byte("k"), KeySize)
	cols = types.Schema{{Name: "id", Type: types.Type{Kind: types.Int64}}}
	task = exchange.Task{Job: "j", Stage: 2, Partition: 1}
)

func grant() Grant {
	return Grant{
		User: auth.Anonymous, Executor: "x", Output: exchange.Key{Task: task}, Expires: time.Now().Add(time.Minute).UnixMilli(),
		Schema: flight.SerializeSchema(arrowvec.Schema(cols), memory.DefaultAllocator), Cols: cols,
	}
}

// handle stands for the server's name of an endpoint: as long as one of those.
var handle = bytes.Repeat([]byte("h"), 65)

func TestTickets(t *testing.T) {
	g := grant()
	good, err := Seal(key, handle, g)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if got, ok := Open(key, handle, good, now); !ok || got.Output != g.Output || got.User != g.User {
		t.Fatalf("%+v %v", got, ok)
	}
	if bytes.Contains(good, []byte(auth.Anonymous)) {
		t.Error("a ticket can be read")
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, ok := Open(key, handle, bad, now); ok {
			t.Errorf("a ticket with byte %d changed was taken", i)
		}
		if _, ok := Open(key, handle, good[:i], now); ok {
			t.Errorf("a ticket cut to %d bytes was taken", i)
		}
	}
	other := bytes.Clone(handle)
	other[0] ^= 1
	if _, ok := Open(key, other, good, now); ok {
		t.Error("a ticket was taken with another handle")
	}
	if _, ok := Open(bytes.Repeat([]byte("o"), KeySize), handle, good, now); ok {
		t.Error("a ticket of another application was taken")
	}
	if _, ok := Open(key, handle, good, now.Add(time.Hour)); ok {
		t.Error("a ticket was taken after its time")
	}
}

func FuzzOpen(f *testing.F) {
	good, err := Seal(key, handle, grant())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, ok := Open(key, handle, b, time.Now()); ok && !bytes.Equal(b, good) {
			t.Errorf("%x passes for a ticket", b)
		}
	})
}

// counting counts the frames that are taken from a store, and the reads under way.
type counting struct {
	exchange.Store
	frames, open atomic.Int64
}

func (c *counting) Read(ctx context.Context, l exchange.Location) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		c.open.Add(1)
		defer c.open.Add(-1)
		for f, err := range c.Store.Read(ctx, l.Key, l.Slice) {
			c.frames.Add(1)
			if !yield(f, err) {
				return
			}
		}
	}
}

// fill writes an output of so many rows, most of it on disk.
func fill(t *testing.T, rows int) *counting {
	t.Helper()
	store := exchange.NewLocalStore(mem.NewAccount("test", 1<<20), filepath.Join(t.TempDir(), "s"))
	t.Cleanup(func() { store.Close() })
	w, err := store.Create(task, 1)
	if err != nil {
		t.Fatal(err)
	}
	env := &flow.Env{Threads: 1, BatchSize: 2048, Account: mem.NewAccount("sink", 0)}
	sink := exchange.NewSink(env, exchange.Division{Kind: physical.Gather, Channels: 1}, w)
	err = sink.Drain(t.Context(), 0, func(yield func(*vec.Batch, error) bool) {
		ids := make([]types.Datum, 2048)
		for from := 0; from < rows; from += len(ids) {
			for i := range ids {
				ids[i] = int64(from + i)
			}
			if !yield(&vec.Batch{N: len(ids), Cols: []*vec.Vec{vec.FromDatums(cols[0].Type, ids...)}}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &counting{Store: store}
}

func start(t *testing.T, c *counting, read func(exchange.Key, int64, int64)) flight.FlightServiceClient {
	t.Helper()
	return connect(t, serve(t, listen.Options{Address: "127.0.0.1:0"}, c, read).Addr().String())
}

func connect(t *testing.T, addr string) flight.FlightServiceClient {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return flight.NewFlightServiceClient(conn)
}

func serve(t *testing.T, l listen.Options, c *counting, read func(exchange.Key, int64, int64)) *Server {
	t.Helper()
	keys, err := auth.NewKeys(nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{
		Listen: l, Executor: "x", Reader: c, Account: mem.NewAccount("clients", 0), Key: key,
		Keys: keys, Auth: auth.Everybody{}, Anonymous: true, Read: read, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestStalledReader: an executor leaves off when the link to a reader stops
// forwarding, and tells nobody that the output was read.
func TestStalledReader(t *testing.T) {
	c := fill(t, 1024*2048*4)
	var told atomic.Bool
	s := serve(t, listen.Options{Address: "127.0.0.1:0", PingAfter: time.Second, PingWait: time.Second}, c, func(exchange.Key, int64, int64) { told.Store(true) })
	k, err := linktest.New(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	st, err := connect(t, k.Addr()).DoGet(t.Context(), ticket(t, grant()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Recv(); err != nil {
		t.Fatal(err)
	}
	k.Stop(true, true)
	for deadline := time.Now().Add(20 * time.Second); c.open.Load() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the output is read for a client that cannot be reached")
		}
	}
	if told.Load() {
		t.Error("an output is said to be read that was not")
	}
}

func ticket(t *testing.T, g Grant) *flight.Ticket {
	t.Helper()
	sealed, err := Seal(key, handle, g)
	if err != nil {
		t.Fatal(err)
	}
	b, err := flightsql.CreateStatementQueryTicket(append(bytes.Clone(handle), sealed...))
	if err != nil {
		t.Fatal(err)
	}
	return &flight.Ticket{Ticket: b}
}

// TestSlowReader: an executor takes no more of an output than a reader does,
// but for what is on its way, and leaves off when the reader goes.
func TestSlowReader(t *testing.T) {
	const rows = 1024 * 2048 * 4 // 64 MiB
	c := fill(t, rows)
	var told atomic.Int64
	f := start(t, c, func(_ exchange.Key, rows, _ int64) { told.Store(rows) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st, err := f.DoGet(ctx, ticket(t, grant()))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d, err := st.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if len(d.GetDataBody()) > 2<<20+64<<10 {
			t.Errorf("a message of %d bytes", len(d.GetDataBody()))
		}
	}
	rest := func() int64 { // how many were taken when nothing has moved for a while
		for last := int64(-1); ; {
			now := c.frames.Load()
			if now == last {
				return now
			}
			last = now
			time.Sleep(200 * time.Millisecond)
		}
	}
	if got := rest(); got > 20 {
		t.Errorf("%d frames of %d were taken for 3 messages", got, rows*8>>21)
	}
	cancel()
	for deadline := time.Now().Add(10 * time.Second); c.open.Load() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the output is read for a client that has gone")
		}
	}
	if told.Load() != 0 {
		t.Error("an output is said to be read that was not")
	}
	st, err = f.DoGet(t.Context(), ticket(t, grant()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := flight.NewRecordReader(st)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	n := int64(0)
	for r.Next() {
		n += r.RecordBatch().NumRows()
	}
	if n != rows || r.Err() != nil {
		t.Errorf("%d rows, %v", n, r.Err())
	}
	for deadline := time.Now().Add(10 * time.Second); told.Load() != rows; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d rows were told", told.Load())
		}
	}
}

func TestRefusals(t *testing.T) {
	f := start(t, fill(t, 4096), func(exchange.Key, int64, int64) { t.Error("something was read") })
	for name, edit := range map[string]func(*Grant){
		"another user's":     func(g *Grant) { g.User = "ana" },
		"another executor's": func(g *Grant) { g.Executor = "y" },
		"expired":            func(g *Grant) { g.Expires = time.Now().Add(-time.Second).UnixMilli() },
		"of another task":    func(g *Grant) { g.Output.Partition = 7 },
		"of another channel": func(g *Grant) { g.Output.Channel = 1 },
	} {
		g := grant()
		edit(&g)
		st, err := f.DoGet(t.Context(), ticket(t, g))
		if err == nil {
			_, err = st.Recv()
		}
		if status.Code(err) != codes.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}
