package driver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/local"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// The executors of these tests are this binary, started again.
const (
	executorWord = "driver-test-executor"
	behaviour    = "VOLLEY_TEST_EXECUTOR"  // what is wrong with it
	goroutines   = "VOLLEY_TEST_GOROUTINE" // a folder in which it writes how many goroutines it has
	damages      = "VOLLEY_TEST_DAMAGES"   // a folder in which it makes a file for each damage done
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == executorWord {
		os.Exit(runExecutor(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == driverWord {
		os.Exit(runDriver(os.Args[2:]))
	}
	dir, err := os.MkdirTemp("", "driver-test-")
	if err != nil {
		panic(err)
	}
	source = filepath.ToSlash(filepath.Join(dir, "source"))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// source is a folder of Parquet files with the columns id (0 … 3 million) and k, which has 300000 values.
var source string

var fill = sync.OnceValue(func() error {
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		return err
	}
	defer a.Close()
	_, err = run(context.Background(), a, "INSERT OVERWRITE DIRECTORY '"+source+"' USING parquet SELECT id, id % 300000 AS k FROM range(3000000)")
	return err
})

func runExecutor(args []string) int {
	token, err := local.ReadToken(os.Stdin)
	if err != nil {
		return 1
	}
	switch os.Getenv(behaviour) {
	case "refuses":
		return 7
	case "wrong token":
		token[0] ^= 1
	}
	o := executor.Options{Host: "127.0.0.1", Token: token}
	switch os.Getenv(behaviour) {
	case "damages frames on their way":
		o.Advertise = damagingProxy
	case "keeps outputs on disk":
		o.StoreMemory = 1
	}
	for i := 0; i+1 < len(args); i += 2 {
		switch args[i] {
		case "--id":
			o.ID = args[i+1]
		case "--driver":
			o.Driver = args[i+1]
		case "--cores":
			fmt.Sscan(args[i+1], &o.Cores)
		case "--memory":
			fmt.Sscan(args[i+1], &o.Memory)
		}
	}
	go func() { // the driver holds the other end
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if dir := os.Getenv(goroutines); dir != "" {
		go func() {
			for ; ; time.Sleep(50 * time.Millisecond) {
				os.WriteFile(filepath.Join(dir, strconv.Itoa(os.Getpid())), []byte(strconv.Itoa(runtime.NumGoroutine())), 0o600)
			}
		}()
	}
	if err := executor.Run(context.Background(), o); err != nil {
		return 1
	}
	return 0
}

const driverWord = "driver-test-driver"

// runDriver is a driver that overwrites a folder, for tests that kill it. It
// prints the process ids of its executors first.
func runDriver(args []string) int {
	exe, err := os.Executable()
	if err != nil {
		return 1
	}
	a, err := app.Open(app.Options{Master: "local-cluster[2,1,256]", ExecutorCommand: []string{exe, executorWord}})
	if err != nil {
		return 1
	}
	defer a.Close()
	for len(pids(a)) < 2 {
		time.Sleep(time.Millisecond)
	}
	for _, pid := range pids(a) {
		fmt.Println(pid)
	}
	fmt.Println("ready")
	if _, err := run(context.Background(), a, args[0]); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("done")
	return 0
}

func open(t *testing.T, executors int) *app.App {
	t.Helper()
	if err := fill(); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{
		Master: fmt.Sprintf("local-cluster[%d,1,512]", executors), ExecutorCommand: []string{exe, executorWord},
		Conf: map[string]string{"spark.sql.session.timeZone": "UTC"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// run gives the rows of a statement, a line each.
func run(ctx context.Context, a *app.App, sql string) (string, error) {
	s, err := a.Session(ctx)
	if err != nil {
		return "", err
	}
	res, err := s.Run(ctx, strings.ReplaceAll(sql, "$SOURCE", "'"+source+"'"), session.Params{})
	if err != nil {
		return "", err
	}
	rows, err := res.Collect()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, r := range rows {
		for i, c := range r {
			b.WriteString(cast.Format(c, res.Schema[i].Type, time.UTC) + " ")
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// query shuffles twice: its first stage makes outputs that the second reads.
const (
	query = "SELECT count(*), sum(c), sum(s) FROM (SELECT k, count(*) AS c, sum(id) AS s FROM $SOURCE GROUP BY 1)"
	rows  = "300000 3000000 4499998500000 \n"
)

func kill(t *testing.T, pid int) {
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
}

func pids(a *app.App) []int {
	var out []int
	for _, pid := range a.Driver().Executors() {
		out = append(out, pid)
	}
	slices.Sort(out)
	return out
}

func wait(t *testing.T, what string, within time.Duration, f func() bool) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(2 * time.Millisecond) {
		if f() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// TestNoExecutors: executors that cannot be are told of soon, not after a minute.
func TestNoExecutors(t *testing.T) {
	for _, b := range []string{"refuses", "wrong token"} {
		t.Run(b, func(t *testing.T) {
			t.Setenv(behaviour, b)
			a := open(t, 2)
			start := time.Now()
			_, err := run(t.Context(), a, query)
			if !sqlerr.Is(err, sqlerr.NoExecutors) {
				t.Errorf("error %v", err)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("after %v", d)
			}
			if _, err := run(t.Context(), a, query); !sqlerr.Is(err, sqlerr.NoExecutors) {
				t.Errorf("the next query: error %v", err)
			}
		})
	}
}

// TestUserError: an error of the statement ends the job at once, with its place.
func TestUserError(t *testing.T) {
	a := open(t, 2)
	_, err := run(t.Context(), a, "SELECT sum(x)\nFROM (SELECT id % 7 AS k, max(1 / (id - 1000)) AS x FROM $SOURCE GROUP BY 1)")
	e := sqlerr.As(err)
	if e == nil || e.Cond != sqlerr.DivideByZero {
		t.Fatalf("error %v", err)
	}
	if line, col, ok := e.Place(); !ok || line != 2 || col == 0 {
		t.Errorf("place %d:%d %v of %v", line, col, ok, e)
	}
	if got, err := run(t.Context(), a, query); err != nil || got != rows {
		t.Errorf("the next query: rows %q, error %v", got, err)
	}
}

// TestCancelReachesExecutors: what a cancelled query started on executors ends.
func TestCancelReachesExecutors(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(goroutines, dir)
	a := open(t, 2)
	if got, err := run(t.Context(), a, query); err != nil || got != rows {
		t.Fatalf("rows %q, error %v", got, err)
	}
	count := func() (n int) {
		for _, pid := range pids(a) {
			var k int
			b, _ := os.ReadFile(filepath.Join(dir, strconv.Itoa(pid)))
			fmt.Sscan(string(b), &k)
			n += k
		}
		return n
	}
	time.Sleep(300 * time.Millisecond)
	before := count()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := run(ctx, a, "SELECT count(*) FROM (SELECT a.k, max(sqrt(a.id + b.id)) FROM $SOURCE a CROSS JOIN (SELECT id FROM $SOURCE WHERE id < 20000) b GROUP BY 1)")
		ended <- err
	}()
	wait(t, "the job's tasks run", 20*time.Second, func() bool {
		jobs := a.Jobs()
		if len(jobs) != 1 {
			return false
		}
		p := jobs[0].Progress()
		return len(p) > 2 && p[len(p)-3].Running == 2
	})
	wait(t, "the job's goroutines run", 10*time.Second, func() bool { return count() > before })
	cancel()
	select {
	case err := <-ended:
		if !sqlerr.Is(err, sqlerr.Cancelled) {
			t.Errorf("error %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the query goes on")
	}
	start := time.Now()
	wait(t, "the goroutines on executors end", 10*time.Second, func() bool { return count() <= before })
	t.Logf("executors were idle within %v (they say so every 50 ms)", time.Since(start))
	if got, err := run(t.Context(), a, query); err != nil || got != rows {
		t.Errorf("the next query: rows %q, error %v", got, err)
	}
}

// TestCloseLeavesNothing: no process, no file and no goroutine outlives the driver, killed executors included.
func TestCloseLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	before := runtime.NumGoroutine()
	a := open(t, 3)
	wait(t, "three executors", 20*time.Second, func() bool { return len(pids(a)) == 3 })
	seen := pids(a)
	kill(t, seen[0])
	if got, err := run(t.Context(), a, query); err != nil || got != rows {
		t.Fatalf("rows %q, error %v", got, err)
	}
	seen = append(seen, pids(a)...)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range seen {
		if p, err := os.FindProcess(pid); err == nil && p.Signal(syscall.Signal(0)) == nil {
			t.Errorf("process %d lives", pid)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "volley*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, before %d:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}
