package topk

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
)

// Rows belong to parts by the highest bits of their hash that are not yet
// the same for all rows of the bag (level says how often it was split).
const (
	partBits = 8
	parts    = 1 << partBits
)

// firstDue is how many rows a part has when it is reduced for the first time.
const firstDue = 256

// blockBytes is about the size of a block of rows.
const blockBytes = 32 << 10

// bag holds rows in the order in which they came, and an item for each that
// is alive in the part of its hash. It belongs to one thread.
type bag struct {
	t     *TopK
	level uint
	arena *mem.Arena // of rows and long strings
	heap  row.Heap
	// Row i is in blocks[i>>shift]. Behind the rows of a block lies a byte for
	// each that is not zero if the row is dead.
	blocks []rowPtr
	shift  uint
	n      int // rows, dead ones too
	alive  int

	items *mem.Arena
	parts [parts]part
	over  bool // some part has reached its due
	// long is the bytes of long strings in the arena, dead those of them whose row is gone.
	long, dead int64
	remap      []uint32

	// Once it is settled which rows stay: their numbers by call, and the next row to hand out.
	nums   [][]int32
	handed atomic.Int64
}

// item stands for a row in a part.
type item struct {
	h   uint64 // hash of the partition keys
	k   uint64 // first eight bytes of the order's key, which order like a number
	row uint32
	bag uint32 // given by a reducer to its copies
}

const itemBytes = int(unsafe.Sizeof(item{}))

// part is a list of segments, filled one after the other.
type part struct {
	segs []segment
	at   int // the segment being filled
	rows int
	due  int // rows at which it is reduced
}

type segment struct {
	items []item // in the arena; its capacity is that of the segment
}

func newBag(t *TopK, level uint) *bag {
	b := &bag{t: t, level: level, arena: mem.NewArena(t.account), items: mem.NewArena(t.account)}
	b.shift = uint(bits.Len(uint(max(blockBytes/(t.layout.Size+1), 16)))) - 1
	b.heap.Arena = b.arena
	for i := range b.parts {
		b.parts[i].due = firstDue
	}
	return b
}

// room reserves memory for n more rows and so many bytes of long strings.
func (b *bag) room(n, long int) error {
	if err := b.items.Ensure(n * itemBytes); err != nil {
		return err
	}
	if fresh := b.n + n - len(b.blocks)<<b.shift; fresh > 0 {
		blocks := (fresh + 1<<b.shift - 1) >> b.shift
		long += blocks * b.blockSize()
	}
	return b.arena.Ensure(long)
}

func (b *bag) blockSize() int { return (b.t.layout.Size + 1) << b.shift }

// bytes is the memory the bag holds.
func (b *bag) bytes() int64 { return b.arena.Bytes() + b.items.Bytes() }

// newRow takes room for one more row, of unspecified contents.
func (b *bag) newRow() rowPtr {
	i := b.n
	if i>>b.shift == len(b.blocks) {
		p := b.arena.Alloc(b.blockSize())
		b.blocks = append(b.blocks, p)
		clear(unsafe.Slice((*byte)(unsafe.Add(p, b.t.layout.Size<<b.shift)), 1<<b.shift))
	}
	b.n++
	b.alive++
	return b.row(uint32(i))
}

func (b *bag) row(i uint32) rowPtr {
	return unsafe.Add(b.blocks[i>>b.shift], int(i&(1<<b.shift-1))*b.t.layout.Size)
}

// mark is the byte that tells whether row i is dead.
func (b *bag) mark(i uint32) *byte {
	return (*byte)(unsafe.Add(b.blocks[i>>b.shift], b.t.layout.Size<<b.shift+int(i&(1<<b.shift-1))))
}

// put adds the item of a row to its part.
func (b *bag) put(h, k uint64, row uint32) {
	p := &b.parts[int((h<<(b.level*partBits))>>(64-partBits))]
	for p.at < len(p.segs) && len(p.segs[p.at].items) == cap(p.segs[p.at].items) {
		p.at++
	}
	if p.at == len(p.segs) {
		n := 4
		if p.at > 0 {
			n = min(2*cap(p.segs[p.at-1].items), 16<<10/itemBytes)
		}
		p.segs = append(p.segs, segment{unsafe.Slice((*item)(b.items.Alloc(n*itemBytes)), n)[:0]})
	}
	s := &p.segs[p.at]
	s.items = append(s.items, item{h: h, k: k, row: row})
	p.rows++
	b.over = b.over || p.rows >= p.due
}

