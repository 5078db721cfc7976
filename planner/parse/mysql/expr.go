package mysql

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/volley-sql/volley/planner/ast"
)

func (t *translator) exprs(xs []sqlparser.Expr) []ast.Expr {
	out := make([]ast.Expr, len(xs))
	for i, x := range xs {
		out[i] = t.expr(x)
	}
	return out
}

func (t *translator) expr(e sqlparser.Expr) ast.Expr {
	t.enter()
	defer t.leave()
	switch e := e.(type) {
	case *sqlparser.AndExpr:
		return balance(ast.OpAnd, t.exprs(operands(e, nil)))
	case *sqlparser.OrExpr:
		return balance(ast.OpOr, t.exprs(operands(e, nil)))
	case *sqlparser.NotExpr:
		return ast.Not(t.expr(e.Expr))
	case *sqlparser.ParenExpr:
		return t.expr(e.Expr)
	case *sqlparser.ComparisonExpr:
		return t.comparison(e)
	case *sqlparser.RangeCond:
		b := &ast.Between{X: t.expr(e.Left), Lo: t.expr(e.From), Hi: t.expr(e.To)}
		return negated(e.Operator == sqlparser.NotBetweenStr, b)
	case *sqlparser.IsExpr:
		return t.is(e)
	case *sqlparser.ExistsExpr:
		return &ast.Exists{Query: t.query(e.Subquery.Select)}
	case *sqlparser.BinaryExpr:
		return t.binary(e)
	case *sqlparser.UnaryExpr:
		return t.unary(e)
	case *sqlparser.CaseExpr:
		return t.caseExpr(e)
	}
	return t.operand(e)
}

