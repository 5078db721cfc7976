package optimize

import (
	"math/bits"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/estimate"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// OrderJoins chooses the order of inner joins, and where among them semi,
// anti, mark, single and left joins happen: by dynamic programming over
// connected sets of relations up to dpLimit of them, greedily above.
// Products of unconnected relations come last.
var OrderJoins = OnPlan("OrderJoins", func(q *Query, root logical.Node) logical.Node {
	return orderJoins(q, root)
})

const (
	dpLimit    = 10
	groupLimit = 64 // relations of one group; larger ones keep their order
)

func orderJoins(q *Query, n logical.Node) logical.Node {
	j, ok := n.(*logical.Join)
	if !ok || !groups(j) {
		return tree.MapChildren(n, func(c logical.Node) logical.Node { return orderJoins(q, c) })
	}
	g := &joinGraph{q: q}
	g.flatten(n)
	if len(g.rels) > groupLimit || len(g.rels) < 2 {
		return shallow(q, j)
	}
	for i := range g.rels {
		g.rels[i].node = orderJoins(q, g.rels[i].node)
	}
	g.prepare()
	best := g.dynamic()
	if best == nil {
		best = g.greedy()
	}
	return withColumns(g.build(best), n.Columns())
}

// shallow orders below a group that is too large itself, one level of joins at a time without flattening.
func shallow(q *Query, j *logical.Join) logical.Node {
	c := *j
	for _, side := range []*logical.Node{&c.Left, &c.Right} {
		if k, ok := (*side).(*logical.Join); ok && groups(k) {
			*side = shallow(q, k)
		} else {
			*side = orderJoins(q, *side)
		}
	}
	return &c
}

// groups reports whether a join can be part of a group that is ordered as a whole.
func groups(j *logical.Join) bool {
	return j.Hint == "" && j.Kind != logical.Full && j.Kind != logical.Right
}

// relation is a member of a join group. With dep it is the right side of that
// join, which must come after the relations in needs.
type relation struct {
	node  logical.Node
	cols  expr.ColSet
	dep   *logical.Join
	needs uint64
	est   *estimate.Relation
}

// condition is an inner join condition that is no equality of two columns.
type condition struct {
	e    expr.Expr
	mask uint64
}

// member is a column of an equivalence class and the relation that has it.
type member struct {
	rel int
	col *expr.Column
}

type joinGraph struct {
	q       *Query
	rels    []relation
	conds   []expr.Expr
	classes [][]member
	preds   []condition
	near    []uint64 // for each relation, those it shares a class or a two-sided condition with
	none    []expr.Expr
}

func (g *joinGraph) flatten(n logical.Node) {
	switch x := n.(type) {
	case *logical.Join:
		if !groups(x) {
			break
		}
		g.flatten(x.Left)
		if x.Kind == logical.Inner || x.Kind == logical.Cross {
			g.flatten(x.Right)
			g.conds = append(g.conds, expr.Conjuncts(x.Cond)...)
			return
		}
		r := relation{node: x.Right, dep: x, cols: output(x.Right)}
		if x.MarkCol != nil {
			r.cols = expr.NewColSet(x.MarkCol.ID)
		}
		used := expr.Used(x.Cond)
		for i := range g.rels {
			if g.rels[i].shows().Intersects(used) {
				r.needs |= 1 << i
			}
		}
		g.rels = append(g.rels, r)
		return
	case *logical.Filter:
		if _, ok := x.Input.(*logical.Join); ok && !g.q.volatile(x.Pred) {
			g.flatten(x.Input)
			g.conds = append(g.conds, expr.Conjuncts(x.Pred)...)
			return
		}
	case *logical.Project:
		if _, ok := x.Input.(*logical.Join); ok && onlyPasses(x) {
			g.flatten(x.Input)
			return
		}
	}
	g.rels = append(g.rels, relation{node: n, cols: output(n)})
}

// shows are the columns of a relation that the rest of the group can see.
func (r *relation) shows() expr.ColSet {
	if r.dep != nil && (r.dep.Kind == logical.Semi || r.dep.Kind == logical.Anti) {
		return expr.ColSet{}
	}
	return r.cols
}

func onlyPasses(p *logical.Project) bool {
	for _, x := range p.Exprs {
		if c, ok := x.Expr.(*expr.Column); !ok || c.ID != x.Col.ID {
			return false
		}
	}
	return true
}

// prepare sorts conditions into classes and predicates, and estimates the relations.
func (g *joinGraph) prepare() {
	owner := map[expr.ColID]int{}
	for i := range g.rels {
		for _, id := range g.rels[i].shows().IDs() {
			owner[id] = i
		}
	}
	var equal []expr.Expr
	for _, c := range g.conds {
		if g.isEquality(c, owner) {
			equal = append(equal, c)
			continue
		}
		var mask uint64
		for _, id := range expr.Used(c).IDs() {
			if i, ok := owner[id]; ok {
				mask |= 1 << i
			}
		}
		if mask == 0 {
			g.none = append(g.none, c)
			continue
		}
		if bits.OnesCount64(mask) == 1 {
			if i := bits.TrailingZeros64(mask); g.rels[i].dep == nil {
				g.rels[i].node = filter(g.rels[i].node, c)
				continue
			}
		}
		g.preds = append(g.preds, condition{c, mask})
	}
	g.makeClasses(equal, owner)
	g.near = make([]uint64, len(g.rels))
	connect := func(mask uint64) {
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			g.near[i] |= mask &^ (1 << i)
		}
	}
	for _, c := range g.classes {
		var mask uint64
		for _, m := range c {
			mask |= 1 << m.rel
		}
		connect(mask)
	}
	for _, p := range g.preds {
		if bits.OnesCount64(p.mask) == 2 {
			connect(p.mask)
		}
	}
	var used expr.ColSet
	for _, c := range g.conds {
		used.UsedColumns(c)
	}
	for i := range g.rels {
		if d := g.rels[i].dep; d != nil {
			used.UsedColumns(d.Cond)
		}
	}
	for i := range g.rels {
		g.rels[i].est = narrowed(g.q.est.Relation(g.rels[i].node), used)
	}
}

