package arith

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// value is a typed operand written as text.
type value struct {
	t    types.Type
	text string // "" is NULL
}

func parse(t *testing.T, v value) *expr.Literal {
	t.Helper()
	if v.text == "" {
		return expr.NullOf(v.t)
	}
	if v.t.Kind == types.String {
		return &expr.Literal{Value: v.text, T: v.t}
	}
	k, err := cast.Kernel(types.StringType, v.t, expr.CastANSI)
	if err != nil {
		t.Fatal(err)
	}
	out := vec.New(v.t, 1)
	if err := k(&function.Context{TimeZone: time.UTC}, []*vec.Vec{vec.FromDatums(types.StringType, v.text)}, []uint16{0}, out); err != nil {
		t.Fatal(err)
	}
	return &expr.Literal{Value: out.Get(0), T: v.t}
}

// apply resolves and runs an operator on operands that need no casts but to the same kind.
func apply(t *testing.T, name string, ansi bool, args ...value) (types.Type, string, error) {
	t.Helper()
	r, err := function.New(Defs())
	if err != nil {
		t.Fatal(err)
	}
	es := make([]expr.Expr, len(args))
	for i, a := range args {
		es[i] = &expr.Ref{Index: i, T: a.t, Null: true}
	}
	o, err := r.Lookup(name).Resolve(&function.Call{Name: name, Args: es, ANSI: ansi})
	if err != nil {
		return types.Type{}, "", err
	}
	ctx := &function.Context{ANSI: ansi, TimeZone: time.UTC}
	vs := make([]*vec.Vec, len(args))
	for i, a := range args {
		l := parse(t, a)
		vs[i] = vec.FromDatums(a.t, l.Value)
		if p := o.Params[i]; !a.t.SameShape(p) {
			k, err := cast.Kernel(a.t, p, expr.CastANSI)
			if err != nil {
				t.Fatal(err)
			}
			out := vec.New(p, 1)
			if err := k(ctx, []*vec.Vec{vs[i]}, []uint16{0}, out); err != nil {
				return o.Result, "", err
			}
			vs[i] = out
		}
	}
	k, err := o.Kernel(&expr.Call{Func: name, Args: castTo(o.Params), T: o.Result})
	if err != nil {
		t.Fatal(err)
	}
	out := vec.New(o.Result, 1)
	if err := k(ctx, vs, []uint16{0}, out); err != nil {
		return o.Result, "", err
	}
	return o.Result, cast.Format(out.Get(0), o.Result, time.UTC), nil
}

func castTo(ts []types.Type) []expr.Expr {
	es := make([]expr.Expr, len(ts))
	for i, t := range ts {
		es[i] = &expr.Ref{Index: i, T: t}
	}
	return es
}

func dec(p, s int, text string) value { return value{types.DecimalType(p, s), text} }
func i32(text string) value           { return value{types.Int32Type, text} }
func i64(text string) value           { return value{types.Int64Type, text} }
func f64(text string) value           { return value{types.Float64Type, text} }

