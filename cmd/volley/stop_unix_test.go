//go:build unix

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStopWhileWriting stops a job that replaces a folder, at moments that
// fall anywhere. A reader sees the old rows or the new ones, all of them, and
// nothing else of the job stays: no files beside, no temporary ones, no executors.
func TestStopWhileWriting(t *testing.T) {
	for name, c := range map[string]struct {
		master string
		signal syscall.Signal
		times  int
	}{
		"interrupt":                {"local[2]", syscall.SIGINT, 6},
		"terminate":                {"local[2]", syscall.SIGTERM, 6},
		"interrupt with a cluster": {"local-cluster[2,1,256]", syscall.SIGINT, 3},
		"kill":                     {"local[2]", syscall.SIGKILL, 4},
		"kill with a cluster":      {"local-cluster[2,1,256]", syscall.SIGKILL, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.ToSlash(t.TempDir())
			if got := volley(t, "", "-e", "insert overwrite directory '"+dir+"/out' using parquet select id as old from range(10)"); got.code != 0 {
				t.Fatal(got.err)
			}
			write := "select 'begun'; insert overwrite directory '" + dir + "/out' using parquet select id as new from range(2000000)"
			for range c.times {
				stopOnce(t, c.signal, dir, "--master", c.master, "--format", "csv", "-e", write)
				got := volley(t, "", "--format", "csv", "-e", "select count(*), sum(id) from (select * from '"+dir+"/out') as t(id)")
				if got.out != "count(1),sum(id)\n10,45\n" && got.out != "count(1),sum(id)\n2000000,1999999000000\n" {
					t.Fatalf("the folder has neither the old rows nor the new ones: %q, %s", got.out, got.err)
				}
			}
		})
	}
}

// begun starts the binary and waits until it has written something.
func begun(t *testing.T, args ...string) (cmd *exec.Cmd, temp string, errs *bytes.Buffer) {
	t.Helper()
	cmd, temp = command(t, args...)
	errs = &bytes.Buffer{}
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatal(err, errs.String())
	}
	return cmd, temp, errs
}

// stopOnce runs the binary and sends it a signal some time after it has begun.
func stopOnce(t *testing.T, signal syscall.Signal, dir string, args ...string) {
	t.Helper()
	cmd, temp, errs := begun(t, args...)
	time.Sleep(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
	cmd.Process.Signal(signal)
	code := exitOf(t, cmd.Wait())
	noExecutors(t, temp)
	if signal == syscall.SIGKILL {
		return
	}
	if code != 0 && code != 128+int(signal) {
		t.Errorf("code %d: %s", code, errs.String())
	}
	noLeaks(t, temp)
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("beside the folder there are %v", left)
	}
}

// noExecutors waits until no process has the folder for temporary files of a
// run in its environment: executors end when their driver has ended.
func noExecutors(t *testing.T, temp string) {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		return // only Linux shows the environment of others
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := ""
		procs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, p := range procs {
			if env, err := os.ReadFile(p); err == nil && strings.Contains(string(env), "TMPDIR="+temp+"\x00") {
				left = p
			}
		}
		if left == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is left behind", left)
		}
	}
}

// TestSecondInterrupt: a second interrupt ends the process at once.
func TestSecondInterrupt(t *testing.T) {
	cmd, _, _ := begun(t, "sql", "--format", "csv", "-e", "select 'begun'; select count(*) from range(1000000000000)")
	go func() {
		for range 100 {
			if cmd.Process.Signal(os.Interrupt) != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := cmd.Wait(); err == nil {
		t.Error("it ended well")
	} else if _, ok := err.(*exec.ExitError); !ok {
		t.Error(err)
	}
}

// TestBadFiles reads and writes what cannot be: a clear message names the
// file, and nothing is left.
func TestBadFiles(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	for path, text := range map[string]string{"plain.csv": "a\n1\n", "fake.parquet": "this is no Parquet", "empty.parquet": "", "script.sql/x": ""} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700)
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	os.Mkdir(filepath.Join(dir, "nothing"), 0o700)
	for _, c := range []struct {
		name string
		args []string
		has  []string
	}{
		{"output below a file", []string{"-e", "insert overwrite directory '" + dir + "/plain.csv/x' using csv select 1"}, []string{"plain.csv"}},
		{"no Parquet", []string{"-e", "select * from '" + dir + "/fake.parquet'"}, []string{"fake.parquet"}},
		{"an empty file", []string{"-e", "select * from '" + dir + "/empty.parquet'"}, []string{"empty.parquet"}},
		{"a folder as a script", []string{"-f", dir + "/script.sql"}, []string{"script.sql", "directory"}},
		{"an empty folder", []string{"-e", "select * from '" + dir + "/nothing'"}, []string{"nothing"}},
		{"no such file", []string{"-e", "select * from '" + dir + "/none/*.csv'"}, []string{"none"}},
		{"output to a full device", []string{"--format", "csv", "-e", "select * from range(100000)"}, []string{"DISK_FULL", "the output"}},
		{"spill folder", []string{"--memory", "8m", "--conf", "volley.execution.spillDir=" + dir + "/plain.csv", "--format", "csv", "-e", "select id, rand() from range(3000000) order by 2"}, []string{"SPILL_FAILED", "plain.csv"}},
		{"warehouse in a file", []string{"--warehouse", dir + "/plain.csv", "-e", "create table t (a int)"}, []string{"plain.csv"}},
		{"generate below a file", []string{"generate", "retail", "--days", "1", "--out", dir + "/plain.csv/x"}, []string{"plain.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd, temp := command(t, c.args...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			if strings.HasPrefix(c.name, "output to") {
				full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
				if err != nil {
					t.Skip("there is no /dev/full here")
				}
				defer full.Close()
				cmd.Stdout = full
			}
			if code := exitOf(t, cmd.Run()); code != 1 {
				t.Errorf("code %d", code)
			}
			for _, w := range c.has {
				if !strings.Contains(errs.String(), w) {
					t.Errorf("%q is not in %q", w, errs.String())
				}
			}
			if strings.Contains(errs.String(), "bug") || strings.Contains(errs.String(), "panic") {
				t.Errorf("%q", errs.String())
			}
			noLeaks(t, temp)
		})
	}
	if left, _ := os.ReadDir(dir); len(left) != 5 {
		t.Errorf("the folder has %v", left)
	}
}
