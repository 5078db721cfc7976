package optimize

import (
	"fmt"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// unnester computes a correlated plan for all outer rows at once: the distinct
// combinations D of the outer columns it uses are joined in where they are
// used and carried along to the top, every operator on the way doing its work
// for each combination (groups by them, partitions by them, …). After Neumann
// and Kemper, "Unnesting Arbitrary Queries" (BTW 2015).
type unnester struct {
	q     *Query
	left  logical.Node
	outer []*expr.Column
}

// domain makes one instance of D with columns of its own, and the mapping from
// outer columns to them.
func (u *unnester) domain() (logical.Node, map[expr.ColID]expr.Expr) {
	in, by := copyPlan(u.q, u.left)
	d := &logical.Aggregate{Input: in}
	m := map[expr.ColID]expr.Expr{}
	for _, c := range u.outer {
		k := u.q.column(c)
		d.Keys = append(d.Keys, logical.Named{Col: k, Expr: by[c.ID]})
		if by[c.ID] == nil { // an outer column of the left side itself
			d.Keys[len(d.Keys)-1].Expr = c
		}
		m[c.ID] = k
	}
	return d, m
}

func (u *unnester) correlated(n logical.Node) bool {
	return free(n).Intersects(expr.ColumnIDs(u.outer))
}

// unnest returns n for all of D, with D's columns among its own, and the mapping to them.
func (u *unnester) unnest(n logical.Node) (logical.Node, map[expr.ColID]expr.Expr) {
	if !u.correlated(n) {
		d, m := u.domain()
		return &logical.Join{Left: d, Right: n, Kind: logical.Cross}, m
	}
	switch n := n.(type) {
	case *logical.Filter:
		in, m := u.unnest(n.Input)
		return &logical.Filter{Input: in, Pred: substitute(n.Pred, m)}, m
	case *logical.Project:
		in, m := u.unnest(n.Input)
		p := &logical.Project{Input: in}
		for _, x := range n.Exprs {
			p.Exprs = append(p.Exprs, logical.Named{Col: x.Col, Expr: substitute(x.Expr, m)})
		}
		p.Exprs = append(p.Exprs, u.carried(m)...)
		return p, m
	case *logical.Aggregate:
		return u.aggregate(n)
	case *logical.Window:
		in, m := u.unnest(n.Input)
		w := &logical.Window{Input: in}
		for _, x := range n.Calls {
			call := *substitute(x.Expr, m).(*expr.WindowCall)
			call.Partition = append(call.Partition[:len(call.Partition):len(call.Partition)], u.columns(m)...)
			w.Calls = append(w.Calls, logical.Named{Col: x.Col, Expr: &call})
		}
		return w, m
	case *logical.Sort:
		return u.unnest(n.Input)
	case *logical.Limit:
		return u.limit(n)
	case *logical.SetOp:
		return u.setOp(n)
	case *logical.Join:
		return u.join(n)
	case *logical.Generate:
		in, m := u.unnest(n.Input)
		g := *n
		g.Input, g.Call = in, substitute(n.Call, m).(*expr.Call)
		return &g, m
	case *logical.Barrier:
		in, m := u.unnest(n.Input)
		return &logical.Barrier{Input: in, Sealed: n.Sealed}, m
	case *logical.Sample:
		in, m := u.unnest(n.Input)
		s := *n
		s.Input = in
		return &s, m
	}
	u.q.fail(sqlerr.New(sqlerr.Unsupported, "%s", fmt.Sprintf("A correlated subquery of this form is not supported (%T).", n)))
	return n, nil
}

func (u *unnester) columns(m map[expr.ColID]expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(u.outer))
	for i, c := range u.outer {
		out[i] = m[c.ID]
	}
	return out
}

func (u *unnester) carried(m map[expr.ColID]expr.Expr) []logical.Named {
	var out []logical.Named
	for _, e := range u.columns(m) {
		out = append(out, pass(e.(*expr.Column)))
	}
	return out
}

// same compares two instances of D.
func (u *unnester) same(a, b map[expr.ColID]expr.Expr) []expr.Expr {
	var out []expr.Expr
	for _, c := range u.outer {
		out = append(out, &expr.Compare{Op: expr.NullSafeEq, Left: a[c.ID], Right: b[c.ID]})
	}
	return out
}

