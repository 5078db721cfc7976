package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/planner/parse"
)

// settled is how long nothing must follow a line that ends in a semicolon
// inside an open quote before the text is taken as it is: a program that sends a
// broken statement waits for the answer.
const settled = 500 * time.Millisecond

// settledComment is how long nothing must follow a semicolon inside a comment at
// the end of a statement: programs append the semicolon to whatever text they have.
const settledComment = 10 * time.Millisecond

// endsInComment reports whether the semicolon that ends text belongs to a --
// comment after a statement.
func endsInComment(text string) bool {
	text = strings.TrimRight(text, " \t\r\n")
	if !strings.HasSuffix(text, ";") {
		return false
	}
	pieces := parse.Script(text[:len(text)-1] + "\n;")
	return len(pieces) > 0 && pieces[len(pieces)-1].Ended
}

// servePipe speaks the pipe protocol: statements ended by ';' come in; rows go
// out as CSV without header (NULL empty and unquoted), then "#!ok ROWS" or
// "#!error MESSAGE" on a line of its own.
func servePipe(ctx context.Context, s *session.Session, in io.Reader, out io.Writer) error {
	lines := make(chan string, 64)
	go func() {
		defer close(lines)
		r := bufio.NewReaderSize(in, 1<<20)
		for {
			line, err := r.ReadString('\n')
			if line != "" {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	w := bufio.NewWriterSize(out, 1<<20)
	var pending strings.Builder
	answer := func(sql string) error {
		if err := pipeStatement(ctx, s, sql, w); err != nil {
			return err
		}
		return w.Flush()
	}
	commented := false
	for {
		wait := settled
		if commented {
			wait = settledComment
		}
		line, more, quiet := nextLine(ctx, lines, pending.Len() > 0, wait)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		pending.WriteString(line)
		if !quiet && more && !strings.HasSuffix(strings.TrimRight(line, " \t\r\n"), ";") {
			continue
		}
		text := pending.String()
		pieces := parse.Script(text)
		whole := quiet || !more
		if n := len(pieces); n > 0 && !pieces[n-1].Ended && !whole {
			commented = endsInComment(text)
			continue
		}
		commented = false
		pending.Reset()
		for _, p := range pieces {
			if err := answer(text[p.From:p.To]); err != nil {
				return err
			}
		}
		if len(pieces) == 0 && strings.Contains(text, ";") { // an empty statement has an answer, too
			if err := answer(""); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// nextLine waits for a line. While a statement is incomplete it gives up after a while (quiet).
func nextLine(ctx context.Context, lines <-chan string, incomplete bool, wait time.Duration) (line string, more, quiet bool) {
	if !incomplete {
		select {
		case line, more = <-lines:
		case <-ctx.Done():
		}
		return line, more, false
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case line, more = <-lines:
		return line, more, false
	case <-ctx.Done():
		return "", false, false
	case <-t.C:
		return "", true, true
	}
}

// pipeStatement runs one statement. Rows are held back until all are there, so
// that a failed statement gives an error and no rows.
func pipeStatement(ctx context.Context, s *session.Session, sql string, w *bufio.Writer) error {
	var body bytes.Buffer
	var n int64
	err := func() error {
		if strings.TrimSpace(sql) == "" {
			return nil
		}
		res, err := s.Run(ctx, sql, session.Params{})
		if err != nil {
			return err
		}
		snap := res.Settings
		if snap == nil {
			snap = s.Settings.Snapshot()
		}
		var rows vec.Stream = res.Rows
		n, err = output.Write(&body, "csv", res.Schema, rows, output.Options{Zone: settings.TimeZone(snap), BinaryStyle: settings.BinaryOutputStyle.Get(snap)})
		return err
	}()
	if err != nil {
		_, werr := fmt.Fprintf(w, "#!error %s\n", strings.NewReplacer("\r", "", "\n", `\n`).Replace(err.Error()))
		return werr
	}
	if _, err := w.Write(body.Bytes()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "#!ok %d\n", n)
	return err
}
