//go:build unix

package serve_test

import (
	"context"
	"database/sql"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"

	_ "github.com/volley-sql/volley/flight/driver"
	"github.com/volley-sql/volley/internal/app"
)

// drain reads the rows of a FlightInfo that has one endpoint.
func drain(ctx context.Context, c *flightsql.Client, info *flight.FlightInfo) error {
	for _, err := range redeem(ctx, c, info.GetEndpoint()[0].GetTicket()) {
		if err != nil {
			return err
		}
	}
	return nil
}

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
		return drain(ctx, c, info)
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

// fixed is a server of gRPC and arrow-go alone that has one answer to everything.
type fixed struct {
	plainServer
	info *flight.FlightInfo
}

func (a *fixed) GetFlightInfo(context.Context, *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return a.info, nil
}

// answering starts a fixed and returns where it listens.
func answering(b *testing.B) net.Addr {
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "1", Type: arrow.PrimitiveTypes.Int32}}, nil), strings.NewReader(`[{"1": 1}]`))
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := grpc.NewServer()
	flight.RegisterFlightServiceServer(s, &fixed{plainServer{ready: []arrow.RecordBatch{rec}}, &flight.FlightInfo{
		Schema: flight.SerializeSchema(rec.Schema(), memory.DefaultAllocator), Endpoint: []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: []byte("t")}}},
	}})
	go s.Serve(l)
	b.Cleanup(s.Stop)
	return l.Addr()
}

// kitSelect asks for a FlightInfo and for its rows.
func kitSelect(c *flightsql.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		info, err := c.Execute(ctx, "SELECT 1")
		if err != nil {
			return err
		}
		return drain(ctx, c, info)
	}
}

// BenchmarkRoundTrip is how long a prepared SELECT 1 takes over loopback, from
// one client (median-us) and from 32 at a time (per-s), each with a connection
// of its own, and the CPU time of one (cpu-us), of client and server together: through arrow-go's client, which asks for the FlightInfo and then
// for the rows, and through database/sql. The kit is what gRPC and arrow-go take by themselves.
func BenchmarkRoundTrip(b *testing.B) {
	at := listening(b, engine(b, app.Options{Threads: 2})).Addr()
	kit := answering(b)
	clients := map[string]func(b *testing.B) func(context.Context) error{
		"kit":    func(b *testing.B) func(context.Context) error { return kitSelect(dial(b, kit)) },
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
			used := cpu()
			for b.Loop() {
				from := time.Now()
				if err := run(b.Context()); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(from))
			}
			b.ReportMetric(float64(cpu()-used)/float64(len(took))/1e3, "cpu-us")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "median-us")
		})
		b.Run(name+"/32", func(b *testing.B) {
			runs := make([]func(context.Context) error, 32)
			for i := range runs {
				runs[i] = open(b)
			}
			b.ResetTimer()
			used := cpu()
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
			b.ReportMetric(float64(cpu()-used)/float64(b.N)/1e3, "cpu-us")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
		})
	}
}
