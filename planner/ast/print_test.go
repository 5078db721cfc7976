package ast_test

import (
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

func num(s string) *ast.Literal { return &ast.Literal{Kind: ast.LitInt, Text: s} }

func TestColumnName(t *testing.T) {
	a := ast.Col("t", "a")
	byA := &ast.Window{OrderBy: []ast.SortItem{{X: a}}}
	for _, c := range []struct {
		want string
		e    ast.Expr
	}{
		{"(a + 1)", ast.Bin(ast.OpAdd, a, num("1"))},
		{"(NOT (a = 1))", ast.Bin(ast.OpNotEq, a, num("1"))},
		{"concat(a, x y)", ast.Bin(ast.OpConcat, a, ast.Str("x y"))},
		{"count(1)", ast.Call("COUNT", &ast.Star{})},
		{"sum(DISTINCT a)", &ast.Func{Name: ast.N("sum"), Args: []ast.Expr{a}, Distinct: true}},
		{"a", &ast.Cast{X: a, Type: ast.T(types.Int32Type)}},
		{"CAST(1 AS DECIMAL(10,2))", &ast.Cast{X: num("1"), Type: ast.T(types.DecimalType(10, 2))}},
		{"TRY_CAST(a AS INT)", &ast.Cast{X: a, Type: ast.T(types.Int32Type), Try: true}},
		{"CASE WHEN (a = 1) THEN x END", &ast.Case{Operand: a, Whens: []ast.When{{Cond: num("1"), Then: ast.Str("x")}}}},
		{"(NOT between(a, 1, 2))", ast.Not(&ast.Between{X: a, Lo: num("1"), Hi: num("2")})},
		{"a LIKE b%", &ast.LikeExpr{X: a, Pattern: ast.Str("b%")}},
		{"RLIKE(a, b)", &ast.LikeExpr{Kind: ast.RLike, X: a, Pattern: ast.Str("b")}},
		{"named_struct(a, a, col2, 1)", &ast.Row{Items: []ast.SelectItem{{Expr: a}, {Expr: num("1")}}}},
		{"1000.0", &ast.Literal{Kind: ast.LitDouble, Text: "1e3"}},
		{"1.0E10", &ast.Literal{Kind: ast.LitDouble, Text: "1e10"}},
		{"0.5", &ast.Literal{Kind: ast.LitDecimal, Text: ".5"}},
		{"X'0AFF'", &ast.Literal{Kind: ast.LitBinary, Text: "\n\xff"}},
		{"INTERVAL '1 02' DAY TO HOUR", &ast.Interval{Parts: []ast.IntervalPart{{Value: "1", Unit: ast.UnitDay}, {Value: "2", Unit: ast.UnitHour}}}},
		{"(IF(a, 1, 2))", ast.Call("if", a, num("1"), num("2"))},
		{
			"transform(a, lambdafunction((namedlambdavariable() + 1), namedlambdavariable()))",
			ast.Call("transform", a, &ast.Lambda{Params: []string{"x"}, Body: ast.Bin(ast.OpAdd, ast.Col("X"), num("1"))}),
		},
		{
			"RANK() OVER (ORDER BY a ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
			&ast.Func{Name: ast.N("rank"), Over: byA},
		},
		{
			"lag(a, 1, NULL) OVER (ORDER BY a ASC NULLS FIRST ROWS BETWEEN -1 FOLLOWING AND -1 FOLLOWING)",
			&ast.Func{Name: ast.N("lag"), Args: []ast.Expr{a}, Over: byA},
		},
		{"sum(a) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)", &ast.Func{Name: ast.N("sum"), Args: []ast.Expr{a}, Over: &ast.Window{}}},
	} {
		if got := ast.ColumnName(c.e, nil); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	hook := func(e ast.Expr) (string, bool) { _, ok := e.(*ast.Column); return "hooked", ok }
	if got := ast.ColumnName(ast.Bin(ast.OpAdd, a, num("1")), hook); got != "(hooked + 1)" {
		t.Errorf("with a hook: %s", got)
	}
}

func TestIntervalValue(t *testing.T) {
	parts := func(v string, u ast.IntervalUnit) *ast.Interval {
		return &ast.Interval{Parts: []ast.IntervalPart{{Value: v, Unit: u}}}
	}
	to := func(v string, from, to ast.IntervalUnit) *ast.Interval {
		i := parts(v, from)
		i.To = to
		return i
	}
	const second, hour, day = int64(1_000_000), 3600 * int64(1_000_000), 86400 * int64(1_000_000)
	for _, c := range []struct {
		i     *ast.Interval
		value int64
		text  string // as Spark prints it
		fails *sqlerr.Condition
	}{
		{parts("3", ast.UnitDay), 3 * day, "INTERVAL '3' DAY", nil},
		{parts("-2", ast.UnitWeek), -14 * day, "INTERVAL '-14' DAY", nil},
		{parts("1.5", ast.UnitSecond), 3 * second / 2, "INTERVAL '01.5' SECOND", nil},
		{parts("13", ast.UnitMonth), 13, "INTERVAL '13' MONTH", nil},
		{parts("1500", ast.UnitMillisecond), 3 * second / 2, "INTERVAL '01.5' SECOND", nil},
		{to("1-2", ast.UnitYear, ast.UnitMonth), 14, "INTERVAL '1-2' YEAR TO MONTH", nil},
		{to("-1 02:03:04.5", ast.UnitDay, ast.UnitSecond), -(day + 2*hour + 184*second + second/2), "INTERVAL '-1 02:03:04.5' DAY TO SECOND", nil},
		{to("10:30", ast.UnitHour, ast.UnitMinute), 10*hour + hour/2, "INTERVAL '10:30' HOUR TO MINUTE", nil},
		{&ast.Interval{Text: "1 day -2 hours"}, day - 2*hour, "INTERVAL '0 22' DAY TO HOUR", nil},
		{&ast.Interval{Text: "interval 1 year 1 month"}, 13, "INTERVAL '1-1' YEAR TO MONTH", nil},
		{&ast.Interval{Text: "1 month 1 day"}, 0, "", sqlerr.IntervalMixedUnits},
		{&ast.Interval{Text: "1 fortnight"}, 0, "", sqlerr.InvalidTypedLiteral},
		{&ast.Interval{Text: ""}, 0, "", sqlerr.InvalidTypedLiteral},
		{parts("x", ast.UnitDay), 0, "", sqlerr.IntervalNumber},
		{parts("1.5", ast.UnitDay), 0, "", sqlerr.InvalidIntervalFormat},
		{parts("99999999999999999999", ast.UnitDay), 0, "", sqlerr.IntervalOverflow},
		{parts("178956971", ast.UnitYear), 0, "", sqlerr.IntervalOverflow},
		{to("1-12", ast.UnitYear, ast.UnitMonth), 0, "", sqlerr.InvalidIntervalFormat},
		{to("1 25", ast.UnitDay, ast.UnitHour), 0, "", sqlerr.InvalidIntervalFormat},
		{to("1", ast.UnitDay, ast.UnitHour), 0, "", sqlerr.InvalidIntervalShape},
		{to("1", ast.UnitYear, ast.UnitSecond), 0, "", sqlerr.InvalidIntervalFields},
	} {
		typ, v, err := c.i.Value()
		if c.fails != nil {
			if !sqlerr.Is(err, c.fails) {
				t.Errorf("%s: got %v, want %s", ast.SQL(c.i), err, c.fails.Name)
			}
			continue
		}
		if err != nil || v != c.value || ast.IntervalSQL(typ, c.value) != c.text {
			t.Errorf("%s: got %v (%s, %v), want %d as %s", ast.SQL(c.i), v, ast.IntervalSQL(typ, c.value), err, c.value, c.text)
		}
	}
}
