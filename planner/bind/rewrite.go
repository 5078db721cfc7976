package bind

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// walk is tree.Walk that takes a nil expression, and is quick on leaves.
func walk(e expr.Expr, f func(expr.Expr) bool) {
	switch e.(type) {
	case nil:
		return
	case *expr.Column, *expr.Literal:
		f(e)
		return
	}
	tree.Walk(e, f)
}

// replace rebuilds e from the top: where f gives an expression and true, that
// stands for the whole subtree.
func replace(e expr.Expr, f func(expr.Expr) (expr.Expr, bool)) expr.Expr {
	if e == nil {
		return nil
	}
	if r, ok := f(e); ok {
		return r
	}
	switch e.(type) {
	case *expr.Column, *expr.Literal, *expr.LambdaVar:
		return e
	}
	return tree.MapChildren(e, func(c expr.Expr) expr.Expr { return replace(c, f) })
}

// has reports whether some node of e passes f.
func has(e expr.Expr, f func(expr.Expr) bool) bool {
	found := false
	walk(e, func(x expr.Expr) bool {
		found = found || f(x)
		return !found
	})
	return found
}

func isAgg(e expr.Expr) bool {
	_, ok := e.(*expr.Agg)
	return ok
}

func isWindow(e expr.Expr) bool {
	_, ok := e.(*expr.WindowCall)
	return ok
}

// hasAgg reports whether e holds an aggregate call that is not the function
// of a window call.
func hasAgg(e expr.Expr) bool {
	found := false
	eachAgg(e, func(*expr.Agg) { found = true })
	return found
}

// eachAgg calls f for the aggregate calls in e, those in the arguments of
// window calls included.
func eachAgg(e expr.Expr, f func(*expr.Agg)) {
	switch e := e.(type) {
	case nil:
		return
	case *expr.Agg:
		f(e)
		return
	case *expr.WindowCall:
		for _, a := range windowParts(e) {
			eachAgg(a, f)
		}
		return
	}
	for _, c := range children(e) {
		eachAgg(c, f)
	}
}

func mapChildren(e expr.Expr, f func(expr.Expr) expr.Expr) expr.Expr { return tree.MapChildren(e, f) }

func children(e expr.Expr) []expr.Expr {
	switch e.(type) {
	case *expr.Column, *expr.Literal, *expr.LambdaVar:
		return nil
	}
	return tree.Children(e)
}

// windowParts are the expressions of a window call that are evaluated for
// each row before it: all but the function itself.
func windowParts(w *expr.WindowCall) []expr.Expr {
	var out []expr.Expr
	out = append(out, w.Agg.Args...)
	if w.Agg.Filter != nil {
		out = append(out, w.Agg.Filter)
	}
	for _, k := range w.Agg.Order {
		out = append(out, k.Expr)
	}
	out = append(out, w.Partition...)
	for _, k := range w.Order {
		out = append(out, k.Expr)
	}
	return out
}

// mapWindow maps the windowParts of w.
func mapWindow(w *expr.WindowCall, f func(expr.Expr) expr.Expr) *expr.WindowCall {
	a := tree.MapChildren(expr.Expr(w.Agg), f).(*expr.Agg)
	out := &expr.WindowCall{Agg: a, Frame: w.Frame}
	for _, p := range w.Partition {
		out.Partition = append(out.Partition, f(p))
	}
	out.Order, _ = logical.MapKeys(w.Order, f)
	return out
}

// volatile reports whether equal calls may differ.
func (b *binder) volatile(c *expr.Call) bool {
	d := b.env.Functions.Lookup(c.Func)
	return d != nil && d.Volatility == function.Volatile
}

// volatilePlan reports whether a plan may give other rows when it is run again.
func (b *binder) volatilePlan(n logical.Node) bool {
	for _, e := range logical.Exprs(n) {
		if e != nil && has(e, func(e expr.Expr) bool {
			c, ok := e.(*expr.Call)
			return ok && b.volatile(c)
		}) {
			return true
		}
	}
	for _, c := range append(tree.Children(n), subPlans(n)...) {
		if b.volatilePlan(c) {
			return true
		}
	}
	return false
}

// rename replaces columns by id in e and in the plans of its subqueries.
func rename(e expr.Expr, to map[expr.ColID]*expr.Column) expr.Expr {
	if len(to) == 0 {
		return e
	}
	return replace(e, func(x expr.Expr) (expr.Expr, bool) {
		switch x := x.(type) {
		case *expr.Column:
			if c := to[x.ID]; c != nil {
				return &expr.Column{ID: c.ID, Name: x.Name, T: c.T, Null: c.Null, Pos: x.Pos}, true
			}
		case *expr.ScalarSubquery:
			if plan, outer, changed := renamePlan(x.Plan, x.Outer, to); changed {
				return &expr.ScalarSubquery{Plan: plan, Outer: outer, T: x.T, Pos: x.Pos}, true
			}
		case *expr.Exists:
			if plan, outer, changed := renamePlan(x.Plan, x.Outer, to); changed {
				return &expr.Exists{Plan: plan, Outer: outer}, true
			}
		case *expr.InSubquery:
			args := make([]expr.Expr, len(x.Args))
			for i, a := range x.Args {
				args[i] = rename(a, to)
			}
			plan, outer, _ := renamePlan(x.Plan, x.Outer, to)
			return &expr.InSubquery{Args: args, Plan: plan, Outer: outer, Pos: x.Pos}, true
		}
		return nil, false
	})
}

// renamePlan replaces outer columns in the plan of a subquery.
func renamePlan(p expr.Plan, outer []expr.ColID, to map[expr.ColID]*expr.Column) (expr.Plan, []expr.ColID, bool) {
	changed := false
	ids := make([]expr.ColID, len(outer))
	for i, id := range outer {
		ids[i] = id
		if c := to[id]; c != nil {
			ids[i], changed = c.ID, true
		}
	}
	if !changed {
		return p, outer, false
	}
	plan := tree.Map(p.(logical.Node), func(n logical.Node) logical.Node {
		return logical.MapExprs(n, func(e expr.Expr) expr.Expr { return rename(e, to) })
	})
	return plan, ids, true
}
