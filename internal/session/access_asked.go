package session

import (
	"context"
	"slices"
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// asked is which rights a statement was bound with, so that they can be asked
// for again when its rows are read later. It is safe for concurrent use.
type asked struct {
	mu    sync.Mutex
	found map[askedFor]string
	files map[*guard.Viewer]bool // who read files that are in no catalog
	calls map[askedFor]bool
}

// askedFor is a table or view with who read it.
type askedFor struct {
	as                *guard.Viewer
	catalog, db, name string
}

// note remembers what was read under a name for the first time. a may be nil.
func (a *asked) note(as *guard.Viewer, cat, db, name, stamp string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	k := askedFor{as, cat, db, name}
	if _, ok := a.found[k]; ok {
		return
	}
	if a.found == nil {
		a.found = map[askedFor]string{}
	}
	a.found[k] = stamp
}

// noteCall remembers a function of a catalog that was called.
func (a *asked) noteCall(as *guard.Viewer, cat, db, name string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls == nil {
		a.calls = map[askedFor]bool{}
	}
	a.calls[askedFor{as, cat, db, name}] = true
}

func (a *asked) noteFiles(as *guard.Viewer) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files == nil {
		a.files = map[*guard.Viewer]bool{}
	}
	a.files[as] = true
}

// still asks again for the rights that a statement was bound with. Those that
// the session's user has gained since do not matter, nor do tables that are gone.
func (s *Session) still(a *asked, roles []string) func(context.Context) error {
	return func(ctx context.Context) error {
		now, err := s.viewer.Roles(ctx)
		if err != nil {
			return err
		}
		for _, r := range roles {
			if !slices.Contains(now, r) {
				return lostRights()
			}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		for as := range a.files {
			if as.Files(ctx, catalog.Select) != nil {
				return lostRights()
			}
		}
		for k := range a.calls {
			g, ok := s.catalogAs(k.as, k.catalog).(guard.Guard)
			if !ok {
				continue
			}
			if _, err := g.Function(ctx, k.db, k.name); err != nil && !sqlerr.Is(err, sqlerr.RoutineNotFound) {
				return lostRights()
			}
		}
		for k, stamp := range a.found {
			g, ok := s.catalogAs(k.as, k.catalog).(guard.Guard)
			if !ok {
				continue
			}
			if there, err := g.There(ctx, k.db, k.name); err == nil && !there {
				continue
			}
			if got, err := g.Stamp(ctx, k.db, k.name); err != nil || got != stamp {
				return lostRights()
			}
		}
		return nil
	}
}

func lostRights() error {
	return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: rights with which the rows were read have been taken or changed since.").
		WithHint("Run the statement again.")
}

// watch lets a result tell whether the rights it was bound with are still there.
func (s *Session) watch(ctx context.Context, r *Result, a *asked) *Result {
	if s.viewer == nil || r == nil || a == nil {
		return r
	}
	roles, err := s.viewer.Roles(ctx)
	r.Still = s.still(a, roles)
	if err != nil {
		r.Still = func(context.Context) error { return err }
	}
	return r
}
