package session

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// transaction is what a session changes together, by catalog. The state of the
// session itself (settings, temporary views, variables) is no part of it.
type transaction struct {
	catalogs map[string]catalog.Transaction
	// folders are the writes to folders that are no tables, in order. They stay
	// staged until the catalogs have committed, and then are published one after the other.
	folders []folderWrite
}

// folderWrite is a finished write to a folder.
type folderWrite struct {
	job   *files.Job
	mode  catalog.WriteMode
	files []catalog.File
}

// later takes a write into the open transaction and reports whether there is one.
func (s *Session) later(w folderWrite) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn == nil {
		return false
	}
	s.txn.folders = append(s.txn.folders, w)
	return true
}

// publish gives the folders of a transaction that is committed what it wrote to
// them. One that fails does not keep the others from theirs.
func (t *transaction) publish(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var first error
	for _, w := range t.folders {
		err := w.job.Publish(ctx, w.mode, nil, w.files)
		if err == nil {
			continue
		}
		_ = w.job.Discard(ctx)
		if first == nil {
			first = catalog.NotPublished(w.job.Target.Location, err)
		}
	}
	return first
}

func (t *transaction) discard(ctx context.Context) (first error) {
	for _, w := range slices.Backward(t.folders) { // the first one may have made the folder
		if err := w.job.Discard(context.WithoutCancel(ctx)); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Begin starts a transaction: what is written from now on others see at
// Commit, and never after Rollback.
func (s *Session) Begin(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.txn != nil {
		return sqlerr.New(sqlerr.InvalidTransactionState, "The session has a transaction that is not over.").WithHint("Commit it or roll it back first.")
	}
	t := &transaction{catalogs: map[string]catalog.Transaction{}}
	for name, c := range s.catalogs {
		if _, fixed := c.(catalog.Fixed); fixed {
			continue
		}
		tc, ok := c.(catalog.Transactor)
		if !ok {
			return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: transactions in the catalog `%s`.", c.Name())
		}
		t.catalogs[name] = tc.BeginTransaction()
	}
	if s.temp != nil {
		t.add(s.temp)
	}
	s.txn = t
	return nil
}

// add makes a catalog of temporary tables part of the transaction.
func (t *transaction) add(temp catalog.Catalog) {
	if tc, ok := temp.(catalog.Transactor); ok {
		t.catalogs[""] = tc.BeginTransaction()
	}
}

// Commit ends the transaction and makes what it wrote visible. If that fails
// nothing of it is written, but where the error says that it is committed and
// files of one table or folder are missing (catalog.NotPublished).
func (s *Session) Commit(ctx context.Context) error {
	t, err := s.endTransaction()
	if err != nil {
		return err
	}
	var first error
	for _, c := range t.catalogs {
		if first != nil {
			_ = c.Rollback(ctx)
			continue
		}
		first = c.Apply(ctx)
	}
	if first != nil {
		_ = t.discard(ctx)
		return first
	}
	return t.publish(ctx)
}

// Rollback ends the transaction without a trace.
func (s *Session) Rollback(ctx context.Context) error {
	t, err := s.endTransaction()
	if err != nil {
		return err
	}
	return t.rollback(ctx)
}

func (t *transaction) rollback(ctx context.Context) error {
	first := t.discard(ctx)
	for _, c := range t.catalogs {
		if err := c.Rollback(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// endTransaction takes the transaction out of the session.
func (s *Session) endTransaction() (*transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn == nil {
		return nil, sqlerr.New(sqlerr.InvalidTransactionState, "There is no transaction to end.").WithHint("START TRANSACTION begins one.")
	}
	t := s.txn
	s.txn = nil
	return t, nil
}

// InTransaction reports whether a transaction is open.
func (s *Session) InTransaction() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.txn != nil
}

// catalogNamed returns the catalog of a name as the session's user may use it,
// nil if there is none.
func (s *Session) catalogNamed(name string) catalog.Catalog { return s.catalogAs(s.viewer, name) }

// catalogAs is catalogNamed for another viewer; nil may do everything.
func (s *Session) catalogAs(v *guard.Viewer, name string) catalog.Catalog {
	c := s.catalogIn(name)
	if _, open := c.(catalog.Fixed); c == nil || v == nil || open {
		return c
	}
	return v.Over(c)
}

// catalogIn returns the catalog of a name as the open transaction sees it, nil
// if there is none. It asks for no rights.
func (s *Session) catalogIn(name string) catalog.Catalog {
	k := strings.ToLower(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn != nil {
		if c := s.txn.catalogs[k]; c != nil {
			return c
		}
	}
	return s.catalogs[k]
}

// outside is the error of what cannot be part of a transaction, if one is open.
func (s *Session) outside(what string) error {
	if !s.InTransaction() {
		return nil
	}
	return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: %s in a transaction.", what).WithHint("Do it outside of a transaction, with autocommit on.")
}

// transactionStatement runs START TRANSACTION, COMMIT and ROLLBACK.
func (s *Session) transactionStatement(ctx context.Context, n *ast.Transaction) (*Result, error) {
	var err error
	switch n.Op {
	case ast.BeginTransaction:
		err = s.Begin(ctx)
	case ast.CommitTransaction:
		err = s.Commit(ctx)
	case ast.RollbackTransaction:
		err = s.Rollback(ctx)
	}
	return empty(), sqlerr.At(err, n.Pos())
}

// abandon rolls a transaction back whose session has ended.
func (t *transaction) abandon() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return t.rollback(ctx)
}
