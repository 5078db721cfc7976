// Package shell is the SQL shell: it reads statements at a terminal, with
// editing, history, completion and colours, and has a Runner run them. Scripts
// and statements of flags go through the same Runner without the shell. It
// knows no SQL beyond tokens; the session does.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/lineedit"
	"github.com/volley-sql/volley/planner/parse"
)

// Shell is a session at a terminal. It is used by one goroutine.
type Shell struct {
	*Runner
	names   *world
	version string
	leaving bool
	ctx     context.Context // of Run
	forget  func()          // drops what was typed while a statement ran
}

// New makes a shell; version is what it greets with.
func New(e Engine, o Options, version string) *Shell {
	r := NewRunner(e, o)
	r.interactive, r.timer = true, true
	return &Shell{Runner: r, names: newWorld(e), version: version}
}

const (
	prompt       = "volley> "
	secondPrompt = "     -> "
)

// Run reads and runs statements until the user leaves or ctx ends.
func (sh *Shell) Run(ctx context.Context) error {
	sh.ctx = ctx
	editor, err := sh.editor()
	if err != nil {
		return err
	}
	defer editor.Close()
	sh.lend, sh.forget = editor.Lend, editor.Forget
	fmt.Fprintf(os.Stdout, "Volley %s on %s. Statements end with a semicolon; .help shows commands.\n", sh.version, sh.engine.Where())
	for !sh.leaving {
		text, err := editor.Read(ctx)
		switch {
		case errors.Is(err, lineedit.ErrInterrupt):
			if strings.TrimSpace(text) == "" {
				fmt.Fprintln(os.Stdout, "Ctrl-D or .exit leaves.")
			}
			continue
		case errors.Is(err, io.EOF):
			return sh.out.close()
		case err != nil:
			return errors.Join(err, sh.out.close())
		}
		if err := sh.enter(text); err != nil {
			Report(os.Stderr, err)
		}
	}
	return sh.out.close()
}

// editor sets up line editing.
func (sh *Shell) editor() (*lineedit.Editor, error) {
	o := lineedit.Options{
		First: lineedit.Prompt{Text: prompt}, Second: lineedit.Prompt{Text: secondPrompt},
		Done: entryDone, Complete: sh.completions, History: openHistory(historyPath()), Plain: os.Getenv("TERM") == "dumb",
	}
	if colourful() {
		o.First.Style, o.Second.Style = bold, dim
		o.Highlight = func(text string) []lineedit.Span { return highlight(text, sh.names.isFunction) }
	}
	e, err := lineedit.Open(os.Stdin, os.Stdout, o)
	if err != nil && !o.Plain {
		o.Plain = true
		return lineedit.Open(os.Stdin, os.Stdout, o)
	}
	return e, err
}

// entryDone reports whether what was entered is to be run: a command, or
// statements that all have their semicolon.
func entryDone(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || isDot(text) || isExit(text) {
		return true
	}
	pieces := parse.Script(text)
	return len(pieces) == 0 || pieces[len(pieces)-1].Ended
}

// isExit reports whether a line wants to leave, as in other shells.
func isExit(text string) bool {
	switch strings.ToLower(strings.TrimRight(strings.TrimSpace(text), "; ")) {
	case "exit", "quit":
		return true
	}
	return false
}

// completions gives the editor what complete proposes.
func (sh *Shell) completions(text string, cursor int) (string, []lineedit.Candidate) {
	prefix, found := complete(text, cursor, sh.names)
	out := make([]lineedit.Candidate, len(found))
	for i, c := range found {
		open := strings.HasSuffix(c.value, "(") || strings.HasSuffix(c.value, "/") || c.group == "files"
		out[i] = lineedit.Candidate{Text: c.value, Group: c.group, Note: c.note, Open: open}
	}
	return prefix, out
}

// enter runs what was entered.
func (sh *Shell) enter(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return nil
	case isDot(text):
		return sh.dotCommand(text)
	case isExit(text):
		return sh.quit(nil)
	}
	return sh.sql(text)
}

// sql runs statements, which an interrupt cancels.
func (sh *Shell) sql(text string) error {
	defer sh.names.forget()
	return sh.cancellable(func(ctx context.Context) error { return sh.Script(ctx, "", text) })
}

// errCancelled is shown for what an interrupt ended.
var errCancelled = errors.New("the statement was cancelled")

// cancellable calls f with a context that an interrupt ends. A second
// interrupt, when the first does not help within a while, says so.
func (sh *Shell) cancellable(f func(context.Context) error) error {
	ctx, cancel := context.WithCancel(sh.ctx)
	defer cancel()
	interrupts := make(chan os.Signal, 4)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for first := true; ; first = false {
			select {
			case <-interrupts:
				sh.forget()
				cancel()
				if !first {
					fmt.Fprintln(os.Stderr, "still cancelling…")
				}
			case <-done:
				return
			}
		}
	}()
	err := f(ctx)
	if ctx.Err() != nil && err != nil {
		return errCancelled
	}
	return err
}

// patience is how long completion may look things up.
const patience = 500 * time.Millisecond
