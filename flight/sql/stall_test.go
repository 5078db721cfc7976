package sql_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/linktest"
	"github.com/volley-sql/volley/internal/serve"
)

// through connects to a server over a link.
func through(t *testing.T, s *served) (*linktest.Link, flight.FlightServiceClient) {
	t.Helper()
	k, err := linktest.New(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	c, err := grpc.NewClient(k.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return k, flight.NewFlightServiceClient(c)
}

// TestStalledLinks is fault 35 for a link that stops forwarding, neither end of
// which is told: the work ends, and what it held comes free.
func TestStalledLinks(t *testing.T) {
	work := map[string]func(t *testing.T, f flight.FlightServiceClient, e *fake){
		"a query without rows yet": func(t *testing.T, f flight.FlightServiceClient, e *fake) {
			reading(t.Context(), t, f, e, "wait")
		},
		"a query among rows": func(t *testing.T, f flight.FlightServiceClient, e *fake) {
			st := reading(t.Context(), t, f, e, "rows 100000000")
			go func() { // somebody reads as fast as rows come
				for {
					if _, err := st.Recv(); err != nil {
						return
					}
				}
			}()
		},
		"rows that nobody takes": func(t *testing.T, f flight.FlightServiceClient, e *fake) {
			reading(t.Context(), t, f, e, "rows 100000000")
		},
		"an update": func(t *testing.T, f flight.FlightServiceClient, e *fake) {
			st, err := f.DoPut(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			st.Send(&flight.FlightData{FlightDescriptor: command(&pb.CommandStatementUpdate{Query: "wait"})})
			eventually(t, "the update runs", func() bool { return e.running.Load() == 1 })
		},
		"a prepared statement": func(t *testing.T, f flight.FlightServiceClient, e *fake) {
			h := prepared(t.Context(), t, f, "wait")
			if _, err := f.DoGet(t.Context(), &flight.Ticket{Ticket: packed(&pb.CommandPreparedStatementQuery{PreparedStatementHandle: h})}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the query runs", func() bool { return e.running.Load() == 1 })
		},
		"a query that is polled": func(t *testing.T, f flight.FlightServiceClient, e *fake) {
			if _, err := f.PollFlightInfo(t.Context(), command(statement("wait"))); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the query runs", func() bool { return e.running.Load() == 1 })
		},
	}
	ways := map[string][2]bool{"both ways": {true, true}, "to the server": {true, false}, "from the server": {false, true}}
	silence := listen.Options{PingAfter: time.Second, PingWait: time.Second}
	type stalled struct {
		name string
		e    *fake
		s    *served
	}
	var all []stalled // all at once, since each has to wait for the same silence
	for name, start := range work {
		for way, stop := range ways {
			e := &fake{}
			s := serving(t, e, serve.ServerOptions{Listen: silence, SQL: sql.Options{SessionIdle: 2 * time.Second, Admission: sql.AdmissionLimits{Running: 1}}})
			k, f := through(t, s)
			start(t, f, e)
			k.Stop(stop[0], stop[1])
			all = append(all, stalled{name + "/" + way, e, s})
		}
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			eventually(t, "the work has ended", func() bool { return c.e.running.Load() == 0 })
			eventually(t, "the connection is given up", func() bool { return metric(t, c.s, "volley_connections ") == 0 })
			eventually(t, "the session is closed", func() bool { return c.e.opened.Load() == c.e.closed.Load() })
			if n, err := query(t.Context(), c.s.client(), "rows 2"); n != 2000 || err != nil {
				t.Errorf("the next query, in the place of the only one: %d rows, %v", n, err)
			}
		})
	}
	t.Run("an ingest leaves nothing", func(t *testing.T) {
		s := serving(t, nil, serve.ServerOptions{Listen: silence})
		k, f := through(t, s)
		st, err := f.DoPut(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows := encoded(t, fromJSON(t, `[{"n": 1}, {"n": 2}]`, int64Field("n")))
		for _, m := range describing(rows, &pb.CommandStatementIngest{
			Table: "half", TableDefinitionOptions: &pb.CommandStatementIngest_TableDefinitionOptions{IfNotExist: flightsql.TableDefinitionOptionsTableNotExistOptionCreate, IfExists: flightsql.TableDefinitionOptionsTableExistsOptionFail},
		}) {
			if err := st.Send(m); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the ingest runs", func() bool { return metric(t, s, "volley_queries_running ") == 1 })
		k.Stop(true, true)
		eventually(t, "the ingest has ended", func() bool { return metric(t, s, "volley_queries_running ") == 0 })
		_, err = query(t.Context(), s.client(), "SELECT * FROM half")
		wantCode(t, err, codes.NotFound)
	})
	t.Run("a link that moves again in time loses nothing", func(t *testing.T) {
		e := &fake{}
		s := serving(t, e, serve.ServerOptions{Listen: listen.Options{PingAfter: 20 * time.Second, PingWait: 20 * time.Second}})
		k, f := through(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		st := reading(ctx, t, f, e, "rows 3000")
		k.Stop(true, true)
		time.Sleep(300 * time.Millisecond)
		k.Resume()
		n := 0
		var err error
		for ; err == nil; n++ {
			_, err = st.Recv()
		}
		if err != io.EOF || n < 3000 {
			t.Errorf("%d messages, then %v", n, err)
		}
	})
}
