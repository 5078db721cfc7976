package lower

import (
	"github.com/volley-sql/volley/planner/estimate"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// group aggregates in: in one step where rows of a group are together, else in
// two with an exchange of states between them. DISTINCT aggregates need all
// rows of a group, unless the rows can be made distinct first; those that depend
// on order need them always. There rows move instead. rel and byKeys are what is
// estimated of the input and the number of groups.
func (l *lowerer) group(in *plan, keys, aggs []logical.Named, rel *estimate.Relation, byKeys []expr.Expr) (*plan, error) {
	exprs := keyExprs(keys)
	if !l.grouped(in, exprs) {
		if l.splits(aggs) {
			return l.twoSteps(in, keys, aggs, nil)
		}
		if d := l.distinct(in, keys, aggs); d != nil && d.worth(rel, byKeys) {
			return d.lower()
		}
	}
	in, err := l.together(in, exprs)
	if err != nil {
		return nil, err
	}
	return l.complete(in, keys, aggs)
}

// grouped reports whether rows that agree in the keys are in one task.
func (l *lowerer) grouped(in *plan, keys []expr.Expr) bool {
	return in.dist.kind == single || len(keys) > 0 && in.dist.coversKeys(columnIDs(keys))
}

// complete aggregates rows whose groups are together.
func (l *lowerer) complete(in *plan, keys, aggs []logical.Named) (*plan, error) {
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
	h, err := l.partial(in, keys, aggs)
	if err != nil {
		return nil, err
	}
	if g != nil {
		h.plan = l.repeatStates(g, h.plan, len(keys))
		h.keys = g.inner
	}
	h.exchange(len(h.keys))
	return h.final(), nil
}

// half is an aggregation of which the Partial step is done.
type half struct {
	l    *lowerer
	plan *plan // keys, then states
	part *physical.HashAggregate
	keys []logical.Named
	aggs []*expr.Column // of the results
}

// partial is the first step, whose output goes to a Final one.
func (l *lowerer) partial(in *plan, keys, aggs []logical.Named) (*half, error) {
	part, cols, err := l.oneStep(in, keys, aggs)
	if err != nil {
		return nil, err
	}
	if err := l.makePartial(part); err != nil {
		return nil, err
	}
	part.Info.Est = in.node.Meta().Est
	p := &plan{node: part, cols: append([]*expr.Column(nil), cols[:len(keys)]...), dist: in.dist}
	for i, t := range part.StateTypes {
		p.cols = append(p.cols, &expr.Column{ID: hiddenColumn - expr.ColID(20_000+i), Name: "state", T: t, Null: true})
	}
	return &half{l: l, plan: p, part: part, keys: keys, aggs: cols[len(keys):]}, nil
}

// exchange brings groups together that agree in the first n keys.
func (h *half) exchange(n int) {
	if n == 0 {
		h.plan = h.l.gather(h.plan, nil)
		return
	}
	if h.plan.dist.kind == single {
		return
	}
	refs, ids := make([]expr.Expr, n), make([]expr.ColID, n)
	for i := range n {
		refs[i], ids[i] = h.plan.ref(i), max(h.keys[i].Col.ID, 0)
	}
	h.plan = h.l.hash(h.plan, refs, ids)
}

// final is the second step.
func (h *half) final() *plan {
	node := &physical.HashAggregate{
		Info: h.l.info(), Mode: physical.Final, Input: h.plan.node, Aggs: unfiltered(h.part.Aggs), AggNames: h.part.AggNames,
		StateTypes: h.part.StateTypes, States: h.part.States,
	}
	out := &plan{node: node, dist: h.plan.dist}
	for i, k := range h.keys {
		node.Keys = append(node.Keys, h.plan.ref(i))
		node.KeyNames = append(node.KeyNames, k.Col.Name)
		out.cols = append(out.cols, column(k.Col, node.Keys[i]))
	}
	out.cols = append(out.cols, h.aggs...)
	return out
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

// makePartial makes an aggregation one that puts out states.
func (l *lowerer) makePartial(n *physical.HashAggregate) error {
	n.Mode = physical.Partial
	for _, a := range n.Aggs {
		acc, err := l.opts.Functions.Accumulator(a)
		if err != nil {
			return err
		}
		states := acc.StateTypes()
		n.StateTypes = append(n.StateTypes, states...)
		n.States = append(n.States, len(states))
	}
	return nil
}

// unfiltered are aggregates whose FILTERs were applied when their states were made.
func unfiltered(aggs []*expr.Agg) []*expr.Agg {
	out := make([]*expr.Agg, len(aggs))
	for i, a := range aggs {
		c := *a
		c.Filter = nil
		out[i] = &c
	}
	return out
}
