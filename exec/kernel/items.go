package kernel

import (
	"math"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Items is a set of constants, as in IN lists: built once, asked for batches.
type Items struct {
	ints  intSet
	strs  map[string]struct{}
	wide  map[types.Int128]struct{}
	any   *vec.Vec
	width types.Storage
}

// NewItems makes a set of the rows of the flat vector v, none of them NULL.
// String bytes are borrowed.
func NewItems(v *vec.Vec) *Items {
	s := &Items{width: v.Type.Storage()}
	n := v.Len()
	switch s.width {
	case types.StoreString:
		s.strs = make(map[string]struct{}, n)
		for _, x := range vec.Data[string](v) {
			s.strs[x] = struct{}{}
		}
	case types.StoreInt128, types.StoreInterval:
		s.wide = make(map[types.Int128]struct{}, n)
		for _, x := range vec.Data[types.Int128](v) {
			s.wide[x] = struct{}{}
		}
	case types.StoreStruct, types.StoreList, types.StoreNone:
		s.any = v
	default:
		s.ints.init(n)
		for i := range n {
			s.ints.add(intKey(v, i))
		}
	}
	return s
}

// intKey maps a fixed-width value to an integer that is equal for equal SQL values.
func intKey(v *vec.Vec, i int) int64 {
	switch v.Type.Storage() {
	case types.StoreBool:
		return int64(b2i(vec.Data[bool](v)[i]))
	case types.StoreInt8:
		return int64(vec.Data[int8](v)[i])
	case types.StoreInt16:
		return int64(vec.Data[int16](v)[i])
	case types.StoreInt32:
		return int64(vec.Data[int32](v)[i])
	case types.StoreInt64:
		return vec.Data[int64](v)[i]
	case types.StoreFloat32:
		return int64(floatKey(float64(vec.Data[float32](v)[i])))
	case types.StoreFloat64:
		return int64(floatKey(vec.Data[float64](v)[i]))
	}
	return 0
}

// floatKey is the bits of x with one pattern for all NaNs and one for both zeros.
func floatKey(x float64) uint64 {
	if x != x {
		return 0x7ff8000000000000
	}
	return math.Float64bits(x + 0) // -0.0 + 0 is 0.0
}

// Select writes the rows of sel whose value is in the set to out and returns
// them; NULL is in no set. v is flat.
func (s *Items) Select(v *vec.Vec, sel, out []uint16) []uint16 {
	sel = NonNull(v, sel, out)
	if len(sel) == 0 {
		return out[:0]
	}
	out = room(out, len(sel))
	k := 0
	switch s.width {
	case types.StoreString:
		x := vec.Data[string](v)
		for _, i := range sel {
			_, in := s.strs[x[i]]
			out[k] = i
			k += b2i(in)
		}
	case types.StoreInt128, types.StoreInterval:
		x := vec.Data[types.Int128](v)
		for _, i := range sel {
			_, in := s.wide[x[i]]
			out[k] = i
			k += b2i(in)
		}
	case types.StoreInt8:
		k = selectInts(&s.ints, vec.Data[int8](v), sel, out)
	case types.StoreInt16:
		k = selectInts(&s.ints, vec.Data[int16](v), sel, out)
	case types.StoreInt32:
		k = selectInts(&s.ints, vec.Data[int32](v), sel, out)
	case types.StoreInt64:
		k = selectInts(&s.ints, vec.Data[int64](v), sel, out)
	case types.StoreStruct, types.StoreList, types.StoreNone:
		eq := Equals(v, s.any)
		for _, i := range sel {
			in := false
			for j := 0; j < s.any.Len() && !in; j++ {
				in = eq(int(i), j)
			}
			out[k] = i
			k += b2i(in)
		}
	default:
		for _, i := range sel {
			out[k] = i
			k += b2i(s.ints.has(intKey(v, int(i))))
		}
	}
	return out[:k]
}

func selectInts[T Integer](s *intSet, x []T, sel, out []uint16) (k int) {
	if len(s.few) > 0 {
		for _, i := range sel {
			v, in := int64(x[i]), 0
			for _, c := range s.few {
				in |= b2i(v == c)
			}
			out[k] = i
			k += in
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(s.has(int64(x[i])))
	}
	return k
}

// intSet is an open-addressing set of integers, or a short list of a few.
type intSet struct {
	few   []int64
	slots []int64
	shift uint
	zero  bool // 0 marks an empty slot, so its membership is kept here
}

const fewItems = 8

func (s *intSet) init(n int) {
	if n <= fewItems {
		s.few = make([]int64, 0, n)
		return
	}
	bits := uint(4)
	for 1<<bits < 2*n {
		bits++
	}
	s.slots, s.shift = make([]int64, 1<<bits), 64-bits
}

func (s *intSet) add(x int64) {
	if s.slots == nil {
		s.few = append(s.few, x)
		return
	}
	if x == 0 {
		s.zero = true
		return
	}
	m := len(s.slots) - 1
	for i := int(uint64(x) * golden >> s.shift); ; i = (i + 1) & m {
		if s.slots[i] == x {
			return
		}
		if s.slots[i] == 0 {
			s.slots[i] = x
			return
		}
	}
}

func (s *intSet) has(x int64) bool {
	if s.slots == nil {
		for _, c := range s.few {
			if c == x {
				return true
			}
		}
		return false
	}
	if x == 0 {
		return s.zero
	}
	m := len(s.slots) - 1
	for i := int(uint64(x) * golden >> s.shift); ; i = (i + 1) & m {
		c := s.slots[i&m]
		if c == x || c == 0 {
			return c == x
		}
	}
}

const golden = 0x9e3779b97f4a7c15
