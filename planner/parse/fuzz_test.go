package parse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
)

// FuzzLexer checks that tokens lie in order, without overlap, on the text,
// and that a script's pieces do, too.
func FuzzLexer(f *testing.F) {
	for _, s := range []string{"select 'a''b', \"c\\\"\" -- x\n/* /* */ */ 1.5e3BD ;;", "`a``b`.1m 1.e 0x1 .5.", "r'\\' é \xff ≠ >>> <=> /*", "set x = 'it''s'; select 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for _, k := range parse.Tokens(sql) {
			if k.From < end || k.To <= k.From || k.To > len(sql) {
				t.Fatalf("token [%d, %d) after %d of %q", k.From, k.To, end, sql)
			}
			end = k.To
		}
		end = 0
		for _, p := range parse.Script(sql) {
			if p.From < end || p.To <= p.From || p.To > len(sql) || p.Line != 1+strings.Count(sql[:p.From], "\n") {
				t.Fatalf("piece %+v after %d of %q", p, end, sql)
			}
			end = p.To
		}
	})
}

// FuzzParse checks that no text panics, that every error has a place, that
// every node lies within the text, and that statements print as text that
// parses back to what prints the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"select a, count(distinct b) filter (where c) over (partition by d order by e rows 1 preceding) from t where x in (1, 2) group by rollup(a, b)",
		"with a as (values (1, 'x')) select * except (b) from a join lateral (select 1) using (c) union all table d order by all limit 1",
		"from t |> where a |> aggregate sum(b) group by c |> pivot (sum(x) for y in (1 as z))",
		"create or replace table t (a int not null default 1, b struct<x: array<int>>) using parquet partitioned by (c, years(d)) tblproperties ('k' = 'v') as select 1",
		"insert overwrite t partition (a = 1, b) (c, d) select case a when 1 then interval '1-2' year to month end, -1::int[0].b",
		"merge into t using (select 1) s on a when matched and b then update set * when not matched then insert (a) values (1)",
		"alter table t change a b int comment 'x' first", "show tables in a like 'x*'", "describe function extended abs", "explain analyze select 1",
		"set a.b = 'c'", "set time zone interval '1' hour", "analyze table t compute statistics for all columns", "select trim(both 'x' from y), extract(year from z)",
		"select x -> x, (a, b) -> a, f(a => :p, ?), identifier('a' || 'b').c, 1 << 2 >>> 3 <=> 4, not exists (select 1) is not distinct from null",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := parse.Statement(sql)
		if err != nil {
			if e := sqlerr.As(err); e == nil || e.Pos < 0 || e.Pos > len(sql) || strings.Contains(e.Msg, "%!(") {
				t.Fatalf("%q: error without a place or with a broken message: %#v", sql, err)
			}
			return
		}
		ast.Walk(s, func(n ast.Node) {
			if n.Pos() > n.End() || n.End() > len(sql) {
				t.Fatalf("%q: %T lies at [%d, %d)", sql, n, n.Pos(), n.End())
			}
			if e, ok := n.(ast.Expr); ok {
				ast.ColumnName(e, nil)
			}
		})
		text := ast.SQL(s)
		again, err := parse.Statement(text)
		if err != nil {
			if sqlerr.Is(err, sqlerr.StatementTooComplex) {
				return // parentheses were added
			}
			t.Fatalf("%q prints as %q, which fails: %v", sql, text, err)
		}
		if text2 := ast.SQL(again); text2 != text {
			t.Fatalf("%q prints as %q, which prints as %q", sql, text, text2)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var in, values, columns strings.Builder
	in.WriteString("select * from t where a in (0")
	values.WriteString("insert into t values (0, 'a', 1.5)")
	columns.WriteString("select 1")
	for i := range 100_000 {
		fmt.Fprintf(&in, ", %d", i)
		fmt.Fprintf(&values, ", (%d, 'name %d', %d.5)", i, i, i)
		fmt.Fprintf(&columns, ", coalesce(t.column_%d + 1, b * %d) as c%d", i, i, i)
	}
	in.WriteString(")")
	for _, c := range []struct{ name, sql string }{
		{"short", "select a, sum(b) from t where c > 1 group by a order by 2 desc limit 10"},
		{"in list", in.String()},
		{"values", values.String()},
		{"columns", columns.String()},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.sql)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse.Statement(c.sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
