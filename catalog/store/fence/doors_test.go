package fence

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// yard is a fenced folder beside a secret one, both with a folder d of the same names.
type yard struct {
	t            *testing.T
	data, secret string
	f            *Fence
}

func newYard(t *testing.T) *yard {
	top := t.TempDir()
	y := &yard{t: t, data: filepath.Join(top, "data"), secret: filepath.Join(top, "secret")}
	y.file(y.data+"/d/a", "inside")
	y.file(y.secret+"/a", "secret")
	y.file(y.secret+"/sub/b", "secret")
	f, err := New([]string{y.data})
	y.ok(err)
	y.f = f
	return y
}

func (y *yard) ok(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) file(path, text string) {
	y.t.Helper()
	y.ok(os.MkdirAll(filepath.Dir(path), 0o700))
	y.ok(os.WriteFile(path, []byte(text), 0o600))
}

// swap puts a link to the secret folder at the place of d.
func (y *yard) swap(to string) {
	y.t.Helper()
	y.ok(os.Rename(y.data+"/d", y.data+"/old"))
	if err := os.Symlink(to, y.data+"/d"); err != nil {
		y.t.Skip(err)
	}
}

func (y *yard) untouched() {
	y.t.Helper()
	for path, want := range map[string]string{"/a": "secret", "/sub/b": "secret"} {
		if b, err := os.ReadFile(y.secret + path); err != nil || string(b) != want {
			y.t.Errorf("%s outside: %q, %v", path, b, err)
		}
	}
	if found, err := os.ReadDir(y.secret); err != nil || len(found) != 2 {
		y.t.Errorf("outside lies %v, %v", found, err)
	}
}

// TestNothingIsOpenedAfterASwap does what follows the check of a path once a
// link to outside has taken the place of a folder in between.
func TestNothingIsOpenedAfterASwap(t *testing.T) {
	uses := map[string]func(ctx context.Context, s store.Store, d string) error{
		"a file is not read":          func(ctx context.Context, s store.Store, d string) error { _, err := s.Open(ctx, d+"/a"); return err },
		"a file is not described":     func(ctx context.Context, s store.Store, d string) error { _, _, err := s.Stat(ctx, d+"/a"); return err },
		"the folder is not described": func(ctx context.Context, s store.Store, d string) error { _, _, err := s.Stat(ctx, d); return err },
		"the folder is not listed":    func(ctx context.Context, s store.Store, d string) error { return listed(s.List(ctx, d)) },
		"the folder above is refused": func(ctx context.Context, s store.Store, d string) error { return listed(s.List(ctx, filepath.Dir(d))) },
		"names are not listed":        func(ctx context.Context, s store.Store, d string) error { _, err := s.Names(ctx, d); return err },
		"a pattern finds nothing":     func(ctx context.Context, s store.Store, d string) error { _, err := s.Glob(ctx, d+"/*"); return err },
		"a wildcard does not enter it": func(ctx context.Context, s store.Store, d string) error {
			_, err := s.Glob(ctx, filepath.Dir(d)+"/*/*")
			return err
		},
		"a file is not made": func(ctx context.Context, s store.Store, d string) error {
			_, err := s.Create(ctx, d+"/new")
			return err
		},
		"a folder is not made": func(ctx context.Context, s store.Store, d string) error { return s.MkdirAll(ctx, d+"/x/y") },
		"nothing is moved out of it": func(ctx context.Context, s store.Store, d string) error {
			return s.Rename(ctx, d+"/a", filepath.Dir(d)+"/b")
		},
		"nothing is moved into it": func(ctx context.Context, s store.Store, d string) error {
			return s.Rename(ctx, filepath.Dir(d)+"/old/a", d+"/c")
		},
		"a file is not removed":   func(ctx context.Context, s store.Store, d string) error { return s.Remove(ctx, d+"/a") },
		"a folder is not removed": func(ctx context.Context, s store.Store, d string) error { return s.RemoveAll(ctx, d+"/sub") },
		"no lock is taken":        func(ctx context.Context, s store.Store, d string) error { _, err := s.Lock(ctx, d+"/lock"); return err },
		"no lock is tried": func(ctx context.Context, s store.Store, d string) error {
			_, err := s.TryLock(ctx, d+"/lock")
			return err
		},
	}
	for name, use := range uses {
		for kind, beyond := range map[string]bool{"": false, " at the place of a table": true} {
			for way, absolute := range map[string]bool{" by an absolute link": true, " by a relative link": false} {
				t.Run(name+kind+way, func(t *testing.T) {
					y := newYard(t)
					y.swap(map[bool]string{true: y.secret, false: "../secret"}[absolute])
					unchecked := y.f.store(beyond).Store
					if err := use(t.Context(), unchecked, y.data+"/d"); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
						t.Errorf("%v", err)
					}
					y.untouched()
				})
			}
		}
	}
}

