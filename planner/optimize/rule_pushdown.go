package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// PushPredicates moves conditions as close to the tables as they can go,
// derives further ones from join equalities and from the branches of ORs, and
// turns outer joins whose fill cannot survive a condition into inner ones.
var PushPredicates = OnPlan("PushPredicates", func(q *Query, root logical.Node) logical.Node {
	p := pusher{q: q, outputs: map[logical.Node]expr.ColSet{}}
	return p.push(root, nil)
})

// pusher carries conditions down a plan.
type pusher struct {
	q       *Query
	outputs map[logical.Node]expr.ColSet
}

// output is the set of columns of n, remembered, since deep joins ask for it at every level.
func (p *pusher) output(n logical.Node) expr.ColSet {
	if s, ok := p.outputs[n]; ok {
		return s
	}
	var s expr.ColSet
	switch n := n.(type) {
	case *logical.Join:
		s = p.output(n.Left).Clone()
		switch n.Kind {
		case logical.Semi, logical.Anti:
		case logical.Mark:
			s.Add(n.MarkCol.ID)
		default:
			s.AddAll(p.output(n.Right))
		}
	case *logical.Filter:
		s = p.output(n.Input)
	default:
		s = output(n)
	}
	p.outputs[n] = s
	return s
}

// push returns n with the conditions preds (over its columns) applied.
func (p *pusher) push(n logical.Node, preds []expr.Expr) logical.Node {
	for _, c := range preds {
		if lit, ok := c.(*expr.Literal); ok && lit.Value != true {
			p.q.fired("EmptyRelation")
			return &logical.Values{Cols: n.Columns()}
		}
	}
	switch n := n.(type) {
	case *logical.Filter:
		all := append(append([]expr.Expr(nil), preds...), expr.Conjuncts(n.Pred)...)
		move, stay := p.q.splitVolatile(all)
		return filter(p.push(n.Input, move), stay...)
	case *logical.Project:
		return p.project(n, preds)
	case *logical.Aggregate:
		return p.aggregate(n, preds)
	case *logical.Window:
		return p.window(n, preds)
	case *logical.Join:
		return p.join(n, preds)
	case *logical.SetOp:
		return p.setOp(n, preds)
	case *logical.Repartition:
		r := *n
		r.Input = p.push(n.Input, preds)
		if r.Input == n.Input {
			return n
		}
		return &r
	case *logical.Barrier:
		return p.barrier(n, preds)
	case *logical.Sort:
		in := p.push(n.Input, preds)
		if in == n.Input {
			return n
		}
		return &logical.Sort{Input: in, Keys: n.Keys}
	case *logical.Generate:
		below, above := split(preds, p.output(n.Input))
		g := *n
		g.Input = p.push(n.Input, below)
		if g.Input == n.Input {
			return filter(n, above...)
		}
		return filter(&g, above...)
	case *logical.Scan:
		if len(preds) == 0 {
			return n
		}
		s := *n
		s.Filters = addNew(n.Filters, preds)
		return &s
	}
	n = tree.MapChildren(n, func(c logical.Node) logical.Node { return p.push(c, nil) })
	return filter(n, preds...)
}

// addNew appends the conditions that are not among those there.
func addNew(have, preds []expr.Expr) []expr.Expr {
	out := have[:len(have):len(have)]
	seen := setOf(have)
	for _, c := range preds {
		if seen.add(c) {
			out = append(out, c)
		}
	}
	return out
}

// splitVolatile divides conditions into those that may move and those that must be evaluated where they are.
func (q *Query) splitVolatile(preds []expr.Expr) (move, stay []expr.Expr) {
	for _, c := range preds {
		if q.volatile(c) {
			stay = append(stay, c)
		} else {
			move = append(move, c)
		}
	}
	return move, stay
}

// split divides conditions by whether cols are all they use. Those without columns stay above.
func split(preds []expr.Expr, cols expr.ColSet) (inside, outside []expr.Expr) {
	for _, c := range preds {
		if used := expr.Used(c); !used.Empty() && used.SubsetOf(cols) {
			inside = append(inside, c)
		} else {
			outside = append(outside, c)
		}
	}
	return inside, outside
}

