package vec

import "github.com/volley-sql/volley/internal/types"

// Index lists the integer types that number rows.
type Index interface {
	~uint16 | ~int32 | ~uint32 | ~int
}

// Gather makes dst the rows of src listed in rows, in that order; rows may
// repeat. dst owns its memory (list children and string bytes stay borrowed
// from src). Dictionary and constant encodings are kept.
func Gather[I Index](dst, src *Vec, rows []I) {
	dst.Reset(src.Type)
	n := len(rows)
	switch src.Enc {
	case Const:
		dst.Share(src)
		dst.n = n
		return
	case Dict:
		dst.grow(n, types.StoreInt32)
		dst.n, dst.Enc, dst.Dict = n, Dict, src.Dict
		gather(dst.Codes(), src.Codes(), rows)
		gatherValid(dst, src, rows)
		return
	}
	s := src.Type.Storage()
	if s == types.StoreStruct {
		dst.Kids = make([]*Vec, len(src.Kids))
		for i, k := range src.Kids {
			dst.Kids[i] = &Vec{}
			Gather(dst.Kids[i], k, rows)
		}
		dst.n = n
		gatherValid(dst, src, rows)
		return
	}
	dst.grow(n, s)
	dst.n = n
	switch s {
	case types.StoreBool, types.StoreInt8:
		gather(Data[int8](dst), Data[int8](src), rows)
	case types.StoreInt16:
		gather(Data[int16](dst), Data[int16](src), rows)
	case types.StoreInt32, types.StoreFloat32:
		gather(Data[int32](dst), Data[int32](src), rows)
	case types.StoreInt64, types.StoreFloat64:
		gather(Data[int64](dst), Data[int64](src), rows)
	case types.StoreInt128, types.StoreInterval:
		gather(Data[types.Int128](dst), Data[types.Int128](src), rows)
	case types.StoreString:
		gather(Data[string](dst), Data[string](src), rows)
	case types.StoreList:
		gather(Data[List](dst), Data[List](src), rows)
		dst.Kids = src.Kids
	}
	gatherValid(dst, src, rows)
}

func gather[T any, I Index](dst, src []T, rows []I) {
	dst = dst[:len(rows)]
	for i, r := range rows {
		dst[i] = src[r]
	}
}

func gatherValid[I Index](dst, src *Vec, rows []I) {
	if src.Valid == nil {
		dst.Valid = nil
		return
	}
	n := len(rows)
	dst.own.valid = dst.own.valid.Resize(max(n, 1))
	out, any := dst.own.valid, false
	for w := range out {
		var word uint64
		for i, r := range rows[min(n, w*64):min(n, w*64+64)] {
			word |= (src.Valid[int(r)>>6] >> (uint(r) & 63) & 1) << uint(i)
		}
		out[w] = word
		full := ^uint64(0)
		if rest := n - w*64; rest < 64 {
			full = 1<<uint(max(rest, 0)) - 1
		}
		any = any || word != full
	}
	dst.Valid = nil
	if any {
		dst.Valid = out
	}
}

// Flatten makes dst a flat copy of src if src is encoded, else a view of it.
func Flatten(dst, src *Vec) {
	switch src.Enc {
	case Flat:
		dst.Share(src)
	case Const:
		rows := make([]int32, src.n)
		one := *src
		one.Enc, one.n = Flat, 1
		Gather(dst, &one, rows)
	case Dict:
		Gather(dst, src.Dict.Values, src.Codes())
		if src.Valid != nil {
			dst.Valid = src.Valid
		}
	}
}
