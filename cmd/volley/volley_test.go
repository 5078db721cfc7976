package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// asVolley makes the test binary run as volley: what the tests start is the
// code under test without another build.
const asVolley = "VOLLEY_TEST_AS_BINARY"

func TestMain(m *testing.M) {
	if os.Getenv(asVolley) != "" {
		main()
	}
	os.Exit(m.Run())
}

// ran is how a run of the binary ended.
type ran struct {
	code     int
	out, err string
}

func command(t *testing.T, args ...string) (cmd *exec.Cmd, temp string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return commandWithin(ctx, t, args...)
}

func commandWithin(ctx context.Context, t *testing.T, args ...string) (cmd *exec.Cmd, temp string) {
	t.Helper()
	temp = t.TempDir()
	cmd = exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asVolley+"=1", "TMPDIR="+temp, "VOLLEY_HISTORY="+filepath.Join(t.TempDir(), "history"))
	return cmd, temp
}

func volley(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	cmd, temp := command(t, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	code := exitOf(t, cmd.Run())
	noLeaks(t, temp)
	return ran{code, out.String(), errs.String()}
}

func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return 0
}

// noLeaks fails if a run left something in its folder for temporary files.
func noLeaks(t *testing.T, temp string) {
	t.Helper()
	if left, _ := os.ReadDir(temp); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%s was left behind", left[0].Name())
	}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRuns(t *testing.T) {
	script := file(t, "two.sql", "-- a script\nSELECT 1 AS a;\n\nSELECT\n  nope;\n")
	one := file(t, "one.sql", "select 2 as b;\n")
	figures, made := filepath.Join(t.TempDir(), "figures.json"), filepath.Join(t.TempDir(), "made")
	params := file(t, "params.sql", "-- param a = 1\n-- param b = 2\nselect cast(:a as int) as a, :b as b, '${a}/${b}' as c;\n")
	tables := filepath.Dir(file(t, "stores.csv", "id,city\n1,Oslo\n2,Wien\n"))
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		out         string // whole
		outHas      string
		errHas      []string
	}{
		{name: "execute", args: []string{"sql", "-e", "select 1 as a, 'x' as b", "--format", "csv"}, out: "a,b\n1,x\n"},
		{name: "without a command", args: []string{"-e", "select 1 as a", "--format", "jsonl"}, out: "{\"a\":1}\n"},
		{name: "no header", args: []string{"sql", "-e", "select 1 as a", "-e", "select 2", "--format", "csv", "--header=false"}, out: "1\n2\n"},
		{name: "standard input", stdin: "select 1 as a;\nselect 2 as b", args: []string{"sql", "--format", "tsv"}, out: "a\n1\nb\n2\n"},
		{name: "table", args: []string{"sql", "-e", "select 1 as a"}, out: "+---+\n| a |\n+---+\n| 1 |\n+---+\n1 row\n"},
		{name: "plan", args: []string{"sql", "-e", "explain select 1"}, outHas: "== Physical plan ==\nProject"},
		{name: "failed statement", args: []string{"sql", "-e", "select 1 as a; select nope; select 3", "--format", "csv"}, code: 1, out: "a\n1\n", errHas: []string{"UNRESOLVED_COLUMN", "^"}},
		{name: "script", args: []string{"sql", "-f", script, "--format", "csv"}, code: 1, out: "a\n1\n", errHas: []string{"two.sql:5:3", "nope"}},
		{name: "no script", args: []string{"sql", "-f", filepath.Join(tables, "none.sql")}, code: 1, errHas: []string{"Cannot read the script"}},
		{name: "tables", args: []string{"sql", "--tables", tables, "-e", "select city from stores order by id", "--format", "csv"}, out: "city\nOslo\nWien\n"},
		{name: "no tables", args: []string{"sql", "--tables", filepath.Join(tables, "none"), "-e", "select 1"}, code: 2, errHas: []string{"--tables"}},
		{name: "parameter", args: []string{"sql", "--param", "n=41", "-e", "select cast(:n as int) + 1 as a", "--format", "csv"}, out: "a\n42\n"},
		{name: "bad parameter", args: []string{"sql", "--param", "n", "-e", "select 1"}, code: 2, errHas: []string{"--param"}},
		{name: "bad flag", args: []string{"sql", "--nope"}, code: 2, errHas: []string{"--nope", "--help"}},
		{name: "bad format", args: []string{"sql", "--format", "xml", "-e", "select 1"}, code: 2, errHas: []string{"xml", "parquet"}},
		{name: "bad command", args: []string{"nope"}, code: 2, errHas: []string{"nope"}},
		{name: "bad setting", args: []string{"sql", "--conf", "nope", "-e", "select 1"}, code: 2, errHas: []string{"--conf"}},
		{name: "stages", args: []string{"sql", "-v", "-e", "select 1 as a", "--format", "csv"}, out: "a\n1\n", errHas: []string{"Stage 0"}},
		{name: "error in a view", args: []string{"sql", "-e", "create temp view v as select 1/id as b from range(3); select * from    v"}, code: 1, errHas: []string{"DIVIDE_BY_ZERO", "--> VIEW v:1:8", "^^^^"}},
		{name: "two results in one Parquet file", args: []string{"sql", "--format", "parquet", "-e", "select 1 as a; select 2 as a"}, code: 1, outHas: "PAR1", errHas: []string{"one result"}},
		{name: "pipe", stdin: "select 1 as a, null, '';\nselect nope;\n;select 2;\n", args: []string{"sql", "--pipe"}, outHas: "1,,\"\"\n#!ok 1\n#!error [UNRESOLVED_COLUMN"},
		{name: "version", args: []string{"version"}, outHas: "volley "},
		{name: "version flag", args: []string{"--version"}, outHas: "volley "},
		{name: "help", args: []string{"help", "sql"}, outHas: "Exit codes: 0 if all went well"},
		{name: "completion", args: []string{"__complete", "sql", "--format", ""}, outHas: "markdown\n", errHas: []string{"ShellCompDirectiveNoFileComp"}},
		{name: "completion script", args: []string{"completion", "bash"}, outHas: "bash completion"},
		{name: "in order", stdin: "select 3 as c", args: []string{"sql", "-e", "select 1 as a", "-f", one, "-f", "-", "-e", "select 4 as d", "--format", "csv"}, out: "a\n1\nb\n2\nc\n3\nd\n4\n"},
		{name: "nothing", args: []string{"sql", "-e", "", "-e", " ;; -- no statement"}, out: ""},
		{name: "lines of flags", args: []string{"sql", "-e", "select 1;\n\nselect\n  nope"}, code: 1, outHas: "1 row", errHas: []string{"--> statement:4:3", " 4 |   nope"}},
		{name: "flag that is nearly one", args: []string{"sql", "--formt", "csv"}, code: 2, errHas: []string{"did you mean --format?", "'volley sql --help'"}},
		{name: "command that is nearly one", args: []string{"rum", "x.sql"}, code: 2, errHas: []string{`did you mean "run"?`}},
		{name: "argument of none", args: []string{"sql", "select 1"}, code: 2, errHas: []string{`sql takes no arguments, but there is "select 1"`}},
		{name: "no argument", args: []string{"run"}, code: 2, errHas: []string{"run takes one argument, the SCRIPT"}},
		{name: "setting that is nearly one", args: []string{"sql", "--conf", "spark.sql.ansi.enabld=false", "-e", "select 1"}, code: 2, errHas: []string{"did you mean spark.sql.ansi.enabled?"}},
		{name: "setting of Spark", args: []string{"sql", "--conf", "spark.executor.memory=1g", "-e", "select 1 as a", "--format", "csv"}, out: "a\n1\n"},
		{name: "unknown setting", args: []string{"sql", "--conf", "volley.nonsense=1", "-e", "select 1"}, code: 2, errHas: []string{"no setting called"}},
		{name: "value of a setting", args: []string{"sql", "--conf", "spark.sql.ansi.enabled=maybe", "-e", "select 1"}, code: 2, errHas: []string{"not a valid boolean"}},
		{name: "memory", args: []string{"sql", "--memory", "1.5g", "-e", "select 1"}, code: 2, errHas: []string{"--memory", "512m or 4g"}},
		{name: "negative memory", args: []string{"sql", "--memory", "-1", "-e", "select 1"}, code: 2, errHas: []string{"--memory"}},
		{name: "master", args: []string{"sql", "--master", "local[none]", "-e", "select 1"}, code: 2, errHas: []string{"--master", "number of threads", "none"}},
		{name: "threads", args: []string{"sql", "--threads", "-1", "-e", "select 1"}, code: 2, errHas: []string{"--threads"}},
		{name: "threads of a cluster", args: []string{"sql", "--master", "local-cluster[1,1,512]", "--threads", "2", "-e", "select 1"}, code: 2, errHas: []string{"--threads"}},
		{name: "pipe and -e", args: []string{"sql", "--pipe", "-e", "select 1"}, code: 2, errHas: []string{"--pipe"}},
		{name: "run with a bad format", args: []string{"run", one, "--format", "xml"}, code: 2, errHas: []string{"xml"}},
		{name: "run", args: []string{"run", one, "--format", "csv"}, out: "b\n2\n"},
		{name: "run fails", args: []string{"run", script, "--format", "csv"}, code: 1, out: "a\n1\n", errHas: []string{"two.sql:5:3", "^^^^"}},
		{name: "parameters of scripts", args: []string{"run", params, "--param", "b=x y", "--format", "csv"}, out: "a,b,c\n1,x y,1/x y\n"},
		{name: "no script of run", args: []string{"run", filepath.Join(tables, "none.sql")}, code: 1, errHas: []string{"Cannot read the script"}},
		{name: "markdown", args: []string{"sql", "-e", "select 1 as a, 'x|y' as b", "--format", "markdown"}, out: "| a   | b    |\n| --: | ---- |\n|   1 | x\\|y |\n"},
		{name: "bench", args: []string{"bench", filepath.Dir(one), "--runs", "1", "--out", figures}, outHas: "one     1"},
		{name: "bench of none", args: []string{"bench", tables}, code: 2, errHas: []string{"there are no *.sql files"}},
		{name: "bench runs", args: []string{"bench", filepath.Dir(one), "--runs", "-1"}, code: 2, errHas: []string{"--runs"}},
		{name: "bench of a query that is not there", args: []string{"bench", filepath.Dir(one), "--queries", "two"}, code: 2, errHas: []string{"no query two"}},
		{name: "bench fails", args: []string{"bench", filepath.Dir(script)}, code: 1, outHas: "failed", errHas: []string{"UNRESOLVED_COLUMN", "1 of 1 queries failed"}},
		{name: "bench without a place for figures", args: []string{"bench", filepath.Dir(one), "--out", filepath.Join(tables, "none", "x.json")}, code: 1, errHas: []string{"Cannot write"}},
		{name: "generate", args: []string{"generate", "retail", "--days", "1", "--stores", "2", "--out", made}, outHas: "2 stores over 1 days"},
		{name: "generate into what is there", args: []string{"generate", "retail", "--out", tables}, code: 1, errHas: []string{"not empty"}},
		{name: "generate without a place", args: []string{"generate", "retail"}, code: 2, errHas: []string{"--out"}},
		{name: "wide characters in an error", args: []string{"sql", "-e", "select '日本', nope"}, code: 1, errHas: []string{" 1 | select '日本', nope\n   |                ^^^^\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := volley(t, c.stdin, c.args...)
			if got.code != c.code {
				t.Errorf("code %d, want %d; %s", got.code, c.code, got.err)
			}
			if c.out != "" && got.out != c.out || !strings.Contains(got.out, c.outHas) {
				t.Errorf("output %q", got.out)
			}
			for _, w := range c.errHas {
				if !strings.Contains(got.err, w) {
					t.Errorf("%q is not in %q", w, got.err)
				}
			}
			if len(c.errHas) == 0 && got.err != "" {
				t.Errorf("errors %q", got.err)
			}
		})
	}
	if text, err := os.ReadFile(figures); err != nil || !json.Valid(text) || !strings.Contains(string(text), `"name": "one"`) {
		t.Errorf("the figures are %q, %v", text, err)
	}
}

