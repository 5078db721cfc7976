package expr

import (
	"testing"

	"github.com/volley-sql/volley/internal/types"
)

func TestString(t *testing.T) {
	a := &Column{ID: 1, Name: "a", T: types.Int32Type}
	b := &Column{ID: 2, Name: "b c", T: types.Int32Type}
	one := &Literal{Value: int64(1), T: types.Int32Type}
	plus := func(l, r Expr) Expr { return &Call{Func: "+", Args: []Expr{l, r}, T: types.Int32Type} }
	times := func(l, r Expr) Expr { return &Call{Func: "*", Args: []Expr{l, r}, T: types.Int32Type} }
	eq := &Compare{Op: Eq, Left: a, Right: b}
	for _, c := range []struct {
		e    Expr
		want string
	}{
		{times(plus(a, one), b), "(a + 1) * `b c`"},
		{plus(a, plus(a, one)), "a + (a + 1)"},
		{plus(plus(a, a), one), "a + a + 1"},
		{&And{Args: []Expr{eq, &Or{Args: []Expr{eq, &Not{Arg: eq}}}}}, "a = `b c` AND (a = `b c` OR NOT a = `b c`)"},
		{&Not{Arg: &And{Args: []Expr{eq, eq}}}, "NOT (a = `b c` AND a = `b c`)"},
		{&Not{Arg: &IsNull{Arg: plus(a, one)}}, "a + 1 IS NOT NULL"},
		{&Not{Arg: &In{Arg: a, List: []Expr{one, one}}}, "a NOT IN (1, 1)"},
		{&Compare{Op: NullSafeEq, Left: eq, Right: True}, "(a = `b c`) <=> TRUE"},
		{&Cast{Arg: a, To: types.DecimalType(10, 2)}, "CAST(a AS DECIMAL(10,2))"},
		{&Cast{Arg: plus(a, one), To: types.Int64Type, Implicit: true}, "a + 1"},
		{&Case{Whens: []When{{eq, one}}, Else: a, T: types.Int32Type}, "CASE WHEN a = `b c` THEN 1 ELSE a END"},
		{&Agg{Func: "sum", Args: []Expr{a}, Distinct: true, Filter: eq}, "sum(DISTINCT a) FILTER (WHERE a = `b c`)"},
		{&Agg{Func: "count"}, "count(*)"},
		{
			&WindowCall{
				Agg: &Agg{Func: "rank"}, Partition: []Expr{a}, Order: []SortKey{{Expr: b, Desc: true}},
				Frame: Frame{Unit: Rows, Start: Bound{Kind: Preceding, Offset: one}, End: Bound{Kind: CurrentRow}},
			},
			"rank() OVER (PARTITION BY a ORDER BY `b c` DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
		},
		{&Literal{Value: "it's\n", T: types.StringType}, `'it\'s\n'`},
		{&Literal{Value: int64(10957), T: types.DateType}, "DATE '2000-01-01'"},
		{&Literal{Value: int64(1500000), T: types.TimestampType}, "TIMESTAMP '1970-01-01 00:00:01.500000Z'"},
		{&Literal{Value: types.Int128{Lo: 5}, T: types.DecimalType(10, 2)}, "0.05BD"},
		{&Literal{Value: int64(-14), T: types.YearMonthType}, "INTERVAL '-1-2' YEAR TO MONTH"},
		{&Literal{Value: int64(90061000001), T: types.DayTimeType}, "INTERVAL '1 01:01:01.000001' DAY TO SECOND"},
		{&Literal{Value: 1e100, T: types.Float64Type}, "1E+100D"},
		{NullOf(types.StringType), "CAST(NULL AS STRING)"},
	} {
		if got := String(c.e); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if got := StringIDs(eq); got != "a#1 = `b c`#2" {
		t.Errorf("got %s", got)
	}
}
