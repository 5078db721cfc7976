package topk

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/sort"
)

// reducer groups the rows of a part and tells which of them are among the
// first K of their group. It belongs to one thread.
type reducer struct {
	t     *TopK
	order *sort.Keys
	text  func(item int, r rowPtr) string

	bags []*bag
	rows []item // of the part, as collected
	dead []bool // by row: it is not among the first

	// The directory maps hash bits below those of level to entries: 1 + the
	// number of a row in the low 32 bits, 32 bits of its hash above. 0 is free.
	dirMem *mem.Arena
	dir    []uint64
	shift  uint
	pre    uint

	groups []int32 // by row: the number of its group
	counts []int32 // by group, then where the group's rows begin in member
	member []int32 // rows by group
	ents   []ent
	kept   []int32   // rows that stay, group by group in order, if asked for
	nums   [][]int32 // by call: their numbers
	learns bool      // full is asked for
	full   []rowPtr  // the last rows that stay of groups where more rows may be left out
	held   int64     // reserved for the slices
}

// ent is a row to be ordered by the first eight bytes of its key.
type ent struct {
	k uint64
	i int32
}

func newReducer(t *TopK) (*reducer, error) {
	k, err := sort.NewKeys(t.env, t.node.Order)
	if err != nil {
		return nil, err
	}
	r := &reducer{t: t, order: k, dirMem: mem.NewArena(t.account), nums: make([][]int32, len(t.calls))}
	r.text = func(item int, p rowPtr) string { return t.layout.Text(t.texts[item], p) }
	return r, nil
}

// close gives the memory back.
func (r *reducer) close() {
	r.dirMem.Free()
	r.t.account.Release(r.held)
	r.held, r.dir = 0, nil
}

// collect starts with no rows, add adds those of a part of a bag.
func (r *reducer) collect() { r.rows, r.bags = r.rows[:0], r.bags[:0] }

func (r *reducer) add(b *bag, part int) {
	at := len(r.rows)
	for _, s := range b.parts[part].segs {
		r.rows = append(r.rows, s.items...)
	}
	for i := range r.rows[at:] {
		r.rows[at+i].bag = uint32(len(r.bags))
	}
	r.bags = append(r.bags, b)
}

// row is where the row of an item lies.
func (r *reducer) row(x *item) rowPtr { return r.bags[x.bag].row(x.row) }

// run marks the rows past the K-th of their group dead. All rows agree in the
// hash bits of level. With order the kept ones are listed in order, with their numbers.
func (r *reducer) run(ctx context.Context, level uint, order bool) error {
	r.prepare(level)
	r.full, r.kept = r.full[:0], r.kept[:0]
	for i := range r.nums {
		r.nums[i] = r.nums[i][:0]
	}
	var err error
	if r.t.k == 1 && r.t.by == rowNumber {
		if err = r.best(ctx); err == nil && (order || r.learns) {
			r.first(order)
		}
	} else if err = r.group(ctx); err == nil {
		err = r.pick(ctx, order)
	}
	r.account()
	return err
}

// prepare empties the directory and the marks.
func (r *reducer) prepare(level uint) {
	n := len(r.rows)
	size := 16
	for size < 2*n {
		size *= 2
	}
	if size > cap(r.dir) {
		r.dirMem.Free()
		r.dir = unsafe.Slice((*uint64)(r.dirMem.AllocZero(size*8)), size)
	} else {
		r.dir = r.dir[:size]
		clear(r.dir)
	}
	r.shift = uint(64 - bits.Len(uint(size-1)))
	r.pre = (level + 1) * partBits
	r.dead = slices.Grow(r.dead[:0], n)[:n]
	clear(r.dead)
}

// account reserves what the slices have grown to. It is part of the work on
// rows that are accounted themselves, so it does not ask.
func (r *reducer) account() {
	now := int64(itemBytes*cap(r.rows) + cap(r.dead) + 4*(cap(r.groups)+cap(r.counts)+cap(r.member)+cap(r.kept)) + 16*cap(r.ents))
	for _, n := range r.nums {
		now += int64(4 * cap(n))
	}
	r.t.account.Force(now - r.held)
	r.held = now
}

// equal reports whether two rows are of one group. A word is told by its
// hash, but for 0, which NULL has too.
func (r *reducer) equal(a, b *item) bool {
	if a.h != b.h {
		return false
	}
	if r.t.word {
		return a.h != 0 || r.t.layout.EqualWord(r.row(a), r.row(b))
	}
	return r.t.layout.Equal(r.row(a), r.row(b))
}

// compare orders two rows.
func (r *reducer) compare(a, b *item) int {
	if a.k != b.k {
		return cmp.Compare(a.k, b.k)
	}
	n := r.order.Stride()
	if n == 8 && r.order.Exact() {
		return 0
	}
	p, q := r.row(a), r.row(b)
	x, y := unsafe.Add(p, r.t.layout.Tail), unsafe.Add(q, r.t.layout.Tail)
	if !r.order.Exact() {
		return r.order.Compare(unsafe.Slice((*byte)(x), n), unsafe.Slice((*byte)(y), n), p, q, r.text)
	}
	for i := 8; i < n; i += 8 {
		if u, v := prefix(unsafe.Add(x, i)), prefix(unsafe.Add(y, i)); u != v {
			return cmp.Compare(u, v)
		}
	}
	return 0
}