func TestParquetAndArrow(t *testing.T) {
	for _, format := range []string{"parquet", "arrow"} {
		got := volley(t, "", "sql", "--format", format, "-e", "select id, cast(id as string) || 'é' as s from range(3000)")
		if got.code != 0 {
			t.Fatal(got.err)
		}
		path := filepath.ToSlash(file(t, "x."+format, got.out))
		back := volley(t, "", "sql", "--format", "csv", "-e", "select count(*) c, sum(id) i, max(s) m from "+format+".`"+path+"`")
		if back.out != "c,i,m\n3000,4498500,9é\n" {
			t.Errorf("%s: %q %s", format, back.out, back.err)
		}
	}
}

// TestClosedOutput reads a line and goes away.
func TestClosedOutput(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("closed pipes are told of in another way")
	}
	for _, format := range []string{"csv", "json"} {
		cmd, temp := command(t, "sql", "--format", format, "-e", "select * from range(100000000)")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		out.Close()
		if code := exitOf(t, cmd.Wait()); code != 141 || errs.Len() > 0 {
			t.Errorf("%s: code %d, errors %q", format, code, errs.String())
		}
		noLeaks(t, temp)
	}
}

// TestInterrupt interrupts a query, a write and an idle pipe.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes cannot be interrupted there")
	}
	dir := filepath.ToSlash(t.TempDir())
	for name, args := range map[string][]string{
		"query": {"sql", "-e", "select 'begun'; select count(*) from range(1000000000000)", "--format", "csv"},
		"write": {"sql", "-e", "select 'begun'; insert overwrite directory '" + dir + "/out' using csv select * from range(1000000000000)", "--format", "csv"},
		"pipe":  {"sql", "--pipe"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, temp := command(t, args...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			in, _ := cmd.StdinPipe()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if name == "pipe" {
				io.WriteString(in, "select 'begun';\n")
			}
			if _, err := io.ReadFull(out, make([]byte, 5)); err != nil {
				t.Fatal(err, errs.String())
			}
			time.Sleep(200 * time.Millisecond)
			start := time.Now()
			cmd.Process.Signal(os.Interrupt)
			io.Copy(io.Discard, out)
			if code := exitOf(t, cmd.Wait()); code != 130 || !strings.Contains(errs.String(), "cancelled") {
				t.Errorf("code %d, errors %q", code, errs.String())
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("it took %v", d)
			}
			noLeaks(t, temp)
			if left, _ := filepath.Glob(dir + "/*"); len(left) > 0 {
				t.Errorf("%v stayed behind", left)
			}
		})
	}
}
