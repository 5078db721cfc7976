package driver_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/internal/app"
)

// TestKilled kills executors at every stage of a job's way; its answer stays the same.
func TestKilled(t *testing.T) {
	stage := func(p []driver.StageProgress, n int) driver.StageProgress {
		if n < len(p) {
			return p[n]
		}
		return driver.StageProgress{}
	}
	moments := []struct {
		name string
		all  bool
		now  func(p []driver.StageProgress) bool
	}{
		{"before its output", false, func(p []driver.StageProgress) bool { s := stage(p, 0); return s.Running > 0 && s.Done == 0 }},
		{"while outputs come in", false, func(p []driver.StageProgress) bool { s := stage(p, 0); return s.Done > 0 && s.Done < s.Tasks }},
		{"after all outputs, while they are read", false, func(p []driver.StageProgress) bool {
			return stage(p, 0).Done == stage(p, 0).Tasks && stage(p, 1).Running > 0
		}},
		{"all of them", true, func(p []driver.StageProgress) bool { return stage(p, 0).Done > 0 }},
	}
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			a := open(t, 3)
			wait(t, "three executors", 20*time.Second, func() bool { return len(pids(a)) == 3 })
			for range 8 { // a moment may pass unseen on a busy machine
				if killAt(t, a, m.all, m.now) {
					return
				}
				wait(t, "three executors", 20*time.Second, func() bool { return len(pids(a)) == 3 })
			}
			t.Fatal("the moment never came")
		})
	}
}

// killAt runs the query, kills at the moment and checks the rows. It reports whether the moment came.
func killAt(t *testing.T, a *app.App, all bool, now func([]driver.StageProgress) bool) (came bool) {
	type answer struct {
		rows string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		r, err := run(t.Context(), a, query)
		done <- answer{r, err}
	}()
	for {
		select {
		case got := <-done:
			if got.err != nil || got.rows != rows {
				t.Fatalf("rows %q, error %v", got.rows, got.err)
			}
			return came
		case <-time.After(200 * time.Microsecond):
		}
		jobs := a.Jobs()
		if came || len(jobs) == 0 || !now(jobs[0].Progress()) {
			continue
		}
		came = true
		victims := pids(a)
		if !all && len(victims) > 1 {
			victims = victims[:1]
		}
		for _, pid := range victims {
			kill(t, pid)
		}
	}
}

// TestKilledAtRandom kills at moments that a seed chooses.
func TestKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIP: takes 10 s")
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("VOLLEY_TEST_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("VOLLEY_TEST_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	a := open(t, 3)
	killed := 0
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		wait(t, "an executor", 20*time.Second, func() bool { return len(pids(a)) > 0 })
		at := time.Now().Add(time.Duration(r.Int64N(int64(400 * time.Millisecond))))
		if killAt(t, a, r.IntN(4) == 0, func([]driver.StageProgress) bool { return time.Now().After(at) }) {
			killed++
		}
	}
	if killed == 0 {
		t.Error("nobody was killed")
	}
	t.Logf("%d kills", killed)
}
