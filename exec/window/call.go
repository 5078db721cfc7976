package window

import (
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// calls makes the evaluators of one thread.
func (w *Window) calls() ([]call, error) {
	out := make([]call, len(w.node.Calls))
	for i, c := range w.node.Calls {
		x, err := w.call(c)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (w *Window) call(c *expr.WindowCall) (call, error) {
	switch c.Agg.Func {
	case "row_number", "rank", "dense_rank", "percent_rank", "cume_dist":
		return newRank(c.Agg.Func), nil
	case "ntile":
		n, err := w.constant(c.Agg, 0, 1)
		if err != nil {
			return nil, err
		}
		return newNtile(n)
	case "lag", "lead":
		return w.shift(c)
	case "first", "first_value", "last", "last_value", "any_value", "nth_value":
		if c.Agg.Filter == nil {
			return w.nth(c)
		}
	}
	return w.aggregate(c)
}

// constant is the value of argument i of a, which must be a constant integer;
// it is def if there is no such argument.
func (w *Window) constant(a *expr.Agg, i int, def int64) (int64, error) {
	if i >= len(a.Args) {
		return def, nil
	}
	d, err := w.value(a.Args[i])
	if err != nil {
		return 0, err
	}
	n, ok := d.(int64)
	if !ok {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "Argument %d of %s must be a constant integer that is not NULL.", i+1, a.Func).At(int(a.Pos))
	}
	return n, nil
}

// value evaluates an expression without columns.
func (w *Window) value(e expr.Expr) (types.Datum, error) {
	if l, ok := e.(*expr.Literal); ok {
		return l.Value, nil
	}
	p, err := eval.Compile(w.env.Functions, w.env.Context, e)
	if err != nil {
		return nil, err
	}
	v, err := p.Eval(nil, 1, nil)
	if err != nil {
		return nil, err
	}
	return v.Get(0), nil
}
