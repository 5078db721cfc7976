package join

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/internal/sqlerr"
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
	// row of a key in the low 48 bits, the low 16 bits of its hash above; 0 is free.
	dir   []uint64
	shift uint
	pre   uint // hash bits that all rows share and the directory leaves out
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
	for _, b := range t.builders {
		t.rows += b.matches
		t.all += b.rows
		t.hasNull = t.hasNull || b.hasNull
		for i := range t.nulls {
			t.nulls[i] = t.nulls[i] || b.nulls[i]
		}
		for i := range t.ranges {
			t.ranges[i].union(b.ranges[i])
		}
	}
	if j.grace != nil || j.env.ForceSpill && t.all > 0 && !j.part {
		j.onDisk()
		return t.toDisk(ctx, par)
	}
	if err := t.allocate(); err != nil {
		if !sqlerr.Is(err, sqlerr.MemoryLimit) || j.part {
			return err
		}
		j.onDisk()
		return t.toDisk(ctx, par)
	}
	return t.enter(ctx, par)
}

// enter makes the rows of all threads be found.
func (t *table) enter(ctx context.Context, par flow.Parallel) error {
	var segs []segment
	for _, b := range t.builders {
		segs = append(segs, b.kept.segs...)
	}
	n := (len(segs) + segsPerTask - 1) / segsPerTask
	var dup atomic.Bool
	err := par(ctx, n, func(ctx context.Context, _, i int) error {
		e := entering{table: t, alone: n == 1 || t.join.env.Threads <= 1}
		for _, s := range segs[i*segsPerTask : min((i+1)*segsPerTask, len(segs))] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if t.direct != nil {
				e.direct(s)
			} else {
				e.hashed(s)
			}
		}
		if e.dup {
			dup.Store(true)
		}
		return nil
	})
	t.unique = !dup.Load()
	return err
}

// segsPerTask is how many segments are entered by one call of par.
const segsPerTask = 16

// directory is the most bytes a row that a directory takes, beside those of
// the smallest one of minDir entries.
const (
	directory = 32
	minDir    = 64
)

// allocate makes the array or the directory. For a part of a join on disk,
// memory for a directory has been reserved while its rows were read.
func (t *table) allocate() error {
	j := t.join
	t.mem = mem.NewArena(j.account)
	if len(j.buildKeys) == 1 && ranged(j.buildKeys[0].Type()) && !j.nullSafe[0] && !j.collide && t.rows > 0 {
		spare := uint64(8*t.rows + 1<<16)
		if j.part {
			spare = directory * uint64(t.rows) / 8
		}
		if w := t.ranges[0].width(); w <= min(spare, maxDirect) {
			if err := t.mem.Ensure(int(w) * 8); err != nil {
				return err
			}
			t.direct = unsafe.Slice((*uint64)(t.mem.AllocZero(int(w)*8)), w)
			t.min = t.ranges[0].min
			return nil
		}
	}
	size := minDir
	t.shift = 64 - 6
	for size < 2*t.rows {
		size *= 2
		t.shift--
	}
	if err := t.mem.Ensure(size * 8); err != nil && !j.part {
		return err
	}
	t.dir = unsafe.Slice((*uint64)(t.mem.AllocZero(size*8)), size)
	return nil
}

// hash is the hash of row p.
func (j *Join) hash(p rowPtr) uint64 {
	if j.hashAt > 0 {
		return *(*uint64)(unsafe.Add(p, j.hashAt))
	}
	return j.layout.HashWord(p)
}

// entering enters rows; several threads may at once.
type entering struct {
	table *table
	alone bool // no other thread enters rows
	dup   bool // some key came twice
	at    [512]uint32
}

// hashed enters rows into the directory.
func (e *entering) hashed(s segment) {
	t := e.table
	l, dir, mask, shift, pre := t.join.layout, t.dir, uint64(len(t.dir)-1), t.shift&63, t.pre&63
	p := s.base
	for done := 0; done < s.n; {
		n := min(len(e.at), s.n-done)
		if len(dir) >= farDir {
			q := p
			for k := range n {
				e.at[k] = uint32(t.join.hash(q) << pre >> shift)
				q = unsafe.Add(q, l.Size)
			}
			row.PrefetchAt(unsafe.Pointer(unsafe.SliceData(dir)), e.at[:n])
		}
		for range n {
			h := t.join.hash(p)
			for i := h << pre >> shift; ; i++ {
				x := &dir[i&mask]
				old := atomic.LoadUint64(x)
				if old == 0 {
					if e.swap(x, 0, h<<48|mem.Address(p)) {
						break
					}
					old = atomic.LoadUint64(x)
				}
				if old>>48 == h&0xffff && l.Equal(p, mem.Pointer(old&address)) {
					e.chain(x, p, h<<48)
					break
				}
			}
			p = unsafe.Add(p, l.Size)
		}
		done += n
	}
}

func (e *entering) swap(x *uint64, old, now uint64) bool {
	if e.alone {
		*x = now
		return true
	}
	return atomic.CompareAndSwapUint64(x, old, now)
}

// chain puts p before the rows of its key in entry x.
func (e *entering) chain(x *uint64, p rowPtr, tag uint64) {
	e.dup = true
	for !e.table.join.first {
		old := atomic.LoadUint64(x)
		*(*uint64)(unsafe.Add(p, nextAt)) = old & address
		if e.swap(x, old, tag|mem.Address(p)) {
			return
		}
	}
}

const address = 1<<48 - 1

// direct enters rows into the array indexed by key.
func (e *entering) direct(s segment) {
	t := e.table
	l := t.join.layout
	p := s.base
	for range s.n {
		x := &t.direct[uint64(l.Int(0, p)-t.min)]
		if atomic.LoadUint64(x) != 0 || !e.swap(x, 0, mem.Address(p)) {
			e.chain(x, p, 0)
		}
		p = unsafe.Add(p, l.Size)
	}
}

func (t *table) close() {
	for _, b := range t.builders {
		b.arena.Free()
		if b.disk != nil {
			b.disk.close()
		}
	}
	if t.mem != nil {
		t.mem.Free()
	}
	t.builders, t.dir, t.direct = nil, nil, nil
}