// narrowed leaves out columns no condition is about: estimates are made for every set of relations.
func narrowed(r *estimate.Relation, used expr.ColSet) *estimate.Relation {
	out := &estimate.Relation{Rows: r.Rows, Base: r.Base, Cols: map[expr.ColID]estimate.Column{}, Domain: map[expr.ColID]float64{}}
	for _, id := range used.IDs() {
		if c, ok := r.Cols[id]; ok {
			out.Cols[id] = c
		}
		if d, ok := r.Domain[id]; ok {
			out.Domain[id] = d
		}
	}
	return out
}

// isEquality reports whether c equates columns of two relations that are not outer joined in.
func (g *joinGraph) isEquality(e expr.Expr, owner map[expr.ColID]int) bool {
	c, ok := e.(*expr.Compare)
	if !ok || c.Op != expr.Eq {
		return false
	}
	l, ok1 := c.Left.(*expr.Column)
	r, ok2 := c.Right.(*expr.Column)
	if !ok1 || !ok2 || !l.T.Equal(r.T) {
		return false
	}
	i, ok1 := owner[l.ID]
	j, ok2 := owner[r.ID]
	return ok1 && ok2 && i != j && g.rels[i].dep == nil && g.rels[j].dep == nil
}

// makeClasses groups columns that are equal. A relation with two columns in
// one class gets their equality as a filter, so that joins may use either.
func (g *joinGraph) makeClasses(equal []expr.Expr, owner map[expr.ColID]int) {
	eq := equalColumns(equal)
	byRoot := map[expr.ColID]int{}
	for _, id := range eq.order {
		root := eq.root(id)
		k, ok := byRoot[root]
		if !ok {
			k = len(g.classes)
			byRoot[root] = k
			g.classes = append(g.classes, nil)
		}
		m := member{owner[id], eq.cols[id]}
		for _, o := range g.classes[k] {
			if o.rel == m.rel {
				g.rels[m.rel].node = filter(g.rels[m.rel].node, &expr.Compare{Op: expr.Eq, Left: o.col, Right: m.col})
			}
		}
		g.classes[k] = append(g.classes[k], m)
	}
}

// joined is a way to join a set of relations.
type joined struct {
	set         uint64
	cost        float64
	est         *estimate.Relation
	left, right *joined // nil: the one relation of set
}

// leaf is the joined of a single relation.
func (g *joinGraph) leaf(i int) *joined { return &joined{set: 1 << i, est: g.rels[i].est} }

// lone returns the number of a dependent relation that stands alone, or -1.
func (g *joinGraph) lone(j *joined) int {
	if j.left == nil {
		if i := bits.TrailingZeros64(j.set); g.rels[i].dep != nil {
			return i
		}
	}
	return -1
}

