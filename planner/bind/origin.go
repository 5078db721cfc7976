package bind

import (
	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Origin is the column of a table that an output column is, unchanged. Table is
// nil where the column is computed.
type Origin struct {
	Table  catalog.Table
	Column int // place in the table's schema
}

// Origins tells of each output column which column of a table it is, where the
// table may be named.
func (p *Plan) Origins() []Origin {
	at := map[expr.ColID]Origin{}
	same := map[expr.ColID]expr.ColID{}
	tree.Walk(p.Node, func(n logical.Node) bool {
		switch n := n.(type) {
		case *logical.Barrier:
			return !n.Sealed
		case *logical.Scan:
			for i, c := range n.Cols {
				at[c.ID] = Origin{n.Table, n.Source[i]}
			}
		case *logical.Project:
			for _, x := range n.Exprs {
				if c, ok := x.Expr.(*expr.Column); ok && c.ID != x.Col.ID {
					same[x.Col.ID] = c.ID
				}
			}
		case *logical.Aggregate:
			for _, x := range n.Keys {
				if c, ok := x.Expr.(*expr.Column); ok && len(n.Sets) == 0 {
					same[x.Col.ID] = c.ID
				}
			}
		}
		return true
	})
	out := make([]Origin, len(p.Columns))
	for i, c := range p.Columns {
		id := c.ID
		for range len(same) + 1 { // a chain of projections has no circle, but need not be trusted to
			if o, ok := at[id]; ok {
				out[i] = o
				break
			}
			next, ok := same[id]
			if !ok {
				break
			}
			id = next
		}
	}
	return out
}

// As returns p with its columns converted to the types of s, where they have
// others: a plan with values in it may be narrower than it was with markers.
// What cannot be converted is a mistake of the caller's.
func (p *Plan) As(s types.Schema) *Plan {
	proj := &logical.Project{Input: p.Node}
	out := &Plan{Node: proj, Tables: p.Tables, Unsteady: p.Unsteady, Guarded: p.Guarded, shared: p.shared, Places: p.Places, last: p.last}
	changed := false
	for i, c := range p.Columns {
		n := logical.Named{Col: c, Expr: c}
		if !c.T.SameShape(s[i].Type) {
			changed = true
			out.last++
			n.Expr = &expr.Cast{Arg: c, To: s[i].Type, Mode: expr.CastANSI, Pos: sqlerr.NoPos, Implicit: true}
			n.Col = &expr.Column{ID: out.last, Name: c.Name, T: s[i].Type, Null: c.Null, Pos: sqlerr.NoPos}
		}
		proj.Exprs = append(proj.Exprs, n)
		out.Columns = append(out.Columns, n.Col)
	}
	if !changed {
		return p
	}
	return out
}
