package optimize

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// derive adds what follows from the conditions of an inner join: conditions
// on one column hold for the columns equal to it, and an OR whose branches all
// say something about one relation implies the OR of those parts.
func (p *pusher) derive(conds []expr.Expr, rels []logical.Node) []expr.Expr {
	n := len(conds)
	seen := setOf(conds)
	for _, c := range conds[:n:n] {
		or, ok := c.(*expr.Or)
		if !ok {
			continue
		}
		for _, r := range rels {
			if d := p.branchPart(or, p.output(r)); d != nil && seen.add(d) {
				p.q.fired("DeriveFromOr")
				conds = append(conds, d)
			}
		}
	}
	eq := equalColumns(conds)
	if len(eq.parent) == 0 {
		return conds
	}
	for _, c := range conds[:len(conds):len(conds)] {
		col := onlyColumn(c)
		if col == nil || len(conds) > 5000 {
			continue
		}
		for _, other := range eq.others(col) {
			d := substitute(c, map[expr.ColID]expr.Expr{col.ID: other})
			if seen.add(d) {
				p.q.fired("DeriveFromEquality")
				conds = append(conds, d)
			}
		}
	}
	return conds
}

// branchPart is the OR of what each branch says about cols alone, nil if a
// branch says nothing or the whole is about cols anyway.
func (p *pusher) branchPart(or *expr.Or, cols expr.ColSet) expr.Expr {
	used := expr.Used(or)
	if used.SubsetOf(cols) || !used.Intersects(cols) {
		return nil
	}
	var parts []expr.Expr
	for _, b := range or.Args {
		own, _ := split(expr.Conjuncts(b), cols)
		if len(own) == 0 {
			return nil
		}
		parts = append(parts, expr.Conj(own...))
	}
	return simplify(p.q, &expr.Or{Args: parts})
}

// onlyColumn is the one column a condition is about, if there is just one.
func onlyColumn(e expr.Expr) *expr.Column {
	if expr.Used(e).Len() != 1 {
		return nil
	}
	var col *expr.Column
	walkColumns(e, func(c *expr.Column) { col = c })
	if col == nil || col.T.Kind.IsFloat() || col.T.Kind.IsNested() {
		return nil // equal floats may still differ: 0.0 and -0.0
	}
	return col
}

// across derives conditions for columns of to from those on columns of from,
// through equalities of an outer or semi join's condition.
func (p *pusher) across(conds, preds []expr.Expr, from, to expr.ColSet) []expr.Expr {
	eq := equalColumns(conds)
	var out []expr.Expr
	for _, c := range preds {
		col := onlyColumn(c)
		if col == nil || !from.Has(col.ID) {
			continue
		}
		for _, other := range eq.others(col) {
			if to.Has(other.ID) {
				p.q.fired("DeriveFromEquality")
				out = append(out, substitute(c, map[expr.ColID]expr.Expr{col.ID: other}))
			}
		}
	}
	return out
}

// classes are sets of columns that are equal (and not NULL) in every row.
type classes struct {
	parent map[expr.ColID]expr.ColID
	cols   map[expr.ColID]*expr.Column
	order  []expr.ColID
}

// equalColumns reads the equalities between columns of one type.
func equalColumns(conds []expr.Expr) *classes {
	c := &classes{parent: map[expr.ColID]expr.ColID{}, cols: map[expr.ColID]*expr.Column{}}
	for _, e := range conds {
		cmp, ok := e.(*expr.Compare)
		if !ok || cmp.Op != expr.Eq {
			continue
		}
		l, ok1 := cmp.Left.(*expr.Column)
		r, ok2 := cmp.Right.(*expr.Column)
		if ok1 && ok2 && l.T.Equal(r.T) && l.ID != r.ID {
			c.add(l)
			c.add(r)
			c.parent[c.root(l.ID)] = c.root(r.ID)
		}
	}
	return c
}

func (c *classes) add(col *expr.Column) {
	if _, ok := c.parent[col.ID]; !ok {
		c.parent[col.ID] = col.ID
		c.cols[col.ID] = col
		c.order = append(c.order, col.ID)
	}
}

func (c *classes) root(id expr.ColID) expr.ColID {
	for c.parent[id] != id {
		c.parent[id] = c.parent[c.parent[id]]
		id = c.parent[id]
	}
	return id
}

// others are the columns equal to col, in order of appearance.
func (c *classes) others(col *expr.Column) []*expr.Column {
	if _, ok := c.parent[col.ID]; !ok {
		return nil
	}
	var out []*expr.Column
	for _, id := range c.order {
		if id != col.ID && c.root(id) == c.root(col.ID) {
			out = append(out, c.cols[id])
		}
	}
	return out
}
