package lower

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// group aggregates in: in one step where rows of a group are together, else in
// two with an exchange of states between them. DISTINCT aggregates and those
// that depend on order need all rows of a group, so for them rows move instead.
func (l *lowerer) group(in *plan, keys, aggs []logical.Named) (*plan, error) {
	exprs := keyExprs(keys)
	together := in.dist.kind == single || len(keys) > 0 && in.dist.coversKeys(columnIDs(exprs))
	if !together && l.splits(aggs) {
		return l.twoSteps(in, keys, aggs, nil)
	}
	in, err := l.together(in, exprs)
	if err != nil {
		return nil, err
	}
	node, cols, err := l.oneStep(in, keys, aggs)
	if err != nil {
		return nil, err
	}
	return &plan{node: node, cols: cols, dist: in.dist.renamed(passed(keys))}, nil
}

// oneStep is the aggregation of the rows of in within each task.
func (l *lowerer) oneStep(in *plan, keys, aggs []logical.Named) (*physical.HashAggregate, []*expr.Column, error) {
	node := &physical.HashAggregate{Info: l.info(), Input: in.node}
	var cols []*expr.Column
	for _, k := range keys {
		e, err := in.refs(k.Expr)
		if err != nil {
			return nil, nil, err
		}
		node.Keys = append(node.Keys, e)
		node.KeyNames = append(node.KeyNames, k.Col.Name)
		cols = append(cols, column(k.Col, e))
	}
	for _, a := range aggs {
		e, err := in.refs(a.Expr)
		if err != nil {
			return nil, nil, err
		}
		node.Aggs = append(node.Aggs, e.(*expr.Agg))
		node.AggNames = append(node.AggNames, a.Col.Name)
		cols = append(cols, column(a.Col, e))
	}
	return node, cols, nil
}

// splits reports whether every aggregate can be computed from states of parts of its rows.
func (l *lowerer) splits(aggs []logical.Named) bool {
	for _, a := range aggs {
		e := a.Expr.(*expr.Agg)
		if e.Distinct || len(e.Order) > 0 || l.opts.Functions == nil {
			return false
		}
	}
	return true
}

// twoSteps is a Partial aggregation, an exchange of its states by the keys, and
// a Final one. With grouping sets the states are repeated between the two.
func (l *lowerer) twoSteps(in *plan, keys, aggs []logical.Named, g *grouping) (*plan, error) {
	part, cols, err := l.oneStep(in, keys, aggs)
	if err != nil {
		return nil, err
	}
	part.Mode = physical.Partial
	for _, a := range part.Aggs {
		states, err := l.stateTypes(a)
		if err != nil {
			return nil, err
		}
		part.StateTypes = append(part.StateTypes, states...)
		part.States = append(part.States, len(states))
	}
	part.Info.Est = in.node.Meta().Est
	p := &plan{node: part, cols: append([]*expr.Column(nil), cols[:len(keys)]...), dist: in.dist}
	for i, t := range part.StateTypes {
		p.cols = append(p.cols, &expr.Column{ID: hiddenColumn - expr.ColID(20_000+i), Name: "state", T: t, Null: true})
	}
	if g != nil {
		p = l.repeatStates(g, p, len(keys))
		keys = g.inner
	}
	final := &physical.HashAggregate{
		Info: l.info(), Mode: physical.Final, Aggs: part.Aggs, AggNames: part.AggNames,
		StateTypes: part.StateTypes, States: part.States,
	}
	ids := make([]expr.ColID, len(keys))
	var out []*expr.Column
	for i, k := range keys {
		final.Keys = append(final.Keys, p.ref(i))
		final.KeyNames = append(final.KeyNames, k.Col.Name)
		ids[i] = max(k.Col.ID, 0)
		out = append(out, column(k.Col, final.Keys[i]))
	}
	switch {
	case len(keys) == 0:
		p = l.gather(p, nil)
	case p.dist.kind != single:
		p = l.hash(p, final.Keys, ids)
	}
	final.Input = p.node
	return &plan{node: final, cols: append(out, cols[len(part.Keys):]...), dist: p.dist}, nil
}

// repeatStates repeats groups, of which the first columns are the keys.
func (l *lowerer) repeatStates(g *grouping, p *plan, keys int) *plan {
	var ks, states []expr.Expr
	for i := range p.cols {
		if i < keys {
			ks = append(ks, p.ref(i))
		} else {
			states = append(states, p.ref(i))
		}
	}
	return l.repeat(g, p, ks, states, p.cols[keys:])
}

// stateTypes are the columns that carry the state of an aggregate.
func (l *lowerer) stateTypes(a *expr.Agg) ([]types.Type, error) {
	d := l.opts.Functions.Lookup(a.Func)
	if d == nil || d.Resolve == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "aggregate function %s is not known", a.Func)
	}
	o, err := d.Resolve(&function.Call{Name: a.Func, Args: a.Args, ANSI: true, Setting: func(string) string { return "" }})
	if err != nil {
		return nil, err
	}
	if o.Accumulator == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "function %s has no accumulator", a.Func)
	}
	acc, err := o.Accumulator(a)
	if err != nil {
		return nil, err
	}
	return acc.StateTypes(), nil
}
