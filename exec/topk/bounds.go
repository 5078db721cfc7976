package topk

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
)

// mostBounds is how many groups have bounds: a few megabytes of them pay even
// where they do not fit the cache, since a row left out is neither stored nor fetched again.
const mostBounds = 1 << 16

// bounds remembers groups of which K rows were seen, each with the key of the
// K-th. A row of the group that comes behind it need not be kept. It belongs to one thread.
type bounds struct {
	t     *TopK
	arena *mem.Arena
	heap  row.Heap
	rows  []rowPtr // copies of the K-th rows
	dir   []uint64 // as a reducer's
	shift uint
	off   bool // there are too many groups, or too few rows are left out

	seen, left int // input rows, and those left out
	ptrs       []rowPtr
	cand, ne   []uint16
	sel        []uint16
	coded      []byte
}

func newBounds(t *TopK) *bounds {
	b := &bounds{t: t, arena: mem.NewArena(t.account)}
	b.heap.Arena = b.arena
	return b
}

func (b *bounds) close() {
	b.off = true
	b.arena.Free()
	b.heap.Reset()
	b.rows, b.dir = nil, nil
}

// learn takes in the last rows that may stay of some groups.
func (b *bounds) learn(rows []rowPtr) {
	if b.off || len(rows) == 0 {
		return
	}
	l, stride := b.t.layout, b.t.layout.Size-b.t.layout.Tail
	for _, p := range rows {
		h := b.t.hash(p)
		at, found := b.find(h, p)
		if found >= 0 {
			x, y := tail(b.rows[found], l.Tail, stride), tail(p, l.Tail, stride)
			if bytes.Compare(y, x) < 0 {
				copy(x, y)
			}
			continue
		}
		if len(b.rows) == mostBounds || b.arena.Ensure(l.Size+l.Long(p)) != nil {
			b.close()
			return
		}
		q := b.arena.Alloc(l.Size)
		l.Copy(q, p, &b.heap)
		b.rows = append(b.rows, q)
		b.dir[at] = h<<32 | uint64(len(b.rows))
	}
}

// find returns the number of the bound of p's group, or -1 and where its entry goes.
func (b *bounds) find(h uint64, p rowPtr) (at uint64, found int) {
	if 2*(len(b.rows)+1) > len(b.dir) {
		b.grow()
	}
	mask := uint64(len(b.dir) - 1)
	for at = h >> b.shift; ; at++ {
		e := b.dir[at&mask]
		if e == 0 {
			return at & mask, -1
		}
		if j := int(uint32(e)) - 1; e>>32 == h&0xffffffff && b.t.layout.Equal(b.rows[j], p) {
			return at & mask, j
		}
	}
}

func (b *bounds) grow() {
	n := max(256, 2*len(b.dir))
	b.dir, b.shift = make([]uint64, n), 64
	for m := n; m > 1; m >>= 1 {
		b.shift--
	}
	mask := uint64(n - 1)
	for i, p := range b.rows {
		h := b.t.hash(p)
		at := h >> b.shift
		for b.dir[at&mask] != 0 {
			at++
		}
		b.dir[at&mask] = h<<32 | uint64(i+1)
	}
}

func tail(p rowPtr, at, n int) []byte { return unsafe.Slice((*byte)(unsafe.Add(p, at)), n) }

// pass returns the rows of sel that may be among the first K of their groups,
// with their coded keys. keys and h are by row, coded is by place in sel.
func (b *bounds) pass(keys []*vec.Vec, h []uint64, sel []uint16, coded []byte, stride, sure int, exact bool) ([]uint16, []byte) {
	if b.off || len(b.rows) == 0 {
		return sel, coded
	}
	if n := len(h); n > len(b.ptrs) {
		b.ptrs = make([]rowPtr, n)
	}
	b.cand = b.cand[:0]
	mask := uint64(len(b.dir) - 1)
	for _, r := range sel {
		x := h[r]
		for at := x >> b.shift; ; at++ {
			e := b.dir[at&mask]
			if e == 0 {
				break
			}
			if e>>32 == x&0xffffffff { // of two groups that look alike the second has no bound
				b.ptrs[r] = b.rows[uint32(e)-1]
				b.cand = append(b.cand, r)
				break
			}
		}
	}
	b.cand, b.ne = b.t.layout.Match(keys, b.cand, b.ptrs, b.cand, b.ne[:0])
	// A row equal to the K-th one may stay away if rows are counted.
	least := 1
	if b.t.by == rowNumber && exact {
		least = 0
	}
	b.sel, b.coded = b.sel[:0], b.coded[:0]
	c := b.cand
	for i, r := range sel {
		key := coded[i*stride:][:stride]
		if len(c) > 0 && c[0] == r {
			c = c[1:]
			if bytes.Compare(key[:sure], tail(b.ptrs[r], b.t.layout.Tail, sure)) >= least {
				continue
			}
		}
		b.sel, b.coded = append(b.sel, r), append(b.coded, key...)
	}
	b.worth(len(sel), len(sel)-len(b.sel))
	return b.sel, b.coded
}

// worth turns the bounds off where they leave out few rows.
func (b *bounds) worth(seen, left int) {
	b.seen, b.left = b.seen+seen, b.left+left
	if b.seen < 1<<17 {
		return
	}
	if 8*b.left < b.seen {
		b.sel, b.coded = slices.Clone(b.sel), slices.Clone(b.coded)
		b.close()
	}
	b.seen, b.left = 0, 0
}
