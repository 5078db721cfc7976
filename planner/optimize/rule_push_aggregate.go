package optimize

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// PushAggregate groups rows before they are joined, where that leaves far
// fewer to join and to group by what the joins bring:
//
//	Aggregate i_brand: sum(x)            Aggregate Final i_brand: sum of states
//	  Join item_sk                         Join item_sk
//	    sales (item_sk, x)        ──►        Aggregate Partial item_sk: states of sum(x)
//	    item                                   sales
//	                                         item
//
// Rows that agree in all columns that the plan above reads take the same way
// through it, so their states may take it as one. A FILTER (or CASE) about
// other tables stays with the Final part.
var PushAggregate = On("PushAggregate", func(q *Query, n *logical.Aggregate) logical.Node {
	if n.Mode != logical.Complete || len(n.Keys) == 0 || q.opts.Functions == nil {
		return nil
	}
	e := &eager{q: q, node: n}
	if !e.prepare() {
		return nil
	}
	var need expr.ColSet
	for _, k := range n.Keys {
		need.UsedColumns(k.Expr)
	}
	e.top = q.est.Rows(n.Input)
	e.plain = e.top * groupCost(q.est.Groups(n.Input, keysOf(n)), keysOf(n))
	top := spot{calls: e.calls, need: need, wrap: func(m logical.Node, _ []*expr.Column) logical.Node { return m }}
	e.descend(n.Input, top)
	if e.best == nil {
		return nil
	}
	return e.split()
})

// eager looks for the place where grouping early costs least.
type eager struct {
	q     *Query
	node  *logical.Aggregate
	calls []*expr.Agg // CASE made FILTER, over the columns of the input
	accs  []function.Accumulator
	top   float64 // rows that are grouped now
	plain float64 // and what that costs

	best     *spot
	bestCost float64
}

// spot is a place below joins.
type spot struct {
	side  logical.Node
	calls []*expr.Agg // over the columns of side, FILTERs included as far as they can be
	need  expr.ColSet // columns that the plan above reads, calls aside
	// wrap makes the plan above it again on a new input with further columns.
	wrap   func(n logical.Node, states []*expr.Column) logical.Node
	joined float64 // rows that come out of the joins above
}

// Costs in nanoseconds a row, about; only their ratios matter.
const (
	costRow    = 5  // to group
	costWord   = 3  // a key of a few bytes
	costText   = 22 // a string
	costJoin   = 9  // to pass a join
	farGroups  = 50_000
	costFar    = 2.5    // factor where groups are not in the cache
	eagerRows  = 20_000 // fewer are not worth it
	eagerGain  = 0.75   // what must be left of the cost
	eagerShare = 0.5    // most groups a row
)

func keysOf(n *logical.Aggregate) []expr.Expr {
	out := make([]expr.Expr, len(n.Keys))
	for i, k := range n.Keys {
		out[i] = k.Expr
	}
	return out
}

func groupCost(groups float64, keys []expr.Expr) float64 {
	c := float64(costRow)
	for _, k := range keys {
		if k.Type().Storage() == types.StoreString {
			c += costText
		} else {
			c += costWord
		}
	}
	if groups > farGroups {
		c *= costFar
	}
	return c
}

// prepare reports whether the calls can be computed from states.
func (e *eager) prepare() bool {
	for _, a := range e.node.Aggs {
		call := filtered(a.Expr.(*expr.Agg))
		if call.Distinct || len(call.Order) > 0 || e.q.volatile(call.Filter) {
			return false
		}
		acc, err := e.q.opts.Functions.Accumulator(call)
		if err != nil || !exact(call, acc) {
			return false
		}
		e.calls, e.accs = append(e.calls, call), append(e.accs, acc)
	}
	return true
}

// filtered makes agg(CASE WHEN p THEN x END) agg(x) FILTER (WHERE p), which is
// the same for aggregates that pass over NULL.
func filtered(a *expr.Agg) *expr.Agg {
	if len(a.Args) != 1 {
		return a
	}
	c, ok := a.Args[0].(*expr.Case)
	if !ok || len(c.Whens) != 1 || !c.Whens[0].Then.Type().Equal(c.T) {
		return a
	}
	if lit, ok := c.Else.(*expr.Literal); c.Else != nil && (!ok || lit.Value != nil) {
		return a
	}
	out := *a
	out.Args = []expr.Expr{c.Whens[0].Then}
	out.Filter = expr.Conj(append(expr.Conjuncts(a.Filter), c.Whens[0].Cond)...)
	return &out
}

