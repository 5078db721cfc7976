package sort

import (
	"bytes"
	"strings"

	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// CompareValues orders two values that are not NULL, row i of a and row j of
// b, flat vectors of one type: -1, 0 or 1. NULLs inside of arrays and structs
// come first.
func CompareValues(a *vec.Vec, i int, b *vec.Vec, j int) int {
	switch a.Type.Storage() {
	case types.StoreBool:
		x, y := vec.Data[bool](a)[i], vec.Data[bool](b)[j]
		switch {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case types.StoreInt8:
		return cmp(vec.Data[int8](a)[i], vec.Data[int8](b)[j])
	case types.StoreInt16:
		return cmp(vec.Data[int16](a)[i], vec.Data[int16](b)[j])
	case types.StoreInt32:
		return cmp(vec.Data[int32](a)[i], vec.Data[int32](b)[j])
	case types.StoreInt64:
		return cmp(vec.Data[int64](a)[i], vec.Data[int64](b)[j])
	case types.StoreInt128:
		return vec.Data[types.Int128](a)[i].Cmp(vec.Data[types.Int128](b)[j])
	case types.StoreFloat32:
		return cmp(float32Key(vec.Data[float32](a)[i]), float32Key(vec.Data[float32](b)[j]))
	case types.StoreFloat64:
		return cmp(float64Key(vec.Data[float64](a)[i]), float64Key(vec.Data[float64](b)[j]))
	case types.StoreString:
		return strings.Compare(vec.Data[string](a)[i], vec.Data[string](b)[j])
	case types.StoreInterval:
		x, y := vec.Data[types.CalendarInterval](a)[i], vec.Data[types.CalendarInterval](b)[j]
		if c := cmp(x.Months, y.Months); c != 0 {
			return c
		}
		if c := cmp(x.Days, y.Days); c != 0 {
			return c
		}
		return cmp(x.Micros, y.Micros)
	case types.StoreStruct:
		for f := range a.Kids {
			if c := compareNullable(a.Kids[f], i, b.Kids[f], j); c != 0 {
				return c
			}
		}
		return 0
	case types.StoreList:
		x, y := vec.Data[vec.List](a)[i], vec.Data[vec.List](b)[j]
		for e := range min(x.Len, y.Len) {
			for f := range a.Kids {
				if c := compareNullable(a.Kids[f], int(x.Off+e), b.Kids[f], int(y.Off+e)); c != 0 {
					return c
				}
			}
		}
		return cmp(x.Len, y.Len)
	}
	return 0
}

func compareNullable(a *vec.Vec, i int, b *vec.Vec, j int) int {
	x, y := a.Null(i), b.Null(j)
	switch {
	case x && y:
		return 0
	case x:
		return -1
	case y:
		return 1
	}
	return CompareValues(a.Base(), a.Index(i), b.Base(), b.Index(j))
}

func cmp[T int8 | int16 | int32 | int64 | uint32 | uint64](a, b T) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// values looks up the value of a tie key: the vector and the row in it.
type values func(col int, row uint32) (*vec.Vec, int)

func storeValues(s *hold.Store) values {
	return func(col int, row uint32) (*vec.Vec, int) {
		return s.Column(col)[row>>hold.ChunkShift], int(row & hold.ChunkMask)
	}
}

// compareTies orders two rows whose normalized keys x and y may hide
// differences in their tie keys.
func (l *layout) compareTies(x, y []byte, keys int, a values, i uint32, b values, j uint32) int {
	from := 0
	for n := range l.keys[:keys] {
		k := &l.keys[n]
		if !k.tie {
			continue
		}
		to := k.off + k.width
		if c := bytes.Compare(x[from:to], y[from:to]); c != 0 {
			return c
		}
		from = to
		if k.typ.Storage() == types.StoreString && !k.cut(x[k.off:to]) {
			continue
		}
		va, ra := a(k.col, i)
		vb, rb := b(k.col, j)
		if va.Null(ra) { // so is the other: the null bytes are equal
			continue
		}
		c := CompareValues(va, ra, vb, rb)
		if k.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	to := l.stride
	if keys < len(l.keys) {
		to = l.keys[keys].off
		if l.keys[keys].nullable {
			to--
		}
	}
	return bytes.Compare(x[from:to], y[from:to])
}
