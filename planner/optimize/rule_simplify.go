package optimize

import (
	"slices"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// FoldConstants replaces an expression without columns by its value. What
// fails stays, and fails where and if it is evaluated.
var FoldConstants = OnExpr("FoldConstants", func(q *Query, e expr.Expr) expr.Expr {
	if q.opts.Fold == nil || !constant(e) || q.volatile(e) || q.failing[e] {
		return nil
	}
	lit, err := q.opts.Fold(e)
	if err != nil || lit == nil {
		q.failing[e] = true
		return nil
	}
	return lit
})

// constant reports whether e is worth folding: an operation on nothing but literals.
func constant(e expr.Expr) bool {
	switch e.(type) {
	case *expr.Compare, *expr.IsNull, *expr.In, *expr.Cast, *expr.Case, *expr.Call, *expr.Not, *expr.And, *expr.Or:
	default:
		return false
	}
	for _, c := range tree.Children(e) {
		if _, ok := c.(*expr.Literal); !ok {
			return false
		}
	}
	return true
}

// SimplifyAnd flattens ANDs and leaves out TRUE and repeated conditions. A
// FALSE among them decides, whatever the others are.
var SimplifyAnd = OnExpr("SimplifyAnd", func(q *Query, e *expr.And) expr.Expr {
	var out []expr.Expr
	changed := false
	for _, a := range e.Args {
		if n, ok := a.(*expr.And); ok {
			out = append(out, n.Args...)
			changed = true
			continue
		}
		out = append(out, a)
	}
	kept := out[:0:0]
	var seen exprSet
	for _, a := range out {
		lit, ok := a.(*expr.Literal)
		switch {
		case ok && lit.Value == false:
			return expr.False
		case ok && lit.Value == true, !seen.add(a) && !q.volatile(a):
			changed = true
		default:
			kept = append(kept, a)
		}
	}
	if !changed {
		return nil
	}
	if len(kept) == 0 {
		return expr.True
	}
	return expr.Conj(kept...)
})

// SimplifyOr is SimplifyAnd for OR, and makes a list of equalities with one
// expression an IN.
var SimplifyOr = OnExpr("SimplifyOr", func(q *Query, e *expr.Or) expr.Expr {
	var flat []expr.Expr
	changed := false
	for _, a := range e.Args {
		if n, ok := a.(*expr.Or); ok {
			flat = append(flat, n.Args...)
			changed = true
			continue
		}
		flat = append(flat, a)
	}
	kept := flat[:0:0]
	var seen exprSet
	for _, a := range flat {
		lit, ok := a.(*expr.Literal)
		switch {
		case ok && lit.Value == true:
			return expr.True
		case ok && lit.Value == false, !seen.add(a) && !q.volatile(a):
			changed = true
		default:
			kept = append(kept, a)
		}
	}
	if merged := mergeEqualities(q, kept); len(merged) < len(kept) {
		kept, changed = merged, true
	}
	switch {
	case !changed:
		return nil
	case len(kept) == 0:
		return expr.False
	case len(kept) == 1:
		return kept[0]
	}
	return &expr.Or{Args: kept}
})

// mergeEqualities puts "x = 1", "x IN (2, 3)" … of an OR into one IN at the place of the first.
func mergeEqualities(q *Query, args []expr.Expr) []expr.Expr {
	var out []expr.Expr
	lists := map[uint64][]*valueList{}
	for _, a := range args {
		x, items := equalities(a)
		if x == nil || q.volatile(x) {
			out = append(out, a)
			continue
		}
		h := tree.Hash(x)
		i := slices.IndexFunc(lists[h], func(l *valueList) bool { return tree.Equal(l.x, x) })
		if i < 0 {
			lists[h] = append(lists[h], &valueList{x: x, at: len(out), items: slices.Clone(items), seen: setOf(items)})
			out = append(out, a)
			continue
		}
		l := lists[h][i]
		for _, it := range items {
			if l.seen.add(it) {
				l.items = append(l.items, it)
			}
		}
		out[l.at] = &expr.In{Arg: x, List: l.items}
	}
	return out
}

// valueList is what one expression is compared with in the branches of an OR.
type valueList struct {
	x     expr.Expr
	at    int // place of the first of the branches
	items []expr.Expr
	seen  *exprSet
}

// equalities reads "x = literal" and "x IN (literals)"; x is nil for anything else.
func equalities(e expr.Expr) (x expr.Expr, items []expr.Expr) {
	switch e := e.(type) {
	case *expr.Compare:
		if _, ok := e.Right.(*expr.Literal); ok && e.Op == expr.Eq {
			if _, ok := e.Left.(*expr.Literal); !ok {
				return e.Left, []expr.Expr{e.Right}
			}
		}
	case *expr.In:
		for _, i := range e.List {
			if _, ok := i.(*expr.Literal); !ok {
				return nil, nil
			}
		}
		return e.Arg, e.List
	}
	return nil, nil
}

// FactorOr takes the conditions that all branches of an OR have in common out
// of it: (a AND b) OR (a AND c) is a AND (b OR c).
var FactorOr = OnExpr("FactorOr", func(q *Query, e *expr.Or) expr.Expr {
	var common []expr.Expr
	var seen exprSet
	for _, c := range expr.Conjuncts(e.Args[0]) {
		if !q.volatile(c) && seen.add(c) {
			common = append(common, c)
		}
	}
	for _, b := range e.Args[1:] {
		if len(common) == 0 {
			return nil
		}
		conds := setOf(expr.Conjuncts(b))
		common = slices.DeleteFunc(common, func(c expr.Expr) bool { return !conds.has(c) })
	}
	if len(common) == 0 {
		return nil
	}
	out := setOf(common)
	var rest []expr.Expr
	for _, b := range e.Args {
		var left []expr.Expr
		for _, c := range expr.Conjuncts(b) {
			if !out.has(c) {
				left = append(left, c)
			}
		}
		if len(left) == 0 { // a branch that is only the common part absorbs the others
			return expr.Conj(common...)
		}
		rest = append(rest, expr.Conj(left...))
	}
	return expr.Conj(append(common, &expr.Or{Args: rest})...)
})

// SimplifyNot moves negation inwards, where it meets comparisons.
var SimplifyNot = OnExpr("SimplifyNot", func(_ *Query, e *expr.Not) expr.Expr { return negate(e.Arg) })

// negate is the complement of an expression, nil if there is no simpler form than NOT.
func negate(e expr.Expr) expr.Expr {
	switch a := e.(type) {
	case *expr.Not:
		return a.Arg
	case *expr.Literal:
		if b, ok := a.Value.(bool); ok {
			if b {
				return expr.False
			}
			return expr.True
		}
		return expr.NullBool
	case *expr.Compare:
		if op, ok := a.Op.Negate(); ok {
			return &expr.Compare{Op: op, Left: a.Left, Right: a.Right}
		}
	case *expr.And:
		return &expr.Or{Args: negated(a.Args)}
	case *expr.Or:
		return &expr.And{Args: negated(a.Args)}
	}
	return nil
}

func negated(es []expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		out[i] = negate(e)
		if out[i] == nil {
			out[i] = &expr.Not{Arg: e}
		}
	}
	return out
}

