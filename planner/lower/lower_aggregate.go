package lower

import (
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// aggregate leaves out aggregates nobody reads.
func (l *lowerer) aggregate(n *logical.Aggregate, need expr.ColSet) (*plan, error) {
	var used expr.ColSet
	var aggs []logical.Named
	for _, k := range n.Keys {
		used.UsedColumns(k.Expr)
	}
	for _, a := range n.Aggs {
		if need.Has(a.Col.ID) {
			aggs = append(aggs, a)
			used.UsedColumns(a.Expr)
		}
	}
	in, err := l.lower(n.Input, used)
	if err != nil {
		return nil, err
	}
	keys := n.Keys
	var hidden []logical.Named // keys that are grouped by but not part of the output
	if n.Sets != nil {
		if in, keys, hidden, err = l.expand(n, in, used); err != nil {
			return nil, err
		}
	}
	return l.group(in, append(append([]logical.Named(nil), keys...), hidden...), aggs)
}

// expand repeats the input once a grouping set. It returns the new input, the
// keys over it, and the grouping id and duplicate number as further keys.
func (l *lowerer) expand(n *logical.Aggregate, in *plan, used expr.ColSet) (*plan, []logical.Named, []logical.Named, error) {
	node := &physical.Expand{Info: l.info(), Input: in.node}
	out := &plan{node: node, dist: in.dist}
	if out.dist.kind == hashed {
		out.dist = distribution{kind: spread} // copies of a row with keys set to NULL belong elsewhere
	}
	// Columns the aggregates read pass through under their own identity; the
	// keys get columns of their own, since an aggregate may read a key column unreset.
	var pass []int
	for i, c := range in.cols {
		if used.Has(c.ID) {
			pass = append(pass, i)
			out.cols = append(out.cols, c)
		}
	}
	var keys, hidden []logical.Named
	for _, k := range n.Keys {
		c := *k.Col
		c.Null = true
		out.cols = append(out.cols, &c)
		keys = append(keys, logical.Named{Col: k.Col, Expr: &c})
	}
	gid := n.GroupingID
	if gid == nil {
		gid = &expr.Column{ID: hiddenGrouping, Name: "grouping_id", T: types.Int64Type}
	}
	dup := &expr.Column{ID: hiddenDuplicate, Name: "grouping_pos", T: types.Int64Type}
	out.cols = append(out.cols, gid)
	hidden = append(hidden, logical.Named{Col: gid, Expr: gid})
	seen, repeated := map[int64]int64{}, false
	ids := make([]int64, len(n.Sets))
	dups := make([]int64, len(n.Sets))
	for s, set := range n.Sets {
		ids[s] = groupingID(len(n.Keys), set)
		dups[s] = seen[ids[s]]
		repeated = repeated || dups[s] > 0
		seen[ids[s]]++
	}
	if repeated {
		out.cols = append(out.cols, dup)
		hidden = append(hidden, logical.Named{Col: dup, Expr: dup})
	}
	for s, set := range n.Sets {
		var row []expr.Expr
		for _, i := range pass {
			row = append(row, in.ref(i))
		}
		inSet := make([]bool, len(n.Keys))
		for _, k := range set {
			inSet[k] = true
		}
		for i, k := range n.Keys {
			if !inSet[i] {
				row = append(row, expr.NullOf(k.Expr.Type()))
				continue
			}
			e, err := in.refs(k.Expr)
			if err != nil {
				return nil, nil, nil, err
			}
			row = append(row, e)
		}
		row = append(row, &expr.Literal{Value: ids[s], T: types.Int64Type})
		if repeated {
			row = append(row, &expr.Literal{Value: dups[s], T: types.Int64Type})
		}
		node.Projections = append(node.Projections, row)
	}
	node.Cols = schema(out.cols)
	return out, keys, hidden, nil
}

// Identities of columns that only lowering knows; real ones start at 1.
const (
	hiddenGrouping  expr.ColID = -1
	hiddenDuplicate expr.ColID = -2
)

// groupingID has a bit for each of the keys not in set, the last key lowest.
func groupingID(keys int, set []int) int64 {
	id := int64(1)<<keys - 1
	for _, k := range set {
		id &^= 1 << (keys - 1 - k)
	}
	return id
}
