// Package row lays out rows in arenas, for hash tables: the columns of a row
// side by side, so that what a probe touches lies in a cache line or two.
//
// A row is a fixed number of bytes that never moves:
//
//	head (owner's) │ columns, widest first │ null bits │ tail (owner's, aligned to 8)
//
// Values of fixed width lie as in vectors. A string takes 16 bytes: its length
// and, up to 12 bytes long, the string itself, else its first 4 bytes and the address of
// all of them in the arena. Nested values are strings too (see Encode). A null
// bit is set where the value is NULL, whose bytes are then zero.
//
// Scatter moves vectors into rows, Gather rows into vectors, Match compares
// them, each a column at a time. Columns that serve as keys are prepared by
// Keys first, which gives equality its SQL meaning; rows and prepared vectors
// then compare by their bits.
//
// Rows are addressed by unsafe.Pointer. In functions that take a selection
// and rows, rows is indexed by row number of the batch, like the vectors.
package row

import (
	"slices"
	"unsafe"

	"github.com/volley-sql/volley/internal/types"
)

// Layout is where the parts of a row lie. It is immutable.
type Layout struct {
	Types []types.Type
	// Size is the bytes of a row, a multiple of 8; Tail is where the tail starts.
	Size, Tail int

	cols      []column
	nulls     int // offset of the null bytes
	nullBytes int
	strs      []int // offsets of columns that are strings
	keys      int   // columns 0 … keys-1 are compared by Equal
	// masks of the null bytes that belong to keys
	masks []byte
}

type column struct {
	kind class
	off  int
	null int  // offset of the byte with the null bit
	bit  byte // the bit
}

// class is how a column is stored.
type class uint8

const (
	none class = iota // NULL type
	w1
	w2
	w4
	w8
	w16
	str    // string
	nested // encoded into a string
)

var classOf = [...]class{
	types.StoreNone: none, types.StoreBool: w1, types.StoreInt8: w1, types.StoreInt16: w2, types.StoreInt32: w4,
	types.StoreFloat32: w4, types.StoreInt64: w8, types.StoreFloat64: w8, types.StoreInt128: w16, types.StoreInterval: w16,
	types.StoreString: str, types.StoreList: nested, types.StoreStruct: nested,
}

var widths = [...]int{none: 0, w1: 1, w2: 2, w4: 4, w8: 8, w16: 16, str: 16, nested: 16}

// NewLayout lays out rows of head bytes for the owner, columns of the given
// types of which the first keys are key columns, and tail bytes more. Columns
// that are not nullable (nullable nil: all are) must never be given a NULL.
func NewLayout(head int, ts []types.Type, nullable []bool, keys, tail int) *Layout {
	l := &Layout{Types: ts, cols: make([]column, len(ts)), keys: keys}
	order := make([]int, len(ts))
	for i, t := range ts {
		order[i] = i
		l.cols[i].kind = classOf[t.Storage()]
	}
	slices.SortStableFunc(order, func(a, b int) int { return widths[l.cols[b].kind] - widths[l.cols[a].kind] })
	off := (head + 7) &^ 7
	for _, i := range order {
		l.cols[i].off = off
		if k := l.cols[i].kind; k == str || k == nested {
			l.strs = append(l.strs, off)
		}
		off += widths[l.cols[i].kind]
	}
	l.nulls = off
	n := 0
	for i := range l.cols {
		if nullable != nil && !nullable[i] {
			continue // bit 0: never set
		}
		l.cols[i].null, l.cols[i].bit = off+n/8, 1<<(n%8)
		if i < keys {
			if n/8 == len(l.masks) {
				l.masks = append(l.masks, 0)
			}
			l.masks[n/8] |= l.cols[i].bit
		}
		n++
	}
	l.nullBytes = (n + 7) / 8
	off += l.nullBytes
	l.Tail = (off + 7) &^ 7
	l.Size = l.Tail + (tail+7)&^7
	return l
}

