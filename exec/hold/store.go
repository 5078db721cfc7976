// Package hold keeps rows past the loop body that lent them, in a Store: a
// column store of fixed-size chunks that owns all its bytes. Sorting, windows
// and shared subplans build on it; hash tables have a row format of their own
// (exec/row), and what goes to disk is the business of exec/mem.
//
//	lent batches ──Append──► Store: chunk 0 │ chunk 1 │ …   ──Gather──► batches in any order
package hold

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Rows are numbered chunk<<ChunkShift | place, so that chunks of several
// stores can be put behind one another without renumbering within a chunk.
const (
	ChunkShift = 11
	ChunkRows  = 1 << ChunkShift
	ChunkMask  = ChunkRows - 1
)

// Store keeps rows. Appending belongs to one thread; once appending is over,
// any number of threads may gather.
type Store struct {
	types   []types.Type
	acct    *mem.Account
	chunks  []*chunk
	rows    int
	bytes   int64 // reserved from acct
	text    arena
	memo    []dictMemo // by column
	columns []*column  // once sealed
	spare   []*chunk   // empty full-size chunks that Clear kept, reserved for
}

type chunk struct {
	cols []*vec.Vec // flat, all with cap rows
	cap  int
	n    int
}

// dictMemo remembers the copies of a dictionary's strings, so that each is copied once.
type dictMemo struct {
	dict *vec.Dictionary
	strs []string
	have []bool
}

// NewStore returns an empty store for columns of the given types.
func NewStore(ts []types.Type, acct *mem.Account) *Store {
	s := &Store{types: ts, acct: acct, memo: make([]dictMemo, len(ts))}
	s.text.reserve = s.reserve
	return s
}

// Len is the number of rows, Bytes the memory reserved for them, Types the
// column types, Chunks the number of chunks.
func (s *Store) Len() int            { return s.rows }
func (s *Store) Bytes() int64        { return s.bytes }
func (s *Store) Types() []types.Type { return s.types }
func (s *Store) Chunks() int         { return len(s.chunks) }

// ChunkLen is the number of rows in chunk c.
func (s *Store) ChunkLen(c int) int { return s.chunks[c].n }

func (s *Store) reserve(n int64) error {
	if err := s.acct.Reserve(n); err != nil {
		return err
	}
	s.bytes += n
	return nil
}

// Release gives all memory back; the store is empty then.
func (s *Store) Release() {
	s.acct.Release(s.bytes)
	*s = Store{types: s.types, acct: s.acct, memo: make([]dictMemo, len(s.types))}
	s.text.reserve = s.reserve
}

// Clear empties the store and keeps memory to fill it again. What was gathered
// from it, and not copied since, is no longer valid.
func (s *Store) Clear() {
	for _, t := range s.types {
		if t.Kind.IsNested() { // children keep growing
			s.Release()
			return
		}
	}
	for _, c := range s.chunks {
		if c.cap < ChunkRows {
			s.acct.Release(int64(c.cap * width(s.types)))
			s.bytes -= int64(c.cap * width(s.types))
			continue
		}
		c.n = 0
		for _, col := range c.cols {
			col.Valid = nil
		}
		s.spare = append(s.spare, c)
	}
	s.chunks, s.rows, s.columns = nil, 0, nil
	for i := range s.memo {
		s.acct.Release(17 * int64(len(s.memo[i].strs)))
		s.bytes -= 17 * int64(len(s.memo[i].strs))
		s.memo[i] = dictMemo{}
	}
	kept := int64(cap(s.text.block))
	s.acct.Release(s.text.bytes - kept)
	s.bytes -= s.text.bytes - kept
	s.text.bytes, s.text.block = kept, s.text.block[:0]
}

// Adopt moves the chunks of o, of the same types and account, behind those of
// s and returns the number to add to o's row numbers. o is empty then.
func (s *Store) Adopt(o *Store) uint32 {
	base := uint32(len(s.chunks)) << ChunkShift
	s.chunks = append(s.chunks, o.chunks...)
	s.rows += o.rows
	s.bytes += o.bytes
	o.bytes = 0
	o.chunks, o.rows, s.columns = nil, 0, nil
	o.Release()
	return base
}

// width estimates the bytes a row takes in fixed-size parts.
func width(ts []types.Type) int {
	w := 0
	for _, t := range ts {
		w += t.Storage().Width() + 1
		if t.Kind == types.Struct {
			for _, f := range t.Children() {
				w += width([]types.Type{f.Type})
			}
		}
	}
	return w
}

