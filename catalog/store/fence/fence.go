// Package fence keeps a store to some folders: what statements of clients name
// outside of them is refused before anything looks at it, in the same words
// whether it is there or not.
//
//	path ─► inside by its name? ─► os.Root of the folder ─► the file
//
// What is inside is opened through its folder (os.Root), step by step and never
// by its whole name: a link that takes the place of a folder at any moment
// leads nowhere but to places inside. The folders themselves, and those above
// them, are the operator's to keep.
package fence

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Fence knows the folders that may be used. It is immutable.
type Fence struct {
	roots []string // without links, the outer ones first
	named []string // as they were named, made absolute; by place in roots
}

// New makes a fence around folders, none of which need be there yet.
func New(folders []string) (*Fence, error) {
	f := &Fence{}
	var found [][2]string
	for _, dir := range folders {
		r, err := resolve(local.Path(dir))
		if err != nil {
			return nil, err
		}
		abs, err := filepath.Abs(local.Path(dir))
		if err != nil {
			return nil, err
		}
		found = append(found, [2]string{r, abs})
	}
	slices.SortStableFunc(found, func(a, b [2]string) int { return len(a[0]) - len(b[0]) })
	for _, p := range found {
		f.roots, f.named = append(f.roots, p[0]), append(f.named, p[1])
	}
	return f, nil
}

// Check is the error of a path, or pattern of paths, that is not inside the fence.
func (f *Fence) Check(path string) error {
	if f.inside(path) {
		return nil
	}
	return outside(path)
}

func outside(path string) error {
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
func (f *Fence) Store() store.Store { return f.store(false) }

// Unlinked is a store for tables that were put somewhere before: what is not in
// the fence by its name is left alone, and what is must still be when it is used,
// whatever links have been put there since.
func (f *Fence) Unlinked() store.Store { return f.store(true) }

func (f *Fence) store(beyond bool) *fenced {
	s := &fenced{Store: local.Over(doors{f, beyond}), f: f, check: f.Check, beyond: beyond}
	if beyond {
		s.check = f.leads
	}
	return s
}

// Within is the store of local files that keeps to bounds, which were those of
// a store here or in another process. nil: it opens everything.
func Within(b *store.Bounds) (store.Store, error) {
	if b == nil {
		return local.New(), nil
	}
	f, err := New(b.Folders)
	if err != nil {
		return nil, err
	}
	return f.store(b.Beyond), nil
}

// fenced asks for paths before anything is done with them, of which the doors
// below know nothing: patterns and paths of other places. What is done for every
// file leaves paths of this machine to the doors.
type fenced struct {
	store.Store
	f      *Fence
	check  func(path string) error
	beyond bool
}

// Bounds implements store.Store.
func (s *fenced) Bounds() *store.Bounds {
	return &store.Bounds{Folders: append(slices.Clone(s.f.roots), s.f.named...), Beyond: s.beyond}
}

// Stat implements store.Store.
func (s *fenced) Stat(ctx context.Context, path string) (store.File, bool, error) {
	if err := s.check(path); err != nil {
		return store.File{}, false, err
	}
	return s.Store.Stat(ctx, path)
}

// elsewhere is the error of what is not plainly a path of this machine.
func (s *fenced) elsewhere(path string) error {
	if local.Is(path) && local.Path(path) == path && !strings.ContainsRune(path, 0) && path != "" {
		return nil
	}
	return s.check(path)
}

// Open implements store.Store.
func (s *fenced) Open(ctx context.Context, path string) (store.Reader, error) {
	if err := s.elsewhere(path); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, path)
}

// List implements store.Store. Files that links lead to outside the fence are refused, not left out: rows would be missing.
func (s *fenced) List(ctx context.Context, path string) iter.Seq2[store.File, error] {
	if err := s.check(path); err != nil {
		return func(yield func(store.File, error) bool) { yield(store.File{}, err) }
	}
	return s.Store.List(ctx, path)
}

// Glob implements store.Store.
func (s *fenced) Glob(ctx context.Context, pattern string) ([]store.File, error) {
	if err := s.check(pattern); err != nil {
		return nil, err
	}
	return s.Store.Glob(ctx, pattern)
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

// Names implements store.Store.
func (s *fenced) Names(ctx context.Context, path string) ([]string, error) {
	if err := s.check(path); err != nil {
		return nil, err
	}
	return s.Store.Names(ctx, path)
}

// Lock implements store.Store.
func (s *fenced) Lock(ctx context.Context, path string) (store.Lock, error) {
	if err := s.check(path); err != nil {
		return nil, err
	}
	return s.Store.Lock(ctx, path)
}

// TryLock implements store.Store.
func (s *fenced) TryLock(ctx context.Context, path string) (store.Lock, error) {
	if err := s.check(path); err != nil {
		return nil, err
	}
	return s.Store.TryLock(ctx, path)
}
