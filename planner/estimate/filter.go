package estimate

import (
	"math"
	"sort"

	"github.com/volley-sql/volley/planner/expr"
)

// Filter is the relation after all of conds. Conditions that bound one column
// from both sides count as one range, not as two independent chances.
func (r *Relation) Filter(conds []expr.Expr) *Relation {
	if len(conds) == 0 {
		return r
	}
	ranges := map[expr.ColID]*bounds{}
	var order []expr.ColID
	var sels []float64
	out := r.clone()
	fixed := map[expr.ColID]float64{}   // distinct values after conditions on the column itself
	known := map[expr.ColID]expr.Expr{} // columns that equal a literal: other conditions on them say nothing new
	for _, c := range conds {
		if id, d, ok := r.distinctAfter(c, 0); ok && d == 1 && known[id] == nil {
			known[id] = c
		}
	}
	for _, c := range conds {
		if ids := expr.Used(c).IDs(); len(ids) == 1 && known[ids[0]] != nil && known[ids[0]] != c {
			continue
		}
		if id, b, ok := r.bound(c); ok {
			if ranges[id] == nil {
				ranges[id] = &bounds{lo: math.Inf(-1), hi: math.Inf(1)}
				order = append(order, id)
			}
			ranges[id].meet(b)
			continue
		}
		s := r.Selectivity(c)
		sels = append(sels, s)
		if id, d, ok := r.distinctAfter(c, s); ok {
			fixed[id] = d
		}
	}
	for _, id := range order {
		col := r.Column(id)
		b := ranges[id]
		s := b.fraction(col) * (1 - col.Nulls)
		sels = append(sels, s)
		fixed[id] = math.Max(1, col.Distinct*s)
		col.Min, col.Max = math.Max(col.Min, b.lo), math.Min(col.Max, b.hi)
		col.Nulls = 0
		out.Cols[id] = col
	}
	least := 1 / math.Max(r.Rows, 1) // a filter is there because something passes
	sel := together(sels)
	sel = math.Max(math.Min(sel, 1), math.Min(least, 1))
	scaled := out.scale(sel)
	for id, d := range fixed {
		c := scaled.Column(id)
		c.Distinct = math.Max(1, math.Min(d, math.Max(scaled.Rows, 1)))
		scaled.Cols[id] = c
		if _, ok := scaled.Domain[id]; !ok {
			scaled.Domain[id] = r.DomainOf(id)
		}
	}
	return scaled
}

// together is the selectivity of all conditions, the strongest in full and
// each further one less: conditions people write are seldom independent, and
// too small an estimate costs more than one too large.
func together(sels []float64) float64 {
	sort.Float64s(sels)
	out, power := 1.0, 1.0
	for _, s := range sels {
		out *= math.Pow(s, power)
		power = math.Max(power-0.15, 0.4)
	}
	return out
}

// distinctAfter is how many values a column has after an equality or IN on it.
func (r *Relation) distinctAfter(e expr.Expr, sel float64) (expr.ColID, float64, bool) {
	switch e := e.(type) {
	case *expr.Compare:
		if c, ok := e.Left.(*expr.Column); ok && e.Op == expr.Eq {
			if _, ok := e.Right.(*expr.Literal); ok {
				return c.ID, 1, true
			}
		}
	case *expr.In:
		if c, ok := e.Arg.(*expr.Column); ok {
			return c.ID, float64(len(e.List)), true
		}
	}
	return 0, 0, false
}

type bounds struct{ lo, hi float64 }

func (b *bounds) meet(o bounds) { b.lo, b.hi = math.Max(b.lo, o.lo), math.Min(b.hi, o.hi) }

// fraction is the part of a column's values within the bounds.
func (b bounds) fraction(c Column) float64 {
	lo, hi := math.Max(b.lo, c.Min), math.Min(b.hi, c.Max)
	if hi < lo {
		return 0
	}
	if c.Max <= c.Min {
		return 1
	}
	f := (hi - lo) / (c.Max - c.Min)
	if c.Measure && !math.IsInf(b.lo, 0) && !math.IsInf(b.hi, 0) {
		f = math.Pow(f, 0.6) // people ask for where the values are
	}
	// At least one of the column's values, so that BETWEEN x AND x is an equality.
	return math.Min(1, math.Max(f, 1/c.Distinct))
}

