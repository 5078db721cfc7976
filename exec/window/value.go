package window

import (
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// picked is the part that calls whose result is a value of another row have in
// common: rows collects where each result comes from (hold.Absent: NULL).
type picked struct {
	w      *Window
	col    int
	rows   []uint32
	ignore bool // IGNORE NULLS
	ord    *sort.Ordered
	// With ignore: the places in the partition that are not NULL, and for every
	// place how many of them are before it.
	some   []int32
	before []int32
}

func (v *picked) full() bool { return false }

func (v *picked) begin(p *partition) error {
	v.ord = p.ord
	if !v.ignore {
		return nil
	}
	col := p.ord.Store.Column(v.col)
	v.some, v.before = v.some[:0], grow(v.before, p.n+1)
	for i, r := range p.rows {
		v.before[i] = int32(len(v.some))
		if !col[r>>hold.ChunkShift].Null(int(r & hold.ChunkMask)) {
			v.some = append(v.some, int32(i))
		}
	}
	v.before[p.n] = int32(len(v.some))
	return nil
}

func (v *picked) finish(out *vec.Vec, _ int) (int64, error) {
	t := out.Type
	v.ord.Store.Gather(out, v.col, v.rows)
	out.Type = t
	v.rows = v.rows[:0]
	return int64(8 * (cap(v.some) + cap(v.before))), nil
}

// shift is lag and lead.
type shift struct {
	picked
	by      int // rows ahead
	def     int // column of the default, -1: NULL
	missing []int32
	current []uint32
}

func (w *Window) shift(c *expr.WindowCall) (call, error) {
	a := c.Agg
	by, err := w.constant(a, 1, 1)
	if err != nil {
		return nil, err
	}
	if a.Func == "lag" {
		by = -by
	}
	s := &shift{picked: picked{w: w, col: w.column(a.Args[0]), ignore: a.IgnoreNulls}, by: int(by), def: -1}
	if len(a.Args) > 2 {
		if l, ok := a.Args[2].(*expr.Literal); !ok || l.Value != nil {
			s.def = w.column(a.Args[2])
		}
	}
	return s, nil
}

func (s *shift) add(p *partition, lo, hi int) error {
	for i := lo; i < hi; i++ {
		j := i + s.by
		if s.ignore && s.by != 0 {
			j = s.pick(i)
		}
		if j >= 0 && j < p.n {
			s.rows = append(s.rows, p.rows[j])
			continue
		}
		if s.def >= 0 {
			s.missing, s.current = append(s.missing, int32(len(s.rows))), append(s.current, p.rows[i])
		}
		s.rows = append(s.rows, hold.Absent)
	}
	return nil
}

func (s *shift) reach() reach {
	if s.ignore && s.by != 0 {
		return wholePartition
	}
	return nearby
}

func (s *shift) total(*partition, int, int) error { return nil }
func (s *shift) resume(p *partition, _ int) error { return s.begin(p) }
func (s *shift) ready(p *partition, i int) bool   { return p.closed || i+s.by < p.n }
func (s *shift) keep(_ *partition, i int) int     { return max(i+min(s.by, 0), 0) }

// pick is the place by values that are not NULL away from row i, or -1.
func (s *shift) pick(i int) int {
	k := int(s.before[i]) + s.by // backwards from the first one at or after i
	if s.by > 0 {
		k = int(s.before[i+1]) + s.by - 1
	}
	if k < 0 || k >= len(s.some) {
		return -1
	}
	return int(s.some[k])
}

func (s *shift) finish(out *vec.Vec, n int) (int64, error) {
	held, err := s.picked.finish(out, n)
	if err != nil || len(s.missing) == 0 {
		return held, err
	}
	var def vec.Vec
	s.ord.Store.Gather(&def, s.def, s.current)
	revive(out, s.missing)
	hold.Scatter(out, s.missing, &def, vec.Identity[:len(s.missing)])
	s.missing, s.current = s.missing[:0], s.current[:0]
	return held, nil
}

// revive makes rows valid again that were gathered as Absent.
func revive(v *vec.Vec, rows []int32) {
	if v.Valid != nil {
		for _, i := range rows {
			v.Valid.Set(int(i))
		}
	}
	if v.Type.Kind == types.Struct {
		for _, k := range v.Kids {
			revive(k, rows)
		}
	}
}

// nth is first_value, last_value and nth_value: a row of the frame counted
// from its start (n ≥ 0) or its end (n = -1).
type nth struct {
	picked
	n     int
	frame *frame
	// pin is the n-th row of a partition of which only a part is there, where
	// frames begin with the partition.
	pin    *hold.Store
	pinned []int32 // rows of the batch whose result is the pin
}

func (w *Window) nth(c *expr.WindowCall) (call, error) {
	a := c.Agg
	f, err := w.frame(c)
	if err != nil {
		return nil, err
	}
	v := &nth{picked: picked{w: w, col: w.column(a.Args[0]), ignore: a.IgnoreNulls}, frame: f}
	flag := 1 // of the argument that is IGNORE NULLS as a boolean
	switch a.Func {
	case "last", "last_value":
		v.n = -1
	case "nth_value":
		n, err := w.constant(a, 1, 0)
		if err != nil {
			return nil, err
		}
		if n <= 0 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "The offset of nth_value must be positive, not %d.", n).At(int(a.Pos))
		}
		v.n, flag = int(n)-1, 2
	}
	if len(a.Args) > flag {
		d, err := w.value(a.Args[flag])
		if err != nil {
			return nil, err
		}
		v.ignore = v.ignore || d == true
	}
	return v, nil
}

