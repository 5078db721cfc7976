package optimize

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

func (p *pusher) join(n *logical.Join, preds []expr.Expr) logical.Node {
	switch n.Kind {
	case logical.Inner, logical.Cross:
		return p.inner(n, preds)
	case logical.Left, logical.Full, logical.Single:
		return p.outer(n, preds)
	case logical.Right:
		// One form less for everyone after: a right join is a left join of swapped sides.
		cols := n.Columns()
		j := *n
		j.Left, j.Right, j.Kind, j.HintLeft = n.Right, n.Left, logical.Left, !n.HintLeft
		return withColumns(p.outer(&j, preds), cols)
	}
	return p.semi(n, preds)
}

// inner flattens a tree of inner joins, so that conditions and what follows
// from them reach every relation, and builds it again in the same order with
// each condition at the first join that has its columns.
func (p *pusher) inner(n *logical.Join, preds []expr.Expr) logical.Node {
	rels, conds, hints := p.flatten(n, preds)
	conds, volatile := p.q.splitVolatile(dedupe(conds))
	conds = p.derive(conds, rels)
	for _, c := range conds {
		if lit, ok := c.(*expr.Literal); ok && lit.Value != true {
			p.q.fired("EmptyRelation")
			return &logical.Values{Cols: n.Columns()}
		}
	}
	var out logical.Node
	var have expr.ColSet
	for i, r := range rels {
		own, rest := split(conds, p.output(r))
		conds = rest
		cols := p.output(r)
		r = p.push(r, own)
		if i == 0 {
			out, have = r, cols.Clone()
			continue
		}
		have.AddAll(cols)
		now, later := split(conds, have)
		if i == len(rels)-1 { // those without columns, too
			now, later = conds, nil
		}
		conds = later
		j := &logical.Join{Left: out, Right: r, Kind: logical.Inner, Cond: expr.Conj(now...)}
		if h := hints[i]; h != nil {
			j.Hint, j.HintLeft = h.Hint, h.HintLeft
		}
		if j.Cond == nil {
			j.Kind = logical.Cross
		}
		out = j
	}
	return filter(out, volatile...)
}

// flatten lists the relations of a tree of inner joins, all conditions on them,
// and the joins with hints by the place of their right side. An outer join among them whose
// fill some condition rejects, be it one of joining another relation, is narrowed, and flattened too if it becomes inner.
func (p *pusher) flatten(n *logical.Join, preds []expr.Expr) (rels []logical.Node, conds []expr.Expr, hints map[int]*logical.Join) {
	narrowed := map[*logical.Join]*logical.Join{}
	var walk func(n logical.Node)
	walk = func(n logical.Node) {
		j, ok := n.(*logical.Join)
		for ok && narrowed[j] != nil {
			j = narrowed[j]
			n = j
		}
		if ok && (j.Kind == logical.Inner || j.Kind == logical.Cross) {
			walk(j.Left)
			if j.Hint != "" {
				hints[len(rels)] = j
			}
			walk(j.Right)
			conds = append(conds, expr.Conjuncts(j.Cond)...)
			return
		}
		if f, ok := n.(*logical.Filter); ok {
			if move, stay := p.q.splitVolatile(expr.Conjuncts(f.Pred)); len(stay) == 0 {
				conds = append(conds, move...)
				walk(f.Input)
				return
			}
		}
		rels = append(rels, n)
	}
	for {
		rels, conds, hints = nil, append([]expr.Expr(nil), preds...), map[int]*logical.Join{}
		walk(n)
		known := len(narrowed)
		sure, _ := p.q.splitVolatile(conds)
		for _, r := range rels {
			j, ok := r.(*logical.Join)
			if !ok || j.Kind != logical.Left && j.Kind != logical.Full {
				continue
			}
			if kind := p.narrower(j.Kind, sure, p.output(j.Left), p.output(j.Right)); kind != j.Kind {
				p.q.fired("OuterToInner")
				c := *j
				c.Kind = kind
				narrowed[j] = &c
			}
		}
		if len(narrowed) == known {
			return rels, conds, hints
		}
	}
}

func dedupe(es []expr.Expr) []expr.Expr {
	if len(es) > 1000 { // quadratic; nobody repeats themselves in so long a list
		return es
	}
	return addNew(nil, es)
}

// outer is for joins that keep all left rows.
func (p *pusher) outer(n *logical.Join, preds []expr.Expr) logical.Node {
	left, right := p.output(n.Left), p.output(n.Right)
	preds, volatile := p.q.splitVolatile(preds)
	if len(volatile) > 0 {
		return filter(p.outer(n, preds), volatile...)
	}
	if kind := p.narrower(n.Kind, preds, left, right); kind != n.Kind {
		p.q.fired("OuterToInner")
		j := *n
		j.Kind = kind
		return p.join(&j, preds)
	}
	j := *n
	if n.Kind == logical.Full {
		j.Left, j.Right = p.push(n.Left, nil), p.push(n.Right, nil)
		return filter(&j, preds...)
	}
	leftPreds, above := split(preds, left)
	rightConds, conds := splitMovable(p.q, expr.Conjuncts(n.Cond), right)
	rightConds = append(rightConds, p.across(conds, leftPreds, left, right)...)
	j.Left, j.Right, j.Cond = p.push(n.Left, leftPreds), p.push(n.Right, rightConds), expr.Conj(conds...)
	return filter(&j, above...)
}

// narrower is the kind a Left or Full join may become, given conditions above it.
func (p *pusher) narrower(k logical.JoinKind, preds []expr.Expr, left, right expr.ColSet) logical.JoinKind {
	noLeft, noRight := false, false // rows with NULLs for that side do not survive
	for _, c := range preds {
		noLeft = noLeft || p.q.rejects(c, left)
		noRight = noRight || p.q.rejects(c, right)
	}
	switch {
	case k == logical.Left && noRight, k == logical.Full && noLeft && noRight:
		return logical.Inner
	case k == logical.Full && noLeft:
		return logical.Left
	case k == logical.Full && noRight:
		return logical.Right
	}
	return k
}

func splitMovable(q *Query, conds []expr.Expr, cols expr.ColSet) (inside, outside []expr.Expr) {
	move, stay := q.splitVolatile(conds)
	inside, outside = split(move, cols)
	return inside, append(outside, stay...)
}

// semi is for Semi, Anti and Mark joins.
func (p *pusher) semi(n *logical.Join, preds []expr.Expr) logical.Node {
	left, right := p.output(n.Left), p.output(n.Right)
	leftPreds, above := split(preds, left)
	var rightConds, conds []expr.Expr
	for _, c := range expr.Conjuncts(n.Cond) {
		used := expr.Used(c)
		switch {
		case p.q.volatile(c) || used.Empty():
			conds = append(conds, c)
		case used.SubsetOf(right) && (!n.NullAware || !c.Nullable()):
			rightConds = append(rightConds, c)
		case used.SubsetOf(left) && n.Kind == logical.Semi:
			leftPreds = append(leftPreds, c)
		default:
			conds = append(conds, c)
		}
	}
	if !n.NullAware {
		fromLeft := p.across(conds, leftPreds, left, right)
		if n.Kind == logical.Semi {
			leftPreds = addNew(leftPreds, p.across(conds, rightConds, right, left))
		}
		rightConds = addNew(rightConds, fromLeft)
	}
	j := *n
	j.Left, j.Right, j.Cond = p.push(n.Left, leftPreds), p.push(n.Right, rightConds), expr.Conj(conds...)
	return filter(&j, above...)
}
