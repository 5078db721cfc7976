package agg

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Rows are kept in partitions by the highest bits of their hash that are not
// yet the same for all rows of the table (level says how often it was split).
const (
	partBits = 8
	parts    = 1 << partBits
)

// Directories start small. A table grows its directory up to largeDir while
// grouping pays; where a small one groups as well, it stays at smallDir.
const (
	startDir = 1 << 10
	smallDir = 1 << 14
	largeDir = 1 << 19
)

// table is the groups of one thread (or of one partition that is read back).
type table struct {
	core  *core
	level uint
	arena *mem.Arena
	heap  row.Heap
	accs  []function.Accumulator
	extra int64 // reserved for memory of accs

	// The directory maps the hash bits below those of level to entries: the
	// address of a row in the low 48 bits, the low 16 bits of its hash above. 0 is free.
	dirMem *mem.Arena
	dir    []uint64
	shift  uint
	used   int // entries
	most   int // largest directory

	parts   [parts]part
	rows    int  // in all partitions
	seen    int  // input rows since the directory was last empty
	flushes int  // how often it was emptied while rows stayed
	nulls   bool // some key was NULL
	pay     float64
	blind   int // so many input rows more are not looked up

	// moving, if not nil, is called before rows are moved out of the table.
	moving func() error

	at          []uint32 // place in the directory, by row or place in a selection
	entries     []uint64
	fresh, cand []uint16
	again, todo []uint16
}

// part is a list of segments of rows.
type part struct {
	segs []segment
	cur  rowPtr
	left int // rows that fit at cur
}

type segment struct {
	base rowPtr
	n    int
}

func newTable(c *core, level uint) (*table, error) {
	t := &table{core: c, level: level, arena: mem.NewArena(c.account), most: largeDir}
	t.heap.Arena = t.arena
	var err error
	t.accs, err = c.accumulators()
	return t, err
}

func (t *table) setDir(n int) {
	old := t.dirMem
	t.dirMem = mem.NewArena(t.core.account)
	t.dir = unsafe.Slice((*uint64)(t.dirMem.AllocZero(n*8)), n)
	t.shift = 64
	for m := n; m > 1; m >>= 1 {
		t.shift--
	}
	if old != nil {
		old.Free()
	}
}

// errShare makes a thread spill that holds its share of a limited account:
// otherwise the others would find no room for their first rows.
var errShare = sqlerr.New(sqlerr.MemoryLimit, "An aggregation holds more than its share of memory.")

// room makes space in the directory and reserves memory for n more rows with
// these keys. It may empty the directory; it fails if memory is short.
func (t *table) room(keys []*vec.Vec, sel []uint16) error {
	n := len(sel)
	if s := t.core.agg.share; s > 0 && t.rows > 0 && t.level == 0 && t.canSpill() && t.arena.Bytes() > s {
		return errShare
	}
	if err := t.arena.Ensure(n*t.core.layout.Size + row.Need(keys, sel)); err != nil {
		return err
	}
	if 2*(t.used+n) <= len(t.dir) || t.blind > 0 {
		return nil
	}
	size := max(startDir, len(t.dir))
	for size < 2*(t.used+n) {
		size *= 2
	}
	if t.used > 0 && size > t.most && t.level == 0 {
		t.empty(n)
		return nil
	}
	if err := t.core.account.Reserve(int64(size) * 8); err != nil {
		return err
	}
	t.core.account.Release(int64(size) * 8)
	t.setDir(size)
	switch {
	case t.used == 0:
	case t.flushes == 0:
		t.used = 0
		t.index()
	default: // there are rows the old directory did not know either
		t.used, t.seen = 0, 0
		t.flushes++
	}
	return nil
}

