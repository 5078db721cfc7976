// Package lineedit edits texts of one or many lines at a terminal: with
// history, completion, colours, search and undo, by the keys that shells have.
// It knows nothing of what is being edited.
//
//	terminal ── bytes ─► decode ── events ─► commands ── text ─► layout ── frame ─► painter ── bytes ─► terminal
//
// Every byte that the terminal sends is decoded once, in order. What comes
// after a text was entered stays for the next one, so typing ahead and pasting
// many statements lose nothing. The editor never asks the terminal where the
// cursor is, and never reads while it is not asked for a text.
package lineedit

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// ErrInterrupt says that Ctrl-C ended the editing of a text.
var ErrInterrupt = errors.New("interrupted")

// History is what was entered before.
type History interface {
	Len() int
	// At is an entry, the oldest at 0.
	At(i int) string
	Add(entry string)
}

// Candidate is a text that completion may put in the place of a prefix.
type Candidate struct {
	Text, Group, Note string
	// Open says that something follows at once: no space is put after it.
	Open bool
}

// Options make an editor. All but the prompts may be left out.
type Options struct {
	// First and Second stand before the first line and before the others.
	First, Second Prompt
	// Done reports whether a text is whole, so that Enter ends it. If it is not, Enter begins a new line.
	Done func(text string) bool
	// Complete proposes what may stand in the place of prefix, which ends at the cursor (a byte offset).
	Complete func(text string, cursor int) (prefix string, found []Candidate)
	// Highlight colours a text, by spans in order.
	Highlight func(text string) []Span
	History   History
	// Plain does without any control of the screen, for terminals that have none.
	Plain bool
}

// Editor edits texts at a terminal. It is used by one goroutine.
type Editor struct {
	Options
	tty     device
	pending []byte // read from the terminal and not yet decoded
	ended   error  // why no more can be read
	painter painter
	state
}

// device is a terminal.
type device interface {
	// raw hands every key over as it is; waiting does so without showing them,
	// but for those that send signals; restore brings back what was there first.
	raw() error
	waiting() error
	restore() error
	// forget drops what was typed and not yet read, where the system does so on an interrupt.
	forget()
	// read waits for bytes: for ever if wait is negative. It gives errTimeout,
	// errResized, the error of ctx, or io.EOF when the terminal has gone.
	read(ctx context.Context, buf []byte, wait time.Duration) (int, error)
	write(s string) error
	size() (width, height int)
	// stop does what Ctrl-Z does elsewhere, and returns when it is over.
	stop()
	close() error
}

var (
	errTimeout = errors.New("nothing was typed")
	errResized = errors.New("the terminal has another size")
)

// state is what belongs to the text being edited.
type state struct {
	text
	goal    int // column that up and down keep to, -1 if none
	top     int // first row in view, of texts higher than the screen
	last    string
	kills   killRing
	undo    []text
	entry   int            // of the history that is being edited
	edited  map[int]string // entries of the history that were changed
	menu    *menu
	search  *search
	quote   bool // the next key is text
	outcome outcome
}

type outcome uint8

const (
	editing outcome = iota
	entered
	interrupted
	left
)

// Open makes an editor for a terminal. Close gives it back.
func Open(in, out *os.File, o Options) (*Editor, error) {
	if o.Done == nil {
		o.Done = func(string) bool { return true }
	}
	if o.History == nil {
		o.History = &memory{}
	}
	e := &Editor{Options: o}
	var err error
	if o.Plain {
		e.tty = &plainDevice{in: in, out: out}
	} else if e.tty, err = openDevice(in, out); err != nil {
		return nil, err
	}
	return e, e.wait()
}

const (
	pasteOn  = "\x1b[?2004h"
	pasteOff = "\x1b[?2004l"
)

// wait brings the terminal into the state it has between texts: keys are not
// shown, but kept for the next text; interrupts are signals.
func (e *Editor) wait() error {
	if err := e.tty.waiting(); err != nil || e.Plain {
		return err
	}
	return e.tty.write(pasteOn)
}

// Forget drops what was typed while nobody read, as an interrupt does elsewhere.
// It may be called at any time but during Read.
func (e *Editor) Forget() { e.tty.forget() }

