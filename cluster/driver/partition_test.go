package driver_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// parted runs a query whose rows are to be read in partitions.
func parted(t *testing.T, a *app.App, text string) *session.Parts {
	t.Helper()
	s, err := a.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p, err := s.Prepare(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Parts == nil {
		t.Fatal("the result has no partitions")
	}
	t.Cleanup(r.Parts.Close)
	return r.Parts
}

// tally counts the rows of a stream and adds their first column up.
func tally(rows vec.Stream) (n, sum int64, err error) {
	for b, err := range rows {
		if err != nil {
			return n, sum, err
		}
		for _, i := range b.Selection() {
			n++
			sum += b.Cols[0].Get(int(i)).(int64)
		}
	}
	return n, sum, nil
}

// idle reports whether no job of the application runs.
func idle(a *app.App) bool { return len(a.Jobs()) == 0 }

const joined = "SELECT a.id, repeat('x', 40) AS s FROM range(200000) a JOIN range(200000) b ON a.id = b.id"

// TestPartitions: the partitions of a result are its rows, each once, in
// whatever order and however often they are read.
func TestPartitions(t *testing.T) {
	a := open(t, 2)
	p := parted(t, a, joined)
	if p.N != 2 || p.Ordered {
		t.Fatalf("%+v", p)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		var mu sync.Mutex
		var wg sync.WaitGroup
		var rows, sum int64
		for i := p.N - 1; i >= 0; i-- {
			wg.Go(func() {
				n, s, err := tally(p.Open(t.Context(), i))
				mu.Lock()
				defer mu.Unlock()
				if rows, sum = rows+n, sum+s; err != nil || n == 0 {
					t.Errorf("partition %d: %d rows, %v", i, n, err)
				}
			})
		}
		wg.Wait()
		if rows != 200000 || sum != 200000*199999/2 {
			t.Errorf("round %d: %d rows, sum %d", round, rows, sum)
		}
	}
	p.Close()
	if _, _, err := tally(p.Open(t.Context(), 0)); err == nil {
		t.Error("partitions can be read after Close")
	}
	wait(t, "the job to end", 5*time.Second, func() bool { return idle(a) })
}

// TestPartitionsKilled: a partition whose executor is lost is made again, once
// somebody reads it or at once.
func TestPartitionsKilled(t *testing.T) {
	a := open(t, 3)
	p := parted(t, a, joined)
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	kill(t, pids(a)[0])
	rows, sum := int64(0), int64(0)
	for i := range p.N {
		n, s, err := tally(p.Open(t.Context(), i))
		if err != nil {
			t.Fatal(err)
		}
		rows, sum = rows+n, sum+s
		if i == 0 {
			kill(t, pids(a)[0])
		}
	}
	if rows != 200000 || sum != 200000*199999/2 {
		t.Errorf("%d rows, sum %d", rows, sum)
	}
}

// TestPartitionsKilledOnTheWay: a stream that has begun goes on behind the rows
// it has yielded when the executor that has its partition is lost. The
// partitions are larger than what is fetched ahead.
func TestPartitionsKilledOnTheWay(t *testing.T) {
	a := open(t, 3)
	p := parted(t, a, "SELECT a.id, repeat('x', 1500) AS s FROM range(150000) a JOIN range(150000) b ON a.id = b.id")
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, sum := int64(0), int64(0)
	add := func(b *vec.Batch) {
		for _, i := range b.Selection() {
			rows++
			sum += b.Cols[0].Get(int(i)).(int64)
		}
	}
	var streams []func() (*vec.Batch, error, bool)
	for i := range p.N {
		next, stop := iter.Pull2(iter.Seq2[*vec.Batch, error](p.Open(t.Context(), i)))
		defer stop()
		b, err, ok := next()
		if err != nil || !ok {
			t.Fatalf("partition %d: %v, %v", i, err, ok)
		}
		add(b)
		streams = append(streams, next)
	}
	if rows > 50000 {
		t.Fatalf("the first batches have %d rows", rows)
	}
	kill(t, pids(a)[0])
	for i, next := range streams {
		for b, err, ok := next(); ok; b, err, ok = next() {
			if err != nil {
				t.Fatalf("partition %d, after %d rows: %v", i, rows, err)
			}
			add(b)
		}
	}
	if rows != 150000 || sum != 150000*149999/2 {
		t.Errorf("%d rows, sum %d", rows, sum)
	}
}

// TestPartitionsEnd: readers end with their context, with the job and with an
// error of the query.
func TestPartitionsEnd(t *testing.T) {
	a := open(t, 2)
	t.Run("the reader's context", func(t *testing.T) {
		p := parted(t, a, joined)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for _, err := range p.Open(ctx, 0) {
			if n++; n == 1 {
				cancel()
				continue
			}
			if err != nil && !sqlerr.Is(err, sqlerr.Cancelled) {
				t.Errorf("error %v", err)
			}
		}
		if n, _, err := tally(p.Open(t.Context(), 0)); n == 0 || err != nil { // others are not concerned
			t.Errorf("%d rows, %v", n, err)
		}
	})
	t.Run("the job", func(t *testing.T) {
		p := parted(t, a, "SELECT a.id FROM range(300000000) a JOIN range(300000000) b ON a.id = b.id")
		done := make(chan error)
		go func() { done <- p.Ready(t.Context()) }()
		go func() {
			_, _, err := tally(p.Open(t.Context(), 0))
			done <- err
		}()
		p.Close()
		for range 2 {
			if err := <-done; err == nil {
				t.Error("no error after Close")
			}
		}
	})
	t.Run("an error of the query", func(t *testing.T) {
		p := parted(t, a, "SELECT 1 DIV (a.id - 7) FROM range(100000) a JOIN range(100000) b ON a.id = b.id")
		if err := p.Ready(t.Context()); !sqlerr.Is(err, sqlerr.DivideByZero) {
			t.Errorf("error %v", err)
		}
		if _, _, err := tally(p.Open(t.Context(), 1)); !sqlerr.Is(err, sqlerr.DivideByZero) {
			t.Errorf("error %v", err)
		}
	})
	wait(t, "the jobs to end", 10*time.Second, func() bool { return idle(a) })
}
