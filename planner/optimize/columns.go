package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// free returns the columns a plan uses and does not make: those of the queries around it.
func free(n logical.Node) expr.ColSet {
	var used, made expr.ColSet
	walkAll(n, func(n logical.Node) {
		for _, e := range logical.Exprs(n) {
			// Outer lists are left out: the subquery's own nodes are visited.
			if e == nil {
				continue
			}
			tree.Walk(e, func(e expr.Expr) bool {
				if c, ok := e.(*expr.Column); ok {
					used.Add(c.ID)
				}
				return true
			})
		}
		for _, c := range defines(n) {
			made.Add(c.ID)
		}
	})
	return used.Minus(made)
}

// output is the set of n's columns.
func output(n logical.Node) expr.ColSet { return expr.ColumnIDs(n.Columns()) }

// substitute replaces columns by expressions. Plans inside subqueries are
// substituted too where a column is replaced by a column.
func substitute(e expr.Expr, by map[expr.ColID]expr.Expr) expr.Expr {
	if e == nil || len(by) == 0 {
		return e
	}
	return tree.Map(e, func(e expr.Expr) expr.Expr {
		if c, ok := e.(*expr.Column); ok {
			if x, ok := by[c.ID]; ok {
				return x
			}
		}
		return e
	})
}

// pass is a projection entry that passes a column through.
func pass(c *expr.Column) logical.Named { return logical.Named{Col: c, Expr: c} }

func passAll(cols []*expr.Column) []logical.Named {
	out := make([]logical.Named, len(cols))
	for i, c := range cols {
		out[i] = pass(c)
	}
	return out
}

// withColumns makes n show exactly cols, which it has, in order.
func withColumns(n logical.Node, cols []*expr.Column) logical.Node {
	have := n.Columns()
	same := len(have) == len(cols)
	for i := 0; same && i < len(cols); i++ {
		same = have[i].ID == cols[i].ID
	}
	if same {
		return n
	}
	return &logical.Project{Input: n, Exprs: passAll(cols)}
}

// filter puts conditions above n.
func filter(n logical.Node, conds ...expr.Expr) logical.Node {
	if p := expr.Conj(conds...); p != nil {
		return &logical.Filter{Input: n, Pred: p}
	}
	return n
}

// copyPlan returns n with new columns in place of all it makes, and the
// mapping from old to new columns.
func copyPlan(q *Query, n logical.Node) (logical.Node, map[expr.ColID]expr.Expr) {
	by := map[expr.ColID]expr.Expr{}
	walkAll(n, func(n logical.Node) {
		for _, c := range defines(n) {
			if by[c.ID] == nil {
				by[c.ID] = q.column(c)
			}
		}
	})
	return renamed(n, by), by
}

// renamed replaces columns everywhere in a plan, where they are made and where they are used.
func renamed(n logical.Node, by map[expr.ColID]expr.Expr) logical.Node {
	return tree.Map(n, func(n logical.Node) logical.Node {
		n = tree.MapIn(n, func(e expr.Expr) expr.Expr {
			return tree.Map(e, func(e expr.Expr) expr.Expr {
				switch e := e.(type) {
				case *expr.Column:
					if x, ok := by[e.ID].(*expr.Column); ok {
						c := *e
						c.ID = x.ID
						return &c
					}
				case *expr.ScalarSubquery:
					c := *e
					c.Plan, c.Outer = renamed(c.Plan.(logical.Node), by), renamedIDs(c.Outer, by)
					return &c
				case *expr.Exists:
					c := *e
					c.Plan, c.Outer = renamed(c.Plan.(logical.Node), by), renamedIDs(c.Outer, by)
					return &c
				case *expr.InSubquery:
					c := *e
					c.Plan, c.Outer = renamed(c.Plan.(logical.Node), by), renamedIDs(c.Outer, by)
					return &c
				}
				return e
			})
		})
		return n
	})
}

func renamedIDs(ids []expr.ColID, by map[expr.ColID]expr.Expr) []expr.ColID {
	out := make([]expr.ColID, len(ids))
	for i, id := range ids {
		out[i] = id
		if x, ok := by[id].(*expr.Column); ok {
			out[i] = x.ID
		}
	}
	return out
}

// walkColumns calls f for every column reference in e.
func walkColumns(e expr.Expr, f func(*expr.Column)) {
	tree.Walk(e, func(e expr.Expr) bool {
		if c, ok := e.(*expr.Column); ok {
			f(c)
		}
		return true
	})
}
