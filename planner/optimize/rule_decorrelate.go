package optimize

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Decorrelate turns subquery expressions and Apply nodes into joins:
//
//	WHERE EXISTS (q)         semi join                NOT EXISTS   anti join
//	WHERE x IN (q)           semi join                NOT IN       null-aware anti join
//	EXISTS, IN elsewhere     mark join, whose column takes the place of the expression
//	(q) as a value           single join (left or cross where one row is certain)
//
// Conditions of q that use outer columns become join conditions where they
// can be pulled up (decorrelate_pull.go); else q is computed for all distinct
// values of the outer columns at once (decorrelate_unnest.go).
var Decorrelate = OnPlan("Decorrelate", func(q *Query, root logical.Node) logical.Node {
	return decorrelate(q, root)
})

func decorrelate(q *Query, n logical.Node) logical.Node {
	n = tree.MapChildren(n, func(c logical.Node) logical.Node { return decorrelate(q, c) })
	if a, ok := n.(*logical.Apply); ok {
		d := &dependent{left: a.Left, right: a.Right, kind: a.Kind, cond: a.Cond, nullAware: a.NullAware, mark: a.MarkCol}
		return withColumns(expandCond(q, d), a.Columns())
	}
	if !hasSubquery(n) {
		return n
	}
	switch n := n.(type) {
	case *logical.Filter:
		return expandFilter(q, n)
	case *logical.Join:
		return expandJoin(q, n)
	}
	return expandInput(q, n)
}

func hasSubquery(n logical.Node) bool {
	for _, e := range logical.Exprs(n) {
		if containsSubquery(e) {
			return true
		}
	}
	return false
}

func containsSubquery(e expr.Expr) bool {
	if e == nil {
		return false
	}
	found := false
	tree.Walk(e, func(e expr.Expr) bool {
		found = found || logical.SubPlan(e) != nil
		return !found
	})
	return found
}

// expandCond is for an Apply whose condition may hold subqueries itself.
func expandCond(q *Query, d *dependent) logical.Node {
	if !containsSubquery(d.cond) {
		return d.join(q)
	}
	if d.kind != logical.Inner && d.kind != logical.Cross {
		q.fail(sqlerr.New(sqlerr.Unsupported, "A subquery in the condition of a LATERAL join of this kind is not supported."))
		return d.left
	}
	cond := d.cond
	d.cond = nil
	return expandFilter(q, &logical.Filter{Input: d.join(q), Pred: cond})
}

// expandFilter makes semi and anti joins of the conjuncts that are nothing but
// a subquery test, and columns of all other subqueries.
func expandFilter(q *Query, n *logical.Filter) logical.Node {
	in := n.Input
	cols := in.Columns()
	var plain, rest []expr.Expr
	for _, c := range expr.Conjuncts(n.Pred) {
		if containsSubquery(c) {
			rest = append(rest, c)
		} else {
			plain = append(plain, c)
		}
	}
	in = filter(in, plain...) // cheap conditions first
	x := expander{q: q, in: in}
	var conds []expr.Expr
	for _, c := range rest {
		if !x.semi(c) {
			conds = append(conds, x.columns(c))
		}
	}
	return withColumns(filter(x.in, conds...), cols)
}

// expandInput computes the subqueries of n's expressions as columns of its input.
func expandInput(q *Query, n logical.Node) logical.Node {
	inputs := tree.Children(n)
	if len(inputs) == 0 { // VALUES with subqueries
		if v, ok := n.(*logical.Values); ok {
			return expandValues(q, v)
		}
	}
	if len(inputs) != 1 {
		q.fail(sqlerr.New(sqlerr.Unsupported, "A subquery cannot stand here."))
		return n
	}
	x := expander{q: q, in: inputs[0]}
	cols := n.Columns()
	n = logical.MapExprs(n, x.columns)
	n = tree.MapChildren(n, func(logical.Node) logical.Node { return x.in })
	return withColumns(n, cols)
}

func expandValues(q *Query, v *logical.Values) logical.Node {
	union := &logical.SetOp{Kind: logical.Union, All: true, Cols: v.Cols}
	for _, row := range v.Rows {
		p := &logical.Project{Input: &logical.Values{Rows: [][]expr.Expr{{}}}}
		for i, e := range row {
			p.Exprs = append(p.Exprs, logical.Named{Col: q.column(v.Cols[i]), Expr: e})
		}
		union.Inputs = append(union.Inputs, decorrelate(q, p))
	}
	if len(union.Inputs) == 1 {
		p := union.Inputs[0]
		out := &logical.Project{Input: p}
		for i, c := range p.Columns() {
			out.Exprs = append(out.Exprs, logical.Named{Col: v.Cols[i], Expr: c})
		}
		return out
	}
	return union
}

