package optimize

import (
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// pulled is a subquery's plan without its correlated conditions.
type pulled struct {
	plan logical.Node
	// preds hold between outer columns and columns of plan.
	preds []expr.Expr
	// out says how to compute columns of the subquery that plan does not have, from outer columns and those of plan.
	out map[expr.ColID]expr.Expr
	// empty, for an aggregation without groups, is true where plan has no row for the outer row.
	empty expr.Expr
}

// pullUp takes the conditions of n that use columns of outer out of it. It
// fails where that changes what n computes; see unnester for those.
func pullUp(q *Query, n logical.Node, outer expr.ColSet) (*pulled, bool) {
	if !free(n).Intersects(outer) {
		return &pulled{plan: n}, true
	}
	switch n := n.(type) {
	case *logical.Filter:
		return pullFilter(q, n, outer)
	case *logical.Project:
		return pullProject(q, n, outer)
	case *logical.Aggregate:
		return pullAggregate(q, n, outer)
	case *logical.Join:
		return pullJoin(q, n, outer)
	case *logical.Window:
		return pullWindow(q, n, outer)
	case *logical.Sort:
		return pullUp(q, n.Input, outer)
	case *logical.Generate:
		if expr.Used(n.Call).Intersects(outer) {
			return nil, false
		}
		p, ok := pullUp(q, n.Input, outer)
		if !ok || len(p.out) > 0 || p.empty != nil {
			return nil, false
		}
		c := *n
		c.Input = p.plan
		p.plan = &c
		return p, true
	}
	return nil, false
}

func pullFilter(q *Query, n *logical.Filter, outer expr.ColSet) (*pulled, bool) {
	p, ok := pullUp(q, n.Input, outer)
	if !ok || p.empty != nil {
		return nil, false
	}
	var stay []expr.Expr
	for _, c := range expr.Conjuncts(n.Pred) {
		c = substitute(c, p.out)
		if expr.Used(c).Intersects(outer) {
			if q.volatile(c) {
				return nil, false
			}
			p.preds = append(p.preds, c)
		} else {
			stay = append(stay, c)
		}
	}
	p.plan = filter(p.plan, stay...)
	return p, true
}

func pullProject(q *Query, n *logical.Project, outer expr.ColSet) (*pulled, bool) {
	p, ok := pullUp(q, n.Input, outer)
	if !ok {
		return nil, false
	}
	out := map[expr.ColID]expr.Expr{}
	proj := &logical.Project{Input: p.plan}
	var need expr.ColSet
	for _, x := range n.Exprs {
		e := substitute(x.Expr, p.out)
		// What is computed from an aggregation without groups is computed after
		// the join, where missing rows have got their values.
		_, plain := e.(*expr.Column)
		if p.empty != nil && !plain || expr.Used(e).Intersects(outer) {
			out[x.Col.ID] = e
			need.UsedColumns(e)
			continue
		}
		proj.Exprs = append(proj.Exprs, logical.Named{Col: x.Col, Expr: e})
	}
	for _, c := range p.preds {
		need.UsedColumns(c)
	}
	if p.empty != nil {
		need.UsedColumns(p.empty)
	}
	shown := expr.ColSet{}
	for _, x := range proj.Exprs {
		shown.Add(x.Col.ID)
	}
	for _, c := range p.plan.Columns() {
		if need.Has(c.ID) && !shown.Has(c.ID) {
			proj.Exprs = append(proj.Exprs, pass(c))
		}
	}
	p.plan, p.out = proj, out
	return p, true
}

// pullAggregate makes the inner sides of correlated equalities group keys.
func pullAggregate(q *Query, n *logical.Aggregate, outer expr.ColSet) (*pulled, bool) {
	p, ok := pullUp(q, n.Input, outer)
	if !ok || p.empty != nil || n.Sets != nil || len(n.Keys) == 0 && len(n.Aggs) == 0 {
		return nil, false
	}
	agg := &logical.Aggregate{Input: p.plan}
	for _, k := range n.Keys {
		e := substitute(k.Expr, p.out)
		if expr.Used(e).Intersects(outer) {
			return nil, false
		}
		agg.Keys = append(agg.Keys, logical.Named{Col: k.Col, Expr: e})
	}
	for _, a := range n.Aggs {
		e := substitute(a.Expr, p.out)
		if expr.Used(e).Intersects(outer) {
			return nil, false
		}
		agg.Aggs = append(agg.Aggs, logical.Named{Col: a.Col, Expr: e})
	}
	preds, eq, ok := groupKeys(q, p.preds, outer, &agg.Keys)
	if !ok {
		return nil, false
	}
	r := &pulled{plan: agg, preds: preds}
	if len(n.Keys) > 0 {
		return r, true
	}
	if eq == nil { // no key that is never NULL in a match
		return nil, false
	}
	r.empty = &expr.IsNull{Arg: nullableColumn(eq)}
	r.out = map[expr.ColID]expr.Expr{}
	for i, a := range agg.Aggs {
		e := a.Expr.(*expr.Agg)
		if e.Null {
			continue // NULL without rows, as the left join gives
		}
		zero := emptyValue(e)
		if zero == nil {
			return nil, false
		}
		raw := q.column(a.Col)
		agg.Aggs[i].Col = raw
		r.out[a.Col.ID] = &expr.Case{
			Whens: []expr.When{{Cond: r.empty, Then: zero}}, Else: nullableColumn(raw), T: e.T,
		}
	}
	return r, true
}

// groupKeys turns correlated equalities into keys: the inner side becomes a
// column of its own, which the returned condition compares. eq is a key that
// is compared by "=".
func groupKeys(q *Query, preds []expr.Expr, outer expr.ColSet, keys *[]logical.Named) (out []expr.Expr, eq *expr.Column, ok bool) {
	for _, c := range preds {
		cmp, isCompare := c.(*expr.Compare)
		if !isCompare || cmp.Op != expr.Eq && cmp.Op != expr.NullSafeEq {
			return nil, nil, false
		}
		l, r := cmp.Left, cmp.Right
		if !expr.Used(l).Intersects(outer) {
			l, r = r, l
		}
		if expr.Used(r).Intersects(outer) || !expr.Used(l).SubsetOf(outer) {
			return nil, nil, false
		}
		var key *expr.Column
		for _, k := range *keys {
			if sameColumn(k.Expr, r) {
				key = k.Col
			}
		}
		if key == nil {
			name := "key"
			if col, isColumn := r.(*expr.Column); isColumn {
				name = col.Name
			}
			key = q.columnFor(name, r)
			*keys = append(*keys, logical.Named{Col: key, Expr: r})
		}
		out = append(out, &expr.Compare{Op: cmp.Op, Left: l, Right: key})
		if cmp.Op == expr.Eq {
			eq = key
		}
	}
	return out, eq, true
}

func sameColumn(a, b expr.Expr) bool {
	x, ok := a.(*expr.Column)
	y, ok2 := b.(*expr.Column)
	return ok && ok2 && x.ID == y.ID
}

func nullableColumn(c *expr.Column) *expr.Column {
	d := *c
	d.Null = true
	return &d
}

// emptyValue is what an aggregate that is never NULL gives for no rows, nil if that is not known here.
func emptyValue(a *expr.Agg) expr.Expr {
	switch a.Func {
	case "count", "count_if", "regr_count", "approx_count_distinct":
		return &expr.Literal{Value: int64(0), T: a.T}
	case "collect_list", "collect_set", "array_agg":
		return &expr.Literal{Value: []types.Datum{}, T: a.T}
	}
	return nil
}

func pullWindow(q *Query, n *logical.Window, outer expr.ColSet) (*pulled, bool) {
	p, ok := pullUp(q, n.Input, outer)
	if !ok || p.empty != nil || len(p.out) > 0 {
		return nil, false
	}
	w := &logical.Window{Input: p.plan}
	var extra []logical.Named
	if p.preds, _, ok = groupKeys(q, p.preds, outer, &extra); !ok {
		return nil, false
	}
	if len(extra) > 0 {
		w.Input = &logical.Project{Input: p.plan, Exprs: append(passAll(p.plan.Columns()), extra...)}
	}
	for _, x := range n.Calls {
		if expr.Used(x.Expr).Intersects(outer) {
			return nil, false
		}
		call := *x.Expr.(*expr.WindowCall)
		for _, k := range extra {
			call.Partition = append(call.Partition[:len(call.Partition):len(call.Partition)], k.Col)
		}
		w.Calls = append(w.Calls, logical.Named{Col: x.Col, Expr: &call})
	}
	p.plan = w
	return p, true
}

func pullJoin(q *Query, n *logical.Join, outer expr.ColSet) (*pulled, bool) {
	j := *n
	inner := n.Kind == logical.Inner || n.Kind == logical.Cross
	var preds []expr.Expr
	if inner {
		l, ok := pullUp(q, n.Left, outer)
		if !ok || l.empty != nil {
			return nil, false
		}
		r, ok := pullUp(q, n.Right, outer)
		if !ok || r.empty != nil {
			return nil, false
		}
		j.Left, j.Right = l.plan, r.plan
		preds = append(l.preds, r.preds...)
		out := map[expr.ColID]expr.Expr{}
		for _, m := range []map[expr.ColID]expr.Expr{l.out, r.out} {
			for id, e := range m {
				out[id] = e
			}
		}
		var stay []expr.Expr
		for _, c := range expr.Conjuncts(n.Cond) {
			c = substitute(c, out)
			if expr.Used(c).Intersects(outer) {
				preds = append(preds, c)
			} else {
				stay = append(stay, c)
			}
		}
		j.Kind, j.Cond = logical.Inner, expr.Conj(stay...)
		return &pulled{plan: &j, preds: preds, out: out}, true
	}
	switch n.Kind {
	case logical.Left, logical.Semi, logical.Anti, logical.Mark, logical.Single:
	default:
		return nil, false
	}
	if expr.Used(n.Cond).Intersects(outer) || free(n.Right).Intersects(outer) {
		return nil, false
	}
	l, ok := pullUp(q, n.Left, outer)
	if !ok || l.empty != nil || len(l.out) > 0 {
		return nil, false
	}
	j.Left = l.plan
	l.plan = &j
	return l, true
}

// computed adds the columns of out above the join n of d. Where matched is
// not nil the columns are NULL unless it is true.
func (p *pulled) computed(q *Query, d *dependent, n logical.Node, matched expr.Expr) logical.Node {
	if len(p.out) == 0 {
		return n
	}
	cols := n.Columns()
	proj := &logical.Project{Input: n, Exprs: passAll(cols)}
	for _, c := range d.right.Columns() {
		e, ok := p.out[c.ID]
		if !ok {
			continue
		}
		if matched != nil {
			e = &expr.Case{Whens: []expr.When{{Cond: matched, Then: e}}, Else: expr.NullOf(c.T), T: c.T}
		}
		proj.Exprs = append(proj.Exprs, logical.Named{Col: c, Expr: e})
	}
	return proj
}

// marker adds a column to the plan that is never NULL, so that above an outer
// join it tells matches from fill.
func (p *pulled) marker(q *Query) expr.Expr {
	m := q.columnFor("matched", expr.True)
	p.plan = &logical.Project{Input: p.plan, Exprs: append(passAll(p.plan.Columns()), logical.Named{Col: m, Expr: expr.True})}
	return &expr.Not{Arg: &expr.IsNull{Arg: nullableColumn(m)}}
}
