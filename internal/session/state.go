package session

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/bind"
)

var errClosed = sqlerr.New(sqlerr.SessionClosed, "The session is closed.")

// enter lets a statement run as long as the session is open: ctx ends with it.
// The second result must be called when the statement is over.
func (s *Session) enter(ctx context.Context) (context.Context, func(), error) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel(nil)
		return nil, nil, errClosed
	}
	id := s.nextID
	s.nextID++
	s.ends[id] = cancel
	return ctx, func() {
		s.mu.Lock()
		delete(s.ends, id)
		s.mu.Unlock()
		cancel(nil)
	}, nil
}

// Given declares the views there are now part of what a session begins with;
// see Untouched.
func (s *Session) Given() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = maps.Clone(s.views)
}

// Untouched reports whether the session is as it began: nothing would be lost
// with it.
func (s *Session) Untouched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Settings.Snapshot().Equal(s.cfg.Settings) && maps.Equal(s.views, s.given) && len(s.vars)+len(s.funcs)+len(s.cached)+len(s.ends) == 0 && s.txn == nil && s.temp == nil &&
		s.catalog == s.cfg.Catalogs[0].Name() && s.database == DefaultDatabase
}

// Use changes the current catalog and database; an empty name leaves that part
// as it is. A catalog without a database begins in the default one.
func (s *Session) Use(ctx context.Context, catalogName, database string) error {
	cat, db := s.Current()
	if catalogName != "" {
		c := s.catalogNamed(catalogName)
		if c == nil {
			return sqlerr.New(sqlerr.CatalogNotFound, "The catalog `%s` not found.", catalogName)
		}
		if c.Name() != cat {
			cat, db = c.Name(), DefaultDatabase
		}
	}
	if database != "" {
		db = database
	}
	ok, err := hasDatabase(ctx, s.catalogNamed(cat), db)
	if err != nil {
		return err
	}
	if !ok && !strings.EqualFold(db, GlobalTemp) {
		return s.noDatabase(ctx, cat, db)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog, s.database = cat, strings.ToLower(db)
	return nil
}

// User is the user's name, Roles those somebody vouched for.
func (s *Session) User() string { return s.cfg.User }

func (s *Session) Roles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vouched
}

// Login changes the roles that somebody vouches for, from the next statement on.
func (s *Session) Login(roles []string) {
	s.mu.Lock()
	s.vouched = roles
	s.mu.Unlock()
	if s.viewer != nil {
		s.viewer.Login(roles)
	}
}

// Close ends the session: its statements are cancelled, and what belongs to it
// goes. Statements run after that are errors.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	ends, txn, drop := s.ends, s.txn, s.dropTemp
	s.txn, s.temp, s.dropTemp = nil, nil, nil
	s.ends = map[int]context.CancelCauseFunc{}
	s.views, s.vars, s.funcs = map[string]*view{}, map[string]*variable{}, map[string]*bind.Function{}
	s.mu.Unlock()
	for _, end := range ends {
		end(errClosed)
	}
	var err error
	if txn != nil {
		err = txn.abandon()
	}
	if drop != nil {
		err = errors.Join(err, drop())
	}
	return err
}
