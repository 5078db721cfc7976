package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cond"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

func byDefs() []function.Def {
	return []function.Def{
		{
			Name: "max_by", Args: "x, y", Doc: "Returns the x of the row with the greatest y.",
			Examples: ex("SELECT max_by(x, y) FROM VALUES ('a', 10), ('b', 50), ('c', 20) AS t(x, y)", "b"), Resolve: byOf(1),
		},
		{
			Name: "min_by", Args: "x, y", Doc: "Returns the x of the row with the least y.",
			Examples: ex("SELECT min_by(x, y) FROM VALUES ('a', 10), ('b', 50), ('c', 20) AS t(x, y)", "a"), Resolve: byOf(-1),
		},
	}
}

// byOf resolves max_by (sign 1) and min_by. Of rows that tie the last counts.
func byOf(sign int) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 2, 2); err != nil {
			return nil, err
		}
		ts := c.Types()
		if !cond.Orderable(ts[1]) {
			return nil, notOrderable(c, ts[1])
		}
		return &function.Overload{Params: ts, Result: ts[0], Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
			return &oneAcc{s: newStore(ts[0], ts[1]), bind: func(s *store, vs []*vec.Vec) func(has bool, row, j int) bool {
				order := kernel.Orders(vs[1], s.cols[1])
				return func(has bool, row, j int) bool {
					return !vs[1].Null(j) && (!has || order(j, row)*sign >= 0)
				}
			}}, nil
		}}, nil
	}
}