// aggregate groups by D too. Without keys of its own there must be a group for
// every member of D, with or without rows: D is joined in once more, and the
// aggregates see only rows that are not fill.
func (u *unnester) aggregate(n *logical.Aggregate) (logical.Node, map[expr.ColID]expr.Expr) {
	in, m := u.unnest(n.Input)
	if u.q.err != nil {
		return n, m
	}
	a := &logical.Aggregate{Input: in, GroupingID: n.GroupingID}
	var marker expr.Expr
	if len(n.Keys) == 0 {
		d, dm := u.domain()
		mark := u.q.columnFor("matched", expr.True)
		marked := &logical.Project{Input: in, Exprs: append(passAll(in.Columns()), logical.Named{Col: mark, Expr: expr.True})}
		a.Input = &logical.Join{Left: d, Right: marked, Kind: logical.Left, Cond: expr.Conj(u.same(dm, m)...)}
		marker = &expr.Not{Arg: &expr.IsNull{Arg: nullableColumn(mark)}}
		// The arguments see the domain's columns, which the fill has too.
		m = dm
	}
	for _, k := range n.Keys {
		a.Keys = append(a.Keys, logical.Named{Col: k.Col, Expr: substitute(k.Expr, m)})
	}
	for _, x := range n.Aggs {
		e := substitute(x.Expr, m).(*expr.Agg)
		if marker != nil {
			c := *e
			c.Filter = expr.Conj(marker, e.Filter)
			e = &c
		}
		a.Aggs = append(a.Aggs, logical.Named{Col: x.Col, Expr: e})
	}
	first := len(a.Keys)
	a.Keys = append(a.Keys, u.carried(m)...)
	for _, s := range n.Sets {
		set := append([]int(nil), s...)
		for i := first; i < len(a.Keys); i++ {
			set = append(set, i)
		}
		a.Sets = append(a.Sets, set)
	}
	if n.GroupingID != nil && len(u.outer) > 0 {
		return u.shiftGroupingID(a, n, len(u.outer)), m
	}
	return a, m
}

// shiftGroupingID takes the bits of the carried keys, which are the lowest, out of the grouping id.
func (u *unnester) shiftGroupingID(a, n *logical.Aggregate, bits int) logical.Node {
	raw := u.q.column(n.GroupingID)
	a.GroupingID = raw
	p := &logical.Project{Input: a}
	for _, c := range a.Columns() {
		if c.ID == raw.ID {
			continue
		}
		p.Exprs = append(p.Exprs, pass(c))
	}
	shift := &expr.Literal{Value: int64(1) << bits, T: types.Int64Type}
	p.Exprs = append(p.Exprs, logical.Named{Col: n.GroupingID, Expr: &expr.Call{Func: "div", Args: []expr.Expr{raw, shift}, T: types.Int64Type}})
	return p
}

// limit keeps the first rows of each member of D, by their number in the order of a Sort below.
func (u *unnester) limit(n *logical.Limit) (logical.Node, map[expr.ColID]expr.Expr) {
	src, keys := n.Input, []expr.SortKey(nil)
	var over *logical.Project
	if p, ok := src.(*logical.Project); ok {
		if _, ok := p.Input.(*logical.Sort); ok {
			over, src = p, p.Input
		}
	}
	if s, ok := src.(*logical.Sort); ok {
		src, keys = s.Input, s.Keys
	}
	in, m := u.unnest(src)
	if u.q.err != nil {
		return n, m
	}
	keys, _ = logical.MapKeys(keys, func(e expr.Expr) expr.Expr { return substitute(e, m) })
	num := u.q.columnFor("row_number", &expr.Literal{Value: int64(1), T: types.Int32Type})
	call := &expr.WindowCall{
		Agg: &expr.Agg{Func: "row_number", T: types.Int32Type}, Partition: u.columns(m), Order: keys,
		Frame: expr.Frame{Unit: expr.Rows, Start: expr.Bound{Kind: expr.UnboundedPreceding}, End: expr.Bound{Kind: expr.CurrentRow}},
	}
	w := &logical.Window{Input: in, Calls: []logical.Named{{Col: num, Expr: call}}}
	at := func(op expr.CompareOp, k int64) expr.Expr {
		return &expr.Compare{Op: op, Left: &expr.Cast{Arg: num, To: types.Int64Type, Implicit: true}, Right: &expr.Literal{Value: k, T: types.Int64Type}}
	}
	var conds []expr.Expr
	if n.Offset > 0 {
		conds = append(conds, at(expr.Gt, n.Offset))
	}
	if n.Count >= 0 {
		conds = append(conds, at(expr.Le, n.Offset+n.Count))
	}
	out := withColumns(filter(w, conds...), in.Columns())
	if over != nil {
		p := &logical.Project{Input: out}
		for _, x := range over.Exprs {
			p.Exprs = append(p.Exprs, logical.Named{Col: x.Col, Expr: substitute(x.Expr, m)})
		}
		p.Exprs = append(p.Exprs, u.carried(m)...)
		return p, m
	}
	return out, m
}

