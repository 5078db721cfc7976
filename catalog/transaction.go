package catalog

import (
	"context"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Transactor is a catalog whose changes can be made together.
type Transactor interface {
	Catalog
	// BeginTransaction opens a transaction. Nothing is locked by it.
	BeginTransaction() Transaction
}

// Transaction is a catalog as one transaction sees it: what it changes is seen
// by itself alone, until Apply makes all of it visible at once or Rollback
// undoes it. What others change meanwhile it sees, but for tables that it has
// changed itself.
//
// It covers managed tables, views and databases. Files of external tables are
// not the catalog's: what is written to them stays staged, unseen by the
// transaction itself, and is published by Apply once everything else is done,
// one write after the other, each as a whole. It is safe for concurrent use.
type Transaction interface {
	Catalog
	// Apply ends the transaction. The error TRANSACTION_CONFLICT says that others
	// have changed what it changed, and that nothing of it was done; appending to
	// one table is no conflict.
	Apply(ctx context.Context) error
	// Rollback ends the transaction without a trace. It does nothing after Apply.
	Rollback(ctx context.Context) error
}

// NotPublished is the error of files that could not be given to a table or
// folder after the transaction they were written in was committed.
func NotPublished(what string, err error) error {
	cond := sqlerr.InternalError
	if e := sqlerr.As(err); e != nil {
		cond = e.Cond
	}
	return sqlerr.Wrap(err, cond, "The transaction is committed, but what it wrote to %s is not there: %v", what, err)
}
