package kernel

import "cmp"

// The loops of comparison. Each writes the rows of sel (all of x if dense)
// that pass to out, which has room, and returns how many there are. neg is 1
// to pass the others: >= is not <. For floats the constant forms are right if
// the constant is not NaN: NaN is larger than all numbers.

func ltConst[T cmp.Ordered](x []T, c T, sel, out []uint16, neg int) (k int) {
	if len(sel) == len(x) {
		for i, v := range x {
			out[k] = uint16(i)
			k += b2i(v < c) ^ neg
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(x[i] < c) ^ neg
	}
	return k
}

func leConst[T cmp.Ordered](x []T, c T, sel, out []uint16, neg int) (k int) {
	if len(sel) == len(x) {
		for i, v := range x {
			out[k] = uint16(i)
			k += b2i(v <= c) ^ neg
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(x[i] <= c) ^ neg
	}
	return k
}

func eqConst[T cmp.Ordered](x []T, c T, sel, out []uint16, neg int) (k int) {
	if len(sel) == len(x) {
		for i, v := range x {
			out[k] = uint16(i)
			k += b2i(v == c) ^ neg
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(x[i] == c) ^ neg
	}
	return k
}

func ltCols[T cmp.Ordered](x, y []T, sel, out []uint16, neg int) (k int) {
	if len(sel) == len(x) {
		y = y[:len(x)]
		for i, v := range x {
			out[k] = uint16(i)
			k += b2i(v < y[i]) ^ neg
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(x[i] < y[i]) ^ neg
	}
	return k
}

func eqCols[T cmp.Ordered](x, y []T, sel, out []uint16, neg int) (k int) {
	if len(sel) == len(x) {
		y = y[:len(x)]
		for i, v := range x {
			out[k] = uint16(i)
			k += b2i(v == y[i]) ^ neg
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(x[i] == y[i]) ^ neg
	}
	return k
}

// rangeInts passes lo <= x <= hi with one comparison; lo <= hi.
func rangeInts[T Integer](x []T, lo, hi T, sel, out []uint16) (k int) {
	l, w := int64(lo), uint64(int64(hi)-int64(lo))
	if len(sel) == len(x) {
		for i, v := range x {
			out[k] = uint16(i)
			k += b2i(uint64(int64(v)-l) <= w)
		}
		return k
	}
	for _, i := range sel {
		out[k] = i
		k += b2i(uint64(int64(x[i])-l) <= w)
	}
	return k
}

// rangeOrdered passes lo <= x <= hi (lo < x, x < hi where open). Floats: no
// bound may be NaN; NaN is larger than hi.
func rangeOrdered[T cmp.Ordered](x []T, lo, hi T, openLo, openHi bool, sel, out []uint16) (k int) {
	for _, i := range sel {
		v := x[i]
		out[k] = i
		k += b2i(v > lo || !openLo && v == lo) & b2i(v < hi || !openHi && v == hi)
	}
	return k
}

// The same comparisons to booleans. Dense forms write all rows: fixed-width
// values of rows outside the selection are garbage, but harmless.

func boolsLtConst[T cmp.Ordered](x []T, c T, out []bool, neg bool) {
	out = out[:len(x)]
	for i, v := range x {
		out[i] = (v < c) != neg
	}
}

func boolsLeConst[T cmp.Ordered](x []T, c T, out []bool, neg bool) {
	out = out[:len(x)]
	for i, v := range x {
		out[i] = (v <= c) != neg
	}
}

func boolsEqConst[T cmp.Ordered](x []T, c T, out []bool, neg bool) {
	out = out[:len(x)]
	for i, v := range x {
		out[i] = (v == c) != neg
	}
}

func boolsLtCols[T cmp.Ordered](x, y []T, out []bool, neg bool) {
	out, y = out[:len(x)], y[:len(x)]
	for i, v := range x {
		out[i] = (v < y[i]) != neg
	}
}

func boolsEqCols[T cmp.Ordered](x, y []T, out []bool, neg bool) {
	out, y = out[:len(x)], y[:len(x)]
	for i, v := range x {
		out[i] = (v == y[i]) != neg
	}
}
