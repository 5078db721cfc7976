package join

import (
	"context"
	"fmt"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/physical"
)

// Loop is the shared state of one nested loops join in one task: a hash join
// without keys, whose rows are all of one bucket, with a condition. NullAware has the
// meaning of NOT IN and IN for the whole condition.
type Loop struct{ join *Join }

// NewLoop prepares the join n.
func NewLoop(env *flow.Env, n *physical.LoopJoin) (*Loop, error) {
	j := &Join{env: env, loop: true, facts: &facts{}, node: &physical.HashJoin{
		Info: n.Info, Left: n.Left, Right: n.Right, Kind: n.Kind, Residual: n.Cond, NullAware: n.NullAware && n.Cond != nil,
		Emit: n.Emit, MarkName: n.MarkName, Pos: n.Pos,
	}}
	j, err := j.prepare(fmt.Sprintf("LoopJoin %d", n.Info.ID))
	return &Loop{j}, err
}

// Build is the sink of the right side.
func (l *Loop) Build() flow.Sink { return l.join.Build() }

// Probe is the operator of one thread of the left side.
func (l *Loop) Probe(thread int) (flow.Operator, error) { return l.join.Probe(thread) }

// Break is as for Join.
func (l *Loop) Break() (flow.Sink, flow.Source) { return l.join.Break() }

// Unmatched is as for Join: the right rows without a partner of Right and Full joins, else nil.
func (l *Loop) Unmatched() flow.Source { return l.join.Unmatched() }

// minAcross is the number of probe rows from which on it pays to evaluate the
// condition for one build row and all of them at once.
const minAcross = 32

// across holds every build row against all rows sel of a batch: the build
// columns are constants, the probe columns stay where they are.
func (p *probe) across(ctx context.Context, b *vec.Batch, sel []uint16) error {
	x, limit := &p.pairs, max(p.join.env.BatchSize, 1)
	x.rows, x.ptrs = x.rows[:0], x.ptrs[:0]
	for i, o := range p.join.needs {
		p.testIn[o.index] = &p.testOwn[i]
		if o.kind == fromProbe {
			p.testIn[o.index] = b.Cols[o.at]
		}
	}
	flush := func() error {
		if len(x.rows) == 0 {
			return nil
		}
		err := p.accept(b)
		x.rows, x.ptrs = x.rows[:0], x.ptrs[:0]
		return err
	}
	err := p.join.table.each(true, func(q rowPtr) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		keep := sel
		if p.test != nil {
			for i, o := range p.join.needs {
				if o.kind == fromBuild {
					p.constant(&p.testOwn[i], o, q, b.N)
				}
			}
			var err error
			if keep, err = p.selectTrue(b.N, sel, func(k uint16) uint16 { return k }); err != nil {
				return err
			}
		}
		for len(keep) > 0 {
			n := min(limit-len(x.rows), len(keep))
			x.rows = append(x.rows, keep[:n]...)
			for range n {
				x.ptrs = append(x.ptrs, q)
			}
			keep = keep[n:]
			if len(x.rows) >= limit {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	return p.conclude(ctx, b, sel)
}

// constant makes v n times the value of column o in row q.
func (p *probe) constant(v *vec.Vec, o output, q rowPtr, n int) {
	row := [1]rowPtr{q}
	p.join.layout.Gather(o.at, row[:], v)
	v.Enc = vec.Const
	v.SetLen(n)
}
