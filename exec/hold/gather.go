package hold

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Seal prepares the store for gathering. Gather on an unsealed store is a bug.
func (s *Store) Seal() {
	s.bases = make([][]*vec.Vec, len(s.types))
	for i := range s.types {
		s.bases[i] = make([]*vec.Vec, len(s.chunks))
		for c, ch := range s.chunks {
			s.bases[i][c] = ch.cols[i]
		}
	}
}

// Column returns the vectors of column i, one a chunk, for reading single values.
func (s *Store) Column(i int) []*vec.Vec { return s.bases[i] }

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
	gather(dst, s.bases[i], rows)
}

func gather(dst *vec.Vec, src []*vec.Vec, rows []uint32) {
	nulls := false
	for _, c := range src {
		nulls = nulls || c.Valid != nil
	}
	absent := false
	for i, r := range rows {
		if r == Absent {
			dst.SetNull(i)
			absent = true
		} else if nulls {
			if v := src[r>>ChunkShift].Valid; v != nil && !v.Get(int(r&ChunkMask)) {
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
		kids := make([]*vec.Vec, len(src))
		for f, k := range dst.Kids {
			for c, v := range src {
				kids[c] = v.Kids[f]
			}
			gather(k, kids, rows)
		}
	case types.StoreList:
		gatherLists(dst, src, rows)
	}
}

func gatherData[T vec.Elem](dst *vec.Vec, src []*vec.Vec, rows []uint32, absent bool) {
	out := vec.Data[T](dst)[:len(rows)]
	if len(src) == 1 && !absent {
		in := vec.Data[T](src[0])
		for i, r := range rows {
			out[i] = in[r]
		}
		return
	}
	var zero T
	for i, r := range rows {
		if absent && r == Absent {
			out[i] = zero
			continue
		}
		out[i] = vec.Data[T](src[r>>ChunkShift])[r&ChunkMask]
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
