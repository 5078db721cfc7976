// Package hold keeps rows past the loop body that lent them, in a Store: a
// column store of fixed-size chunks that owns all its bytes, outside of the
// collector's view. Sorting, windows and shared subplans build on it; hash
// tables have a row format of their own (exec/row), and what goes to disk is
// the business of exec/mem.
//
//	lent batches ──Append──► Store: chunk 0 │ chunk 1 │ …   ──Gather──► batches in any order
//
// A chunk's fixed-width values, string headers and validity lie in an arena,
// as do the bytes of strings; only the elements of lists are the collector's.
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
// any number of threads may gather. An Append that is refused leaves the store as it was.
type Store struct {
	types   []types.Type
	head    int // bytes a row beside the columns
	acct    *mem.Account
	arena   *mem.Arena
	adopted []*mem.Arena // with the chunks of other stores
	chunks  []*chunk
	rows    int
	text    text
	other   int64      // reserved for what is not in arenas
	memo    []dictMemo // by column
	columns []*column  // once sealed
}

type chunk struct {
	cols []*vec.Vec // flat, all with cap rows
	head unsafe.Pointer
	cap  int
	n    int
}

// dictMemo remembers the copies of a dictionary's strings, so that each is copied once.
type dictMemo struct {
	dict *vec.Dictionary
	strs []string
	have []bool
}

// memoBytes is what a dictMemo takes for an entry.
const memoBytes = 17

// NewStore returns an empty store for columns of the given types.
func NewStore(ts []types.Type, acct *mem.Account) *Store { return NewHeadStore(ts, 0, acct) }

// NewHeadStore is NewStore with so many bytes beside the columns of each row, for the owner.
func NewHeadStore(ts []types.Type, head int, acct *mem.Account) *Store {
	s := &Store{types: ts, head: head, acct: acct}
	s.reset()
	return s
}

func (s *Store) reset() {
	s.arena = mem.NewArena(s.acct)
	s.text = text{arena: s.arena}
	s.memo = make([]dictMemo, len(s.types))
	s.adopted, s.chunks, s.columns, s.rows, s.other = nil, nil, nil, 0, 0
}

// Len is the number of rows, Types the column types, Chunks the number of chunks.
func (s *Store) Len() int            { return s.rows }
func (s *Store) Types() []types.Type { return s.types }
func (s *Store) Chunks() int         { return len(s.chunks) }

// ChunkLen is the number of rows in chunk c.
func (s *Store) ChunkLen(c int) int { return s.chunks[c].n }

// Bytes is the memory the store holds.
func (s *Store) Bytes() int64 {
	n := s.arena.Bytes() + s.other
	for _, a := range s.adopted {
		n += a.Bytes()
	}
	return n
}

// Head is the bytes beside the columns of a row.
func (s *Store) Head(row uint32) []byte {
	c := s.chunks[row>>ChunkShift]
	return unsafe.Slice((*byte)(unsafe.Add(c.head, int(row&ChunkMask)*s.head)), s.head)
}

// Release gives all memory back; the store is empty then, and usable.
func (s *Store) Release() {
	s.arena.Free()
	for _, a := range s.adopted {
		a.Free()
	}
	s.acct.Release(s.other)
	s.reset()
}

// Adopt moves the chunks of o, of the same types and account, behind those of
// s and returns the number to add to o's row numbers. o is empty then.
func (s *Store) Adopt(o *Store) uint32 {
	base := uint32(len(s.chunks)) << ChunkShift
	s.chunks = append(s.chunks, o.chunks...)
	s.adopted = append(append(s.adopted, o.arena), o.adopted...)
	s.rows += o.rows
	s.other += o.other
	s.columns = nil
	o.reset()
	return base
}

// Append copies rows sel of cols (one vector a column of the store) to the
// end. The error is the account's.
func (s *Store) Append(cols []*vec.Vec, sel []uint16) error { return s.AppendHead(cols, sel, nil) }

// AppendBatch appends the alive rows of b.
func (s *Store) AppendBatch(b *vec.Batch) error { return s.Append(b.Cols, b.Selection()) }

