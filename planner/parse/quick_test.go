package parse_test

import (
	"testing"

	"github.com/volley-sql/volley/planner/parse"
)

func TestStatementKinds(t *testing.T) {
	for _, sql := range []string{"select 1", "create table t (a int) using parquet", "set a.b = 'c'"} {
		if _, err := parse.Statement(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
