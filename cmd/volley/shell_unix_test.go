//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/volley-sql/volley/internal/termtest"
)

// Keys, as terminals send them.
const (
	enter, tab, up, down = "\r", "\t", "\x1b[A", "\x1b[B"
	ctrlC, ctrlD, ctrlR  = "\x03", "\x04", "\x12"
	marked, markedNoMore = "\x1b[?2004h", "\x1b[?2004l"
	first, second, width = "volley>", "     ->", 100
	endless              = "select count(*) from range(1000000000000);"
	tenLines             = "select o.region,\n       count(*) as n, -- with a comment\n\tsum(o.amount) as total,\n       'a string\n  of two lines' as s\nfrom (select id % 5 as region, id as amount\n      from range(100)\n      where id > 10 and id % 3 <> 0) as o\ngroup by o.region\norder by total desc;"
)

// shellAt is the shell at a terminal.
type shellAt struct {
	*termtest.Console
	t             *testing.T
	cmd           *exec.Cmd
	temp, history string
}

func startShell(t *testing.T, height int, env []string, args ...string) *shellAt {
	t.Helper()
	cmd, temp := command(t, args...)
	s := &shellAt{t: t, cmd: cmd, temp: temp, history: filepath.Join(t.TempDir(), "history")}
	cmd.Env = append(append(cmd.Env, "NO_COLOR=1", "TERM=xterm", "VOLLEY_HISTORY="+s.history), env...)
	s.Console = termtest.Start(t, cmd, width, height)
	s.See(first)
	return s
}

// prompt waits until the shell wants the next text.
func (s *shellAt) prompt() {
	s.t.Helper()
	s.SeeLast(first)
}

// run enters a line and waits until the shell wants the next.
func (s *shellAt) run(line, see string) {
	s.t.Helper()
	s.prompt()
	s.Clear()
	s.Type(line + enter)
	s.Wait("see "+see+" and the prompt", func(c *termtest.Screen) bool {
		all := c.All()
		return len(all) > 1 && all[len(all)-1] == first && strings.Contains(strings.Join(all, "\n"), see)
	})
}

// leave ends the shell, which must end well and leave the terminal as it was.
func (s *shellAt) leave() {
	s.t.Helper()
	s.prompt()
	s.Type(ctrlD)
	s.ended(0)
	if raw := s.Raw(); strings.LastIndex(raw, markedNoMore) < strings.LastIndex(raw, marked) {
		s.t.Error("pastes stay marked")
	}
}

func (s *shellAt) ended(codes ...int) {
	s.t.Helper()
	if got := exitOf(s.t, s.cmd.Wait()); !slices.Contains(codes, got) {
		s.t.Errorf("code %d, not %d", got, codes)
	}
	noLeaks(s.t, s.temp)
}

