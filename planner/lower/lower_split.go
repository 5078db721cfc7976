package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// splitPartial lowers the part of a split aggregation that makes states. It groups
// the rows of each task: the final part brings groups together.
func (l *lowerer) splitPartial(n *logical.Aggregate, need expr.ColSet) (*plan, error) {
	var used expr.ColSet
	for _, k := range n.Keys {
		used.UsedColumns(k.Expr)
	}
	var aggs []logical.Named
	var states []*expr.Column
	for i, a := range n.Aggs {
		if expr.ColumnIDs(n.States[i]).Intersects(need) {
			aggs, states = append(aggs, a), append(states, n.States[i]...)
			used.UsedColumns(a.Expr)
		}
	}
	in, err := l.lower(n.Input, used)
	if err != nil {
		return nil, err
	}
	node, cols, err := l.oneStep(in, n.Keys, aggs)
	if err != nil {
		return nil, err
	}
	if err := l.makePartial(node); err != nil {
		return nil, err
	}
	return &plan{node: node, cols: append(cols[:len(n.Keys):len(n.Keys)], states...), dist: in.dist.renamed(passed(n.Keys))}, nil
}

// splitFinal lowers the part of a split aggregation that takes states: keys first,
// states behind them, then what FILTERs look at.
func (l *lowerer) splitFinal(n *logical.Aggregate, need expr.ColSet) (*plan, error) {
	var used, tested expr.ColSet
	for _, k := range n.Keys {
		used.UsedColumns(k.Expr)
	}
	node := &physical.HashAggregate{Mode: physical.Final}
	var aggs []logical.Named
	var states []*expr.Column
	for i, a := range n.Aggs {
		if !need.Has(a.Col.ID) {
			continue
		}
		aggs, states = append(aggs, a), append(states, n.States[i]...)
		tested.UsedColumns(a.Expr)
		node.States = append(node.States, len(n.States[i]))
		for _, c := range n.States[i] {
			node.StateTypes = append(node.StateTypes, c.T)
		}
	}
	used.AddAll(tested)
	used.AddAll(expr.ColumnIDs(states))
	in, err := l.lower(n.Input, used)
	if err != nil {
		return nil, err
	}
	in, keys, err := l.arrange(n, in, states, tested)
	if err != nil {
		return nil, err
	}
	ids := make([]expr.ColID, len(keys))
	var cols []*expr.Column
	for i, k := range keys {
		node.Keys, node.KeyNames = append(node.Keys, in.ref(i)), append(node.KeyNames, k.Col.Name)
		ids[i] = max(in.cols[i].ID, 0)
		cols = append(cols, column(k.Col, node.Keys[i]))
	}
	for _, a := range aggs {
		e, err := in.refs(a.Expr)
		if err != nil {
			return nil, err
		}
		node.Aggs, node.AggNames = append(node.Aggs, e.(*expr.Agg)), append(node.AggNames, a.Col.Name)
		cols = append(cols, column(a.Col, e))
	}
	switch {
	case len(keys) == 0:
		in = l.gather(in, nil)
	case in.dist.kind != single && !in.dist.coversKeys(ids):
		in = l.hash(in, node.Keys, ids)
	}
	node.Info, node.Input = l.info(), in.node
	by := map[expr.ColID][]expr.ColID{}
	for i, k := range keys {
		by[ids[i]] = append(by[ids[i]], k.Col.ID)
	}
	return &plan{node: node, cols: cols, dist: in.dist.renamed(by)}, nil
}

// arrange puts the columns of in into the order a Final aggregation wants, once
// for every grouping set if there are any, and returns the keys to group by.
func (l *lowerer) arrange(n *logical.Aggregate, in *plan, states []*expr.Column, tested expr.ColSet) (*plan, []logical.Named, error) {
	var keys, carried []expr.Expr
	var cols []*expr.Column
	for _, k := range n.Keys {
		e, err := in.refs(k.Expr)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, e)
	}
	carry := func(c *expr.Column) error {
		i := in.find(c.ID)
		if i < 0 {
			return missing(c)
		}
		carried, cols = append(carried, in.ref(i)), append(cols, in.cols[i])
		return nil
	}
	for _, c := range states {
		if err := carry(c); err != nil {
			return nil, nil, err
		}
	}
	for _, c := range in.cols {
		if tested.Has(c.ID) {
			if err := carry(c); err != nil {
				return nil, nil, err
			}
		}
	}
	if n.Sets != nil {
		g := newGrouping(n)
		return l.repeat(g, in, keys, carried, cols), g.inner, nil
	}
	node := &physical.Project{Info: l.info(), Input: in.node, Exprs: append(keys, carried...)}
	node.Info.Est = in.node.Meta().Est
	out := &plan{node: node}
	by := map[expr.ColID][]expr.ColID{}
	for i, k := range n.Keys {
		c := column(k.Col, keys[i])
		// A key may pass through a column that a FILTER looks at too.
		out.cols = append(out.cols, c)
		if from, ok := k.Expr.(*expr.Column); ok {
			by[from.ID] = append(by[from.ID], c.ID)
		}
	}
	out.dist = in.dist.renamed(by)
	out.cols = append(out.cols, cols...)
	for _, c := range out.cols {
		node.Names = append(node.Names, c.Name)
	}
	return out, n.Keys, nil
}
