package function

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
)

// Accumulator makes an accumulator of the aggregate call a, such as planners
// need to learn how its states look. Settings do not matter for that.
func (r *Registry) Accumulator(a *expr.Agg) (Accumulator, error) {
	d := r.Lookup(a.Func)
	if d == nil || d.Kind != Aggregate || d.Resolve == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "aggregate function %s is not known", a.Func)
	}
	o, err := d.Resolve(&Call{Name: a.Func, Args: a.Args, ANSI: true, Setting: func(string) string { return "" }})
	if err != nil {
		return nil, err
	}
	if o.Accumulator == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "function %s has no accumulator", a.Func)
	}
	return o.Accumulator(a)
}
