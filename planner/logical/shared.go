package logical

import "github.com/volley-sql/volley/planner/expr"

// Shared is one use of a subplan that stands in the plan more than once and is
// to be computed once. Uses with one Key have the same Plan (by pointer); each
// has columns of its own: Cols[i] is Plan's column From[i]. Keys are
// numbered so that a Plan uses only smaller ones.
type Shared struct {
	Key  int32
	Plan Node
	From []*expr.Column
	Cols []*expr.Column
}

func (n *Shared) Columns() []*expr.Column { return n.Cols }
func (*Shared) sealed()                   {}
func (*Shared) IsPlan()                   {}
