package logical

import "github.com/volley-sql/volley/planner/expr"

// With computes plans that stand for one relation each, whatever number of Use
// nodes in Input and in later Plans refer to them: two uses of a plan that
// draws random numbers see the same ones. Keys[i] is the number of Plans[i]. It
// stands at the root of a plan only.
type With struct {
	Keys  []int32
	Plans []Node
	Input Node
}

// Use is the rows of the With plan numbered Key under columns of its own, by position.
type Use struct {
	Key  int32
	Name string
	Cols []*expr.Column
}

// Recursive is WITH RECURSIVE: the rows of Anchor, then again and again those
// that Step makes of the rows before, until there are none. Anchor and Step
// have the types of Cols by position. Distinct drops rows that came before.
type Recursive struct {
	Name         string
	Key          int32
	Anchor, Step Node
	Cols         []*expr.Column
	Distinct     bool
	// MaxLevel is how often Step may run, MaxRows how many rows there may be
	// when it does; -1: no limit. With Limit ≥ 0 not more than so many rows are
	// wanted, and MaxRows does not count.
	MaxLevel, MaxRows, Limit int64
	// Pos is the place of the definition.
	Pos int32
}

// Recurrence is, in the Step of the Recursive with its Key, the rows of the
// level before.
type Recurrence struct {
	Name string
	Key  int32
	Cols []*expr.Column
}

func (n *With) Columns() []*expr.Column       { return n.Input.Columns() }
func (n *Use) Columns() []*expr.Column        { return n.Cols }
func (n *Recursive) Columns() []*expr.Column  { return n.Cols }
func (n *Recurrence) Columns() []*expr.Column { return n.Cols }

func (*With) sealed()       {}
func (*Use) sealed()        {}
func (*Recursive) sealed()  {}
func (*Recurrence) sealed() {}

func (*With) IsPlan()       {}
func (*Use) IsPlan()        {}
func (*Recursive) IsPlan()  {}
func (*Recurrence) IsPlan() {}
