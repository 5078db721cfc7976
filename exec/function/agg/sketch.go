package agg

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func sketchDefs() []function.Def {
	return []function.Def{{
		Name: "approx_count_distinct", Args: "expr[, relativeSD]",
		Doc:      "Returns an estimate of the number of different values that are not NULL, by HyperLogLog; relativeSD is the standard deviation allowed (0.05).",
		Examples: ex("SELECT approx_count_distinct(a) FROM VALUES (1), (1), (2), (2), (3) AS t(a)", "3"),
		Resolve:  approxCount,
	}}
}

func approxCount(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	rsd := 0.05
	params := []types.Type{c.Args[0].Type(), types.Float64Type}[:len(c.Args)]
	if len(c.Args) > 1 {
		l := literal(c.Args[1])
		if l == nil || l.Value == nil {
			return nil, build.NonFoldable(c, 1, "relativeSD", `"DOUBLE"`)
		}
		rsd = fractions(l)[0]
	}
	p := uint(min(max(math.Ceil(2*math.Log(1.106/rsd)/math.Ln2), 4), 16))
	return &function.Overload{Params: params, Result: types.Int64Type, Nulls: function.NullOwn, NotNull: true, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
		return &hll{p: p}, nil
	}}, nil
}

// hll counts distinct values by HyperLogLog with 2^p registers a group, which
// lie one after the other; a slot holds the number of a group and one.
type hll struct {
	p    uint
	regs []byte
	prep row.Prep
	key  [1]*vec.Vec
	hash []uint64
}

type hllState struct{ id int64 }

func (a *hll) Size() int                { return 8 }
func (a *hll) Extra() int64             { return int64(cap(a.regs)) }
func (a *hll) StateTypes() []types.Type { return []types.Type{types.BinaryType} }

// of returns the registers of a state, making them if need be.
func (a *hll) of(s slot) []byte {
	st := (*hllState)(s)
	m := 1 << a.p
	if st.id == 0 {
		st.id = int64(len(a.regs)/m) + 1
		a.regs = append(a.regs, make([]byte, m)...)
	}
	lo := int(st.id-1) * m
	return a.regs[lo : lo+m]
}

func (a *hll) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	hashes := a.hashes(args[0], sel)
	for i, r := range sel {
		if !args[0].Null(int(r)) {
			a.add(a.of(slots[i]), hashes[r])
		}
	}
	return nil
}

func (a *hll) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	hashes := a.hashes(args[0], sel)
	for _, r := range sel {
		if !args[0].Null(int(r)) {
			a.add(a.of(s), hashes[r])
		}
	}
	return nil
}

func (a *hll) hashes(v *vec.Vec, sel []uint16) []uint64 {
	if n := v.Len(); cap(a.hash) < n {
		a.hash = make([]uint64, n)
	}
	a.hash = a.hash[:v.Len()]
	a.key[0] = a.prep.Key(v, sel)
	row.Hash(a.key[:], sel, a.hash)
	for _, r := range sel {
		a.hash[r] = row.Uniform(a.hash[r])
	}
	return a.hash
}

func (a *hll) add(regs []byte, h uint64) {
	i := h >> (64 - a.p)
	rank := byte(bits.LeadingZeros64(h<<a.p|1<<(a.p-1)) + 1)
	regs[i] = max(regs[i], rank)
}

func join(dst, src []byte) {
	for i, r := range src[:len(dst)] {
		dst[i] = max(dst[i], r)
	}
}

func (a *hll) Merge(_ *function.Context, dst []slot, from function.Accumulator, src []slot) error {
	b := from.(*hll)
	for i := range dst {
		if (*hllState)(src[i]).id > 0 {
			join(a.of(dst[i]), b.of(src[i]))
		}
	}
	return nil
}

func (a *hll) Save(slots []slot, outs []*vec.Vec) error {
	o := vec.Data[string](outs[0])
	for i, s := range slots {
		o[i] = ""
		if (*hllState)(s).id > 0 {
			o[i] = string(a.of(s))
		}
	}
	return nil
}

func (a *hll) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	in := build.ViewOf[string](ins[0])
	for i, r := range sel {
		if s := in.At(int(r)); s != "" {
			join(a.of(slots[i]), unsafe.Slice(unsafe.StringData(s), len(s)))
		}
	}
	return nil
}

func (a *hll) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	o := vec.Data[int64](out)
	for i, s := range slots {
		o[i] = 0
		if (*hllState)(s).id > 0 {
			o[i] = estimate(a.of(s))
		}
	}
	return nil
}

// estimate is HyperLogLog's harmonic mean, and linear counting while few
// registers are used.
func estimate(regs []byte) int64 {
	m := float64(len(regs))
	sum, zeros := 0.0, 0
	for _, r := range regs {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			zeros++
		}
	}
	alpha := 0.7213 / (1 + 1.079/m)
	e := alpha * m * m / sum
	if zeros > 0 && e <= 2.5*m {
		e = m * math.Log(m/float64(zeros))
	}
	return int64(math.Round(e))
}
