// Package sqlerr is the one error type users meet. An error has a stable
// condition name and SQLSTATE (Spark's where Spark has the condition), a place
// in the statement, and a blame that decides whether a retry makes sense.
//
// Whoever knows a field fills it in while the error unwinds: a kernel knows
// the condition, the evaluator the expression's position, the session the
// statement's text and file.
package sqlerr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/volley-sql/volley/internal/screen"
)

// Blame says who can do something about an error.
type Blame uint8

// The blames. Only Transient errors are retried by the scheduler.
const (
	User      Blame = iota // the statement or its data are wrong
	Resource               // memory, disk or a limit ran out
	Transient              // a process, link or file went away
	Bug                    // the engine broke a promise of its own
)

// NoPos says that an error has no known place in the statement.
const NoPos = -1

// Error is a failure with a condition. Build it with New or Wrap.
type Error struct {
	Cond *Condition
	Msg  string
	// Hint says what to do, "did you mean …" included. May be empty.
	Hint string
	// Pos is the byte offset in Source, or NoPos; below NoPos the number of a
	// place (see Places). End is the offset after the text it is about, 0 if
	// that is not known.
	Pos, End int
	// Source is the text of the statement, File where it came from and Line
	// the number of its first line in File, from 1 (0: not from a file).
	// Where Source is the definition of a view or function, Object names that.
	Source string
	Object string
	File   string
	Line   int
	// Task names the task attempt ("stage 2 task 3 attempt 0") where the error arose on an executor.
	Task  string
	Cause error
}

// New makes an error of the given condition. The message is formatted with
// fmt.Sprintf and must not repeat the condition's name.
func New(c *Condition, format string, args ...any) *Error {
	return &Error{Cond: c, Msg: fmt.Sprintf(format, args...), Pos: NoPos}
}

// Wrap is New with a cause that errors.Is and errors.As see.
func Wrap(cause error, c *Condition, format string, args ...any) *Error {
	e := New(c, format, args...)
	e.Cause = cause
	return e
}

// Cancellation is the error of a statement whose context is over; nil before.
func Cancellation(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return Wrap(context.Cause(ctx), Cancelled, "The statement was cancelled.")
}

// At sets the byte offset in the statement, unless one is known already.
func (e *Error) At(pos int) *Error {
	if e.Pos == NoPos {
		e.Pos = pos
	}
	return e
}

// WithHint sets the hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Error is the condition, SQLSTATE, message and place on one line, in Spark's
// form: "[DIVIDE_BY_ZERO] Division by zero. … SQLSTATE: 22012 (line 1, pos 7)".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] %s", e.Cond.Name, e.Msg)
	if e.Hint != "" {
		b.WriteString(" " + e.Hint)
	}
	b.WriteString(" SQLSTATE: " + e.Cond.State)
	if line, col, ok := e.Place(); ok {
		b.WriteString(" (")
		if e.Object != "" {
			b.WriteString(e.Object + ", ")
		}
		fmt.Fprintf(&b, "line %d, column %d)", line, col)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// Place returns the line and column (both from 1, columns in characters) of
// the error in its statement, and whether they are known.
func (e *Error) Place() (line, col int, ok bool) {
	if e.Pos < 0 || e.Source == "" {
		return 0, 0, false
	}
	pos := min(e.Pos, len(e.Source))
	head := e.Source[:pos]
	start := strings.LastIndexByte(head, '\n') + 1
	line = strings.Count(head, "\n") + 1
	if e.Line > 0 && e.Object == "" {
		line += e.Line - 1
	}
	return line, utf8.RuneCountInString(head[start:]) + 1, true
}

// Detail is the error for people: message, the line of the statement with a
// caret under the place, and the hint, each on lines of its own.
func (e *Error) Detail() string {
	var b strings.Builder
	fmt.Fprintf(&b, "error [%s] SQLSTATE %s: %s\n", e.Cond.Name, e.Cond.State, e.Msg)
	e.excerpt(&b)
	if e.Task != "" {
		fmt.Fprintf(&b, "  in %s\n", e.Task)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", e.Hint)
	}
	return b.String()
}

// excerpt shows the line of the place with carets under what the error is about.
func (e *Error) excerpt(b *strings.Builder) {
	line, col, ok := e.Place()
	if !ok {
		return
	}
	place := "statement"
	switch {
	case e.Object != "":
		place = e.Object
	case e.File != "":
		place = e.File
	}
	pos := min(e.Pos, len(e.Source))
	start := strings.LastIndexByte(e.Source[:pos], '\n') + 1
	text := e.Source[start:]
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	carets := 1
	if e.End > pos {
		end := min(e.End, start+len(text))
		carets = max(1, utf8.RuneCountInString(strings.TrimRight(e.Source[pos:max(pos, end)], " \t\r")))
	}
	text, col2 := window(strings.ReplaceAll(text, "\t", " "), col)
	carets = min(carets, max(1, utf8.RuneCountInString(text)-col2+1))
	num := fmt.Sprint(line)
	r := []rune(text)
	at, end := min(col2-1, len(r)), min(col2-1+carets, len(r))
	before, under := screen.Visible(string(r[:at])), screen.Visible(string(r[at:end]))
	fmt.Fprintf(b, "  --> %s:%d:%d\n", place, line, col)
	fmt.Fprintf(b, " %s | %s\n", num, strings.TrimRight(before+under+screen.Visible(string(r[end:])), " "))
	fmt.Fprintf(b, " %s | %s%s\n", strings.Repeat(" ", len(num)), strings.Repeat(" ", screen.Width(before)), strings.Repeat("^", max(screen.Width(under), 1)))
}

// window cuts a long source line to the part around column col (from 1), so
// that a caret under a 10 MB line still fits a screen.
func window(text string, col int) (string, int) {
	const side = 70
	r := []rune(text)
	if len(r) <= 2*side {
		return text, col
	}
	lo := max(0, col-1-side)
	hi := min(len(r), col-1+side)
	cut := string(r[lo:hi])
	if lo > 0 {
		cut = "…" + cut
		col = col - lo + 1
	}
	if hi < len(r) {
		cut += "…"
	}
	return cut, col
}

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is reports whether err carries the condition c.
func Is(err error, c *Condition) bool {
	e := As(err)
	return e != nil && e.Cond == c
}

// At fills the position of an *Error in err's chain if it has none.
func At(err error, pos int) error {
	if e := As(err); e != nil {
		e.At(pos)
	}
	return err
}
