package row

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
)

// Match splits sel by whether the key columns of rows[sel[i]] equal row sel[i]
// of the prepared keys, NULL being equal to NULL: equal ones are appended to
// eq[:0], which may be sel's memory, the others to ne.
func (l *Layout) Match(keys []*vec.Vec, sel []uint16, rows []unsafe.Pointer, eq, ne []uint16) ([]uint16, []uint16) {
	for c := range l.cols[:l.keys] {
		k, v := &l.cols[c], keys[c]
		if v.Valid != nil {
			eq, ne = matchNulls(k, v.Valid, sel, rows, eq, ne)
		} else {
			eq, ne = matchValid(k, sel, rows, eq, ne)
		}
		sel = eq
		switch k.kind {
		case w1:
			eq, ne = match(vec.Raw[uint8](v), sel, rows, k.off, eq, ne)
		case w2:
			eq, ne = match(vec.Raw[uint16](v), sel, rows, k.off, eq, ne)
		case w4:
			eq, ne = match(vec.Raw[uint32](v), sel, rows, k.off, eq, ne)
		case w8:
			eq, ne = match(vec.Raw[uint64](v), sel, rows, k.off, eq, ne)
		case w16:
			eq, ne = match(vec.Raw[[2]uint64](v), sel, rows, k.off, eq, ne)
		case str, nested:
			eq, ne = matchStrings(vec.Raw[string](v), sel, rows, k.off, eq, ne)
		}
		sel = eq
	}
	if l.keys == 0 {
		eq = append(eq[:0], sel...)
	}
	return eq, ne
}

// matchNulls keeps rows whose null bit is that of the vector. Values of NULLs
// are zero in rows; prepared vectors have zeros there too, so values can be compared regardless.
func matchNulls(k *column, valid vec.Bitmap, sel []uint16, rows []unsafe.Pointer, eq, ne []uint16) ([]uint16, []uint16) {
	eq = eq[:0]
	for _, r := range sel {
		if (*(*byte)(unsafe.Add(rows[r], k.null))&k.bit == 0) == valid.Get(int(r)) {
			eq = append(eq, r)
		} else {
			ne = append(ne, r)
		}
	}
	return eq, ne
}

func matchValid(k *column, sel []uint16, rows []unsafe.Pointer, eq, ne []uint16) ([]uint16, []uint16) {
	eq = eq[:0]
	for _, r := range sel {
		if *(*byte)(unsafe.Add(rows[r], k.null))&k.bit == 0 {
			eq = append(eq, r)
		} else {
			ne = append(ne, r)
		}
	}
	return eq, ne
}

func match[T comparable](data []T, sel []uint16, rows []unsafe.Pointer, off int, eq, ne []uint16) ([]uint16, []uint16) {
	eq = eq[:0]
	for _, r := range sel {
		if *(*T)(unsafe.Add(rows[r], off)) == data[r] {
			eq = append(eq, r)
		} else {
			ne = append(ne, r)
		}
	}
	return eq, ne
}

func matchStrings(data []string, sel []uint16, rows []unsafe.Pointer, off int, eq, ne []uint16) ([]uint16, []uint16) {
	eq = eq[:0]
	for _, r := range sel {
		p := unsafe.Add(rows[r], off)
		s := data[r]
		if int(*(*uint32)(p)) == len(s) && stringAt(p) == s {
			eq = append(eq, r)
		} else {
			ne = append(ne, r)
		}
	}
	return eq, ne
}
