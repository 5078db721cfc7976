package kernel

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Scatter copies the rows of sel from src, of any encoding, to the same rows
// of the flat vector dst of the same type, NULLs included. String bytes stay
// borrowed; elements of lists are appended to dst's children.
func Scatter(dst, src *vec.Vec, sel []uint16) {
	if len(sel) == 0 {
		return
	}
	rows := sel
	if src.Valid != nil || src.Type.Kind == types.Null {
		rows = scatterNulls(dst, src, sel)
	} else if dst.Valid != nil {
		for _, i := range sel {
			dst.Valid.Set(int(i))
		}
	}
	switch dst.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		scatter[int8](dst, src, rows)
	case types.StoreInt16:
		scatter[int16](dst, src, rows)
	case types.StoreInt32, types.StoreFloat32:
		scatter[int32](dst, src, rows)
	case types.StoreInt64, types.StoreFloat64:
		scatter[int64](dst, src, rows)
	case types.StoreInt128, types.StoreInterval:
		scatter[types.Int128](dst, src, rows)
	case types.StoreString:
		scatter[string](dst, src, rows)
	case types.StoreStruct, types.StoreList:
		for _, i := range rows {
			CopyRow(dst, int(i), src, int(i))
		}
	}
}

// scatterNulls copies validity and returns the rows that hold values.
func scatterNulls(dst, src *vec.Vec, sel []uint16) []uint16 {
	if dst.Type.Kind == types.Null {
		return nil
	}
	bits := dst.MakeValid()
	all := true
	for _, i := range sel {
		null := src.Null(int(i))
		bits.SetTo(int(i), !null)
		all = all && !null
	}
	if all {
		return sel
	}
	switch dst.Type.Storage() {
	case types.StoreString, types.StoreStruct, types.StoreList: // values of NULL rows may be wild
	default:
		if src.Type.Kind != types.Null {
			return sel
		}
	}
	rows := make([]uint16, 0, len(sel))
	for _, i := range sel {
		if !src.Null(int(i)) {
			rows = append(rows, i)
		}
	}
	return rows
}

func scatter[T vec.Elem](dst, src *vec.Vec, sel []uint16) {
	d := vec.Data[T](dst)
	switch src.Enc {
	case vec.Flat:
		s := vec.Data[T](src)
		if len(sel) == len(d) {
			copy(d, s)
			return
		}
		for _, i := range sel {
			d[i] = s[i]
		}
	case vec.Const:
		c := vec.Data[T](src)[0]
		for _, i := range sel {
			d[i] = c
		}
	case vec.Dict:
		s, codes := vec.Data[T](src.Dict.Values), src.Codes()
		for _, i := range sel {
			d[i] = s[codes[i]]
		}
	}
}

// CopyRow copies row j of src, of any encoding, to row i of the flat vector
// dst of the same shape. String bytes stay borrowed; elements of lists are appended to
// dst's children, which must not be src's.
func CopyRow(dst *vec.Vec, i int, src *vec.Vec, j int) { copyRow(dst, i, src, j, nil) }

// KeepRow is CopyRow for a dst that outlives src: strings are passed through
// keep, which returns a copy with bytes of its own.
func KeepRow(dst *vec.Vec, i int, src *vec.Vec, j int, keep func(string) string) {
	copyRow(dst, i, src, j, keep)
}

func copyRow(dst *vec.Vec, i int, src *vec.Vec, j int, keep func(string) string) {
	if src.Null(j) {
		if dst.Type.Kind != types.Null {
			dst.SetNull(i)
			clearStruct(dst, i)
		}
		return
	}
	if dst.Valid != nil {
		dst.Valid.Set(i)
	}
	j = src.Index(j)
	src = src.Base()
	switch dst.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		vec.Data[int8](dst)[i] = vec.Data[int8](src)[j]
	case types.StoreInt16:
		vec.Data[int16](dst)[i] = vec.Data[int16](src)[j]
	case types.StoreInt32, types.StoreFloat32:
		vec.Data[int32](dst)[i] = vec.Data[int32](src)[j]
	case types.StoreInt64, types.StoreFloat64:
		vec.Data[int64](dst)[i] = vec.Data[int64](src)[j]
	case types.StoreInt128, types.StoreInterval:
		vec.Data[types.Int128](dst)[i] = vec.Data[types.Int128](src)[j]
	case types.StoreString:
		s := vec.Data[string](src)[j]
		if keep != nil {
			s = keep(s)
		}
		vec.Data[string](dst)[i] = s
	case types.StoreStruct:
		for f, k := range dst.Kids {
			copyRow(k, i, src.Kids[f], j, keep)
		}
	case types.StoreList:
		l := vec.Data[vec.List](src)[j]
		var off int
		for f, k := range dst.Kids {
			off = k.Extend(int(l.Len))
			for e := range int(l.Len) {
				copyRow(k, off+e, src.Kids[f], int(l.Off)+e, keep)
			}
		}
		vec.Data[vec.List](dst)[i] = vec.List{Off: int32(off), Len: l.Len}
	}
}

// clearStruct makes the fields of a NULL struct NULL, so that whoever reads
// them past the parent's validity finds nothing wild.
func clearStruct(dst *vec.Vec, i int) {
	if dst.Type.Kind != types.Struct {
		return
	}
	for _, k := range dst.Kids {
		if k.Type.Kind != types.Null {
			k.SetNull(i)
			clearStruct(k, i)
		}
	}
}

// Append adds n rows of src, of any encoding, from row lo on, to the end of
// the flat vector dst.
func Append(dst, src *vec.Vec, lo, n int) {
	off := dst.Extend(n)
	for i := range n {
		CopyRow(dst, off+i, src, lo+i)
	}
}
