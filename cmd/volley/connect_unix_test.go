//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/volley-sql/volley/internal/termtest"
)

// serverAt is a server of this binary.
type serverAt struct {
	t       *testing.T
	cmd     *exec.Cmd
	errs    *bytes.Buffer
	address string // host:port
	metrics string
	state   string
}

func startServer(t *testing.T, args ...string) *serverAt {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	s := &serverAt{t: t, state: dir, errs: &bytes.Buffer{}}
	s.cmd, _ = commandWithin(context.Background(), t, append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--ready-file", ready, "--state", dir, "--threads", "2", "--drain", "2s"}, args...)...)
	s.cmd.Stderr = s.errs
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if text, err := os.ReadFile(ready); err == nil {
			lines := strings.Fields(string(text))
			s.address, s.metrics = lines[0], lines[1]
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not listen: %s", s.errs)
		}
	}
}

// stop ends the server, which must end well.
func (s *serverAt) stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	if code := exitOf(s.t, s.cmd.Wait()); code != 0 && code != 143 {
		s.t.Errorf("the server ended with %d: %s", code, s.errs)
	}
	s.cmd = nil
}

// number is a metric of the server.
func (s *serverAt) number(name string) (v float64) {
	s.t.Helper()
	r, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			fmt.Sscan(rest, &v)
		}
	}
	return v
}

// reaches waits until a metric has a value.
func (s *serverAt) reaches(name string, want float64) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); s.number(name) != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Errorf("%s is %v, not %v", name, s.number(name), want)
			return
		}
	}
}

// TestConnect: statements at a server print and end as those of this process do.
func TestConnect(t *testing.T) {
	dir := stores(t)
	s := startServer(t, "--tables", dir)
	url := "grpc://" + s.address
	script := file(t, "script.sql", "select 1 as a;\nselect 1 / 0;\nselect 'never';\n")
	for _, args := range [][]string{
		{"-e", "select * from stores order by id"},
		{"-e", "select id, city, id / 2 as half, date'2026-11-21' as d, timestamp'2026-11-21 12:00:00' as ts, array(1, null) as l, map('k', 1) as m, named_struct('x', 1.5) as s, x'01ff' as b, null as n from stores", "--format", "box"},
		{"-e", "select timestamp'2026-11-21 12:00:00 UTC' as ts, timestamp_ntz'2026-11-21 12:00:00' as nt, interval '1' day as i, interval '3' month as j", "--conf", "spark.sql.session.timeZone=Asia/Tokyo"},
		{"-e", "set spark.sql.session.timeZone = America/New_York; select timestamp'2026-11-21 12:00:00 UTC' as ts", "--format", "csv"},
		{"-e", "select * from stores where id > :least", "--param", "least=1", "--format", "json"},
		{"-e", "select :what as x", "--param", "what=NULL", "--format", "jsonl"},
		{"-e", "select '${what}' as x", "--param", "what=text", "--format", "tsv", "--header=false"},
		{"-e", "show tables", "--format", "markdown"},
		{"-e", "describe stores"},
		{"-e", "select * from stores where false", "--format", "csv"},
		{"-e", "select id from range(100000)", "--format", "csv"},
		{"-e", "create temp view v as select 1 as a; select * from v; drop view v"},
		{"-e", "select * from nowhere"},
		{"-e", "select city,\n  nothing\nfrom stores"},
		{"-e", "select 1 / (id - id) from stores"},
		{"-e", "selec 1"},
		{"-e", "select :missing"},
		{"-f", script},
		{"-e", "select 1 as a", "--format", "nonsense"},
	} {
		near, far := volley(t, "", append([]string{"sql", "--tables", dir}, args...)...), volley(t, "", append([]string{"sql", "--connect", url}, args...)...)
		if far.code != near.code || far.out != near.out {
			t.Errorf("%q: code %d and %q, in this process %d and %q\n%s", args, far.code, far.out, near.code, near.out, far.err)
		}
		if far.err != near.err {
			t.Errorf("%q: %s\nin this process\n%s", args, far.err, near.err)
		}
	}
	for _, format := range []string{"parquet", "arrow"} {
		near, far := volley(t, "", "sql", "--tables", dir, "-e", "select * from stores order by id", "--format", format), volley(t, "", "sql", "--connect", url, "-e", "select * from stores order by id", "--format", format)
		if far.code != 0 || len(far.out) == 0 || len(near.out) == 0 {
			t.Errorf("%s: code %d, %d bytes: %s", format, far.code, len(far.out), far.err)
		}
	}
	if r := volley(t, "select 6 * 7 as x;", "sql", "--connect", url, "--format", "csv"); r.out != "x\n42\n" || r.code != 0 {
		t.Errorf("standard input: %+v", r)
	}
	for want, args := range map[string][]string{
		"--tables":             {"--connect", url, "--tables", dir},
		"--master":             {"--connect", url, "--master", "local[1]"},
		"--pipe":               {"--connect", url, "--pipe"},
		"--user goes with":     {"--user", "ann", "-e", "select 1"},
		"--insecure goes with": {"--insecure", "-e", "select 1"},
		"grpc+tls":             {"--connect", "ftp://x:1"},
		"takes grpc":           {"--connect", "nonsense"},
		"go with grpc+tls":     {"--connect", url, "--insecure", "-e", "select 1"},
		"two ways":             {"--connect", url, "--user", "ann", "--token", "x", "-e", "select 1"},
		"behind ?":             {"--connect", url + "?a=b", "-e", "select 1"},
	} {
		if r := volley(t, "", append([]string{"sql"}, args...)...); r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("%q: code %d, %s", args, r.code, r.err)
		}
	}
	s.reaches("volley_queries_running", 0)
	s.reaches("volley_prepared_statements", 0)
	s.stop()
	if r := volley(t, "", "sql", "--connect", url, "-e", "select 1"); r.code != 1 || !strings.Contains(r.err, "cannot be reached") {
		t.Errorf("without the server: code %d, %s", r.code, r.err)
	}
}