// Clear makes all columns of a row not null. It comes before Scatter.
func (l *Layout) Clear(r unsafe.Pointer) {
	for i := range l.nullBytes {
		*(*byte)(unsafe.Add(r, l.nulls+i)) = 0
	}
}

// IsNull reports whether column c of r is NULL.
func (l *Layout) IsNull(c int, r unsafe.Pointer) bool {
	k := &l.cols[c]
	return k.kind == none || *(*byte)(unsafe.Add(r, k.null))&k.bit != 0
}

// Equal reports whether the key columns of two rows are equal, NULL being equal to NULL.
func (l *Layout) Equal(a, b unsafe.Pointer) bool {
	for i, m := range l.masks {
		if (*(*byte)(unsafe.Add(a, l.nulls+i))^*(*byte)(unsafe.Add(b, l.nulls+i)))&m != 0 {
			return false
		}
	}
	for i := range l.cols[:l.keys] {
		c := &l.cols[i]
		x, y := unsafe.Add(a, c.off), unsafe.Add(b, c.off)
		var same bool
		switch c.kind {
		case none:
			same = true
		case w1:
			same = *(*uint8)(x) == *(*uint8)(y)
		case w2:
			same = *(*uint16)(x) == *(*uint16)(y)
		case w4:
			same = *(*uint32)(x) == *(*uint32)(y)
		case w8:
			same = *(*uint64)(x) == *(*uint64)(y)
		case w16:
			same = *(*[2]uint64)(x) == *(*[2]uint64)(y)
		case str, nested:
			p, q := (*[2]uint64)(x), (*[2]uint64)(y)
			same = p[0] == q[0] && (p[1] == q[1] || uint32(p[0]) > inline && stringAt(x) == stringAt(y))
		}
		if !same {
			return false
		}
	}
	return true
}

// inline is the longest string held in the row itself.
const inline = 12

// stringAt returns the string of the 16 bytes at p, sharing memory with the arena.
func stringAt(p unsafe.Pointer) string {
	n := int(*(*uint32)(p))
	if n <= inline {
		return unsafe.String((*byte)(unsafe.Add(p, 4)), n)
	}
	return unsafe.String(*(**byte)(unsafe.Add(p, 8)), n)
}

// Offset is where the bytes of column c lie in a row.
func (l *Layout) Offset(c int) int { return l.cols[c].off }

// Word reports whether column c is a value of 8 bytes.
func (l *Layout) Word(c int) bool { return l.cols[c].kind == w8 }

// Int returns the value of the integer column c of row r.
func (l *Layout) Int(c int, r unsafe.Pointer) int64 {
	p := unsafe.Add(r, l.cols[c].off)
	switch l.cols[c].kind {
	case w1:
		return int64(*(*int8)(p))
	case w2:
		return int64(*(*int16)(p))
	case w4:
		return int64(*(*int32)(p))
	}
	return *(*int64)(p)
}

// EqualWord is Equal for a single key of 8 bytes.
func (l *Layout) EqualWord(a, b unsafe.Pointer) bool {
	c := &l.cols[0]
	return *(*uint64)(unsafe.Add(a, c.off)) == *(*uint64)(unsafe.Add(b, c.off)) &&
		(*(*byte)(unsafe.Add(a, c.null))^*(*byte)(unsafe.Add(b, c.null)))&c.bit == 0
}

// HashWord is the hash of row r by its first column, the only key, which is at most 8 bytes wide.
func (l *Layout) HashWord(r unsafe.Pointer) uint64 {
	p := unsafe.Add(r, l.cols[0].off)
	switch l.cols[0].kind {
	case w1:
		return Word(uint64(*(*uint8)(p)))
	case w2:
		return Word(uint64(*(*uint16)(p)))
	case w4:
		return Word(uint64(*(*uint32)(p)))
	}
	return Word(*(*uint64)(p))
}
