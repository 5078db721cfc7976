package hold

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// column is one column's vectors, one a chunk, and where their data begin: a
// row is then one load away.
type column struct {
	vecs  []*vec.Vec
	data  []unsafe.Pointer
	nulls bool
	kids  []*column // of structs
}

func newColumn(vecs []*vec.Vec) *column {
	c := &column{vecs: vecs, data: make([]unsafe.Pointer, len(vecs))}
	for i, v := range vecs {
		if v.Type.Storage().Width() > 0 {
			c.data[i] = unsafe.Pointer(unsafe.SliceData(vec.Raw[byte](v)))
		}
		c.nulls = c.nulls || v.Valid != nil
	}
	if len(vecs) > 0 && vecs[0].Type.Kind == types.Struct {
		for f := range vecs[0].Kids {
			kids := make([]*vec.Vec, len(vecs))
			for i, v := range vecs {
				kids[i] = v.Kids[f]
			}
			c.kids = append(c.kids, newColumn(kids))
		}
	}
	return c
}

// Seal prepares the store for gathering. Gather on an unsealed store is a bug.
func (s *Store) Seal() {
	s.columns = make([]*column, len(s.types))
	for i := range s.types {
		vecs := make([]*vec.Vec, len(s.chunks))
		for c, ch := range s.chunks {
			vecs[c] = ch.cols[i]
		}
		s.columns[i] = newColumn(vecs)
	}
}

// Column returns the vectors of column i, one a chunk, for reading single values.
func (s *Store) Column(i int) []*vec.Vec { return s.columns[i].vecs }

// Chunk makes b a view of chunk c's rows. It shares the store's memory.
func (s *Store) Chunk(c int, b *vec.Batch) *vec.Batch {
	ch := s.chunks[c]
	if len(b.Cols) != len(ch.cols) {
		b.Cols = make([]*vec.Vec, len(ch.cols))
		for i := range b.Cols {
			b.Cols[i] = &vec.Vec{}
		}
	}
	for i, col := range ch.cols {
		b.Cols[i].Slice(col, 0, ch.n)
	}
	b.N, b.Sel = ch.n, nil
	return b
}

// GatherRows makes b the given rows, in that order. b owns fixed-size data;
// string bytes are borrowed from the store.
func (s *Store) GatherRows(b *vec.Batch, rows []uint32) *vec.Batch {
	if len(b.Cols) != len(s.types) {
		b.Cols = make([]*vec.Vec, len(s.types))
		for i := range b.Cols {
			b.Cols[i] = &vec.Vec{}
		}
	}
	for i := range s.types {
		s.Gather(b.Cols[i], i, rows)
	}
	b.N, b.Sel = len(rows), nil
	return b
}

// Absent as a row number gathers NULL.
const Absent = ^uint32(0)

// Gather makes dst the given rows of column i, NULL where a row is Absent.
func (s *Store) Gather(dst *vec.Vec, i int, rows []uint32) {
	dst.Reset(s.types[i])
	dst.Resize(len(rows))
	gather(dst, s.columns[i], rows)
}

func gather(dst *vec.Vec, src *column, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	absent := false
	for i, r := range rows {
		if r == Absent {
			dst.SetNull(i)
			absent = true
		} else if src.nulls {
			if v := src.vecs[r>>ChunkShift].Valid; v != nil && !v.Get(int(r&ChunkMask)) {
				dst.SetNull(i)
			}
		}
	}
	switch dst.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		gatherData[int8](dst, src, rows, absent)
	case types.StoreInt16:
		gatherData[int16](dst, src, rows, absent)
	case types.StoreInt32, types.StoreFloat32:
		gatherData[int32](dst, src, rows, absent)
	case types.StoreInt64, types.StoreFloat64:
		gatherData[int64](dst, src, rows, absent)
	case types.StoreInt128, types.StoreInterval:
		gatherData[types.Int128](dst, src, rows, absent)
	case types.StoreString:
		gatherData[string](dst, src, rows, absent)
	case types.StoreStruct:
		for f, k := range dst.Kids {
			if len(src.kids) > 0 {
				gather(k, src.kids[f], rows)
			} else { // no chunks: all rows are Absent
				gather(k, &column{}, rows)
			}
		}
	case types.StoreList:
		gatherLists(dst, src.vecs, rows)
	}
}

