// Package fence keeps a store to some folders: what statements of clients name
// outside of them is refused before anything looks at it, in the same words
// whether it is there or not.
package fence

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Fence knows the folders that may be used. It is immutable.
type Fence struct {
	roots []string // without links
	named []string // as they were named, made absolute
}

// New makes a fence around folders, none of which need be there yet.
func New(folders []string) (*Fence, error) {
	f := &Fence{}
	for _, dir := range folders {
		r, err := resolve(local.Path(dir))
		if err != nil {
			return nil, err
		}
		abs, err := filepath.Abs(local.Path(dir))
		if err != nil {
			return nil, err
		}
		f.roots, f.named = append(f.roots, r), append(f.named, abs)
	}
	return f, nil
}

// Check is the error of a path, or pattern of paths, that is not inside the fence.
func (f *Fence) Check(path string) error {
	if f.inside(path) {
		return nil
	}
	return sqlerr.New(sqlerr.InsufficientPermissionsExtLoc, "Files at `%s` may not be used here.", path).
		WithHint("The server was started with the folders that statements may use (--files).")
}

func (f *Fence) inside(path string) bool {
	if strings.ContainsRune(path, 0) {
		return false
	}
	if !local.Is(path) {
		return false
	}
	p := local.Path(path)
	if i := strings.IndexAny(p, "*?[{"); i >= 0 {
		// What stands behind the first wildcard may not lead back up, not even by a choice of {a,..}.
		if strings.Contains(p[i:], "..") {
			return false
		}
		p = p[:strings.LastIndexAny(p[:i], `/\`)+1]
		if p == "" {
			p = "."
		}
	}
	r, err := resolve(p)
	if err != nil {
		return false
	}
	return below(r, f.roots)
}

func below(p string, roots []string) bool {
	for _, root := range roots {
		if p == root || strings.HasPrefix(p, strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// leads is the error of a path that by its name is inside the fence and by a
// link is not. Other paths are none of its business.
func (f *Fence) leads(path string) error {
	if !local.Is(path) {
		return nil
	}
	abs, err := filepath.Abs(local.Path(path))
	if err != nil || !below(abs, f.named) && !below(abs, f.roots) {
		return nil
	}
	return f.Check(path)
}

// resolve is the absolute path without symbolic links; what is not there yet
// keeps its name below what is.
func resolve(p string) (string, error) {
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	rest := ""
	for {
		r, err := filepath.EvalSymlinks(abs)
		if err == nil {
			return filepath.Join(r, rest), nil
		}
		if _, lerr := os.Lstat(abs); lerr == nil { // a link that leads nowhere could lead anywhere later
			return "", err
		}
		up := filepath.Dir(abs)
		if up == abs {
			return "", err
		}
		abs, rest = up, filepath.Join(filepath.Base(abs), rest)
	}
}

// Store is a store that reaches no further than the fence.
func (f *Fence) Store(s store.Store) store.Store { return &fenced{s, f.Check} }

// Unlinked is a store for tables that were put somewhere before: what is not in
// the fence by its name is left alone, and what is must still be when it is used,
// whatever links have been put there since.
func (f *Fence) Unlinked(s store.Store) store.Store { return &fenced{s, f.leads} }

type fenced struct {
	store.Store
	check func(path string) error
}

// Stat implements store.Store.
func (s *fenced) Stat(ctx context.Context, path string) (store.File, bool, error) {
	if err := s.check(path); err != nil {
		return store.File{}, false, err
	}
	return s.Store.Stat(ctx, path)
}

// Open implements store.Store.
func (s *fenced) Open(ctx context.Context, path string) (store.Reader, error) {
	if err := s.check(path); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, path)
}

// List implements store.Store. Files that links lead to outside the fence are refused, not left out: rows would be missing.
func (s *fenced) List(ctx context.Context, path string) iter.Seq2[store.File, error] {
	return func(yield func(store.File, error) bool) {
		if err := s.check(path); err != nil {
			yield(store.File{}, err)
			return
		}
		for file, err := range s.Store.List(ctx, path) {
			if err == nil {
				err = s.check(file.Path)
			}
			if !yield(file, err) || err != nil {
				return
			}
		}
	}
}

// Glob implements store.Store.
func (s *fenced) Glob(ctx context.Context, pattern string) ([]store.File, error) {
	if err := s.check(pattern); err != nil {
		return nil, err
	}
	found, err := s.Store.Glob(ctx, pattern)
	for _, file := range found {
		if err := s.check(file.Path); err != nil {
			return nil, err
		}
	}
	return found, err
}

// Create implements store.Store.
func (s *fenced) Create(ctx context.Context, path string) (store.Writer, error) {
	if err := s.check(path); err != nil {
		return nil, err
	}
	return s.Store.Create(ctx, path)
}

// Rename implements store.Store.
func (s *fenced) Rename(ctx context.Context, from, to string) error {
	for _, p := range []string{from, to} {
		if err := s.check(p); err != nil {
			return err
		}
	}
	return s.Store.Rename(ctx, from, to)
}

// Remove implements store.Store.
func (s *fenced) Remove(ctx context.Context, path string) error {
	if err := s.check(path); err != nil {
		return err
	}
	return s.Store.Remove(ctx, path)
}

// RemoveAll implements store.Store.
func (s *fenced) RemoveAll(ctx context.Context, path string) error {
	if err := s.check(path); err != nil {
		return err
	}
	return s.Store.RemoveAll(ctx, path)
}

// MkdirAll implements store.Store.
func (s *fenced) MkdirAll(ctx context.Context, path string) error {
	if err := s.check(path); err != nil {
		return err
	}
	return s.Store.MkdirAll(ctx, path)
}
