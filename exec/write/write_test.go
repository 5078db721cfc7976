package write

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

var schema = types.Schema{{Name: "value", Type: types.StringType}, {Name: "k", Type: types.Int32Type, Nullable: true}}

// batches makes rows 0 … n-1 of (text of i, i % mod, NULL where that is 0), size rows a batch, with every second row selected out if sparse.
func batches(n, size, mod int, sparse bool, fail error) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for lo := 0; lo < n; lo += size {
			b := vec.NewBatch([]types.Type{types.StringType, types.Int32Type}, min(size, n-lo))
			for i := range b.N {
				vec.Data[string](b.Cols[0])[i] = fmt.Sprint(lo + i)
				vec.Data[int32](b.Cols[1])[i] = int32((lo + i) % mod)
				if (lo+i)%mod == 0 {
					b.Cols[1].SetNull(i)
				}
				if sparse && (lo+i)%2 == 0 {
					b.Sel = append(b.Sel, uint16(i))
				}
			}
			if !yield(b, nil) {
				return
			}
		}
		if fail != nil {
			yield(nil, fail)
		}
	}
}

// run writes and returns the files by their partition, with their lines.
func run(t *testing.T, target catalog.WriteTarget, in ...vec.Stream) (*Write, map[string][]string, error) {
	t.Helper()
	w, err := New(&flow.Env{Threads: len(in), BatchSize: 3}, &physical.Write{Target: target})
	if err != nil {
		return nil, nil, err
	}
	for i, s := range in {
		if err := w.Drain(context.Background(), i, s); err != nil {
			w.Close()
			return w, nil, err
		}
	}
	if err := w.Finish(context.Background(), nil); err != nil {
		return w, nil, err
	}
	w.Close()
	out := map[string][]string{}
	rows := int64(0)
	for b, err := range w.Open(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Files(b) {
			data, err := os.ReadFile(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(data)) != f.Bytes || int64(strings.Count(string(data), "\n")) != f.Rows {
				t.Errorf("%+v holds %d bytes, %q", f, len(data), data)
			}
			if want := target.StagingDir() + "/" + f.Partition; !strings.HasPrefix(f.Path, strings.TrimSuffix(want, "/")) {
				t.Errorf("%s is not below %s", f.Path, want)
			}
			rows += f.Rows
			out[f.Partition] = append(out[f.Partition], strings.Fields(string(data))...)
		}
	}
	for range w.Open(context.Background(), 1) {
		t.Error("the files were given twice")
	}
	return w, out, nil
}

func target(t *testing.T, partition ...int) catalog.WriteTarget {
	return catalog.WriteTarget{Format: "text", Location: filepath.ToSlash(t.TempDir()) + "/out", Job: "j1", Schema: schema, Partition: partition}
}

