package volley_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/volley-sql/volley"
)

// settle waits until there are no more goroutines than before; what is left is shown.
func settle(t *testing.T, before int) {
	t.Helper()
	for range 500 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
}

// TestManyGoroutines uses one session from many goroutines at once: queries,
// views, settings, writes.
func TestManyGoroutines(t *testing.T) {
	s := open(t)
	dir := filepath.ToSlash(t.TempDir())
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 5 {
				name := fmt.Sprintf("v%d", g)
				df := s.Range(0, int64(1000+g)).Filter(volley.Col("id").Geq(i))
				if err := df.CreateOrReplaceTempView(name); err != nil {
					t.Error(err)
				}
				if n, err := s.Table(name).Count(ctx); err != nil || n != int64(1000+g-i) {
					t.Errorf("%s has %d rows, %v", name, n, err)
				}
				if _, err := s.SQL(ctx, fmt.Sprintf("SET volley.test%d = %d", g, i)); err == nil {
					t.Error("an unknown setting is no error")
				}
				if err := s.Conf().Set("spark.sql.shuffle.partitions", fmt.Sprint(1+i)); err != nil {
					t.Error(err)
				}
				if err := df.Write().Mode("overwrite").Parquet(ctx, fmt.Sprintf("%s/%d", dir, g)); err != nil {
					t.Error(err)
				}
				if n, err := s.Read().Parquet(fmt.Sprintf("%s/%d", dir, g)).Count(ctx); err != nil || n != int64(1000+g-i) {
					t.Errorf("the files of %d have %d rows, %v", g, n, err)
				}
				df.Show(ctx, &strings.Builder{})
			}
		})
	}
	wg.Wait()
}

// TestCloseWhileRunning closes the session under queries in all states.
func TestCloseWhileRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	begun := make(chan bool, 8)
	for range 4 {
		wg.Go(func() {
			first := true
			var last error
			for _, err := range s.Range(0, 1<<40).Records(ctx) {
				if first {
					begun <- true
					first = false
				}
				last = err
			}
			if last == nil {
				t.Error("the rows end without an error")
			}
		})
		wg.Go(func() {
			begun <- true
			if _, err := s.Range(0, 1<<40).Filter("id % 7 = 8").Count(ctx); err == nil {
				t.Error("a query ends without an error")
			}
		})
	}
	for range 8 {
		<-begun
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	var e *volley.Error
	if _, err := s.Range(0, 10).Collect(ctx); !errors.As(err, &e) {
		t.Errorf("a query after Close: %v", err)
	}
	settle(t, before)
}

// TestBreak leaves loops over rows and records early, again and again: the
// query stops, and nothing stays.
func TestBreak(t *testing.T) {
	s := open(t)
	long := s.Range(0, 1<<40).WithColumn("s", volley.Expr("repeat('x', cast(id % 100 as int))"))
	sorted := s.Range(0, 200_000).OrderBy(volley.Col("id").Desc())
	grouped := s.Range(0, 200_000).GroupBy("id").Count()
	if _, err := sorted.Count(ctx); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, df := range []*volley.DataFrame{long, sorted, grouped, long.Join(s.Range(0, 100), "id", "left")} {
		for range 10 {
			for r, err := range df.Records(ctx) {
				if err != nil || r.NumRows() == 0 {
					t.Fatal(r, err)
				}
				break
			}
			for r, err := range df.Rows(ctx) {
				if err != nil || r.Len() == 0 {
					t.Fatal(r, err)
				}
				break
			}
		}
	}
	settle(t, before)
}

// TestCancelled ends actions by their context at moments that fall anywhere.
func TestCancelled(t *testing.T) {
	s := open(t)
	dir := filepath.ToSlash(t.TempDir())
	long := s.Range(0, 1<<40).Filter("id % 7 = 8")
	wide := s.Range(0, 1<<40)
	if _, err := s.Range(0, 10).Collect(ctx); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for name, action := range map[string]func(context.Context) error{
		"count":   func(c context.Context) error { _, err := long.Count(c); return err },
		"collect": func(c context.Context) error { _, err := long.Collect(c); return err },
		"sort": func(c context.Context) error {
			_, err := wide.OrderBy(volley.Call("hash", volley.Col("id"))).First(c)
			return err
		},
		"group": func(c context.Context) error { _, err := wide.GroupBy("id").Count().First(c); return err },
		"window": func(c context.Context) error {
			_, err := wide.Select(volley.Sum("id").Over(volley.Window().OrderBy("id")).As("s")).Filter("s < 0").Count(c)
			return err
		},
		"join": func(c context.Context) error {
			_, err := long.Join(s.Range(0, 1<<20), "id", "inner").Count(c)
			return err
		},
		"show":    func(c context.Context) error { return long.Show(c, &strings.Builder{}) },
		"write":   func(c context.Context) error { return wide.Write().Mode("overwrite").Parquet(c, dir+"/out") },
		"csv":     func(c context.Context) error { return wide.Write().Mode("overwrite").CSV(c, dir+"/out") },
		"explain": func(c context.Context) error { _, err := long.Explain(c, "analyze"); return err },
		"sql": func(c context.Context) error {
			_, err := s.SQL(c, "CREATE TABLE t"+fmt.Sprint(time.Now().UnixNano())+" AS SELECT * FROM range(1000000000000)")
			return err
		},
		"before": func(c context.Context) error { <-c.Done(); _, err := long.Count(c); return err },
	} {
		for _, wait := range []time.Duration{time.Millisecond, 60 * time.Millisecond} {
			c, cancel := context.WithCancel(ctx)
			time.AfterFunc(wait, cancel)
			err := action(c)
			cancel()
			var e *volley.Error
			if !errors.As(err, &e) || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v stays", left)
	}
	settle(t, before)
}