// LiteralRight puts the constant of a comparison on the right.
var LiteralRight = OnExpr("LiteralRight", func(_ *Query, e *expr.Compare) expr.Expr {
	_, l := e.Left.(*expr.Literal)
	_, r := e.Right.(*expr.Literal)
	if !l || r {
		return nil
	}
	return &expr.Compare{Op: e.Op.Flip(), Left: e.Right, Right: e.Left}
})

// NullComparison knows that a comparison with NULL is NULL.
var NullComparison = OnExpr("NullComparison", func(_ *Query, e *expr.Compare) expr.Expr {
	if r, ok := e.Right.(*expr.Literal); ok && r.Value == nil && e.Op != expr.NullSafeEq {
		return expr.NullBool
	}
	return nil
})

// IsNullOfNotNull knows that what cannot be NULL is not.
var IsNullOfNotNull = OnExpr("IsNullOfNotNull", func(q *Query, e *expr.IsNull) expr.Expr {
	if _, ok := e.Arg.(*expr.Column); ok && !e.Arg.Nullable() {
		return expr.False
	}
	return nil
})

// SimplifyCase leaves out arms that are never taken and all behind one that
// always is.
var SimplifyCase = OnExpr("SimplifyCase", func(_ *Query, e *expr.Case) expr.Expr {
	var whens []expr.When
	els, changed := e.Else, false
	for _, w := range e.Whens {
		lit, ok := w.Cond.(*expr.Literal)
		if !ok {
			whens = append(whens, w)
			continue
		}
		changed = true
		if lit.Value == true {
			els = w.Then
			break
		}
	}
	switch {
	case !changed:
		return nil
	case len(whens) > 0:
		return &expr.Case{Whens: whens, Else: els, T: e.T}
	case els == nil:
		return expr.NullOf(e.T)
	case !els.Type().Equal(e.T):
		return nil
	}
	return els
})
