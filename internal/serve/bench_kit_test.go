package serve_test

import (
	"context"
	"iter"
	"net"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/serve"
)

// kit is an engine with one more statement, READY: rows that are there already.
type kit struct {
	sql.Engine
	ready []arrow.RecordBatch
}

func (k *kit) Open(ctx context.Context, who auth.Principal) (sql.Session, error) {
	s, err := k.Engine.Open(ctx, who)
	return &kitSession{s, k}, err
}

type kitSession struct {
	sql.Session
	k *kit
}

func (s *kitSession) Prepare(ctx context.Context, text string) (sql.Statement, error) {
	if text != "READY" {
		return s.Session.Prepare(ctx, text)
	}
	st, err := s.Session.Prepare(ctx, "SELECT 1")
	return &readyStatement{st, s.k.ready}, err
}

type readyStatement struct {
	sql.Statement
	ready []arrow.RecordBatch
}

func (s *readyStatement) Schema() *arrow.Schema { return s.ready[0].Schema() }

func (s *readyStatement) Run(context.Context, arrow.RecordBatch, int) (*sql.Result, error) {
	return &sql.Result{Affected: -1, Rows: func(yield func(arrow.RecordBatch, error) bool) {
		for _, r := range s.ready {
			if !yield(r, nil) {
				return
			}
		}
	}}, nil
}

// plainServer is what arrow-go offers to send records with.
type plainServer struct {
	flight.BaseFlightServer
	ready []arrow.RecordBatch
}

func (s *plainServer) DoGet(_ *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	w := flight.NewRecordWriter(stream, ipc.WithSchema(s.ready[0].Schema()))
	for _, r := range s.ready {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Close()
}

// columns8 are a key, an int, a double, a decimal, a date, a time, and texts that repeat and do not.
const columns8 = "id, CAST(id % 1000 AS INT) AS i, id * 0.5D AS f, CAST(id % 100000 AS DECIMAL(12,2)) AS d," +
	" date_add(DATE'2020-01-01', CAST(id % 1000 AS INT)) AS dt, timestamp_micros(id * 1000003) AS ts, concat('name ', id % 50) AS s, CAST(id AS STRING) AS u"

// fetch runs a statement at a server and hands on its records.
func fetch(ctx context.Context, c *flightsql.Client, text string) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		info, err := c.Execute(ctx, text)
		if err != nil {
			yield(nil, err)
			return
		}
		redeem(ctx, c, info.GetEndpoint()[0].GetTicket())(yield)
	}
}

func redeem(ctx context.Context, c *flightsql.Client, t *flight.Ticket) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		r, err := c.DoGet(ctx, t)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.Release()
		for r.Next() {
			if !yield(r.RecordBatch(), nil) {
				return
			}
		}
		if r.Err() != nil {
			yield(nil, r.Err())
		}
	}
}

func dial(b testing.TB, at net.Addr) *flightsql.Client {
	b.Helper()
	c, err := flightsql.NewClient(at.String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

func listening(b testing.TB, e sql.Engine) *serve.Server {
	b.Helper()
	s, err := serve.Start(e, serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}
