package shell

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/internal/screen"
	"github.com/volley-sql/volley/internal/termtest"
)

func TestProgressLines(t *testing.T) {
	one := []driver.StageProgress{{Tasks: 1, Running: 1, Rows: 4_950_000, Bytes: 146 << 20, Expected: 10_000_000}}
	many := []driver.StageProgress{
		{Stage: 0, Tasks: 4, Done: 4, Rows: 10, Expected: 10},
		{Stage: 1, Tasks: 8, Done: 3, Running: 2, Rows: 999, Bytes: 1023, Expected: -1},
		{Stage: 2, Tasks: 2, Expected: 5},
		{Stage: 3, Tasks: 2, Running: 1, Rows: 50, Expected: 10},
		{Stage: 4, Tasks: 1, Running: 1, Expected: -1},
	}
	for _, c := range []struct {
		stages []driver.StageProgress
		want   []string
	}{
		{one, []string{"stage 0 [=========           ] 50 %  0/1 task  4.95 M rows  146 MiB  5.9 s"}},
		{many, []string{
			"stage 1 [=======             ] 38 %  3/8 tasks  999 rows  0.999 KiB",
			"stage 3 [=================== ] 99 %  0/2 tasks  50 rows  0 B",
			"stage 4 [                    ]       0/1 task  0 rows  0 B",
			"1 of 5 stages done  5.9 s",
		}},
		{nil, nil},
	} {
		if d := cmp.Diff(c.want, progressLines(c.stages, 5900*time.Millisecond, 100)); d != "" {
			t.Error(d)
		}
		for width := range 100 {
			for _, l := range progressLines(c.stages, time.Second, width) {
				if screen.Width(l) > max(width-1, 1) {
					t.Errorf("%d columns: %q", width, l)
				}
			}
		}
	}
	var all []driver.StageProgress
	for i := range 100 {
		all = append(all, driver.StageProgress{Stage: int32(i), Tasks: 2, Running: 1})
	}
	if n := len(progressLines(all, 0, 80)); n != mostStages+1 {
		t.Errorf("%d lines", n)
	}
}

// TestOverlay logs while progress is shown.
func TestOverlay(t *testing.T) {
	s := termtest.NewScreen(40, 10)
	s.Fail = func(what string) { t.Error(what) }
	crlf := strings.NewReplacer("\n", "\r\n") // as terminals do
	o := &overlay{w: writerFunc(func(p []byte) (int, error) { return io.WriteString(s, crlf.Replace(string(p))) })}
	o.show([]string{"one", "two"})
	io.WriteString(o, "log 1\n")
	o.show([]string{"three"})
	o.show([]string{"four", "five"})
	if d := cmp.Diff([]string{"log 1", "four", "five"}, s.Lines()); d != "" {
		t.Error(d)
	}
	io.WriteString(o, "log 2\n")
	o.show(nil)
	if d := cmp.Diff([]string{"log 1", "log 2"}, s.Lines()); d != "" {
		t.Error(d)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type pipeEnd struct {
	bytes.Buffer
	closed bool
}

func (p *pipeEnd) Close() error { p.closed = true; return nil }

func TestPagerWriter(t *testing.T) {
	for _, c := range []struct {
		name           string
		lines          int
		none           bool
		screen, paged  int
		pagerIsStarted bool
	}{
		{"short", 3, false, 3, 0, false},
		{"long", 10, false, 0, 10, true},
		{"long without a pager", 10, true, 10, 0, true},
	} {
		var shown bytes.Buffer
		var pager pipeEnd
		started := false
		p := &pagerWriter{screen: &shown, most: 5, start: func() (io.WriteCloser, func() error, error) {
			started = true
			if c.none {
				return nil, nil, errNoPager
			}
			return &pager, func() error { return errors.New("its exit code") }, nil
		}}
		for range c.lines {
			io.WriteString(p, "a ")
			io.WriteString(p, "line\n")
		}
		paged, err := p.finish()
		if paged != (c.paged > 0) || err != nil || started != c.pagerIsStarted || pager.closed != paged {
			t.Errorf("%s: paged %v, %v, started %v, closed %v", c.name, paged, err, started, pager.closed)
		}
		if shown.String() != strings.Repeat("a line\n", c.screen) || pager.String() != strings.Repeat("a line\n", c.paged) {
			t.Errorf("%s: the screen has %q, the pager %q", c.name, shown.String(), pager.String())
		}
	}
}
