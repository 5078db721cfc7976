package serve_test

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// TestEndpointsOfExecutors: a result that executors make is read by several
// readers at once, as ADBC reads partitions, and is whole also if an executor dies meanwhile.
func TestEndpointsOfExecutors(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{Master: "local-cluster[2,1,512]", ExecutorCommand: []string{exe, executorWord}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	s, err := serve.Start(serve.New(a), serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour, SQL: sql.Options{Endpoints: 4, KeptResult: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	client := func() *flightsql.Client {
		c, err := flightsql.NewClient(s.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	// Rows of two sides of a shuffle, wide enough that no buffer holds them all.
	const rows = 400_000
	const text = "SELECT a.id, repeat('x', 40) AS s FROM range(400000) a JOIN range(400000) b ON a.id = b.id"
	for _, kill := range []bool{false, true} {
		c := client()
		i, err := c.Execute(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if len(i.GetEndpoint()) != 2 || i.GetOrdered() { // as many as there are partitions
			t.Fatalf("%d endpoints", len(i.GetEndpoint()))
		}
		var count, sum atomic.Int64
		var once sync.Once
		var wg sync.WaitGroup
		for _, e := range i.GetEndpoint() {
			c := client()
			wg.Go(func() {
				r, err := c.DoGet(t.Context(), e.GetTicket())
				if err != nil {
					t.Error(err)
					return
				}
				defer r.Release()
				for r.Next() {
					for _, v := range r.RecordBatch().Column(0).(*array.Int64).Int64Values() {
						count.Add(1)
						sum.Add(v)
					}
					if kill {
						once.Do(func() { killOne(t, a) })
					}
				}
				if err := r.Err(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if count.Load() != rows || sum.Load() != int64(rows)*(rows-1)/2 {
			t.Errorf("with an executor killed %v: %d rows, sum %d", kill, count.Load(), sum.Load())
		}
	}
}

// killOne kills an executor.
func killOne(t *testing.T, a *app.App) {
	for _, pid := range a.Driver().Executors() {
		p, err := os.FindProcess(pid)
		if err == nil {
			err = p.Kill()
		}
		if err != nil {
			t.Error(err)
		}
		return
	}
	t.Error("there is no executor to kill")
}
