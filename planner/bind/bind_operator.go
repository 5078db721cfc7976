package bind

import (
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

func (b *binder) unary(s *site, e *ast.Unary) (expr.Expr, error) {
	x, err := b.expr(s, e.X)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case ast.OpNot:
		if x, err = b.boolean(x, e.X.Pos(), "NOT"); err != nil {
			return nil, err
		}
		return &expr.Not{Arg: x}, nil
	case ast.OpNeg:
		return b.call("negative", []expr.Expr{x}, e.Pos())
	case ast.OpPos:
		return b.call("positive", []expr.Expr{x}, e.Pos())
	}
	return b.call("~", []expr.Expr{x}, e.Pos())
}

var compareOps = map[ast.BinaryOp]expr.CompareOp{
	ast.OpEq: expr.Eq, ast.OpNotEq: expr.Ne, ast.OpLt: expr.Lt, ast.OpLtEq: expr.Le,
	ast.OpGt: expr.Gt, ast.OpGtEq: expr.Ge, ast.OpNullSafeEq: expr.NullSafeEq,
}

func (b *binder) binary(s *site, e *ast.Binary) (expr.Expr, error) {
	switch e.Op {
	case ast.OpAnd, ast.OpOr:
		return b.logic(s, e)
	}
	// Chains such as a + b + c + … lean left and can be long: their spine is a loop.
	var spine []*ast.Binary
	left := ast.Expr(e)
	for {
		bin, ok := left.(*ast.Binary)
		if !ok || bin.Op == ast.OpAnd || bin.Op == ast.OpOr {
			break
		}
		spine = append(spine, bin)
		left = bin.L
	}
	x, err := b.expr(s, left)
	if err != nil {
		return nil, err
	}
	for i := len(spine) - 1; i >= 0; i-- {
		y, err := b.expr(s, spine[i].R)
		if err != nil {
			return nil, err
		}
		b.cur = spine[i]
		if x, err = b.apply(spine[i], x, y); err != nil {
			return nil, over(err, spine[i])
		}
	}
	return x, nil
}

// apply is a binary operator on bound operands.
func (b *binder) apply(e *ast.Binary, x, y expr.Expr) (expr.Expr, error) {
	if e.Op.IsComparison() {
		return b.compare(compareOps[e.Op], x, y, e.Pos())
	}
	return b.call(e.Op.String(), []expr.Expr{x, y}, e.Pos())
}

// logic binds a tree of one of AND and OR to a single node.
func (b *binder) logic(s *site, e *ast.Binary) (expr.Expr, error) {
	var args []expr.Expr
	var flatten func(x ast.Expr) error
	flatten = func(x ast.Expr) error {
		if bin, ok := x.(*ast.Binary); ok && bin.Op == e.Op {
			if err := flatten(bin.L); err != nil {
				return err
			}
			return flatten(bin.R)
		}
		a, err := b.expr(s, x)
		if err != nil {
			return err
		}
		if a, err = b.boolean(a, x.Pos(), e.Op.String()); err != nil {
			return err
		}
		args = append(args, a)
		return nil
	}
	if err := flatten(e); err != nil {
		return nil, err
	}
	if e.Op == ast.OpAnd {
		return &expr.And{Args: args}, nil
	}
	return &expr.Or{Args: args}, nil
}

// compare brings both sides to a common type and compares them.
func (b *binder) compare(op expr.CompareOp, x, y expr.Expr, pos int) (expr.Expr, error) {
	t, ok := b.comparison(x, y)
	if !ok {
		return nil, sqlerr.New(sqlerr.BinaryOpDiffTypes, "Cannot resolve the comparison due to data type mismatch: the left and right operands of %q have incompatible types (%q and %q).",
			op, x.Type().SQL(), y.Type().SQL()).At(pos)
	}
	if !comparable(t, op == expr.Eq || op == expr.NullSafeEq || op == expr.Ne) {
		return nil, sqlerr.New(sqlerr.InvalidOrderingType, "Cannot resolve the comparison due to data type mismatch: %q does not support ordering on type %q.", op, t.SQL()).At(pos)
	}
	return &expr.Compare{Op: op, Left: b.implicit(x, t), Right: b.implicit(y, t)}, nil
}

// comparison is the type in which x and y are compared. A literal may be
// narrower than its type: then a column is compared as it is, without a cast.
func (b *binder) comparison(x, y expr.Expr) (types.Type, bool) {
	return coerce.Comparison(x.Type(), y.Type(), b.ansi)
}

