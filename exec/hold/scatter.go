package hold

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Scatter copies row rows[i] of src to row at[i] of the flat vector dst, which
// has no NULLs there yet. Strings share bytes; list elements are appended.
func Scatter(dst *vec.Vec, at []int32, src *vec.Vec, rows []uint16) {
	if src.Valid != nil {
		for i, r := range rows {
			if src.Null(int(r)) {
				dst.SetNull(int(at[i]))
			}
		}
	}
	switch dst.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		scatter[int8](dst, at, src, rows)
	case types.StoreInt16:
		scatter[int16](dst, at, src, rows)
	case types.StoreInt32, types.StoreFloat32:
		scatter[int32](dst, at, src, rows)
	case types.StoreInt64, types.StoreFloat64:
		scatter[int64](dst, at, src, rows)
	case types.StoreInt128, types.StoreInterval:
		scatter[types.Int128](dst, at, src, rows)
	case types.StoreString:
		scatter[string](dst, at, src, rows)
	case types.StoreStruct:
		base := src.Base()
		idx := make([]uint16, 0, len(rows))
		to := make([]int32, 0, len(rows))
		for i, r := range rows {
			if !src.Null(int(r)) {
				idx, to = append(idx, uint16(src.Index(int(r)))), append(to, at[i])
			}
		}
		for f, k := range dst.Kids {
			Scatter(k, to, base.Kids[f], idx)
		}
	case types.StoreList:
		base, out := src.Base(), vec.Data[vec.List](dst)
		for i, r := range rows {
			if src.Null(int(r)) {
				out[at[i]] = vec.List{}
				continue
			}
			var one vec.Vec
			vec.Gather(&one, base, []int32{int32(src.Index(int(r)))})
			CopySpan(dst, int(at[i]), &one, 1)
		}
	}
}

func scatter[T vec.Elem](dst *vec.Vec, at []int32, src *vec.Vec, rows []uint16) {
	out := vec.Data[T](dst)
	switch src.Enc {
	case vec.Flat:
		in := vec.Data[T](src)
		for i, r := range rows {
			out[at[i]] = in[r]
		}
	case vec.Const:
		if src.Len() > 0 && !src.Null(0) {
			x := vec.Data[T](src)[0]
			for _, a := range at {
				out[a] = x
			}
		}
	case vec.Dict:
		in, codes := vec.Data[T](src.Dict.Values), src.Codes()
		for i, r := range rows {
			if !src.Null(int(r)) {
				out[at[i]] = in[codes[r]]
			}
		}
	}
}
