package join

import (
	"math"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

func hasNulls(v *vec.Vec) bool { return v.Valid != nil || v.Type.Kind == types.Null }

// keyRange is the smallest and largest value of an integer key (any type
// stored as int8 … int64).
type keyRange struct {
	some     bool
	min, max int64
}

// integer reports whether a single key of type t is hashed as one word.
func integer(t types.Type) bool {
	switch t.Storage() {
	case types.StoreBool, types.StoreFloat32, types.StoreFloat64:
		return true
	}
	return ranged(t)
}

// ranged reports whether keys of type t have a range.
func ranged(t types.Type) bool {
	switch t.Storage() {
	case types.StoreInt8, types.StoreInt16, types.StoreInt32, types.StoreInt64:
		return true
	}
	return false
}

func (k *keyRange) add(v *vec.Vec, sel []uint16) {
	if len(sel) == 0 {
		return
	}
	switch v.Type.Storage() {
	case types.StoreInt8:
		bounds(k, vec.Data[int8](v), v.Valid, sel)
	case types.StoreInt16:
		bounds(k, vec.Data[int16](v), v.Valid, sel)
	case types.StoreInt32:
		bounds(k, vec.Data[int32](v), v.Valid, sel)
	case types.StoreInt64:
		bounds(k, vec.Data[int64](v), v.Valid, sel)
	}
}

func bounds[T int8 | int16 | int32 | int64](k *keyRange, data []T, valid vec.Bitmap, sel []uint16) {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, r := range sel {
		if valid != nil && !valid.Get(int(r)) {
			continue
		}
		x := int64(data[r])
		lo, hi = min(lo, x), max(hi, x)
	}
	if lo <= hi {
		k.union(keyRange{true, lo, hi})
	}
}

func (k *keyRange) union(o keyRange) {
	switch {
	case !o.some:
	case !k.some:
		*k = o
	default:
		k.min, k.max = min(k.min, o.min), max(k.max, o.max)
	}
}

// width is the number of integers in the range, saturating.
func (k keyRange) width() uint64 {
	if !k.some {
		return 0
	}
	w := uint64(k.max) - uint64(k.min) + 1
	if w == 0 {
		return math.MaxUint64
	}
	return w
}
