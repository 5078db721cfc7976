package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// write stages the rows of the input, shaped exactly as the target's schema.
func (l *lowerer) write(n *logical.Write) (*plan, error) {
	cols := n.Input.Columns()
	in, err := l.lower(n.Input, expr.ColumnIDs(cols))
	if err != nil {
		return nil, err
	}
	if in, err = l.shapeIDs(in, cols); err != nil {
		return nil, err
	}
	if n.Target.SingleFile {
		in = l.gather(in, nil)
	}
	if in.dist.kind == hashed { // its columns are not among those of the output
		in.dist = distribution{kind: spread}
	}
	return &plan{dist: in.dist, node: &physical.Write{Info: l.info(), Input: in.node, Target: n.Target}, cols: n.Cols}, nil
}
