package optimize

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// volatile reports whether e must neither move nor be copied, see Volatile.
func (q *Query) volatile(e expr.Expr) bool { return Volatile(q.opts.Functions, e) }

// Volatile reports whether evaluating e twice may give two results. Functions
// the registry does not know count as volatile.
func Volatile(reg *function.Registry, e expr.Expr) bool {
	if e == nil {
		return false
	}
	found := false
	tree.Walk(e, func(e expr.Expr) bool {
		switch e := e.(type) {
		case *expr.Call:
			found = found || volatileFunc(reg, e.Func)
		case *expr.ScalarSubquery, *expr.Exists, *expr.InSubquery:
			found = true
		}
		return !found
	})
	return found
}

func volatileFunc(reg *function.Registry, name string) bool {
	if reg == nil {
		return !harmless[name]
	}
	d := reg.Lookup(name)
	if d == nil {
		return !harmless[name]
	}
	return d.Volatility == function.Volatile
}

// harmless are functions the optimizer knows without a registry: they give
// NULL for NULL and the same for the same.
var harmless = map[string]bool{
	"+": true, "-": true, "*": true, "/": true, "%": true, "div": true, "||": true, "&": true, "|": true, "^": true, "~": true,
	"negative": true, "positive": true, "mod": true, "concat": true, "like": true, "ilike": true, "rlike": true,
	"upper": true, "lower": true, "substring": true, "substr": true, "length": true, "trim": true, "abs": true, "year": true,
	"month": true, "day": true, "date_add": true, "date_sub": true, "extract": true, "date_part": true, "contains": true,
	"startswith": true, "endswith": true,
}

// strict reports whether e is NULL whenever the columns of cols are.
func (q *Query) strict(e expr.Expr, cols expr.ColSet) bool {
	switch e := e.(type) {
	case *expr.Column:
		return cols.Has(e.ID)
	case *expr.Literal:
		return e.Value == nil
	case *expr.Compare:
		return e.Op != expr.NullSafeEq && (q.strict(e.Left, cols) || q.strict(e.Right, cols))
	case *expr.Not:
		return q.strict(e.Arg, cols)
	case *expr.In:
		return q.strict(e.Arg, cols)
	case *expr.Cast:
		return q.strict(e.Arg, cols)
	case *expr.Call:
		if !harmless[e.Func] {
			return false
		}
		for _, a := range e.Args {
			if q.strict(a, cols) {
				return true
			}
		}
	}
	return false
}

// rejects reports whether a condition is not true for rows in which the
// columns of cols are NULL.
func (q *Query) rejects(e expr.Expr, cols expr.ColSet) bool {
	switch e := e.(type) {
	case *expr.And:
		for _, a := range e.Args {
			if q.rejects(a, cols) {
				return true
			}
		}
		return false
	case *expr.Or:
		for _, a := range e.Args {
			if !q.rejects(a, cols) {
				return false
			}
		}
		return true
	case *expr.Literal:
		return e.Value != true
	case *expr.Not:
		if n, ok := e.Arg.(*expr.IsNull); ok {
			return q.strict(n.Arg, cols)
		}
	case *expr.Compare:
		if inner, ok := trueTest(e); ok {
			return q.rejects(inner, cols)
		}
		if e.Op == expr.NullSafeEq {
			// NULL <=> literal is false.
			lit, ok := e.Right.(*expr.Literal)
			return ok && lit.Value != nil && q.strict(e.Left, cols)
		}
	}
	return q.strict(e, cols)
}

// trueTest unwraps "e <=> TRUE".
func trueTest(c *expr.Compare) (expr.Expr, bool) {
	if c.Op == expr.NullSafeEq {
		if lit, ok := c.Right.(*expr.Literal); ok && lit.Value == true {
			return c.Left, true
		}
	}
	return nil, false
}
