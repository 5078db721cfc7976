package estimate

import (
	"math"

	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Key is one equality of a join: an expression of each side.
type Key struct{ Left, Right expr.Expr }

// Keys divides a join condition into equalities between the sides and the rest.
func Keys(cond expr.Expr, left, right func(expr.ColID) bool) (keys []Key, rest []expr.Expr) {
	for _, c := range expr.Conjuncts(cond) {
		e := c
		cmp, ok := e.(*expr.Compare)
		if ok && cmp.Op == expr.NullSafeEq {
			if lit, isLit := cmp.Right.(*expr.Literal); isLit && lit.Value == true {
				cmp, ok = cmp.Left.(*expr.Compare)
			}
		}
		if ok && (cmp.Op == expr.Eq || cmp.Op == expr.NullSafeEq) {
			a, b := expr.Used(cmp.Left), expr.Used(cmp.Right)
			switch {
			case a.Empty() || b.Empty():
			case every(a, left) && every(b, right):
				keys = append(keys, Key{cmp.Left, cmp.Right})
				continue
			case every(a, right) && every(b, left):
				keys = append(keys, Key{cmp.Right, cmp.Left})
				continue
			}
		}
		rest = append(rest, c)
	}
	return keys, rest
}

func every(s expr.ColSet, f func(expr.ColID) bool) bool {
	for _, id := range s.IDs() {
		if !f(id) {
			return false
		}
	}
	return true
}

func (r *Relation) has(id expr.ColID) bool { _, ok := r.Cols[id]; return ok }

func (e *Estimator) join(n *logical.Join) *Relation {
	l, r := e.Relation(n.Left), e.Relation(n.Right)
	keys, rest := Keys(n.Cond, l.has, r.has)
	out := Join(l, r, n.Kind, keys, rest)
	if n.MarkCol != nil {
		out.Cols[n.MarkCol.ID] = Column{Distinct: 2, Width: 1}
	}
	return out
}

// Join estimates the join of two relations.
func Join(l, r *Relation, kind logical.JoinKind, keys []Key, rest []expr.Expr) *Relation {
	both := &Relation{Rows: l.Rows * r.Rows, Cols: make(map[expr.ColID]Column, len(l.Cols)+len(r.Cols)), Domain: map[expr.ColID]float64{}}
	for _, x := range []*Relation{l, r} {
		for id, c := range x.Cols {
			both.Cols[id] = c
		}
		for id, d := range x.Domain {
			both.Domain[id] = d
		}
	}
	restSel := 1.0
	for _, c := range rest {
		restSel *= both.Selectivity(c)
	}
	inner := l.Rows * r.Rows / Fanout(l, r, keys) * restSel
	switch kind {
	case logical.Semi, logical.Anti, logical.Mark:
		return semi(l, r, kind, keys, restSel)
	case logical.Single:
		both.Rows = l.Rows
	case logical.Left:
		both.Rows = math.Max(inner, l.Rows)
	case logical.Right:
		both.Rows = math.Max(inner, r.Rows)
	case logical.Full:
		both.Rows = math.Max(inner, math.Max(l.Rows, r.Rows))
	default:
		both.Rows = inner
	}
	both.Rows = math.Max(both.Rows, math.Min(1, math.Min(l.Rows, r.Rows)))
	both.Base = both.Rows
	for _, k := range keys { // both sides of an equality have the values both have
		a, aok := k.Left.(*expr.Column)
		b, bok := k.Right.(*expr.Column)
		if !aok || !bok || kind != logical.Inner && kind != logical.Cross {
			continue
		}
		x, y := both.Cols[a.ID], both.Cols[b.ID]
		d := math.Min(x.Distinct, y.Distinct)
		both.Domain[a.ID], both.Domain[b.ID] = l.DomainOf(a.ID), r.DomainOf(b.ID)
		x.Distinct, y.Distinct = d, d
		both.Cols[a.ID], both.Cols[b.ID] = x, y
	}
	for id, c := range both.Cols {
		if c.Distinct > both.Rows {
			if _, ok := both.Domain[id]; !ok {
				both.Domain[id] = c.Distinct
			}
			c.Distinct = math.Max(1, both.Rows)
			both.Cols[id] = c
		}
	}
	return both
}

// Fanout is by what the product of two relations shrinks when keys are equal:
// the number of values the keys can have. Unfiltered, that is those of the
// side that has more of them. Once that side is filtered, what is left is
// taken to be among the values of the other: facts of five years refer to a
// calendar of two centuries, and the year a query asks for is one of the five.
// Several keys together have no more combinations than the smaller side's table has rows.
func Fanout(l, r *Relation, keys []Key) float64 {
	if len(keys) == 0 {
		return 1
	}
	product, most := [2]float64{1, 1}, 1.0
	for _, k := range keys {
		a, b := l.domain(k.Left), r.domain(k.Right)
		product[0] *= a
		product[1] *= b
		few, left := math.Min(l.spread(k.Left, a), math.Max(a, b)), math.Min(r.expr(k.Right).Distinct, b)
		if b < a {
			few, left = math.Min(r.spread(k.Right, b), a), math.Min(l.expr(k.Left).Distinct, a)
		}
		most = math.Max(most, math.Max(few, left))
	}
	if len(keys) == 1 {
		return most
	}
	return math.Max(most, math.Min(math.Min(product[0], math.Max(l.Base, 1)), math.Min(product[1], math.Max(r.Base, 1))))
}

// spread is the number of values a key has room for in its range, at least
// domain. Facts of every seventh day meet the days of one year as if they were of all days.
func (r *Relation) spread(e expr.Expr, domain float64) float64 {
	c, ok := e.(*expr.Column)
	if !ok || !discrete(c.T) {
		return domain
	}
	if x := r.Column(c.ID); x.Bounded {
		return math.Max(domain, x.Max-x.Min+1)
	}
	return domain
}

func (r *Relation) domain(e expr.Expr) float64 {
	if c, ok := e.(*expr.Column); ok {
		return math.Max(1, r.DomainOf(c.ID))
	}
	return math.Max(1, r.expr(e).Distinct)
}

// semi is the left relation reduced to rows with (or without) a partner.
func semi(l, r *Relation, kind logical.JoinKind, keys []Key, restSel float64) *Relation {
	if kind == logical.Mark {
		return l.clone()
	}
	match := 1.0
	for _, k := range keys {
		match = math.Min(match, r.expr(k.Right).Distinct/math.Max(l.domain(k.Left), 1))
	}
	if restSel < 1 { // a residual fails only if it fails for all partners
		match *= 1 - math.Pow(1-restSel, math.Max(1, r.Rows/math.Max(1, partners(r, keys))))
	}
	match = math.Min(1, match)
	if kind == logical.Anti {
		match = math.Max(1-match, 0.1)
	}
	return l.scale(math.Max(match, 1/math.Max(l.Rows, 1)))
}

func partners(r *Relation, keys []Key) float64 {
	d := 1.0
	for _, k := range keys {
		d = math.Max(d, r.expr(k.Right).Distinct)
	}
	return d
}
