package agg

import (
	"context"
	"math/bits"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
)

// merger makes one row a group out of the rows that several tables (or one
// that was emptied) hold for it. It works in the rows themselves: the first
// one of a group takes in the states of the others. It belongs to one thread.
type merger struct {
	core   *core
	accs   []function.Accumulator
	single *table // the only table, with one row a group already

	dirMem *mem.Arena
	dir    []uint64
	shift  uint
	pre    uint // hash bits that all rows being merged share
	first  int  // where they begin in out

	out        []rowPtr // merged rows not yet handed on
	dst, src   []rowPtr // rows to merge, by call of mergeInto
	slots, was []rowPtr // states of them
	copies     []uint64
	extra      int64
}

func newMerger(c *core) (*merger, error) {
	m := &merger{core: c}
	full := 0
	for _, t := range c.tables {
		if t.rows > 0 {
			full++
			m.single = t
		}
	}
	// One table's rows can be used as they are, if its accumulators are not
	// shared by threads or do not matter.
	if full > 1 || full == 1 && (m.single.flushes > 0 || !c.fixed && max(c.agg.env.Threads, 1) > 1) {
		m.single = nil
	}
	var err error
	m.accs, err = c.accumulators()
	if m.single != nil && !c.fixed {
		m.accs = m.single.accs
	}
	return m, err
}

// merge appends one row for each group of partitions lo … hi-1 to m.out.
func (m *merger) merge(ctx context.Context, lo, hi int) error {
	n := 0
	for _, t := range m.core.tables {
		for p := lo; p < hi; p++ {
			for _, s := range t.parts[p].segs {
				n += s.n
			}
		}
	}
	if n == 0 {
		return nil
	}
	size := m.core.layout.Size
	if m.single != nil {
		for p := lo; p < hi; p++ {
			for _, s := range m.single.parts[p].segs {
				for i := range s.n {
					m.out = append(m.out, unsafe.Add(s.base, i*size))
				}
			}
		}
		return nil
	}
	m.pre = 0
	if hi-lo == 1 {
		m.pre = partBits
	}
	m.prepare(n)
	for _, t := range m.core.tables {
		for p := lo; p < hi; p++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, s := range t.parts[p].segs {
				if err := m.mergeSegment(t, s); err != nil {
					return err
				}
			}
		}
	}
	return m.reserve()
}

// prepare empties a directory for n rows, most of which may be of groups that are there.
func (m *merger) prepare(n int) {
	size := 1 << 8
	for size < n/2 {
		size *= 2
	}
	m.first = len(m.out)
	m.setDir(size)
}

func (m *merger) setDir(size int) {
	m.shift = uint(64 - bits.Len(uint(size-1)))
	if size <= cap(m.dir) {
		m.dir = m.dir[:size]
		clear(m.dir)
		return
	}
	if m.dirMem != nil {
		m.dirMem.Free()
	}
	m.dirMem = mem.NewArena(m.core.account)
	m.dir = unsafe.Slice((*uint64)(m.dirMem.AllocZero(size*8)), size)
}

// grow makes the directory larger and enters the rows that are out again.
func (m *merger) grow(size int) {
	m.setDir(size)
	mask := uint64(size - 1)
	for _, p := range m.out[m.first:] {
		h := m.core.hash(p)
		i := (h << m.pre) >> m.shift
		for m.dir[i&mask] != 0 {
			i++
		}
		m.dir[i&mask] = h<<48 | mem.Address(p)
	}
}

func (m *merger) mergeSegment(t *table, s segment) error {
	size := len(m.dir)
	for 2*(len(m.out)-m.first+s.n) > size {
		size *= 2
	}
	if size > len(m.dir) {
		m.grow(size)
	}
	l, dir, mask := m.core.layout, m.dir, uint64(len(m.dir)-1)
	pre, shift := m.pre, m.shift&63
	m.dst, m.src = m.dst[:0], m.src[:0]
	first := len(m.out)
	word := m.core.word
	p := s.base
	for range s.n {
		h := m.core.hash(p)
		i := (h << pre) >> shift
		for {
			e := dir[i&mask]
			if e == 0 {
				dir[i&mask] = h<<48 | mem.Address(p)
				m.out = append(m.out, p)
				break
			}
			if e>>48 == h&0xffff {
				q := mem.Pointer(e & (1<<48 - 1))
				if word && l.EqualWord(p, q) || !word && l.Equal(p, q) {
					m.dst, m.src = append(m.dst, q), append(m.src, p)
					break
				}
			}
			i++
		}
		p = unsafe.Add(p, l.Size)
	}
	if len(m.core.calls) == 0 {
		return nil
	}
	if !m.core.fixed {
		if err := m.adopt(t, m.out[first:]); err != nil {
			return err
		}
	}
	return m.combine(t)
}

// combine adds the states of src, which belong to t, to those of dst.
func (m *merger) combine(t *table) error {
	for i, c := range m.core.calls {
		for lo := 0; lo < len(m.dst); lo += vec.DefaultSize {
			hi := min(lo+vec.DefaultSize, len(m.dst))
			m.slots = offset(m.slots, m.dst[lo:hi], c.off)
			m.was = offset(m.was, m.src[lo:hi], c.off)
			if err := m.accs[i].Merge(m.core.agg.env.Context, m.slots, t.accs[i], m.was); err != nil {
				return c.at(err)
			}
		}
	}
	return nil
}

// adopt makes states that refer to memory of t's accumulators refer to that of
// the merger's: each is moved aside, emptied and merged back.
func (m *merger) adopt(t *table, rows []rowPtr) error {
	for i, c := range m.core.calls {
		if c.fixed || c.size == 0 {
			continue
		}
		w := (c.size + 7) / 8
		if need := len(rows) * w; need > len(m.copies) {
			m.copies = make([]uint64, need)
		}
		m.slots = offset(m.slots, rows, c.off)
		m.was = m.was[:0]
		for j, p := range m.slots {
			state := unsafe.Slice((*uint64)(p), w)
			copy(m.copies[j*w:], state)
			clear(state)
			m.was = append(m.was, rowPtr(&m.copies[j*w]))
		}
		if err := m.accs[i].Merge(m.core.agg.env.Context, m.slots, t.accs[i], m.was); err != nil {
			return c.at(err)
		}
	}
	return nil
}

func offset(dst, rows []rowPtr, off int) []rowPtr {
	dst = dst[:0]
	for _, r := range rows {
		dst = append(dst, unsafe.Add(r, off))
	}
	return dst
}

// reserve accounts for what the accumulators hold. The states they were made
// from are accounted too, so nothing is gained by refusing now.
func (m *merger) reserve() error {
	if m.core.fixed || m.single != nil {
		return nil
	}
	now := int64(0)
	for _, a := range m.accs {
		now += a.Extra()
	}
	m.core.account.Force(now - m.extra)
	m.extra = now
	return nil
}

// flush hands full batches of merged rows to f, the last one too if all is set.
func (m *merger) flush(f func([]rowPtr, []function.Accumulator) (bool, error), all bool) (bool, error) {
	rows, size := m.out, max(m.core.agg.env.BatchSize, 1)
	for len(rows) >= size || all && len(rows) > 0 {
		n := min(size, len(rows))
		more, err := f(rows[:n], m.accs)
		if err != nil || !more {
			return false, err
		}
		rows = rows[n:]
	}
	m.out = m.out[:copy(m.out, rows)]
	return true, nil
}

func (m *merger) close() {
	if m.dirMem != nil {
		m.dirMem.Free()
	}
	m.core.account.Release(m.extra)
	m.dir, m.out, m.extra = nil, nil, 0
}
