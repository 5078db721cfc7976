package volley_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley"
)

type reading struct {
	Name  *string  `volley:"name"`
	Value *float64 `volley:"value"`
	Count *int32   `volley:"count"`
	Good  *bool    `volley:"good"`
}

func ptr[T any](v T) *T { return &v }

func readings(s *volley.Session) *volley.DataFrame {
	return s.CreateDataFrame([]reading{
		{ptr("a"), ptr(1.5), ptr(int32(1)), ptr(true)},
		{ptr("b"), ptr(math.NaN()), nil, nil},
		{nil, nil, ptr(int32(3)), ptr(false)},
		{nil, nil, nil, nil},
	})
}

func TestMissingValues(t *testing.T) {
	s := open(t)
	df := readings(s)
	for _, c := range []struct {
		name string
		df   *volley.DataFrame
		want string
	}{
		{"drop any", df.DropNA(), "[a, 1.5, 1, true]"},
		{"drop any of some", df.DropNA("count", "good"), "[a, 1.5, 1, true]|[null, null, 3, false]"},
		{"drop all", df.NA().Drop("all"), "[a, 1.5, 1, true]|[b, NaN, null, null]|[null, null, 3, false]"},
		{"drop all of some", df.NA().Drop("all", "value", "count"), "[a, 1.5, 1, true]|[null, null, 3, false]"},
		{"drop below", df.NA().DropBelow(2), "[a, 1.5, 1, true]|[null, null, 3, false]"},
		{"fill numbers", df.FillNA(0), "[a, 1.5, 1, true]|[b, 0, 0, null]|[null, 0, 3, false]|[null, 0, 0, null]"},
		{"fill one", df.FillNA(7.9, "COUNT"), "[a, 1.5, 1, true]|[b, NaN, 7, null]|[null, null, 3, false]|[null, null, 7, null]"},
		{"fill strings", df.FillNA("?"), "[a, 1.5, 1, true]|[b, NaN, null, null]|[?, null, 3, false]|[?, null, null, null]"},
		{"fill booleans", df.FillNA(true), "[a, 1.5, 1, true]|[b, NaN, null, true]|[null, null, 3, false]|[null, null, null, true]"},
		{"replace", df.NA().Replace(map[any]any{"a": "A", "b": nil}), "[A, 1.5, 1, true]|[null, NaN, null, null]|[null, null, 3, false]|[null, null, null, null]"},
		{"replace numbers", df.NA().Replace(map[any]any{1: 10, 3: 30}, "count"), "[a, 1.5, 10, true]|[b, NaN, null, null]|[null, null, 30, false]|[null, null, null, null]"},
	} {
		if got := strings.Join(lines(t, c.df), "|"); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
	for _, bad := range []*volley.DataFrame{df.DropNA("nope"), df.NA().Drop("some"), df.FillNA(struct{}{}), df.NA().Replace(map[any]any{1: 2, "a": "b"})} {
		var e *volley.Error
		if _, err := bad.Collect(ctx); !errors.As(err, &e) || e.Condition != "INVALID_PARAMETER_VALUE" {
			t.Errorf("%v", err)
		}
	}
}

func TestDescribe(t *testing.T) {
	s := open(t)
	df := s.CreateDataFrame([]struct {
		A int32
		B string
		C bool
	}{{1, "10", true}, {2, "x", false}, {6, "20", true}})
	if d := cmp.Diff([]string{"[count, 3, 3]", "[mean, 3.0, 15.0]", "[stddev, 2.6457513110645907, 7.0710678118654755]", "[min, 1, 10]", "[max, 6, x]"}, lines(t, df.Describe())); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"[50%, 2]", "[count_distinct, 3]"}, lines(t, df.Select("A").Summary("50%", "count_distinct"))); d != "" {
		t.Error(d)
	}
	if n := len(lines(t, df.Summary())); n != 8 {
		t.Errorf("%d figures", n)
	}
	for _, bad := range []*volley.DataFrame{df.Summary("middle"), df.Summary("101%"), df.Describe("nope")} {
		if _, err := bad.Collect(ctx); err == nil {
			t.Error("no error")
		}
	}
}

