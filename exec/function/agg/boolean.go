package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func boolDefs() []function.Def {
	return []function.Def{
		{
			Name: "bool_and", Aliases: []string{"every"}, Args: "expr", Doc: "Returns whether all values that are not NULL are true.",
			Examples: ex("SELECT bool_and(a) FROM VALUES (true), (false) AS t(a)", "false"), Resolve: boolOf(false),
		},
		{
			Name: "bool_or", Aliases: []string{"some", "any"}, Args: "expr", Doc: "Returns whether some value is true.",
			Examples: ex("SELECT bool_or(a) FROM VALUES (true), (false) AS t(a)", "true"), Resolve: boolOf(true),
		},
		{
			Name: "bit_and", Args: "expr", Doc: "Returns the bitwise AND of all values that are not NULL.",
			Examples: ex("SELECT bit_and(a) FROM VALUES (3), (5) AS t(a)", "1"), Resolve: bitOf(func(a, b int64) int64 { return a & b }),
		},
		{
			Name: "bit_or", Args: "expr", Doc: "Returns the bitwise OR of all values that are not NULL.",
			Examples: ex("SELECT bit_or(a) FROM VALUES (3), (5) AS t(a)", "7"), Resolve: bitOf(func(a, b int64) int64 { return a | b }),
		},
		{
			Name: "bit_xor", Args: "expr", Doc: "Returns the bitwise exclusive OR of all values that are not NULL.",
			Examples: ex("SELECT bit_xor(a) FROM VALUES (3), (5) AS t(a)", "6"), Resolve: bitOf(func(a, b int64) int64 { return a ^ b }),
		},
	}
}

// boolOf is bool_or (decisive true) or bool_and (decisive false).
func boolOf(decisive bool) build.Resolver {
	return of(build.Fixed(types.BoolType, types.BoolType), false, func([]types.Type, types.Type) maker {
		return func(*expr.Agg) (function.Accumulator, error) {
			return fixedExtreme(func(a, b bool) bool { return a != b && a == decisive }), nil
		}
	})
}

func bitOf(f func(a, b int64) int64) build.Resolver {
	return of(build.Result(build.Arg(0), 1, build.AnyInteger), false, func(_ []types.Type, t types.Type) maker {
		return func(*expr.Agg) (function.Accumulator, error) {
			return &slotAcc[best[int64]]{
				bind: func(args []*vec.Vec) func(s *best[int64], row int) {
					at := intAt(args[0])
					return func(s *best[int64], row int) { fold(s, at(row), f) }
				},
				merge: func(dst, src *best[int64]) {
					if src.has {
						fold(dst, src.v, f)
					}
				},
				final: func(_ *function.Context, s *best[int64], out *vec.Vec, i int) error {
					if s.has {
						out.Put(i, s.v)
					} else {
						out.SetNull(i)
					}
					return nil
				},
			}, nil
		}
	})
}

func fold(s *best[int64], v int64, f func(a, b int64) int64) {
	if s.has {
		v = f(s.v, v)
	}
	s.v, s.has = v, true
}

// intAt reads an integer vector of any width.
func intAt(v *vec.Vec) func(row int) int64 {
	switch v.Type.Storage() {
	case types.StoreInt8:
		w := build.ViewOf[int8](v)
		return func(row int) int64 { return int64(w.At(row)) }
	case types.StoreInt16:
		w := build.ViewOf[int16](v)
		return func(row int) int64 { return int64(w.At(row)) }
	case types.StoreInt32:
		w := build.ViewOf[int32](v)
		return func(row int) int64 { return int64(w.At(row)) }
	}
	w := build.ViewOf[int64](v)
	return w.At
}
