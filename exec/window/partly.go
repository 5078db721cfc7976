package window

import "github.com/volley-sql/volley/planner/expr"

// reach is what a call must see of a partition.
type reach uint8

const (
	// all of its rows at once
	wholePartition reach = iota
	// rows around the current one, after it was shown all of them
	afterTotals
	// rows around the current one
	nearby
)

// partly is a call that can go through a partition of which only a part is in
// memory at a time, given its reach is not wholePartition. Rows are numbered
// within the part. After begin for the first part,
//
//	total   (only afterTotals) is told of all rows, part by part
//	add     is asked for rows, as far as they are ready, in order
//	resume  says that rows before dropped are gone and others may have come
//
// keep is the first row that must still be there for row i and those after it.
type partly interface {
	call
	reach() reach
	total(p *partition, lo, hi int) error
	resume(p *partition, dropped int) error
	ready(p *partition, i int) bool
	keep(p *partition, i int) int
}

// onlyNearby is for calls that look at no row but the current one, as far as its methods go.
type onlyNearby struct{}

func (onlyNearby) total(*partition, int, int) error { return nil }
func (onlyNearby) resume(*partition, int) error     { return nil }
func (onlyNearby) ready(*partition, int) bool       { return true }
func (onlyNearby) keep(_ *partition, i int) int     { return i }

// reach of a call over the frame, if its way does not ask for more.
func (f *frame) reach() reach {
	if f.end == expr.UnboundedFollowing || f.start == expr.UnboundedFollowing {
		return wholePartition
	}
	return nearby
}

// peek is bounds for any row, without moving on.
func (f *frame) peek(p *partition, i int) (lo, hi int) {
	g := *f
	if f.lo != nil {
		s := *f.lo
		g.lo = &s
	}
	if f.hi != nil {
		s := *f.hi
		g.hi = &s
	}
	return g.bounds(p, i)
}

// ready reports whether all rows of the frame of row i are there.
func (f *frame) ready(p *partition, i int) bool {
	switch {
	case p.closed || f.end == expr.UnboundedPreceding:
		return true
	case f.unit == expr.Rows && f.end == expr.CurrentRow:
		return i < p.n
	case f.unit == expr.Rows:
		return i+f.after < p.n
	}
	_, hi := f.peek(p, i)
	return hi < p.n
}

// keep is where the frames of row i and those after it begin.
func (f *frame) keep(p *partition, i int) int {
	lo, _ := f.peek(p, min(i, p.n-1))
	return min(lo, i)
}
