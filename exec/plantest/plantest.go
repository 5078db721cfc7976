// Package plantest runs physical plans in many worlds and compares the rows:
// batch sizes 1, 3 and 2048, one and four threads, with and without forced
// spilling. Between all operators it checks the contract of streams: batches are
// lent, so they are overwritten as soon as the consumer's loop body returns;
// nothing is yielded after the consumer has stopped or after an error. At the
// end of a task no memory may be reserved and no goroutine left.
package plantest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// World is a configuration of the engine.
type World struct {
	BatchSize, Threads int
	Spill              bool
	// Memory is the limit in bytes, 0: none.
	Memory int64
}

func (w World) String() string {
	s := fmt.Sprintf("batch=%d,threads=%d", w.BatchSize, w.Threads)
	if w.Spill {
		s += ",spill"
	}
	if w.Memory > 0 {
		s += fmt.Sprintf(",memory=%d", w.Memory)
	}
	return s
}

// Worlds are the configurations that every plan must answer alike in.
var Worlds = []World{
	{BatchSize: 2048, Threads: 1},
	{BatchSize: 2048, Threads: 4},
	{BatchSize: 3, Threads: 1},
	{BatchSize: 3, Threads: 4},
	{BatchSize: 1, Threads: 4},
	{BatchSize: 2048, Threads: 1, Spill: true},
	{BatchSize: 3, Threads: 4, Spill: true},
}

// Env is the environment of a world.
func Env(t testing.TB, w World) *flow.Env {
	t.Helper()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return &flow.Env{
		Functions: reg, Threads: w.Threads, BatchSize: w.BatchSize, ForceSpill: w.Spill, Partitions: 1,
		Account: mem.NewAccount("test", w.Memory),
		Context: &function.Context{
			ANSI: true, TimeZone: time.UTC, Now: time.Unix(1700000000, 0), Setting: func(string) string { return "" },
		},
	}
}

// Rows runs plan in a world and returns its rows, a line each.
func Rows(t testing.TB, w World, plan physical.Node) ([]string, error) {
	t.Helper()
	return RowsIn(t, Env(t, w), plan)
}

// RowsIn is Rows in an environment of the caller's.
func RowsIn(t testing.TB, env *flow.Env, plan physical.Node) ([]string, error) {
	t.Helper()
	task, err := exec.Build(env, plan, nil, exec.Tap(Check(t)))
	if err != nil {
		return nil, err
	}
	return Collect(t, context.Background(), env, task)
}

// Collect runs a task to its end and checks that it left nothing behind.
func Collect(t testing.TB, ctx context.Context, env *flow.Env, task *exec.Task) ([]string, error) {
	t.Helper()
	before := runtime.NumGoroutine()
	var rows []string
	var failed error
	for b, err := range task.Stream(ctx) {
		if failed != nil {
			t.Error("a batch or error after an error")
		}
		if err != nil {
			failed = err
			continue
		}
		rows = append(rows, Lines(b)...)
	}
	if n := task.Leaked(); n != 0 {
		t.Errorf("%d bytes were not released", n)
	}
	if n := env.Account.Used(); n != 0 {
		t.Errorf("%d bytes are still reserved", n)
	}
	for range 100 { // goroutines that have signalled their end may take a moment to go
		if runtime.NumGoroutine() <= before {
			return rows, failed
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
	return rows, failed
}

// Lines writes the alive rows of b, values joined by |.
func Lines(b *vec.Batch) []string {
	var out []string
	for _, r := range b.Selection() {
		cells := make([]string, len(b.Cols))
		for i, c := range b.Cols {
			cells[i] = Cell(c.Get(int(r)))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

// Cell writes a value.
func Cell(d types.Datum) string {
	if d == nil {
		return "NULL"
	}
	return fmt.Sprint(d)
}

// Test runs plan in all worlds, each as a subtest, and compares its rows with
// want: in this order, or in any.
func Test(t *testing.T, plan physical.Node, want []string, ordered bool) {
	t.Helper()
	if !ordered {
		want = slices.Sorted(slices.Values(want))
	}
	for _, w := range Worlds {
		t.Run(w.String(), func(t *testing.T) {
			t.Helper()
			got, err := Rows(t, w, plan)
			if err != nil {
				t.Fatal(err)
			}
			if !ordered {
				slices.Sort(got)
			}
			Diff(t, got, want)
		})
	}
}

// Diff reports the first difference of two lists of rows.
func Diff(t testing.TB, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "(no row)", "(no row)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("%d rows, want %d; row %d is\n  %s, want\n  %s", len(got), len(want), i, g, w)
		}
	}
}
