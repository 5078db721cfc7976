package optimize

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// DropDistinct leaves out the removal of duplicates where there are none: of
// rows that were grouped before, as the inputs of INTERSECT and EXCEPT often were.
var DropDistinct = On("DropDistinct", func(_ *Query, n *logical.Aggregate) logical.Node {
	if n.Mode != logical.Complete || len(n.Aggs) > 0 || len(n.Keys) == 0 || n.Sets != nil || n.GroupingID != nil {
		return nil
	}
	var cols expr.ColSet
	for _, k := range n.Keys {
		c, ok := k.Expr.(*expr.Column)
		if !ok || c.T.Kind.IsFloat() || c.T.Kind.IsNested() { // grouping makes -0.0 0.0
			return nil
		}
		cols.Add(c.ID)
	}
	if !uniqueOn(n.Input, cols) {
		return nil
	}
	return &logical.Project{Input: n.Input, Exprs: n.Keys}
})

// uniqueOn reports whether certainly no two rows of n agree in cols, NULL
// agreeing with NULL.
func uniqueOn(n logical.Node, cols expr.ColSet) bool {
	switch n := n.(type) {
	case *logical.Aggregate:
		if n.Mode == logical.Partial || n.Sets != nil || len(n.Keys) == 0 {
			return false
		}
		for _, k := range n.Keys {
			if !cols.Has(k.Col.ID) {
				return false
			}
		}
		return true
	case *logical.Project:
		var in expr.ColSet
		for _, x := range n.Exprs {
			if c, ok := x.Expr.(*expr.Column); ok && cols.Has(x.Col.ID) {
				in.Add(c.ID)
			}
		}
		return uniqueOn(n.Input, in)
	case *logical.Filter:
		return uniqueOn(n.Input, cols)
	case *logical.Sort:
		return uniqueOn(n.Input, cols)
	case *logical.Limit:
		return uniqueOn(n.Input, cols)
	case *logical.Join:
		return (n.Kind == logical.Semi || n.Kind == logical.Anti) && uniqueOn(n.Left, cols)
	}
	return false
}
