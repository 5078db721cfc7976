package volley_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley"
)

var ctx = context.Background()

func open(t testing.TB, opts ...volley.Option) *volley.Session {
	t.Helper()
	opts = append([]volley.Option{volley.WithThreads(2), volley.WithConf("spark.sql.session.timeZone", "UTC")}, opts...)
	s, err := volley.Open(ctx, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, sql := range []string{
		"CREATE OR REPLACE TEMP VIEW emp AS SELECT * FROM VALUES (1, 'ann', 10, 100), (2, 'bob', 10, 200), (3, 'cid', 20, 50), (4, 'dan', NULL, 70) AS t(id, name, dept, pay)",
		"CREATE OR REPLACE TEMP VIEW dept AS SELECT * FROM VALUES (10, 'sales'), (20, 'tech'), (30, 'law') AS t(dept, name)",
	} {
		if _, err := s.SQL(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// lines are the rows of a DataFrame, a string each.
func lines(t testing.TB, df *volley.DataFrame) []string {
	t.Helper()
	rows, err := df.Collect(ctx)
	if err != nil {
		t.Fatalf("%s\n%v", df.SQL(), err)
	}
	out := []string{}
	for _, r := range rows {
		out = append(out, r.String())
	}
	return out
}

// TestFrames holds DataFrame calls against SQL: the text of the tree, and rows
// and names of the result.
func TestFrames(t *testing.T) {
	s := open(t)
	emp, dept := s.Table("emp"), s.Table("dept")
	col := volley.Col
	w := volley.Window().PartitionBy("dept").OrderBy(col("pay").Desc())
	self := emp.Filter(col("pay").Gt(60))
	for _, c := range []struct {
		name string
		df   *volley.DataFrame
		sql  string // the tree, and a query with the same rows; empty tree: only rows are compared
		tree string
	}{
		{"table", emp, "SELECT * FROM emp", "="},
		{"select", emp.Select("id", col("pay").Mul(2).As("twice")).OrderBy("id"), "SELECT id, (pay * 2) AS twice FROM emp ORDER BY id", "="},
		{
			"filter, select", emp.Filter("pay > 60").Where(col("dept").IsNotNull()).Select("name").OrderBy(col("name").Desc()),
			"SELECT name FROM emp WHERE pay > 60 AND dept IS NOT NULL ORDER BY name DESC", "",
		},
		{
			"filter after select", emp.SelectExpr("pay + 1 AS p").Filter(col("p").Gt(100)).OrderBy("p"),
			"SELECT * FROM (SELECT pay + 1 AS p FROM emp) WHERE p > 100 ORDER BY p", "=",
		},
		{
			"agg", emp.GroupBy("dept").Agg(volley.Sum("pay").As("s"), volley.Count("*").As("n")).OrderBy("dept"),
			"SELECT dept, sum(pay) AS s, count(*) AS n FROM emp GROUP BY dept ORDER BY dept", "=",
		},
		{"agg names", emp.GroupBy("dept").Sum("pay", "id").OrderBy("dept"), "SELECT dept, sum(pay), sum(id) FROM emp GROUP BY dept ORDER BY dept", "="},
		{"having", emp.GroupBy("dept").Count().Filter("count > 1"), "SELECT * FROM (SELECT dept, count(1) AS count FROM emp GROUP BY dept) WHERE count > 1", "="},
		{"rollup", emp.Rollup("dept").Agg(volley.Sum("pay").As("s")).OrderBy("s"), "SELECT dept, sum(pay) AS s FROM emp GROUP BY ROLLUP (dept) ORDER BY s", "="},
		{
			"cube", emp.Cube("dept", "name").Agg(volley.Sum("pay").As("s")).OrderBy("s", "dept", "name"),
			"SELECT dept, name, sum(pay) AS s FROM emp GROUP BY CUBE (dept, name) ORDER BY s, dept, name", "=",
		},
		{"global agg", emp.Agg(volley.Max("pay"), volley.CountDistinct("dept")), "SELECT max(pay), count(DISTINCT dept) FROM emp", "="},
		{"using", emp.Join(dept, "dept", "left").OrderBy("id"), "SELECT * FROM emp LEFT OUTER JOIN dept USING (dept) ORDER BY id", "="},
		{
			"join on", emp.Join(dept, emp.Col("dept").Eq(dept.Col("dept")), "inner").Select(emp.Col("name"), dept.Col("name").As("d")).OrderBy("id"),
			"SELECT emp.name, dept.name AS d FROM emp INNER JOIN dept ON emp.dept = dept.dept ORDER BY id", "",
		},
		{"semi", emp.Join(dept, "dept", "left_semi").OrderBy("id"), "SELECT * FROM emp LEFT SEMI JOIN dept USING (dept) ORDER BY id", "="},
		{"anti", emp.Join(dept, "dept", "anti"), "SELECT * FROM emp LEFT ANTI JOIN dept USING (dept)", "="},
		{
			"full", emp.Join(dept, emp.Col("dept").Eq(dept.Col("dept")), "outer").OrderBy("id", dept.Col("name")),
			"SELECT * FROM emp FULL OUTER JOIN dept ON emp.dept = dept.dept ORDER BY id, dept.name", "",
		},
		{"cross", emp.CrossJoin(dept).Select("id", dept.Col("dept")).OrderBy("id", dept.Col("dept")), "SELECT id, dept.dept FROM emp CROSS JOIN dept ORDER BY id, dept.dept", "="},
		{
			"join of a join", emp.Join(dept, emp.Col("dept").Eq(dept.Col("dept")), "").Filter(dept.Col("name").Eq("sales")).Limit(10).Select(emp.Col("name"), dept.Col("name")).OrderBy(emp.Col("name")),
			"SELECT emp.name, dept.name FROM emp JOIN dept ON emp.dept = dept.dept WHERE dept.name = 'sales' ORDER BY 1", "",
		},
		{
			"self join", emp.Join(self, emp.Col("dept").Eq(self.Col("dept")).And(emp.Col("id").Lt(self.Col("id"))), "inner").Select(emp.Col("name").As("a"), self.Col("name").As("b")),
			"SELECT a.name AS a, b.name AS b FROM emp a JOIN (SELECT * FROM emp WHERE pay > 60) b ON a.dept = b.dept AND a.id < b.id", "",
		},
		{
			"aliases", emp.Alias("x").Join(emp.Alias("y"), col("x.dept").Eq(col("y.dept")), "inner").Filter("x.id < y.id").Select("x.name", "y.name"),
			"SELECT x.name, y.name FROM emp AS x INNER JOIN emp AS y ON x.dept = y.dept WHERE x.id < y.id", "",
		},
		{
			"alias, filter, join", emp.Alias("x").Filter("pay > 60").Join(dept.Alias("d"), col("x.dept").Eq(col("d.dept")), "inner").Select("x.name", "d.name").OrderBy("x.id"),
			"SELECT x.name, d.name FROM emp x JOIN dept d ON x.dept = d.dept WHERE pay > 60 ORDER BY x.id", "",
		},
		{
			"join of aggregates", emp.GroupBy("dept").Count().Join(dept, "dept", "inner").OrderBy("dept"),
			"SELECT dept, count, name FROM (SELECT dept, count(1) AS count FROM emp GROUP BY dept) JOIN dept USING (dept) ORDER BY dept", "",
		},
		{
			"with column", emp.WithColumn("pay", col("pay").Plus(1)).WithColumn("x", volley.Lit("k")).OrderBy("id"),
			"SELECT id, name, dept, pay + 1 AS pay, 'k' AS x FROM emp ORDER BY id", "",
		},
		{"renamed", emp.WithColumnRenamed("PAY", "wage").WithColumnRenamed("nope", "x").OrderBy("wage"), "SELECT id, name, dept, pay AS wage FROM emp ORDER BY wage", ""},
		{"drop", emp.Drop("pay", "nope").OrderBy("id"), "SELECT id, name, dept FROM emp ORDER BY id", ""},
		{"limit offset", emp.OrderBy("id").Offset(1).Limit(2), "SELECT * FROM emp ORDER BY id LIMIT 2 OFFSET 1", "="},
		{"offset of limit", emp.OrderBy("id").Limit(3).Offset(1), "SELECT * FROM (SELECT * FROM emp ORDER BY id LIMIT 3) OFFSET 1", "="},
		{"distinct", emp.Select("dept").Distinct().OrderBy("dept"), "SELECT DISTINCT dept FROM emp ORDER BY dept", "="},
		{"drop duplicates", emp.DropDuplicates("dept").Select("dept").OrderBy("dept"), "SELECT DISTINCT dept FROM emp ORDER BY dept", ""},
		{"union", emp.Select("dept").Union(dept.Select("dept")).OrderBy("dept"), "SELECT dept FROM emp UNION ALL SELECT dept FROM dept ORDER BY dept", "="},
		{"union by name", dept.UnionByName(dept.Select("name", "dept"), false).OrderBy("dept").Limit(3), "SELECT * FROM dept UNION ALL BY NAME SELECT name, dept FROM dept ORDER BY dept LIMIT 3", "="},
		{"union, missing", dept.UnionByName(dept.Select("dept"), true).OrderBy("dept", "name"), "SELECT * FROM dept UNION ALL SELECT dept, NULL FROM dept ORDER BY 1, 2", ""},
		{"intersect", emp.Select("dept").Intersect(dept.Select("dept")).OrderBy("dept"), "SELECT dept FROM emp INTERSECT SELECT dept FROM dept ORDER BY dept", "="},
		{"except", dept.Select("dept").Except(emp.Select("dept")), "SELECT dept FROM dept EXCEPT SELECT dept FROM emp", "="},
		{
			"window", emp.Select("id", volley.Rank().Over(w).As("r"), volley.Sum("pay").Over(w.RowsBetween(volley.UnboundedPreceding, volley.CurrentRow)).As("s"), volley.Lag("pay", 1).Over(w).As("l")).OrderBy("id"),
			"SELECT id, rank() OVER (PARTITION BY dept ORDER BY pay DESC) AS r, sum(pay) OVER (PARTITION BY dept ORDER BY pay DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s, lag(pay, 1) OVER (PARTITION BY dept ORDER BY pay DESC) AS l FROM emp ORDER BY id", "=",
		},
		{
			"range frame", emp.Select("id", volley.Count("*").Over(volley.Window().OrderBy("pay").RangeBetween(volley.Preceding(30), volley.Following(30))).As("n")).OrderBy("id"),
			"SELECT id, count(*) OVER (ORDER BY pay RANGE BETWEEN 30 PRECEDING AND 30 FOLLOWING) AS n FROM emp ORDER BY id", "=",
		},
		{
			"case", emp.Select("id", volley.When(col("pay").Geq(100), "hi").When(col("pay").Geq(60), "mid").Otherwise("lo").As("c")).OrderBy("id"),
			"SELECT id, CASE WHEN pay >= 100 THEN 'hi' WHEN pay >= 60 THEN 'mid' ELSE 'lo' END AS c FROM emp ORDER BY id", "",
		},
		{
			"predicates", emp.Filter(col("name").Like("a%").Or(col("id").In(2, 3)).And(col("pay").Between(50, 100)).And(col("name").RLike("zz").Not())).OrderBy("id"),
			"SELECT * FROM emp WHERE (name LIKE 'a%' OR id IN (2, 3)) AND pay BETWEEN 50 AND 100 AND NOT name RLIKE 'zz' ORDER BY id", "",
		},
		{
			"functions", emp.Select(volley.Upper("name").As("u"), volley.Round(col("pay").Div(7), 2).As("r"), col("name").Substr(1, 2).As("s"), volley.Coalesce("dept", volley.Lit(0)).As("d"), col("pay").Cast("string").As("c")).OrderBy("u"),
			"SELECT upper(name) AS u, round(pay / 7, 2) AS r, substring(name, 1, 2) AS s, coalesce(dept, 0) AS d, CAST(pay AS STRING) AS c FROM emp ORDER BY u", "",
		},
		{
			"filter clause", emp.Agg(volley.Sum("pay").FilterWhere(col("dept").Eq(10)).As("s"), volley.First("dept").IgnoreNulls().As("f")),
			"SELECT sum(pay) FILTER (WHERE dept = 10) AS s, 10 AS f FROM emp", "",
		},
		{"nested", s.Range(0, 1).Select(volley.Struct(volley.Lit(1).As("a")).As("s"), volley.Array(volley.Lit(5), volley.Lit(6)).As("l")).Select(col("l").GetItem(1).As("x")), "SELECT 6 AS x", ""},
		{
			"struct fields", s.Range(0, 1).Select(volley.Struct("id", volley.Lit(1).As("a"), volley.Lit("z")).As("s")).Select("s.*", col("s").GetField("a")),
			"SELECT 0L AS id, 1 AS a, 'z' AS col3, 1 AS a", "",
		},
		{"drop one side", emp.Join(dept, emp.Col("dept").Eq(dept.Col("dept")), "inner").Drop(dept.Col("dept"), dept.Col("name")).OrderBy("id"), "SELECT * FROM emp WHERE dept IS NOT NULL ORDER BY id", ""},
		{"range", s.Range(2, 5), "SELECT * FROM range(2, 5)", ""},
		{"explode", s.Range(0, 1).Select(volley.Explode(volley.Lit([]int{3, 4})).As("e")), "SELECT explode(array(3, 4)) AS e", ""},
		{"order kept", emp.OrderBy(col("pay").Desc()).Select("id"), "SELECT id FROM emp ORDER BY pay DESC", ""},
	} {
		want, err := s.SQL(ctx, c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.tree == "=" && c.df.SQL() != want.SQL() {
			t.Errorf("%s: the tree is\n%s\nnot\n%s", c.name, c.df.SQL(), want.SQL())
		}
		rows, err := c.df.Collect(ctx)
		if err != nil {
			t.Errorf("%s: %s\n%v", c.name, c.df.SQL(), err)
			continue
		}
		got := []string{}
		for _, r := range rows {
			got = append(got, r.String())
		}
		exp := lines(t, want)
		if !strings.Contains(c.sql, "ORDER BY") && len(got) < 2 || strings.Contains(c.sql, "ORDER BY") || c.name == "range" || c.name == "table" || c.name == "explode" {
			if d := cmp.Diff(exp, got); d != "" {
				t.Errorf("%s: %s\n%s", c.name, c.df.SQL(), d)
			}
		} else if len(got) != len(exp) {
			t.Errorf("%s: %d rows, want %d: %v", c.name, len(got), len(exp), got)
		}
		a, _ := c.df.Columns()
		b, _ := want.Columns()
		if c.name != "union, missing" {
			if d := cmp.Diff(b, a); d != "" {
				t.Errorf("%s: names: %s", c.name, d)
			}
		}
	}
}

type everything struct {
	B    bool
	I8   int8
	I16  int16
	I32  int32
	I64  int64
	F32  float32
	F64  float64
	S    string
	Bin  []byte
	Dec  volley.Decimal
	Day  volley.Date
	At   time.Time
	Wall volley.LocalTime
	Dur  time.Duration
	Mon  volley.Months
	List []int32
	M    map[string]int64
	In   struct{ X, Y int32 }
	Null *string
	Ptr  *int64
	Rows []struct{ K string }
}

func TestRoundTrip(t *testing.T) {
	s := open(t)
	seven := int64(7)
	in := everything{
		true, -8, -1600, -70000, -1 << 62, 1.5, -2.25e300, "it's \\ \n ü",
		[]byte{0, 255, 39},
		"-12345.678900000000000000",
		volley.Date{Year: 2026, Month: 11, Day: 21},
		time.Date(2026, 11, 21, 1, 2, 3, 456789000, time.UTC),
		volley.LocalTime{Time: time.Date(1999, 1, 2, 3, 4, 5, 0, time.UTC)},
		-36*time.Hour - 5*time.Microsecond, -14,
		[]int32{1, 2},
		map[string]int64{"a": 1, "b": 2},
		struct{ X, Y int32 }{3, 4},
		nil, &seven,
		[]struct{ K string }{{"k"}},
	}
	zero := everything{At: time.Unix(0, 0).UTC(), Wall: volley.LocalTime{Time: time.Unix(0, 0).UTC()}, Day: volley.Date{Year: 1, Month: 1, Day: 1}, Dec: "0.000000000000000000"}
	got, err := volley.CollectAs[everything](ctx, s.CreateDataFrame([]everything{in, zero}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]everything{in, zero}, got); d != "" {
		t.Error(d)
	}
	// The same through parameters.
	df, err := s.SQL(ctx, "SELECT ?, ?, ?, ?, ?, ?, ?", true, "x", 5, int64(5), volley.Decimal("1.50"), in.At, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := df.First(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{true, "x", int32(5), int64(5), volley.Decimal("1.50"), in.At, nil}, r.Values()); d != "" {
		t.Error(d)
	}
	df, err = s.SQL(ctx, "SELECT :a + :a AS x, :b[1] AS y FROM range(10) LIMIT :n", volley.Named{"a": 2, "b": []string{"p", "q"}, "n": 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(t, df); len(got) != 1 || got[0] != "[4, q]" {
		t.Errorf("got %v", got)
	}
	if got := lines(t, s.CreateDataFrame([]string{"a", "b"})); strings.Join(got, "") != "[a][b]" {
		t.Errorf("got %v", got)
	}
	if n, err := s.CreateDataFrame([]everything{}).Count(ctx); n != 0 || err != nil {
		t.Errorf("empty: %d, %v", n, err)
	}
}

func TestErrors(t *testing.T) {
	s := open(t)
	emp := s.Table("emp")
	first := func(df *volley.DataFrame) error { _, err := df.Collect(ctx); return err }
	sql := func(text string, args ...any) error {
		df, err := s.SQL(ctx, text, args...)
		if err != nil {
			return err
		}
		return first(df)
	}
	for _, c := range []struct {
		err       error
		condition string
		line, col int
	}{
		{sql("SELECT *\nFROM nowhere"), "TABLE_OR_VIEW_NOT_FOUND", 2, 6},
		{sql("SELECT 1 +"), "PARSE_SYNTAX_ERROR", 1, 11},
		{sql("SELECT 1 / (id - id)\nFROM range(3)"), "DIVIDE_BY_ZERO", 1, 8},
		{sql("SELECT ?"), "UNBOUND_SQL_PARAMETER", 1, 8},
		{sql("SELECT :x", volley.Named{"y": 1}), "UNBOUND_SQL_PARAMETER", 1, 8},
		{sql("SELECT ?", 1, 2), "INVALID_PARAMETER_VALUE", 0, 0},
		{sql("SELECT ?", make(chan int)), "UNSUPPORTED_FEATURE.LITERAL_TYPE", 1, 8},
		{first(emp.Select("nope")), "UNRESOLVED_COLUMN.WITH_SUGGESTION", 0, 0},
		{first(s.Table("nope")), "TABLE_OR_VIEW_NOT_FOUND", 0, 0},
		{first(emp.Filter("pay >")), "PARSE_SYNTAX_ERROR", 1, 13},
		{first(emp.Join(emp, emp.Col("id").Eq(emp.Col("id")), "inner")), "AMBIGUOUS_REFERENCE", 0, 0},
		{first(emp.Join(s.Table("dept"), "dept", "sideways")), "INVALID_PARAMETER_VALUE", 0, 0},
		{first(emp.Select(volley.Column{})), "INVALID_PARAMETER_VALUE", 0, 0},
		{first(emp.Select(volley.Col("id").Over(volley.Window()))), "INVALID_PARAMETER_VALUE", 0, 0},
		{emp.Write().Mode("replace").Save(ctx, t.TempDir()), "INVALID_PARAMETER_VALUE", 0, 0},
		{emp.Write().Parquet(ctx, t.TempDir()), "PATH_ALREADY_EXISTS", 0, 0},
	} {
		var e *volley.Error
		if !errors.As(c.err, &e) {
			t.Errorf("%s: got %v", c.condition, c.err)
			continue
		}
		if e.Condition != c.condition || e.Line != c.line || e.Column != c.col || e.SQLState == "" || e.Message == "" {
			t.Errorf("got %+v, want %s at %d:%d", *e, c.condition, c.line, c.col)
		}
	}
	var n int
	r, _ := emp.Select("dept").Filter("dept IS NULL").First(ctx)
	if err := r.Scan(&n); err == nil {
		t.Error("NULL went into an int")
	}
	var b int8
	r, _ = s.Range(1000, 1001).First(ctx)
	if err := r.Scan(&b); err == nil {
		t.Error("1000 went into an int8")
	}
}

func TestWrites(t *testing.T) {
	s := open(t)
	dir := filepath.ToSlash(t.TempDir())
	emp := s.Table("emp").OrderBy("id")
	for _, format := range []string{"parquet", "json", "arrow", "csv"} {
		path := dir + "/" + format
		w := emp.Write().Format(format).Option("header", "true")
		if err := w.Save(ctx, path); err != nil {
			t.Fatal(format, err)
		}
		if err := w.Mode("append").Save(ctx, path); err != nil {
			t.Fatal(format, err)
		}
		back := s.Read().Format(format).Option("header", "true").Schema("id INT, name STRING, dept INT, pay INT").Load(path)
		if n, err := back.Count(ctx); n != 8 || err != nil {
			t.Errorf("%s: %d rows, %v", format, n, err)
		}
		if err := w.Mode("ignore").Save(ctx, path); err != nil {
			t.Error(err)
		}
		if err := w.Mode("overwrite").Save(ctx, path); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(lines(t, emp), lines(t, back.OrderBy("id"))); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
	if err := emp.Write().PartitionBy("dept").Parquet(ctx, dir+"/by"); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, s.Read().Parquet(dir+"/by").Filter("dept = 10").Select("id", "dept").OrderBy("id")); strings.Join(got, "") != "[1, 10][2, 10]" {
		t.Errorf("partitioned: %v", got)
	}
	if err := emp.Write().SaveAsTable(ctx, "saved"); err != nil {
		t.Fatal(err)
	}
	if err := emp.Write().SaveAsTable(ctx, "saved"); err == nil {
		t.Error("the table was made twice")
	}
	if err := emp.Write().Mode("append").SaveAsTable(ctx, "saved"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Table("saved").Count(ctx); n != 8 || err != nil {
		t.Errorf("saved has %d rows, %v", n, err)
	}
	if err := emp.Write().Mode("overwrite").SaveAsTable(ctx, "saved"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Table("saved").Count(ctx); n != 4 || err != nil {
		t.Errorf("saved has %d rows, %v", n, err)
	}
}

func TestViewsAndSessions(t *testing.T) {
	s := open(t)
	if err := s.Table("emp").Alias("e").Filter("e.pay > 60").CreateOrReplaceTempView("rich"); err != nil {
		t.Fatal(err)
	}
	df, err := s.SQL(ctx, "SELECT count(*) FROM rich")
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(t, df); got[0] != "[3]" {
		t.Errorf("got %v", got)
	}
	other, err := s.NewSession(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if other.Catalog().TableExists(ctx, "rich") || !s.Catalog().TableExists(ctx, "rich") {
		t.Error("a temporary view is in the wrong session")
	}
	if err := s.Conf().Set("spark.sql.session.timeZone", "Asia/Tokyo"); err != nil {
		t.Fatal(err)
	}
	if a, b := s.Conf().Get("spark.sql.session.timeZone"), other.Conf().Get("spark.sql.session.timeZone"); a != "Asia/Tokyo" || b != "UTC" {
		t.Errorf("zones are %s and %s", a, b)
	}
	if ok, err := s.Catalog().DropTempView(ctx, "rich"); !ok || err != nil {
		t.Errorf("drop: %v, %v", ok, err)
	}
	cmd, err := s.SQL(ctx, "SHOW TABLES")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := cmd.Count(ctx); n != 2 || err != nil {
		t.Errorf("SHOW TABLES has %d rows, %v", n, err)
	}
	text, err := s.Table("emp").Filter("id = 1").Explain(ctx, "")
	if err != nil || !strings.Contains(text, "id") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestRecords(t *testing.T) {
	s := open(t)
	var n int64
	for rec, err := range s.Range(0, 10000).Filter("id % 2 = 0").Records(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n += rec.NumRows()
	}
	if n != 5000 {
		t.Errorf("%d rows", n)
	}
	tab, err := s.Table("emp").ToArrow(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	if tab.NumRows() != 4 || tab.NumCols() != 4 {
		t.Errorf("%d × %d", tab.NumRows(), tab.NumCols())
	}
}

// TestCancel ends queries by their context and by leaving the loop, and looks
// for goroutines that stay.
func TestCancel(t *testing.T) {
	s := open(t)
	long := s.Range(0, 1<<40).Filter("id % 7 = 8")
	if _, err := s.Range(0, 10).Collect(ctx); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := long.Count(short)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "CANCEL") {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v to end", d)
	}
	for r, err := range s.Range(0, 1<<40).Rows(ctx) {
		if err != nil || r.Len() != 1 {
			t.Fatal(r, err)
		}
		break
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
}
