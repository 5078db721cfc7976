package optimize

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// dependent is a join whose right side may use columns of the left. The right
// side itself has no Apply and no subquery any more.
type dependent struct {
	left, right logical.Node
	kind        logical.JoinKind
	cond        expr.Expr
	nullAware   bool
	mark        *expr.Column
	pos         int32 // of a scalar subquery
}

// join makes a plan without correlation. Its columns include those the Apply
// would have; extra ones may stand among them.
func (d *dependent) join(q *Query) logical.Node {
	outer := free(d.right)
	left := output(d.left)
	if !outer.Intersects(left) {
		return d.plain(d.right, d.cond)
	}
	if n, ok := d.inlined(); ok {
		return n
	}
	if p, ok := pullUp(q, d.right, left); ok {
		if n := d.pulled(q, p); n != nil {
			return n
		}
	}
	return d.unnested(q, outer)
}

// plain is the join with a right side that stands for itself.
func (d *dependent) plain(right logical.Node, cond expr.Expr) logical.Node {
	kind := d.kind
	if kind == logical.Single && cond == nil {
		switch {
		case exactlyOne(right):
			kind = logical.Cross
		case atMostOne(right):
			kind = logical.Left
		}
	}
	if kind == logical.Cross && cond != nil {
		kind = logical.Inner
	}
	return &logical.Join{Left: d.left, Right: right, Kind: kind, Cond: cond, NullAware: d.nullAware, MarkCol: d.mark, Pos: d.pos}
}

// inlined is for LATERAL over a single row, such as a generator of outer
// columns: what is done to that row can be done to the left rows themselves.
func (d *dependent) inlined() (logical.Node, bool) {
	if d.kind != logical.Inner && d.kind != logical.Cross {
		return nil, false
	}
	cols := d.left.Columns()
	var inline func(n logical.Node) (logical.Node, bool)
	inline = func(n logical.Node) (logical.Node, bool) {
		switch n := n.(type) {
		case *logical.Values:
			return d.left, len(n.Rows) == 1 && len(n.Cols) == 0
		case *logical.Project:
			in, ok := inline(n.Input)
			return &logical.Project{Input: in, Exprs: append(passAll(cols), n.Exprs...)}, ok
		case *logical.Filter:
			in, ok := inline(n.Input)
			return &logical.Filter{Input: in, Pred: n.Pred}, ok
		case *logical.Generate:
			in, ok := inline(n.Input)
			g := *n
			g.Input = in
			return &g, ok
		}
		return nil, false
	}
	n, ok := inline(d.right)
	if !ok {
		return nil, false
	}
	return filter(n, d.cond), true
}

// exactlyOne reports whether a plan certainly has one row.
func exactlyOne(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.Aggregate:
		return len(n.Keys) == 0 && n.Sets == nil
	case *logical.Project:
		return exactlyOne(n.Input)
	case *logical.Sort:
		return exactlyOne(n.Input)
	case *logical.Window:
		return exactlyOne(n.Input)
	case *logical.Values:
		return len(n.Rows) == 1
	case *logical.Join:
		return n.Kind == logical.Cross && n.Cond == nil && exactlyOne(n.Left) && exactlyOne(n.Right)
	}
	return false
}

// atMostOne reports whether a plan certainly has no second row.
func atMostOne(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.Limit:
		return n.Count >= 0 && n.Count <= 1 || atMostOne(n.Input)
	case *logical.Filter:
		return atMostOne(n.Input)
	case *logical.Project:
		return atMostOne(n.Input)
	case *logical.Sort:
		return atMostOne(n.Input)
	case *logical.Values:
		return len(n.Rows) <= 1
	}
	return exactlyOne(n)
}

// wrapped is "p <=> TRUE", which is never NULL.
func wrapped(p expr.Expr) expr.Expr {
	if p == nil || !p.Nullable() {
		return p
	}
	return &expr.Compare{Op: expr.NullSafeEq, Left: p, Right: expr.True}
}

func wrapAll(ps []expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(ps))
	for i, p := range ps {
		out[i] = wrapped(p)
	}
	return out
}

// pulled joins with a right side whose correlated conditions were pulled up;
// nil if this kind of join cannot take them.
func (d *dependent) pulled(q *Query, p *pulled) logical.Node {
	cond := substitute(d.cond, p.out)
	if p.empty != nil {
		return d.pulledScalar(q, p, cond)
	}
	switch d.kind {
	case logical.Semi, logical.Anti, logical.Mark:
		preds := p.preds
		if d.nullAware {
			// A NULL correlation means the row is not in the subquery, which is not what NULL means to IN.
			preds = wrapAll(preds)
		}
		return d.plain(p.plan, expr.Conj(append([]expr.Expr{cond}, preds...)...))
	case logical.Inner, logical.Cross:
		kind := *d
		kind.kind = logical.Inner
		n := kind.plain(p.plan, expr.Conj(append([]expr.Expr{cond}, p.preds...)...))
		return p.computed(q, d, n, nil)
	case logical.Left, logical.Single:
		var matched expr.Expr
		if len(p.out) > 0 {
			matched = p.marker(q)
		}
		n := d.plain(p.plan, expr.Conj(append([]expr.Expr{cond}, p.preds...)...))
		return p.computed(q, d, n, matched)
	}
	return nil
}

// pulledScalar joins with an aggregation without groups, which has one row for
// every left row, also where nothing was aggregated: a left join on what are
// now its keys, with the aggregates' empty values filled in.
func (d *dependent) pulledScalar(q *Query, p *pulled, cond expr.Expr) logical.Node {
	n := logical.Node(&logical.Join{Left: d.left, Right: p.plan, Kind: logical.Left, Cond: expr.Conj(p.preds...)})
	switch d.kind {
	case logical.Single, logical.Left:
		if cond != nil {
			return nil
		}
		return p.computed(q, d, n, nil)
	case logical.Inner, logical.Cross:
		return filter(p.computed(q, d, n, nil), d.cond)
	case logical.Semi:
		return withColumns(filter(n, cond), d.left.Columns())
	case logical.Anti:
		if cond == nil {
			return nil
		}
		if !d.nullAware {
			cond = wrapped(cond)
		}
		return withColumns(filter(n, &expr.Not{Arg: cond}), d.left.Columns())
	case logical.Mark:
		if cond == nil {
			cond = expr.True
		}
		if !d.nullAware {
			cond = wrapped(cond)
		}
		return &logical.Project{Input: n, Exprs: append(passAll(d.left.Columns()), logical.Named{Col: d.mark, Expr: cond})}
	}
	return nil
}

// unnested joins with the right side computed for every distinct combination
// of the outer columns it uses.
func (d *dependent) unnested(q *Query, outer expr.ColSet) logical.Node {
	u := unnester{q: q, left: d.left}
	for _, c := range d.left.Columns() {
		if outer.Has(c.ID) {
			u.outer = append(u.outer, c)
		}
	}
	right, by := u.unnest(d.right)
	if q.err != nil {
		return d.left
	}
	conds := []expr.Expr{d.cond}
	for _, c := range u.outer {
		conds = append(conds, &expr.Compare{Op: expr.NullSafeEq, Left: c, Right: by[c.ID]})
	}
	kind := *d
	if kind.kind == logical.Cross {
		kind.kind = logical.Inner
	}
	if kind.kind == logical.Single && exactlyOne(d.right) {
		kind.kind = logical.Left
	}
	return kind.plain(right, expr.Conj(conds...))
}
