package local

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/volley-sql/volley/catalog/store"
)

// writer collects a file under a hidden name beside its final one, so that a
// reader of the folder sees all of the file or nothing.
type writer struct {
	sys  System
	f    *os.File
	buf  *bufio.Writer
	tmp  string // where f is until it is whole
	to   string
	done bool
}

// Create starts a file; folders above it are made.
func (s *Store) Create(_ context.Context, path string) (store.Writer, error) {
	to, err := local(path)
	if err != nil {
		return nil, err
	}
	dir, name := filepath.Split(to)
	if dir != "" {
		if err := s.sys.MkdirAll(dir, 0o777); err != nil {
			return nil, fault(err, path)
		}
	}
	tmp := filepath.Join(dir, fmt.Sprintf(".%s.%016x.tmp", name, rand.Uint64()))
	f, err := s.sys.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fault(err, path)
	}
	return &writer{sys: s.sys, f: f, buf: bufio.NewWriterSize(f, 256<<10), tmp: tmp, to: to}, nil
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.buf.Write(p)
	return n, fault(err, w.to)
}

// Close brings the bytes to disk, then the name.
func (w *writer) Close() error {
	if w.done {
		return nil
	}
	w.done = true
	err := w.buf.Flush()
	if err == nil {
		err = w.f.Sync()
	}
	if cerr := w.f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = w.sys.Rename(w.tmp, w.to)
	}
	if err != nil {
		w.sys.Remove(w.tmp)
		return fault(err, w.to)
	}
	// The folder's own sync makes the name durable. Not every system can, and
	// the file is whole without it, so a failure is no error.
	if d, err := w.sys.Open(filepath.Dir(w.to)); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

// Abort removes what was written so far.
func (w *writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	w.f.Close()
	return fault(w.sys.Remove(w.tmp), w.to)
}
