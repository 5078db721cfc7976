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
	in = l.clustered(in, n.Target.Partition)
	return &plan{dist: in.dist, node: &physical.Write{Info: l.info(), Input: in.node, Target: n.Target}, cols: n.Cols}, nil
}

// clustered sorts the rows of a partitioned write by the partition columns, so
// that a task writes one partition after the other: with many partitions mixed
// it would have to keep a file open for each, or write them in small pieces.
// An order the rows have already is kept within the partitions.
func (l *lowerer) clustered(in *plan, partition []int) *plan {
	if len(partition) == 0 {
		return in
	}
	schema := in.node.Schema()
	var keys []expr.SortKey
	for _, p := range partition {
		f := schema[p]
		keys = append(keys, expr.SortKey{Expr: &expr.Ref{Index: p, Name: f.Name, T: f.Type, Null: f.Nullable}, NullsFirst: true})
	}
	node := in.node
	if s, ok := node.(*physical.Sort); ok && s.Limit < 0 && s.Offset == 0 {
		keys, node = append(keys, s.Keys...), s.Input
	}
	out := *in
	out.node = &physical.Sort{Info: l.info(), Input: node, Keys: keys, Limit: -1}
	return &out
}