// TestConnectShell is the shell as a client.
func TestConnectShell(t *testing.T) {
	s := startServer(t, "--tables", stores(t))
	sh := startShell(t, 60, nil, "--connect", "grpc://"+s.address)
	sh.See("the server at " + s.address)
	sh.run("select city, id * 21 as x from stores order by 2;", "│ Wien   │  42 │")
	sh.run("create table t as select 1 as first_column, 2 as second_column;", "1 row written in")
	sh.run("insert into t values (3, 4), (5, 6);", "2 rows written in")
	sh.run("insert into t select 1, 2 where false;", "0 rows written in")
	sh.run("drop table if exists nothing;", "Done in")
	sh.run(".tables", "stores")
	sh.run(".tables", "t")
	sh.run(".schema t", "│ first_column")
	sh.run(".schema", "  second_column int")
	sh.run(".conf spark.sql.session.timeZone Asia/Tokyo", "")
	sh.run("select timestamp'2026-11-21 12:00:00 UTC' as ts;", "2026-11-21 21:00:00")
	sh.run("explain select * from t;", "Scan")
	sh.run("select nope from t;", "^^^^")
	sh.prompt()
	sh.Clear()
	sh.Type("select first_column from t where second_c" + tab)
	sh.See("where second_column")
	sh.Type("> 2;" + enter)
	sh.See("2 rows in ")
	sh.prompt()
	sh.Clear()
	sh.Type("select * from sto" + tab)
	sh.See("from stores")
	sh.Type(";" + enter)
	sh.See("│ Oslo ")
	sh.prompt()
	// What runs long shows how far it is, and an interrupt ends it at the server.
	for range 2 {
		sh.prompt()
		sh.Clear()
		sh.Type(endless + enter)
		sh.See("task ")
		s.reaches("volley_queries_running", 1)
		sh.Type(ctrlC)
		sh.See("cancelled")
		s.reaches("volley_queries_running", 0)
	}
	// Rows that come without end are ended, too.
	sh.prompt()
	sh.Clear()
	sh.Type(".mode csv" + enter)
	sh.prompt()
	sh.Type("select id from range(1000000000000);" + enter)
	sh.See("\n1000\n")
	sh.Type(ctrlC)
	sh.See("cancelled")
	s.reaches("volley_queries_running", 0)
	sh.run("select 40 + 2 as x;", "42")
	sh.leave()
	s.reaches("volley_sessions", 0)
}

