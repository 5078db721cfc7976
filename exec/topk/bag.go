package topk

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
)

// Rows are kept in parts by the highest bits of their hash that are not yet
// the same for all rows of the bag (level says how often it was split).
const (
	partBits = 8
	parts    = 1 << partBits
)

// firstDue is how many rows a part has when it is reduced for the first time.
const firstDue = 256

// bag holds rows in parts. It belongs to one thread.
type bag struct {
	t     *TopK
	level uint
	arena *mem.Arena
	heap  row.Heap
	parts [parts]part
	rows  int
	over  bool // some part has reached its due
	// long is the bytes of long strings in the arena, dead those of them whose row is gone.
	long, dead int64
}

// part is a list of segments, filled one after the other.
type part struct {
	segs []segment
	at   int // the segment being filled
	rows int
	due  int // rows at which it is reduced
}

type segment struct {
	base   rowPtr
	n, cap int
}

func newBag(t *TopK, level uint) *bag {
	b := &bag{t: t, level: level, arena: mem.NewArena(t.account)}
	b.heap.Arena = b.arena
	for i := range b.parts {
		b.parts[i].due = firstDue
	}
	return b
}

// room reserves memory for n more rows and so many bytes of long strings.
func (b *bag) room(n, long int) error {
	return b.arena.Ensure(n*b.t.layout.Size + long)
}

// part is the number of the part of rows with hash h.
func (b *bag) part(h uint64) int { return int((h << (b.level * partBits)) >> (64 - partBits)) }

// newRow takes room for a row with hash h, of unspecified contents but for its head.
func (b *bag) newRow(h uint64) rowPtr {
	p := &b.parts[b.part(h)]
	size := b.t.layout.Size
	for p.at < len(p.segs) && p.segs[p.at].n == p.segs[p.at].cap {
		p.at++
	}
	if p.at == len(p.segs) {
		n := 4
		if p.at > 0 {
			n = min(2*p.segs[p.at-1].cap, max(4, 16<<10/size))
		}
		p.segs = append(p.segs, segment{base: b.arena.Alloc(n * size), cap: n})
	}
	s := &p.segs[p.at]
	r := unsafe.Add(s.base, s.n*size)
	s.n++
	p.rows++
	b.rows++
	b.over = b.over || p.rows >= p.due
	if !b.t.word {
		*(*uint64)(r) = h
	}
	return r
}

// each calls f for every segment with rows of the part.
func (p *part) each(f func(base rowPtr, n int)) {
	for i := range p.segs {
		if s := &p.segs[i]; s.n > 0 {
			f(s.base, s.n)
		}
	}
}

// drop removes the rows whose mark is set from a part, marks being in the
// order of its rows: rows from the end take their places.
func (b *bag) drop(p *part, dead []bool) {
	l := b.t.layout
	if b.t.text {
		i := 0
		p.each(func(base rowPtr, n int) {
			for j := range n {
				if dead[i] {
					b.dead += int64(l.Long(unsafe.Add(base, j*l.Size)))
				}
				i++
			}
		})
	}
	lo, hi := cursor{segs: p.segs}, cursor{segs: p.segs, seg: len(p.segs)}
	i, j := 0, p.rows
	for {
		for i < j && !dead[i] {
			i++
			lo.forward()
		}
		for i < j && dead[j-1] {
			j--
			hi.back()
		}
		if i >= j {
			break
		}
		j--
		hi.back()
		copy(unsafe.Slice((*byte)(lo.row(l.Size)), l.Size), unsafe.Slice((*byte)(hi.row(l.Size)), l.Size))
		dead[i], dead[j] = false, true
	}
	b.rows -= p.rows - j
	p.rows, p.at = j, 0
	for s := range p.segs {
		n := min(j, p.segs[s].n)
		p.segs[s].n = n
		j -= n
	}
}

// cursor is a place in the rows of segments.
type cursor struct {
	segs []segment
	seg  int
	at   int
}

func (c *cursor) forward() {
	c.at++
	for c.seg < len(c.segs) && c.at >= c.segs[c.seg].n {
		c.seg, c.at = c.seg+1, 0
	}
}

func (c *cursor) back() {
	for c.at == 0 {
		c.seg--
		c.at = c.segs[c.seg].n
	}
	c.at--
}

func (c *cursor) row(size int) rowPtr {
	return unsafe.Add(c.segs[c.seg].base, c.at*size)
}

// compactAt is how many bytes of dead strings a bag may hold beside as many live ones.
const compactAt = 4 << 20

// compact moves all rows to a fresh arena if most of the strings are dead. It
// goes past the limit of the account for a moment rather than fail.
func (b *bag) compact() {
	if b.dead < compactAt || 2*b.dead < b.long {
		return
	}
	n := newBag(b.t, b.level)
	l := b.t.layout
	for i := range b.parts {
		b.parts[i].each(func(base rowPtr, rows int) {
			for j := range rows {
				src := unsafe.Add(base, j*l.Size)
				l.Copy(n.newRow(b.t.hash(src)), src, &n.heap)
			}
		})
		n.parts[i].due = b.parts[i].due
	}
	n.long = b.long - b.dead
	b.free()
	*b = *n
}

// free empties the bag and gives its memory back.
func (b *bag) free() {
	b.arena.Free()
	b.heap.Reset()
	for i := range b.parts {
		b.parts[i] = part{due: firstDue}
	}
	b.rows, b.long, b.dead, b.over = 0, 0, 0, false
}
