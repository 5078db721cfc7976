package agg

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func vectorDefs() []function.Def {
	return []function.Def{
		{
			Name: "vector_sum", Args: "array", Doc: "Returns the sums of the elements of vectors of FLOAT of equal length. Vectors with NULLs are left out.",
			Examples: ex("SELECT vector_sum(v) FROM VALUES (array(1.0F, 2.0F)), (array(3.0F, 4.0F)) AS t(v)", "[4.0,6.0]"), Resolve: vectorOf(false),
		},
		{
			Name: "vector_avg", Args: "array", Doc: "Returns the averages of the elements of vectors of FLOAT of equal length. Vectors with NULLs are left out.",
			Examples: ex("SELECT vector_avg(v) FROM VALUES (array(1.0F, 2.0F)), (array(3.0F, 4.0F)) AS t(v)", "[2.0,3.0]"), Resolve: vectorOf(true),
		},
	}
}

func vectorOf(avg bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 1); err != nil {
			return nil, err
		}
		t := c.Args[0].Type()
		if t.Kind != types.Array || t.Elem().Kind != types.Float32 {
			return nil, build.WrongType(c, 0, `"ARRAY<FLOAT>"`)
		}
		name := c.Name
		return &function.Overload{Params: []types.Type{t}, Result: t, Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
			return &vectorAcc{name: name, avg: avg}, nil
		}}, nil
	}
}

// vectorState is a slot that names a stretch of vectorAcc.sums.
type vectorState struct {
	count    int64 // vectors added; 0: there is no stretch
	off, len int32
}

// vectorAcc adds vectors, or keeps their running mean, in single precision.
type vectorAcc struct {
	name string
	avg  bool
	sums []float32
}

func (a *vectorAcc) Size() int    { return 16 }
func (a *vectorAcc) Extra() int64 { return int64(cap(a.sums)) * 4 }

func (a *vectorAcc) StateTypes() []types.Type {
	return []types.Type{types.Int64Type, types.ArrayType(types.Float32Type, false)}
}

// add adds count vectors whose sum or mean is xs.
func (a *vectorAcc) add(s *vectorState, xs []float32, count int64) error {
	if s.count == 0 {
		if all := int64(len(a.sums)) + int64(len(xs)); all > math.MaxInt32 {
			return sqlerr.New(sqlerr.MemoryLimit, "The vectors of the groups of `%s` would take %d bytes in one task; the most is %d.", a.name, all*4, int64(math.MaxInt32)*4)
		}
		*s = vectorState{count: count, off: int32(len(a.sums)), len: int32(len(xs))}
		a.sums = append(a.sums, xs...)
		return nil
	}
	if int(s.len) != len(xs) {
		return sqlerr.New(sqlerr.VectorDimension, "Vectors passed to `%s` must have the same dimension, but got %d and %d.", a.name, s.len, len(xs))
	}
	s.count += count
	sums := a.sums[s.off:][:s.len]
	if !a.avg {
		for i, x := range xs {
			sums[i] += x
		}
		return nil
	}
	for i, x := range xs {
		sums[i] += (x - sums[i]) * (float32(count) / float32(s.count))
	}
	return nil
}

// vectorAt is the vector at a row, nil if it is NULL or holds a NULL.
func vectorAt(v *vec.Vec, row int) []float32 {
	if v.Null(row) {
		return nil
	}
	lo, hi := build.Elements(v, row)
	kid := v.Base().Kids[0]
	out := make([]float32, 0, hi-lo)
	for k := lo; k < hi; k++ {
		if kid.Null(k) {
			return nil
		}
		out = append(out, build.At[float32](kid, k))
	}
	return out
}

func (a *vectorAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	for i, r := range sel {
		if xs := vectorAt(args[0], int(r)); xs != nil {
			if err := a.add((*vectorState)(slots[i]), xs, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *vectorAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	for _, r := range sel {
		if xs := vectorAt(args[0], int(r)); xs != nil {
			if err := a.add((*vectorState)(s), xs, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *vectorAcc) Merge(_ *function.Context, dst []slot, from function.Accumulator, src []slot) error {
	for i := range dst {
		if s := (*vectorState)(src[i]); s.count > 0 {
			if err := a.add((*vectorState)(dst[i]), from.(*vectorAcc).sums[s.off:][:s.len], s.count); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *vectorAcc) Save(slots []slot, outs []*vec.Vec) error {
	for i, p := range slots {
		s := (*vectorState)(p)
		vec.Data[int64](outs[0])[i] = s.count
		a.put(s, outs[1], i)
	}
	return nil
}

func (a *vectorAcc) put(s *vectorState, out *vec.Vec, i int) {
	kid := out.Kids[0]
	off := kid.Extend(int(s.len))
	copy(vec.Data[float32](kid)[off:], a.sums[s.off:][:s.len])
	vec.Data[vec.List](out)[i] = vec.List{Off: int32(off), Len: s.len}
}

func (a *vectorAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	for i, r := range sel {
		if n := build.At[int64](ins[0], int(r)); n > 0 {
			if err := a.add((*vectorState)(slots[i]), vectorAt(ins[1], int(r)), n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *vectorAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, p := range slots {
		if s := (*vectorState)(p); s.count > 0 {
			a.put(s, out, i)
		} else {
			out.SetNull(i)
		}
	}
	return nil
}
