package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

var joinKinds = [...]physical.JoinKind{
	logical.Inner: physical.Inner, logical.Left: physical.Left, logical.Right: physical.Right,
	logical.Full: physical.Full, logical.Semi: physical.Semi, logical.Anti: physical.Anti,
	logical.Cross: physical.Cross, logical.Mark: physical.Mark, logical.Single: physical.Single,
}

// joinKey is one equality between the sides.
type joinKey struct {
	left, right expr.Expr
	nullSafe    bool
	wrapped     bool // by "<=> TRUE": NULL is FALSE here, whatever the join says
}

func (l *lowerer) join(n *logical.Join, need expr.ColSet) (*plan, error) {
	used := need.Union(expr.Used(n.Cond))
	left, err := l.lower(n.Left, used)
	if err != nil {
		return nil, err
	}
	right, err := l.lower(n.Right, used)
	if err != nil {
		return nil, err
	}
	keys, rest := splitCond(n, left, right)
	if n.Hint == logical.HintLoop && n.Kind == logical.Inner {
		keys, rest = nil, expr.Conjuncts(n.Cond)
	}
	buildLeft := len(keys) > 0 && l.buildLeft(n, left, right)
	dist := distribution{}
	if l.opts.Partitions > 1 {
		if left, right, dist, err = l.place(n, left, right, keys, buildLeft, used); err != nil {
			return nil, err
		}
	}
	emit, cols := emitted(n, left, right, need)
	mark := ""
	if n.MarkCol != nil {
		mark = n.MarkCol.Name
	}
	if len(keys) == 0 {
		node := &physical.LoopJoin{
			Info: l.info(), Left: left.node, Right: right.node, Kind: joinKinds[n.Kind],
			NullAware: n.NullAware, Emit: emit, MarkName: mark, Pos: n.Pos, Hint: n.Hint,
		}
		if node.Cond, err = both(left, right, expr.Conj(rest...)); err != nil {
			return nil, err
		}
		return &plan{node: node, cols: cols, dist: dist}, nil
	}
	node := &physical.HashJoin{
		Info: l.info(), Left: left.node, Right: right.node, Kind: joinKinds[n.Kind], Emit: emit, MarkName: mark, Pos: n.Pos, Hint: n.Hint,
		NullAware: n.NullAware && nullAware(n, keys, rest),
	}
	for _, k := range keys {
		lk, err := left.refs(k.left)
		if err != nil {
			return nil, err
		}
		rk, err := right.refs(k.right)
		if err != nil {
			return nil, err
		}
		node.LeftKeys = append(node.LeftKeys, lk)
		node.RightKeys = append(node.RightKeys, rk)
		node.NullSafe = append(node.NullSafe, k.nullSafe)
	}
	if node.Residual, err = both(left, right, residual(n, rest)); err != nil {
		return nil, err
	}
	node.BuildLeft = buildLeft
	l.publish(n, node, keys)
	return &plan{node: node, cols: cols, dist: dist}, nil
}

// nullAware reports whether a hash join for n must tell NULL from FALSE.
func nullAware(n *logical.Join, keys []joinKey, rest []expr.Expr) bool {
	if len(rest) > 0 {
		return n.Kind == logical.Mark
	}
	return len(keys) == 1 && !keys[0].nullSafe && !keys[0].wrapped
}

// residual is what a hash join checks besides its keys. NOT IN drops a row
// also where the condition is NULL, which as a plain condition reads
// "not false".
func residual(n *logical.Join, rest []expr.Expr) expr.Expr {
	e := expr.Conj(rest...)
	if e != nil && n.Kind == logical.Anti && n.NullAware && e.Nullable() {
		return &expr.Not{Arg: &expr.Compare{Op: expr.NullSafeEq, Left: e, Right: expr.False}}
	}
	return e
}

// splitCond divides the condition into key equalities and the rest. Joins that
// tell NULL from FALSE (NOT IN, marks for IN) may use an equality as key only
// if it cannot be NULL or is wrapped by "<=> TRUE", or if it is the only condition.
func splitCond(n *logical.Join, left, right *plan) (keys []joinKey, rest []expr.Expr) {
	conj := expr.Conjuncts(n.Cond)
	for _, c := range conj {
		inner, wrapped := isTrueTest(c)
		k, ok := equality(inner, left, right)
		if ok && n.NullAware && !wrapped && len(conj) > 1 && !k.nullSafe && c.Nullable() {
			ok = false
		}
		if ok {
			k.wrapped = wrapped
			keys = append(keys, k)
		} else {
			rest = append(rest, c)
		}
	}
	return keys, rest
}

// isTrueTest unwraps "e <=> TRUE".
func isTrueTest(e expr.Expr) (expr.Expr, bool) {
	if c, ok := e.(*expr.Compare); ok && c.Op == expr.NullSafeEq {
		if lit, ok := c.Right.(*expr.Literal); ok && lit.Value == true {
			return c.Left, true
		}
	}
	return e, false
}

// equality reads e as left expression = right expression.
func equality(e expr.Expr, left, right *plan) (joinKey, bool) {
	c, ok := e.(*expr.Compare)
	if !ok || c.Op != expr.Eq && c.Op != expr.NullSafeEq {
		return joinKey{}, false
	}
	a, b := expr.Used(c.Left), expr.Used(c.Right)
	if a.Empty() || b.Empty() {
		return joinKey{}, false
	}
	safe := c.Op == expr.NullSafeEq
	switch {
	case left.hasAll(a) && right.hasAll(b):
		return joinKey{left: c.Left, right: c.Right, nullSafe: safe}, true
	case left.hasAll(b) && right.hasAll(a):
		return joinKey{left: c.Right, right: c.Left, nullSafe: safe}, true
	}
	return joinKey{}, false
}

func (p *plan) hasAll(s expr.ColSet) bool {
	for _, id := range s.IDs() {
		if p.find(id) < 0 {
			return false
		}
	}
	return true
}

// emitted lists the places of Left ++ Right (++ mark) that come out.
func emitted(n *logical.Join, left, right *plan, need expr.ColSet) (emit []int, cols []*expr.Column) {
	add := func(p *plan, base int, null bool) {
		for i, c := range p.cols {
			if !need.Has(c.ID) {
				continue
			}
			if null && !c.Null {
				d := *c
				d.Null = true
				c = &d
			}
			emit = append(emit, base+i)
			cols = append(cols, c)
		}
	}
	k := n.Kind
	add(left, 0, k == logical.Right || k == logical.Full)
	switch k {
	case logical.Semi, logical.Anti:
	case logical.Mark:
		if need.Has(n.MarkCol.ID) {
			emit = append(emit, len(left.cols)+len(right.cols))
			cols = append(cols, n.MarkCol)
		}
	default:
		add(right, len(left.cols), k == logical.Left || k == logical.Full || k == logical.Single)
	}
	return emit, cols
}

// buildLeft decides which side a hash join holds in memory: the one that is
// estimated smaller, the right one if that is not known.
func (l *lowerer) buildLeft(n *logical.Join, left, right *plan) bool {
	if n.Kind == logical.Mark || n.Kind == logical.Single || n.NullAware {
		return false
	}
	if n.Hint == logical.HintBroadcast || n.Hint == logical.HintHash {
		return n.HintLeft
	}
	a, b := left.node.Meta().Est, right.node.Meta().Est
	return a >= 0 && b >= 0 && a < b
}