// TestConnectLogin: TLS, and a password that is asked for and not shown.
func TestConnectLogin(t *testing.T) {
	hash := volley(t, "open sesame", "serve", "hash-password")
	users := file(t, "users", "ann:"+hash.out)
	s := startServer(t, "--dev-cert", "--auth", "users", "--users", users)
	ca := filepath.Join(s.state, "dev-cert.pem")
	url := "grpc+tls://" + s.address
	sh := startShellAsking(t, "Password of ann:", "--connect", url, "--ca", ca, "--user", "ann")
	sh.Type("open sesame" + enter)
	sh.See(first)
	sh.run("select current_user() as u;", "│ ann ")
	sh.leave()
	if strings.Contains(sh.Raw(), "sesame") {
		t.Error("the password is shown")
	}
	sh = startShellAsking(t, "Password of ann:", "--connect", url, "--ca", ca, "--user", "ann")
	sh.Type("wrong" + enter)
	sh.See("not valid")
	sh.ended(1)
	sh = startShellAsking(t, "Password of ann:", "--connect", url, "--ca", ca, "--user", "ann")
	sh.Type(ctrlC)
	sh.ended(130)
	with := func(env []string, args ...string) ran {
		cmd, _ := command(t, append([]string{"sql", "-e", "select current_user() as u", "--format", "csv"}, args...)...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errs, append(cmd.Env, env...)
		return ran{exitOf(t, cmd.Run()), out.String(), errs.String()}
	}
	for name, c := range map[string]struct {
		env, args []string
		code      int
		see       string
	}{
		"the environment":        {[]string{"VOLLEY_USER=ann", "VOLLEY_PASSWORD=open sesame"}, []string{"--connect", url, "--ca", ca}, 0, "u\nann\n"},
		"the URL":                {nil, []string{"--connect", "grpc+tls://ann:open%20sesame@" + s.address, "--ca", ca}, 0, "u\nann\n"},
		"an unchecked server":    {[]string{"VOLLEY_PASSWORD=open sesame"}, []string{"--connect", url, "--insecure", "--user", "ann"}, 0, "u\nann\n"},
		"a wrong password":       {[]string{"VOLLEY_PASSWORD=x"}, []string{"--connect", url, "--ca", ca, "--user", "ann"}, 1, "not valid"},
		"a wrong token":          {[]string{"VOLLEY_TOKEN=x"}, []string{"--connect", url, "--ca", ca}, 1, "login"},
		"no login":               {nil, []string{"--connect", url, "--ca", ca}, 1, "login"},
		"an authority not known": {nil, []string{"--connect", url, "--user", "ann"}, 1, "certificate"},
		"no TLS":                 {nil, []string{"--connect", "grpc://" + s.address}, 1, "TLS"},
		"no such authority":      {nil, []string{"--connect", url, "--ca", "nowhere.pem"}, 2, "nowhere.pem"},
	} {
		if r := with(c.env, c.args...); r.code != c.code || !strings.Contains(r.out+r.err, c.see) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if strings.Contains(s.errs.String(), "sesame") {
		t.Error("the server's log has the password")
	}
}

// startShellAsking is the shell at a terminal that asks something first.
func startShellAsking(t *testing.T, question string, args ...string) *shellAt {
	t.Helper()
	cmd, temp := command(t, args...)
	s := &shellAt{t: t, cmd: cmd, temp: temp, history: filepath.Join(t.TempDir(), "history")}
	cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=xterm", "VOLLEY_HISTORY="+s.history)
	s.Console = termtest.Start(t, cmd, width, 40)
	s.See(question)
	return s
}

// TestClientProcessGoes kills a client, and stops another, while their queries
// run: the server's work ends. A stopped one has its connection open, which nobody answers on.
func TestClientProcessGoes(t *testing.T) {
	s := startServer(t, "--client-timeout", "3s")
	for _, query := range []string{"select count(*) from range(1000000000000) where hash(id) = 1", "select id from range(1000000000000)", "create table never as select id from range(1000000000000)"} {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
			cmd, _ := command(t, "--connect", "grpc://"+s.address, "-e", query, "--format", "csv")
			cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.reaches("volley_queries_running", 1)
			cmd.Process.Signal(sig)
			s.reaches("volley_queries_running", 0)
			s.reaches("volley_connections", 0)
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
}
