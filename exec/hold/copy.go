package hold

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// copyInto copies rows sel of src to dst from row at on. col is the number of
// the store's column for top-level vectors, -1 for children. own says that dst
// lies in the arena: elements of lists do not.
func (s *Store) copyInto(col int, dst *vec.Vec, at int, src *vec.Vec, sel []uint16, own bool) {
	if src.Valid != nil {
		for i, r := range sel {
			if !src.Null(int(r)) {
				continue
			}
			if own {
				s.validity(dst).Clear(at + i)
			} else {
				dst.SetNull(at + i)
			}
		}
	}
	if src.Enc == vec.Dict && src.Type.Storage() == types.StoreString && col >= 0 && s.copyDict(&s.memo[col], dst, at, src, sel) {
		return
	}
	switch src.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		copyFixed[int8](dst, at, src, sel)
	case types.StoreInt16:
		copyFixed[int16](dst, at, src, sel)
	case types.StoreInt32, types.StoreFloat32:
		copyFixed[int32](dst, at, src, sel)
	case types.StoreInt64, types.StoreFloat64:
		copyFixed[int64](dst, at, src, sel)
	case types.StoreInt128, types.StoreInterval:
		copyFixed[types.Int128](dst, at, src, sel)
	case types.StoreString:
		s.copyStrings(dst, at, src, sel, own)
	case types.StoreStruct:
		s.copyStruct(dst, at, src, sel, own)
	case types.StoreList:
		s.copyLists(dst, at, src, sel)
	}
}

func copyFixed[T vec.Elem](dst *vec.Vec, at int, src *vec.Vec, sel []uint16) {
	out := vec.Data[T](dst)[at : at+len(sel)]
	switch src.Enc {
	case vec.Flat:
		in := vec.Data[T](src)
		if len(sel) > 0 && &sel[0] == &vec.Identity[0] {
			copy(out, in)
			return
		}
		for i, r := range sel {
			out[i] = in[r]
		}
	case vec.Const:
		var x T
		if src.Len() > 0 && !src.Null(0) {
			x = vec.Data[T](src)[0]
		}
		for i := range out {
			out[i] = x
		}
	case vec.Dict:
		var zero T
		in, codes := vec.Data[T](src.Dict.Values), src.Codes()
		for i, r := range sel {
			if src.Null(int(r)) {
				out[i] = zero
			} else {
				out[i] = in[codes[r]]
			}
		}
	}
}

// stringHeader is a string in the arena: address and length. It is not written
// as a Go string, since the collector must not look at what was there before.
type stringHeader [2]uint64

func headerOf(x string) stringHeader {
	return stringHeader{uint64(uintptr(unsafe.Pointer(unsafe.StringData(x)))), uint64(len(x))}
}

func (s *Store) copyStrings(dst *vec.Vec, at int, src *vec.Vec, sel []uint16, own bool) {
	if !own {
		out := vec.Data[string](dst)[at:]
		for i, r := range sel {
			out[i] = ""
			if !src.Null(int(r)) {
				out[i] = s.text.keep(vec.Data[string](src.Base())[src.Index(int(r))])
			}
		}
		return
	}
	out := vec.Raw[stringHeader](dst)[at : at+len(sel)]
	if src.Enc == vec.Const {
		var x stringHeader
		if !src.Null(0) {
			x = headerOf(s.text.keep(vec.Data[string](src)[0]))
		}
		for i := range out {
			out[i] = x
		}
		return
	}
	in := vec.Data[string](src.Base())
	for i, r := range sel {
		if src.Valid != nil && src.Null(int(r)) {
			out[i] = stringHeader{}
			continue
		}
		out[i] = headerOf(s.text.keep(in[src.Index(int(r))]))
	}
}

// copyDict copies strings of a dictionary, each of them once. It reports false
// where that is not worth it.
func (s *Store) copyDict(m *dictMemo, dst *vec.Vec, at int, src *vec.Vec, sel []uint16) bool {
	if !m.follows(src) {
		return false
	}
	in, codes := vec.Data[string](src.Dict.Values), src.Codes()
	out := vec.Raw[stringHeader](dst)[at : at+len(sel)]
	for i, r := range sel {
		if src.Valid != nil && !src.Valid.Get(int(r)) {
			out[i] = stringHeader{}
			continue
		}
		c := codes[r]
		if !m.have[c] {
			m.strs[c], m.have[c] = s.text.keep(in[c]), true
		}
		out[i] = headerOf(m.strs[c])
	}
	return true
}

// moveInto makes the first n rows of dst, a vector of the arena, those of src,
// which is given up: what lies outside of the two is theirs together.
func (s *Store) moveInto(dst, src *vec.Vec, n int) {
	if src.Valid != nil {
		copy(s.validity(dst), src.Valid[:vec.Words(n)])
	}
	switch w := src.Type.Storage().Width(); {
	case src.Type.Kind == types.Struct:
		for f, k := range src.Kids {
			s.moveInto(dst.Kids[f], k, n)
		}
	case w > 0:
		copy(unsafe.Slice(unsafe.SliceData(vec.Raw[byte](dst)), n*w), unsafe.Slice(unsafe.SliceData(vec.Raw[byte](src)), n*w))
		dst.Kids = src.Kids
	}
}

// follows reports whether the memo is of src's dictionary, as prepared by reserve.
func (m *dictMemo) follows(src *vec.Vec) bool {
	return m.dict == src.Dict && len(m.strs) >= src.Dict.Values.Len()
}

func (s *Store) copyStruct(dst *vec.Vec, at int, src *vec.Vec, sel []uint16, own bool) {
	if src.Enc != vec.Flat {
		idx := make([]uint16, len(sel))
		for i, r := range sel {
			if !src.Null(int(r)) {
				idx[i] = uint16(src.Index(int(r)))
			}
		}
		src, sel = src.Base(), idx
	}
	for f, k := range src.Kids {
		s.copyInto(-1, dst.Kids[f], at, k, sel, own)
	}
}

func (s *Store) copyLists(dst *vec.Vec, at int, src *vec.Vec, sel []uint16) {
	out, base := vec.Data[vec.List](dst), src.Base()
	in := vec.Data[vec.List](base)
	for i, r := range sel {
		if src.Null(int(r)) {
			out[at+i] = vec.List{}
			continue
		}
		l := in[src.Index(int(r))]
		off := 0
		for f, k := range base.Kids {
			kid := dst.Kids[f]
			off = kid.Extend(int(l.Len))
			// Children are addressed by int32, selections by uint16: copy in windows.
			for lo := 0; lo < int(l.Len); lo += ChunkRows {
				s.copySpan(kid, off+lo, k, int(l.Off)+lo, min(ChunkRows, int(l.Len)-lo))
			}
		}
		out[at+i] = vec.List{Off: int32(off), Len: l.Len}
	}
}

// copySpan copies rows lo … lo+n of src, a child vector, to dst from row at on.
func (s *Store) copySpan(dst *vec.Vec, at int, src *vec.Vec, lo, n int) {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(lo + i)
	}
	var part vec.Vec
	vec.Gather(&part, src, rows)
	s.copyInto(-1, dst, at, &part, vec.Identity[:n], false)
}
