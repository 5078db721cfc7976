package mysql_test

import (
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse/mysql"
)

// FuzzTranslate checks that no text panics, that errors have a place and that
// what is translated prints.
func FuzzTranslate(f *testing.F) {
	for _, s := range []string{
		"select a / b, `c`, \"d\" from t join u using (x) where a in (1, 2) group by a having count(*) > 1 order by 1 desc limit 2, 3",
		"select date_format(d, '%Y'), d + interval 3 day, group_concat(distinct a separator ';'), case when a then 1 end, cast(a as signed), x'1f', 0x1f, b'101', ?",
		"insert into t (a) values (1), (default)", "create table t (a int unsigned not null default 1, primary key (a))", "explain select 1", "create view v as select 1",
		"update t set a = 1 where b", "delete from t where a", "select 1 union all (select 2 limit 1)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := mysql.Statement(sql)
		if err != nil {
			if e := sqlerr.As(err); e == nil || e.Pos < 0 || e.Pos > len(sql) || e.Source != sql {
				t.Fatalf("%q: error without a place: %#v", sql, err)
			}
			return
		}
		if q, ok := s.(*ast.Query); ok {
			ast.SQL(q)
		}
	})
}
