package bind

import (
	"strings"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// site is a place where expressions stand: what names mean there and which
// kinds of call are allowed.
type site struct {
	sc *scope
	// clause names the place in messages: "WHERE", "select list" ….
	clause string
	// block is the query block whose select list is within sight, for aliases; may be nil.
	block *block
	order nameOrder
	// agg and window allow such calls; inAgg and inWindow say that the place is inside one.
	agg, window     bool
	inAgg, inWindow bool
	lambda          *lambdaScope
	// usedAlias is set when a name meant an alias of the select list.
	usedAlias bool
}

// nameOrder is where a name is looked for first.
type nameOrder uint8

const (
	inputOnly   nameOrder = iota // WHERE, ON, GROUP BY ordinals
	inputFirst                   // select list (aliases to the left), GROUP BY, QUALIFY
	outputFirst                  // ORDER BY
	keyFirst                     // HAVING: grouping columns, then aliases, then input
)

// within is a copy of s for arguments of a call.
func (s *site) within(f func(*site)) *site {
	c := *s
	f(&c)
	return &c
}

// lambdaScope is the parameters of a lambda and of those around it.
type lambdaScope struct {
	parent *lambdaScope
	vars   []expr.LambdaVar
}

func (b *binder) lambdaVar(l *lambdaScope, name string) *expr.LambdaVar {
	for ; l != nil; l = l.parent {
		for i := range l.vars {
			if b.same(l.vars[i].Name, name) {
				return &l.vars[i]
			}
		}
	}
	return nil
}

// implicit is e converted to t; e itself if it has that type already.
func (b *binder) implicit(e expr.Expr, t types.Type) expr.Expr {
	from := e.Type()
	if from.SameShape(t) {
		return e
	}
	b.learn(e, t)
	if l, ok := e.(*expr.Literal); ok {
		if v, ok := widened(l, t); ok {
			return &expr.Literal{Value: v, T: t}
		}
	}
	return &expr.Cast{Arg: e, To: t, Mode: b.castMode(), Pos: b.here(), Implicit: true}
}

func (b *binder) castMode() expr.CastMode {
	if b.ansi {
		return expr.CastANSI
	}
	return expr.CastLegacy
}

// castable reports whether an implicit cast can be written.
func (b *binder) castable(from, to types.Type) bool { return cast.Allowed(from, to, b.castMode()) }

// widened converts a literal where that is trivial and cannot fail: NULL to
// any type, integers to wider ones, to decimals and to floating point.
func widened(l *expr.Literal, t types.Type) (types.Datum, bool) {
	if l.Value == nil {
		return nil, true
	}
	v, ok := l.Value.(int64)
	if !ok || !l.T.Kind.IsInteger() {
		return nil, false
	}
	switch {
	case t.Kind.IsInteger() && t.Kind >= l.T.Kind:
		return v, true
	case t.Kind == types.Decimal && t.S == 0 && types.Int128From(v).Fits(int(t.P)):
		return types.Int128From(v), true
	case t.Kind == types.Float64 && v > -1<<53 && v < 1<<53:
		return float64(v), true
	}
	return nil, false
}

// constant folds e, which stands for what, to a literal.
func (b *binder) constant(e expr.Expr, pos int, what string) (*expr.Literal, error) {
	if l := b.standIn(e, types.StringType); l != nil {
		return l, nil
	}
	if l, ok := e.(*expr.Literal); ok {
		return l, nil
	}
	if !b.foldable(e) {
		return nil, sqlerr.New(sqlerr.NonFoldable, "The %s must be a constant expression, but is not.", what).At(pos)
	}
	v, err := b.evaluate(e)
	if err != nil {
		return nil, sqlerr.At(err, pos)
	}
	return &expr.Literal{Value: v, T: e.Type()}, nil
}

// foldable reports whether e depends on nothing but constants and the start of
// the query.
func (b *binder) foldable(e expr.Expr) bool {
	ok := true
	walk(e, func(e expr.Expr) bool {
		switch e := e.(type) {
		case *expr.Column, *expr.Param, *expr.Agg, *expr.WindowCall, *expr.ScalarSubquery, *expr.Exists, *expr.InSubquery:
			ok = false
		case *expr.Call:
			if b.volatile(e) {
				ok = false
			}
		}
		return ok
	})
	return ok
}

// argument is the value of an argument of constants, nil for others.
func (b *binder) argument(e expr.Expr) (*expr.Literal, error) {
	if _, lambda := e.(*expr.Lambda); lambda || !b.foldable(e) || hasFree(e) {
		return nil, nil
	}
	v, err := b.evaluate(e)
	if err != nil {
		return nil, err
	}
	return &expr.Literal{Value: v, T: e.Type()}, nil
}

// hasFree reports whether e uses a parameter of a lambda that it stands in.
func hasFree(e expr.Expr) bool {
	bound := map[int32]bool{}
	free := false
	walk(e, func(e expr.Expr) bool {
		switch e := e.(type) {
		case *expr.Lambda:
			for _, p := range e.Params {
				bound[p.ID] = true
			}
		case *expr.LambdaVar:
			free = free || !bound[e.ID]
		}
		return !free
	})
	return free
}

func lower(s string) string { return strings.ToLower(s) }

// evaluate computes an expression without columns.
func (b *binder) evaluate(e expr.Expr) (types.Datum, error) {
	l, err := eval.Fold(b.ctx, b.env.Functions, b.env.Context, e)
	if err != nil {
		return nil, err
	}
	return l.Value, nil
}