// bound reads "column < literal" and the like over a column with known range.
func (r *Relation) bound(e expr.Expr) (expr.ColID, bounds, bool) {
	c, ok := e.(*expr.Compare)
	if !ok {
		return 0, bounds{}, false
	}
	col, ok := c.Left.(*expr.Column)
	lit, isLit := c.Right.(*expr.Literal)
	if !ok || !isLit || !r.Column(col.ID).Bounded {
		return 0, bounds{}, false
	}
	v, ok := number(lit.Value, lit.T)
	if !ok {
		return 0, bounds{}, false
	}
	b := bounds{math.Inf(-1), math.Inf(1)}
	step := 0.0
	if discrete(col.T) {
		step = 1
	}
	switch c.Op {
	case expr.Lt:
		b.hi = v - step
	case expr.Le:
		b.hi = v
	case expr.Gt:
		b.lo = v + step
	case expr.Ge:
		b.lo = v
	default:
		return 0, bounds{}, false
	}
	return col.ID, b, true
}

// Selectivity estimates the fraction of rows for which a condition is true.
func (r *Relation) Selectivity(e expr.Expr) float64 {
	switch e := e.(type) {
	case *expr.Literal:
		if e.Value == true {
			return 1
		}
		return 0
	case *expr.And:
		return r.Filter(e.Args).Rows / math.Max(r.Rows, 1e-9)
	case *expr.Or:
		miss := 1.0
		for _, a := range e.Args {
			miss *= 1 - math.Min(1, r.Selectivity(a))
		}
		return 1 - miss
	case *expr.Not:
		return r.not(e.Arg)
	case *expr.Compare:
		return r.compare(e)
	case *expr.In:
		return math.Min(1, float64(len(e.List))/r.expr(e.Arg).Distinct)
	case *expr.IsNull:
		if c, ok := e.Arg.(*expr.Column); ok {
			return r.Column(c.ID).Nulls
		}
		return 0.05
	case *expr.Call:
		switch e.Func {
		case "like", "ilike", "rlike", "contains", "startswith", "endswith", "regexp_like", "regexp":
			return selLike
		}
	case *expr.Column:
		return 0.5
	}
	return selDefault
}

func (r *Relation) not(e expr.Expr) float64 {
	switch x := e.(type) {
	case *expr.IsNull:
		return 1 - r.Selectivity(x)
	case *expr.Column:
		return 0.5
	}
	return math.Max(0, 1-r.Selectivity(e))
}

func (r *Relation) compare(e *expr.Compare) float64 {
	l, right := r.expr(e.Left), r.expr(e.Right)
	if lit, ok := e.Right.(*expr.Literal); ok {
		if lit.Value == true && e.Op == expr.NullSafeEq {
			return r.Selectivity(e.Left)
		}
		v, known := number(lit.Value, lit.T)
		outside := known && l.Bounded && (v < l.Min || v > l.Max) && !isString(e.Left)
		switch e.Op {
		case expr.Eq, expr.NullSafeEq:
			if outside {
				return 0
			}
			return (1 - l.Nulls) / l.Distinct
		case expr.Ne:
			if outside {
				return 1 - l.Nulls
			}
			return (1 - l.Nulls) * (1 - 1/math.Max(l.Distinct, 2))
		}
		if id, b, ok := r.bound(e); ok {
			return b.fraction(r.Column(id)) * (1 - l.Nulls)
		}
		return selRange
	}
	switch e.Op {
	case expr.Eq, expr.NullSafeEq:
		return 1 / math.Max(l.Distinct, right.Distinct)
	case expr.Ne:
		return 1 - 1/math.Max(2, math.Max(l.Distinct, right.Distinct))
	}
	return selRange
}

func isString(e expr.Expr) bool {
	return e.Type().Storage().Width() == 16 && !e.Type().Kind.IsNumeric()
}

// combine multiplies distinct counts, each further one (largest first) to a smaller power.
func combine(ds []float64) float64 {
	sort.Sort(sort.Reverse(sort.Float64Slice(ds)))
	out, power := 1.0, 1.0
	for _, d := range ds {
		out *= math.Pow(math.Max(d, 1), power)
		power *= 0.75
	}
	return out
}
