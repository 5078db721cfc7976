package agg

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func listDefs() []function.Def {
	return []function.Def{
		{
			Name: "collect_list", Aliases: []string{"array_agg"}, Args: "expr",
			Doc:      "Returns an array of the values that are not NULL.",
			Examples: ex("SELECT collect_list(a) FROM VALUES (1), (2), (1) AS t(a)", "[1,2,1]"), Resolve: collect(false),
		},
		{
			Name: "collect_set", Args: "expr",
			Doc:      "Returns an array of the different values that are not NULL.",
			Examples: ex("SELECT collect_set(a) FROM VALUES (1), (2), (1) AS t(a)", "[1,2]"), Resolve: collect(true),
		},
		{
			Name: "listagg", Aliases: []string{"string_agg"}, Args: "expr[, delimiter]",
			Doc:      "Returns the values that are not NULL joined by the delimiter, in the order of WITHIN GROUP.",
			Examples: ex("SELECT listagg(a, ',') FROM VALUES ('a'), ('b'), (NULL) AS t(a)", "a,b"), Resolve: listagg,
		},
	}
}

// withOrder makes an accumulator of rows of types ts, followed by the call's ordering keys.
func withOrder(call *expr.Agg, skip bool, ts ...types.Type) *manyAcc {
	for _, k := range call.Order {
		ts = append(ts, k.Expr.Type())
	}
	a := &manyAcc{s: newStore(ts...), skip: skip}
	if n := len(ts) - len(call.Order); len(call.Order) > 0 {
		a.sorted = func(s *store, rows []int32) { sortRows(s.cols[n:], call.Order, rows) }
	}
	return a
}

// sortRows sorts rows by the columns as the keys say; equal rows keep their order.
func sortRows(cols []*vec.Vec, keys []expr.SortKey, rows []int32) {
	orders := make([]func(i, j int) int, len(cols))
	for k, c := range cols {
		orders[k] = kernel.Orders(c, c)
	}
	slices.SortStableFunc(rows, func(x, y int32) int {
		for k, c := range cols {
			xn, yn := c.Null(int(x)), c.Null(int(y))
			if xn || yn {
				if xn == yn {
					continue
				}
				if xn == keys[k].NullsFirst {
					return -1
				}
				return 1
			}
			if o := orders[k](int(x), int(y)); o != 0 {
				if keys[k].Desc {
					return -o
				}
				return o
			}
		}
		return 0
	})
}

// collect is collect_list or, without repetitions, collect_set.
func collect(set bool) build.Resolver {
	sig := build.Result(func(args []types.Type) (types.Type, error) { return types.ArrayType(args[0], false), nil }, 1, build.Any)
	checked := func(c *function.Call) ([]types.Type, types.Type, error) {
		params, result, err := sig(c)
		if err == nil && set && !comparable(params[0]) {
			err = sqlerr.New(sqlerr.UnsupportedInputType, "Cannot resolve \"%s\" due to data type mismatch: The input of `collect_set` can't be \"%s\" type data.",
				function.CallText(c.Name, c.Args), params[0].SQL())
		}
		return params, result, err
	}
	return of(checked, true, func(args []types.Type, _ types.Type) maker {
		return func(call *expr.Agg) (function.Accumulator, error) {
			a := withOrder(call, true, args[0])
			a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
				if set {
					rows = distinct(s.cols[0], rows)
				}
				kid := out.Kids[0]
				off := kid.Extend(len(rows))
				for k, r := range rows {
					kernel.CopyRow(kid, off+k, s.cols[0], int(r))
				}
				vec.Data[vec.List](out)[i] = vec.List{Off: int32(off), Len: int32(len(rows))}
				return nil
			}
			return a, nil
		}
	})
}

// comparable reports whether values of t can be told equal: all but maps.
func comparable(t types.Type) bool {
	if t.Kind == types.Map {
		return false
	}
	for _, f := range t.Children() {
		if !comparable(f.Type) {
			return false
		}
	}
	return true
}

// distinct drops rows whose value came before, in place.
func distinct(v *vec.Vec, rows []int32) []int32 {
	order := kernel.Orders(v, v)
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(x, y int32) int { return order(int(x), int(y)) })
	again := map[int32]bool{}
	for k := 1; k < len(sorted); k++ {
		if order(int(sorted[k-1]), int(sorted[k])) == 0 {
			again[sorted[k]] = true
		}
	}
	return slices.DeleteFunc(rows, func(r int32) bool { return again[r] })
}

func listagg(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t := types.StringType
	if c.Args[0].Type().Kind == types.Binary {
		t = types.BinaryType
	}
	params := make([]types.Type, len(c.Args))
	for i, a := range c.Args {
		if params[i] = t; a.Type().Kind.IsNested() {
			return nil, build.WrongType(c, i, `("STRING" or "BINARY")`)
		}
	}
	return &function.Overload{Params: params, Result: t, Nulls: function.NullOwn, Accumulator: func(call *expr.Agg) (function.Accumulator, error) {
		a := withOrder(call, true, params...)
		// The delimiter is a constant; without ordering keys given, keys are the value.
		a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
			if len(rows) == 0 {
				out.SetNull(i)
				return nil
			}
			delim := ""
			if len(params) > 1 && !s.cols[1].Null(int(rows[0])) {
				delim = vec.Data[string](s.cols[1])[rows[0]]
			}
			var b []byte
			for k, r := range rows {
				if k > 0 {
					b = append(b, delim...)
				}
				b = append(b, vec.Data[string](s.cols[0])[r]...)
			}
			vec.Data[string](out)[i] = string(b)
			return nil
		}
		return a, nil
	}}, nil
}