// AppendHead is Append with the heads of the rows, one behind the other.
func (s *Store) AppendHead(cols []*vec.Vec, sel []uint16, head []byte) error {
	if len(sel) == 0 {
		return nil
	}
	if err := s.reserve(cols, sel); err != nil {
		return err
	}
	for len(sel) > 0 {
		c := s.room(len(sel))
		k := min(len(sel), c.cap-c.n)
		for i, col := range cols {
			s.copyInto(i, c.cols[i], c.n, col, sel[:k], true)
		}
		if s.head > 0 {
			copy(unsafe.Slice((*byte)(unsafe.Add(c.head, c.n*s.head)), k*s.head), head)
			head = head[k*s.head:]
		}
		c.n += k
		s.rows += k
		sel = sel[k:]
	}
	return nil
}

// room returns the chunk to append n rows to, as far as they fit. A store
// starts with a small chunk that is replaced by larger ones, so that tiny inputs stay cheap.
func (s *Store) room(n int) *chunk {
	last := s.last()
	if last != nil && last.n+n <= last.cap {
		return last
	}
	if size := s.grown(n); size > 0 {
		big := s.newChunk(size)
		for i, col := range last.cols {
			s.moveInto(big.cols[i], col, last.n)
		}
		if s.head > 0 {
			copy(unsafe.Slice((*byte)(big.head), last.n*s.head), unsafe.Slice((*byte)(last.head), last.n*s.head))
		}
		big.n = last.n
		s.chunks[len(s.chunks)-1] = big
		return big
	}
	if last != nil && last.n < last.cap {
		return last
	}
	size := ChunkRows
	if last == nil {
		size = firstRows(n)
	}
	c := s.newChunk(size)
	s.chunks = append(s.chunks, c)
	return c
}

func (s *Store) last() *chunk {
	if len(s.chunks) == 0 {
		return nil
	}
	return s.chunks[len(s.chunks)-1]
}

// grown is the size of the chunk that replaces the last one for n more rows, 0 if it stays.
func (s *Store) grown(n int) int {
	last := s.last()
	if last == nil || last.cap == ChunkRows || last.n+n <= last.cap {
		return 0
	}
	return min(ChunkRows, max(4*last.cap, last.n+n))
}

// firstRows is the size of the first chunk.
func firstRows(n int) int { return min(ChunkRows, max(64, n)) }

func (s *Store) newChunk(size int) *chunk {
	c := &chunk{cols: make([]*vec.Vec, len(s.types)), cap: size}
	for i, t := range s.types {
		c.cols[i] = s.newVec(t, size)
	}
	if s.head > 0 {
		c.head = s.arena.Alloc(size * s.head)
	}
	return c
}

// newVec makes a flat vector of n rows in the arena, of unspecified contents and without NULLs.
func (s *Store) newVec(t types.Type, n int) *vec.Vec {
	v := &vec.Vec{Type: t}
	switch st := t.Storage(); st {
	case types.StoreNone:
	case types.StoreStruct:
		for _, f := range t.Children() {
			v.Kids = append(v.Kids, s.newVec(f.Type, n))
		}
	default:
		if st == types.StoreList {
			for _, f := range t.Children() {
				v.Kids = append(v.Kids, &vec.Vec{Type: f.Type})
			}
		}
		// Wide loads may read past the end.
		p := s.arena.Alloc(n*st.Width() + 8)
		vec.SetRaw(v, unsafe.Slice((*byte)(p), n))
	}
	v.SetLen(n)
	return v
}

// validity is that of a vector of the store, made if there were no NULLs yet.
func (s *Store) validity(v *vec.Vec) vec.Bitmap {
	if v.Valid == nil {
		w := vec.Words(v.Len())
		v.Valid = unsafe.Slice((*uint64)(s.arena.Alloc(8*w)), w)
		v.Valid.SetAll(v.Len())
	}
	return v.Valid
}

// text owns the bytes of strings.
type text struct {
	arena *mem.Arena
	cur   unsafe.Pointer
	left  int
}

// textStep is how much text takes from the arena at a time.
const textStep = 4 << 10

// keep returns a copy of x.
func (t *text) keep(x string) string {
	if len(x) == 0 {
		return ""
	}
	if len(x) > t.left {
		n := max(textStep, len(x))
		t.cur, t.left = t.arena.Alloc(n), n
	}
	p := t.cur
	copy(unsafe.Slice((*byte)(p), len(x)), x)
	t.cur = unsafe.Add(p, len(x))
	t.left -= len(x)
	return unsafe.String((*byte)(p), len(x))
}
