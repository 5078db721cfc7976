package files

import (
	"cmp"
	"strings"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// A filter over partition columns is decided a partition at a time, before
// any file is opened. The forms below are interpreted; anything else (function
// calls, say) counts as "may pass" and is left to whoever reads the rows.

// truth is a three-valued result, or unknown: not decided here.
type truth uint8

const (
	isFalse truth = iota
	isNull
	isTrue
	undecided
)

// mayPass reports whether a row with these column values may pass e. value
// returns the value of input column i and whether it is a partition column.
func mayPass(e expr.Expr, value func(i int) (types.Datum, bool)) bool {
	t := decide(e, value)
	return t == isTrue || t == undecided
}

func decide(e expr.Expr, value func(int) (types.Datum, bool)) truth {
	switch e := e.(type) {
	case *expr.Literal, *expr.Ref:
		v, ok := scalar(e, value)
		if b, isBool := v.(bool); ok && isBool {
			return truthOf(b)
		}
		if ok && v == nil {
			return isNull
		}
	case *expr.Compare:
		l, ok1 := scalar(e.Left, value)
		r, ok2 := scalar(e.Right, value)
		if ok1 && ok2 {
			return compare(e.Op, l, r, e.Left.Type())
		}
	case *expr.And:
		return fold(e.Args, value, isFalse, isTrue)
	case *expr.Or:
		return fold(e.Args, value, isTrue, isFalse)
	case *expr.Not:
		switch t := decide(e.Arg, value); t {
		case isTrue:
			return isFalse
		case isFalse:
			return isTrue
		default:
			return t
		}
	case *expr.IsNull:
		if v, ok := scalar(e.Arg, value); ok {
			return truthOf(v == nil)
		}
	case *expr.In:
		return decideIn(e, value)
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
func fold(args []expr.Expr, value func(int) (types.Datum, bool), stop, neutral truth) truth {
	out := neutral
	for _, a := range args {
		switch t := decide(a, value); t {
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

func decideIn(e *expr.In, value func(int) (types.Datum, bool)) truth {
	v, ok := scalar(e.Arg, value)
	if !ok {
		return undecided
	}
	out := isFalse
	for _, item := range e.List {
		w, ok := scalar(item, value)
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

// scalar is the value of a literal, a partition column, or an integer widening of one.
func scalar(e expr.Expr, value func(int) (types.Datum, bool)) (types.Datum, bool) {
	switch e := e.(type) {
	case *expr.Literal:
		return e.Value, true
	case *expr.Ref:
		return value(e.Index)
	case *expr.Cast:
		from, to := e.Arg.Type().Kind, e.To.Kind
		if from == to && to != types.Decimal || from.IsInteger() && to.IsInteger() && from < to {
			return scalar(e.Arg, value)
		}
	}
	return nil, false
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
