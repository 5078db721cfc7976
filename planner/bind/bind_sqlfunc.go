package bind

import (
	"context"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// fnScope is what the body of an SQL function sees of its call: the
// parameters, bound already where the call stands. frame is the border of the
// body; what is outside it cannot be named.
type fnScope struct {
	name   string
	params []fnParam
	frame  *frame
}

type fnParam struct {
	name  string
	value expr.Expr
}

// parameter finds the parameter parts begin with, p or function.p, and notes
// the columns of its value as used by the subqueries in between.
func (b *binder) parameter(sc *scope, parts []string) (expr.Expr, int) {
	if b.fn == nil {
		return nil, 0
	}
	for n := 1; n <= min(2, len(parts)); n++ {
		if n == 2 && !b.same(parts[0], b.fn.name) {
			break
		}
		for _, p := range b.fn.params {
			if !b.same(p.name, parts[n-1]) {
				continue
			}
			ids := expr.Used(p.value).IDs()
			for fr := sc.frame; fr != nil && fr != b.fn.frame && fr.parent != nil; fr = fr.parent.frame {
				for _, id := range ids {
					fr.use(id)
				}
			}
			return p.value, n
		}
	}
	return nil, 0
}

// inFunction runs body in the world of an SQL function called by e.
func (b *binder) inFunction(s *site, e *ast.Func, f *Function, body func(sc *scope) error) error {
	if err := b.enter(e.Pos()); err != nil {
		return err
	}
	defer b.leave()
	params, err := b.functionArgs(s, e, f)
	if err != nil {
		return err
	}
	b.guarded = b.guarded || f.Guarded
	res, fn := b.res, b.fn
	leave := b.reading(f.Text)
	defer func() {
		leave()
		b.res, b.fn = res, fn
	}()
	if f.Resolver != nil {
		b.res = f.Resolver
	}
	b.fn = &fnScope{name: f.Name, params: params, frame: &frame{}}
	return sqlerr.Within(body(&scope{frame: b.fn.frame}), f.Text)
}

// inlineFunction puts the body of an SQL function in the place of its call.
func (b *binder) inlineFunction(s *site, e *ast.Func, f *Function) (x expr.Expr, err error) {
	err = b.inFunction(s, e, f, func(sc *scope) error {
		inner := &site{sc: sc, clause: "body of " + f.Name, lambda: s.lambda}
		if f.Query != nil {
			x, err = b.scalarSubquery(inner, &ast.Subquery{Query: f.Query})
		} else {
			x, err = b.expr(inner, f.Body)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.Returns != nil {
		if !b.castable(x.Type(), f.Returns.Type) {
			return nil, sqlerr.New(sqlerr.CastWithoutSuggestion, "The body of %s is of type %q, which cannot be cast to %q.", f.Name, x.Type().SQL(), f.Returns.Type.SQL()).At(e.Pos())
		}
		x = b.implicit(x, f.Returns.Type)
	}
	return x, nil
}

// functionArgs binds the arguments of a call of an SQL function: by place, by
// name, or from the defaults.
func (b *binder) functionArgs(s *site, e *ast.Func, f *Function) ([]fnParam, error) {
	out := make([]fnParam, len(f.Params))
	given := make([]ast.Expr, len(f.Params))
	for i, a := range e.Args {
		at := i
		if na, ok := a.(*ast.NamedArg); ok {
			at, a = -1, na.Value
			for j, p := range f.Params {
				if b.same(p.Name.Last(), na.Name) {
					at = j
				}
			}
			if at < 0 {
				return nil, sqlerr.New(sqlerr.UnrecognizedParameter, "Cannot invoke routine `%s` because it has no parameter named `%s`.", f.Name, na.Name).At(na.Pos())
			}
		}
		if at >= len(given) {
			return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `%s` requires %d parameters but the actual number is %d.", f.Name, len(f.Params), len(e.Args)).At(e.Pos())
		}
		given[at] = a
	}
	for i, p := range f.Params {
		from := s
		if given[i] == nil {
			if p.Default == nil {
				return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `%s` requires %d parameters but the actual number is %d.", f.Name, len(f.Params), len(e.Args)).At(e.Pos())
			}
			given[i], from = p.Default, &site{sc: &scope{frame: &frame{}}, clause: "DEFAULT"}
		}
		x, err := b.expr(from, given[i])
		if err != nil {
			return nil, err
		}
		if !b.castable(x.Type(), p.Type.Type) {
			return nil, sqlerr.New(sqlerr.CastWithoutSuggestion, "The argument %s of %s is of type %q, which cannot be cast to %q.", p.Name.Last(), f.Name, x.Type().SQL(), p.Type.Type.SQL()).At(given[i].Pos())
		}
		out[i] = fnParam{name: p.Name.Last(), value: b.implicit(x, p.Type.Type)}
	}
	return out, nil
}

// Check binds the body of an SQL function with parameters of the declared
// types, so that CREATE FUNCTION finds its errors.
func Check(ctx context.Context, env *Env, f *Function) error {
	b := newBinder(ctx, env)
	e := &ast.Func{Name: ast.N(f.Name)}
	for _, p := range f.Params {
		e.Args = append(e.Args, &ast.Cast{X: &ast.Literal{Kind: ast.LitNull}, Type: p.Type})
	}
	s := &site{sc: &scope{frame: &frame{}}, clause: "function"}
	if f.Table {
		_, err := b.sqlTable(&ast.FuncRef{Func: e}, f, s.sc, s.sc.frame)
		return b.places.Locate(err)
	}
	_, err := b.inlineFunction(s, e, f)
	return b.places.Locate(err)
}