// exact reports whether merging states of a in any order gives the same result
// to the last bit, and whether making them cannot fail for rows that a join would have dropped.
func exact(a *expr.Agg, acc function.Accumulator) bool {
	switch a.Func {
	case "min", "max":
		return len(a.Args) == 1 && keyable(a.Args[0].Type())
	}
	f, ok := acc.(function.Fixed)
	if !ok {
		return false
	}
	switch f.Layout() {
	case function.Count, function.SumInt:
		return true
	case function.SumFloat: // whole numbers that double holds exactly
		t := a.Args[0].Type().Kind
		return t.IsInteger() && t != types.Int64
	}
	return false
}

// keyable reports whether grouping by values of t keeps them as they are.
func keyable(t types.Type) bool {
	return !t.Kind.IsFloat() && !t.Kind.IsNested() && t.Kind != types.Null && t.Kind != types.Interval
}

// descend considers every place below n.
func (e *eager) descend(n logical.Node, s spot) {
	switch x := n.(type) {
	case *logical.Project:
		e.project(x, s)
	case *logical.Filter:
		if e.q.volatile(x.Pred) {
			return
		}
		above := s.wrap
		s.need = s.need.Union(expr.Used(x.Pred))
		s.wrap = func(n logical.Node, st []*expr.Column) logical.Node {
			return above(&logical.Filter{Input: n, Pred: x.Pred}, st)
		}
		e.descend(x.Input, s)
	case *logical.Join:
		if e.q.volatile(x.Cond) {
			return
		}
		s.need = s.need.Union(expr.Used(x.Cond))
		s.joined += e.q.est.Rows(x)
		switch x.Kind {
		case logical.Inner, logical.Cross:
			e.side(x, x.Left, s)
			e.side(x, x.Right, s)
		case logical.Left, logical.Semi, logical.Anti, logical.Mark, logical.Single:
			e.side(x, x.Left, s)
		case logical.Right:
			e.side(x, x.Right, s)
		}
	}
}

func (e *eager) project(x *logical.Project, s spot) {
	by := map[expr.ColID]expr.Expr{}
	var need expr.ColSet
	for _, p := range x.Exprs {
		if e.q.volatile(p.Expr) {
			return
		}
		by[p.Col.ID] = p.Expr
		if s.need.Has(p.Col.ID) {
			need.UsedColumns(p.Expr)
		}
	}
	s.need = need
	calls := make([]*expr.Agg, len(s.calls))
	for i, c := range s.calls {
		calls[i] = substitute(c, by).(*expr.Agg)
	}
	s.calls = calls
	above := s.wrap
	s.wrap = func(n logical.Node, st []*expr.Column) logical.Node {
		have := output(n)
		out := &logical.Project{Input: n}
		for _, p := range x.Exprs { // what only the calls read is gone
			if expr.Used(p.Expr).SubsetOf(have) {
				out.Exprs = append(out.Exprs, p)
			}
		}
		out.Exprs = append(out.Exprs, passAll(st)...)
		return above(out, st)
	}
	e.descend(x.Input, s)
}

// side considers one input of a join.
func (e *eager) side(j *logical.Join, side logical.Node, s spot) {
	cols := output(side)
	for _, c := range s.calls {
		for _, a := range c.Args {
			if !expr.Used(a).SubsetOf(cols) || !safe(a) {
				return
			}
		}
		if used := expr.Used(c.Filter); used.Intersects(cols) && (!used.SubsetOf(cols) || !safe(c.Filter)) {
			return
		}
	}
	above, outside := s.wrap, s.need.Minus(cols)
	s.side, s.need = side, s.need.Minus(outside)
	for _, c := range side.Columns() {
		if s.need.Has(c.ID) && !keyable(c.T) {
			return
		}
	}
	left := side == j.Left
	s.wrap = func(n logical.Node, st []*expr.Column) logical.Node {
		c := *j
		if left {
			c.Left = n
		} else {
			c.Right = n
		}
		return above(&c, st)
	}
	e.consider(s)
	e.descend(side, s)
}

