package lineedit

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// plainDevice is a terminal that is left as it is: it shows and edits lines by itself.
type plainDevice struct {
	in, out *os.File
}

func (d *plainDevice) raw() error     { return nil }
func (d *plainDevice) waiting() error { return nil }
func (d *plainDevice) restore() error { return nil }
func (d *plainDevice) forget()        {}
func (d *plainDevice) stop()          {}
func (d *plainDevice) close() error   { return nil }

func (d *plainDevice) size() (width, height int) { return 80, 24 }

func (d *plainDevice) write(s string) error {
	_, err := io.WriteString(d.out, s)
	return err
}

// read cannot be broken off: it ends with the line.
func (d *plainDevice) read(ctx context.Context, buf []byte, _ time.Duration) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	n, err := d.in.Read(buf)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// readPlain reads lines until they are a whole text.
func (e *Editor) readPlain(ctx context.Context) (string, error) {
	text := ""
	p := e.First
	for {
		if err := e.tty.write(p.Text); err != nil {
			return text, err
		}
		line, err := e.plainLine(ctx)
		text += line
		switch {
		case err != nil && (text == "" || !errors.Is(err, io.EOF)):
			return text, err
		case err != nil || e.Done(strings.TrimSuffix(text, "\n")):
			text = strings.TrimSuffix(text, "\n")
			e.History.Add(text)
			return text, nil
		}
		p = e.Second
	}
}

// plainLine reads up to the end of a line, or of all.
func (e *Editor) plainLine(ctx context.Context) (string, error) {
	var buf [4096]byte
	for {
		if i := strings.IndexByte(string(e.pending), '\n'); i >= 0 {
			line := string(e.pending[:i+1])
			e.consume(i + 1)
			return line, nil
		}
		n, err := e.tty.read(ctx, buf[:], -1)
		e.pending = append(e.pending, buf[:n]...)
		if err != nil && n == 0 {
			line := string(e.pending)
			e.consume(len(e.pending))
			return line, err
		}
	}
}
