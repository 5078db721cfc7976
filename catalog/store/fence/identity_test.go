package fence

import (
	"testing"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
)

// TestIdentity: what is read through a store may be kept for another one if
// that reaches no more and no less.
func TestIdentity(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	within := func(bounds *store.Bounds) store.Store {
		s, err := Within(bounds)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	around := func(dirs ...string) *Fence {
		f, err := New(dirs)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	stores := []struct {
		name string
		kind int // those of one kind are the same
		s    store.Store
	}{
		{"local", 0, local.New()},
		{"local again", 0, within(nil)},
		{"fenced", 1, around(a).Store()},
		{"fenced again", 1, around(a).Store()},
		{"within its bounds", 1, within(around(a).Store().Bounds())},
		{"and beyond", 2, around(a).Unlinked()},
		{"another folder", 3, around(b).Store()},
		{"two folders", 4, around(a, b).Store()},
	}
	for _, x := range stores {
		for _, y := range stores {
			if same := store.Identity(x.s) == store.Identity(y.s); same != (x.kind == y.kind) {
				t.Errorf("%s and %s: %v", x.name, y.name, same)
			}
		}
	}
}
