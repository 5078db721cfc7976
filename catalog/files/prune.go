package files

import (
	"cmp"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// A filter over partition columns is decided a partition at a time, before
// any file is opened. Comparisons and logic are interpreted here, which is
// quick and knows what to make of a part that looks at other columns. Anything
// else over partition columns alone, calls of functions say, is evaluated. What
// remains counts as "may pass" and is left to whoever reads the rows.

// judge knows the values of the partition columns of one partition.
type judge struct {
	// value returns the value of input column i and whether it is a partition column.
	value    func(i int) (types.Datum, bool)
	evaluate catalog.Evaluate // nil: there is no evaluator
}

// truth is a three-valued result, or unknown: not decided here.
type truth uint8

const (
	isFalse truth = iota
	isNull
	isTrue
	undecided
)

// mayPass reports whether a row of the partition may pass e.
func (j *judge) mayPass(e expr.Expr) bool {
	t := j.decide(e)
	return t == isTrue || t == undecided
}

func (j *judge) decide(e expr.Expr) truth {
	switch e := e.(type) {
	case *expr.Compare:
		l, ok1 := j.scalar(e.Left)
		r, ok2 := j.scalar(e.Right)
		if ok1 && ok2 {
			return compare(e.Op, l, r, e.Left.Type())
		}
	case *expr.And:
		return j.fold(e.Args, isFalse, isTrue)
	case *expr.Or:
		return j.fold(e.Args, isTrue, isFalse)
	case *expr.Not:
		switch t := j.decide(e.Arg); t {
		case isTrue:
			return isFalse
		case isFalse:
			return isTrue
		default:
			return t
		}
	case *expr.IsNull:
		if v, ok := j.scalar(e.Arg); ok {
			return truthOf(v == nil)
		}
	case *expr.In:
		return j.decideIn(e)
	default:
		v, ok := j.scalar(e)
		if b, isBool := v.(bool); ok && isBool {
			return truthOf(b)
		}
		if ok && v == nil {
			return isNull
		}
	}
	return undecided
}

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// fold combines operands of AND (stop false) or OR (stop true).
func (j *judge) fold(args []expr.Expr, stop, neutral truth) truth {
	out := neutral
	for _, a := range args {
		switch t := j.decide(a); t {
		case stop:
			return stop
		case undecided:
			out = undecided
		case isNull:
			if out == neutral {
				out = isNull
			}
		}
	}
	return out
}

func (j *judge) decideIn(e *expr.In) truth {
	v, ok := j.scalar(e.Arg)
	if !ok {
		return undecided
	}
	out := isFalse
	for _, item := range e.List {
		w, ok := j.scalar(item)
		if !ok {
			return undecided
		}
		switch compare(expr.Eq, v, w, e.Arg.Type()) {
		case isTrue:
			return isTrue
		case isNull:
			out = isNull
		case undecided:
			return undecided
		}
	}
	return out
}

// scalar is the value of an expression that looks at partition columns alone.
func (j *judge) scalar(e expr.Expr) (types.Datum, bool) {
	switch e := e.(type) {
	case *expr.Literal:
		return e.Value, true
	case *expr.Ref:
		return j.value(e.Index)
	case *expr.Cast:
		from, to := e.Arg.Type().Kind, e.To.Kind
		if from == to && to != types.Decimal || from.IsInteger() && to.IsInteger() && from < to {
			return j.scalar(e.Arg)
		}
	}
	if j.evaluate == nil || !refs(e, func(i int) bool { _, ok := j.value(i); return ok }) {
		return nil, false
	}
	return j.evaluate(tree.Map(e, func(x expr.Expr) expr.Expr {
		if r, ok := x.(*expr.Ref); ok {
			v, _ := j.value(r.Index)
			return &expr.Literal{Value: v, T: r.T}
		}
		return x
	}))
}

func compare(op expr.CompareOp, l, r types.Datum, t types.Type) truth {
	if l == nil || r == nil {
		if op == expr.NullSafeEq {
			return truthOf(l == nil && r == nil)
		}
		return isNull
	}
	c, ok := Compare(l, r)
	if !ok {
		return undecided
	}
	switch op {
	case expr.Eq, expr.NullSafeEq:
		return truthOf(c == 0)
	case expr.Ne:
		return truthOf(c != 0)
	case expr.Lt:
		return truthOf(c < 0)
	case expr.Le:
		return truthOf(c <= 0)
	case expr.Gt:
		return truthOf(c > 0)
	case expr.Ge:
		return truthOf(c >= 0)
	}
	return undecided
}

// Compare orders two datums of one flat type that are not NULL: NaN is the
// largest double, strings compare by bytes. ok is false for other types.
func Compare(l, r types.Datum) (c int, ok bool) {
	switch l := l.(type) {
	case bool:
		if r, ok := r.(bool); ok {
			switch {
			case l == r:
				return 0, true
			case r:
				return -1, true
			}
			return 1, true
		}
	case int64:
		if r, ok := r.(int64); ok {
			return cmp.Compare(l, r), true
		}
	case float64:
		if r, ok := r.(float64); ok {
			switch {
			case l != l && r != r:
				return 0, true
			case l != l:
				return 1, true
			case r != r:
				return -1, true
			}
			return cmp.Compare(l, r), true
		}
	case types.Int128:
		if r, ok := r.(types.Int128); ok {
			return l.Cmp(r), true
		}
	case string:
		if r, ok := r.(string); ok {
			return strings.Compare(l, r), true
		}
	}
	return 0, false
}

// refs reports whether e uses only input columns for which f is true.
func refs(e expr.Expr, f func(i int) bool) bool {
	ok := true
	tree.Walk[expr.Expr](e, func(x expr.Expr) bool {
		if r, isRef := x.(*expr.Ref); isRef && !f(r.Index) {
			ok = false
		}
		return ok
	})
	return ok
}
