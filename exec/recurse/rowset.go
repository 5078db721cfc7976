package recurse

import (
	"math/bits"
	"slices"
	"sync"
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// rowSet remembers rows, NULL being equal to NULL. It is safe for concurrent use.
type rowSet struct {
	mu      sync.Mutex
	account *mem.Account
	layout  *row.Layout
	arena   *mem.Arena
	heap    row.Heap

	// dir maps hashes to rows, as addresses; 0 is free. It is at most half full.
	dirMem *mem.Arena
	dir    []uint64
	shift  uint // from a hash to its place in dir
	used   int

	preps []row.Prep
	keys  []*vec.Vec
	hash  []uint64
	ptrs  []unsafe.Pointer
	at    []uint32
	todo  []uint16
	again []uint16
	fresh []uint16
	cand  []uint16
	added []uint16
}

// hashHead is the bytes of the hash at the start of a row.
const hashHead = 8

func newRowSet(ts []types.Type, account *mem.Account) *rowSet {
	s := &rowSet{account: account, arena: mem.NewArena(account), preps: make([]row.Prep, len(ts)), keys: make([]*vec.Vec, len(ts))}
	nulls := make([]bool, len(ts))
	for i := range nulls {
		nulls[i] = true
	}
	s.layout = row.NewLayout(hashHead, ts, nulls, len(ts), 0)
	s.heap.Arena = s.arena
	return s
}

func (s *rowSet) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arena.Free()
	s.heap.Reset()
	if s.dirMem != nil {
		s.dirMem.Free()
	}
	s.dirMem, s.dir, s.used = nil, nil, 0
}

// add remembers the rows of b and returns, in a slice of the caller's own,
// those it did not know.
func (s *rowSet) add(b *vec.Batch) ([]uint16, error) {
	sel := b.Selection()
	if len(sel) == 0 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range b.Cols {
		s.keys[i] = s.preps[i].Key(c, sel)
	}
	if b.N > len(s.hash) {
		s.hash, s.ptrs, s.at = make([]uint64, b.N), make([]unsafe.Pointer, b.N), make([]uint32, b.N)
	}
	clear(s.hash[:b.N]) // without columns all rows are equal
	row.Hash(s.keys, sel, s.hash)
	if err := s.room(len(sel), row.Need(s.keys, sel)); err != nil {
		return nil, err
	}
	mask := uint32(len(s.dir) - 1)
	for _, r := range sel {
		s.at[r] = uint32(s.hash[r] >> s.shift)
	}
	s.added = s.added[:0]
	todo := append(s.todo[:0], sel...)
	for len(todo) > 0 {
		s.step(todo, mask)
		for c, k := range s.keys {
			s.layout.Scatter(c, k, s.fresh, s.ptrs, &s.heap)
		}
		s.added = append(s.added, s.fresh...)
		eq, ne := s.layout.Match(s.keys, s.cand, s.ptrs, s.cand, s.again[:0])
		s.cand, s.again = eq, ne
		for _, r := range ne {
			s.at[r] = (s.at[r] + 1) & mask
		}
		todo = append(todo[:0], ne...)
	}
	s.todo = todo
	out := slices.Clone(s.added)
	slices.Sort(out)
	return out, nil
}

// step finds for each row the next entry that may be equal, or claims a free one.
func (s *rowSet) step(todo []uint16, mask uint32) {
	s.fresh, s.cand = s.fresh[:0], s.cand[:0]
	for _, r := range todo {
		i, h := s.at[r], s.hash[r]
		for {
			if s.dir[i] == 0 {
				p := s.arena.AllocZero(s.layout.Size)
				*(*uint64)(p) = h
				s.dir[i], s.ptrs[r] = mem.Address(p), p
				s.used++
				s.fresh = append(s.fresh, r)
				break
			}
			if p := mem.Pointer(s.dir[i]); *(*uint64)(p) == h {
				s.ptrs[r] = p
				s.cand = append(s.cand, r)
				break
			}
			i = (i + 1) & mask
		}
		s.at[r] = i
	}
}

// room reserves memory for n more rows and grows the directory for them.
func (s *rowSet) room(n, text int) error {
	if err := s.arena.Ensure(n*s.layout.Size + text); err != nil {
		return err
	}
	if 2*(s.used+n) <= len(s.dir) {
		return nil
	}
	size := max(1024, len(s.dir))
	for size < 2*(s.used+n) {
		size *= 2
	}
	m := mem.NewArena(s.account)
	if err := m.Ensure(size * 8); err != nil {
		return err
	}
	dir := unsafe.Slice((*uint64)(m.AllocZero(size*8)), size)
	mask := uint32(size - 1)
	s.shift = uint(64 - bits.TrailingZeros(uint(size)))
	for _, p := range s.dir {
		if p == 0 {
			continue
		}
		i := uint32(*(*uint64)(mem.Pointer(p)) >> s.shift)
		for dir[i] != 0 {
			i = (i + 1) & mask
		}
		dir[i] = p
	}
	if s.dirMem != nil {
		s.dirMem.Free()
	}
	s.dirMem, s.dir = m, dir
	return nil
}
