// Package serve lets a server of the Flight SQL protocol (flight/sql) use an
// application (internal/app): it makes the sessions of clients, turns prepared
// statements and their parameters into the engine's, and rows into Arrow
// records of the size that clients read best.
//
//	flight/sql ── Engine ──► Session ── Statement.Run ──► session.Prepared
//	     ◄── arrow.RecordBatch ── rows: 64k rows or 2 MiB ◄── vec.Batch: 2,048 rows
//
// What it leaves to others: the protocol, logins, limits of queries (flight/sql)
// and all that SQL means (internal/session).
package serve

import (
	"context"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
)

// Engine is an application as flight/sql sees it.
type Engine struct {
	app *app.App
	// Rights has sessions ask for the rights of their users.
	Rights bool
}

var _ sql.Engine = (*Engine)(nil)

// New returns the engine of an application, which must outlive it.
func New(a *app.App) *Engine { return &Engine{app: a} }

// Open implements sql.Engine.
func (e *Engine) Open(ctx context.Context, who auth.Principal) (sql.Session, error) {
	s, err := e.app.SessionOf(ctx, app.User{Name: who.Name, Roles: who.Roles, Rights: e.Rights})
	if err != nil {
		return nil, err
	}
	return &session{s}, nil
}
