package feed_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/feed"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

var schema = arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

// numbers yields records of ten rows that it overwrites afterwards, then fails, if with something.
func numbers(records int, end error) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for i := range records {
			var rows []string
			for k := range 10 {
				rows = append(rows, fmt.Sprintf(`{"a": %d}`, i*10+k))
			}
			rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader("["+strings.Join(rows, ",")+"]"))
			if err != nil {
				panic(err)
			}
			ok := yield(rec, nil)
			rec.Release()
			if !ok {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

func columns(t *testing.T, s *arrow.Schema) types.Schema {
	t.Helper()
	out, err := arrowvec.FromSchema(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestThreads: threads share the records, and every row comes once.
func TestThreads(t *testing.T) {
	s := feed.New(columns(t, schema), numbers(500, nil), 3)
	defer s.Close()
	var sum, rows atomic.Int64
	var wg sync.WaitGroup
	for thread := range 4 {
		wg.Go(func() {
			for b, err := range s.Open(t.Context(), thread) {
				if err != nil {
					t.Error(err)
					return
				}
				if b.N > 3 {
					t.Errorf("a batch of %d rows", b.N)
				}
				for _, v := range vec.Data[int64](b.Cols[0]) {
					sum.Add(v)
					rows.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if rows.Load() != 5000 || sum.Load() != 5000*4999/2 || s.Rows() != 5000 {
		t.Errorf("%d rows (%d), sum %d", rows.Load(), s.Rows(), sum.Load())
	}
}

func drain(ctx context.Context, s *feed.Source) (n int, err error) {
	for b, err := range s.Open(ctx, 0) {
		if err != nil {
			return n, err
		}
		n += b.Rows()
	}
	return n, nil
}

// TestEnds: a stream that breaks, a context that ends, records that are not
// what was announced.
func TestEnds(t *testing.T) {
	broken := errors.New("the connection broke")
	s := feed.New(columns(t, schema), numbers(3, broken), 100)
	if n, err := drain(t.Context(), s); n != 30 || !errors.Is(err, broken) {
		t.Errorf("%d rows, %v", n, err)
	}
	if n, err := drain(t.Context(), s); n != 0 || err != nil {
		t.Errorf("after the end: %d rows, %v", n, err)
	}
	s.Close()
	s.Close()

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	s = feed.New(columns(t, schema), numbers(3, nil), 100)
	if n, err := drain(ctx, s); n != 0 || !errors.Is(err, broken) {
		t.Errorf("cancelled: %d rows, %v", n, err)
	}
	s.Close() // before the end: the iterator is told

	other := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	s = feed.New(columns(t, other), numbers(1, nil), 100)
	if _, err := drain(t.Context(), s); !sqlerr.Is(err, sqlerr.InvalidArrowData) {
		t.Errorf("other columns: %v", err)
	}
	s.Close()
	if n, err := drain(t.Context(), s); n != 0 || err != nil {
		t.Errorf("closed: %d rows, %v", n, err)
	}
}