// operand translates the expressions that are no operators.
func (t *translator) operand(e sqlparser.Expr) ast.Expr {
	switch e := e.(type) {
	case *sqlparser.SQLVal:
		return t.value(e)
	case *sqlparser.NullVal:
		return &ast.Literal{Kind: ast.LitNull}
	case sqlparser.BoolVal:
		return ast.Bool(bool(e))
	case *sqlparser.ColName:
		n := ast.N(e.Name.String())
		if !e.Qualifier.IsEmpty() {
			n.Parts = append(t.tableName(e.Qualifier).Parts, n.Parts...)
		}
		return &ast.Column{Name: n}
	case *sqlparser.Subquery:
		return &ast.Subquery{Query: t.query(e.Select)}
	case sqlparser.ValTuple:
		r := &ast.Row{}
		for _, x := range e {
			r.Items = append(r.Items, ast.SelectItem{Expr: t.expr(x)})
		}
		return r
	case *sqlparser.IntervalExpr:
		return t.interval(e)
	case *sqlparser.FuncExpr:
		return t.call(e)
	case *sqlparser.GroupConcatExpr:
		return t.groupConcat(e)
	case *sqlparser.SubstrExpr:
		args := []ast.Expr{t.expr(e.Name), t.expr(e.From)}
		if e.To != nil {
			args = append(args, t.expr(e.To))
		}
		return ast.Call("substring", args...)
	case *sqlparser.ConvertExpr:
		return &ast.Cast{X: t.expr(e.Expr), Type: t.convertType(e.Type)}
	case *sqlparser.ConvertUsingExpr:
		return t.expr(e.Expr) // every string is UTF-8
	case *sqlparser.Default:
		if e.ColName == "" {
			return ast.Col("DEFAULT")
		}
	}
	t.fail("the expression %s", shorten(sqlparser.String(e)))
	return nil
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// operands collects the operands of a chain of one of AND and OR, which lean
// left and may be very long.
func operands(e sqlparser.Expr, out []sqlparser.Expr) []sqlparser.Expr {
	_, and := e.(*sqlparser.AndExpr)
	var back []sqlparser.Expr
	for {
		var l, r sqlparser.Expr
		switch x := e.(type) {
		case *sqlparser.AndExpr:
			if and {
				l, r = x.Left, x.Right
			}
		case *sqlparser.OrExpr:
			if !and {
				l, r = x.Left, x.Right
			}
		}
		if l == nil {
			back = append(back, e)
			break
		}
		back = append(back, r)
		e = l
	}
	for i := len(back) - 1; i >= 0; i-- {
		out = append(out, back[i])
	}
	return out
}

func balance(op ast.BinaryOp, xs []ast.Expr) ast.Expr {
	if len(xs) == 1 {
		return xs[0]
	}
	mid := (len(xs)-1)/2 + 1
	return ast.Bin(op, balance(op, xs[:mid]), balance(op, xs[mid:]))
}

func negated(not bool, e ast.Expr) ast.Expr {
	if not {
		return ast.Not(e)
	}
	return e
}

var comparisons = map[string]ast.BinaryOp{
	sqlparser.EqualStr: ast.OpEq, sqlparser.LessThanStr: ast.OpLt, sqlparser.GreaterThanStr: ast.OpGt, sqlparser.LessEqualStr: ast.OpLtEq,
	sqlparser.GreaterEqualStr: ast.OpGtEq, sqlparser.NotEqualStr: ast.OpNotEq, sqlparser.NullSafeEqualStr: ast.OpNullSafeEq,
}

func (t *translator) comparison(e *sqlparser.ComparisonExpr) ast.Expr {
	if op, ok := comparisons[e.Operator]; ok {
		return ast.Bin(op, t.expr(e.Left), t.expr(e.Right))
	}
	switch e.Operator {
	case sqlparser.InStr, sqlparser.NotInStr:
		not := e.Operator == sqlparser.NotInStr
		switch r := e.Right.(type) {
		case sqlparser.ValTuple:
			return negated(not, &ast.In{X: t.expr(e.Left), List: t.exprs(r)})
		case *sqlparser.Subquery:
			return negated(not, &ast.InQuery{X: t.expr(e.Left), Query: t.query(r.Select)})
		}
	case sqlparser.LikeStr, sqlparser.NotLikeStr:
		l := &ast.LikeExpr{X: t.expr(e.Left), Pattern: t.expr(e.Right)}
		if e.Escape != nil {
			v, ok := e.Escape.(*sqlparser.SQLVal)
			if !ok || v.Type != sqlparser.StrVal || len([]rune(string(v.Val))) != 1 {
				t.fail("an ESCAPE that is not one character")
			}
			l.Escape = string(v.Val)
		}
		return negated(e.Operator == sqlparser.NotLikeStr, l)
	case sqlparser.RegexpStr, sqlparser.NotRegexpStr:
		return negated(e.Operator == sqlparser.NotRegexpStr, &ast.LikeExpr{Kind: ast.RLike, X: t.expr(e.Left), Pattern: t.expr(e.Right)})
	}
	t.fail("the operator %s", e.Operator)
	return nil
}

func (t *translator) is(e *sqlparser.IsExpr) ast.Expr {
	x := t.expr(e.Expr)
	switch e.Operator {
	case sqlparser.IsNullStr, sqlparser.IsNotNullStr:
		return &ast.IsNull{X: x, Not: e.Operator == sqlparser.IsNotNullStr}
	case sqlparser.IsTrueStr, sqlparser.IsNotTrueStr:
		return negated(e.Operator == sqlparser.IsNotTrueStr, ast.Bin(ast.OpNullSafeEq, x, ast.Bool(true)))
	}
	return negated(e.Operator == sqlparser.IsNotFalseStr, ast.Bin(ast.OpNullSafeEq, x, ast.Bool(false)))
}

var arithmetic = map[string]ast.BinaryOp{
	sqlparser.BitAndStr: ast.OpBitAnd, sqlparser.BitOrStr: ast.OpBitOr, sqlparser.BitXorStr: ast.OpBitXor, sqlparser.PlusStr: ast.OpAdd,
	sqlparser.MinusStr: ast.OpSub, sqlparser.MultStr: ast.OpMul, sqlparser.DivStr: ast.OpDiv, sqlparser.IntDivStr: ast.OpIntDiv,
	sqlparser.ModStr: ast.OpMod, sqlparser.ShiftLeftStr: ast.OpShiftLeft, sqlparser.ShiftRightStr: ast.OpShiftRight,
}

func (t *translator) binary(e *sqlparser.BinaryExpr) ast.Expr {
	op, ok := arithmetic[e.Operator]
	if !ok {
		t.fail("the operator %s", e.Operator)
	}
	l, r := t.expr(e.Left), t.expr(e.Right)
	switch op {
	case ast.OpDiv, ast.OpIntDiv, ast.OpMod:
		r = divisor(r)
	}
	return ast.Bin(op, l, r)
}

// divisor makes a division by x give NULL where x is zero.
func divisor(x ast.Expr) ast.Expr {
	if lit, ok := x.(*ast.Literal); ok && strings.Trim(lit.Text, "-0.") != "" {
		return x
	}
	return ast.Call("nullif", x, &ast.Literal{Kind: ast.LitInt, Text: "0"})
}

func (t *translator) unary(e *sqlparser.UnaryExpr) ast.Expr {
	x := t.expr(e.Expr)
	switch e.Operator {
	case sqlparser.UMinusStr:
		if lit, ok := x.(*ast.Literal); ok && lit.Kind >= ast.LitInt && lit.Kind <= ast.LitDecimal && !strings.HasPrefix(lit.Text, "-") {
			return &ast.Literal{Kind: lit.Kind, Text: "-" + lit.Text}
		}
		return &ast.Unary{Op: ast.OpNeg, X: x}
	case sqlparser.UPlusStr:
		return &ast.Unary{Op: ast.OpPos, X: x}
	case sqlparser.TildaStr:
		return &ast.Unary{Op: ast.OpBitNot, X: x}
	case sqlparser.BangStr:
		return ast.Not(x)
	}
	return x // BINARY and _binary choose a collation
}

func (t *translator) caseExpr(e *sqlparser.CaseExpr) ast.Expr {
	c := &ast.Case{}
	if e.Expr != nil {
		c.Operand = t.expr(e.Expr)
	}
	for _, w := range e.Whens {
		c.Whens = append(c.Whens, ast.When{Cond: t.expr(w.Cond), Then: t.expr(w.Val)})
	}
	if e.Else != nil {
		c.Else = t.expr(e.Else)
	}
	return c
}

func (t *translator) value(v *sqlparser.SQLVal) ast.Expr {
	text := string(v.Val)
	switch v.Type {
	case sqlparser.StrVal:
		return ast.Str(text)
	case sqlparser.IntVal:
		return &ast.Literal{Kind: ast.LitInt, Text: text}
	case sqlparser.FloatVal:
		if strings.ContainsAny(text, "eE") {
			return &ast.Literal{Kind: ast.LitDouble, Text: text}
		}
		return &ast.Literal{Kind: ast.LitDecimal, Text: text}
	case sqlparser.HexVal, sqlparser.HexNum:
		digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
		b, err := hex.DecodeString(strings.Repeat("0", len(digits)%2) + digits)
		if err != nil {
			t.fail("the literal %s", shorten(text))
		}
		return &ast.Literal{Kind: ast.LitBinary, Text: string(b)}
	case sqlparser.BitVal:
		n, ok := new(big.Int).SetString(text, 2)
		if !ok {
			t.fail("the literal %s", shorten(text))
		}
		return &ast.Literal{Kind: ast.LitInt, Text: n.String()}
	}
	return t.param(text)
}

// param translates a parameter marker. sqlparser numbers each ? as :v1, :v2 ….
func (t *translator) param(text string) ast.Expr {
	name := strings.TrimPrefix(text, ":")
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "v")); err == nil && strings.HasPrefix(name, "v") && n > 0 {
		return &ast.Param{Index: n - 1}
	}
	return &ast.Param{Name: name}
}
