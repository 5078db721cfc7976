// Package optimize rewrites logical plans into ones that compute the same rows
// sooner. It is a list of passes over a plan, each a few rules; see passes.go
// for the table and the order constraints with their reasons.
//
//	logical.Node ── simplify ─ decorrelate ─ set operations ─ push predicates
//	             ── order joins ─ split aggregates ─ limits ─ share ─ prune ──► logical.Node
//
// Rules are values without state, one rule_*.go each. Plans and expressions
// are immutable; a rule that changes nothing returns its argument. Every
// rewrite keeps the ids of a node's output columns that anybody reads.
//
// Statistics come from planner/estimate; algorithms and exchanges are left to
// planner/lower.
package optimize

import (
	"context"
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/estimate"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Options are what the optimizer may know beside the plan.
type Options struct {
	// Disabled leaves out all passes that lowering does not depend on: setting
	// volley.optimizer.enabled.
	Disabled bool
	// Skip names rules to leave out, in lower case: setting
	// volley.optimizer.disabledRules. Rules of required passes run all the same.
	Skip map[string]bool
	// Functions tells which functions are volatile and which return NULL for
	// NULL. Without it only operators are known to be harmless.
	Functions *function.Registry
	// Fold evaluates an expression without columns, whose functions are not
	// volatile. An error leaves the expression as it is, to fail (or not) when it runs.
	Fold func(e expr.Expr) (*expr.Literal, error)
	// Fired, if not nil, is told the name of every rule that changed something.
	Fired func(rule string)
	// Check verifies after every rewrite that the output columns are the same. Tests set it.
	Check bool
}

// Optimize rewrites a plan. Its output columns are those of n, in order.
func Optimize(ctx context.Context, n logical.Node, opts Options) (logical.Node, error) {
	q := newQuery(ctx, n, opts)
	for _, p := range Passes {
		if opts.Disabled && !p.Required {
			continue
		}
		before := n
		n = p.run(q, n)
		if q.err != nil {
			return nil, q.err
		}
		if opts.Check && n != before {
			if err := sameOutput(p.Name, before, n); err != nil {
				return nil, err
			}
		}
	}
	return n, nil
}

// Query is what rules know of the query they work on.
type Query struct {
	ctx    context.Context
	opts   Options
	nextID expr.ColID
	est    *estimate.Estimator
	// applied holds plans of subquery expressions that stand in the plan
	// already; a second use needs a copy with columns of its own.
	applied map[logical.Node]bool
	// failing are constant expressions that could not be folded: trying again in every pass may be long work.
	failing map[expr.Expr]bool
	err     error
}

func newQuery(ctx context.Context, n logical.Node, opts Options) *Query {
	q := &Query{ctx: ctx, opts: opts, applied: map[logical.Node]bool{}, failing: map[expr.Expr]bool{}}
	q.est = estimate.New(ctx)
	walkAll(n, func(n logical.Node) {
		for _, c := range defines(n) {
			q.nextID = max(q.nextID, c.ID)
		}
		// A plan made by hand may use columns nothing defines.
		for _, e := range logical.Exprs(n) {
			for _, id := range expr.Used(e).IDs() {
				q.nextID = max(q.nextID, id)
			}
		}
	})
	return q
}

// fired notes that a rule changed something.
func (q *Query) fired(rule string) {
	if q.opts.Fired != nil {
		q.opts.Fired(rule)
	}
}

// fail keeps the first error; the pass that runs finishes and Optimize returns it.
func (q *Query) fail(err error) {
	if q.err == nil {
		q.err = err
	}
}

// column makes a new column.
func (q *Query) column(like *expr.Column) *expr.Column {
	c := *like
	q.nextID++
	c.ID = q.nextID
	return &c
}

func (q *Query) columnFor(name string, e expr.Expr) *expr.Column {
	return q.column(&expr.Column{Name: name, T: e.Type(), Null: e.Nullable(), Pos: -1})
}

// walkAll calls f for every node of a plan, those of subquery expressions included.
func walkAll(n logical.Node, f func(logical.Node)) {
	f(n)
	for _, e := range logical.Exprs(n) {
		if e == nil {
			continue
		}
		tree.Walk(e, func(e expr.Expr) bool {
			if p := logical.SubPlan(e); p != nil {
				walkAll(p, f)
			}
			return true
		})
	}
	for _, c := range tree.Children(n) {
		walkAll(c, f)
	}
}

// defines lists the columns that a node itself makes.
func defines(n logical.Node) []*expr.Column {
	var out []*expr.Column
	named := func(ns []logical.Named) {
		for _, x := range ns {
			out = append(out, x.Col)
		}
	}
	switch n := n.(type) {
	case *logical.Scan:
		return n.Cols
	case *logical.Values:
		return n.Cols
	case *logical.Feed:
		return n.Cols
	case *logical.Range:
		return []*expr.Column{n.Col}
	case *logical.Project:
		named(n.Exprs)
	case *logical.Aggregate:
		named(n.Keys)
		if n.Mode == logical.Partial {
			return append(out, slices.Concat(n.States...)...)
		}
		named(n.Aggs)
		if n.GroupingID != nil {
			out = append(out, n.GroupingID)
		}
	case *logical.Window:
		named(n.Calls)
	case *logical.TopK:
		named(n.Calls)
	case *logical.Join:
		if n.MarkCol != nil {
			out = append(out, n.MarkCol)
		}
	case *logical.Apply:
		if n.MarkCol != nil {
			out = append(out, n.MarkCol)
		}
	case *logical.SetOp:
		return n.Cols
	case *logical.Generate:
		return n.Cols
	case *logical.Shared:
		return n.Cols
	case *logical.Use:
		return n.Cols
	case *logical.Recursive:
		return n.Cols
	case *logical.Recurrence:
		return n.Cols
	case *logical.Write:
		return n.Cols
	}
	return out
}

// sameOutput is the check behind Options.Check.
func sameOutput(rule string, before, after logical.Node) error {
	a, b := before.Columns(), after.Columns()
	ok := len(a) == len(b)
	for i := 0; ok && i < len(a); i++ {
		ok = a[i].ID == b[i].ID && a[i].T.Equal(b[i].T)
	}
	if !ok {
		return sqlerr.New(sqlerr.InternalError, "%s changed the output of a plan\nbefore:\n%safter:\n%s", rule, logical.Format(before), logical.Format(after))
	}
	return nil
}