// prefix is eight bytes of a key as a number that orders like them.
func prefix(p unsafe.Pointer) uint64 {
	x := *(*uint64)(p)
	if littleEndian {
		return bits.ReverseBytes64(x)
	}
	return x
}

var littleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// best is run for row_number <= 1: of each group the least row stays.
func (r *reducer) best(ctx context.Context) error {
	rows, dir, mask, dead := r.rows, r.dir, uint64(len(r.dir)-1), r.dead
	shift := r.shift & 63
	for i := range rows {
		if i&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		x := &rows[i]
		h := x.h
		tag := h << 32
		at := (h << r.pre) >> shift
		for ; ; at++ {
			e := dir[at&mask]
			if e == 0 {
				dir[at&mask] = tag | uint64(i+1)
				break
			}
			if e&^0xffffffff != tag {
				continue
			}
			j := int(uint32(e)) - 1
			if !r.equal(&rows[j], x) {
				continue
			}
			if r.compare(x, &rows[j]) < 0 {
				dead[j] = true
				dir[at&mask] = tag | uint64(i+1)
			} else {
				dead[i] = true
			}
			break
		}
	}
	return nil
}

// first lists what best has kept: rows that are first in every sense.
func (r *reducer) first(order bool) {
	for i, dead := range r.dead {
		switch {
		case dead:
		case !order:
			r.full = append(r.full, r.row(&r.rows[i]))
		default:
			r.kept = append(r.kept, int32(i))
			for c := range r.nums {
				r.nums[c] = append(r.nums[c], 1)
			}
		}
	}
}

// group numbers the groups of the rows and lists the rows by group.
func (r *reducer) group(ctx context.Context) error {
	rows, dir, mask := r.rows, r.dir, uint64(len(r.dir)-1)
	shift := r.shift & 63
	r.groups, r.counts = slices.Grow(r.groups[:0], len(rows))[:len(rows)], r.counts[:0]
	for i := range rows {
		if i&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		x := &rows[i]
		h := x.h
		tag := h << 32
		at := (h << r.pre) >> shift
		for ; ; at++ {
			e := dir[at&mask]
			if e == 0 {
				dir[at&mask] = tag | uint64(i+1)
				r.groups[i] = int32(len(r.counts))
				r.counts = append(r.counts, 1)
				break
			}
			if j := int(uint32(e)) - 1; e&^0xffffffff == tag && r.equal(&rows[j], x) {
				g := r.groups[j]
				r.groups[i] = g
				r.counts[g]++
				break
			}
		}
	}
	sum := int32(0)
	for g, n := range r.counts {
		r.counts[g] = sum
		sum += n
	}
	r.member = slices.Grow(r.member[:0], len(rows))[:len(rows)]
	for i, g := range r.groups {
		r.member[r.counts[g]] = int32(i)
		r.counts[g]++ // ends where the next group begins
	}
	return nil
}

// pick orders each group where that matters and marks what is past its first K.
func (r *reducer) pick(ctx context.Context, order bool) error {
	lo := int32(0)
	for g, hi := range r.counts {
		if g&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		m := r.member[lo:hi]
		lo = hi
		switch {
		case len(m) > r.t.k || order && len(r.t.calls) > 0:
			r.cut(m, order)
		case order:
			r.kept = append(r.kept, m...)
		}
	}
	return nil
}

// cut orders the rows of a group.
func (r *reducer) cut(m []int32, order bool) {
	r.ents = r.ents[:0]
	for _, i := range m {
		r.ents = append(r.ents, ent{r.rows[i].k, i})
	}
	r.sort(r.ents)
	row, rank, dense := 0, 0, 0
	for at, e := range r.ents {
		row++
		if at == 0 || r.compareEnts(e, r.ents[at-1]) != 0 {
			rank = row
			dense++
		}
		if [...]int{rowNumber: row, rankOf: rank, denseRank: dense}[r.t.by] > r.t.k {
			for _, e := range r.ents[at:] {
				r.dead[e.i] = true
			}
			if r.learns {
				r.full = append(r.full, r.row(&r.rows[r.ents[at-1].i]))
			}
			return
		}
		if order {
			r.kept = append(r.kept, e.i)
			for c, by := range r.t.calls {
				r.nums[c] = append(r.nums[c], int32([...]int{rowNumber: row, rankOf: rank, denseRank: dense}[by]))
			}
		}
	}
}

func (r *reducer) compareEnts(a, b ent) int {
	if a.k != b.k {
		return cmp.Compare(a.k, b.k)
	}
	if r.order.Exact() && r.order.Stride() == 8 {
		return 0
	}
	return r.compare(&r.rows[a.i], &r.rows[b.i])
}

// fewEnts is the length up to which inserting sorts fastest.
const fewEnts = 12

func (r *reducer) sort(ents []ent) {
	if len(ents) > fewEnts {
		slices.SortFunc(ents, r.compareEnts)
		return
	}
	for i := 1; i < len(ents); i++ {
		e, j := ents[i], i
		for ; j > 0 && r.compareEnts(e, ents[j-1]) < 0; j-- {
			ents[j] = ents[j-1]
		}
		ents[j] = e
	}
}
