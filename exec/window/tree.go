package window

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
)

// slidingWay is for frames that move at both ends, and begin later than the
// partition: short ones are aggregated anew for every row, long ones put
// together from states of blocks of rows, of blocks of blocks and so on.
type slidingWay struct {
	a     *aggregate
	built bool
	tree  []level
	ptrs  [2][]unsafe.Pointer
}

// level holds the states of blocks: block i of level 0 is fanout rows, of
// level l fanout blocks of level l-1. Each level has its accumulator, since
// states merge between accumulators.
type level struct {
	acc    function.Accumulator
	states []uint64
	n      int
}

const fanout = 16

func (s *slidingWay) full() bool { return false }

func (s *slidingWay) begin(*partition) error {
	s.built = false
	return nil
}

func (s *slidingWay) reach() reach                     { return nearby }
func (s *slidingWay) total(*partition, int, int) error { return nil }
func (s *slidingWay) keep(p *partition, i int) int     { return s.a.frame.keep(p, i) }

func (s *slidingWay) resume(p *partition, _ int) error { return s.begin(p) }

func (s *slidingWay) states(p *partition, lo, hi int) error {
	a := s.a
	for i := lo; i < hi; i++ {
		from, to := a.frame.bounds(p, i)
		slot := a.slot()
		a.slots = append(a.slots, slot)
		if to-from <= shortFrame {
			if err := a.update(a.acc, slot, p, from, to); err != nil {
				return err
			}
			continue
		}
		if !s.built {
			if err := s.build(p); err != nil {
				return err
			}
		}
		if err := s.query(p, -1, from, to, slot); err != nil {
			return err
		}
	}
	return nil
}

func (s *slidingWay) finished() (held int64, err error) {
	if s.a.acc.Extra() > 0 {
		held = s.a.acc.Extra()
		s.a.acc, err = s.a.accumulator()
	}
	for _, l := range s.tree {
		held += l.acc.Extra() + int64(8*cap(l.states))
	}
	return held, err
}

// build makes the tree of a partition.
func (s *slidingWay) build(p *partition) error {
	s.built, s.tree = true, s.tree[:0]
	a := s.a
	for n := p.n / fanout; n > 0; n /= fanout {
		acc, err := a.accumulator()
		if err != nil {
			return err
		}
		l := level{acc: acc, n: n, states: make([]uint64, max(1, n*a.size))}
		s.tree = append(s.tree, l)
		at := len(s.tree) - 1
		for b := range n {
			if b&0xff == 0 {
				if err := p.ctx.Err(); err != nil {
					return err
				}
			}
			if at == 0 {
				err = a.update(acc, l.state(b, a.size), p, b*fanout, (b+1)*fanout)
			} else {
				err = s.merge(acc, l.state(b, a.size), at-1, b*fanout, (b+1)*fanout)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *level) state(i, size int) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(&l.states[0])
	}
	return unsafe.Pointer(&l.states[i*size])
}

// merge adds blocks lo … hi of a level to a state of acc.
func (s *slidingWay) merge(acc function.Accumulator, to unsafe.Pointer, at, lo, hi int) error {
	l := &s.tree[at]
	dst, src := s.ptrs[0][:0], s.ptrs[1][:0]
	for i := lo; i < hi; i++ {
		dst, src = append(dst, to), append(src, l.state(i, s.a.size))
	}
	s.ptrs[0], s.ptrs[1] = dst, src
	return acc.Merge(s.a.w.env.Context, dst, l.acc, src)
}

// query adds units lo … hi of a level (rows, for -1) to the state, from left
// to right, whole blocks of the level above at a time where they fit.
func (s *slidingWay) query(p *partition, at, lo, hi int, to unsafe.Pointer) error {
	take := func(lo, hi int) error {
		if lo >= hi {
			return nil
		}
		if at < 0 {
			return s.a.update(s.a.acc, to, p, lo, hi)
		}
		return s.merge(s.a.acc, to, at, lo, hi)
	}
	up, down := (lo+fanout-1)/fanout, hi/fanout
	if at+1 < len(s.tree) {
		down = min(down, s.tree[at+1].n)
	}
	if at+1 == len(s.tree) || up >= down {
		return take(lo, hi)
	}
	if err := take(lo, up*fanout); err != nil {
		return err
	}
	if err := s.query(p, at+1, up, down, to); err != nil {
		return err
	}
	return take(down*fanout, hi)
}
