package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// place brings the rows of a join's sides together: by sending the build side
// to every task if it is small (or the join demands it), else by hashing both
// sides, of which one may be hashed that way already.
func (l *lowerer) place(n *logical.Join, left, right *plan, keys []joinKey, buildLeft bool, used expr.ColSet) (*plan, *plan, distribution, error) {
	if left.dist.kind == single && right.dist.kind == single {
		return left, right, distribution{}, nil
	}
	keepsRight := n.Kind == logical.Right || n.Kind == logical.Full // unmatched right rows come out, once
	keepsLeft := n.Kind != logical.Inner && n.Kind != logical.Cross && n.Kind != logical.Right
	switch {
	case len(keys) == 0 && keepsRight:
		return l.gather(left, nil), l.gather(right, nil), distribution{}, nil
	case len(keys) == 0 || n.NullAware, !buildLeft && !keepsRight && l.small(n.Right, used, n, false):
		if left.dist.kind == single {
			return left, l.gather(right, nil), distribution{}, nil
		}
		return left, l.broadcast(right), left.dist, nil
	case buildLeft && !keepsLeft && l.small(n.Left, used, n, true):
		if right.dist.kind == single {
			return l.gather(left, nil), right, distribution{}, nil
		}
		return l.broadcast(left), right, right.dist, nil
	}
	return l.hashBoth(n, left, right, keys)
}

// small reports whether a side may be sent to every task.
func (l *lowerer) small(side logical.Node, used expr.ColSet, n *logical.Join, isLeft bool) bool {
	switch n.Hint {
	case logical.HintBroadcast:
		if n.HintLeft == isLeft {
			return true
		}
	case logical.HintMerge, logical.HintHash:
		return false
	}
	limit := l.opts.BroadcastThreshold
	return limit >= 0 && l.est.Bytes(side, used) <= float64(limit)
}

// hashBoth hashes the sides by the keys, or one side the way the other is.
func (l *lowerer) hashBoth(n *logical.Join, left, right *plan, keys []joinKey) (*plan, *plan, distribution, error) {
	lk, rk := make([]expr.Expr, len(keys)), make([]expr.Expr, len(keys))
	for i, k := range keys {
		lk[i], rk[i] = k.left, k.right
	}
	order, byLeft := matching(left.dist, lk), true
	if order == nil {
		order, byLeft = matching(right.dist, rk), false
	}
	var err error
	if order == nil {
		if left, err = l.hashBy(left, lk); err != nil {
			return nil, nil, distribution{}, err
		}
		right, err = l.hashBy(right, rk)
	} else {
		l2, r2 := make([]expr.Expr, len(order)), make([]expr.Expr, len(order))
		for i, k := range order {
			l2[i], r2[i] = lk[k], rk[k]
		}
		lk, rk = l2, r2
		switch {
		case byLeft && !sameOrder(matching(right.dist, rk), len(order)):
			right, err = l.hashBy(right, rk)
		case !byLeft:
			left, err = l.hashBy(left, lk)
		}
	}
	if err != nil {
		return nil, nil, distribution{}, err
	}
	return left, right, joinedDist(n.Kind, columnIDs(lk), columnIDs(rk)), nil
}

func (l *lowerer) hashBy(p *plan, keys []expr.Expr) (*plan, error) {
	refs := make([]expr.Expr, len(keys))
	for i, k := range keys {
		var err error
		if refs[i], err = p.refs(k); err != nil {
			return nil, err
		}
	}
	return l.hash(p, refs, columnIDs(keys)), nil
}

// matching tells which key each column of a hash distribution is; nil if one is none.
func matching(d distribution, keys []expr.Expr) []int {
	if d.kind != hashed {
		return nil
	}
	ids := columnIDs(keys)
	order := make([]int, 0, len(d.hashed))
	for _, s := range d.hashed {
		found := -1
		for i, id := range ids {
			if id > 0 && s.Has(id) {
				found = i
			}
		}
		if found < 0 {
			return nil
		}
		order = append(order, found)
	}
	return order
}

// sameOrder reports whether a distribution is by all of n keys in their order.
func sameOrder(order []int, n int) bool {
	if len(order) != n {
		return false
	}
	for i, k := range order {
		if i != k {
			return false
		}
	}
	return true
}

// joinedDist is how the result of a join lies whose sides are hashed by equal keys.
func joinedDist(k logical.JoinKind, left, right []expr.ColID) distribution {
	if k == logical.Full {
		return distribution{kind: spread} // either side's keys may be fill
	}
	d := distribution{kind: hashed}
	for i := range left {
		var s expr.ColSet
		if left[i] > 0 && k != logical.Right {
			s.Add(left[i])
		}
		if right[i] > 0 && (k == logical.Right || k == logical.Inner || k == logical.Cross) {
			s.Add(right[i])
		}
		d.hashed = append(d.hashed, s)
	}
	return d
}