func (u *unnester) setOp(n *logical.SetOp) (logical.Node, map[expr.ColID]expr.Expr) {
	s := &logical.SetOp{Kind: n.Kind, All: n.All, Cols: append([]*expr.Column(nil), n.Cols...)}
	m := map[expr.ColID]expr.Expr{}
	for _, c := range u.outer {
		k := u.q.column(c)
		s.Cols = append(s.Cols, k)
		m[c.ID] = k
	}
	for _, input := range n.Inputs {
		cols := input.Columns()
		in, im := u.unnest(input)
		if u.q.err != nil {
			return n, m
		}
		s.Inputs = append(s.Inputs, &logical.Project{Input: in, Exprs: append(passAll(cols), u.carried(im)...)})
	}
	return s, m
}

func (u *unnester) join(n *logical.Join) (logical.Node, map[expr.ColID]expr.Expr) {
	j := *n
	inner := n.Kind == logical.Inner || n.Kind == logical.Cross
	leftNeeds, rightNeeds := u.correlated(n.Left), u.correlated(n.Right)
	var m map[expr.ColID]expr.Expr
	switch {
	case inner && !rightNeeds || n.Kind != logical.Right && n.Kind != logical.Full && !inner && !rightNeeds:
		j.Left, m = u.unnest(n.Left)
	case inner && !leftNeeds || n.Kind == logical.Right && !leftNeeds:
		j.Right, m = u.unnest(n.Right)
	default:
		var lm, rm map[expr.ColID]expr.Expr
		j.Left, lm = u.unnest(n.Left)
		j.Right, rm = u.unnest(n.Right)
		if u.q.err != nil {
			return n, lm
		}
		m = lm
		if n.Kind == logical.Right {
			m = rm
		}
		j.Cond = expr.Conj(append([]expr.Expr{substitute(n.Cond, m)}, u.same(lm, rm)...)...)
		if inner {
			j.Kind = logical.Inner
		}
		if n.Kind == logical.Full {
			return u.full(&j, lm, rm)
		}
		return &j, m
	}
	j.Cond = substitute(n.Cond, m)
	if inner && j.Cond != nil {
		j.Kind = logical.Inner
	}
	return &j, m
}

// full merges the two instances of D a full join has: either may be fill.
func (u *unnester) full(j *logical.Join, lm, rm map[expr.ColID]expr.Expr) (logical.Node, map[expr.ColID]expr.Expr) {
	// A member of D may hold NULLs itself, so a marker says which side is there.
	mark := u.q.columnFor("matched", expr.True)
	j.Left = &logical.Project{Input: j.Left, Exprs: append(passAll(j.Left.Columns()), logical.Named{Col: mark, Expr: expr.True})}
	p := &logical.Project{Input: j, Exprs: passAll(j.Columns())}
	m := map[expr.ColID]expr.Expr{}
	for _, c := range u.outer {
		k := u.q.column(c)
		k.Null = true
		e := &expr.Case{
			Whens: []expr.When{{Cond: &expr.Not{Arg: &expr.IsNull{Arg: nullableColumn(mark)}}, Then: lm[c.ID]}},
			Else:  rm[c.ID], T: c.T,
		}
		p.Exprs = append(p.Exprs, logical.Named{Col: k, Expr: e})
		m[c.ID] = k
	}
	return p, m
}
