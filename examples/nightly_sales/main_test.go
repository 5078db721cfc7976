package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley"
)

const root = "../.."

// TestSameAsScript runs the script and the program, with one thread and with
// four, and wants the same bytes in every table and the same summary.
func TestSameAsScript(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "volley")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	build := exec.Command("go", "build", "-o", bin, "./cmd/volley")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var want map[string]string
	var summary string
	same := func(name, dir, printed string) {
		t.Helper()
		got := contents(t, dir)
		if want == nil {
			want, summary = got, printed
			if len(want) < 20 || !strings.Contains(printed, "mean_7_days") {
				t.Fatalf("%s wrote %v and printed\n%s", name, slices.Sorted(maps.Keys(want)), printed)
			}
			return
		}
		if a, b := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(a, b) {
			t.Errorf("%s wrote other files:\n%v\nnot\n%v", name, b, a)
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s: %s differs", name, k)
			}
		}
		if !strings.Contains(summary, strings.TrimSuffix(printed, "15 rows\n")) { // the script also shows its settings and counts rows
			t.Errorf("%s prints\n%s\nnot\n%s", name, printed, summary)
		}
	}
	data, err := filepath.Abs(filepath.Join(root, "testdata", "retail"))
	if err != nil {
		t.Fatal(err)
	}
	data = filepath.ToSlash(data)
	for _, threads := range []int{1, 4} {
		dir := t.TempDir()
		run := exec.Command(bin, "run", "examples/nightly_sales.sql", "--format", "table", "--threads", fmt.Sprint(threads),
			"--param", "data="+data, "--param", "out="+filepath.ToSlash(dir))
		run.Dir = root
		var stderr bytes.Buffer
		run.Stderr = &stderr
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		same(fmt.Sprintf("the script with %d threads", threads), dir, string(out))
		dir = t.TempDir()
		var printed bytes.Buffer
		j := job{Day: volley.Date{Year: 2026, Month: time.November, Day: 21}, Data: data, Out: filepath.ToSlash(dir)}
		for range 2 { // a second run replaces the first
			printed.Reset()
			if err := j.run(context.Background(), threads, &printed); err != nil {
				t.Fatal(err)
			}
		}
		same(fmt.Sprintf("the program with %d threads", threads), dir, printed.String())
	}
}

// contents are the bytes of all files by their place: names of data files carry
// the job, so files of one folder are told apart by their order alone.
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
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		if !strings.HasSuffix(key, ".csv") {
			folder := filepath.ToSlash(filepath.Dir(rel))
			for n := 1; ; n++ {
				key = fmt.Sprintf("%s, file %d", folder, n)
				if _, taken := out[key]; !taken {
					break
				}
			}
		}
		out[key] = string(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
