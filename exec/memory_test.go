package exec_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// TestStepwiseMemory lowers the memory limit step by step, from 4 GB to 16 MB
// and on. Down to 16 MB every statement gives its rows; below that, or says that memory is
// short. Nowhere is more used than the limit and a quarter.
func TestStepwiseMemory(t *testing.T) {
	const n = "150000"
	for name, sql := range map[string]string{
		"joins": `SELECT count(*), sum(a.id), min(b.s), sum(c.v) FROM range(` + n + `) a
			JOIN (SELECT id * 3 AS k, concat('text number ', id) AS s FROM range(` + n + `)) b ON a.id = b.k
			JOIN (SELECT id % 50000 AS k, id AS v FROM range(` + n + `)) c ON c.k = a.id`,
		"full": `SELECT count(*), count(a.s), count(b.s), sum(a.id), sum(b.k) FROM
			(SELECT id, concat('left ', id) AS s FROM range(` + n + `)) a
			FULL JOIN (SELECT id * 2 AS k, concat('right ', id) AS s FROM range(` + n + `)) b ON a.id = b.k AND a.s > b.s`,
		"not in":  `SELECT count(*) FROM range(` + n + `) WHERE id NOT IN (SELECT id * 2 FROM range(` + n + `))`,
		"one key": `SELECT count(*), sum(a.id) FROM range(200000) a JOIN range(10) b ON a.id % 2 = b.id % 2 AND a.id > 1 + 0 * b.id`,
		"inequality": `SELECT count(*), sum(a.id) FROM range(40) a LEFT JOIN (SELECT id, concat('a long text that takes room ', id) AS s FROM range(` + n + `)) b
			ON b.id % 50 < a.id AND length(b.s) > 10`,
		"groups": `SELECT count(*), sum(n), max(s) FROM (SELECT id % 70000 AS k, count(*) AS n, max(concat('text ', id)) AS s FROM range(` + n + `) GROUP BY 1)`,
		"sort":   `SELECT sum(id * rn) FROM (SELECT id, id % 7 AS rn FROM (SELECT * FROM range(` + n + `) ORDER BY id % 1000, id DESC LIMIT 140000))`,
		"shared": `WITH c AS (SELECT id % 100000 AS k, count(*) AS n, min(concat('text ', id)) AS s FROM range(` + n + `) GROUP BY 1)
			SELECT count(*), sum(x.n + y.n), max(x.s) FROM c x JOIN c y ON x.k = y.k + 1`,
		"distinct": `SELECT count(DISTINCT id % 90000), count(DISTINCT concat('t', id % 30000)) FROM range(` + n + `)`,
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := plan(t, "", sql)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for limit := int64(4 << 30); limit >= 1<<20; limit /= 4 {
				w := plantest.World{BatchSize: 2048, Threads: 2, Memory: limit}
				env := plantest.Env(t, w)
				rows, err := plantest.RowsIn(t, env, plan)
				slices.Sort(rows)
				switch {
				case want == nil && err == nil:
					want = rows
				case sqlerr.Is(err, sqlerr.MemoryLimit) && limit < 16<<20:
					t.Logf("%v: %v", w, err)
				case err != nil || !slices.Equal(rows, want):
					t.Errorf("%v: %v\n%s\nwant\n%s", w, err, strings.Join(rows, "\n"), strings.Join(want, "\n"))
				}
				if p := env.Account.Peak(); p > limit+limit/4 {
					t.Errorf("%v: %d bytes used", w, p)
				}
			}
		})
	}
}