func TestPivot(t *testing.T) {
	s := open(t)
	df, err := s.SQL(ctx, "SELECT * FROM VALUES ('x', 1, 10), ('x', 2, 20), ('y', 1, 30), ('y', NULL, 40) AS t(k, p, v)")
	if err != nil {
		t.Fatal(err)
	}
	show := func(df *volley.DataFrame) string {
		names, err := df.Columns()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(names, ",") + " " + strings.Join(lines(t, df.OrderBy("k")), "|")
	}
	for _, c := range []struct {
		df   *volley.DataFrame
		want string
	}{
		{df.GroupBy("k").Pivot("p", 1, 2).Agg(volley.Sum("v")), "k,1,2 [x, 10, 20]|[y, 30, null]"},
		{df.GroupBy("k").Pivot("p").Sum("v"), "k,null,1,2 [x, null, 10, 20]|[y, 40, 30, null]"},
		{df.GroupBy("k").Pivot("p", 1).Agg(volley.Sum("v").As("s"), volley.Count("*")), "k,1_s,1_count(*) [x, 10, 1]|[y, 30, 1]"},
	} {
		if got := show(c.df); got != c.want {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
	if _, err := df.GroupBy("k").Pivot("p").Pivot("p").Sum("v").Collect(ctx); err == nil {
		t.Error("two pivots are no error")
	}
	if _, err := df.GroupBy("k").Pivot("nope").Sum("v").Collect(ctx); err == nil {
		t.Error("a pivot of no column is no error")
	}
}

func TestMoreFrames(t *testing.T) {
	s := open(t)
	df := s.Range(0, 1000)
	n, err := df.Sample(0.3, 42).Count(ctx)
	if again, _ := df.Sample(0.3, 42).Count(ctx); err != nil || n < 200 || n > 400 || n != again {
		t.Errorf("a sample has %d rows, then %d, %v", n, again, err)
	}
	if _, err := df.Sample(2, 1).Count(ctx); err == nil {
		t.Error("a fraction of 2 is no error")
	}
	two := df.WithColumns(volley.Col("id").Plus(1).As("id"), volley.Col("id").Mul(2).As("twice")).Limit(1).OrderBy("id")
	if got := lines(t, two.Filter("id = 1")); len(got) != 1 || got[0] != "[1, 0]" {
		t.Errorf("%v", got)
	}
	if _, err := df.WithColumns(volley.Col("id").Plus(1)).Count(ctx); err == nil {
		t.Error("a column without a name is no error")
	}
	if got := lines(t, df.Transform(func(d *volley.DataFrame) *volley.DataFrame { return d.Limit(1) })); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if empty, err := df.Filter("id < 0").IsEmpty(ctx); !empty || err != nil {
		t.Errorf("%v, %v", empty, err)
	}
	agg := s.Table("emp").Agg(volley.Count("*").FilterWhere(volley.Col("pay").Gt(60)).FilterWhere(volley.Col("dept").Eq(10)))
	if got := lines(t, agg); got[0] != "[2]" {
		t.Errorf("%v", got)
	}
}

func TestShow(t *testing.T) {
	s := open(t)
	text := func(df *volley.DataFrame, opts ...volley.ShowOption) string {
		var b strings.Builder
		if err := df.Show(ctx, &b, opts...); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	df := s.Range(0, 1<<40) // which rows come first is up to the threads
	if got := text(df); strings.Count(got, "\n") != 25 || !strings.HasSuffix(got, "+\nonly showing top 20 rows\n") {
		t.Errorf("%s", got)
	}
	if got := text(df, volley.ShowRows(1)); strings.Count(got, "\n") != 6 || !strings.HasSuffix(got, "+\nonly showing top 1 row\n") {
		t.Errorf("%s", got)
	}
	few := s.Range(0, 3).OrderBy("id")
	if got, want := text(few, volley.ShowRows(2)), "+----+\n| id |\n+----+\n|  0 |\n|  1 |\n+----+\nonly showing top 2 rows\n"; got != want {
		t.Errorf("%s", got)
	}
	if got := text(s.Range(0, 20)); strings.Contains(got, "only") {
		t.Errorf("%s", got)
	}
	if got := text(s.Range(0, 5000), volley.ShowRows(-1)); strings.Count(got, "\n") != 5004 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
	if got := text(df, volley.ShowRows(0)); !strings.Contains(got, "top 0 rows") {
		t.Errorf("%s", got)
	}
	long := s.CreateDataFrame([]string{strings.Repeat("ab", 20)})
	if got := text(long); !strings.Contains(got, "| ababababababababab"+"a… |") {
		t.Errorf("%s", got)
	}
	if got := text(long, volley.ShowTruncate(0)); !strings.Contains(got, "| "+strings.Repeat("ab", 20)+" |") {
		t.Errorf("%s", got)
	}
	if got := text(long, volley.ShowTruncate(5)); !strings.Contains(got, "| abab… |") {
		t.Errorf("%s", got)
	}
	bad, err := s.SQL(ctx, "SELECT 1 / (id - id) FROM range(3)")
	if err != nil {
		t.Fatal(err)
	}
	var e *volley.Error
	if err := bad.Show(ctx, &strings.Builder{}); !errors.As(err, &e) || e.Condition != "DIVIDE_BY_ZERO" || e.Column != 8 {
		t.Errorf("%v", err)
	}
}

func TestSchemas(t *testing.T) {
	s := open(t)
	df, err := s.SQL(ctx, "SELECT id, array(named_struct('x', id, 'y', 'z')) AS a, map('k', 1.5) AS m, CAST(NULL AS decimal(12, 2)) AS d FROM range(1)")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := df.PrintSchema(&b); err != nil {
		t.Fatal(err)
	}
	want := `root
 |-- id: bigint (nullable = false)
 |-- a: array (nullable = false)
 |    |-- element: struct
 |    |    |-- x: bigint (nullable = false)
 |    |    |-- y: string (nullable = false)
 |-- m: map (nullable = false)
 |    |-- key: string
 |    |-- value: decimal(2,1)
 |-- d: decimal(12,2) (nullable = true)
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	types, err := df.DTypes()
	if d := cmp.Diff(volley.ColumnType{Name: "d", Type: "decimal(12,2)", Nullable: true}, types[3]); d != "" || err != nil {
		t.Error(d, err)
	}
}

// TestFunctions calls each function once: names and arguments are those of SQL.
func TestFunctions(t *testing.T) {
	s := open(t)
	v := volley.Lit
	at, day := v("2026-11-21 13:14:15").Cast("timestamp"), v("2026-11-21").Cast("date")
	for want, c := range map[string]volley.Column{
		"Ab Cd": volley.Initcap(v("ab cd")), "a ": volley.Ltrim(v(" a ")), " a": volley.Rtrim(v(" a ")), "xxa": volley.Lpad(v("a"), 3, "x"), "axx": volley.Rpad(v("a"), 3, "x"),
		"23": volley.RegexpExtract(v("a23"), `([a-z])(\d+)`, 2), "abba": volley.Replace(v("a--a"), "-", "b"), "3": volley.Instr(v("abc"), "c"), "8": volley.Pow(v(2), 3).Cast("int"),
		"1": volley.Exp(v(0)).Cast("int"), "0": volley.Ln(v(1)).Cast("int"), "true": volley.Rand(1).Between(0, 1), "false": volley.CurrentDate().Gt(volley.CurrentTimestamp()),
		"13": volley.Hour(at), "14": volley.Minute(at), "15": volley.Second(at), "4": volley.Quarter(at), "47": volley.WeekOfYear(at), "7": volley.DayOfWeek(at),
		"2026-11-30": volley.LastDay(day), "2027-01-21": volley.AddMonths(day, 2), "2026-11-20": volley.DateSub(day, 1), "2026-11-01 00:00:00": volley.DateTrunc("month", at).Cast("string"),
		"2": volley.Size(volley.Array(v(1), v(5))), "TRUE": volley.Upper(volley.ArrayContains(volley.Array(v(1)), 1).Cast("string")), "null": volley.NullIf(v(1), 1),
	} {
		rows, err := s.Range(0, 1).Select(c).Collect(ctx)
		if err != nil || rows[0].String() != "["+want+"]" {
			t.Errorf("%s: %v, %v", want, rows, err)
		}
	}
	df := s.Range(0, 4).WithColumn("a", volley.Expr("if(id = 1, array('x', 'y'), null)"))
	if got := strings.Join(lines(t, df.Select("id", volley.ExplodeOuter("a").As("e")).OrderBy("id", "e")), ""); got != "[0, null][1, x][1, y][2, null][3, null]" {
		t.Error(got)
	}
	if got := strings.Join(lines(t, df.Select("id", volley.PosExplode("a").As("p", "e")).OrderBy("p")), ""); got != "[1, 0, x][1, 1, y]" {
		t.Error(got)
	}
	if got := lines(t, df.Agg(volley.ApproxCountDistinct("id"), volley.Median("id"))); got[0] != "[4, 1.5]" {
		t.Error(got)
	}
	w := volley.Window().OrderBy("id")
	if got := strings.Join(lines(t, s.Range(0, 2).Select(volley.PercentRank().Over(w), volley.CumeDist().Over(w))), ""); got != "[0, 0.5][1, 1]" {
		t.Error(got)
	}
}
