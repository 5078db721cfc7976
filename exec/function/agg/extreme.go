package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cond"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func extremeDefs() []function.Def {
	return []function.Def{
		{
			Name: "min", Args: "expr", Doc: "Returns the least value that is not NULL.",
			Examples: ex("SELECT min(a) FROM VALUES (10), (NULL), (5) AS t(a)", "5"), Resolve: extremeOf(-1),
		},
		{
			Name: "max", Args: "expr", Doc: "Returns the greatest value that is not NULL.",
			Examples: ex("SELECT max(a) FROM VALUES (10), (NULL), (5) AS t(a)", "10"), Resolve: extremeOf(1),
		},
	}
}

func notOrderable(c *function.Call, t types.Type) error {
	return sqlerr.New(sqlerr.InvalidOrderingType, "Cannot resolve \"%s\" due to data type mismatch: The `%s` does not support ordering on type \"%s\".",
		function.CallText(c.Name, c.Args), c.Name, t.SQL())
}

func extremeOf(sign int) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 1); err != nil {
			return nil, err
		}
		t := c.Args[0].Type()
		if !cond.Orderable(t) {
			return nil, notOrderable(c, t)
		}
		return &function.Overload{Params: []types.Type{t}, Result: t, Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
			switch t.Storage() {
			case types.StoreInt8:
				return numberExtreme[int8](sign), nil
			case types.StoreInt16:
				return numberExtreme[int16](sign), nil
			case types.StoreInt32:
				return numberExtreme[int32](sign), nil
			case types.StoreInt64:
				return numberExtreme[int64](sign), nil
			case types.StoreFloat32:
				return numberExtreme[float32](sign), nil
			case types.StoreFloat64:
				return numberExtreme[float64](sign), nil
			case types.StoreInt128:
				return fixedExtreme(func(a, b types.Int128) bool { return a.Cmp(b)*sign > 0 }), nil
			case types.StoreBool:
				return fixedExtreme(func(a, b bool) bool { return a != b && a == (sign > 0) }), nil
			}
			return keptExtreme(t, sign), nil
		}}, nil
	}
}

// best is the state of an extreme of fixed-width values.
type best[T any] struct {
	v   T
	has bool
}

// fixedExtreme keeps the value for which better holds against all others.
func fixedExtreme[T vec.Elem](better func(a, b T) bool) *slotAcc[best[T]] {
	offer := func(s *best[T], v T) {
		if !s.has || better(v, s.v) {
			s.v, s.has = v, true
		}
	}
	return &slotAcc[best[T]]{
		bind: func(args []*vec.Vec) func(s *best[T], row int) {
			v := build.ViewOf[T](args[0])
			return func(s *best[T], row int) { offer(s, v.At(row)) }
		},
		merge: func(dst, src *best[T]) {
			if src.has {
				offer(dst, src.v)
			}
		},
		final: func(_ *function.Context, s *best[T], out *vec.Vec, i int) error {
			if !s.has {
				out.SetNull(i)
				return nil
			}
			vec.Data[T](out)[i] = s.v
			return nil
		},
	}
}

// fastExtreme is fixedExtreme of numbers with tight loops for flat columns.
type fastExtreme[T interface {
	vec.Elem
	kernel.Number
}] struct {
	slotAcc[best[T]]
	sign int
	flat vec.Vec
}

func numberExtreme[T interface {
	vec.Elem
	kernel.Number
}](sign int) function.Accumulator {
	f := fixedExtreme(func(a, b T) bool { return larger(a, b, sign) })
	return &fastExtreme[T]{slotAcc: *f, sign: sign}
}

// larger reports whether a is beyond b: greater for sign 1, less for -1. NaN
// is greater than all numbers.
func larger[T kernel.Number](a, b T, sign int) bool {
	if sign > 0 {
		return a > b || a != a && b == b
	}
	return a < b || b != b && a == a
}

func (a *fastExtreme[T]) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	v := flatten(&a.flat, args[0], sel)
	d := vec.Data[T](v)
	slots = slots[:len(sel)]
	for i, r := range sel {
		if v.Valid != nil && !v.Valid.Get(int(r)) {
			continue
		}
		s := (*best[T])(slots[i])
		if x := d[r]; !s.has || larger(x, s.v, a.sign) {
			s.v, s.has = x, true
		}
	}
	return nil
}

func (a *fastExtreme[T]) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	v := flatten(&a.flat, args[0], sel)
	d, st := vec.Data[T](v), (*best[T])(s)
	for _, r := range sel {
		if v.Valid != nil && !v.Valid.Get(int(r)) {
			continue
		}
		if x := d[r]; !st.has || larger(x, st.v, a.sign) {
			st.v, st.has = x, true
		}
	}
	return nil
}

// keptExtreme keeps values of any type in a store.
func keptExtreme(t types.Type, sign int) function.Accumulator {
	return &oneAcc{s: newStore(t), bind: func(s *store, vs []*vec.Vec) func(has bool, row, j int) bool {
		order := kernel.Orders(vs[0], s.cols[0])
		return func(has bool, row, j int) bool {
			return !vs[0].Null(j) && (!has || order(j, row)*sign > 0)
		}
	}}
}
