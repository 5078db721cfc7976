package optimize

import (
	"strings"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// A Rule rewrites plans. Local rules look at one node and what is right below
// it; plan rules at a whole plan, where a rewrite needs to carry something
// along (predicates on their way down, columns that are needed).
type Rule struct {
	Name  string
	local func(q *Query, n logical.Node) logical.Node
	plan  func(q *Query, n logical.Node) logical.Node
	expr  func(q *Query, e expr.Expr) expr.Expr
}

// On makes a local rule for nodes of type N. f returns nil to leave the node.
func On[N logical.Node](name string, f func(q *Query, n N) logical.Node) Rule {
	return Rule{Name: name, local: func(q *Query, n logical.Node) logical.Node {
		if x, ok := n.(N); ok {
			return f(q, x)
		}
		return nil
	}}
}

// OnExpr makes a rule for expressions of type E, wherever they stand. f
// returns nil to leave the expression; the result has the type of e.
func OnExpr[E expr.Expr](name string, f func(q *Query, e E) expr.Expr) Rule {
	return Rule{Name: name, expr: func(q *Query, e expr.Expr) expr.Expr {
		if x, ok := e.(E); ok {
			return f(q, x)
		}
		return nil
	}}
}

// OnPlan makes a rule for a whole plan. f returns the plan itself if it changes nothing.
func OnPlan(name string, f func(q *Query, root logical.Node) logical.Node) Rule {
	return Rule{Name: name, plan: f}
}

// A Pass applies rules to every node of a plan, inputs first. Local and
// expression rules are tried until none fires on a node any more, at most
// maxFirings times; plan rules run once.
type Pass struct {
	Name string
	// Required passes also run with the optimizer off: lowering needs them.
	Required bool
	Rules    []Rule
}

// maxFirings bounds the rewrites of one node within one pass. A rule that gets
// there undoes another one's work, which the tests of the pass table look for.
const maxFirings = 64

// maxRounds bounds how often a pass goes over the whole plan.
const maxRounds = 16

func (p *Pass) run(q *Query, n logical.Node) logical.Node {
	var local, exprs []Rule
	for _, r := range p.Rules {
		switch {
		case !p.Required && q.opts.Skip[strings.ToLower(r.Name)]:
		case r.plan != nil:
			if m := q.parts(n, r.plan); m != n {
				q.fired(r.Name)
				n = m
			}
		case r.local != nil:
			local = append(local, r)
		default:
			exprs = append(exprs, r)
		}
	}
	if len(local)+len(exprs) == 0 {
		return n
	}
	// A rewrite may leave something to do below the node it was made on.
	for range maxRounds {
		m := p.each(q, n, local, exprs)
		if m == n {
			break
		}
		n = m
	}
	return n
}

func (p *Pass) each(q *Query, n logical.Node, local, exprs []Rule) logical.Node {
	n = tree.MapChildren(n, func(c logical.Node) logical.Node { return p.each(q, c, local, exprs) })
	n = mapSubplans(n, func(c logical.Node) logical.Node { return p.each(q, c, local, exprs) })
	for range maxFirings {
		changed := false
		if len(exprs) > 0 {
			m := logical.MapExprs(n, func(e expr.Expr) expr.Expr { return rewriteExpr(q, e, exprs) })
			changed = m != n
			n = m
		}
		for _, r := range local {
			m := r.local(q, n)
			if m == nil || m == n {
				continue
			}
			if q.opts.Check {
				if err := sameOutput(r.Name, n, m); err != nil {
					q.fail(err)
					return n
				}
			}
			q.fired(r.Name)
			n, changed = m, true
		}
		if !changed || len(local) == 0 {
			return n
		}
	}
	return n
}

// rewriteExpr applies expression rules bottom-up, on each node until none fires.
func rewriteExpr(q *Query, e expr.Expr, rules []Rule) expr.Expr {
	if e == nil {
		return nil
	}
	return tree.Map(e, func(e expr.Expr) expr.Expr {
		for range maxFirings {
			changed := false
			for _, r := range rules {
				if m := r.expr(q, e); m != nil && m != e {
					q.fired(r.Name)
					e, changed = m, true
				}
			}
			if !changed {
				break
			}
		}
		return e
	})
}

// mapSubplans replaces the plans in the subquery expressions of n.
func mapSubplans(n logical.Node, f func(logical.Node) logical.Node) logical.Node {
	return logical.MapExprs(n, func(e expr.Expr) expr.Expr {
		if e == nil {
			return nil
		}
		return tree.Map(e, func(e expr.Expr) expr.Expr {
			p := logical.SubPlan(e)
			if p == nil {
				return e
			}
			m := f(p)
			if m == p {
				return e
			}
			switch e := e.(type) {
			case *expr.ScalarSubquery:
				c := *e
				c.Plan = m
				return &c
			case *expr.Exists:
				c := *e
				c.Plan = m
				return &c
			case *expr.InSubquery:
				c := *e
				c.Plan = m
				return &c
			}
			return e
		})
	})
}