// room returns the chunk to append to and how many of n rows fit there. A
// store starts with a small chunk that is replaced by larger ones, so that tiny
// inputs stay cheap.
func (s *Store) room(n int) (*chunk, int, error) {
	if k := len(s.chunks); k > 0 {
		c := s.chunks[k-1]
		if c.n < c.cap {
			return c, min(n, c.cap-c.n), nil
		}
		if c.cap < ChunkRows {
			want := min(ChunkRows, max(4*c.cap, c.n+n))
			if err := s.reserve(int64(want * width(s.types))); err != nil {
				return nil, 0, err
			}
			big := s.newChunk(want)
			for i, col := range c.cols {
				if err := s.copyInto(i, big.cols[i], 0, col, vec.Identity[:c.n]); err != nil {
					return nil, 0, err
				}
			}
			big.n = c.n
			s.acct.Release(int64(c.cap * width(s.types)))
			s.bytes -= int64(c.cap * width(s.types))
			s.chunks[k-1] = big
			return big, min(n, big.cap-big.n), nil
		}
	}
	if k := len(s.spare); k > 0 {
		c := s.spare[k-1]
		s.spare = s.spare[:k-1]
		s.chunks = append(s.chunks, c)
		return c, min(n, c.cap), nil
	}
	size := ChunkRows
	if len(s.chunks) == 0 {
		size = min(ChunkRows, max(64, n))
	}
	if err := s.reserve(int64(size * width(s.types))); err != nil {
		return nil, 0, err
	}
	c := s.newChunk(size)
	s.chunks = append(s.chunks, c)
	return c, min(n, size), nil
}

func (s *Store) newChunk(size int) *chunk {
	c := &chunk{cols: make([]*vec.Vec, len(s.types)), cap: size}
	for i, t := range s.types {
		c.cols[i] = vec.New(t, size)
	}
	return c
}

// Append copies rows sel of cols (one vector a column of the store) to the
// end. After an error, which is that of the account, the store holds a part of them.
func (s *Store) Append(cols []*vec.Vec, sel []uint16) error {
	for len(sel) > 0 {
		c, k, err := s.room(len(sel))
		if err != nil {
			return err
		}
		for i, col := range cols {
			if err := s.copyInto(i, c.cols[i], c.n, col, sel[:k]); err != nil {
				return err
			}
		}
		c.n += k
		s.rows += k
		sel = sel[k:]
	}
	return nil
}

// AppendBatch appends the alive rows of b.
func (s *Store) AppendBatch(b *vec.Batch) error { return s.Append(b.Cols, b.Selection()) }

// copyInto copies rows sel of src to dst from row at on. col is the number of
// the store's column for top-level vectors, -1 for children.
func (s *Store) copyInto(col int, dst *vec.Vec, at int, src *vec.Vec, sel []uint16) error {
	if src.Valid != nil {
		for i, r := range sel {
			if src.Null(int(r)) {
				dst.MakeValid().Clear(at + i)
			}
		}
	}
	if src.Enc == vec.Dict && src.Type.Storage() == types.StoreString && col >= 0 {
		return s.copyDict(&s.memo[col], vec.Data[string](dst)[at:], src, sel)
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
		return s.copyStrings(vec.Data[string](dst)[at:], src, sel)
	case types.StoreStruct:
		return s.copyStruct(dst, at, src, sel)
	case types.StoreList:
		return s.copyLists(dst, at, src, sel)
	}
	return nil
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
		if src.Len() == 0 {
			return
		}
		x := vec.Data[T](src)[0]
		for i := range out {
			out[i] = x
		}
	case vec.Dict:
		in, codes := vec.Data[T](src.Dict.Values), src.Codes()
		for i, r := range sel {
			if !src.Null(int(r)) {
				out[i] = in[codes[r]]
			}
		}
	}
}

func (s *Store) copyStrings(out []string, src *vec.Vec, sel []uint16) error {
	if src.Enc == vec.Const && !src.Null(0) {
		x, err := s.text.keep(vec.Data[string](src)[0])
		for i := range sel {
			out[i] = x
		}
		return err
	}
	base := src.Base()
	in := vec.Data[string](base)
	for i, r := range sel {
		if src.Valid != nil && src.Null(int(r)) {
			out[i] = ""
			continue
		}
		x, err := s.text.keep(in[src.Index(int(r))])
		if err != nil {
			return err
		}
		out[i] = x
	}
	return nil
}

