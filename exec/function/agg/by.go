package agg

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cond"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func byDefs() []function.Def {
	return []function.Def{
		{
			Name: "max_by", Args: "x, y[, k]", Doc: "Returns the x of the row with the greatest y; with k the array of the k ones with the greatest y, in their order.",
			Examples: ex("SELECT max_by(x, y) FROM VALUES ('a', 10), ('b', 50), ('c', 20) AS t(x, y)", "b"), Resolve: byOf(1),
		},
		{
			Name: "min_by", Args: "x, y[, k]", Doc: "Returns the x of the row with the least y; with k the array of the k ones with the least y, in their order.",
			Examples: ex("SELECT min_by(x, y) FROM VALUES ('a', 10), ('b', 50), ('c', 20) AS t(x, y)", "a"), Resolve: byOf(-1),
		},
	}
}

// byOf resolves max_by (sign 1) and min_by. Of rows that tie the last counts.
func byOf(sign int) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 2, 3); err != nil {
			return nil, err
		}
		ts := c.Types()
		if !cond.Orderable(ts[1]) {
			return nil, notOrderable(c, ts[1])
		}
		if len(ts) == 3 {
			return severalBy(c, sign)
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

// severalBy is max_by or min_by with a number of values. Of rows that tie the first come first.
func severalBy(c *function.Call, sign int) (*function.Overload, error) {
	k, err := constantInt(c, 2, "k", 1, 100000)
	if err != nil {
		return nil, err
	}
	ts := c.Types()
	return &function.Overload{Params: c.Types(), Result: types.ArrayType(ts[0], true), Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
		a := &manyAcc{s: newStore(ts[0], ts[1])}
		// Groups keep twice the rows they need at most, so that sorting is amortized.
		a.most = 2*k + 16
		a.keep = func(s *store, rows []int32) []int32 {
			rows = slices.DeleteFunc(rows, func(r int32) bool { return s.cols[1].Null(int(r)) })
			sortRows(s.cols[1:2], []expr.SortKey{{Desc: sign > 0}}, rows)
			return rows[:min(len(rows), int(k))]
		}
		a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
			if rows = a.keep(s, rows); len(rows) == 0 {
				out.Put(i, nil)
				return nil
			}
			kid := out.Kids[0]
			off := kid.Extend(len(rows))
			for j, r := range rows {
				kernel.CopyRow(kid, off+j, s.cols[0], int(r))
			}
			vec.Data[vec.List](out)[i] = vec.List{Off: int32(off), Len: int32(len(rows))}
			return nil
		}
		return a, nil
	}}, nil
}