// comparable reports whether values of t can be ordered: all but maps,
// intervals of mixed units and what holds them. (Spark does not compare maps
// for equality either.)
func comparable(t types.Type, equality bool) bool {
	switch t.Kind {
	case types.Map:
		return false
	case types.Interval:
		return equality
	}
	for _, f := range t.Children() {
		if !comparable(f.Type, equality) {
			return false
		}
	}
	return true
}

func (b *binder) between(s *site, e *ast.Between) (expr.Expr, error) {
	xs, err := b.exprs(s, []ast.Expr{e.X, e.Lo, e.Hi})
	if err != nil {
		return nil, err
	}
	lo, err := b.compare(expr.Ge, xs[0], xs[1], e.Pos())
	if err != nil {
		return nil, err
	}
	hi, err := b.compare(expr.Le, xs[0], xs[2], e.Pos())
	if err != nil {
		return nil, err
	}
	return &expr.And{Args: []expr.Expr{lo, hi}}, nil
}

// in binds x IN (list). All of them get one common type; what is no constant
// is compared on its own.
func (b *binder) in(s *site, e *ast.In) (expr.Expr, error) {
	x, err := b.expr(s, e.X)
	if err != nil {
		return nil, err
	}
	t := x.Type()
	items := make([]expr.Expr, len(e.List))
	for i, a := range e.List {
		if items[i], err = b.expr(s, a); err != nil {
			return nil, err
		}
		u := items[i].Type()
		if u.SameShape(t) {
			continue
		}
		var ok bool
		if t, ok = b.listType(t, u); !ok {
			return nil, sqlerr.New(sqlerr.DataDiffTypes, "Cannot resolve \"IN\" due to data type mismatch: input should all be the same type, but it's [%q, %q].",
				x.Type().SQL(), u.SQL()).At(e.Pos())
		}
	}
	if !comparable(t, true) {
		return nil, sqlerr.New(sqlerr.InvalidOrderingType, "Cannot resolve \"IN\" due to data type mismatch: it does not support type %q.", t.SQL()).At(e.Pos())
	}
	return b.inList(b.implicit(x, t), items, t)
}

// listType is the common type of an IN: without ANSI mode a string meets other types as in comparisons.
func (b *binder) listType(t, u types.Type) (types.Type, bool) {
	if b.ansi {
		return coerce.Common(t, u, true)
	}
	return coerce.Common(t, u, false)
}

func (b *binder) inList(x expr.Expr, items []expr.Expr, t types.Type) (expr.Expr, error) {
	var consts, others []expr.Expr
	for _, it := range items {
		it = b.implicit(it, t)
		switch {
		case isLiteral(it):
			consts = append(consts, it)
		case b.foldable(it):
			v, err := b.evaluate(it)
			if err != nil {
				return nil, err
			}
			consts = append(consts, &expr.Literal{Value: v, T: t})
		default:
			others = append(others, &expr.Compare{Op: expr.Eq, Left: x, Right: it})
		}
	}
	if len(consts) > 0 {
		others = append([]expr.Expr{&expr.In{Arg: x, List: consts}}, others...)
	}
	if len(others) == 1 {
		return others[0], nil
	}
	return &expr.Or{Args: others}, nil
}

func isLiteral(e expr.Expr) bool {
	_, ok := e.(*expr.Literal)
	return ok
}

func (b *binder) likeMany(s *site, e *ast.LikeMany) (expr.Expr, error) {
	x, err := b.expr(s, e.X)
	if err != nil {
		return nil, err
	}
	var args []expr.Expr
	for _, p := range e.Patterns {
		y, err := b.expr(s, p)
		if err != nil {
			return nil, err
		}
		c, err := b.call(likeFunction[e.Kind], []expr.Expr{x, y}, e.Pos())
		if err != nil {
			return nil, err
		}
		args = append(args, negateIf(e.Not, c))
	}
	switch {
	case len(args) == 1:
		return args[0], nil
	case e.All:
		return &expr.And{Args: args}, nil
	}
	return &expr.Or{Args: args}, nil
}

