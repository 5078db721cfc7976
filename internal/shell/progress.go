package shell

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/internal/screen"
)

// overlay is a terminal whose last lines show something that changes, while
// others write above it. It is safe for concurrent use.
type overlay struct {
	mu    sync.Mutex
	w     io.Writer
	shown int
}

// stderr is where progress is shown, and what is logged while it is.
var stderr = &overlay{w: os.Stderr}

// Stderr is standard error for logs: they do not get mixed up with the display of progress.
func Stderr() io.Writer { return stderr }

// Write implements io.Writer.
func (o *overlay) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.erase()
	return o.w.Write(p)
}

// show puts lines in the place of those shown before.
func (o *overlay) show(lines []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.erase()
	io.WriteString(o.w, strings.Join(lines, "\n"))
	o.shown = len(lines)
}

// erase takes the lines, the last of which holds the cursor, off the screen. o.mu is held.
func (o *overlay) erase() {
	if o.shown > 0 {
		io.WriteString(o.w, "\r\x1b[K"+strings.Repeat("\x1b[1A\x1b[K", o.shown-1))
		o.shown = 0
	}
}

// watch shows how far the running statement is, on a terminal, until the
// function it returns is called. Short statements show nothing.
func (r *Runner) watch() func() {
	if !r.progress {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer stderr.show(nil)
		start := time.Now()
		t := time.NewTicker(150 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				width := 80
				if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 0 {
					width = w
				}
				stderr.show(r.engine.Progress(time.Since(start), width))
			}
		}
	})
	var once sync.Once
	return func() { once.Do(func() { close(done); wg.Wait() }) }
}

// mostStages is how many stages are shown at a time.
const mostStages = 10

// progressLines describes the stages that run, and how many are over.
func progressLines(stages []driver.StageProgress, took time.Duration, width int) []string {
	var out []string
	over, running := 0, 0
	for _, s := range stages {
		switch {
		case s.Done >= s.Tasks:
			over++
		case s.Running > 0 || s.Done > 0:
			if running++; running <= mostStages {
				out = append(out, stageLine(s))
			}
		}
	}
	elapsed := fmt.Sprintf("%.1f s", took.Seconds())
	switch {
	case len(stages) == 1 && len(out) == 1:
		out[0] += "  " + elapsed
	case len(stages) > 0:
		out = append(out, fmt.Sprintf("%d of %d stages done  %s", over, len(stages), elapsed))
	}
	for i, l := range out { // a line that wraps could not be taken off again
		out[i] = screen.Cut(l, max(width-1, 1))
	}
	return out
}

func stageLine(s driver.StageProgress) string {
	share, known := shareOf(s)
	percent := "    "
	if known {
		percent = fmt.Sprintf("%2.0f %%", 100*share)
	}
	tasks := "tasks"
	if s.Tasks == 1 {
		tasks = "task"
	}
	return fmt.Sprintf("stage %d %s %s  %d/%d %s  %s rows  %s", s.Stage, bar(share, 20), percent, s.Done, s.Tasks, tasks, short(s.Rows), bytesText(s.Bytes))
}

// shareOf estimates how much of a stage is done, from its tasks and from the
// rows they have read; it is never all before the last task is done.
func shareOf(s driver.StageProgress) (share float64, known bool) {
	if s.Tasks > 1 {
		share, known = float64(s.Done)/float64(s.Tasks), true
	}
	if s.Expected > 0 {
		share, known = max(share, float64(s.Rows)/s.Expected), true
	}
	return min(share, 0.99), known
}

// bar draws a share between 0 and 1.
func bar(share float64, width int) string {
	n := int(share * float64(width))
	return "[" + strings.Repeat("=", n) + strings.Repeat(" ", width-n) + "]"
}

// short writes a count with three digits and a unit.
func short(n int64) string {
	f, units := float64(n), []string{"", " k", " M", " G", " T"}
	k := 0
	for f >= 999.5 && k < len(units)-1 {
		f, k = f/1000, k+1
	}
	if k == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%.3g%s", f, units[k])
}

func bytesText(n int64) string {
	f, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	k := 0
	for f >= 1000 && k < len(units)-1 {
		f, k = f/1024, k+1
	}
	return fmt.Sprintf("%.3g %s", f, units[k])
}