// expandJoin places the subqueries of a join condition: above an inner join,
// else on the side whose columns they use.
func expandJoin(q *Query, n *logical.Join) logical.Node {
	cols := n.Columns()
	if n.Kind == logical.Inner || n.Kind == logical.Cross {
		var plain, rest []expr.Expr
		for _, c := range expr.Conjuncts(n.Cond) {
			if containsSubquery(c) {
				rest = append(rest, c)
			} else {
				plain = append(plain, c)
			}
		}
		j := *n
		j.Kind, j.Cond = logical.Inner, expr.Conj(plain...)
		return expandFilter(q, &logical.Filter{Input: &j, Pred: expr.Conj(rest...)})
	}
	left, right := expander{q: q, in: n.Left}, expander{q: q, in: n.Right}
	leftCols, rightCols := output(n.Left), output(n.Right)
	cond := tree.Map(n.Cond, func(e expr.Expr) expr.Expr {
		p := logical.SubPlan(e)
		if p == nil {
			return e
		}
		used := free(p)
		used.UsedColumns(e)
		switch {
		case !used.Intersects(leftCols):
			return right.columns(e)
		case !used.Intersects(rightCols):
			return left.columns(e)
		}
		q.fail(sqlerr.New(sqlerr.Unsupported, "A subquery in the condition of an outer join may use columns of one side only."))
		return e
	})
	j := *n
	j.Left, j.Right, j.Cond = left.in, right.in, cond
	return withColumns(&j, cols)
}

// expander adds the subqueries of expressions to a plan.
type expander struct {
	q    *Query
	in   logical.Node
	done []doneSubquery
}

type doneSubquery struct {
	e   expr.Expr
	col expr.Expr
}

// plan is the decorrelated plan of a subquery, with columns of its own even
// if the same expression was expanded before.
func (x *expander) plan(n expr.Plan) logical.Node {
	p := n.(logical.Node)
	if x.q.applied[p] {
		p, _ = copyPlan(x.q, p)
	} else {
		x.q.applied[p] = true
	}
	return decorrelate(x.q, p)
}

// semi adds a conjunct that is a bare subquery test as a semi or anti join.
func (x *expander) semi(c expr.Expr) bool {
	kind := logical.Semi
	for {
		n, ok := c.(*expr.Not)
		if !ok {
			break
		}
		c = n.Arg
		if kind == logical.Semi {
			kind = logical.Anti
		} else {
			kind = logical.Semi
		}
	}
	switch e := c.(type) {
	case *expr.Exists:
		d := dependent{left: x.in, right: existsPlan(x.plan(e.Plan)), kind: kind}
		x.in = d.join(x.q)
		return true
	case *expr.InSubquery:
		if containsAny(e.Args) {
			return false
		}
		p := x.plan(e.Plan)
		d := dependent{left: x.in, right: p, kind: kind, cond: equal(e.Args, p), nullAware: kind == logical.Anti}
		x.in = d.join(x.q)
		return true
	}
	return false
}

func containsAny(es []expr.Expr) bool {
	for _, e := range es {
		if containsSubquery(e) {
			return true
		}
	}
	return false
}

// equal compares args with the columns of a plan, by position.
func equal(args []expr.Expr, p logical.Node) expr.Expr {
	var conds []expr.Expr
	for i, c := range p.Columns() {
		conds = append(conds, &expr.Compare{Op: expr.Eq, Left: args[i], Right: c})
	}
	return expr.Conj(conds...)
}

// existsPlan leaves out what cannot change whether there is a row.
func existsPlan(n logical.Node) logical.Node {
	switch n := n.(type) {
	case *logical.Sort:
		return existsPlan(n.Input)
	case *logical.Limit:
		if n.Count != 0 && n.Offset == 0 {
			return existsPlan(n.Input)
		}
	case *logical.Aggregate:
		if len(n.Keys) > 0 && n.Sets == nil {
			return existsPlan(n.Input)
		}
	case *logical.Project:
		return existsPlan(n.Input)
	}
	return n
}

// columns replaces the subqueries in e by columns it adds to the plan.
func (x *expander) columns(e expr.Expr) expr.Expr {
	if e == nil {
		return nil
	}
	return tree.Map(e, func(e expr.Expr) expr.Expr {
		if logical.SubPlan(e) == nil {
			return e
		}
		for _, d := range x.done {
			if d.e == e || tree.Equal(d.e, e) {
				return d.col
			}
		}
		col := x.column(e)
		x.done = append(x.done, doneSubquery{e, col})
		return col
	})
}

func (x *expander) column(e expr.Expr) expr.Expr {
	switch e := e.(type) {
	case *expr.ScalarSubquery:
		p := x.plan(e.Plan)
		col := *p.Columns()[0]
		d := dependent{left: x.in, right: p, kind: logical.Single, pos: e.Pos}
		x.in = d.join(x.q)
		col.Null = true
		return &col
	case *expr.Exists:
		mark := x.q.columnFor("exists", expr.True)
		d := dependent{left: x.in, right: existsPlan(x.plan(e.Plan)), kind: logical.Mark, mark: mark}
		x.in = d.join(x.q)
		return mark
	case *expr.InSubquery:
		p := x.plan(e.Plan)
		mark := x.q.columnFor("in", expr.NullBool)
		d := dependent{left: x.in, right: p, kind: logical.Mark, cond: equal(e.Args, p), nullAware: true, mark: mark}
		x.in = d.join(x.q)
		return mark
	}
	return e
}
