package topk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// versions makes rounds of the same partitions, each row better than those before it.
func versions(partitions, rounds int, text string) []*vec.Batch {
	var out []*vec.Batch
	for i := 0; i < partitions*rounds; i += vec.DefaultSize {
		b := vec.NewBatch(testTypes, min(vec.DefaultSize, partitions*rounds-i))
		for r := range b.N {
			vec.Data[int64](b.Cols[cID])[r] = int64((i + r) % partitions)
			vec.Data[int64](b.Cols[cInt])[r] = int64(i + r)
			vec.Data[string](b.Cols[cText])[r] = text
			b.Cols[cFloat].SetNull(r)
			b.Cols[cNested].SetNull(r)
		}
		out = append(out, b)
	}
	return out
}

// Rows that were overtaken make room for others, with their strings; what is
// left comes in the order in which it came.
func TestBagKeepsOrder(t *testing.T) {
	const partitions, rounds = 40_000, 12
	for _, text := range []string{"short", strings.Repeat("long", 30)} {
		for _, calls := range [][]string{nil, {"rank"}} {
			n := node("row_number", 2, []int{cID}, []expr.SortKey{desc(cInt)}, calls...)
			reg, _ := function.New()
			k, err := New(exectest.World{Threads: 1, Size: 2048}.Env(t, reg), n)
			if err != nil {
				t.Fatal(err)
			}
			sink := k.Sink()
			defer sink.Close()
			if err := sink.Drain(t.Context(), 0, exectest.Share(versions(partitions, rounds, text), 0, 1)); err != nil {
				t.Fatal(err)
			}
			if b := k.threads[0].bag; b.n > 5*2*partitions || b.bytes() > 5*2*partitions*int64(k.layout.Size+itemBytes+len(text)) {
				t.Errorf("%d rows in %d bytes are kept, %d of them may stay", b.n, b.bytes(), 2*partitions)
			}
			if err := sink.Finish(t.Context(), exectest.Parallel(1)); err != nil {
				t.Fatal(err)
			}
			at := int64(partitions * (rounds - 2))
			for b, err := range k.Source().Open(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				for r := range b.N {
					if x := b.Cols[cInt].Get(r); x != at || b.Cols[cID].Get(r) != at%partitions || b.Cols[cText].Get(r) != text {
						t.Fatalf("row %d is %v, %v, %v", at, x, b.Cols[cID].Get(r), b.Cols[cText].Get(r))
					}
					if calls != nil && fmt.Sprint(b.Cols[len(testTypes)].Get(r)) != map[bool]string{true: "1", false: "2"}[at >= partitions*(rounds-1)] {
						t.Fatalf("row %d has rank %v", at, b.Cols[len(testTypes)].Get(r))
					}
					at++
				}
			}
			if at != partitions*rounds {
				t.Errorf("%d rows are missing", partitions*rounds-at)
			}
		}
	}
}
