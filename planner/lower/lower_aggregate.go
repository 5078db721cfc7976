package lower

import (
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// aggregate leaves out aggregates nobody reads.
func (l *lowerer) aggregate(n *logical.Aggregate, need expr.ColSet) (*plan, error) {
	switch n.Mode {
	case logical.Partial:
		return l.splitPartial(n, need)
	case logical.Final:
		return l.splitFinal(n, need)
	}
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
	rel, keys := l.est.Relation(n.Input), keyExprs(n.Keys)
	if n.Sets == nil {
		return l.group(in, n.Keys, aggs, rel, keys)
	}
	g := newGrouping(n)
	if l.splits(aggs) && rel.Groups(keys) < preaggregate*rel.Rows {
		return l.twoSteps(in, n.Keys, aggs, g)
	}
	if in, err = l.expand(g, in, aggs); err != nil {
		return nil, err
	}
	return l.group(in, g.inner, aggs, rel, keys)
}

// preaggregate is the largest estimated share of groups in rows for which
// grouping sets are computed from groups by all keys instead of from rows.
const preaggregate = 0.5

func keyExprs(keys []logical.Named) []expr.Expr {
	out := make([]expr.Expr, len(keys))
	for i, k := range keys {
		out[i] = k.Expr
	}
	return out
}

// grouping is what grouping by several sets of keys comes down to: rows are
// repeated once a set with the keys outside of it NULL, and grouped by all
// keys, the grouping id and, where a set is there twice, its number.
type grouping struct {
	n *logical.Aggregate
	// inner are the keys to group the repeated rows by, over columns that
	// only stand there.
	inner []logical.Named
	// ids and copies are, by set, the grouping id and the number among sets with that id.
	ids, copies []int64
	repeated    bool
}

func newGrouping(n *logical.Aggregate) *grouping {
	g := &grouping{n: n}
	add := func(col *expr.Column) {
		c := *col
		c.ID = hiddenColumn - expr.ColID(len(g.inner))
		g.inner = append(g.inner, logical.Named{Col: col, Expr: &c})
	}
	for _, k := range n.Keys {
		c := *k.Col
		c.Null = true
		add(&c)
	}
	gid := n.GroupingID
	if gid == nil {
		gid = &expr.Column{ID: hiddenColumn - 10_000, Name: "grouping_id", T: types.Int64Type}
	}
	add(gid)
	seen := map[int64]int64{}
	for _, set := range n.Sets {
		id := groupingID(len(n.Keys), set)
		g.ids = append(g.ids, id)
		g.copies = append(g.copies, seen[id])
		g.repeated = g.repeated || seen[id] > 0
		seen[id]++
	}
	if g.repeated {
		add(&expr.Column{ID: hiddenColumn - 10_001, Name: "grouping_pos", T: types.Int64Type})
	}
	return g
}

// row is the part of a repeated row that set s decides, with keys being the keys' values.
func (g *grouping) row(s int, keys []expr.Expr) []expr.Expr {
	in := make([]bool, len(keys))
	for _, k := range g.n.Sets[s] {
		in[k] = true
	}
	var out []expr.Expr
	for i, k := range keys {
		if !in[i] {
			k = expr.NullOf(k.Type())
		}
		out = append(out, k)
	}
	out = append(out, &expr.Literal{Value: g.ids[s], T: types.Int64Type})
	if g.repeated {
		out = append(out, &expr.Literal{Value: g.copies[s], T: types.Int64Type})
	}
	return out
}

// repeat makes the Expand: the keys by set, then the columns carried along.
func (l *lowerer) repeat(g *grouping, in *plan, keys, carried []expr.Expr, cols []*expr.Column) *plan {
	node := &physical.Expand{Info: l.info(), Input: in.node}
	out := &plan{node: node, dist: in.dist}
	if out.dist.kind == hashed {
		out.dist = distribution{kind: spread} // copies of a row with keys set to NULL belong elsewhere
	}
	for _, k := range g.inner {
		out.cols = append(out.cols, k.Expr.(*expr.Column))
	}
	out.cols = append(out.cols, cols...)
	for s := range g.n.Sets {
		node.Projections = append(node.Projections, append(g.row(s, keys), carried...))
	}
	node.Cols = schema(out.cols)
	return out
}

// expand repeats the rows of in, with the columns the aggregates read.
func (l *lowerer) expand(g *grouping, in *plan, aggs []logical.Named) (*plan, error) {
	var used expr.ColSet
	for _, a := range aggs {
		used.UsedColumns(a.Expr)
	}
	var carried, keys []expr.Expr
	var cols []*expr.Column
	for i, c := range in.cols {
		if used.Has(c.ID) {
			carried, cols = append(carried, in.ref(i)), append(cols, c)
		}
	}
	for _, k := range g.n.Keys {
		e, err := in.refs(k.Expr)
		if err != nil {
			return nil, err
		}
		keys = append(keys, e)
	}
	return l.repeat(g, in, keys, carried, cols), nil
}

// hiddenColumn is the first of the identities, going down, of columns that
// only lowering knows; real ones start at 1.
const hiddenColumn expr.ColID = -1

// groupingID has a bit for each of the keys not in set, the last key lowest.
func groupingID(keys int, set []int) int64 {
	id := int64(1)<<keys - 1
	for _, k := range set {
		id &^= 1 << (keys - 1 - k)
	}
	return id
}