// joinable reports whether a and b may be joined with b on the right, and
// whether something connects them.
func (g *joinGraph) joinable(a, b *joined) (ok, connected bool) {
	if g.lone(a) >= 0 {
		return false, false
	}
	if i := g.lone(b); i >= 0 {
		return g.rels[i].needs&^a.set == 0, true
	}
	var near uint64
	for m := a.set; m != 0; m &= m - 1 {
		near |= g.near[bits.TrailingZeros64(m)]
	}
	if near&b.set != 0 {
		return true, true
	}
	for _, p := range g.preds {
		if p.mask&^(a.set|b.set) == 0 && p.mask&a.set != 0 && p.mask&b.set != 0 {
			return true, true
		}
	}
	return true, false
}

// join makes a joined of a and b; est is known if another way to join the set was seen.
func (g *joinGraph) join(a, b *joined, est *estimate.Relation) *joined {
	j := &joined{set: a.set | b.set, left: a, right: b}
	keys, rest, kind := g.between(a, b)
	if est == nil {
		est = estimate.Join(a.est, b.est, kind, keys, rest)
	}
	j.est = est
	small, large := a.est.Rows, b.est.Rows
	if small > large {
		small, large = large, small
	}
	own := 2*small + large + est.Rows
	if len(keys) == 0 && small > 1 { // compares every pair
		own = small*large + est.Rows
	}
	j.cost = a.cost + b.cost + own
	return j
}

// between lists what holds between a and b.
func (g *joinGraph) between(a, b *joined) (keys []estimate.Key, rest []expr.Expr, kind logical.JoinKind) {
	if i := g.lone(b); i >= 0 {
		d := g.rels[i].dep
		keys, rest = estimate.Keys(d.Cond, func(id expr.ColID) bool { return !g.rels[i].cols.Has(id) }, g.rightOf(i))
		return keys, append(rest, g.newPreds(a.set, b.set)...), d.Kind
	}
	for _, c := range g.crossing(a.set, b.set) {
		keys = append(keys, estimate.Key{Left: c[0].col, Right: c[1].col})
	}
	for _, p := range g.newPreds(a.set, b.set) {
		k, r := estimate.Keys(p, g.has(a.set), g.has(b.set))
		keys, rest = append(keys, k...), append(rest, r...)
	}
	return keys, rest, logical.Inner
}

func (g *joinGraph) has(set uint64) func(expr.ColID) bool {
	return func(id expr.ColID) bool {
		for m := set; m != 0; m &= m - 1 {
			if g.rels[bits.TrailingZeros64(m)].cols.Has(id) {
				return true
			}
		}
		return false
	}
}

// rightOf tells the columns of a dependent relation's own plan, which for Mark joins are not those it shows.
func (g *joinGraph) rightOf(i int) func(expr.ColID) bool {
	return func(id expr.ColID) bool { _, ok := g.rels[i].est.Cols[id]; return ok }
}

// crossing picks for every class with members on both sides the pair with the fewest values.
func (g *joinGraph) crossing(a, b uint64) [][2]member {
	var out [][2]member
	for _, c := range g.classes {
		var pair [2]member
		var have [2]bool
		for _, m := range c {
			for side, set := range [2]uint64{a, b} {
				if set&(1<<m.rel) == 0 {
					continue
				}
				if !have[side] || g.domain(m) < g.domain(pair[side]) {
					pair[side], have[side] = m, true
				}
			}
		}
		if have[0] && have[1] {
			out = append(out, pair)
		}
	}
	return out
}

func (g *joinGraph) domain(m member) float64 { return g.rels[m.rel].est.DomainOf(m.col.ID) }

// newPreds are the conditions that the union of a and b is the first to have all columns of.
func (g *joinGraph) newPreds(a, b uint64) []expr.Expr {
	var out []expr.Expr
	for _, p := range g.preds {
		if p.mask&^(a|b) == 0 && p.mask&^a != 0 && (p.mask&^b != 0 || g.loneMask(b)) {
			out = append(out, p.e)
		}
	}
	return out
}

// loneMask reports whether a set is one dependent relation, whose conditions nothing has checked yet.
func (g *joinGraph) loneMask(set uint64) bool {
	return bits.OnesCount64(set) == 1 && g.rels[bits.TrailingZeros64(set)].dep != nil
}