func (p *pusher) project(n *logical.Project, preds []expr.Expr) logical.Node {
	by := map[expr.ColID]expr.Expr{}
	var movable expr.ColSet
	for _, x := range n.Exprs {
		if !p.q.volatile(x.Expr) {
			by[x.Col.ID] = x.Expr
			movable.Add(x.Col.ID)
		}
	}
	below, above := split(preds, movable)
	for i, c := range below {
		below[i] = substitute(c, by)
	}
	in := p.push(n.Input, below)
	if in == n.Input {
		return filter(n, above...)
	}
	return filter(&logical.Project{Input: in, Exprs: n.Exprs}, above...)
}

// aggregate passes conditions on keys that every grouping set has.
func (p *pusher) aggregate(n *logical.Aggregate, preds []expr.Expr) logical.Node {
	by := map[expr.ColID]expr.Expr{}
	var keys expr.ColSet
	for i, k := range n.Keys {
		everywhere := !p.q.volatile(k.Expr)
		for _, s := range n.Sets {
			has := false
			for _, j := range s {
				has = has || i == j
			}
			everywhere = everywhere && has
		}
		if everywhere {
			by[k.Col.ID] = k.Expr
			keys.Add(k.Col.ID)
		}
	}
	below, above := split(preds, keys)
	for i, c := range below {
		below[i] = substitute(c, by)
	}
	a := *n
	a.Input = p.push(n.Input, below)
	if a.Input == n.Input {
		return filter(n, above...)
	}
	return filter(&a, above...)
}

// window passes conditions that take or leave whole partitions.
func (p *pusher) window(n *logical.Window, preds []expr.Expr) logical.Node {
	var cols expr.ColSet
	for i, x := range n.Calls {
		var part expr.ColSet
		for _, e := range x.Expr.(*expr.WindowCall).Partition {
			if c, ok := e.(*expr.Column); ok {
				part.Add(c.ID)
			}
		}
		if i == 0 {
			cols = part
		} else {
			cols = cols.Minus(cols.Minus(part))
		}
	}
	below, above := split(preds, cols)
	in := p.push(n.Input, below)
	if in == n.Input {
		return filter(n, above...)
	}
	return filter(&logical.Window{Input: in, Calls: n.Calls}, above...)
}

// barrier passes conditions that cannot fail, on columns that nothing computes.
func (p *pusher) barrier(n *logical.Barrier, preds []expr.Expr) logical.Node {
	plain := p.output(n.Input)
	if proj, ok := n.Input.(*logical.Project); ok {
		plain = expr.ColSet{}
		for _, x := range proj.Exprs {
			if _, ok := x.Expr.(*expr.Column); ok {
				plain.Add(x.Col.ID)
			}
		}
	}
	below, above := split(preds, plain)
	var move []expr.Expr
	for _, c := range below {
		if safe(c) {
			move = append(move, c)
		} else {
			above = append(above, c)
		}
	}
	in := p.push(n.Input, move)
	if in == n.Input {
		return filter(n, above...)
	}
	return filter(&logical.Barrier{Input: in, Sealed: n.Sealed}, above...)
}

func (p *pusher) setOp(n *logical.SetOp, preds []expr.Expr) logical.Node {
	if n.Kind != logical.Union {
		return filter(tree.MapChildren(logical.Node(n), func(c logical.Node) logical.Node { return p.push(c, nil) }), preds...)
	}
	inside, above := split(preds, expr.ColumnIDs(n.Cols))
	s := *n
	s.Inputs = make([]logical.Node, len(n.Inputs))
	changed := false
	for i, in := range n.Inputs {
		by := map[expr.ColID]expr.Expr{}
		for j, c := range in.Columns() {
			by[n.Cols[j].ID] = c
		}
		own := make([]expr.Expr, len(inside))
		for j, c := range inside {
			own[j] = simplify(p.q, substitute(c, by))
		}
		cols := in.Columns()
		s.Inputs[i] = p.push(in, own)
		changed = changed || s.Inputs[i] != in
		if s.Inputs[i] != in {
			s.Inputs[i] = withColumns(s.Inputs[i], cols)
		}
	}
	if !changed {
		return filter(n, above...)
	}
	return filter(&s, above...)
}

// simplify applies the simplifying rules to one expression.
func simplify(q *Query, e expr.Expr) expr.Expr { return rewriteExpr(q, e, simplifyRules) }
