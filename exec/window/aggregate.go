package window

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
)

// aggregate computes an aggregate function over frames. Every row of a batch
// gets a state; finish turns them into results in one call. How the states
// come about is the business of a way.
type aggregate struct {
	w     *Window
	call  *expr.Agg
	over  *function.Overload
	frame *frame
	in    input
	size  int // of a state in words
	way   way

	// acc owns the states of the batch and makes the results.
	acc   function.Accumulator
	slots []unsafe.Pointer // of the rows added to the batch
	words []uint64         // room for the batch's own states
	used  int
}

// way computes the states of rows.
type way interface {
	// begin is told of a partition; states gives the rows lo … hi of it a slot each.
	begin(p *partition) error
	states(p *partition, lo, hi int) error
	// finished is told that the states of the batch are not needed any more. It returns the memory held.
	finished() (int64, error)
	full() bool
	// The rest is as in partly. resume comes after the frame's.
	reach() reach
	total(p *partition, lo, hi int) error
	resume(p *partition, dropped int) error
	keep(p *partition, i int) int
}

// shortFrame is the longest frame that is aggregated anew for every row.
const shortFrame = 48

func (w *Window) aggregate(c *expr.WindowCall) (call, error) {
	a := &aggregate{w: w, call: c.Agg}
	def := w.env.Functions.Lookup(c.Agg.Func)
	if def == nil || def.Kind != function.Aggregate {
		return nil, sqlerr.New(sqlerr.UnresolvedRoutine, "The function %s cannot be used in a window.", c.Agg.Func).At(int(c.Agg.Pos))
	}
	fc := &function.Call{Name: c.Agg.Func, Args: c.Agg.Args, Distinct: c.Agg.Distinct}
	if x := w.env.Context; x != nil {
		fc.ANSI, fc.TimeZone, fc.Setting = x.ANSI, x.TimeZone, x.Setting
	}
	var err error
	if a.over, err = def.Resolve(fc); err != nil {
		return nil, err
	}
	if a.over.Accumulator == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "%s has no accumulator", c.Agg.Func)
	}
	if a.frame, err = w.frame(c); err != nil {
		return nil, err
	}
	a.in = input{w: w, filter: -1}
	for _, e := range c.Agg.Args {
		a.in.cols = append(a.in.cols, w.column(e))
	}
	for _, k := range c.Agg.Order {
		a.in.cols = append(a.in.cols, w.column(k.Expr))
	}
	if c.Agg.Filter != nil {
		a.in.filter = w.column(c.Agg.Filter)
	}
	if a.acc, err = a.accumulator(); err != nil {
		return nil, err
	}
	a.size = a.acc.Size() / 8
	a.way, err = a.choose()
	return a, err
}

func (a *aggregate) accumulator() (function.Accumulator, error) { return a.over.Accumulator(a.call) }

// choose takes the cheapest way for the frame and the kind of states.
func (a *aggregate) choose() (way, error) {
	if a.frame.whole() {
		return &onceWay{a: a}, nil
	}
	fixed, ok := a.acc.(function.Fixed)
	if ok && a.in.filter < 0 && len(a.in.cols) <= 1 {
		switch fixed.Layout() {
		case function.Count, function.SumInt:
			return &sumsWay{a: a, sum: fixed.Layout() == function.SumInt}, nil
		}
	}
	if a.frame.start == expr.UnboundedPreceding {
		from, err := a.accumulator()
		return &runningWay{a: a, run: from, copies: ok, state: make([]uint64, a.size)}, err
	}
	return &slidingWay{a: a}, nil
}

func (a *aggregate) begin(p *partition) error {
	if p.base == 0 { // rows read from disk are numbered anew each time
		a.in.lo, a.in.hi = 0, 0
	}
	if err := a.frame.begin(p); err != nil {
		return err
	}
	return a.way.begin(p)
}