// Lend gives the terminal back as it was, for a program that f runs, and takes it again.
func (e *Editor) Lend(f func() error) error {
	err := e.release()
	if err == nil {
		err = f()
	}
	return errors.Join(err, e.wait())
}

func (e *Editor) release() error {
	if !e.Plain {
		e.tty.write(pasteOff)
	}
	return e.tty.restore()
}

// Close gives the terminal back. The editor is of no use afterwards.
func (e *Editor) Close() error { return errors.Join(e.release(), e.tty.close()) }

// Read has a text edited until it is entered. It returns what there was of it
// with ErrInterrupt after Ctrl-C, with io.EOF after Ctrl-D on an empty text and when
// the terminal has gone, and with the error of ctx.
func (e *Editor) Read(ctx context.Context) (string, error) {
	if e.Plain {
		return e.readPlain(ctx)
	}
	if err := e.tty.raw(); err != nil {
		return "", err
	}
	e.state = state{goal: -1, kills: e.kills, entry: e.History.Len()}
	err := e.edit(ctx)
	text := e.s
	if err == nil && text != "" {
		e.History.Add(text)
	}
	if werr := e.tty.waiting(); err == nil {
		err = werr
	}
	return text, err
}

func (e *Editor) edit(ctx context.Context) error {
	if err := e.draw(); err != nil {
		return err
	}
	for {
		ev, err := e.next(ctx)
		switch {
		case errors.Is(err, errResized):
			width, _ := e.tty.size()
			if err := e.tty.write(e.painter.resized(width)); err != nil {
				return err
			}
			if err := e.draw(); err != nil {
				return err
			}
			continue
		case err != nil:
			e.tty.write(e.painter.leave())
			return err
		}
		e.handle(ev)
		switch e.outcome {
		case entered:
			return e.finish("", nil)
		case interrupted:
			return e.finish("^C", ErrInterrupt)
		case left:
			return e.finish("", io.EOF)
		}
		if len(e.pending) == 0 {
			if err := e.draw(); err != nil {
				return err
			}
		}
	}
}

// finish shows the whole text once more, without what helped to write it.
func (e *Editor) finish(mark string, why error) error {
	e.menu, e.search = nil, nil
	e.cursor = len(e.s)
	f := e.frame(false)
	out := e.painter.paint(f)
	if width, _ := e.tty.size(); f.col+len(mark) < width {
		out += mark
	}
	out += e.painter.leave()
	if err := e.tty.write(out); err != nil {
		return err
	}
	return why
}

func (e *Editor) draw() error { return e.tty.write(e.painter.paint(e.frame(true))) }

// next is the next event: of what was read before, or from the terminal.
func (e *Editor) next(ctx context.Context) (event, error) {
	var buf [16 << 10]byte
	for {
		wait := time.Duration(-1)
		if len(e.pending) > 0 {
			if ev, n := decode(e.pending, false); n > 0 {
				e.consume(n)
				return ev, nil
			}
			wait = patience(e.pending)
		}
		if e.ended != nil {
			return event{}, e.ended
		}
		n, err := e.tty.read(ctx, buf[:], wait)
		e.pending = append(e.pending, buf[:n]...)
		switch {
		case errors.Is(err, errTimeout):
			if ev, n := decode(e.pending, true); n > 0 {
				e.consume(n)
				return ev, nil
			}
		case errors.Is(err, io.EOF):
			e.ended = io.EOF
		case err != nil:
			return event{}, err
		}
	}
}

func (e *Editor) consume(n int) {
	e.pending = e.pending[n:]
	if len(e.pending) == 0 {
		e.pending = nil
	}
}

// patience is how long the rest of a sequence may take to come. Escape alone
// is a key, too; a paste always has an end.
func patience(b []byte) time.Duration {
	switch {
	case len(b) == 1 && b[0] == 0x1b:
		return 50 * time.Millisecond
	case len(b) >= len(pasteBegin) && string(b[:len(pasteBegin)]) == pasteBegin:
		return -1
	}
	return 500 * time.Millisecond
}

// memory is a history that is not kept.
type memory struct{ entries []string }

func (m *memory) Len() int        { return len(m.entries) }
func (m *memory) At(i int) string { return m.entries[i] }
func (m *memory) Add(s string)    { m.entries = append(m.entries, s) }
