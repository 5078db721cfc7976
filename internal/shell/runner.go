package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/parse"
)

// ErrClosedOutput says that whoever read the output has gone: nobody is left to tell.
var ErrClosedOutput = errors.New("the output was closed")

// Runner runs statements one after the other and prints what they give. It is
// used by one goroutine at a time.
type Runner struct {
	engine Engine
	params session.Params
	header bool
	format string // empty: as fits where results go
	out    *sink

	// progress shows how far a statement is; stages its stages, when it starts.
	progress, stages bool
	// interactive adds times and what statements without rows did.
	interactive, timer, pager bool
	maxRows                   int // 0: as fits the screen
	// lend calls a function that needs the terminal for another program.
	lend func(func() error) error
}

// Options are what a Runner prints with.
type Options struct {
	Params session.Params
	// Format is one of output.Formats; empty is box on a terminal, table elsewhere.
	Format string
	// Header puts column names first in csv and tsv.
	Header bool
	// Stages shows the stages of each query on standard error.
	Stages bool
}

// NewRunner makes a Runner that prints to standard output.
func NewRunner(e Engine, o Options) *Runner {
	r := &Runner{engine: e, params: o.Params, header: o.Header, format: o.Format, stages: o.Stages, out: standardOutput(), lend: func(f func() error) error { return f() }}
	r.progress = term.IsTerminal(int(os.Stderr.Fd()))
	e.OnStages(func(text string) {
		if r.stages {
			fmt.Fprint(stderr, text)
		}
	})
	return r
}

// File runs the statements of a file.
func (r *Runner) File(ctx context.Context, path string) error {
	text, err := ReadScript(path)
	if err != nil {
		return err
	}
	return r.Script(ctx, filepath.ToSlash(path), text)
}

// ReadScript reads the text of a script.
func ReadScript(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", sqlerr.Wrap(err, sqlerr.FileNotFound, "Cannot read the script %s: %v.", path, Reason(err))
	}
	return string(text), nil
}

// Reason is what an error of the file system says besides the path.
func Reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Script runs the statements of text. The first that fails ends it, with an
// error that knows its place in the file.
func (r *Runner) Script(ctx context.Context, file, text string) error {
	for _, p := range parse.Script(text) {
		if err := r.statement(ctx, text[p.From:p.To]); err != nil {
			if e := sqlerr.As(err); e != nil && e.File == "" {
				e.File = file
				if e.Line == 0 {
					e.Line = p.Line
				}
			}
			return err
		}
	}
	return nil
}

// expand puts the values of parameters in the place of ${name}; other
// ${…} are left to the session, which knows settings.
func (r *Runner) expand(sql string) string {
	if !strings.Contains(sql, "${") {
		return sql
	}
	for name, v := range r.params.Named {
		if text, ok := v.Value.(string); ok {
			sql = strings.ReplaceAll(sql, "${"+name+"}", text)
		}
	}
	return sql
}

func (r *Runner) statement(ctx context.Context, sql string) error {
	start := time.Now()
	stop := r.watch()
	defer stop()
	res, err := r.engine.Run(ctx, r.expand(sql), r.params)
	if err != nil {
		return err
	}
	if len(res.Schema) > 0 && (r.interactive || res.Query || !assigns(sql)) {
		return r.print(ctx, res, start, stop)
	}
	for _, err := range res.Rows { // nothing to show; the statement may still have to be carried out
		if err != nil {
			return err
		}
	}
	stop()
	if r.interactive {
		r.done(res.Written, start)
	}
	return nil
}

// assigns reports whether sql is SET key = value or the like, whose echo of the
// key is for people at a prompt and noise in the output of a script.
func assigns(sql string) bool {
	for _, p := range parse.Script(sql) {
		words := strings.Fields(sql[p.From:p.To])
		return len(words) > 2 && strings.EqualFold(words[0], "SET") || len(words) > 1 && strings.EqualFold(words[0], "SET") && strings.Contains(words[1], "=")
	}
	return false
}

// done says what a statement without rows did.
func (r *Runner) done(w *session.Written, start time.Time) {
	text := "Done"
	if w != nil {
		text = count(w.Rows, "row") + " written"
		if w.Files >= 0 {
			text += " to " + count(w.Files, "file")
		}
		if w.Bytes > 0 {
			text += ", " + bytesText(w.Bytes)
		}
	}
	if r.timer {
		text += " in " + took(time.Since(start))
	}
	fmt.Fprintln(os.Stdout, text)
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// took writes a duration with three digits.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	case d < time.Minute:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// print shows a result where results go.
func (r *Runner) print(ctx context.Context, res *session.Result, start time.Time, stop func()) error {
	format := r.format
	if format == "" {
		format = "table"
		if r.out.terminal {
			format = "box"
		}
	}
	if err := r.out.accepts(format); err != nil {
		return err
	}
	o := r.engine.Display(ctx, res)
	o.Header, o.Types, o.Footer = r.header, format == "box", format == "box" || format == "table"
	if r.interactive && r.timer && o.Footer {
		o.Note = func() string { return "in " + took(time.Since(start)) }
	}
	height := 0
	if r.out.terminal {
		o.Width, height = screenSize()
		o.MaxRows = r.rowsShown(height)
		o.Colour = colourful()
	}
	if plan := planOf(res, format); plan != nil {
		format = "text"
	}
	var err error
	if r.pager && r.out.terminal && output.Tabular(format) {
		err = r.page(res, format, o, height, stop)
	} else {
		err = r.out.result(format, func(w io.Writer) error {
			_, err := output.Write(&firstWrite{w: w, f: stop}, format, res.Schema, res.Rows, o)
			return err
		})
	}
	stop()
	if errors.Is(err, syscall.EPIPE) {
		return ErrClosedOutput
	}
	return err
}

// planOf returns a result that is a text of many lines, EXPLAIN's, to be
// printed as it is where people read, and nil for others.
func planOf(res *session.Result, format string) *session.Result {
	if res.Query || len(res.Schema) != 1 || res.Schema[0].Name != "plan" || format != "box" && format != "table" {
		return nil
	}
	return res
}

func (r *Runner) rowsShown(height int) int {
	switch {
	case r.maxRows > 0:
		return r.maxRows
	case height > 0:
		return min(max(height-9, 10), 40)
	}
	return 40
}

// screenSize is the size of the terminal behind standard output, 0 if unknown.
func screenSize() (width, height int) {
	w, h, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0, 0
	}
	return w, h
}

// firstWrite calls f once, before the first byte: progress is taken off the
// screen before rows appear.
type firstWrite struct {
	w io.Writer
	f func()
}

func (o *firstWrite) Write(p []byte) (int, error) {
	if o.f != nil {
		o.f()
		o.f = nil
	}
	return o.w.Write(p)
}
