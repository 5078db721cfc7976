package logical

import (
	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/planner/expr"
)

// Write stores the rows of Input, whose columns fit Target.Schema by
// position, as files staged under the job of Target. Its output is one row a
// file written: path (STRING), rows (BIGINT), bytes (BIGINT), partition
// (STRING); the session publishes them through the catalog or the store when
// the job has succeeded.
type Write struct {
	Input  Node
	Target catalog.WriteTarget
	Cols   []*expr.Column
}

func (n *Write) Columns() []*expr.Column { return n.Cols }
