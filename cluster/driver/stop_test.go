//go:build unix

package driver_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/internal/app"
)

// TestStopped: an executor that hangs is given up, its tasks run elsewhere, and
// what it says when it wakes means nothing; one that hangs for a moment is waited for.
func TestStopped(t *testing.T) {
	t.Setenv("VOLLEY_SPARK_NETWORK_TIMEOUT", "2s")
	t.Setenv("VOLLEY_SPARK_EXECUTOR_HEARTBEATINTERVAL", "200ms")
	a := open(t, 3)
	running := func(p []driver.StageProgress) bool { return len(p) > 0 && p[0].Running > 0 }
	for _, wakes := range []time.Duration{300 * time.Millisecond, 4 * time.Second} {
		t.Run("for "+wakes.String(), func(t *testing.T) {
			wait(t, "three executors", 20*time.Second, func() bool { return len(pids(a)) == 3 })
			for range 8 {
				came := during(t, a, shapes[0], running, func() {
					pid := pids(a)[0]
					if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
						t.Error(err)
					}
					time.AfterFunc(wakes, func() { syscall.Kill(pid, syscall.SIGCONT) })
				})
				if came {
					return
				}
			}
			t.Fatal("the moment never came")
		})
	}
	time.Sleep(100 * time.Millisecond)
	if got, err := run(t.Context(), a, query); err != nil || got != rows {
		t.Errorf("afterwards: rows %q, error %v", got, err)
	}
}

// TestDriverKilled: a driver killed in the middle of an INSERT leaves the old
// rows or the new ones, and no process; the next INSERT clears away what it left.
func TestDriverKilled(t *testing.T) {
	if err := fill(); err != nil {
		t.Fatal(err)
	}
	r := seeded(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	local, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	dir := filepath.ToSlash(filepath.Join(t.TempDir(), "out"))
	insert := func(from int) string {
		return fmt.Sprintf("INSERT OVERWRITE DIRECTORY '%s' USING parquet SELECT id, k, repeat('x', 20) AS s FROM parquet.`%s` WHERE id >= %d", dir, source, from)
	}
	count := func() string {
		got, err := run(t.Context(), local, "SELECT min(id), count(*), count(DISTINCT id) FROM parquet.`"+dir+"`")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	expect := func(from int) string { return fmt.Sprintf("%d %d %d \n", from, 3000000-from, 3000000-from) }
	if _, err := run(t.Context(), local, insert(2000000)); err != nil {
		t.Fatal(err)
	}
	have, killed := 2000000, 0
	within := 500 * time.Millisecond
	for round := 0; round < 3+int(soak()/(15*time.Second)) || killed == 0 && round < 12; round++ {
		from := 1000000 + round
		cmd := exec.Command(exe, driverWord, insert(from))
		cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var executors []int
		for lines.Scan() && lines.Text() != "ready" {
			pid, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the driver says %q", lines.Text())
			}
			executors = append(executors, pid)
		}
		time.Sleep(time.Duration(r.Int64N(int64(within))))
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		} else {
			within = max(within/2, 10*time.Millisecond) // the statement was over before
		}
		wait(t, "executors end with their driver", 10*time.Second, func() bool {
			for _, pid := range executors {
				if syscall.Kill(pid, 0) == nil && !zombie(pid) {
					return false
				}
			}
			return true
		})
		switch got := count(); got {
		case expect(have):
		case expect(from):
			have = from
		default:
			t.Fatalf("round %d: rows %q, want %q or %q", round, got, expect(have), expect(from))
		}
	}
	if killed == 0 {
		t.Error("no driver was killed in time")
	}
	if _, err := run(t.Context(), local, insert(2999999)); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != expect(2999999) {
		t.Errorf("rows %q after another INSERT", got)
	}
	for _, e := range walk(t, dir) {
		if strings.Contains(e, catalog.StagingName) {
			t.Errorf("%s is left", e)
		}
	}
}

// zombie reports whether a process has ended and waits for its parent to notice.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "Z")
}

func walk(t *testing.T, dir string) (out []string) {
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		out = append(out, path)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return out
}
