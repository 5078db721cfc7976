package sql_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/serve"
)

// readEnd reads an endpoint and calls f with every record's rows.
func readEnd(ctx context.Context, f flight.FlightServiceClient, e *flight.FlightEndpoint, each func(rows int64)) error {
	st, err := f.DoGet(ctx, e.GetTicket())
	if err != nil {
		return err
	}
	r, err := flight.NewRecordReader(st)
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
		each(r.RecordBatch().NumRows())
	}
	if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// TestParts: the endpoints of a result have all of its rows, once, however they are read.
func TestParts(t *testing.T) {
	e := &fake{}
	s := serving(t, e, serve.ServerOptions{SQL: sql.Options{Endpoints: 4, KeptResult: 256 << 10, ResultTTL: 10 * time.Second}})
	f := s.flight()
	ctx := t.Context()
	ends := func(t *testing.T, text string, want int) []*flight.FlightEndpoint {
		i := planned(ctx, t, f, text)
		if len(i.GetEndpoint()) != want || i.GetOrdered() != (want == 1) {
			t.Fatalf("%d endpoints, ordered %v", len(i.GetEndpoint()), i.GetOrdered())
		}
		return i.GetEndpoint()
	}
	t.Run("at the same time", func(t *testing.T) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		total, took := int64(0), make([]int64, 4)
		for n, end := range ends(t, "rows 2000", 4) {
			f := s.flight() // each over a connection of its own, as workers of a client have
			wg.Go(func() {
				if err := readEnd(ctx, f, end, func(rows int64) {
					mu.Lock()
					defer mu.Unlock()
					total += rows
					took[n] += rows
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if total != 2_000_000 {
			t.Errorf("%d rows: %v", total, took)
		}
	})
	t.Run("one after the other, in any order", func(t *testing.T) {
		total := int64(0)
		all := ends(t, "rows 300", 4)
		for _, n := range []int{2, 0, 3, 1} {
			if err := readEnd(ctx, f, all[n], func(rows int64) { total += rows }); err != nil {
				t.Error(err)
			}
		}
		if total != 300_000 {
			t.Errorf("%d rows", total)
		}
		for _, end := range all {
			wantCode(t, readEnd(ctx, f, end, func(int64) {}), codes.FailedPrecondition)
		}
	})
	t.Run("an endpoint twice at once", func(t *testing.T) {
		all := ends(t, "rows 100000", 4)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		st, err := f.DoGet(ctx, all[0].GetTicket())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Recv(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, readEnd(ctx, f, all[0], func(int64) {}), codes.FailedPrecondition)
	})
	t.Run("one reader goes", func(t *testing.T) {
		all := ends(t, "rows 1000000", 4)
		gone, cancel := context.WithCancel(ctx)
		st, err := f.DoGet(gone, all[1].GetTicket())
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		go func() { failed <- readEnd(ctx, f, all[0], func(int64) {}) }()
		for range 3 {
			if _, err := st.Recv(); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		wantCode(t, <-failed, codes.Canceled) // what the other took is missing: this must not look whole
		eventually(t, "the query has ended", func() bool { return e.running.Load() == 0 })
		wantCode(t, readEnd(ctx, f, all[2], func(int64) {}), codes.NotFound)
	})
	t.Run("none is read", func(t *testing.T) {
		s := serving(t, &fake{}, serve.ServerOptions{SQL: sql.Options{Endpoints: 4, ResultTTL: 200 * time.Millisecond}})
		i := planned(ctx, t, s.flight(), "rows 10")
		eventually(t, "the session is gone", func() bool { return metric(t, s, "volley_sessions") == 0 })
		wantCode(t, readEnd(ctx, s.flight(), i.GetEndpoint()[3], func(int64) {}), codes.NotFound)
	})
	t.Run("renewed and cancelled", func(t *testing.T) {
		i := planned(ctx, t, f, "rows 1000")
		body, _ := proto.Marshal(&flight.RenewFlightEndpointRequest{Endpoint: i.GetEndpoint()[2]})
		b, err := action(ctx, f, flight.RenewFlightEndpointActionType, body)
		if err != nil {
			t.Fatal(err)
		}
		var end flight.FlightEndpoint
		if err := proto.Unmarshal(b, &end); err != nil || string(end.GetTicket().GetTicket()) != string(i.GetEndpoint()[2].GetTicket().GetTicket()) {
			t.Errorf("another ticket came back: %v", err)
		}
		body, _ = proto.Marshal(&flight.CancelFlightInfoRequest{Info: i})
		b, err = action(ctx, f, flight.CancelFlightInfoActionType, body)
		var out flight.CancelFlightInfoResult
		if err != nil || proto.Unmarshal(b, &out) != nil || out.GetStatus() != flight.CancelStatusCancelled {
			t.Errorf("%v %v", out.GetStatus(), err)
		}
	})
	t.Run("an error comes to every reader", func(t *testing.T) {
		ends(t, "fail", 1)
		ends(t, "wait", 1) // no order is known of them
	})
	t.Run("what changes something has one", func(t *testing.T) { ends(t, "change", 1) })
}

// TestPartsOfQueries: the real engine's results in several endpoints, read by our own client, and those that have an order.
func TestPartsOfQueries(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{SQL: sql.Options{Endpoints: 3}})
	c := s.client()
	for text, want := range map[string]int{
		"SELECT id FROM range(300000)":            3,
		"SELECT id FROM range(300000) LIMIT 10":   3,
		"SELECT id FROM range(1000) ORDER BY id":  1,
		"SELECT id FROM range(1000) ORDER BY ALL": 1,
		"SHOW TABLES":                                  1,
		"EXPLAIN SELECT 1":                             1,
		"CREATE TABLE parts AS SELECT 1 AS a":          1,
		"SELECT id / (id - 299999) FROM range(300000)": 3,
	} {
		i, err := c.Execute(t.Context(), text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(i.GetEndpoint()) != want {
			t.Errorf("%s: %d endpoints", text, len(i.GetEndpoint()))
		}
	}
	i, err := c.Execute(t.Context(), "SELECT id FROM range(300000)")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	sum := int64(0)
	for _, end := range i.GetEndpoint() {
		wg.Go(func() {
			r, err := c.DoGet(t.Context(), end.GetTicket())
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Release()
			for r.Next() {
				mu.Lock()
				for _, v := range r.RecordBatch().Column(0).(*array.Int64).Int64Values() {
					sum += v
				}
				mu.Unlock()
			}
			if err := r.Err(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sum != 300000*299999/2 {
		t.Errorf("the sum is %d", sum)
	}
	i, err = c.Execute(t.Context(), "SELECT id / (id - 299999) FROM range(300000)")
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 3)
	for _, end := range i.GetEndpoint() {
		go func() {
			r, err := c.DoGet(t.Context(), end.GetTicket())
			if err == nil {
				for r.Next() {
				}
				err = r.Err()
				r.Release()
			}
			errs <- err
		}()
	}
	for range 3 { // who comes when it is over finds nothing; nobody finds a result that looks whole
		wantCode(t, <-errs, codes.InvalidArgument, codes.NotFound)
	}
}
