package window

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// renewAt is how much memory an accumulator may gather outside of its states
// before it is replaced at the next occasion.
const renewAt = 1 << 20

// onceWay is for frames of the whole partition: one state that all its rows share.
type onceWay struct {
	a     *aggregate
	state unsafe.Pointer
	slab  []uint64
}

func (o *onceWay) full() bool { return o.a.acc.Extra() > renewAt }

func (o *onceWay) begin(p *partition) (err error) {
	a := o.a
	if err := o.empty(); err != nil || !p.closed {
		return err // else the state is that of all rows
	}
	return a.update(a.acc, o.state, p, 0, p.n)
}

// empty makes the state an empty one.
func (o *onceWay) empty() (err error) {
	a := o.a
	if len(a.slots) == 0 && o.full() {
		if a.acc, err = a.accumulator(); err != nil {
			return err
		}
	}
	if a.size == 0 {
		o.state = unsafe.Pointer(&zero)
	} else {
		if len(o.slab) < a.size {
			// A new slab each time: rows of the batch point into the old one.
			o.slab = make([]uint64, 64*a.size)
		}
		o.state = unsafe.Pointer(&o.slab[0])
		o.slab = o.slab[a.size:]
	}
	return nil
}

func (o *onceWay) reach() reach                 { return afterTotals }
func (o *onceWay) resume(*partition, int) error { return nil }
func (o *onceWay) keep(_ *partition, i int) int { return i }

func (o *onceWay) total(p *partition, lo, hi int) error {
	return o.a.update(o.a.acc, o.state, p, lo, hi)
}

func (o *onceWay) states(_ *partition, lo, hi int) error {
	for range hi - lo {
		o.a.slots = append(o.a.slots, o.state)
	}
	return nil
}

func (o *onceWay) finished() (int64, error) { return o.a.acc.Extra(), nil }

// runningWay is for frames that begin with the partition: one state goes along
// and rows get copies of it; rows with the same frame share one.
type runningWay struct {
	a      *aggregate
	run    function.Accumulator // owns the running state
	state  []uint64
	fed    int
	copies bool // states may be copied as bytes
	last   unsafe.Pointer
}

func (r *runningWay) full() bool { return false }

func (r *runningWay) begin(*partition) (err error) {
	if r.run.Extra() > renewAt {
		if r.run, err = r.a.accumulator(); err != nil {
			return err
		}
	}
	clear(r.state)
	r.fed, r.last = 0, nil
	return nil
}

func (r *runningWay) reach() reach                     { return nearby }
func (r *runningWay) total(*partition, int, int) error { return nil }
func (r *runningWay) keep(_ *partition, i int) int     { return min(i, r.fed) }

func (r *runningWay) resume(_ *partition, dropped int) error {
	r.fed -= dropped
	return nil
}

func (r *runningWay) ptr() unsafe.Pointer {
	if len(r.state) == 0 {
		return unsafe.Pointer(&zero)
	}
	return unsafe.Pointer(&r.state[0])
}

func (r *runningWay) states(p *partition, lo, hi int) error {
	a := r.a
	for i := lo; i < hi; i++ {
		_, end := a.frame.bounds(p, i)
		if end != r.fed || r.last == nil || len(a.slots) == 0 {
			if err := a.update(r.run, r.ptr(), p, r.fed, end); err != nil {
				return err
			}
			r.fed = max(r.fed, end)
			r.last = a.slot()
			if r.copies {
				copy(unsafe.Slice((*uint64)(r.last), a.size), r.state)
			} else if err := a.acc.Merge(a.w.env.Context, []unsafe.Pointer{r.last}, r.run, []unsafe.Pointer{r.ptr()}); err != nil {
				return err
			}
		}
		a.slots = append(a.slots, r.last)
	}
	return nil
}

func (r *runningWay) finished() (held int64, err error) {
	r.last = nil // it goes with the batch
	held = r.run.Extra() + r.a.acc.Extra()
	if r.a.acc.Extra() > 0 {
		r.a.acc, err = r.a.accumulator()
	}
	return held, err
}

