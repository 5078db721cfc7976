package validation

import (
	"context"

	"github.com/apache/arrow-adbc/go/adbc"
)

// driver is the driver for Flight SQL without one fault: a statement that wrote rows in bulk refuses to run a query, since it still has
// those rows bound. The suite does so with one statement in each of its tests of ingest.
type driver struct{ adbc.Driver }

func (d driver) NewDatabase(o map[string]string) (adbc.Database, error) {
	db, err := d.Driver.NewDatabase(o)
	if err != nil {
		return nil, err
	}
	return database{db, db.(adbc.GetSetOptions)}, nil
}

type database struct {
	adbc.Database
	adbc.GetSetOptions
}

func (d database) SetOption(k, v string) error { return d.GetSetOptions.SetOption(k, v) }

func (d database) Open(ctx context.Context) (adbc.Connection, error) {
	c, err := d.Database.Open(ctx)
	if err != nil {
		return nil, err
	}
	return connection{c, c.(adbc.GetSetOptions)}, nil
}

type connection struct {
	adbc.Connection
	adbc.GetSetOptions
}

func (c connection) NewStatement() (adbc.Statement, error) {
	st, err := c.Connection.NewStatement()
	if err != nil {
		return nil, err
	}
	return statement{st, st.(adbc.StatementExecuteSchema), st.(adbc.GetSetOptions)}, nil
}

type statement struct {
	adbc.Statement
	adbc.StatementExecuteSchema
	adbc.GetSetOptions
}

func (s statement) SetOption(k, v string) error { return s.Statement.SetOption(k, v) }

// SetSqlQuery forgets what was bound before.
func (s statement) SetSqlQuery(query string) error {
	if err := s.Statement.Bind(context.Background(), nil); err != nil {
		return err
	}
	return s.Statement.SetSqlQuery(query)
}
