package serve_test

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	_ "github.com/volley-sql/volley/flight/driver"
	"github.com/volley-sql/volley/internal/app"
)

// preparedSelect prepares SELECT 1 at a server and returns what runs it once.
func preparedSelect(b *testing.B, c *flightsql.Client) func(context.Context) error {
	p, err := c.Prepare(b.Context(), "SELECT 1")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close(context.Background()) })
	return func(ctx context.Context) error {
		info, err := p.Execute(ctx)
		if err != nil {
			return err
		}
		for _, err := range redeem(ctx, c, info.GetEndpoint()[0].GetTicket()) {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func driverSelect(b *testing.B, db *sql.DB) func(context.Context) error {
	p, err := db.PrepareContext(b.Context(), "SELECT 1")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close() })
	return func(ctx context.Context) error {
		var n int
		return p.QueryRowContext(ctx).Scan(&n)
	}
}

// BenchmarkRoundTrip is how long a prepared SELECT 1 takes over loopback, from
// one client (median-us) and from 32 at a time (per-s), each with a connection
// of its own: through arrow-go's client, which asks for the FlightInfo and then
// for the rows, and through database/sql.
func BenchmarkRoundTrip(b *testing.B) {
	at := listening(b, engine(b, app.Options{Threads: 2})).Addr()
	clients := map[string]func(b *testing.B) func(context.Context) error{
		"flight": func(b *testing.B) func(context.Context) error { return preparedSelect(b, dial(b, at)) },
		"driver": func(b *testing.B) func(context.Context) error {
			db, err := sql.Open("volley", "grpc://"+at.String())
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { db.Close() })
			return driverSelect(b, db)
		},
	}
	for name, open := range clients {
		b.Run(name+"/1", func(b *testing.B) {
			run := open(b)
			var took []time.Duration
			for b.Loop() {
				from := time.Now()
				if err := run(b.Context()); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(from))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "median-us")
		})
		b.Run(name+"/32", func(b *testing.B) {
			runs := make([]func(context.Context) error, 32)
			for i := range runs {
				runs[i] = open(b)
			}
			b.ResetTimer()
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			for _, run := range runs {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if err := run(b.Context()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
		})
	}
}
