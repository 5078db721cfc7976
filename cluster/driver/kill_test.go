package driver_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// A shape is a statement and what it must answer whatever happens to executors.
type shape struct {
	name, sql, rows string
	// mayEnd says that rows which were returned may turn out to be of an
	// attempt that counts no more, which is an error.
	mayEnd bool
}

var shapes = []shape{
	{name: "aggregate", sql: query, rows: rows},
	{
		name: "join", rows: "3000000 449998500000 \n",
		sql: "SELECT count(*), sum(b.k) FROM $SOURCE a JOIN (SELECT DISTINCT k FROM $SOURCE) b ON a.k = b.k",
	},
	{
		name: "chance", rows: "3000000 \n", mayEnd: true,
		sql: "SELECT sum(c) FROM (SELECT k, sum(c) AS c FROM (SELECT CAST(rand() * 50000 AS BIGINT) AS k, id % 7 AS m, count(*) AS c FROM $SOURCE GROUP BY 1, 2) GROUP BY k)",
	},
	{
		name: "top rows", rows: "100000 9999900000 \n",
		sql: "SELECT count(*), sum(i) FROM (SELECT id AS i FROM $SOURCE WHERE id % 2 = 0 ORDER BY id LIMIT 100000)",
	},
	{name: "many rows", sql: "SELECT id FROM $SOURCE WHERE id % 30 = 0 ORDER BY id", rows: multiples(30, 3_000_000)},
}

// multiples are the rows of the multiples of n below end.
func multiples(n, end int) string {
	var b strings.Builder
	for i := 0; i < end; i += n {
		b.WriteString(strconv.Itoa(i) + " \n")
	}
	return b.String()
}

// a moment of a job's way.
type moment func([]driver.StageProgress) bool

// TestKilled kills executors at every stage of a job's way; its answer stays the same.
func TestKilled(t *testing.T) {
	stage := func(p []driver.StageProgress, n int) driver.StageProgress {
		if n < len(p) {
			return p[n]
		}
		return driver.StageProgress{}
	}
	moments := []struct {
		name   string
		spared int // executors that are left
		now    moment
	}{
		{"before its output", 2, func(p []driver.StageProgress) bool { s := stage(p, 0); return s.Running > 0 && s.Done == 0 }},
		{"while outputs come in", 2, func(p []driver.StageProgress) bool { s := stage(p, 0); return s.Done > 0 && s.Done < s.Tasks }},
		{"after all outputs, while they are read", 2, func(p []driver.StageProgress) bool {
			return stage(p, 0).Done == stage(p, 0).Tasks && stage(p, 1).Running > 0
		}},
		{"all but one", 1, func(p []driver.StageProgress) bool { return stage(p, 0).Done > 0 }},
		{"all of them", 0, func(p []driver.StageProgress) bool { return stage(p, 0).Done > 0 }},
	}
	a := open(t, 3)
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			for range 8 { // a moment may pass unseen on a busy machine
				wait(t, "three executors", 20*time.Second, func() bool { return len(pids(a)) == 3 })
				if killAt(t, a, shapes[0], m.spared, m.now) {
					return
				}
			}
			t.Fatal("the moment never came")
		})
	}
}

// killAt runs a statement, kills executors but for those spared at the moment,
// and checks the rows. It reports whether the moment came.
func killAt(t *testing.T, a *app.App, s shape, spared int, now moment) bool {
	t.Helper()
	return during(t, a, s, now, func() {
		victims := pids(a)
		for _, pid := range victims[:max(0, len(victims)-spared)] {
			kill(t, pid)
		}
	})
}

// during runs a statement, has something done at the moment and checks the rows.
func during(t *testing.T, a *app.App, s shape, now moment, do func()) (came bool) {
	t.Helper()
	type answer struct {
		rows string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		r, err := run(t.Context(), a, s.sql)
		done <- answer{r, err}
	}()
	for {
		select {
		case got := <-done:
			if got.err != nil && s.mayEnd && sqlerr.Is(got.err, sqlerr.ShuffleLost) {
				return came
			}
			if got.err != nil || got.rows != s.rows {
				t.Fatalf("%s: rows %.200q, want %.200q, error %v", s.name, got.rows, s.rows, got.err)
			}
			return came
		case <-time.After(200 * time.Microsecond):
		}
		jobs := a.Jobs()
		if came || len(jobs) == 0 || !now(jobs[0].Progress()) {
			continue
		}
		came = true
		do()
	}
}

// soak is how long the tests of random faults run: VOLLEY_SOAK seconds, or a few.
func soak() time.Duration {
	if n, err := strconv.Atoi(os.Getenv("VOLLEY_SOAK")); err == nil {
		return time.Duration(n) * time.Second
	}
	return 3 * time.Second
}

func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("VOLLEY_TEST_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("VOLLEY_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 2))
}

// TestKilledAtRandom kills at moments that a seed chooses: one executor, all but one, or all.
func TestKilledAtRandom(t *testing.T) {
	r := seeded(t)
	a := open(t, 3)
	killed, runs := 0, 0
	for end := time.Now().Add(soak()); time.Now().Before(end) || killed == 0 && runs < 100; runs++ {
		wait(t, "an executor", 20*time.Second, func() bool { return len(pids(a)) > 0 })
		at := time.Now().Add(time.Duration(r.Int64N(int64(600 * time.Millisecond))))
		spared := []int{2, 2, 1, 0}[r.IntN(4)]
		if killAt(t, a, shapes[r.IntN(len(shapes))], spared, func([]driver.StageProgress) bool { return time.Now().After(at) }) {
			killed++
		}
	}
	t.Logf("killed in %d of %d runs", killed, runs)
	if killed == 0 {
		t.Error("nobody was killed")
	}
}

// TestInsertKilled: an INSERT whose executors die leaves exactly its rows, once.
func TestInsertKilled(t *testing.T) {
	r := seeded(t)
	a := open(t, 3)
	dir := filepath.ToSlash(filepath.Join(t.TempDir(), "out"))
	killed := 0
	for round := 0; round < 2+int(soak()/(20*time.Second)) || killed == 0 && round < 20; round++ {
		wait(t, "an executor", 20*time.Second, func() bool { return len(pids(a)) > 0 })
		at := time.Now().Add(time.Duration(r.Int64N(int64(400 * time.Millisecond))))
		s := shape{
			name: "insert", sql: "INSERT OVERWRITE DIRECTORY '" + dir + "' USING parquet SELECT id, k, repeat('x', 20) AS s FROM $SOURCE WHERE id >= " + strconv.Itoa(round),
		}
		if killAt(t, a, s, 1+r.IntN(2), func([]driver.StageProgress) bool { return time.Now().After(at) }) {
			killed++
		}
		want := fmt.Sprintf("%d %d %d \n", 3000000-round, 3000000-round, round)
		if got, err := run(t.Context(), a, "SELECT count(*), count(DISTINCT id), min(id) FROM parquet.`"+dir+"`"); err != nil || got != want {
			t.Fatalf("round %d: rows %q, want %q, error %v", round, got, want, err)
		}
	}
	if killed == 0 {
		t.Error("nobody was killed")
	}
	// Nothing but the files of the last INSERT is left.
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == catalog.StagingName {
			t.Errorf("%s is left", e.Name())
		}
	}
}