// consider keeps s if it costs the least so far.
func (e *eager) consider(s spot) {
	rows := e.q.est.Rows(s.side)
	keys := s.keys()
	if rows < eagerRows || len(keys) == 0 {
		return
	}
	es := make([]expr.Expr, len(keys))
	for i, k := range keys {
		es[i] = k.Expr
	}
	groups := e.q.est.Groups(s.side, es)
	share := groups / rows
	if share > eagerShare {
		return
	}
	cost := rows*groupCost(groups, es) + share*(e.plain+s.joined*costJoin)
	if cost < eagerGain*(e.plain+s.joined*costJoin) && (e.best == nil || cost < e.bestCost) {
		e.best, e.bestCost = &s, cost
	}
}

// keys are the columns to group by early.
func (s *spot) keys() []logical.Named {
	var out []logical.Named
	for _, c := range s.side.Columns() {
		if s.need.Has(c.ID) {
			out = append(out, pass(c))
		}
	}
	return out
}

// split makes the two parts.
func (e *eager) split() logical.Node {
	s, cols := e.best, output(e.best.side)
	part := &logical.Aggregate{Input: s.side, Keys: s.keys(), Mode: logical.Partial}
	final := *e.node
	final.Mode, final.Aggs = logical.Final, nil
	for i, c := range s.calls {
		early, last := *c, *e.calls[i]
		if c.Filter != nil && expr.Used(c.Filter).SubsetOf(cols) {
			last.Filter = nil
		} else {
			early.Filter = nil
		}
		k := 0
		for k < len(part.Aggs) && !tree.Equal(part.Aggs[k].Expr, &early) {
			k++
		}
		if k == len(part.Aggs) {
			var states []*expr.Column
			for _, t := range e.accs[i].StateTypes() {
				states = append(states, e.q.column(&expr.Column{Name: "state", T: t, Null: true, Pos: -1}))
			}
			part.Aggs = append(part.Aggs, logical.Named{Col: states[0], Expr: &early})
			part.States = append(part.States, states)
		}
		last.Args = typesOf(c.Args)
		final.Aggs = append(final.Aggs, logical.Named{Col: e.node.Aggs[i].Col, Expr: &last})
		final.States = append(final.States, part.States[k])
	}
	var states []*expr.Column
	for _, st := range part.States {
		states = append(states, st...)
	}
	final.Input = s.wrap(part, states)
	return &final
}

// typesOf are arguments that only tell types, and what was once computed: their
// columns, which are not there any more, stand as references that nobody
// follows and that look alike in all uses of a plan.
func typesOf(args []expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(args))
	for i, a := range args {
		out[i] = tree.Map(a, func(x expr.Expr) expr.Expr {
			if c, ok := x.(*expr.Column); ok {
				return &expr.Ref{Name: c.Name, T: c.T, Null: c.Null}
			}
			return x
		})
	}
	return out
}

// safe reports whether e cannot fail, whatever the row: it may be evaluated
// for rows that a join would have dropped.
func safe(e expr.Expr) bool {
	if e == nil {
		return true
	}
	switch x := e.(type) {
	case *expr.Column, *expr.Literal, *expr.Compare, *expr.IsNull, *expr.Not, *expr.And, *expr.Or, *expr.In, *expr.Case:
	case *expr.Cast:
		if !widening(x.Arg.Type(), x.To) && !x.Arg.Type().Equal(x.To) {
			return false
		}
	case *expr.Call:
		if !safeCall(x) {
			return false
		}
	default:
		return false
	}
	for _, c := range tree.Children(e) {
		if !safe(c) {
			return false
		}
	}
	return true
}

// safeCall knows arithmetic of decimals whose result has room for every value.
func safeCall(c *expr.Call) bool {
	t := c.Type()
	switch c.Func {
	case "+", "-", "*":
		return t.Kind == types.Decimal && t.P < types.MaxPrecision
	case "/":
		lit, ok := c.Args[len(c.Args)-1].(*expr.Literal)
		if !ok || t.Kind != types.Decimal || t.P >= types.MaxPrecision {
			return false
		}
		x, ok := lit.Value.(types.Int128)
		return ok && x.Sign() != 0
	case "coalesce":
		return true
	}
	return false
}
