package str

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// choice is decode(x, search, result, …[, default]): a CASE that compares x
// with each search, NULL equal to NULL.
func choice(c *function.Call) (*function.Overload, error) {
	rest := c.Args[1:]
	key, result := c.Args[0].Type(), types.NullType
	common := func(t *types.Type, e expr.Expr) bool {
		u, ok := coerce.Common(*t, e.Type(), c.ANSI)
		*t = u
		return ok
	}
	ok := true
	for k := 0; k < len(rest); k++ {
		if k%2 == 0 && k+1 < len(rest) {
			ok = ok && common(&key, rest[k])
		} else {
			ok = ok && common(&result, rest[k])
		}
	}
	if !ok {
		return nil, build.DiffTypes(c)
	}
	to := func(e expr.Expr, t types.Type) expr.Expr {
		if e.Type().SameShape(t) {
			return e
		}
		if l, ok := e.(*expr.Literal); ok && l.Value == nil {
			return expr.NullOf(t)
		}
		return &expr.Cast{Arg: e, To: t, Implicit: true, Pos: sqlerr.NoPos}
	}
	return &function.Overload{Params: c.Types(), Result: result, Nulls: function.NullOut, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
		out := &expr.Case{T: result}
		rest := args[1:]
		for k := 0; k+1 < len(rest); k += 2 {
			out.Whens = append(out.Whens, expr.When{Cond: &expr.Compare{Op: expr.NullSafeEq, Left: to(args[0], key), Right: to(rest[k], key)}, Then: to(rest[k+1], result)})
		}
		if len(rest)%2 == 1 {
			out.Else = to(rest[len(rest)-1], result)
		}
		return out, nil
	}}, nil
}
