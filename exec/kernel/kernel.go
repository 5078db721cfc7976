// Package kernel holds the typed loops over vectors that expressions,
// aggregates and joins are made of: comparison, arithmetic, copying.
//
// Loops are branch-free where the data decides and come in two forms: dense,
// over all rows of a batch, and sparse, over a selection. Selections are
// ascending lists of rows; one as long as the vectors is the identity. NULLs
// are handled before the loops, by 64-bit words. Nothing here allocates once
// scratch has grown to the size of a batch.
//
// The package knows nothing of expressions or functions; those are in
// exec/eval and exec/function.
package kernel

import (
	"math/bits"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Integer and Float are the number types of vectors.
type (
	Integer interface{ int8 | int16 | int32 | int64 }
	Float   interface{ float32 | float64 }
	Number  interface{ Integer | Float }
)

// b2i is 1 for true; it compiles to a flag move.
func b2i(b bool) int {
	var i int
	if b {
		i = 1
	}
	return i
}

// room returns out with length n, growing it if needed.
func room(out []uint16, n int) []uint16 {
	if cap(out) < n {
		return make([]uint16, n, max(n, vec.DefaultSize))
	}
	return out[:n]
}

// NonNull writes the rows of sel that are not NULL in v to out and returns
// them; sel itself if there are no NULLs. out may be sel.
func NonNull(v *vec.Vec, sel, out []uint16) []uint16 {
	if v.Valid == nil {
		if v.Type.Kind == types.Null {
			return out[:0]
		}
		return sel
	}
	if v.Enc == vec.Const {
		if v.Valid.Get(0) {
			return sel
		}
		return out[:0]
	}
	return Valid(v.Valid, v.Len(), sel, out)
}

// Valid writes the rows of sel whose bit is set to out and returns them. n is
// the number of rows of the batch.
func Valid(b vec.Bitmap, n int, sel, out []uint16) []uint16 {
	out = room(out, len(sel))
	k := 0
	if len(sel) == n {
		return setBits(b, n, out)
	}
	for _, i := range sel {
		out[k] = i
		k += int(b[i>>6] >> (i & 63) & 1)
	}
	return out[:k]
}

// setBits lists the bits set among the first n.
func setBits(b vec.Bitmap, n int, out []uint16) []uint16 {
	k := 0
	for w := 0; w*64 < n; w++ {
		word := b[w]
		if rest := n - w*64; rest < 64 {
			word &= 1<<uint(rest) - 1
		}
		if word == ^uint64(0) {
			for j := range 64 {
				out[k+j] = uint16(w*64 + j)
			}
			k += 64
			continue
		}
		for ; word != 0; word &= word - 1 {
			out[k] = uint16(w*64 + bits.TrailingZeros64(word))
			k++
		}
	}
	return out[:k]
}

// Nulls writes the rows of sel that are NULL in v to out and returns them.
func Nulls(v *vec.Vec, sel, out []uint16) []uint16 {
	switch {
	case v.Valid == nil && v.Type.Kind == types.Null, v.Valid != nil && v.Enc == vec.Const && !v.Valid.Get(0):
		return append(out[:0], sel...)
	case v.Valid == nil, v.Enc == vec.Const:
		return out[:0]
	}
	out = room(out, len(sel))
	k := 0
	for _, i := range sel {
		out[k] = i
		k += int(^v.Valid[i>>6] >> (i & 63) & 1)
	}
	return out[:k]
}

// True writes the rows of sel whose boolean is true to out and returns them.
// NULL is not true. v may have any encoding; out may be sel.
func True(v *vec.Vec, sel, out []uint16) []uint16 {
	sel = NonNull(v, sel, out)
	switch v.Enc {
	case vec.Const:
		if len(sel) > 0 && vec.Data[bool](v)[0] {
			return sel
		}
		return out[:0]
	case vec.Dict:
		out = room(out, len(sel))
		d, codes, k := vec.Data[bool](v.Dict.Values), v.Codes(), 0
		for _, i := range sel {
			out[k] = i
			k += b2i(d[codes[i]])
		}
		return out[:k]
	}
	out = room(out, len(sel))
	d, k := vec.Data[bool](v), 0
	for _, i := range sel {
		out[k] = i
		k += b2i(d[i])
	}
	return out[:k]
}

// False is True for false.
func False(v *vec.Vec, sel, out []uint16) []uint16 {
	sel = NonNull(v, sel, out)
	out = room(out, len(sel))
	k := 0
	if v.Enc == vec.Flat {
		d := vec.Data[bool](v)
		for _, i := range sel {
			out[k] = i
			k += b2i(!d[i])
		}
		return out[:k]
	}
	d := vec.Data[bool](v.Base())
	for _, i := range sel {
		out[k] = i
		k += b2i(!d[v.Index(int(i))])
	}
	return out[:k]
}

// Minus writes the rows of sel that are not in sub, a part of it, to out and
// returns them. out may be sel.
func Minus(sel, sub, out []uint16) []uint16 {
	if len(sub) == 0 {
		if cap(out) > 0 && len(sel) > 0 && &out[:1][0] == &sel[0] {
			return sel
		}
		return append(out[:0], sel...)
	}
	out = room(out, len(sel))
	k, j := 0, 0
	for _, i := range sel {
		if j < len(sub) && sub[j] == i {
			j++
			continue
		}
		out[k] = i
		k++
	}
	return out[:k]
}

// Merge writes the union of two ascending selections without common rows to
// out, which must not overlap them, and returns it.
func Merge(a, b, out []uint16) []uint16 {
	out = room(out, len(a)+len(b))
	k, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		x, y := a[i], b[j]
		less := b2i(x < y)
		out[k] = min(x, y)
		i += less
		j += 1 - less
		k++
	}
	k += copy(out[k:], a[i:])
	k += copy(out[k:], b[j:])
	return out[:k]
}
