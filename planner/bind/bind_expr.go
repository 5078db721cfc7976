package bind

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// expr binds an expression at a site.
func (b *binder) expr(s *site, e ast.Expr) (expr.Expr, error) {
	outer := b.cur
	b.cur = e
	x, err := b.dispatch(s, e)
	b.cur = outer
	if err != nil {
		return nil, over(err, e)
	}
	return x, nil
}

func (b *binder) dispatch(s *site, e ast.Expr) (expr.Expr, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return b.literal(e)
	case *ast.Interval:
		return b.interval(e)
	case *ast.Column:
		return b.column(s, e)
	case *ast.Param:
		return b.param(e)
	case *ast.Unary:
		return b.unary(s, e)
	case *ast.Binary:
		return b.binary(s, e)
	case *ast.Case:
		return b.caseExpr(s, e)
	case *ast.Cast:
		return b.cast(s, e)
	case *ast.Func:
		return b.function(s, e)
	case *ast.Extract:
		return b.callOf(s, e, "extract", ast.Str(e.Field), e.X)
	case *ast.Trim:
		return b.trim(s, e)
	case *ast.Subscript:
		return b.callOf(s, e, "getitem", e.X, e.Index)
	case *ast.FieldAccess:
		x, err := b.expr(s, e.X)
		if err != nil {
			return nil, err
		}
		return b.path(x, []string{e.Field}, e.Pos())
	case *ast.Row:
		return b.row(s, e)
	case *ast.Subquery:
		return b.scalarSubquery(s, e)
	case *ast.Exists:
		return b.exists(s, e)
	case *ast.InQuery:
		return b.inQuery(s, e)
	case *ast.Star:
		return nil, sqlerr.New(sqlerr.InvalidStar, "Invalid usage of '*' in %s.", s.clause)
	case *ast.Lambda:
		return nil, sqlerr.New(sqlerr.InvalidLambdaCall, "A lambda function should only be used in a higher order function.")
	case *ast.NamedArg:
		return nil, sqlerr.New(sqlerr.NamedParamsUnsupported, "Named argument %s stands outside the arguments of a function.", e.Name)
	case *ast.TableArg:
		return nil, sqlerr.New(sqlerr.Unsupported, "A table argument stands where a table function does not take one.")
	}
	return b.predicate(s, e)
}

// predicate binds the tests: IS NULL, IN, LIKE, BETWEEN.
func (b *binder) predicate(s *site, e ast.Expr) (expr.Expr, error) {
	switch e := e.(type) {
	case *ast.IsNull:
		x, err := b.expr(s, e.X)
		if err != nil {
			return nil, err
		}
		if e.Unknown {
			if x, err = b.boolean(x, e.X.Pos(), "IS UNKNOWN"); err != nil {
				return nil, err
			}
		}
		return negateIf(e.Not, &expr.IsNull{Arg: x}), nil
	case *ast.Between:
		return b.between(s, e)
	case *ast.In:
		return b.in(s, e)
	case *ast.LikeExpr:
		args := []ast.Expr{e.X, e.Pattern}
		if e.Escape != "" {
			args = append(args, ast.Str(e.Escape))
		}
		return b.callOf(s, e, likeFunction[e.Kind], args...)
	case *ast.LikeMany:
		return b.likeMany(s, e)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "The binder does not know %T.", e)
}

var likeFunction = [...]string{ast.Like: "like", ast.ILike: "ilike", ast.RLike: "rlike"}

func negateIf(not bool, e expr.Expr) expr.Expr {
	if not {
		return &expr.Not{Arg: e}
	}
	return e
}

// exprs binds a list.
func (b *binder) exprs(s *site, es []ast.Expr) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		x, err := b.expr(s, e)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

// callOf binds arguments and calls a scalar function for the node n.
func (b *binder) callOf(s *site, n ast.Node, name string, args ...ast.Expr) (expr.Expr, error) {
	xs, err := b.exprs(s, args)
	if err != nil {
		return nil, err
	}
	return b.call(name, xs, n.Pos())
}

// condition binds a boolean expression: the predicate of a clause.
func (b *binder) condition(s *site, e ast.Expr) (expr.Expr, error) {
	x, err := b.expr(s, e)
	if err != nil {
		return nil, err
	}
	if x.Type().Kind == types.Null || x.Type().Kind == types.String && s.clause != "ON" {
		return b.implicit(x, types.BoolType), nil
	}
	if x.Type().Kind != types.Bool {
		cond := sqlerr.FilterNotBoolean
		if s.clause == "ON" {
			cond = sqlerr.JoinConditionNotBoolean
		}
		return nil, sqlerr.New(cond, "The condition of %s must be of type \"BOOLEAN\", but %s is of type %q.", s.clause, ast.ColumnName(e, nil), x.Type().SQL()).At(e.Pos())
	}
	return x, nil
}

// boolean converts an operand of AND, OR, NOT.
func (b *binder) boolean(x expr.Expr, pos int, op string) (expr.Expr, error) {
	switch x.Type().Kind {
	case types.Bool:
		return x, nil
	case types.Null, types.String:
		return b.implicit(x, types.BoolType), nil
	}
	return nil, sqlerr.New(sqlerr.BinaryOpWrongType, "Cannot resolve %s: it requires the \"BOOLEAN\" type, not %q.", op, x.Type().SQL()).At(pos)
}
