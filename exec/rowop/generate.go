package rowop

import (
	"context"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Generate joins each row with the rows a generator makes of it.
type Generate struct {
	env   *flow.Env
	args  []*eval.Program
	gen   function.Generate
	outer bool
	outs  []*vec.Vec // what the generator made, flat
	rows  []uint16   // the input row of each
	idx   []int32
	out   vec.Batch
}

// NewGenerate compiles call, a generator of the registry, whose outputs are cols.
func NewGenerate(env *flow.Env, call *expr.Call, cols types.Schema, outer bool) (*Generate, error) {
	def := env.Functions.Lookup(call.Func)
	if def == nil || def.Kind != function.Generator {
		return nil, sqlerr.New(sqlerr.InternalError, "%s is not a generator", call.Func)
	}
	ov, err := def.Resolve(&function.Call{Name: call.Func, Args: call.Args, ANSI: env.Context.ANSI, TimeZone: env.Context.TimeZone, Setting: env.Context.Setting})
	if err != nil {
		return nil, err
	}
	g := &Generate{env: env, outer: outer}
	if g.gen, err = ov.Generate(call); err != nil {
		return nil, err
	}
	if g.args, err = compile(env, call.Args); err != nil {
		return nil, err
	}
	for _, c := range cols {
		g.outs = append(g.outs, vec.New(c.Type, 0))
	}
	return g, nil
}

// Run implements flow.Operator.
func (g *Generate) Run(ctx context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			if more, err := g.batch(ctx, b, yield); err != nil {
				yield(nil, err)
				return
			} else if !more {
				return
			}
		}
	}
}

// batch generates for every row of b and yields whenever a batch is full.
func (g *Generate) batch(ctx context.Context, b *vec.Batch, yield func(*vec.Batch, error) bool) (bool, error) {
	args := make([]*vec.Vec, len(g.args))
	for i, p := range g.args {
		v, err := p.Eval(b.Cols, b.N, b.Sel)
		if err != nil {
			return false, err
		}
		args[i] = v
	}
	g.reset()
	for _, r := range b.Selection() {
		n, err := g.gen(g.env.Context, args, int(r), g.outs)
		if err != nil {
			return false, err
		}
		if n == 0 && g.outer {
			for _, o := range g.outs {
				o.SetNull(o.Extend(1))
			}
			n = 1
		}
		for range n {
			g.rows = append(g.rows, r)
		}
		if len(g.rows) >= g.env.BatchSize {
			if !g.flush(b, yield) {
				return false, nil
			}
			if err := ctx.Err(); err != nil {
				return false, err
			}
		}
	}
	return len(g.rows) == 0 || g.flush(b, yield), nil
}

func (g *Generate) reset() {
	g.rows = g.rows[:0]
	for _, o := range g.outs {
		o.Resize(0)
	}
}

// flush yields what was generated, in batches.
func (g *Generate) flush(b *vec.Batch, yield func(*vec.Batch, error) bool) bool {
	if len(g.out.Cols) == 0 {
		g.out.Cols = make([]*vec.Vec, len(b.Cols)+len(g.outs))
		for i := range g.out.Cols {
			g.out.Cols[i] = &vec.Vec{}
		}
	}
	for lo := 0; lo < len(g.rows); lo += g.env.BatchSize {
		hi := min(lo+g.env.BatchSize, len(g.rows))
		for i, c := range b.Cols {
			vec.Gather(g.out.Cols[i], c, g.rows[lo:hi])
		}
		g.idx = g.idx[:0]
		for i := lo; i < hi; i++ {
			g.idx = append(g.idx, int32(i))
		}
		for i, o := range g.outs {
			if lo == 0 && hi == len(g.rows) {
				g.out.Cols[len(b.Cols)+i].Share(o)
			} else {
				vec.Gather(g.out.Cols[len(b.Cols)+i], o, g.idx)
			}
		}
		g.out.N, g.out.Sel = hi-lo, nil
		if !yield(&g.out, nil) {
			return false
		}
	}
	g.reset()
	return true
}
