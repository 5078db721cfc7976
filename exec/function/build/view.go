package build

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// View reads the values of a vector by row, whatever its encoding. It does
// not look at validity.
type View[T vec.Elem] struct {
	data  []T
	codes []int32
	mask  int // -1: row i is at i; 0: all rows are at 0
}

// ViewOf returns a view of v, whose storage must have the Go type T.
func ViewOf[T vec.Elem](v *vec.Vec) View[T] {
	switch v.Enc {
	case vec.Const:
		return View[T]{data: vec.Data[T](v)}
	case vec.Dict:
		return View[T]{data: vec.Data[T](v.Dict.Values), codes: v.Codes()}
	}
	return View[T]{data: vec.Data[T](v), mask: -1}
}

// At is the value of a row.
func (v *View[T]) At(row int) T {
	if v.codes != nil {
		return v.data[v.codes[row]]
	}
	return v.data[row&v.mask]
}

// At is one value of a vector of any encoding; loops over many take a View.
func At[T vec.Elem](v *vec.Vec, row int) T { return vec.Data[T](v.Base())[v.Index(row)] }

// Elements is the range of elements that row i of an Array or Map vector
// spans in its child vectors, which are v.Base().Kids.
func Elements(v *vec.Vec, row int) (lo, hi int) {
	l := vec.Data[vec.List](v.Base())[v.Index(row)]
	return int(l.Off), int(l.Off + l.Len)
}

// ConstString returns the value of a string argument that is the same for all
// rows and not NULL: formats, patterns and units, which kernels prepare once.
func ConstString(v *vec.Vec) (string, bool) {
	if v.Enc != vec.Const || v.Null(0) || v.Type.Storage() != types.StoreString {
		return "", false
	}
	return vec.Data[string](v)[0], true
}