// empty forgets the directory and keeps the rows. Where few input rows share a
// group within reach, a directory that fits the cache finds as many of them.
// Where hardly any do, rows are not even looked up for a while. There is room
// for n rows afterwards.
func (t *table) empty(n int) {
	pay := float64(t.used) / float64(max(t.seen, 1))
	switch {
	case t.most == largeDir:
		t.pay, t.most = pay, smallDir
	case pay > 1.2*t.pay+0.02:
		t.most = largeDir
	}
	if t.pay > 0.8 && pay > 0.8 {
		t.blind, t.most = 64*t.seen, largeDir
	}
	t.flushes++
	t.seen, t.used = 0, 0
	size := t.most
	for size < 2*n {
		size *= 2
	}
	if size < len(t.dir) {
		t.setDir(size)
		return
	}
	clear(t.dir)
}

// index enters all rows into an empty directory. There is one row a group.
func (t *table) index() {
	mask := uint64(len(t.dir) - 1)
	pre := t.level * partBits
	for i := range t.parts {
		for _, s := range t.parts[i].segs {
			p := s.base
			for range s.n {
				h := t.core.hash(p)
				j := (h << pre) >> t.shift
				for t.dir[j&mask] != 0 {
					j++
				}
				t.dir[j&mask] = h<<48 | mem.Address(p)
				t.used++
				p = unsafe.Add(p, t.core.layout.Size)
			}
		}
	}
}

// newRow takes room for a row with an empty state and no nulls.
func (t *table) newRow(h uint64) rowPtr {
	p := &t.parts[(h<<(t.level*partBits))>>(64-partBits)]
	size := t.core.layout.Size
	if p.left == 0 {
		n := 4
		if k := len(p.segs); k > 0 {
			n = min(2*p.segs[k-1].n, max(4, 16<<10/size))
		}
		p.cur, p.left = t.arena.Alloc(n*size), n
		p.segs = append(p.segs, segment{base: p.cur})
	}
	r := p.cur
	p.cur = unsafe.Add(r, size)
	p.left--
	p.segs[len(p.segs)-1].n++
	t.rows++
	for i := 0; i < size; i += 8 {
		*(*uint64)(unsafe.Add(r, i)) = 0
	}
	*(*uint64)(r) = h // the key of a word core takes its place
	return r
}

// find sets ptrs[r] to the row of the group of row r of the prepared keys, for
// r in sel, adding groups it does not know. room must have been called.
func (t *table) find(keys []*vec.Vec, h []uint64, sel []uint16, ptrs []rowPtr) {
	l := t.core.layout
	if t.blind > 0 {
		t.blind -= len(sel)
		t.nulls = t.nulls || t.core.word && keys[0].Valid != nil
		for _, r := range sel {
			ptrs[r] = t.newRow(h[r])
		}
		for c, k := range keys {
			l.Scatter(c, k, sel, ptrs, &t.heap)
		}
		return
	}
	t.seen += len(sel)
	if len(h) > len(t.at) {
		t.at, t.entries = make([]uint32, len(h)), make([]uint64, len(h))
	}
	for _, k := range keys {
		t.nulls = t.nulls || k.Valid != nil
	}
	if t.core.word && !t.nulls {
		t.findWords(vec.Raw[uint64](keys[0]), h, sel, ptrs)
		return
	}
	pre, at := t.level*partBits, t.at
	t.ahead(h, sel)
	for _, r := range sel {
		at[r] = uint32((h[r] << pre) >> t.shift)
	}
	todo := sel
	for len(todo) > 0 {
		t.step(h, todo, ptrs)
		for c, k := range keys {
			l.Scatter(c, k, t.fresh, ptrs, &t.heap)
		}
		eq, ne := l.Match(keys, t.cand, ptrs, t.cand, t.again[:0])
		t.cand = eq
		for _, r := range ne {
			at[r]++
		}
		t.again, t.todo = t.todo, ne
		todo = ne
	}
}

// farDir is the size from which on a directory and its rows are not in the
// nearest caches, so that asking for them ahead pays.
const farDir = 1 << 13

