// Package local is the Store of files on this machine. Paths are local paths
// or file: URLs; what it returns are plain paths.
//
// Names that begin with a dot or an underscore belong to writers, not to data
// (_SUCCESS, _metadata, staging folders): listings and globs leave them out,
// unless the name holds "=" (a partition folder) or the pattern spells it out.
// Opening such a file by its own name works.
package local

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/filelock"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Store reads and writes local files.
type Store struct{ sys System }

// New returns the local store, of which there is one.
func New() *Store { return whole }

var whole = &Store{direct{}}

// Over returns the store of what sys reaches.
func Over(sys System) *Store { return &Store{sys} }

var _ store.Store = (*Store)(nil)

// Path strips the scheme of a file: URL.
func Path(path string) string {
	rest, ok := strings.CutPrefix(path, "file:")
	if !ok {
		return path
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		return strings.TrimPrefix(after, "localhost")
	}
	return rest
}

// scheme matches URLs. One letter is a drive of Windows.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+://`)

// Is reports whether path, which may be a file: URL, names a place on this machine.
func Is(path string) bool { return !scheme.MatchString(Path(path)) }

// local is the path on this machine that path names, an error for URLs of other places.
func local(path string) (string, error) {
	p := Path(path)
	if s := scheme.FindString(p); s != "" {
		return "", sqlerr.New(sqlerr.UnsupportedFileSystem, "There is no file system for %s in %s.", s, path).
			WithHint("Files are read from and written to local folders, mounted ones among them: give a path, or a file: URL.")
	}
	return p, nil
}

// Hidden reports whether a file or folder name is left out of listings.
func Hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") && !strings.Contains(name, "=") || strings.HasSuffix(name, "._COPYING_")
}

// fault turns an error of the operating system into one that names path and
// carries a condition.
func fault(err error, path string) error {
	switch {
	case err == nil:
		return nil
	case sqlerr.As(err) != nil:
		return err
	case errors.Is(err, fs.ErrNotExist):
		return sqlerr.Wrap(err, sqlerr.FileNotFound, "Path does not exist: %s.", path)
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return sqlerr.Wrap(err, sqlerr.FileReadFailed, "Cannot %s file %s: %v.", pe.Op, path, pe.Err)
	}
	return sqlerr.Wrap(err, sqlerr.FileReadFailed, "File %s: %v.", path, err)
}

func describe(path string, info fs.FileInfo) store.File {
	return store.File{Path: path, Size: info.Size(), ModTime: info.ModTime().UnixMicro()}
}

// Stat describes a file or folder. Pipes, sockets and devices are neither:
// opening one may wait for ever.
func (s *Store) Stat(_ context.Context, path string) (store.File, bool, error) {
	p, err := local(path)
	if err != nil {
		return store.File{}, false, err
	}
	info, err := s.sys.Stat(p)
	if err != nil {
		return store.File{}, false, fault(err, path)
	}
	f := describe(p, info)
	switch {
	case info.IsDir():
		f.Size = 0
	case !info.Mode().IsRegular():
		return store.File{}, false, sqlerr.New(sqlerr.FileReadFailed, "Cannot read %s: it is neither a file nor a folder.", path).
			WithHint("Rows of a pipe or a device are read once they are in a file.")
	}
	return f, info.IsDir(), nil
}

type reader struct {
	*os.File
	size int64
}

func (r *reader) Size() int64 { return r.size }

// Open reads a file at random.
func (s *Store) Open(_ context.Context, path string) (store.Reader, error) {
	p, err := local(path)
	if err != nil {
		return nil, err
	}
	f, err := s.sys.Open(p)
	if err != nil {
		return nil, fault(err, path)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("is a directory")}
	}
	if err != nil {
		f.Close()
		return nil, fault(err, path)
	}
	return &reader{f, info.Size()}, nil
}

