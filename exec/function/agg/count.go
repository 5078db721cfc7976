package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func countDefs() []function.Def {
	return []function.Def{
		{
			Name: "count", Args: "* | expr[, …]",
			Doc:      "Returns the number of rows, or of rows in which no argument is NULL.",
			Examples: ex("SELECT count(a) FROM VALUES (1), (NULL), (2) AS t(a)", "2"),
			Resolve: of(build.Rest(types.Int64Type, 0, build.Any), true, func([]types.Type, types.Type) maker {
				return func(*expr.Agg) (function.Accumulator, error) { return &countAcc{}, nil }
			}),
		},
		{
			Name: "count_if", Args: "condition",
			Doc:      "Returns the number of rows for which the condition is true.",
			Examples: ex("SELECT count_if(a > 1) FROM VALUES (1), (NULL), (2) AS t(a)", "1"),
			Resolve: of(build.Fixed(types.Int64Type, types.BoolType), true, func([]types.Type, types.Type) maker {
				return func(*expr.Agg) (function.Accumulator, error) {
					return &slotAcc[function.CountState]{
						bind: func(args []*vec.Vec) func(s *function.CountState, row int) {
							v := build.ViewOf[bool](args[0])
							return func(s *function.CountState, row int) {
								if v.At(row) {
									s.N++
								}
							}
						},
						merge: func(dst, src *function.CountState) { dst.N += src.N },
						final: func(_ *function.Context, s *function.CountState, out *vec.Vec, i int) error {
							vec.Data[int64](out)[i] = s.N
							return nil
						},
					}, nil
				}
			}),
		},
	}
}

// countAcc is count: without arguments, of all rows.
type countAcc struct{}

func (a *countAcc) Size() int                    { return 8 }
func (a *countAcc) Layout() function.StateLayout { return function.Count }
func (a *countAcc) Extra() int64                 { return 0 }
func (a *countAcc) StateTypes() []types.Type     { return []types.Type{types.Int64Type} }

func (a *countAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	if noNulls(args) {
		for i := range sel {
			(*function.CountState)(slots[i]).N++
		}
		return nil
	}
	for i, r := range sel {
		if !anyNull(args, int(r)) {
			(*function.CountState)(slots[i]).N++
		}
	}
	return nil
}

// noNulls reports whether no argument has NULLs.
func noNulls(args []*vec.Vec) bool {
	for _, a := range args {
		if a.Valid != nil && !(a.Enc == vec.Const && a.Valid.Get(0)) || a.Type.Kind == types.Null {
			return false
		}
	}
	return true
}

func (a *countAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	st := (*function.CountState)(s)
	switch {
	case noNulls(args):
		st.N += int64(len(sel))
	case len(args) == 1 && args[0].Enc != vec.Const && len(sel) == args[0].Len() && args[0].Valid != nil:
		st.N += int64(args[0].Valid.Count(len(sel)))
	default:
		for _, r := range sel {
			if !anyNull(args, int(r)) {
				st.N++
			}
		}
	}
	return nil
}

func (a *countAcc) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		(*function.CountState)(dst[i]).N += (*function.CountState)(src[i]).N
	}
	return nil
}

func (a *countAcc) Save(slots []slot, outs []*vec.Vec) error {
	o := vec.Data[int64](outs[0])
	for i, s := range slots {
		o[i] = (*function.CountState)(s).N
	}
	return nil
}

func (a *countAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	in := build.ViewOf[int64](ins[0])
	for i, r := range sel {
		(*function.CountState)(slots[i]).N += in.At(int(r))
	}
	return nil
}

func (a *countAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	return a.Save(slots, []*vec.Vec{out})
}
