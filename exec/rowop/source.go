package rowop

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Values is the source of a literal table.
type Values struct {
	env  *flow.Env
	cols types.Schema
	rows [][]expr.Expr
	next atomic.Int64
}

// NewValues returns the source; partitions share the rows in consecutive parts.
func NewValues(env *flow.Env, cols types.Schema, rows [][]expr.Expr) *Values {
	n, k := len(rows), max(env.Partitions, 1)
	rows = rows[n*env.Partition/k : n*(env.Partition+1)/k]
	return &Values{env: env, cols: cols, rows: rows}
}

// Open implements flow.Source.
func (v *Values) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		size := int64(v.env.BatchSize)
		for {
			lo := v.next.Add(size) - size
			if lo >= int64(len(v.rows)) {
				return
			}
			b, err := v.batch(v.rows[lo:min(lo+size, int64(len(v.rows)))])
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

func (v *Values) batch(rows [][]expr.Expr) (*vec.Batch, error) {
	b := &vec.Batch{Cols: make([]*vec.Vec, len(v.cols)), N: len(rows)}
	for c, f := range v.cols {
		col := vec.New(f.Type, len(rows))
		for r, row := range rows {
			d, err := v.datum(row[c])
			if err != nil {
				return nil, err
			}
			col.Put(r, d)
		}
		b.Cols[c] = col
	}
	return b, nil
}

// datum is the value of e, mostly a literal; anything else is evaluated.
func (v *Values) datum(e expr.Expr) (types.Datum, error) {
	if l, ok := e.(*expr.Literal); ok {
		return l.Value, nil
	}
	p, err := eval.Compile(v.env.Functions, v.env.Context, e)
	if err != nil {
		return nil, err
	}
	out, err := p.Eval(nil, 1, nil)
	if err != nil {
		return nil, err
	}
	return out.Get(0), nil
}

// Range is the source of the integers of [start, end) in steps.
type Range struct {
	start, step int64
	from, to    uint64 // the partition's share, counted in rows
	size        int
	next        atomic.Uint64
}

const rangeMorsel = 1 << 17

// NewRange returns the source; partitions share the range in consecutive parts.
func NewRange(env *flow.Env, start, end, step int64) (*Range, error) {
	if step == 0 {
		return nil, sqlerr.New(sqlerr.InternalError, "range with step 0")
	}
	var rows uint64
	// The distance may exceed an int64, never a uint64.
	if step > 0 && end > start {
		rows = (uint64(end)-uint64(start)-1)/uint64(step) + 1
	} else if step < 0 && end < start {
		rows = (uint64(start)-uint64(end)-1)/(-uint64(step)) + 1
	}
	p, k := uint64(env.Partition), uint64(max(env.Partitions, 1))
	share, rest := rows/k, rows%k
	r := &Range{start: start, step: step, size: env.BatchSize}
	r.from = p*share + min(p, rest)
	r.to = r.from + share
	if p < rest {
		r.to++
	}
	return r, nil
}

// Open implements flow.Source.
func (r *Range) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		b := vec.NewBatch([]types.Type{types.Int64Type}, r.size)
		for {
			lo := r.next.Add(rangeMorsel) - rangeMorsel
			if total := r.to - r.from; lo >= total {
				// Keep the counter from running around.
				r.next.Store(math.MaxUint64 / 2)
				return
			}
			hi := min(r.to-r.from, lo+rangeMorsel)
			for ; lo < hi; lo += uint64(r.size) {
				if err := ctx.Err(); err != nil {
					yield(nil, err)
					return
				}
				n := int(min(uint64(r.size), hi-lo))
				b.Cols[0].Resize(n)
				x := r.start + int64(r.from+lo)*r.step
				out := vec.Data[int64](b.Cols[0])
				for i := range out {
					out[i] = x
					x += r.step
				}
				b.N, b.Sel = n, nil
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}