func TestPartitions(t *testing.T) {
	for _, mod := range []int{3, maxOpen + 30} {
		_, got, err := run(t, target(t, 1), batches(700, 256, mod, false, nil), batches(7, 2, mod, true, nil))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{}
		for i := range 700 {
			k := fmt.Sprintf("k=%d", i%mod)
			if i%mod == 0 {
				k = "k=__HIVE_DEFAULT_PARTITION__"
			}
			want[k] = append(want[k], fmt.Sprint(i))
			if i < 7 && i%2 == 0 {
				want[k] = append(want[k], fmt.Sprint(i))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d partitions, want %d", len(got), len(want))
		}
		for k := range want {
			slices.Sort(want[k])
			slices.Sort(got[k])
			if !slices.Equal(want[k], got[k]) {
				t.Errorf("%s holds %v, want %v", k, got[k], want[k])
			}
		}
	}
}

func TestLimitsAndEmpty(t *testing.T) {
	tg := target(t)
	tg.Schema = schema[:1]
	tg.Options = map[string]string{"maxRecordsPerFile": "10"}
	w, got, err := run(t, tg, batches(95, 33, 2, false, nil))
	if err != nil || len(got[""]) != 95 || len(w.written) != 10 {
		t.Fatalf("%d rows in %d files, %v", len(got[""]), len(w.written), err)
	}
	w, got, err = run(t, target1(t), batches(0, 1, 1, false, nil), batches(0, 1, 1, false, nil))
	if err != nil || len(w.written) != 1 || len(got[""]) != 0 {
		t.Fatalf("a result without rows: %v %v %v", w.written, got, err)
	}
	w, _, err = run(t, target(t, 1), batches(0, 1, 1, false, nil))
	if err != nil || len(w.written) != 0 {
		t.Fatalf("a partitioned result without rows: %v %v", w.written, err)
	}
	tg = target1(t)
	tg.SingleFile, tg.Location = true, tg.Location+".txt"
	w, got, err = run(t, tg, batches(100, 7, 2, false, nil))
	if err != nil || len(w.written) != 1 || !strings.HasSuffix(w.written[0].Path, "/_volley_staging/j1/out.txt") || got[""][99] != "99" {
		t.Fatalf("single file: %v %v", w.written, err)
	}
}

func target1(t *testing.T) catalog.WriteTarget {
	tg := target(t)
	tg.Schema = schema[:1]
	return tg
}

// A task that fails leaves no file.
func TestFailure(t *testing.T) {
	for _, parts := range [][]int{nil, {1}} {
		tg := target(t, parts...)
		if parts == nil {
			tg.Schema = schema[:1]
		}
		tg.Options = map[string]string{"maxRecordsPerFile": "10"}
		boom := errors.New("boom")
		_, _, err := run(t, tg, batches(50, 10, 5, false, nil), batches(100, 7, 5, false, boom))
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		filepath.WalkDir(tg.Location, func(p string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				t.Errorf("%s was left", p)
			}
			return nil
		})
	}
	tg := target1(t)
	tg.Location = "/proc/no/such"
	if _, _, err := run(t, tg, batches(1, 1, 1, false, nil)); sqlerr.As(err) == nil {
		t.Errorf("unwritable: %v", err)
	}
	tg = target1(t)
	tg.Schema = types.Schema{{Name: "value", Type: types.Int32Type}}
	if _, _, err := run(t, tg, batches(1, 1, 1, false, nil)); !sqlerr.Is(err, sqlerr.UnsupportedDatatype) {
		t.Errorf("wrong type: %v", err)
	}
}

// With little memory the rows that writers gather go to disk early, in small
// row groups; nothing stays reserved, and with next to none it is a clean error.
func TestMemoryLimit(t *testing.T) {
	write := func(limit int64) (*mem.Account, []catalog.File, error) {
		root := mem.NewAccount("test", limit)
		tg := target(t, 1)
		tg.Format = "parquet"
		w, err := New(&flow.Env{Threads: 1, BatchSize: 1000, Account: root}, &physical.Write{Target: tg})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if err := w.Drain(context.Background(), 0, batches(200_000, 1000, 7, false, nil)); err != nil {
			return root, nil, err
		}
		if err := w.Finish(context.Background(), nil); err != nil {
			return root, nil, err
		}
		var out []catalog.File
		for b := range w.Open(context.Background(), 0) {
			out = append(out, Files(b)...)
		}
		return root, out, nil
	}
	wide, all, err := write(0)
	if err != nil {
		t.Fatal(err)
	}
	tight, files, err := write(wide.Peak() / 3)
	if err != nil {
		t.Fatal(err)
	}
	rows := func(fs []catalog.File) (n int64) {
		for _, f := range fs {
			n += f.Rows
		}
		return n
	}
	if rows(all) != 200_000 || rows(files) != 200_000 || len(files) != len(all) {
		t.Errorf("%d rows in %d files, with little memory %d in %d", rows(all), len(all), rows(files), len(files))
	}
	if wide.Peak() < 1<<20 || tight.Peak() > wide.Peak()/3 {
		t.Errorf("the peak is %d bytes, with little memory %d", wide.Peak(), tight.Peak())
	}
	none, _, err := write(20_000)
	if !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Errorf("with next to no memory: %v", err)
	}
	for _, a := range []*mem.Account{wide, tight, none} {
		if a.Used() != 0 {
			t.Errorf("%d bytes are still reserved", a.Used())
		}
	}
}

// TestWritesWithinBounds: no file is made where a link leads out of the folders.
func TestWritesWithinBounds(t *testing.T) {
	top, away := filepath.ToSlash(t.TempDir()), t.TempDir()
	if err := os.Symlink(away, top+"/out"); err != nil {
		t.Skip(err)
	}
	to := target(t, 1)
	to.Location, to.Within = top+"/out", &store.Bounds{Folders: []string{top}}
	if _, _, err := run(t, to, batches(10, 5, 3, false, nil)); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Error(err)
	}
	if found, err := os.ReadDir(away); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	to.Location = top + "/in"
	if _, got, err := run(t, to, batches(10, 5, 3, false, nil)); err != nil || len(got) == 0 {
		t.Error(got, err)
	}
}
