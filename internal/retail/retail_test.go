package retail

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func generate(t *testing.T, c Config, p Progress) (dir string, rows int64) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	rows, err := Generate(t.Context(), dir, c, p)
	if err != nil {
		t.Fatal(err)
	}
	return dir, rows
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// differences are the files that one of two folders has alone, or with other bytes.
func differences(a, b map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if x, ok := b[name]; !ok || x != a[name] {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[name]; !ok {
			out = append(out, name)
		}
	}
	return out
}

// The committed data is what the generator makes, byte for byte, however many threads write.
func TestDefaultIsTestdata(t *testing.T) {
	want := contents(t, filepath.Join("..", "..", "testdata", "retail"))
	for _, procs := range []int{1, 4} {
		old := runtime.GOMAXPROCS(procs)
		dir, _ := generate(t, Default, nil)
		runtime.GOMAXPROCS(old)
		if d := differences(want, contents(t, dir)); len(d) > 0 {
			t.Errorf("with %d threads these differ from testdata/retail: %v", procs, d)
		}
	}
}

func TestSeeds(t *testing.T) {
	c := Default
	c.Days, c.Stores, c.Seed = 5, 9, 77
	a, n := generate(t, c, nil)
	b, m := generate(t, c, nil)
	if d := differences(contents(t, a), contents(t, b)); len(d) > 0 || n != m {
		t.Errorf("equal seeds: %d and %d rows, %v differ", n, m, d)
	}
	c.Seed++
	other, _ := generate(t, c, nil)
	x, y := contents(t, a), contents(t, other)
	for _, name := range slices.Sorted(maps.Keys(x)) {
		if y[name] == x[name] {
			t.Errorf("another seed makes the same %s", name)
		}
	}
}

// A day that does not fit one file has several.
func TestLargeDay(t *testing.T) {
	c := Default
	c.Days, c.Stores, c.PerStore = 1, 30, 8_000
	dir, n := generate(t, c, nil)
	files, err := filepath.Glob(filepath.Join(dir, "transactions", "day=2026-11-21", "*.parquet"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d rows of one day in %v, %v", n, files, err)
	}
}

// TestMemory: ten times the days take no more memory.
func TestMemory(t *testing.T) {
	c := Default
	c.Stores = 60
	peak := func(days int) (most uint64, rows int64) {
		c.Days = days
		_, rows = generate(t, c, func(day, days int, _ int64) {
			if day%(days/14) != 0 {
				return
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		})
		return most, rows
	}
	few, n := peak(28)
	many, m := peak(280)
	if n < 80_000 || m < 9*n {
		t.Fatalf("%d and %d rows", n, m)
	}
	if many > few+few/2+4<<20 {
		t.Errorf("%d bytes are alive for %d rows, %d for %d", few, n, many, m)
	}
	t.Logf("%d bytes are alive for %d rows, %d for %d", few, n, many, m)
}

// What fails or is stopped leaves nothing.
func TestStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	parent := t.TempDir()
	_, err := Generate(ctx, filepath.Join(parent, "out"), Default, func(day, _ int, _ int64) {
		if day == 3 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped generator returns %v", err)
	}
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
}