// List walks the files below a folder, sorted by path. Links to folders are
// followed, except to one that the link is in.
func (s *Store) List(ctx context.Context, path string) iter.Seq2[store.File, error] {
	return func(yield func(store.File, error) bool) {
		p, err := local(path)
		if err != nil {
			yield(store.File{}, err)
			return
		}
		s.walk(ctx, p, nil, yield)
	}
}

// walk yields the visible files below dir, which is in the folders above, and reports whether to go on.
func (s *Store) walk(ctx context.Context, dir string, above []string, yield func(store.File, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(store.File{}, err)
		return false
	}
	entries, err := s.sys.ReadDir(dir)
	if err != nil {
		yield(store.File{}, fault(err, dir))
		return false
	}
	above = append(above, dir)
	for _, e := range entries {
		if Hidden(e.Name()) {
			continue
		}
		p := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if !s.walk(ctx, p, above, yield) {
				return false
			}
			continue
		}
		// Stat, not the entry's own information: a link to a file is that file.
		info, err := s.sys.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // removed meanwhile
		case err != nil:
			yield(store.File{}, fault(err, p))
			return false
		case info.IsDir():
			if !s.inside(above, info) && !s.walk(ctx, p, above, yield) {
				return false
			}
			continue
		case !info.Mode().IsRegular():
			continue
		}
		if !yield(describe(p, info), nil) {
			return false
		}
	}
	return true
}

// inside reports whether a folder is one of those that are given by their paths.
func (s *Store) inside(above []string, folder fs.FileInfo) bool {
	return slices.ContainsFunc(above, func(p string) bool {
		f, err := s.sys.Stat(p)
		return err == nil && os.SameFile(f, folder)
	})
}

// Rename moves a file or folder; a file at the new place is replaced.
func (s *Store) Rename(_ context.Context, from, to string) error {
	src, err := local(from)
	if err != nil {
		return err
	}
	dst, err := local(to)
	if err != nil {
		return err
	}
	if err := s.sys.MkdirAll(filepath.Dir(dst), 0o777); err != nil {
		return fault(err, to)
	}
	return fault(s.sys.Rename(src, dst), from)
}

// Remove deletes a file or an empty folder.
func (s *Store) Remove(_ context.Context, path string) error { return change(path, s.sys.Remove) }

// RemoveAll deletes a folder with all that is in it; it is no error if there is none.
func (s *Store) RemoveAll(_ context.Context, path string) error { return change(path, s.sys.RemoveAll) }

// MkdirAll makes a folder and those above it.
func (s *Store) MkdirAll(_ context.Context, path string) error {
	return change(path, func(p string) error { return s.sys.MkdirAll(p, 0o777) })
}

// Names lists all that is directly in a folder.
func (s *Store) Names(_ context.Context, path string) ([]string, error) {
	p, err := local(path)
	if err != nil {
		return nil, err
	}
	entries, err := s.sys.ReadDir(p)
	if err != nil {
		return nil, fault(err, path)
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name()
	}
	return out, nil
}

// Lock waits for the lock of a file. Locks are those of package filelock.
func (s *Store) Lock(ctx context.Context, path string) (store.Lock, error) {
	return s.lock(path, func(p string) (*filelock.Lock, error) { return filelock.AcquireIn(ctx, s.sys, p) })
}

// TryLock takes the lock of a file if nobody else has it.
func (s *Store) TryLock(_ context.Context, path string) (store.Lock, error) {
	return s.lock(path, func(p string) (*filelock.Lock, error) { return filelock.TryIn(s.sys, p) })
}

func (s *Store) lock(path string, take func(p string) (*filelock.Lock, error)) (store.Lock, error) {
	p, err := local(path)
	if err != nil {
		return nil, err
	}
	l, err := take(p)
	if l == nil || err != nil {
		return nil, fault(err, path)
	}
	return l, nil
}

// Bounds implements store.Store.
func (s *Store) Bounds() *store.Bounds { return nil }

func change(path string, f func(p string) error) error {
	p, err := local(path)
	if err != nil {
		return err
	}
	return fault(f(p), path)
}
