package window

import (
	"github.com/volley-sql/volley/planner/expr"
)

// frame tells which rows of its partition a row's call sees.
type frame struct {
	unit       expr.FrameUnit
	start, end expr.BoundKind
	// of ROWS frames with offsets
	before, after int
	// of RANGE frames with offsets, else nil
	lo, hi *search
	keys   *rangeKeys
}

// frame makes the frame of a call, with state for one thread.
func (w *Window) frame(c *expr.WindowCall) (*frame, error) {
	f := &frame{unit: c.Frame.Unit, start: c.Frame.Start.Kind, end: c.Frame.End.Kind}
	offsets := [2]expr.Bound{c.Frame.Start, c.Frame.End}
	for i, b := range offsets {
		if b.Kind != expr.Preceding && b.Kind != expr.Following {
			continue
		}
		d, err := w.value(b.Offset)
		if err != nil {
			return nil, err
		}
		if f.unit == expr.Rows {
			n, err := w.constant(&expr.Agg{Func: c.Agg.Func, Args: []expr.Expr{b.Offset}, Pos: c.Agg.Pos}, 0, 0)
			if err != nil {
				return nil, err
			}
			if b.Kind == expr.Preceding {
				n = -n
			}
			if i == 0 {
				f.before = int(n)
			} else {
				f.after = int(n)
			}
			continue
		}
		if f.keys == nil {
			if f.keys, err = w.rangeKeys(c.Order); err != nil {
				return nil, err
			}
		}
		s, err := f.keys.search(b.Kind, b.Offset.Type(), d, i == 1)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			f.lo = s
		} else {
			f.hi = s
		}
	}
	return f, nil
}

// whole reports whether every row sees its whole partition.
func (f *frame) whole() bool {
	return f.start == expr.UnboundedPreceding && f.end == expr.UnboundedFollowing
}

// begin prepares for the rows of p.
func (f *frame) begin(p *partition) error {
	if f.unit == expr.Range && (f.start == expr.CurrentRow || f.end == expr.CurrentRow || f.keys != nil) {
		if err := p.peers(); err != nil {
			return err
		}
	}
	if f.keys == nil {
		return nil
	}
	if err := f.keys.begin(p); err != nil {
		return err
	}
	for _, s := range []*search{f.lo, f.hi} {
		if s != nil {
			s.at = f.keys.from
		}
	}
	return nil
}

// bounds gives the frame of row i as places lo ≤ hi, hi excluded. Within a
// partition it is called with i ascending.
func (f *frame) bounds(p *partition, i int) (lo, hi int) {
	hi = p.n
	switch f.start {
	case expr.CurrentRow:
		lo = i
		if f.unit == expr.Range {
			lo = int(p.peerLo[i])
		}
	case expr.Preceding, expr.Following:
		if f.unit == expr.Rows {
			lo = i + f.before
		} else {
			lo = f.keys.bound(f.lo, p, i)
		}
	case expr.UnboundedFollowing:
		lo = p.n
	}
	switch f.end {
	case expr.CurrentRow:
		hi = i + 1
		if f.unit == expr.Range {
			hi = int(p.peerHi[i])
		}
	case expr.Preceding, expr.Following:
		if f.unit == expr.Rows {
			hi = i + f.after + 1
		} else {
			hi = f.keys.bound(f.hi, p, i)
		}
	case expr.UnboundedPreceding:
		hi = 0
	}
	lo = min(max(lo, 0), p.n)
	hi = min(max(hi, lo), p.n)
	return lo, hi
}