// ahead asks for the directory entries of rows sel, then for the rows they point at.
func (t *table) ahead(h []uint64, sel []uint16) {
	if len(t.dir) < farDir {
		return
	}
	pre, shift := t.level*partBits, t.shift&63
	at, entries := t.at[:len(sel)], t.entries[:len(sel)]
	for i, r := range sel {
		at[i] = uint32((h[r] << pre) >> shift)
	}
	row.PrefetchAt(unsafe.Pointer(unsafe.SliceData(t.dir)), at)
	for i, x := range at {
		entries[i] = t.dir[x]
	}
	row.PrefetchRows(entries, 0)
}

// step finds for each row of todo the next entry that may be its group (cand),
// or claims a free one (fresh).
func (t *table) step(h []uint64, todo []uint16, ptrs []rowPtr) {
	dir, mask, at := t.dir, uint32(len(t.dir)-1), t.at
	t.fresh, t.cand = t.fresh[:0], t.cand[:0]
	for _, r := range todo {
		i, x := at[r]&mask, h[r]
		for {
			e := dir[i]
			if e == 0 {
				p := t.newRow(x)
				dir[i] = x<<48 | mem.Address(p)
				t.used++
				ptrs[r] = p
				t.fresh = append(t.fresh, r)
				break
			}
			if e>>48 == x&0xffff {
				ptrs[r] = mem.Pointer(e & (1<<48 - 1))
				t.cand = append(t.cand, r)
				break
			}
			i = (i + 1) & mask
		}
		at[r] = i
	}
}

// findWords is find for a single key of 8 bytes without NULLs, which is at the
// start of rows.
func (t *table) findWords(keys []uint64, h []uint64, sel []uint16, ptrs []rowPtr) {
	t.ahead(h, sel)
	dir, mask := t.dir, uint64(len(t.dir)-1)
	pre, shift := t.level*partBits, t.shift&63
	for _, r := range sel {
		x, k := h[r], keys[r]
		i := (x << pre) >> shift
		for {
			e := dir[i&mask]
			if e == 0 {
				p := t.newRow(x)
				dir[i&mask] = x<<48 | mem.Address(p)
				t.used++
				*(*uint64)(p) = k
				ptrs[r] = p
				break
			}
			if e>>48 == x&0xffff {
				if p := mem.Pointer(e & (1<<48 - 1)); *(*uint64)(p) == k {
					ptrs[r] = p
					break
				}
			}
			i++
		}
	}
}

// account reserves for memory the accumulators hold beside the rows.
func (t *table) account() error {
	now := int64(0)
	for _, a := range t.accs {
		now += a.Extra()
	}
	if now <= t.extra {
		return nil
	}
	if err := t.core.account.Reserve(now - t.extra); err != nil {
		return err
	}
	t.extra = now
	return nil
}

// extraMemory is account for the tables of threads: what is refused is spilled.
func (t *table) extraMemory() error {
	err := t.account()
	switch {
	case err == nil || len(t.core.keys) == 0:
		return err
	case t.canSpill():
		return t.spill()
	}
	return nil // the table of a partial aggregation is about to be passed on
}

// settle drops what only adding rows needs. With spill, the rows go to disk too.
func (t *table) settle(spill bool) error {
	if spill {
		if err := t.spill(); err != nil {
			return err
		}
	}
	t.dropDir()
	t.at = nil
	return nil
}

func (t *table) dropDir() {
	if t.dirMem != nil {
		t.dirMem.Free()
	}
	t.dirMem, t.dir, t.used = nil, nil, 0
}

// reset empties the table and gives its memory back.
func (t *table) reset() error {
	t.free()
	var err error
	t.accs, err = t.core.accumulators()
	return err
}

func (t *table) free() {
	t.dropDir()
	t.arena.Free()
	t.heap.Reset()
	t.core.account.Release(t.extra)
	t.extra, t.rows, t.seen, t.flushes = 0, 0, 0, 0
	t.parts = [parts]part{}
	t.accs = nil
}