func (s *Store) copyDict(m *dictMemo, out []string, src *vec.Vec, sel []uint16) error {
	in, codes := vec.Data[string](src.Dict.Values), src.Codes()
	if len(in) > 4*len(sel) && m.dict == nil && len(in) > 1<<16 {
		return s.copyStrings(out, src, sel) // too large to be worth remembering
	}
	if m.dict == nil || m.dict != src.Dict && (m.dict.ID != src.Dict.ID || m.dict.ID == 0) {
		*m = dictMemo{dict: src.Dict}
	}
	if len(m.strs) < len(in) {
		if err := s.reserve(int64(17 * (len(in) - len(m.strs)))); err != nil {
			return err
		}
		m.strs = append(m.strs, make([]string, len(in)-len(m.strs))...)
		m.have = append(m.have, make([]bool, len(in)-len(m.have))...)
	}
	for i, r := range sel {
		if src.Valid != nil && !src.Valid.Get(int(r)) {
			out[i] = ""
			continue
		}
		c := codes[r]
		if !m.have[c] {
			x, err := s.text.keep(in[c])
			if err != nil {
				return err
			}
			m.strs[c], m.have[c] = x, true
		}
		out[i] = m.strs[c]
	}
	return nil
}

func (s *Store) copyStruct(dst *vec.Vec, at int, src *vec.Vec, sel []uint16) error {
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
		if err := s.copyInto(-1, dst.Kids[f], at, k, sel); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) copyLists(dst *vec.Vec, at int, src *vec.Vec, sel []uint16) error {
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
			if err := s.reserve(int64(int(l.Len) * width([]types.Type{kid.Type}))); err != nil {
				return err
			}
			off = kid.Extend(int(l.Len))
			// Children are addressed by int32, selections by uint16: copy in windows.
			for lo := 0; lo < int(l.Len); lo += ChunkRows {
				n := min(ChunkRows, int(l.Len)-lo)
				if err := s.copySpan(kid, off+lo, k, int(l.Off)+lo, n); err != nil {
					return err
				}
			}
		}
		out[at+i] = vec.List{Off: int32(off), Len: l.Len}
	}
	return nil
}

// copySpan copies rows lo … lo+n of src, a child vector, to dst from row at on.
func (s *Store) copySpan(dst *vec.Vec, at int, src *vec.Vec, lo, n int) error {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(lo + i)
	}
	var part vec.Vec
	vec.Gather(&part, src, rows)
	return s.copyInto(-1, dst, at, &part, vec.Identity[:n])
}

// arena owns string bytes in large blocks.
type arena struct {
	reserve func(int64) error
	block   []byte
	size    int
	bytes   int64 // of all blocks
}

// keep returns a copy of x.
func (a *arena) keep(x string) (string, error) {
	if len(x) == 0 {
		return "", nil
	}
	if len(x) > cap(a.block)-len(a.block) {
		a.size = min(max(a.size*2, 1<<10), 1<<20)
		n := max(a.size, len(x))
		if err := a.reserve(int64(n)); err != nil {
			return "", err
		}
		a.block = make([]byte, 0, n)
		a.bytes += int64(n)
	}
	lo := len(a.block)
	a.block = append(a.block, x...)
	return unsafe.String(&a.block[lo], len(x)), nil
}

// Truncate drops the rows past the first n, also those of an Append that failed.
func (s *Store) Truncate(n int) {
	keep := (n + ChunkRows - 1) / ChunkRows
	for _, c := range s.chunks[min(keep, len(s.chunks)):] {
		s.acct.Release(int64(c.cap * width(s.types)))
		s.bytes -= int64(c.cap * width(s.types))
	}
	s.chunks = s.chunks[:min(keep, len(s.chunks))]
	s.rows = n
	if keep == 0 {
		return
	}
	c := s.chunks[keep-1]
	c.n = n - (keep-1)*ChunkRows
	for _, col := range c.cols {
		revalidate(col, c.n, c.cap)
	}
}

// revalidate marks rows lo … hi valid: rows appended later count on it.
func revalidate(v *vec.Vec, lo, hi int) {
	if v.Valid != nil {
		for i := lo; i < hi; i++ {
			v.Valid.Set(i)
		}
	}
	if v.Type.Kind == types.Struct {
		for _, k := range v.Kids {
			revalidate(k, lo, hi)
		}
	}
}
