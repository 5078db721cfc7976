package logical

import "github.com/volley-sql/volley/planner/expr"

// The join strategies that a hint may name; see Join.Hint.
const (
	HintBroadcast = "BROADCAST"            // send that side to every task
	HintMerge     = "MERGE"                // divide both sides by the keys
	HintHash      = "SHUFFLE_HASH"         // divide both sides by the keys, hold that side
	HintLoop      = "SHUFFLE_REPLICATE_NL" // compare every pair
)

// Repartition asks for the rows of Input in another number of tasks, or divided
// by Keys: a COALESCE, REPARTITION, REPARTITION_BY_RANGE or REBALANCE hint. It
// changes no row. Count is 0 if the hint gave no number.
type Repartition struct {
	Input Node
	Hint  string
	Count int64
	Keys  []expr.Expr
}

func (n *Repartition) Columns() []*expr.Column { return n.Input.Columns() }
func (*Repartition) sealed()                   {}
func (*Repartition) IsPlan()                   {}
