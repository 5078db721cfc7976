package serve_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/internal/app"
)

// TestFirstRowsOfALargeScan: the first rows of a table come before more than a
// few of its row groups are read, and while nobody takes the others no more are
// read and none pile up in memory.
func TestFirstRowsOfALargeScan(t *testing.T) {
	const rows, group = 4_000_000, 50_000
	s := session(t, engine(t, app.Options{Threads: 2}))
	table := "parquet.`" + filepath.ToSlash(t.TempDir()) + "/t`"
	run(t, s, fmt.Sprintf("INSERT OVERWRITE DIRECTORY '%s' USING parquet OPTIONS (row_group_size '%d') SELECT id, id %% 1000 AS k, CAST(id AS STRING) AS s FROM range(0, %d, 1, 1)",
		table[len("parquet.`"):len(table)-1], group, rows))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, r, err := start(ctx, s, "SELECT * FROM "+table, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(r.Rows)
	defer stop()
	got := int64(0)
	take := func() arrow.RecordBatch {
		rec, err, ok := next()
		if !ok || err != nil {
			t.Fatalf("%d rows, then %v", got, err)
		}
		got += rec.NumRows()
		return rec
	}
	take()
	if read := r.Progress().Rows; read > 4*group {
		t.Errorf("%d rows were read before the first came, more than four row groups", read)
	}
	heap := heapInUse()
	for range 3 {
		waiting := stands(t, func() int64 { return r.Progress().Rows })
		// A record under way, one that waits, one being made, and what each thread has in hand.
		if ahead := waiting - got; ahead > 5*group {
			t.Errorf("%d rows were read ahead of a reader that does not read", ahead)
		}
		take()
	}
	if now := heapInUse(); now > heap+64<<20 {
		t.Errorf("the heap grew from %d to %d bytes under a reader that does not read", heap, now)
	}
	for {
		rec, err, ok := next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		got += rec.NumRows()
	}
	if read := r.Progress().Rows; got != rows || read != rows {
		t.Errorf("%d rows came, %d were read", got, read)
	}
}

// stands waits until a number does not change any more and returns it.
func stands(t *testing.T, what func() int64) int64 {
	t.Helper()
	last, same := what(), 0
	for range 300 {
		time.Sleep(20 * time.Millisecond)
		now := what()
		if now != last {
			last, same = now, 0
		} else if same++; same == 10 {
			return now
		}
	}
	t.Fatalf("still moving at %d", last)
	return 0
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
