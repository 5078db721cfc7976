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
	"strings"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Store reads and writes local files. The zero value is ready to use.
type Store struct{}

// New returns the local store.
func New() *Store { return &Store{} }

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

// Stat describes a file or folder.
func (*Store) Stat(_ context.Context, path string) (store.File, bool, error) {
	p := Path(path)
	info, err := os.Stat(p)
	if err != nil {
		return store.File{}, false, fault(err, path)
	}
	f := describe(p, info)
	if info.IsDir() {
		f.Size = 0
	}
	return f, info.IsDir(), nil
}

type reader struct {
	*os.File
	size int64
}

func (r *reader) Size() int64 { return r.size }

// Open reads a file at random.
func (*Store) Open(_ context.Context, path string) (store.Reader, error) {
	f, err := os.Open(Path(path))
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

// List walks the files below a folder, sorted by path. Links to folders are not followed.
func (*Store) List(ctx context.Context, path string) iter.Seq2[store.File, error] {
	return func(yield func(store.File, error) bool) { walk(ctx, Path(path), yield) }
}

// walk yields the visible files below dir and reports whether to go on.
func walk(ctx context.Context, dir string, yield func(store.File, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(store.File{}, err)
		return false
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		yield(store.File{}, fault(err, dir))
		return false
	}
	for _, e := range entries {
		if Hidden(e.Name()) {
			continue
		}
		p := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if !walk(ctx, p, yield) {
				return false
			}
			continue
		}
		// Stat, not the entry's own information: a link to a file is that file.
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // removed meanwhile
		case err != nil:
			yield(store.File{}, fault(err, p))
			return false
		case !info.Mode().IsRegular():
			continue
		}
		if !yield(describe(p, info), nil) {
			return false
		}
	}
	return true
}

// Rename moves a file or folder; a file at the new place is replaced.
func (*Store) Rename(_ context.Context, from, to string) error {
	if err := os.MkdirAll(filepath.Dir(Path(to)), 0o777); err != nil {
		return fault(err, to)
	}
	return fault(os.Rename(Path(from), Path(to)), from)
}

// Remove deletes a file or an empty folder.
func (*Store) Remove(_ context.Context, path string) error { return fault(os.Remove(Path(path)), path) }

// RemoveAll deletes a folder with all that is in it; it is no error if there is none.
func (*Store) RemoveAll(_ context.Context, path string) error {
	return fault(os.RemoveAll(Path(path)), path)
}

// MkdirAll makes a folder and those above it.
func (*Store) MkdirAll(_ context.Context, path string) error {
	return fault(os.MkdirAll(Path(path), 0o777), path)
}
