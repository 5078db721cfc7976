package join

import (
	"context"
	"math"
	"sync"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Limits of runtime filters, in bits: a bitmap over the range of an integer
// key, else 16 bits a key of a Bloom filter. Beyond that only bounds are known.
const (
	maxBitmap = 1 << 25
	maxBloom  = 1 << 25
	maxFilter = 1 << 22 // bytes
)

// publish makes the runtime filters others wait for.
func (j *Join) publish(ctx context.Context) error {
	if j.env.Filters == nil {
		return nil
	}
	made := map[int]flow.RuntimeFilter{}
	for _, p := range j.node.Publish {
		if p.Key >= len(j.buildKeys) || j.nullSafe[p.Key] {
			continue
		}
		f := made[p.Key]
		if f == nil {
			var err error
			if f, err = j.filter(ctx, p.Key); err != nil {
				return err
			}
			made[p.Key] = f
		}
		j.env.Filters.Publish(p.ID, f)
	}
	return nil
}

// keyFilter is a runtime filter over one build key.
type keyFilter struct {
	typ     types.Type
	rng     keyRange
	empty   bool
	bits    []uint64 // bitmap from rng.min, if not nil
	bloom   []uint64 // blocks of one word, a power of two of them, if not nil
	shift   uint
	scratch sync.Pool // *filterScratch
}

type filterScratch struct {
	prep row.Prep
	hash []uint64
	one  [1]*vec.Vec
}

func (j *Join) filter(ctx context.Context, key int) (flow.RuntimeFilter, error) {
	t := &j.table
	f := &keyFilter{typ: j.buildKeys[key].Type(), empty: t.rows == 0, rng: t.ranges[key]}
	f.scratch.New = func() any { return &filterScratch{} }
	if f.empty || j.grace != nil { // rows on disk are not read again for a filter
		return f, nil
	}
	var add func(rows []rowPtr) error
	var v vec.Vec
	// What does not fit in memory is not made: filters only save work.
	if j.account.Reserve(maxFilter) != nil {
		return f, nil
	}
	defer func() { j.account.Release(maxFilter - int64(len(f.bits)+len(f.bloom))*8) }()
	if w := f.rng.width(); f.rng.some && w <= min(maxBitmap, uint64(t.rows)*64+1<<16) {
		f.bits = make([]uint64, (w+63)/64)
		add = func(rows []rowPtr) error {
			for _, q := range rows {
				i := uint64(j.layout.Int(key, q) - f.rng.min)
				f.bits[i>>6] |= 1 << (i & 63)
			}
			return nil
		}
	} else {
		size := 64
		for size < t.rows*16/64 {
			size *= 2
		}
		if size > maxBloom/64 {
			return f, nil
		}
		f.bloom = make([]uint64, size)
		f.shift = 64 - uint(math.Log2(float64(size)))
		var hash []uint64
		add = func(rows []rowPtr) error {
			j.layout.GatherRaw(key, rows, &v)
			if len(rows) > len(hash) {
				hash = make([]uint64, len(rows))
			}
			row.Hash([]*vec.Vec{&v}, vec.Identity[:len(rows)], hash)
			for _, h := range hash[:len(rows)] {
				f.bloom[h>>f.shift] |= bloomBits(h)
			}
			return nil
		}
	}
	return f, t.matchable(ctx, add)
}

// bloomBits are the bits of a hash in its block, taken from its low half.
func bloomBits(h uint64) uint64 {
	return 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63)
}

// matchable visits all rows that can match, some at a time.
func (t *table) matchable(ctx context.Context, f func([]rowPtr) error) error {
	rows := make([]rowPtr, 0, vec.DefaultSize)
	for _, b := range t.builders {
		for _, s := range b.kept.segs {
			if err := ctx.Err(); err != nil {
				return err
			}
			for k := range s.n {
				if rows = append(rows, unsafe.Add(s.base, k*t.join.layout.Size)); len(rows) == cap(rows) {
					if err := f(rows); err != nil {
						return err
					}
					rows = rows[:0]
				}
			}
		}
	}
	return f(rows)
}

func (f *keyFilter) Empty() bool { return f.empty }

// Bounds implements flow.RuntimeFilter for integers, dates, timestamps and compact decimals.
func (f *keyFilter) Bounds() (lo, hi types.Datum) {
	if !f.rng.some {
		return nil, nil
	}
	if f.typ.Kind == types.Decimal {
		return types.Int128From(f.rng.min), types.Int128From(f.rng.max)
	}
	return f.rng.min, f.rng.max
}

func (f *keyFilter) Filter(v *vec.Vec, sel, out []uint16) []uint16 {
	out = out[:0]
	if f.empty {
		return out
	}
	s := f.scratch.Get().(*filterScratch)
	defer f.scratch.Put(s)
	k := s.prep.Key(v, sel)
	if cap(out) < len(sel) {
		out = make([]uint16, 0, max(len(sel), vec.DefaultSize))
	}
	if hasNulls(k) {
		for _, r := range sel {
			if !k.Null(int(r)) {
				out = append(out, r)
			}
		}
		sel, out = out, out[:0]
	}
	switch {
	case f.bloom != nil:
		if v.Len() > len(s.hash) {
			s.hash = make([]uint64, max(v.Len(), vec.DefaultSize))
		}
		s.one[0] = k
		row.Hash(s.one[:], sel, s.hash)
		for _, r := range sel {
			h := s.hash[r]
			if b := bloomBits(h); f.bloom[h>>f.shift]&b == b {
				out = append(out, r)
			}
		}
		return out
	case !f.rng.some:
		return append(out, sel...)
	}
	switch k.Type.Storage() {
	case types.StoreInt8:
		return inRange(f, vec.Data[int8](k), sel, out)
	case types.StoreInt16:
		return inRange(f, vec.Data[int16](k), sel, out)
	case types.StoreInt32:
		return inRange(f, vec.Data[int32](k), sel, out)
	}
	return inRange(f, vec.Data[int64](k), sel, out)
}

func inRange[T int8 | int16 | int32 | int64](f *keyFilter, data []T, sel, out []uint16) []uint16 {
	lo, w := f.rng.min, uint64(f.rng.max)-uint64(f.rng.min)
	out = out[:len(sel)]
	n := 0
	if f.bits == nil {
		for _, r := range sel {
			out[n] = r
			n += b2i(uint64(int64(data[r])-lo) <= w)
		}
		return out[:n]
	}
	for _, r := range sel {
		i := uint64(int64(data[r]) - lo)
		if i <= w {
			out[n] = r
			n += int(f.bits[i>>6] >> (i & 63) & 1)
		}
	}
	return out[:n]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
