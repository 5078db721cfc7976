package shell

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// sink is where results go: standard output or a file.
type sink struct {
	f        *os.File
	path     string // empty: standard output
	terminal bool
	results  int
}

func standardOutput() *sink {
	return &sink{f: os.Stdout, terminal: term.IsTerminal(int(os.Stdout.Fd()))}
}

// fileOutput makes an empty file for results.
func fileOutput(path string) (*sink, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, (&sink{path: path}).failed(err)
	}
	return &sink{f: f, path: path}, nil
}

// accepts refuses what would make no sense there: bytes on a screen, two
// Parquet files in one.
func (s *sink) accepts(format string) error {
	if !output.Binary(format) {
		return nil
	}
	if s.terminal {
		return sqlerr.New(sqlerr.InvalidParameterValue, "The format %s is not for terminals.", format).
			WithHint("Redirect standard output to a file; in the shell, .output FILE does.")
	}
	if s.results > 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "A file of format %s holds one result, and this one has it already.", format).
			WithHint("Write each result to a file of its own.")
	}
	return nil
}

// result has f write a result. If it fails, a file is left as it was before.
func (s *sink) result(format string, f func(io.Writer) error) error {
	var at int64 = -1
	if s.path != "" {
		at, _ = s.f.Seek(0, io.SeekEnd)
	}
	w := &sinkWriter{s: s}
	err := f(w)
	if w.err != nil { // whatever was made of it on its way
		err = w.err
	}
	if err == nil {
		s.results++
		return nil
	}
	if at >= 0 {
		if s.f.Truncate(at) == nil {
			s.f.Seek(at, io.SeekStart)
		}
	}
	return err
}

func (s *sink) close() error {
	if s.path == "" {
		return nil
	}
	return s.failed(s.f.Close())
}

// failed is an error of writing for people. That nobody reads any more stays as it is.
func (s *sink) failed(err error) error {
	name := "the output"
	if s.path != "" {
		name = s.path
	}
	switch {
	case err == nil || errors.Is(err, syscall.EPIPE):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sqlerr.Wrap(err, sqlerr.DiskFull, "The disk is full: cannot write %s.", name)
	}
	return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot write %s: %v.", name, Reason(err))
}

// sinkWriter writes to a sink and remembers the error that it gave.
type sinkWriter struct {
	s   *sink
	err error
}

// Write implements io.Writer.
func (w *sinkWriter) Write(p []byte) (int, error) {
	n, err := w.s.f.Write(p)
	if err != nil && w.err == nil {
		w.err = w.s.failed(err)
	}
	return n, err
}
