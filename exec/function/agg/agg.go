// Package agg defines the aggregate functions.
//
// Three kinds of state, from fast to general:
//
//   - sums, counts and averages keep the layouts of function.Fixed, which the
//     aggregation operators also update themselves (sum.go, count.go);
//   - small states without pointers lie in their slots altogether ([slotAcc]):
//     moments, booleans, bits, minima of fixed width;
//   - values and rows live in vectors of the Accumulator, and slots hold their
//     numbers ([keeper]): minima of strings, first, lists, percentiles.
//
// Finding groups, DISTINCT and FILTER are the operators' work (exec/agg,
// exec/window).
package agg

import (
	"slices"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

type slot = unsafe.Pointer

func ex(sql, want string) []function.Example { return []function.Example{{SQL: sql, Want: want}} }

// Defs lists the family.
func Defs() []function.Def {
	ds := slices.Concat(countDefs(), sumDefs(), extremeDefs(), firstDefs(), boolDefs(), momentDefs(), regressionDefs(),
		listDefs(), percentileDefs(), byDefs(), sketchDefs(), vectorDefs(), bitmapDefs(), histogramDefs())
	for i := range ds {
		ds[i].Kind, ds[i].Family, ds[i].Since = function.Aggregate, "aggregate", "0.1"
	}
	return ds
}

// maker makes the states of a call.
type maker = func(call *expr.Agg) (function.Accumulator, error)

// of is a Resolve by signature; notNull says that a group without rows gives a value.
func of(sig build.Signature, notNull bool, m func(args []types.Type, result types.Type) maker) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		params, result, err := sig(c)
		if err != nil {
			return nil, err
		}
		return &function.Overload{Params: params, Result: result, Nulls: function.NullOwn, NotNull: notNull, Accumulator: m(params, result)}, nil
	}
}

// slotAcc keeps a state S, a struct without pointers whose zero value is the
// empty state, in each slot. Rows with a NULL argument are left out.
type slotAcc[S any] struct {
	// bind prepares the arguments of a batch for add.
	bind  func(args []*vec.Vec) func(s *S, row int)
	merge func(dst, src *S)
	final func(c *function.Context, s *S, out *vec.Vec, i int) error
}

func (a *slotAcc[S]) Size() int {
	var s S
	return (int(unsafe.Sizeof(s)) + 7) &^ 7
}

func (a *slotAcc[S]) Layout() function.StateLayout { return function.Private }
func (a *slotAcc[S]) Extra() int64                 { return 0 }

func (a *slotAcc[S]) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	add := a.bind(args)
	for i, r := range sel {
		if !anyNull(args, int(r)) {
			add((*S)(slots[i]), int(r))
		}
	}
	return nil
}

func (a *slotAcc[S]) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	add := a.bind(args)
	for _, r := range sel {
		if !anyNull(args, int(r)) {
			add((*S)(s), int(r))
		}
	}
	return nil
}

func anyNull(args []*vec.Vec, row int) bool {
	for _, a := range args {
		if a.Null(row) {
			return true
		}
	}
	return false
}

func (a *slotAcc[S]) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		a.merge((*S)(dst[i]), (*S)(src[i]))
	}
	return nil
}

// A state travels as its bytes, which are little-endian on every platform the
// engine runs on.
func (a *slotAcc[S]) StateTypes() []types.Type { return []types.Type{types.BinaryType} }

func (a *slotAcc[S]) Save(slots []slot, outs []*vec.Vec) error {
	n := a.Size()
	all := make([]byte, 0, n*len(slots))
	o := vec.Data[string](outs[0])
	for i, s := range slots {
		lo := len(all)
		all = append(all, unsafe.Slice((*byte)(s), n)...)
		o[i] = unsafe.String(&all[lo], n)
	}
	return nil
}

func (a *slotAcc[S]) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	in := build.ViewOf[string](ins[0])
	for i, r := range sel {
		var s S
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&s)), unsafe.Sizeof(s)), in.At(int(r)))
		a.merge((*S)(slots[i]), &s)
	}
	return nil
}

func (a *slotAcc[S]) Final(c *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		if err := a.final(c, (*S)(s), out, i); err != nil {
			return err
		}
	}
	return nil
}