// drop removes the rows whose mark is set from a part, marks being in the order of its items.
func (b *bag) drop(p *part, dead []bool) {
	to, n := 0, 0 // segment being filled, and its items
	i := 0
	for s := range p.segs {
		for _, x := range p.segs[s].items {
			gone := dead[i]
			i++
			if gone {
				*b.mark(x.row) = 1
				if b.t.text {
					b.dead += int64(b.t.layout.Long(b.row(x.row)))
				}
				continue
			}
			for n == cap(p.segs[to].items) {
				p.segs[to].items = p.segs[to].items[:n]
				to, n = to+1, 0
			}
			// Never ahead of what is read.
			p.segs[to].items[:n+1][n] = x
			n++
		}
	}
	left := 0
	for s := range p.segs {
		switch {
		case s < to:
		case s == to:
			p.segs[s].items = p.segs[s].items[:n]
		default:
			p.segs[s].items = p.segs[s].items[:0]
		}
		left += len(p.segs[s].items)
	}
	b.alive -= p.rows - left
	p.rows, p.at = left, 0
}

// Dead rows and strings are left where they are until there are so many of
// them, and more than live ones.
const (
	compactRows  = 1 << 13
	compactBytes = 4 << 20
)

// compact moves live rows together if most of them, or of their strings, are dead.
func (b *bag) compact() {
	strings := b.dead >= compactBytes && 2*b.dead >= b.long
	if !strings && (b.n-b.alive < compactRows || b.n < 2*b.alive) {
		return
	}
	if cap(b.remap) < b.n {
		b.t.account.Force(int64(4 * (b.n - cap(b.remap))))
		b.remap = make([]uint32, b.n)
	}
	if strings {
		b.renew()
	} else {
		b.closeUp()
	}
	for i := range b.parts {
		for _, s := range b.parts[i].segs {
			for j := range s.items {
				s.items[j].row = b.remap[s.items[j].row]
			}
		}
	}
}

// closeUp moves live rows towards the first one, and says in remap where they are.
func (b *bag) closeUp() {
	size, n := b.t.layout.Size, uint32(0)
	for i := range uint32(b.n) {
		if *b.mark(i) != 0 {
			continue
		}
		if n < i {
			copy(unsafe.Slice((*byte)(b.row(n)), size), unsafe.Slice((*byte)(b.row(i)), size))
		}
		b.remap[i] = n
		n++
	}
	for i := range uint32(b.n) {
		*b.mark(i) = 0
	}
	b.n = int(n)
}

// renew is closeUp into a fresh arena, without the strings of dead rows. It
// goes past the limit of the account for a moment rather than fail.
func (b *bag) renew() {
	old := bag{t: b.t, arena: b.arena, blocks: b.blocks, shift: b.shift}
	n := uint32(b.n)
	b.arena = mem.NewArena(b.t.account)
	b.heap = row.Heap{Arena: b.arena}
	b.blocks, b.n, b.alive = nil, 0, 0
	for i := range n {
		if *old.mark(i) == 0 {
			b.remap[i] = uint32(b.n)
			b.t.layout.Copy(b.newRow(), old.row(i), &b.heap)
		}
	}
	b.long, b.dead = b.long-b.dead, 0
	old.arena.Free()
}

// forget gives the memory of the items back, which are not needed any more.
func (b *bag) forget() {
	b.items.Free()
	for i := range b.parts {
		b.parts[i] = part{due: firstDue}
	}
	b.t.account.Release(int64(4 * cap(b.remap)))
	b.remap = nil
}

// free empties the bag and gives its memory back.
func (b *bag) free() {
	b.forget()
	b.arena.Free()
	b.heap.Reset()
	for _, n := range b.nums {
		b.t.account.Release(int64(4 * len(n)))
	}
	b.blocks, b.nums = nil, nil
	b.n, b.alive, b.long, b.dead, b.over = 0, 0, 0, 0, false
}
