// Package lower turns logical plans into physical ones: it chooses
// algorithms, replaces column identities by positions, leaves out columns
// nobody reads, and, for more than one partition, puts in the exchanges that
// bring rows together.
//
//	logical.Node ── Lower ──► physical.Node
//	   identities                positions, Emit lists
//	   Join                      HashJoin, LoopJoin
//	   Sort below Limit          top-N Sort
//	   Aggregate with sets       Expand, HashAggregate
//
// It expects plans without subquery expressions, Apply, Intersect and Except,
// which planner/optimize always rewrites. There is one lower_*.go a family.
package lower

import (
	"context"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/estimate"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// Options steer the choice of algorithms.
type Options struct {
	// Partitions is the number of tasks that share the rows of a stage; with
	// 0 or 1 the plan has no exchanges.
	Partitions int
	// BroadcastThreshold is the largest estimated build side, in bytes, that
	// is sent to all tasks instead of redistributing both sides. 0: 10 MiB, negative: never.
	BroadcastThreshold int64
	// RangeSort is from which estimated size in bytes on the rows of a result or
	// a write are sorted by all tasks, each of which gets a range of the order. 0: 64 MiB, negative: never.
	RangeSort int64
	// Functions tells the state types of aggregates; needed for more than one partition.
	Functions *function.Registry
	// Evaluate lets tables leave out parts by filters with functions; may be nil.
	Evaluate catalog.Evaluate
}

// Lower makes the physical plan of n, whose output columns are those of n in order.
func Lower(ctx context.Context, n logical.Node, opts Options) (physical.Node, error) {
	opts.Partitions = max(opts.Partitions, 1)
	if opts.BroadcastThreshold == 0 {
		opts.BroadcastThreshold = 10 << 20
	}
	if opts.RangeSort == 0 {
		opts.RangeSort = 64 << 20
	}
	l := &lowerer{ctx: ctx, opts: opts, est: estimate.New(ctx), plans: map[int32]*plan{}}
	l.last = lastSort(n)
	cols := n.Columns()
	p, err := l.lower(n, expr.ColumnIDs(cols))
	if err != nil {
		return nil, err
	}
	if p, err = l.shape(p, cols); err != nil {
		return nil, err
	}
	return l.gather(l.named(p), nil).node, nil
}

// named makes the names in the node's schema those of the plan's columns, on
// which the columns of results and files depend.
func (l *lowerer) named(p *plan) *plan {
	for i, f := range p.node.Schema() {
		if f.Name != p.cols[i].Name {
			n := &physical.Project{Info: l.info(), Input: p.node}
			for i, c := range p.cols {
				n.Exprs = append(n.Exprs, p.ref(i))
				n.Names = append(n.Names, c.Name)
			}
			n.Info.Est = p.node.Meta().Est
			return &plan{node: n, cols: p.cols, dist: p.dist}
		}
	}
	return p
}

// plan is a lowered subtree: cols[i] is what output column i is called in the
// logical plan, with the nullability it has here.
type plan struct {
	node  physical.Node
	cols  []*expr.Column
	dist  distribution
	place map[expr.ColID]int // made on first use
}

type lowerer struct {
	ctx    context.Context
	opts   Options
	nextID int32
	est    *estimate.Estimator
	// plans holds the lowered plans of logical.Shared nodes by key.
	plans      map[int32]*plan
	nextFilter int32
	nextShared int32 // of exchanges that become shared while lowering, going down
	// last is the Sort that orders the result or what is written, nil if there is none.
	last *logical.Sort
	// loop is the recursion whose step is being lowered, nil outside.
	loop *recursion
}

// info numbers a node.
func (l *lowerer) info() physical.Meta {
	l.nextID++
	return physical.Meta{ID: l.nextID, Est: -1}
}

// lower makes a plan whose columns include those of need that n has.
func (l *lowerer) lower(n logical.Node, need expr.ColSet) (*plan, error) {
	p, err := l.node(n, need)
	if err != nil {
		return nil, err
	}
	if info := p.node.Meta(); info.Est < 0 {
		info.Est = l.est.Rows(n)
	}
	return p, nil
}

func (l *lowerer) node(n logical.Node, need expr.ColSet) (*plan, error) {
	if l.loop != nil && l.holds(n, need) {
		return l.held(n, need)
	}
	switch n := n.(type) {
	case *logical.Scan:
		return l.scan(n, need)
	case *logical.Values:
		return l.values(n)
	case *logical.Feed:
		return &plan{node: &physical.Feed{Info: l.info(), Name: n.Name, Slot: n.Slot, Cols: schema(n.Cols)}, cols: n.Cols}, nil
	case *logical.Range:
		return l.ranges(n), nil
	case *logical.Project:
		return l.project(n, need)
	case *logical.Filter:
		return l.filter(n, need)
	case *logical.Aggregate:
		return l.aggregate(n, need)
	case *logical.Window:
		return l.window(n, need)
	case *logical.TopK:
		return l.topk(n, need)
	case *logical.Join:
		return l.join(n, need)
	case *logical.Sort:
		return l.sort(n, need, -1, 0)
	case *logical.Limit:
		return l.limit(n, need)
	case *logical.SetOp:
		return l.setOp(n, need)
	case *logical.Generate:
		return l.generate(n, need)
	case *logical.Barrier:
		return l.lower(n.Input, need)
	case *logical.Sample:
		return l.sample(n, need)
	case *logical.Shared:
		return l.shared(n)
	case *logical.Repartition:
		return l.repartition(n, need)
	case *logical.Recursive:
		return l.recursive(n)
	case *logical.Recurrence:
		return &plan{node: &physical.Recurrence{Info: l.info(), Key: n.Key, Cols: schema(n.Cols)}, cols: n.Cols}, nil
	case *logical.Write:
		return l.write(n)
	case *logical.Apply:
		return nil, sqlerr.New(sqlerr.Unsupported, "This correlated subquery cannot be turned into a join.")
	}
	return nil, sqlerr.New(sqlerr.InternalError, "there is no lowering of %T", n)
}

// find returns the place of a column in p, or -1.
func (p *plan) find(id expr.ColID) int {
	if p.place == nil {
		p.place = make(map[expr.ColID]int, len(p.cols))
		for i, c := range p.cols {
			if _, ok := p.place[c.ID]; !ok {
				p.place[c.ID] = i
			}
		}
	}
	if i, ok := p.place[id]; ok {
		return i
	}
	return -1
}

// ref is the reference to output column i of p.
func (p *plan) ref(i int) *expr.Ref {
	c := p.cols[i]
	return &expr.Ref{Index: i, Name: c.Name, T: c.T, Null: c.Null}
}

// shape brings the columns of p into exactly the order cols.
func (l *lowerer) shape(p *plan, cols []*expr.Column) (*plan, error) {
	same := len(cols) == len(p.cols)
	for i := 0; same && i < len(cols); i++ {
		same = p.cols[i].ID == cols[i].ID && p.cols[i].Name == cols[i].Name
	}
	if same {
		return p, nil
	}
	n := &physical.Project{Info: l.info(), Input: p.node}
	out := &plan{node: n, dist: p.dist}
	for _, c := range cols {
		i := p.find(c.ID)
		if i < 0 {
			return nil, missing(c)
		}
		n.Exprs = append(n.Exprs, p.ref(i))
		n.Names = append(n.Names, c.Name)
		d := *p.cols[i]
		d.Name = c.Name
		out.cols = append(out.cols, &d)
	}
	return out, nil
}

func missing(c *expr.Column) error {
	return sqlerr.New(sqlerr.InternalError, "column %s#%d is not in the input of the operator that uses it", c.Name, c.ID)
}

// schema describes columns.
func schema(cols []*expr.Column) types.Schema {
	s := make(types.Schema, len(cols))
	for i, c := range cols {
		s[i] = types.Field{Name: c.Name, Type: c.T, Nullable: c.Null}
	}
	return s
}

func column(c *expr.Column, e expr.Expr) *expr.Column {
	d := *c
	d.Null = e.Nullable()
	return &d
}
