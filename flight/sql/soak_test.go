package sql_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/serve"
)

// soakTime is how long the soak goes on: VOLLEY_SOAK, or a moment.
func soakTime(t *testing.T) (time.Duration, bool) {
	text := os.Getenv("VOLLEY_SOAK")
	if text == "" {
		return 2 * time.Second, false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("VOLLEY_SOAK=%s is no duration", text)
	}
	return d, true
}

// usage is what the process holds once it has been tidied up.
type usage struct {
	heap       uint64
	goroutines int
}

func measured() usage {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{m.HeapAlloc, runtime.NumGoroutine()}
}

// TestConnectionSoak holds many connections that are idle and fewer that work,
// and looks that memory and goroutines stay what they were after the first
// quarter and that nothing fails. VOLLEY_SOAK=2m makes it 1,000 and 100.
func TestConnectionSoak(t *testing.T) {
	d, whole := soakTime(t)
	idle, active := 40, 8
	if whole {
		idle, active = 1000, 100
	}
	// A result may expire in the run, but not while its client waits for the processor on a busy machine.
	ttl := max(time.Minute, d/12)
	s := serving(t, nil, serve.ServerOptions{
		Queries: slog.New(slog.NewJSONHandler(io.Discard, nil)), // kept, its lines would be what grows most
		SQL:     sql.Options{ResultTTL: ttl, KeptResults: 8 << 20, SessionIdle: ttl, Admission: sql.AdmissionLimits{Queued: 10_000, QueueTimeout: 5 * time.Minute}},
	})
	if _, err := query(t.Context(), s.client(), "CREATE TABLE soak AS SELECT id, 'row ' || id AS text FROM range(20000)"); err != nil {
		t.Fatal(err)
	}
	for i := range idle {
		c := dialed(t, s)
		defer c.Close()
		if i%10 == 0 { // some have done something before they idle
			if _, err := query(t.Context(), sqlOver(c), "SELECT 1"); err != nil {
				t.Fatal(err)
			}
		} else {
			c.Connect()
		}
	}
	eventually(t, "all are connected", func() bool { return metric(t, s, "volley_connections ") >= float64(idle) })

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	var pause sync.RWMutex // held by who wants nothing to go on
	var done atomic.Int64
	failed := make(chan error, 1)
	for n := range active {
		wg.Go(func() {
			c := dialed(t, s)
			defer func() { c.Close() }()
			for i := 0; ctx.Err() == nil; i++ {
				if i%50 == 49 { // a new connection now and then
					c.Close()
					c = dialed(t, s)
				}
				pause.RLock()
				err := soakStep(ctx, sqlOver(c), n+i)
				pause.RUnlock()
				if err != nil && ctx.Err() == nil {
					select {
					case failed <- fmt.Errorf("step %d: %w", n+i, err):
					default:
					}
				}
				done.Add(1)
			}
		})
	}
	var early usage
	for _, share := range []time.Duration{1, 2, 3, 4} {
		time.Sleep(d / 4)
		// Between steps, when nothing runs: what a step holds for a moment says nothing.
		pause.Lock()
		eventually(t, "nothing runs", func() bool { return metric(t, s, "volley_queries_running") == 0 })
		now := measured()
		pause.Unlock()
		t.Logf("after %s: %d steps, %d goroutines, heap %d KiB, %v sessions", share*d/4, done.Load(), now.goroutines, now.heap>>10, metric(t, s, "volley_sessions"))
		if share == 1 {
			early = now
			continue
		}
		// Results that may be read again, and pools, come and go, so there is slack; what leaks grows with the steps.
		if now.goroutines > early.goroutines+early.goroutines/10+active || now.heap > early.heap*5/4+16<<20 {
			t.Errorf("it grows: %+v, and %+v after the first quarter", now, early)
		}
	}
	stop()
	wg.Wait()
	select {
	case err := <-failed:
		t.Error(err)
	default:
	}
	if done.Load() < int64(active) {
		t.Errorf("%d steps were done", done.Load())
	}
	eventually(t, "nothing runs any more", func() bool { return metric(t, s, "volley_queries_running") == 0 })
	if n := metric(t, s, "volley_connections "); n < float64(idle) {
		t.Errorf("of %d idle connections %v are left", idle, n)
	}
	s.alive(t.Context())
}

// soakStep is one of the things clients do.
func soakStep(ctx context.Context, c *flightsql.Client, n int) error {
	switch n % 6 {
	case 0, 1:
		return rowsWanted(ctx, c, "SELECT 1 AS one", 1)
	case 2:
		return rowsWanted(ctx, c, "SELECT * FROM soak", 20000)
	case 3:
		p, err := c.Prepare(ctx, "SELECT count(*) FROM soak WHERE id > 10")
		if err != nil {
			return err
		}
		defer p.Close(context.WithoutCancel(ctx))
		i, err := p.Execute(ctx)
		if err != nil {
			return err
		}
		_, err = fetch(ctx, c, i)
		return err
	case 4:
		i, err := c.GetTables(ctx, &flightsql.GetTablesOpts{IncludeSchema: true})
		if err != nil {
			return err
		}
		_, err = fetch(ctx, c, i)
		return err
	}
	// A client that loses interest.
	i, err := c.Execute(ctx, "SELECT id FROM range(100000000)")
	if err != nil {
		return err
	}
	leave, gone := context.WithCancel(ctx)
	defer gone()
	r, err := c.DoGet(leave, i.GetEndpoint()[0].GetTicket())
	if err != nil {
		return err
	}
	defer r.Release()
	if r.Next(); r.Err() != nil {
		return r.Err()
	}
	return nil
}

func rowsWanted(ctx context.Context, c *flightsql.Client, text string, want int64) error {
	n, err := query(ctx, c, text)
	if err == nil && n != want {
		err = fmt.Errorf("%d rows of %s", n, text)
	}
	return err
}

func dialed(t *testing.T, s *served) *grpc.ClientConn {
	c, err := grpc.NewClient(s.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithIdleTimeout(0)) // by itself it hangs up after half an hour
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sqlOver(c *grpc.ClientConn) *flightsql.Client {
	return &flightsql.Client{Client: flight.NewClientFromConn(c, nil)}
}
