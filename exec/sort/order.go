package sort

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/internal/types"
)

// smallGroup is the number of rows below which comparing beats radix sorting.
const smallGroup = 48

// order returns the run's rows in order; the k of the entries is of no further
// use (see prefixes). The run must be sealed.
func (r *run) order(ctx context.Context) ([]ent, error) {
	ents := r.entries(r.store.Len())[:0]
	for c := range r.store.Chunks() {
		for i := range r.store.ChunkLen(c) {
			ents = append(ents, ent{row: uint32(c<<hold.ChunkShift | i)})
		}
	}
	o := &orderer{run: r, ctx: ctx}
	return ents, o.group(ents, 0)
}

// prefixes sets the k of entries to what compare expects.
func (r *run) prefixes(ents []ent) {
	for i := range ents {
		ents[i].k = binary.BigEndian.Uint64(r.key(ents[i].row)) & r.layout.mask
	}
}

// orderer sorts by normalized keys, most significant bytes first. In a group
// of rows whose leading bytes agree it finds the bytes that differ at all, packs
// the first eight of them into k, sorts by k, and goes on with the groups of
// equal k. So NULL bytes, high zeros and values shared by the whole group cost nothing.
type orderer struct {
	run  *run
	ctx  context.Context
	temp []ent
	work int
}

// group sorts entries whose keys agree in the first from bytes.
func (o *orderer) group(ents []ent, from int) error {
	r := o.run
	if o.work += len(ents); o.work > 1<<16 {
		o.work = 0
		if err := o.ctx.Err(); err != nil {
			return err
		}
	}
	if len(ents) < 2 {
		return nil
	}
	if len(ents) < smallGroup {
		slices.SortFunc(ents, func(a, b ent) int { return r.compareRows(a.row, b.row) })
		return nil
	}
	to, ok := r.layout.sureFrom(from, r.key(ents[0].row))
	if !ok {
		return o.byComparison(ents)
	}
	if from == to {
		return nil // equal in all bytes, and they say everything
	}
	var picked [8]int
	n, next := o.pick(ents, from, to, &picked)
	if n > 0 {
		o.pack(ents, picked[:n])
		if err := o.sortPacked(ents); err != nil {
			return err
		}
	}
	if next == r.layout.stride && r.layout.exact {
		return nil
	}
	for lo := 0; lo < len(ents); {
		hi := lo + 1
		for hi < len(ents) && ents[hi].k == ents[lo].k {
			hi++
		}
		if n == 0 {
			hi = len(ents)
		}
		if err := o.group(ents[lo:hi], next); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// sureFrom returns the end of the bytes that decide by themselves, for rows
// that agree with key in the bytes before from; false if the values behind
// those must be compared first.
func (l *layout) sureFrom(from int, key []byte) (int, bool) {
	for i := range l.keys {
		k := &l.keys[i]
		end := k.off + k.width
		if !k.tie {
			continue
		}
		if end > from {
			return end, true
		}
		if k.typ.Storage() != types.StoreString || k.cut(key[k.off:end]) {
			return 0, false
		}
	}
	return l.stride, true
}

// pick finds the first bytes in from … to, eight at most, that differ within
// the group, and the place behind the last one looked at.
func (o *orderer) pick(ents []ent, from, to int, picked *[8]int) (n, next int) {
	r := o.run
	lo, hi := from&^7, (to+7)&^7
	var diff [16]uint64
	for at := lo; at < hi; at += 128 {
		words := min(16, (hi-at)/8)
		clear(diff[:])
		first := r.key(ents[0].row)[at:]
		for _, e := range ents {
			key := r.key(e.row)[at:]
			for w := range words {
				diff[w] |= binary.LittleEndian.Uint64(key[8*w:]) ^ binary.LittleEndian.Uint64(first[8*w:])
			}
		}
		for b := range 8 * words {
			if at+b < from || at+b >= to || byte(diff[b/8]>>(8*(b%8))) == 0 {
				continue
			}
			if n == len(picked) {
				return n, at + b
			}
			picked[n] = at + b
			n++
		}
	}
	return n, to
}

// pack makes k of the picked bytes, the first one the most significant.
func (o *orderer) pack(ents []ent, picked []int) {
	r := o.run
	for i := range ents {
		key, k := r.key(ents[i].row), uint64(0)
		for _, p := range picked {
			k = k<<8 | uint64(key[p])
		}
		ents[i].k = k
	}
}

// byComparison sorts entries by their values. Large groups are sorted in
// pieces that are merged, so that a cancelled context is seen soon.
func (o *orderer) byComparison(ents []ent) error {
	const piece = 1 << 14
	r := o.run
	compare := func(a, b ent) int { return r.compareRows(a.row, b.row) }
	if len(ents) <= piece {
		slices.SortFunc(ents, compare)
		return o.ctx.Err()
	}
	mid := len(ents) / 2
	if err := o.byComparison(ents[:mid]); err != nil {
		return err
	}
	if err := o.byComparison(ents[mid:]); err != nil {
		return err
	}
	left := slices.Clone(ents[:mid])
	i, j := 0, mid
	for k := range ents {
		if i == len(left) {
			break
		}
		if j >= len(ents) || compare(left[i], ents[j]) <= 0 {
			ents[k] = left[i]
			i++
		} else {
			ents[k] = ents[j]
			j++
		}
	}
	return nil
}

// sortPacked sorts entries by k: by radix, least byte first and bytes that
// all agree left out, or by comparisons if there are few.
func (o *orderer) sortPacked(ents []ent) error {
	sorted := true
	for i := 1; i < len(ents) && sorted; i++ {
		sorted = ents[i-1].k <= ents[i].k
	}
	if sorted {
		return nil
	}
	if len(ents) < 1<<9 {
		slices.SortFunc(ents, func(a, b ent) int { return cmp(a.k, b.k) })
		return nil
	}
	var counts [8][256]uint32
	for _, e := range ents {
		for b := range 8 {
			counts[b][byte(e.k>>(8*b))]++
		}
	}
	if cap(o.temp) < len(ents) { // the largest group comes first
		o.temp = o.run.entries(len(ents))
	}
	from, to := ents, o.temp[:len(ents)]
	for b := range 8 {
		c := &counts[b]
		if c[byte(from[0].k>>(8*b))] == uint32(len(ents)) {
			continue
		}
		if err := o.ctx.Err(); err != nil {
			return err
		}
		sum := uint32(0)
		for i, n := range c {
			c[i] = sum
			sum += n
		}
		for _, e := range from {
			d := byte(e.k >> (8 * b))
			to[c[d]] = e
			c[d]++
		}
		from, to = to, from
	}
	if &from[0] != &ents[0] {
		copy(ents, from)
	}
	return nil
}
