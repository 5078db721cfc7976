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
	bin := binary(t)
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
	data := retail(t)
	for _, threads := range []int{1, 4} {
		dir := t.TempDir()
		same(fmt.Sprintf("the script with %d threads", threads), dir, script(t, bin, data, dir, "--threads", fmt.Sprint(threads)))
		dir = t.TempDir()
		var printed bytes.Buffer
		j := job{Day: lastDay, Data: data, Out: filepath.ToSlash(dir)}
		for range 2 { // a second run replaces the first
			printed.Reset()
			if err := j.run(context.Background(), &printed, volley.WithThreads(threads)); err != nil {
				t.Fatal(err)
			}
		}
		same(fmt.Sprintf("the program with %d threads", threads), dir, printed.String())
	}
}

// TestOnExecutors runs the script and the program in this process and on
// executor processes, and wants the same rows in every table, the same bytes in
// the report and the same summary.
func TestOnExecutors(t *testing.T) {
	bin, data := binary(t), retail(t)
	type result struct{ rejects, sales, report, summary string }
	var want result
	for _, master := range []string{"local[2]", "local-cluster[2,1,512]"} {
		for _, how := range []string{"script", "program"} {
			dir := t.TempDir()
			var got result
			if how == "script" {
				got.summary = script(t, bin, data, dir, "--master", master)
			} else {
				var printed bytes.Buffer
				j := job{Day: lastDay, Data: data, Out: filepath.ToSlash(dir)}
				if err := j.run(t.Context(), &printed, volley.WithMaster(master), volley.WithExecutorCommand(bin, "executor")); err != nil {
					t.Fatalf("the %s on %s: %v", how, master, err)
				}
				got.summary = printed.String()
			}
			// The script also counts the rows of its last statement.
			got.summary = got.summary[strings.Index(got.summary, "+-"):strings.LastIndex(got.summary, "-+")]
			got.rejects, got.sales = rows(t, dir+"/rejects"), rows(t, dir+"/daily_sales")
			report, err := os.ReadFile(filepath.Join(dir, "report.csv"))
			if err != nil {
				t.Fatal(err)
			}
			got.report = string(report)
			if want == (result{}) {
				want = got
				if n, m := strings.Count(got.rejects, "\n"), strings.Count(got.sales, "\n"); n < 100 || m < 1000 || len(got.report) < 1000 {
					t.Fatalf("%d rejects, %d rows of sales and a report of %d bytes", n, m, len(got.report))
				}
				continue
			}
			for name, same := range map[string]bool{
				"rejects": got.rejects == want.rejects, "daily_sales": got.sales == want.sales,
				"report.csv": got.report == want.report, "the summary": got.summary == want.summary,
			} {
				if !same {
					t.Errorf("the %s on %s: %s differs", how, master, name)
				}
			}
		}
	}
}

// rows are those of a table, sorted.
func rows(t *testing.T, dir string) string {
	t.Helper()
	s, err := volley.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Read().Parquet(filepath.ToSlash(dir)).Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(got))
	for i, r := range got {
		lines[i] = fmt.Sprint(r.Values()) + "\n"
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

var lastDay = volley.Date{Year: 2026, Month: time.November, Day: 21}

// binary builds volley.
func binary(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "volley")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	build := exec.Command("go", "build", "-o", bin, "./cmd/volley")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// retail is the folder of the input.
func retail(t *testing.T) string {
	t.Helper()
	data, err := filepath.Abs(filepath.Join(root, "testdata", "retail"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(data)
}

// script runs the script with further flags, and returns what it prints.
func script(t *testing.T, bin, data, out string, flags ...string) string {
	t.Helper()
	run := exec.Command(bin, append([]string{
		"run", "examples/nightly_sales.sql", "--format", "table", "--param", "data=" + data, "--param", "out=" + filepath.ToSlash(out),
	}, flags...)...)
	run.Dir = root
	var stderr bytes.Buffer
	run.Stderr = &stderr
	printed, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return string(printed)
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
