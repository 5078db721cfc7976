package exec

import (
	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/rowop"
	"github.com/volley-sql/volley/exec/scan"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/physical"
)

func (b *builder) values(n *physical.Values) (*chain, error) {
	return b.start(n, rowop.NewValues(b.env, n.Cols, n.Rows), false), nil
}

func (b *builder) ranges(n *physical.Range) (*chain, error) {
	r, err := rowop.NewRange(b.env, n.Start, n.End, n.Step)
	if err != nil {
		return nil, err
	}
	return b.start(n, r, false), nil
}

// feed reads what the process that runs the task was given.
func (b *builder) feed(n *physical.Feed) (*chain, error) {
	src := b.env.Feeds[n.Slot]
	if src == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "the task has no rows for %s", n.Name)
	}
	return b.start(n, src, false), nil
}

// splits are those this task reads: all, or its share.
func (b *builder) splits(n *physical.Scan) []catalog.Split {
	if b.in != nil {
		return b.in.Splits(n, b.env.Partition)
	}
	if b.env.Partitions == 1 {
		return n.Scan.Splits
	}
	var out []catalog.Split
	for i, s := range n.Scan.Splits {
		if i%b.env.Partitions == b.env.Partition {
			out = append(out, s)
		}
	}
	return out
}

func (b *builder) stageRead(n *physical.StageRead) (*chain, error) {
	if b.in == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "a task without inputs reads stage %d", n.Stage)
	}
	srcs, err := b.in.Open(n, b.env.Partition)
	if err != nil {
		return nil, err
	}
	if len(n.Order) > 0 {
		return b.merge(n, srcs)
	}
	if len(srcs) == 1 {
		return b.start(n, srcs[0], n.InOrder), nil
	}
	u := &union{branches: make([]branch, len(srcs))}
	for i, s := range srcs {
		u.branches[i].source = s
	}
	return b.start(n, u, false), nil
}

func (b *builder) scan(n *physical.Scan) (*chain, error) {
	src, err := scan.New(b.env, n, b.splits(n))
	if err != nil {
		return nil, err
	}
	return b.start(n, src, false), nil
}