func (v *nth) begin(p *partition) error {
	if err := v.frame.begin(p); err != nil {
		return err
	}
	v.release()
	return v.picked.begin(p)
}

func (v *nth) reach() reach {
	if v.ignore {
		return wholePartition
	}
	return v.frame.reach()
}

func (v *nth) total(*partition, int, int) error { return nil }

func (v *nth) resume(p *partition, _ int) error {
	if err := v.frame.begin(p); err != nil {
		return err
	}
	return v.picked.begin(p)
}

func (v *nth) ready(p *partition, i int) bool { return v.frame.ready(p, i) }

// fromStart reports whether results are counted from the start of the partition.
func (v *nth) fromStart() bool { return v.n >= 0 && v.frame.start == expr.UnboundedPreceding }

func (v *nth) keep(p *partition, i int) int {
	switch {
	case v.fromStart():
		if at := v.n - p.before; v.pin == nil && at >= 0 {
			return min(i, at) // it is still to be seen
		}
		return i
	case v.n < 0 && v.frame.start == expr.UnboundedPreceding:
		_, hi := v.frame.peek(p, min(i, p.n-1))
		return max(min(i, hi-1), 0)
	}
	return v.frame.keep(p, i)
}

// remember copies the n-th row of the partition once it is there.
func (v *nth) remember(p *partition) error {
	at := v.n - p.before
	if v.pin != nil || p.before == 0 && p.closed || !v.fromStart() || at < 0 || at >= p.n {
		return nil
	}
	var x vec.Vec
	p.ord.Store.Gather(&x, v.col, p.rows[at:at+1])
	v.pin = hold.NewStore([]types.Type{x.Type}, v.w.env.Account)
	if err := v.pin.Append([]*vec.Vec{&x}, vec.Identity[:1]); err != nil {
		v.release()
		return err
	}
	v.pin.Seal()
	return nil
}

// release gives back what a partition has left; begin does so too.
func (v *nth) release() {
	if v.pin != nil {
		v.pin.Release()
		v.pin = nil
	}
}

func (v *nth) finish(out *vec.Vec, n int) (int64, error) {
	held, err := v.picked.finish(out, n)
	if err != nil || len(v.pinned) == 0 {
		return held, err
	}
	var pin vec.Vec
	v.pin.Gather(&pin, 0, make([]uint32, len(v.pinned)))
	revive(out, v.pinned)
	hold.Scatter(out, v.pinned, &pin, vec.Identity[:len(v.pinned)])
	v.pinned = v.pinned[:0]
	return held, nil
}

func (v *nth) add(p *partition, lo, hi int) error {
	if err := v.remember(p); err != nil {
		return err
	}
	for i := lo; i < hi; i++ {
		a, b := v.frame.bounds(p, i)
		if v.pin != nil { // the frame begins p.before rows before a
			if v.n < p.before+b {
				v.pinned = append(v.pinned, int32(len(v.rows)))
			}
			v.rows = append(v.rows, hold.Absent)
			continue
		}
		if v.ignore {
			a, b = int(v.before[a]), int(v.before[b])
		}
		j := a + v.n
		switch {
		case v.n < 0:
			j = b - 1
		case v.fromStart() && !v.ignore:
			j = v.n - p.before
		}
		switch {
		case j < a || j >= b:
			v.rows = append(v.rows, hold.Absent)
		case v.ignore:
			v.rows = append(v.rows, p.rows[v.some[j]])
		default:
			v.rows = append(v.rows, p.rows[j])
		}
	}
	return nil
}
