package shell

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/volley-sql/volley/cluster/driver"
)

// watch shows how far the running statement is, on a terminal, until the
// function it returns is called. Short statements show nothing.
func (r *Runner) watch() func() {
	if !r.progress {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		shown := 0
		defer func() { eraseLines(shown) }()
		start := time.Now()
		t := time.NewTicker(150 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				var lines []string
				for _, j := range r.app.Jobs() {
					lines = append(lines, progressLines(j.Progress(), time.Since(start))...)
				}
				eraseLines(shown)
				shown = 0
				if len(lines) > 0 {
					fmt.Fprint(os.Stderr, strings.Join(lines, "\n"))
					shown = len(lines)
				}
			}
		}
	})
	var once sync.Once
	return func() { once.Do(func() { close(done); wg.Wait() }) }
}

// eraseLines takes n lines, the last of which holds the cursor, off the screen.
func eraseLines(n int) {
	if n == 0 {
		return
	}
	fmt.Fprint(os.Stderr, "\r\x1b[K"+strings.Repeat("\x1b[1A\x1b[K", n-1))
}

// progressLines describes the stages that have begun, at most a screenful.
func progressLines(stages []driver.StageProgress, took time.Duration) []string {
	width := 80
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 20 {
		width = w
	}
	var out []string
	for _, s := range stages {
		if s.Running == 0 && s.Done == 0 || s.Done == s.Tasks && len(stages) > 8 {
			continue
		}
		line := fmt.Sprintf("stage %d %s %d/%d tasks  %s rows  %s  %.1f s", s.Stage, bar(s.Done, s.Tasks, 16), s.Done, s.Tasks, short(s.Rows), bytesText(s.Bytes), took.Seconds())
		if len(line) > width-1 {
			line = line[:width-1]
		}
		out = append(out, line)
	}
	if len(out) > 12 {
		out = out[len(out)-12:]
	}
	return out
}

func bar(done, all, width int) string {
	n := 0
	if all > 0 {
		n = done * width / all
	}
	return "[" + strings.Repeat("=", n) + strings.Repeat(" ", width-n) + "]"
}

// short writes a count with three digits and a unit.
func short(n int64) string {
	f, units := float64(n), []string{"", " k", " M", " G"}
	k := 0
	for f >= 1000 && k < len(units)-1 {
		f, k = f/1000, k+1
	}
	if k == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%.3g%s", f, units[k])
}

func bytesText(n int64) string {
	f, units := float64(n), []string{"B", "KiB", "MiB", "GiB"}
	k := 0
	for f >= 1024 && k < len(units)-1 {
		f, k = f/1024, k+1
	}
	return fmt.Sprintf("%.3g %s", f, units[k])
}
