package eval

import (
	"cmp"
	"context"
	"strings"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Fold evaluates an expression without columns to a literal of its type. The
// caller decides what an error means: an optimizer leaves the expression as it is, since the
// row that would raise it may never come. Folding calls that are volatile is
// the caller's mistake. It ends with ctx, for an expression without columns may
// take as long as any other.
func Fold(ctx context.Context, reg *function.Registry, c *function.Context, e expr.Expr) (*expr.Literal, error) {
	if l, ok := e.(*expr.Literal); ok {
		return l, nil
	}
	if err := sqlerr.Cancellation(ctx); err != nil {
		return nil, err
	}
	if ctx.Done() != nil {
		own, stop := *c, &atomic.Bool{}
		own.Stop, c = stop, &own
		defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	}
	p, err := Compile(reg, c, e)
	if err != nil {
		return nil, err
	}
	v, err := p.Eval(nil, 1, nil)
	if err != nil {
		return nil, cmp.Or(sqlerr.Cancellation(ctx), err)
	}
	return &expr.Literal{Value: owned(v.Get(0)), T: e.Type()}, nil
}

// owned copies the strings of d: vectors only lend them.
func owned(d types.Datum) types.Datum {
	switch d := d.(type) {
	case string:
		return strings.Clone(d)
	case []types.Datum:
		for i := range d {
			d[i] = owned(d[i])
		}
	case types.MapDatum:
		owned(d.Keys)
		owned(d.Values)
	}
	return d
}