func (a *aggregate) reach() reach {
	if a.frame.whole() {
		return a.way.reach()
	}
	return min(a.frame.reach(), a.way.reach())
}

func (a *aggregate) total(p *partition, lo, hi int) error {
	a.in.lo, a.in.hi = 0, 0 // what was gathered is of another part
	return a.way.total(p, lo, hi)
}

func (a *aggregate) resume(p *partition, dropped int) error {
	a.in.lo, a.in.hi = 0, 0
	if err := a.frame.begin(p); err != nil {
		return err
	}
	return a.way.resume(p, dropped)
}

func (a *aggregate) ready(p *partition, i int) bool { return a.frame.whole() || a.frame.ready(p, i) }
func (a *aggregate) keep(p *partition, i int) int   { return a.way.keep(p, i) }

func (a *aggregate) add(p *partition, lo, hi int) error { return a.way.states(p, lo, hi) }
func (a *aggregate) full() bool                         { return a.way.full() }

func (a *aggregate) finish(out *vec.Vec, n int) (int64, error) {
	if err := a.acc.Final(a.w.env.Context, a.slots[:n], out); err != nil {
		return 0, sqlerr.At(err, int(a.call.Pos))
	}
	a.slots, a.used = a.slots[:0], 0
	return a.way.finished()
}

// slot returns an empty state of the batch.
func (a *aggregate) slot() unsafe.Pointer {
	if a.size == 0 {
		return unsafe.Pointer(&zero)
	}
	if a.used+a.size > len(a.words) {
		// States that rows point to stay where they are.
		a.words, a.used = make([]uint64, max(a.size*a.w.env.BatchSize, a.size)), 0
	}
	s := a.words[a.used:][:a.size]
	a.used += a.size
	clear(s)
	return unsafe.Pointer(&s[0])
}

var zero uint64

// update adds rows lo … hi of the partition to a state of acc.
func (a *aggregate) update(acc function.Accumulator, state unsafe.Pointer, p *partition, lo, hi int) error {
	for lo < hi {
		if hi-lo > vec.DefaultSize {
			if err := p.ctx.Err(); err != nil {
				return err
			}
		}
		args, sel, next := a.in.load(p, lo, hi)
		if len(sel) > 0 {
			if err := acc.UpdateOne(a.w.env.Context, state, args, sel); err != nil {
				return sqlerr.At(err, int(a.call.Pos))
			}
		}
		lo = next
	}
	return nil
}

// input gives the arguments of rows, gathered a piece of the morsel at a time.
type input struct {
	w        *Window
	cols     []int
	filter   int
	lo, hi   int // in ord.Rows: what is gathered
	args     []*vec.Vec
	passes   vec.Vec
	selected []uint16
}

// load returns arguments and selection for rows lo … next of the partition,
// next ≤ hi. They are valid until the next load.
func (in *input) load(p *partition, lo, hi int) (args []*vec.Vec, sel []uint16, next int) {
	from, to := p.base+lo, p.base+hi
	if from < in.lo || from >= in.hi || to > in.hi && to-from <= vec.DefaultSize {
		in.lo, in.hi = from, min(from+vec.DefaultSize, p.end)
		rows := p.ord.Rows[in.lo:in.hi]
		if in.args == nil {
			for range in.cols {
				in.args = append(in.args, &vec.Vec{})
			}
		}
		for i, c := range in.cols {
			p.ord.Store.Gather(in.args[i], c, rows)
		}
		if in.filter >= 0 {
			p.ord.Store.Gather(&in.passes, in.filter, rows)
		}
	}
	to = min(to, in.hi)
	sel = vec.Identity[from-in.lo : to-in.lo]
	if in.filter >= 0 {
		in.selected = in.selected[:0]
		pass := vec.Data[bool](&in.passes)
		for _, r := range sel {
			if !in.passes.Null(int(r)) && pass[r] {
				in.selected = append(in.selected, r)
			}
		}
		sel = in.selected
	}
	return in.args, sel, to - p.base
}