func entries(t *testing.T, path string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var e string
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func stores(t *testing.T) string {
	return filepath.Dir(file(t, "stores.csv", "id,city\n1,Oslo\n2,Wien\n"))
}

func TestShellStatements(t *testing.T) {
	s := startShell(t, 40, nil, "--tables", stores(t))
	s.Type("select city," + enter)
	s.See(second)
	s.Type("id * 21 as x from stores order by 2;" + enter)
	s.See("│ Wien   │  42 │")
	s.See("2 rows in ")
	s.run("select nope;", "UNRESOLVED_COLUMN")
	s.run("select 1 as a; select nope; select 3;", "│   1 │")
	s.run("select 'é日本🙂' as w;", "│ é日本🙂 │")
	s.run("create temp view v as select 1 as one;", "Done in ")
	s.run("select 1/0;", "DIVIDE_BY_ZERO")
	s.run("-- only a comment", "--")
	s.leave()
}

// TestShellPaste pastes a query: what comes in is exactly that, whether the
// terminal marks pastes or not, on a screen that it fits or not, and while a statement runs.
func TestShellPaste(t *testing.T) {
	for _, height := range []int{40, 6} {
		s := startShell(t, height, nil)
		s.Paste(tenLines)
		s.See("order by total desc;")
		s.Type(enter)
		s.See("5 rows in ")
		s.prompt()
		s.Type(strings.ReplaceAll(tenLines, "\n", "\r") + " select 'typed';" + enter)
		s.See("│ typed")
		s.prompt()
		s.leave()
		if got := entries(t, s.history); len(got) != 2 || got[0] != tenLines || got[1] != tenLines+" select 'typed';" {
			t.Errorf("entered was %q", got)
		}
	}
}

// TestShellTypeAhead types before the first prompt, while statements run, and
// many lines at once, in pieces that fall anywhere.
func TestShellTypeAhead(t *testing.T) {
	cmd, temp := command(t)
	s := &shellAt{t: t, cmd: cmd, temp: temp, history: filepath.Join(t.TempDir(), "history")}
	cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=xterm", "VOLLEY_HISTORY="+s.history)
	s.Console = termtest.Start(t, cmd, width, 40)
	s.Type("select 'before the prompt' as a;\n")
	s.See("│ before the prompt │")
	var want []string
	text := ""
	for i := range 60 {
		e := fmt.Sprintf("select %d as é,\n 'ж日' as b from range(%d)\nwhere true;", i, 1+i%3)
		want = append(want, e)
		text += e + "\n"
	}
	for rest, n := text, 1; rest != ""; n = 1 + (n*7)%41 {
		n := min(n, len(rest))
		s.Type(rest[:n])
		rest = rest[n:]
	}
	s.Type("select 'at' || ' the end';" + enter)
	s.See("│ at the end")
	s.leave()
	got := entries(t, s.history)
	if len(got) != 62 || !slices.Equal(got[1:61], want) {
		t.Errorf("entered were %d texts: %q", len(got), got)
	}
}

func TestShellHistory(t *testing.T) {
	s := startShell(t, 40, nil)
	s.Type("select 1 as one," + enter + "2 as two;" + enter)
	s.See("1 row in ")
	s.run("select 'other';", "│ other")
	s.leave()

	again := startShell(t, 40, []string{"VOLLEY_HISTORY=" + s.history})
	again.Type(up + up)
	again.See("2 as two;")
	again.Type(enter)
	again.See("│   1 │   2 │")
	again.prompt()
	again.Clear()
	again.Type(ctrlR + "OTH")
	again.See("search: OTH")
	again.Type(enter)
	again.See("│ other")
	again.leave()
	if got := entries(t, s.history); !slices.Equal(got, []string{"select 1 as one,\n2 as two;", "select 'other';", "select 1 as one,\n2 as two;", "select 'other';"}) {
		t.Errorf("kept is %q", got)
	}
}

func TestShellCompletion(t *testing.T) {
	s := startShell(t, 40, nil, "--tables", stores(t))
	for _, step := range []struct{ keys, see string }{
		{"selec" + tab, first + " select"},
		{"* from sto" + tab, first + " select * from stores"},
		{"where ci" + tab, first + " select * from stores where city"},
		{"= upp" + tab, first + " select * from stores where city = upper("},
		{"initca" + tab, first + " select * from stores where city = upper(initcap("},
	} {
		s.Type(step.keys)
		s.SeeLast(step.see)
	}
	s.Type(ctrlC)
	s.prompt()
	s.Clear()
	s.Type("select stores." + tab) // several: a menu, through which Tab goes
	s.Wait("a menu with types", func(c *termtest.Screen) bool { return strings.Contains(c.String(), "city  string") })
	s.Type(tab)
	s.See("select stores.id")
	s.Type(tab)
	s.See("select stores.city")
	s.Type(enter)
	s.Wait("the menu is gone", func(c *termtest.Screen) bool { return len(c.Lines()) == 1 })
	s.Type("from stores order by 1;" + enter)
	s.See("│ Oslo")
	s.run(".mo\tcsv", "") // a tab among other keys is no completion
	s.prompt()
	s.leave()
}

func TestShellInterrupt(t *testing.T) {
	s := startShell(t, 40, nil)
	s.Type("select 'dropped'," + enter + "more")
	s.See(second + " more")
	s.Type(ctrlC)
	s.See("more^C")
	s.prompt()
	s.Type(ctrlC)
	s.See("Ctrl-D or .exit leaves.")
	for range 3 {
		s.prompt()
		s.Clear()
		s.Type(endless + enter)
		s.See("stage ")
		s.Type(ctrlC)
		s.See("cancelled")
		s.SeeLast(first)
	}
	s.run("select 40 + 2 as x;", "│  42 │")
	s.prompt()
	s.Clear()
	s.Type("select 'begun'; " + endless + " select 'not this';" + enter)
	s.See("stage ")
	s.Type(ctrlC)
	s.See("cancelled")
	s.prompt()
	s.Look(func(c *termtest.Screen) {
		if strings.Contains(c.String(), "│ not this") {
			t.Errorf("what follows a cancelled statement is run:\n%s", c)
		}
	})
	s.leave()
	if got := entries(t, s.history); slices.ContainsFunc(got, func(e string) bool { return strings.Contains(e, "dropped") }) {
		t.Errorf("kept is %q", got)
	}
}

func TestShellDots(t *testing.T) {
	dir := t.TempDir()
	s := startShell(t, 60, nil, "--tables", stores(t))
	script := file(t, "a script.sql", "select 6 * 7 as answer;\nselect 'second';\n")
	broken := file(t, "broken.sql", "select 1;\nselect\n  nope;\nselect 'never';\n")
	out := filepath.Join(dir, "out.csv")
	s.run(".help", ".timer on|off")
	s.run(".tables", "stores")
	s.run(".tables x*", ".tables x*")
	s.run(".schema stores", "│ city")
	s.run(".schema", "  city string")
	s.run(".read '"+script+"'", "│     42 │")
	s.run(".read "+broken, "broken.sql:3:3")
	s.run(".read nowhere.sql", "Cannot read the script")
	s.run(".mode", "box on a terminal")
	s.run(".mode jsonl", "")
	s.run("select 1 as a;", `{"a":1}`)
	s.run(".mode xml", "Formats are")
	s.run(".mode csv", "")
	s.run(".output "+out, "")
	s.run("select 7 as seven;", "")
	s.run(".output", "")
	s.run(".mode box", "")
	s.run(".timer off", "")
	s.run("select 1 as a;", "\n1 row\n")
	s.run(".nothing", ".help lists the commands")
	s.run(".mode a b", "used so: .mode")
	s.run(".conf spark.sql.ansi.enabled", "true")
	s.run(".functions regexp_*", "regexp_replace")
	s.run(".maxrows 4", "")
	s.run("select id from range(10);", "10 rows (4 shown)")
	s.prompt()
	s.Type(".quit" + enter)
	s.ended(0)
	if text, _ := os.ReadFile(out); string(text) != "seven\n7\n" {
		t.Errorf("the file has %q", text)
	}
}

func TestShellPager(t *testing.T) {
	pager := file(t, "pager", "#!/bin/sh\necho PAGED\nhead -n 5\necho PRESS\nread x </dev/tty\necho GOT $x\n")
	if err := os.Chmod(pager, 0o700); err != nil {
		t.Fatal(err)
	}
	s := startShell(t, 20, []string{"PAGER=" + pager})
	s.run(".pager on", "")
	s.run("select 'short';", "│ short")
	s.Clear()
	s.Type("select id from range(1000);" + enter)
	s.See("PRESS")
	s.Type("key\n") // goes to the pager, which has the terminal as it was
	s.See("GOT key")
	s.prompt()
	s.run("select 'after';", "│ after")
	s.leave()
}

func TestShellResize(t *testing.T) {
	s := startShell(t, 20, nil)
	text := "select 'one' as a, 'two' as b, 'three' as c, 'four' as d, 'five' as e, 'six' as f;"
	s.Type(text)
	s.See(text)
	s.Resize(30, 20)
	s.Wait("the text in three rows", func(c *termtest.Screen) bool {
		lines := c.Lines()
		return strings.Contains(strings.Join(lines, ""), strings.TrimPrefix(text, "select")) && len(lines[len(lines)-1]) < 30
	})
	s.Resize(120, 30)
	s.SeeLast(first + " " + text)
	s.Clear()
	s.Type(enter)
	s.See("│ one")
	s.prompt()
	s.Resize(40, 20)
	s.run("select repeat('x', 200) as x;", "…")
	s.Look(func(c *termtest.Screen) {
		for _, l := range c.Lines() {
			if len([]rune(l)) > 40 {
				t.Errorf("too long: %s", l)
			}
		}
	})
	s.leave()
}

// TestShellEnds ends the shell in other ways than by leaving it.
func TestShellEnds(t *testing.T) {
	for name, end := range map[string]struct {
		do    func(s *shellAt)
		codes []int
	}{
		"terminated at the prompt": {func(s *shellAt) { s.cmd.Process.Signal(syscall.SIGTERM) }, []int{143}},
		"terminated in a query": {func(s *shellAt) {
			s.Type(endless + enter)
			s.See("stage ")
			s.cmd.Process.Signal(syscall.SIGTERM)
		}, []int{143}},
		// The signal or the end of the terminal comes first.
		"hung up": {func(s *shellAt) { s.HangUp() }, []int{0, 129}},
		"hung up in a query": {func(s *shellAt) {
			s.Type(endless + enter)
			s.See("stage ")
			s.HangUp()
		}, []int{129}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startShell(t, 20, nil)
			end.do(s)
			s.ended(end.codes...)
		})
	}
}