// sumsWay is for counts and exact sums: the state of a frame is the difference
// of two running states.
type sumsWay struct {
	a    *aggregate
	sum  bool
	sums []types.Int128 // sums[i] and counts[i] are those of the first i rows
	n    []int64
}

func (s *sumsWay) full() bool { return false }

func (s *sumsWay) begin(p *partition) error { return s.from(p, types.Int128{}, 0) }

func (s *sumsWay) reach() reach                     { return nearby }
func (s *sumsWay) total(*partition, int, int) error { return nil }

func (s *sumsWay) keep(p *partition, i int) int {
	if s.a.frame.start == expr.UnboundedPreceding {
		_, hi := s.a.frame.peek(p, min(i, p.n-1))
		return min(i, hi)
	}
	return s.a.frame.keep(p, i)
}

// resume goes on from the sums of the rows that are gone.
func (s *sumsWay) resume(p *partition, dropped int) error {
	var sum types.Int128
	if s.sum {
		sum = s.sums[dropped]
	}
	return s.from(p, sum, s.n[dropped])
}

// from computes the sums of the rows of p, those before having given sum and n.
func (s *sumsWay) from(p *partition, sum types.Int128, n int64) error {
	s.sums, s.n = s.sums[:0], append(s.n[:0], n)
	if s.sum {
		s.sums = append(s.sums, sum)
	}
	for lo := 0; lo < p.n; {
		args, sel, next := s.a.in.load(p, lo, p.n)
		if err := p.ctx.Err(); err != nil {
			return err
		}
		s.run(args, sel)
		lo = next
	}
	return nil
}

func (s *sumsWay) run(args []*vec.Vec, sel []uint16) {
	n := s.n[len(s.n)-1]
	for _, r := range sel {
		if len(args) == 0 || !args[0].Null(int(r)) {
			n++
		}
		s.n = append(s.n, n)
	}
	if !s.sum {
		return
	}
	switch v := args[0]; v.Type.Storage() {
	case types.StoreInt8:
		s.sums = runningSums(s.sums, v, vec.Data[int8](v), sel)
	case types.StoreInt16:
		s.sums = runningSums(s.sums, v, vec.Data[int16](v), sel)
	case types.StoreInt32:
		s.sums = runningSums(s.sums, v, vec.Data[int32](v), sel)
	case types.StoreInt64:
		s.sums = runningSums(s.sums, v, vec.Data[int64](v), sel)
	case types.StoreInt128:
		sum, data := s.sums[len(s.sums)-1], vec.Data[types.Int128](v)
		for _, r := range sel {
			if !v.Null(int(r)) {
				sum, _ = sum.Add(data[r])
			}
			s.sums = append(s.sums, sum)
		}
	}
}

// runningSums appends the sums so far. They may wrap around: differences of them are right all the same.
func runningSums[T int8 | int16 | int32 | int64](sums []types.Int128, v *vec.Vec, data []T, sel []uint16) []types.Int128 {
	sum := sums[len(sums)-1]
	for _, r := range sel {
		if !v.Null(int(r)) {
			sum, _ = sum.Add(types.Int128From(int64(data[r])))
		}
		sums = append(sums, sum)
	}
	return sums
}

func (s *sumsWay) states(p *partition, lo, hi int) error {
	a := s.a
	for i := lo; i < hi; i++ {
		from, to := a.frame.bounds(p, i)
		slot := a.slot()
		n, sum := s.n[to], types.Int128{}
		if s.sum {
			sum = s.sums[to]
		}
		if a.frame.start != expr.UnboundedPreceding {
			n -= s.n[from]
			if s.sum {
				sum, _ = sum.Sub(s.sums[from])
			}
		}
		if s.sum {
			x := (*function.SumIntState)(slot)
			x.Sum, x.N = sum, n
		} else {
			(*function.CountState)(slot).N = n
		}
		a.slots = append(a.slots, slot)
	}
	return nil
}

func (s *sumsWay) finished() (int64, error) {
	return int64(8*cap(s.n) + 16*cap(s.sums)), nil
}