// caseExpr binds both forms of CASE; results get one common type.
func (b *binder) caseExpr(s *site, e *ast.Case) (expr.Expr, error) {
	var operand expr.Expr
	var err error
	if e.Operand != nil {
		if operand, err = b.expr(s, e.Operand); err != nil {
			return nil, err
		}
	}
	c := &expr.Case{}
	t := types.NullType
	widen := func(x expr.Expr, pos int) error {
		u, ok := coerce.Common(t, x.Type(), b.ansi)
		if !ok {
			return sqlerr.New(sqlerr.DataDiffTypes, "Cannot resolve CASE due to data type mismatch: input should all be the same type, but it's [%q, %q].", t.SQL(), x.Type().SQL()).At(pos)
		}
		t = u
		return nil
	}
	for _, w := range e.Whens {
		cond, err := b.expr(s, w.Cond)
		if err != nil {
			return nil, err
		}
		if operand != nil {
			cond, err = b.compare(expr.Eq, operand, cond, w.Cond.Pos())
		} else {
			cond, err = b.whenCondition(cond, w.Cond.Pos())
		}
		if err != nil {
			return nil, err
		}
		then, err := b.expr(s, w.Then)
		if err != nil {
			return nil, err
		}
		if err := widen(then, e.Pos()); err != nil {
			return nil, err
		}
		c.Whens = append(c.Whens, expr.When{Cond: cond, Then: then})
	}
	if e.Else != nil {
		if c.Else, err = b.expr(s, e.Else); err != nil {
			return nil, err
		}
		if err := widen(c.Else, e.Pos()); err != nil {
			return nil, err
		}
		c.Else = b.implicit(c.Else, t)
	}
	for i := range c.Whens {
		c.Whens[i].Then = b.implicit(c.Whens[i].Then, t)
	}
	c.T = t
	return c, nil
}

func (b *binder) whenCondition(x expr.Expr, pos int) (expr.Expr, error) {
	if k := x.Type().Kind; k != types.Bool && k != types.Null && (k != types.String || !b.ansi) {
		return nil, sqlerr.New(sqlerr.UnexpectedInputType, "Cannot resolve CASE WHEN: the condition requires the \"BOOLEAN\" type, not %q.", x.Type().SQL()).At(pos)
	}
	return b.implicit(x, types.BoolType), nil
}

// trim binds TRIM(side chars FROM x) to trim, ltrim or rtrim.
func (b *binder) trim(s *site, e *ast.Trim) (expr.Expr, error) {
	name := [...]string{ast.TrimBoth: "btrim", ast.TrimLeading: "ltrim", ast.TrimTrailing: "rtrim"}[e.Side]
	x, err := b.expr(s, e.X)
	if err != nil {
		return nil, err
	}
	args := []expr.Expr{x}
	if e.Chars != nil {
		chars, err := b.expr(s, e.Chars)
		if err != nil {
			return nil, err
		}
		if args = append(args, chars); e.Side != ast.TrimBoth {
			args[0], args[1] = chars, x // Spark's ltrim(chars, str)
		}
	}
	return b.call(name, args, e.Pos())
}

// cast binds CAST, TRY_CAST and ::.
func (b *binder) cast(s *site, e *ast.Cast) (expr.Expr, error) {
	x, err := b.expr(s, e.X)
	if err != nil {
		return nil, err
	}
	to := e.Type.Type
	mode := b.castMode()
	if e.Try {
		mode = expr.CastTry
	}
	if x.Type().SameShape(to) {
		return x, nil
	}
	b.learn(x, to)
	if l, ok := x.(*expr.Literal); ok {
		if v, ok := widened(l, to); ok {
			return &expr.Literal{Value: v, T: to}, nil
		}
	}
	if !cast.Allowed(x.Type(), to, mode) {
		return nil, cast.Check(x.Type(), to, mode, ast.ColumnName(e, b.textOf))
	}
	return &expr.Cast{Arg: x, To: to, Mode: mode, Pos: b.at(e.Pos())}, nil
}

// row binds (a, b, …) to a struct.
func (b *binder) row(s *site, e *ast.Row) (expr.Expr, error) {
	var args []expr.Expr
	for i, it := range e.Items {
		x, err := b.expr(s, it.Expr)
		if err != nil {
			return nil, err
		}
		name := it.Alias
		if name == "" {
			name = "col" + itoa(i+1)
			if c, ok := it.Expr.(*ast.Column); ok && c.Name.Expr == nil {
				name = c.Name.Last()
			}
		}
		args = append(args, &expr.Literal{Value: name, T: types.StringType}, x)
	}
	return b.call("named_struct", args, e.Pos())
}