func gatherData[T vec.Elem](dst *vec.Vec, src *column, rows []uint32, absent bool) {
	out := vec.Data[T](dst)[:len(rows)]
	data := src.data
	var zero T
	size := unsafe.Sizeof(zero)
	if absent {
		for i, r := range rows {
			if r == Absent {
				out[i] = zero
			} else {
				out[i] = *(*T)(unsafe.Add(data[r>>ChunkShift], uintptr(r&ChunkMask)*size))
			}
		}
		return
	}
	for i, r := range rows {
		out[i] = *(*T)(unsafe.Add(data[r>>ChunkShift], uintptr(r&ChunkMask)*size))
	}
}

// gatherLists copies the elements as well: rows of different chunks have
// different child vectors.
func gatherLists(dst *vec.Vec, src []*vec.Vec, rows []uint32) {
	out := vec.Data[vec.List](dst)
	total := 0
	for i, r := range rows {
		out[i] = vec.List{}
		if !dst.Null(i) {
			l := vec.Data[vec.List](src[r>>ChunkShift])[r&ChunkMask]
			out[i] = vec.List{Off: int32(total), Len: l.Len}
			total += int(l.Len)
		}
	}
	for f, kid := range dst.Kids {
		var part vec.Vec
		parts := &vec.Vec{Type: kid.Type}
		at := parts.Extend(total)
		for i, r := range rows {
			if out[i].Len == 0 {
				continue
			}
			c := src[r>>ChunkShift]
			l := vec.Data[vec.List](c)[r&ChunkMask]
			idx := make([]int32, l.Len)
			for j := range idx {
				idx[j] = l.Off + int32(j)
			}
			vec.Gather(&part, c.Kids[f], idx)
			CopySpan(parts, at, &part, int(l.Len))
			at += int(l.Len)
		}
		dst.Kids[f] = parts
	}
}

// CopySpan copies the first n rows of the flat vector src to the flat vector
// dst from row at on; strings share bytes, children of lists are appended.
func CopySpan(dst *vec.Vec, at int, src *vec.Vec, n int) {
	if src.Valid != nil {
		for i := range n {
			if src.Null(i) {
				dst.SetNull(at + i)
			}
		}
	}
	switch dst.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		copy(vec.Data[int8](dst)[at:], vec.Data[int8](src)[:n])
	case types.StoreInt16:
		copy(vec.Data[int16](dst)[at:], vec.Data[int16](src)[:n])
	case types.StoreInt32, types.StoreFloat32:
		copy(vec.Data[int32](dst)[at:], vec.Data[int32](src)[:n])
	case types.StoreInt64, types.StoreFloat64:
		copy(vec.Data[int64](dst)[at:], vec.Data[int64](src)[:n])
	case types.StoreInt128, types.StoreInterval:
		copy(vec.Data[types.Int128](dst)[at:], vec.Data[types.Int128](src)[:n])
	case types.StoreString:
		copy(vec.Data[string](dst)[at:], vec.Data[string](src)[:n])
	case types.StoreStruct:
		for f, k := range src.Kids {
			CopySpan(dst.Kids[f], at, k, n)
		}
	case types.StoreList:
		out, in := vec.Data[vec.List](dst), vec.Data[vec.List](src)
		for i := range n {
			l := in[i]
			if src.Null(i) || l.Len == 0 {
				out[at+i] = vec.List{}
				continue
			}
			idx := make([]int32, l.Len)
			for j := range idx {
				idx[j] = l.Off + int32(j)
			}
			off := 0
			for f, k := range src.Kids {
				var part vec.Vec
				vec.Gather(&part, k, idx)
				off = dst.Kids[f].Extend(int(l.Len))
				CopySpan(dst.Kids[f], off, &part, int(l.Len))
			}
			out[at+i] = vec.List{Off: int32(off), Len: l.Len}
		}
	}
}
