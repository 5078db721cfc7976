package kernel

import (
	"cmp"
	"strings"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Orders returns a function that compares row i of l with row j of r, two
// vectors of one type, neither of them NULL: negative, 0 or positive. NaN is
// larger than all numbers and equal to itself, -0.0 equals 0.0, strings compare
// by bytes, false is less than true, arrays compare element by element and
// structs field by field, with NULL inside them before everything.
func Orders(l, r *vec.Vec) func(i, j int) int {
	switch l.Type.Storage() {
	case types.StoreBool:
		return indexed(l, r, func(a, b bool) int { return b2i(a) - b2i(b) })
	case types.StoreInt8:
		return indexed(l, r, cmp.Compare[int8])
	case types.StoreInt16:
		return indexed(l, r, cmp.Compare[int16])
	case types.StoreInt32:
		return indexed(l, r, cmp.Compare[int32])
	case types.StoreInt64:
		return indexed(l, r, cmp.Compare[int64])
	case types.StoreInt128:
		return indexed(l, r, types.Int128.Cmp)
	case types.StoreFloat32:
		return indexed(l, r, CompareFloat[float32])
	case types.StoreFloat64:
		return indexed(l, r, CompareFloat[float64])
	case types.StoreString:
		return indexed(l, r, strings.Compare)
	case types.StoreInterval:
		return indexed(l, r, compareIntervals)
	case types.StoreStruct:
		return structOrder(l, r)
	case types.StoreList:
		return listOrder(l, r)
	}
	return func(i, j int) int { return 0 }
}

// CompareFloat orders numbers as SQL does: NaN last and equal to itself,
// -0.0 equal to 0.0.
func CompareFloat[T Float](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return b2i(a != a) - b2i(b != b)
}

func compareIntervals(a, b types.CalendarInterval) int {
	return cmp.Or(cmp.Compare(a.Months, b.Months), cmp.Compare(a.Days, b.Days), cmp.Compare(a.Micros, b.Micros))
}

func indexed[T vec.Elem](l, r *vec.Vec, f func(a, b T) int) func(i, j int) int {
	x, y := vec.Data[T](l.Base()), vec.Data[T](r.Base())
	if l.Enc == vec.Flat && r.Enc == vec.Flat {
		return func(i, j int) int { return f(x[i], y[j]) }
	}
	return func(i, j int) int { return f(x[l.Index(i)], y[r.Index(j)]) }
}

// withNulls puts NULLs before everything.
func withNulls(l, r *vec.Vec) func(i, j int) int {
	f := Orders(l, r)
	return func(i, j int) int {
		ln, rn := l.Null(i), r.Null(j)
		if ln || rn {
			return b2i(rn) - b2i(ln)
		}
		return f(i, j)
	}
}

func structOrder(l, r *vec.Vec) func(i, j int) int {
	lb, rb := l.Base(), r.Base()
	fs := make([]func(i, j int) int, len(lb.Kids))
	for k := range fs {
		fs[k] = withNulls(lb.Kids[k], rb.Kids[k])
	}
	return func(i, j int) int {
		i, j = l.Index(i), r.Index(j)
		for _, f := range fs {
			if c := f(i, j); c != 0 {
				return c
			}
		}
		return 0
	}
}

func listOrder(l, r *vec.Vec) func(i, j int) int {
	lb, rb := l.Base(), r.Base()
	x, y := vec.Data[vec.List](lb), vec.Data[vec.List](rb)
	fs := make([]func(i, j int) int, len(lb.Kids))
	for k := range fs {
		fs[k] = withNulls(lb.Kids[k], rb.Kids[k])
	}
	return func(i, j int) int {
		a, b := x[l.Index(i)], y[r.Index(j)]
		for e := int32(0); e < min(a.Len, b.Len); e++ {
			for _, f := range fs {
				if c := f(int(a.Off+e), int(b.Off+e)); c != 0 {
					return c
				}
			}
		}
		return cmp.Compare(a.Len, b.Len)
	}
}

// Equals returns a function that tells whether row i of l equals row j of r,
// two vectors of one type, neither of them NULL; NULLs inside nested values
// equal each other.
func Equals(l, r *vec.Vec) func(i, j int) bool {
	if l.Type.Storage() == types.StoreString {
		x, y := vec.Data[string](l.Base()), vec.Data[string](r.Base())
		if l.Enc == vec.Flat && r.Enc == vec.Flat {
			return func(i, j int) bool { return x[i] == y[j] }
		}
		return func(i, j int) bool { return x[l.Index(i)] == y[r.Index(j)] }
	}
	f := Orders(l, r)
	return func(i, j int) bool { return f(i, j) == 0 }
}
