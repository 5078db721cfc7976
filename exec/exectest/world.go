// Package exectest runs operators in many worlds for tests: batch sizes,
// threads, encodings, batches with dead rows, forced spilling, little memory.
// A test computes its rows with a naive reference and asks for the same in
// every world.
package exectest

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// World is a way to run an operator.
type World struct {
	Threads, Size int
	Spill         bool   // Env.ForceSpill
	Limit         int64  // of memory, 0: none
	Collide       bool   // all hashes are equal, where a test can arrange that
	Enc           string // how input columns are encoded: "" flat, "dict", "const" (where all rows of a batch agree)
	Sparse        bool   // batches hold rows that are not alive
}

// Env makes the task environment of w. It fails the test if memory is still
// reserved when the test is over.
func (w World) Env(t testing.TB, r *function.Registry) *flow.Env {
	e := &flow.Env{
		Functions: r, Context: &function.Context{ANSI: true}, Threads: w.Threads, BatchSize: w.Size,
		Account: mem.NewAccount("task", w.Limit), SpillDir: sync.OnceValues(func() (string, error) { return t.TempDir(), nil }),
		Partitions: 1, ForceSpill: w.Spill, Filters: &flow.RuntimeFilters{},
	}
	t.Cleanup(func() {
		if used := e.Account.Used(); used != 0 {
			t.Errorf("%+v: %d bytes are still reserved", w, used)
		}
	})
	return e
}

// Batches cuts rows into batches of the world's size and encoding.
func (w World) Batches(ts []types.Type, rows [][]types.Datum) []*vec.Batch {
	var out []*vec.Batch
	for lo := 0; lo < len(rows); lo += w.Size {
		chunk := rows[lo:min(lo+w.Size, len(rows))]
		b := &vec.Batch{N: len(chunk)}
		if w.Sparse {
			var spread [][]types.Datum
			b.Sel = []uint16{}
			for _, r := range chunk {
				for len(spread)%3 == 1 {
					spread = append(spread, rows[0])
				}
				b.Sel = append(b.Sel, uint16(len(spread)))
				spread = append(spread, r)
			}
			chunk, b.N = spread, len(spread)
		}
		for c, t := range ts {
			col := make([]types.Datum, len(chunk))
			for i, r := range chunk {
				col[i] = r[c]
			}
			b.Cols = append(b.Cols, w.encode(t, col))
		}
		out = append(out, b)
	}
	return out
}

func (w World) encode(t types.Type, col []types.Datum) *vec.Vec {
	same := len(col) > 0
	for _, d := range col {
		same = same && Show(d) == Show(col[0])
	}
	switch {
	case w.Enc == "const" && same:
		v := (&vec.Vec{Type: t}).SetConst(len(col))
		v.Put(0, col[0])
		return v
	case w.Enc == "dict" && t.Kind != types.Null:
		d := &vec.Dictionary{Values: vec.New(t, 0)}
		seen := map[string]int32{}
		codes := make([]int32, len(col))
		for i, x := range col {
			if x == nil {
				continue
			}
			c, ok := seen[Show(x)]
			if !ok {
				c = int32(d.Values.AppendDatums([]types.Datum{x}))
				seen[Show(x)] = c
			}
			codes[i] = c
		}
		v := &vec.Vec{Type: t}
		v.SetDict(d, codes)
		for i, x := range col {
			if x == nil {
				v.SetNull(i)
			}
		}
		return v
	}
	return vec.FromDatums(t, col...)
}

// Show is a datum as text, -0.0 and 0.0 apart.
func Show(d types.Datum) string {
	switch x := d.(type) {
	case nil:
		return "null"
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case bool:
		return strconv.FormatBool(x)
	}
	return fmt.Sprint(d)
}

// Share is the stream of one of several threads that take batches in turn.
func Share(bs []*vec.Batch, thread, threads int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for i := thread; i < len(bs); i += threads {
			if !yield(bs[i], nil) {
				return
			}
		}
	}
}

// Parallel is a flow.Parallel of so many threads.
func Parallel(threads int) flow.Parallel {
	return func(ctx context.Context, n int, f func(context.Context, int, int) error) error {
		errs := make(chan error, threads)
		for th := range threads {
			go func() {
				for i := th; i < n; i += threads {
					if err := f(ctx, th, i); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		var err error
		for range threads {
			if e := <-errs; e != nil {
				err = e
			}
		}
		return err
	}
}

// Each runs f once a thread.
func Each(threads int, f func(i int) error) error {
	return Parallel(threads)(context.Background(), threads, func(_ context.Context, _, i int) error { return f(i) })
}

// Collect reads n streams, one a thread, and returns their rows as text, sorted.
func Collect(n int, open func(i int) (vec.Stream, error)) ([]string, error) {
	outs := make([][]string, n)
	err := Each(n, func(i int) error {
		in, err := open(i)
		if err != nil {
			return err
		}
		outs[i], err = Lines(in)
		return err
	})
	var rows []string
	for _, o := range outs {
		rows = append(rows, o...)
	}
	sort.Strings(rows)
	return rows, err
}

// Lines reads a stream and returns its rows as text, in order.
func Lines(in vec.Stream) ([]string, error) {
	var out []string
	for b, err := range in {
		if err != nil {
			return out, err
		}
		for _, r := range b.Selection() {
			row := make([]types.Datum, len(b.Cols))
			for c, v := range b.Cols {
				if v.Len() != b.N {
					return out, fmt.Errorf("column %d has %d rows in a batch of %d", c, v.Len(), b.N)
				}
				row[c] = v.Get(int(r))
			}
			out = append(out, Line(row))
		}
	}
	return out, nil
}

// Line is a row as text.
func Line(row []types.Datum) string {
	cells := make([]string, len(row))
	for i, d := range row {
		cells[i] = Show(d)
	}
	return strings.Join(cells, "|")
}
