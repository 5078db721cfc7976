package join

import (
	"context"
	"sync"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
)

// table is the build side: rows of all threads and a way to find them.
type table struct {
	join     *Join
	mu       sync.Mutex
	builders []*builder

	rows    int // that can match
	all     int // with those that have a NULL key and are kept
	hasNull bool
	unique  bool // no two rows of one key
	nulls   []bool
	ranges  []keyRange

	mem *mem.Arena
	// dir maps the high bits of the hash to entries: the address of the first
	// row of a key in the low 48 bits, the low 16 bits of its hash above; 0
	// is free. Probing wraps within regions of region+1 entries, which are
	// those of one partition, or all.
	dir    []uint64
	shift  uint
	region uint64
	// direct, if not nil, holds the address of the first row of key min+i.
	direct []uint64
	min    int64
}

func (t *table) init(j *Join) { t.join = j }

func (t *table) adopt(b *builder) {
	t.mu.Lock()
	t.builders = append(t.builders, b)
	t.mu.Unlock()
}

// maxDirect bounds arrays indexed by key, in entries.
const maxDirect = 1 << 26

func (t *table) finish(ctx context.Context, par flow.Parallel) error {
	j := t.join
	t.ranges = make([]keyRange, len(j.buildKeys))
	t.nulls = make([]bool, len(j.layout.Types))
	var sizes [parts]int
	for _, b := range t.builders {
		for i := range b.parts {
			sizes[i] += b.parts[i].n
			t.rows += b.parts[i].n
		}
		t.all += b.rows
		t.hasNull = t.hasNull || b.hasNull
		for i := range t.nulls {
			t.nulls[i] = t.nulls[i] || b.nulls[i]
		}
		for i := range t.ranges {
			t.ranges[i].union(b.ranges[i])
		}
	}
	n, err := t.allocate(&sizes)
	if err != nil {
		return err
	}
	dups := make([]bool, n)
	err = par(ctx, n, func(ctx context.Context, _, i int) error {
		lo, hi := i, i+1
		if n == 1 {
			lo, hi = 0, parts
		}
		for p := lo; p < hi; p++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, b := range t.builders {
				for _, s := range b.parts[p].segs {
					if t.direct != nil {
						dups[i] = t.enterDirect(s) || dups[i]
					} else {
						dups[i] = t.enter(s) || dups[i]
					}
				}
			}
		}
		return nil
	})
	t.unique = true
	for _, d := range dups {
		t.unique = t.unique && !d
	}
	return err
}

// allocate makes the directory and returns in how many parts it can be filled at once.
func (t *table) allocate(sizes *[parts]int) (int, error) {
	j := t.join
	t.mem = mem.NewArena(j.account)
	if len(j.buildKeys) == 1 && ranged(j.buildKeys[0].Type()) && !j.nullSafe[0] && !j.collide && t.rows > 0 {
		if w := t.ranges[0].width(); w <= min(uint64(8*t.rows+1<<16), maxDirect) {
			if err := t.mem.Ensure(int(w) * 8); err != nil {
				return 0, err
			}
			t.direct = unsafe.Slice((*uint64)(t.mem.AllocZero(int(w)*8)), w)
			t.min = t.ranges[0].min
			if t.rows < 1<<14 {
				return 1, nil
			}
			return parts, nil
		}
	}
	size := 64
	t.shift = 64 - 6
	for size < 2*t.rows {
		size *= 2
		t.shift--
	}
	if err := t.mem.Ensure(size * 8); err != nil {
		return 0, err
	}
	t.dir = unsafe.Slice((*uint64)(t.mem.AllocZero(size*8)), size)
	t.region = uint64(size - 1)
	if t.rows < 1<<14 {
		return 1, nil
	}
	for _, s := range sizes {
		if s > size/parts*3/4 {
			return 1, nil
		}
	}
	t.region = uint64(size/parts - 1)
	return parts, nil
}

// enter adds rows to the directory and reports whether some key came twice.
func (t *table) enter(s segment) bool {
	l, dir, region := t.join.layout, t.dir, t.region
	dup := false
	p := s.base
	for range s.n {
		h := *(*uint64)(unsafe.Add(p, hashAt))
		i := h >> t.shift
		for {
			e := dir[i]
			if e == 0 {
				dir[i] = h<<48 | mem.Address(p)
				break
			}
			if e>>48 == h&0xffff {
				if q := mem.Pointer(e & address); l.Equal(p, q) {
					dup = true
					if !t.join.first {
						*(*uint64)(unsafe.Add(p, nextAt)) = *(*uint64)(unsafe.Add(q, nextAt))
						*(*uint64)(unsafe.Add(q, nextAt)) = mem.Address(p)
					}
					break
				}
			}
			i = i&^region | (i+1)&region
		}
		p = unsafe.Add(p, l.Size)
	}
	return dup
}

const address = 1<<48 - 1

// enterDirect is enter for an array indexed by key. All rows of one key are
// in one partition, so no two threads write one entry.
func (t *table) enterDirect(s segment) bool {
	l := t.join.layout
	dup := false
	p := s.base
	for range s.n {
		e := &t.direct[uint64(l.Int(0, p)-t.min)]
		if *e == 0 {
			*e = mem.Address(p)
		} else {
			dup = true
			if !t.join.first {
				q := mem.Pointer(*e)
				*(*uint64)(unsafe.Add(p, nextAt)) = *(*uint64)(unsafe.Add(q, nextAt))
				*(*uint64)(unsafe.Add(q, nextAt)) = mem.Address(p)
			}
		}
		p = unsafe.Add(p, l.Size)
	}
	return dup
}

func (t *table) close() {
	for _, b := range t.builders {
		b.arena.Free()
	}
	if t.mem != nil {
		t.mem.Free()
	}
	t.builders, t.dir, t.direct = nil, nil, nil
}