func listed(files func(yield func(store.File, error) bool)) error {
	for _, err := range files {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestInsideWorksThroughTheDoor does all that a store does, by every kind of way in.
func TestInsideWorksThroughTheDoor(t *testing.T) {
	y := newYard(t)
	y.ok(os.Symlink(y.data+"/d", y.data+"/absolute"))
	y.ok(os.Symlink("d", y.data+"/relative"))
	y.ok(os.Symlink(y.data, filepath.Dir(y.data)+"/way"))
	ctx := t.Context()
	for _, d := range []string{y.data + "/d", y.data + "/absolute", y.data + "/relative", filepath.Dir(y.data) + "/way/d", y.data + "/none/../d", "file:" + y.data + "/d"} {
		t.Run(filepath.Base(filepath.Dir(d))+"/"+filepath.Base(d), func(t *testing.T) {
			s := y.f.Store()
			w, err := s.Create(ctx, d+"/x/new")
			y.ok(err)
			w.Write([]byte("text"))
			y.ok(w.Close())
			y.ok(s.Rename(ctx, d+"/x/new", d+"/x/moved"))
			r, err := s.Open(ctx, d+"/x/moved")
			y.ok(err)
			b, _ := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
			r.Close()
			if string(b) != "text" {
				t.Errorf("%q", b)
			}
			n := 0
			for _, err := range s.List(ctx, d) {
				y.ok(err)
				n++
			}
			found, err := s.Glob(ctx, d+"/*/mov*")
			if err != nil || n != 2 || len(found) != 1 {
				t.Errorf("%d files, %v, %v", n, found, err)
			}
			l, err := s.Lock(ctx, d+"/lock")
			y.ok(err)
			if again, err := s.TryLock(ctx, d+"/lock"); again != nil || err != nil {
				t.Errorf("the lock is taken twice: %v", err)
			}
			y.ok(l.Unlock())
			y.ok(s.Remove(ctx, d+"/lock"))
			y.ok(s.RemoveAll(ctx, d+"/x"))
			if _, _, err := s.Stat(ctx, d+"/x"); !sqlerr.Is(err, sqlerr.FileNotFound) {
				t.Error(err)
			}
		})
	}
}

// TestDotsAfterALink: the system would go up from where the link leads.
func TestDotsAfterALink(t *testing.T) {
	y := newYard(t)
	y.file(y.data+"/a", "mine")
	if err := os.Symlink(y.secret+"/sub", y.data+"/out"); err != nil {
		t.Skip(err)
	}
	for _, s := range []store.Store{y.f.Store(), y.f.Unlinked()} {
		r, err := s.Open(t.Context(), y.data+"/out/../a")
		y.ok(err)
		b, _ := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		r.Close()
		if string(b) != "mine" {
			t.Errorf("%q", b)
		}
	}
}

// TestNoByteFromOutside reads and writes while a folder and a link to outside
// take each other's place all the time.
func TestNoByteFromOutside(t *testing.T) {
	y := newYard(t)
	y.ok(os.Symlink(y.secret, y.data+"/link"))
	done, stopped := make(chan struct{}), sync.WaitGroup{}
	stopped.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			for _, m := range [][2]string{{"d", "keep"}, {"link", "d"}, {"d", "link"}, {"keep", "d"}} {
				// A writer may make the folder meanwhile.
				for os.Rename(y.data+"/"+m[0], y.data+"/"+m[1]) != nil {
					os.RemoveAll(y.data + "/" + m[1])
				}
			}
		}
	})
	bounds := y.f.Store().Bounds()
	s, err := Within(bounds) // as an executor has it
	y.ok(err)
	ctx := t.Context()
	seen, refused := 0, 0
	for i := 0; (seen == 0 || refused == 0 || i < 300) && i < 5_000; i++ {
		if r, err := s.Open(ctx, y.data+"/d/a"); err == nil {
			b, _ := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
			r.Close()
			if seen++; string(b) != "inside" {
				t.Errorf("read %q", b)
			}
		} else if refused++; sqlerr.As(err) == nil { // what stands there may change at every step of the way
			t.Error(err)
		}
		if w, err := s.Create(ctx, y.data+"/d/w"); err == nil {
			_ = w.Abort()
		}
		_ = s.RemoveAll(ctx, y.data+"/d/sub")
		for f, err := range s.List(ctx, y.data+"/d") {
			if err == nil && f.Size != int64(len("inside")) && f.Size != 0 {
				t.Errorf("listed %v", f)
			}
		}
	}
	close(done)
	stopped.Wait()
	y.untouched()
	if seen == 0 || refused == 0 {
		t.Errorf("read %d times, refused %d times: nothing was swapped", seen, refused)
	}
}

// TestFoldersOfTheFence: those within each other, and moves from one to another.
func TestFoldersOfTheFence(t *testing.T) {
	y := newYard(t)
	other := filepath.Join(filepath.Dir(y.data), "other")
	f, err := New([]string{y.data + "/d", other, y.data})
	y.ok(err)
	s, ctx := f.Store(), t.Context()
	y.ok(s.Rename(ctx, y.data+"/d/a", y.data+"/b"))
	y.ok(s.Rename(ctx, y.data+"/b", y.data+"/d/a"))
	y.ok(s.MkdirAll(ctx, other))
	y.ok(s.MkdirAll(ctx, other+"/x"))
	if err := s.Rename(ctx, y.data+"/d/a", other+"/x/a"); err == nil {
		t.Error("a file is moved from folder to folder, past the door")
	}
	if _, err := os.Stat(y.data + "/d/a"); errors.Is(err, os.ErrNotExist) {
		t.Error("a file is gone")
	}
}
