package vec

import "math/bits"

// Bitmap is a bit a row in 64-bit words, least significant first. Bits past
// the number of rows are unspecified.
type Bitmap []uint64

// Words is the number of words for n rows.
func Words(n int) int { return (n + 63) / 64 }

// Resize returns b with room for n rows, contents unspecified.
func (b Bitmap) Resize(n int) Bitmap {
	w := Words(n)
	if cap(b) < w {
		return make(Bitmap, w)
	}
	return b[:w]
}

// Get, Set and Clear address single rows.
func (b Bitmap) Get(i int) bool { return b[i>>6]>>(uint(i)&63)&1 != 0 }
func (b Bitmap) Set(i int)      { b[i>>6] |= 1 << (uint(i) & 63) }
func (b Bitmap) Clear(i int)    { b[i>>6] &^= 1 << (uint(i) & 63) }

// SetTo sets row i to v.
func (b Bitmap) SetTo(i int, v bool) {
	if v {
		b.Set(i)
	} else {
		b.Clear(i)
	}
}

// SetAll sets the first n bits, ClearAll clears them.
func (b Bitmap) SetAll(n int) {
	for i := range b[:Words(n)] {
		b[i] = ^uint64(0)
	}
}

// ClearAll clears the first n bits (and the rest of the last word).
func (b Bitmap) ClearAll(n int) { clear(b[:Words(n)]) }

// Count returns how many of the first n bits are set.
func (b Bitmap) Count(n int) int {
	c := 0
	for _, w := range b[:n/64] {
		c += bits.OnesCount64(w)
	}
	if r := uint(n) & 63; r != 0 {
		c += bits.OnesCount64(b[n/64] & (1<<r - 1))
	}
	return c
}

// All reports whether the first n bits are all set. A nil bitmap is all set.
func (b Bitmap) All(n int) bool { return b == nil || b.Count(n) == n }

// And stores the conjunction of x and y (nil: all set) over n rows in dst and
// returns it: nil if both are nil, dst's memory otherwise.
func And(dst, x, y Bitmap, n int) Bitmap {
	switch {
	case x == nil && y == nil:
		return nil
	case x == nil:
		x = y
	case y == nil:
		y = x
	}
	dst = dst.Resize(n)
	for i := range dst {
		dst[i] = x[i] & y[i]
	}
	return dst
}
