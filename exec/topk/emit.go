package topk

import (
	"context"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// output makes batches of rows. It belongs to one thread and reuses its batch.
type output struct {
	t     *TopK
	yield func(*vec.Batch, error) bool
	rows  []rowPtr
	nums  [][]int32 // by call
	batch vec.Batch
}

func newOutput(t *TopK, yield func(*vec.Batch, error) bool) *output {
	o := &output{t: t, yield: yield, nums: make([][]int32, len(t.calls))}
	for range len(t.places) + len(t.calls) {
		o.batch.Cols = append(o.batch.Cols, &vec.Vec{})
	}
	return o
}

// take adds the rows that a reducer kept.
func (o *output) take(r *reducer) {
	for _, i := range r.kept {
		o.rows = append(o.rows, r.row(&r.rows[i]))
	}
	for c, n := range r.nums {
		o.nums[c] = append(o.nums[c], n...)
	}
}

// flush yields full batches of what was taken, the last one too if all is set.
func (o *output) flush(all bool) (more bool, err error) {
	size := max(o.t.env.BatchSize, 1)
	lo := 0
	for len(o.rows)-lo >= size || all && lo < len(o.rows) {
		hi := min(lo+size, len(o.rows))
		for i, place := range o.t.places {
			o.t.layout.Gather(place, o.rows[lo:hi], o.batch.Cols[i])
		}
		for c, n := range o.nums {
			v := o.batch.Cols[len(o.t.places)+c]
			v.Reset(types.Int32Type)
			v.Resize(hi - lo)
			copy(vec.Data[int32](v), n[lo:hi])
		}
		o.batch.N, o.batch.Sel = hi-lo, nil
		lo = hi
		if !o.yield(&o.batch, nil) {
			return false, nil
		}
	}
	o.rows = o.rows[:copy(o.rows, o.rows[lo:])]
	for c, n := range o.nums {
		o.nums[c] = n[:copy(n, n[lo:])]
	}
	return true, nil
}

type source struct{ t *TopK }

// Open implements flow.Source.
func (s source) Open(ctx context.Context, thread int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		t, out := s.t, newOutput(s.t, yield)
		var err error
		if len(t.runs) > 0 {
			err = t.readRuns(ctx, out)
		} else {
			err = t.handOut(ctx, thread, out)
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// readRuns takes parts until there are none left.
func (t *TopK) readRuns(ctx context.Context, out *output) error {
	red, err := newReducer(t)
	if err != nil {
		return err
	}
	defer red.close()
	disk := &reading{t: t, red: red, out: out}
	for {
		p := int(t.next.Add(1)) - 1
		if p >= parts {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err := disk.part(ctx, t.runs, p, 0); err != nil || !more {
			return err
		}
	}
}