func TestOperators(t *testing.T) {
	date, ts := types.DateType, types.TimestampType
	ym, ds := types.YearMonthType, types.DayTimeType
	days := types.Type{Kind: types.DayTime}
	cases := []struct {
		op   string
		args []value
		typ  string
		want string
	}{
		{"+", []value{i32("1"), i64("2")}, "bigint", "3"},
		{"+", []value{i32("1"), {types.Float32Type, "2"}}, "double", "3.0"},
		{"+", []value{dec(10, 2, "1.25"), dec(10, 2, "2.50")}, "decimal(11,2)", "3.75"},
		{"+", []value{dec(10, 2, "1.25"), dec(12, 4, "-2.5")}, "decimal(13,4)", "-1.2500"},
		{"+", []value{dec(10, 2, "1.25"), i32("2")}, "decimal(13,2)", "3.25"},
		{"+", []value{dec(38, 10, "9999999999999999999999999999"), dec(38, 2, "0.005")}, "decimal(38,6)", "9999999999999999999999999999.010000"},
		{"-", []value{dec(38, 0, "-1"), dec(38, 0, "99999999999999999999999999999999999998")}, "decimal(38,0)", "-99999999999999999999999999999999999999"},
		{"*", []value{dec(15, 2, "12345.67"), dec(16, 2, "0.95")}, "decimal(32,4)", "11728.3865"},
		{"*", []value{dec(5, 2, "1.50"), dec(5, 2, "2.00")}, "decimal(11,4)", "3.0000"},
		{"*", []value{dec(38, 10, "1.0000000001"), dec(38, 10, "3")}, "decimal(38,6)", "3.000000"},
		{"*", []value{dec(32, 4, "-1.5000"), dec(16, 2, "2.00")}, "decimal(38,6)", "-3.000000"},
		{"*", []value{dec(16, 2, "2.00"), dec(32, 4, "9999999999999999999999.0001")}, "decimal(38,6)", "19999999999999999999998.000200"},
		{"/", []value{dec(10, 2, "1"), dec(10, 2, "3")}, "decimal(23,13)", "0.3333333333333"},
		{"/", []value{dec(38, 18, "1"), dec(38, 18, "-3")}, "decimal(38,6)", "-0.333333"},
		{"/", []value{i32("7"), i32("2")}, "double", "3.5"},
		{"%", []value{dec(10, 2, "-7.50"), dec(5, 1, "2.0")}, "decimal(6,2)", "-1.50"},
		{"%", []value{i32("-7"), i32("3")}, "int", "-1"},
		{"pmod", []value{i32("-7"), i32("3")}, "int", "2"},
		{"pmod", []value{dec(10, 2, "-7.50"), dec(5, 1, "2.0")}, "decimal(6,2)", "0.50"},
		{"div", []value{dec(10, 2, "-7.50"), i32("2")}, "bigint", "-3"},
		{"div", []value{i32("7"), i64("2")}, "bigint", "3"},
		{"try_add", []value{i64("9223372036854775807"), i64("1")}, "bigint", "NULL"},
		{"try_divide", []value{i32("1"), i32("0")}, "double", "NULL"},
		{"+", []value{{date, "2020-01-31"}, {ym, "0-1"}}, "date", "2020-02-29"},
		{"+", []value{{date, "2020-01-31"}, i32("1")}, "date", "2020-02-01"},
		{"-", []value{{date, "2020-03-01"}, {date, "2020-02-28"}}, "interval day", "2 00:00:00.000000000"},
		{"+", []value{{date, "2020-01-31"}, {days, "2"}}, "date", "2020-02-02"},
		{"+", []value{{date, "2020-01-31"}, {ds, "0 01:00:00"}}, "timestamp", "2020-01-31 01:00:00"},
		{"+", []value{{ym, "1-1"}, {ts, "2020-02-29 10:00:00"}}, "timestamp", "2021-03-29 10:00:00"},
		{"-", []value{{ts, "2020-01-01 00:00:00"}, {ts, "2019-12-31 23:59:59.5"}}, "interval day to second", "0 00:00:00.500000000"},
		{"*", []value{{ym, "1-1"}, f64("1.5")}, "interval year to month", "1-8"},
		{"/", []value{{ds, "1 00:00:00"}, i32("7")}, "interval day to second", "0 03:25:42.857143000"},
		{"negative", []value{dec(30, 2, "1.50")}, "decimal(30,2)", "-1.50"},
		{"abs", []value{f64("-1.5")}, "double", "1.5"},
		{"&", []value{i32("6"), i64("3")}, "bigint", "2"},
		{"||", []value{{types.StringType, "a"}, i32("1")}, "string", "a1"},
	}
	for _, c := range cases {
		typ, got, err := apply(t, c.op, true, c.args...)
		if err != nil || typ.String() != c.typ || got != c.want {
			t.Errorf("%v %s: %s %s, %v; want %s %s", c.args, c.op, typ, got, err, c.typ, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	i8, i16 := types.Int8Type, types.Int16Type
	cases := []struct {
		op     string
		args   []value
		want   *sqlerr.Condition
		legacy string // the answer without ANSI mode
	}{
		{"+", []value{i32("2147483647"), i32("1")}, sqlerr.ArithmeticOverflow, "-2147483648"},
		{"*", []value{i64("9223372036854775807"), i64("2")}, sqlerr.ArithmeticOverflow, "-2"},
		{"*", []value{i64("9223372036854775807"), i64("3")}, sqlerr.ArithmeticOverflow, "9223372036854775805"},
		{"-", []value{{i8, "-128"}, {i8, "1"}}, sqlerr.BinaryArithmeticOverflow, "127"},
		{"*", []value{{i16, "300"}, {i16, "300"}}, sqlerr.BinaryArithmeticOverflow, "24464"},
		{"/", []value{f64("1"), f64("0")}, sqlerr.DivideByZero, "NULL"},
		{"%", []value{i32("1"), i32("0")}, sqlerr.RemainderByZero, "NULL"},
		{"div", []value{i64("-9223372036854775808"), i64("-1")}, sqlerr.ArithmeticOverflow, "-9223372036854775808"},
		{"+", []value{dec(38, 0, "99999999999999999999999999999999999999"), dec(38, 0, "1")}, sqlerr.NumericOutOfRangeSuggest, "NULL"},
		{"*", []value{dec(32, 4, "9999999999999999999999999999.0001"), dec(16, 2, "99999999999999.99")}, sqlerr.NumericOutOfRangeSuggest, "NULL"},
		{"negative", []value{i32("-2147483648")}, sqlerr.ArithmeticOverflow, "-2147483648"},
		{"/", []value{{types.YearMonthType, "1-0"}, i32("0")}, sqlerr.IntervalDivideByZero, ""},
	}
	for _, c := range cases {
		if _, got, err := apply(t, c.op, true, c.args...); !sqlerr.Is(err, c.want) {
			t.Errorf("%v %s: %s, %v; want %s", c.args, c.op, got, err, c.want.Name)
		}
		if c.legacy == "" {
			continue
		}
		if _, got, err := apply(t, c.op, false, c.args...); err != nil || got != c.legacy {
			t.Errorf("legacy %v %s: %s, %v; want %s", c.args, c.op, got, err, c.legacy)
		}
	}
}

func TestWrongTypes(t *testing.T) {
	s := value{types.StringType, "a"}
	cases := []struct {
		args []value
		want *sqlerr.Condition
	}{
		{[]value{s, s}, sqlerr.BinaryOpWrongType},
		{[]value{{types.BoolType, "true"}, {types.BoolType, "true"}}, sqlerr.BinaryOpWrongType},
		{[]value{{types.BoolType, "true"}, i32("1")}, sqlerr.BinaryOpDiffTypes},
	}
	for _, c := range cases {
		if _, _, err := apply(t, "+", true, c.args...); !sqlerr.Is(err, c.want) {
			t.Errorf("%v: %v; want %s", c.args, err, c.want.Name)
		}
	}
	text, stamp := value{types.StringType, "1"}, value{types.TimestampType, "2020-01-01 00:00:00"}
	for _, c := range []struct {
		op   string
		l, r value
		want *sqlerr.Condition
	}{
		{"-", text, stamp, sqlerr.UnexpectedInputType},
		{"+", stamp, text, sqlerr.BinaryOpDiffTypes},
		{"/", text, value{types.YearMonthType, "1-0"}, sqlerr.BinaryOpDiffTypes},
	} {
		if _, _, err := apply(t, c.op, false, c.l, c.r); !sqlerr.Is(err, c.want) {
			t.Errorf("%v %s %v without ANSI: %v; want %s", c.l, c.op, c.r, err, c.want.Name)
		}
	}
}

func TestDecimalTypes(t *testing.T) {
	d := types.DecimalType
	got := []types.Type{
		SumType(d(10, 2), d(5, 4)), ProductType(d(38, 18), d(38, 18)), QuotientType(d(38, 18), d(38, 18)),
		QuotientType(d(5, 2), d(3, 1)), RemainderType(d(10, 2), d(5, 1)), SumType(d(38, 18), d(38, 10)),
	}
	want := []types.Type{d(13, 4), d(38, 6), d(38, 6), d(10, 6), d(6, 2), d(38, 9)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
