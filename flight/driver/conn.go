package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	fsql "github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/client"
)

// conn is a session.
type conn struct {
	c *Connector
	s fsql.Session
	// resets counts how often the session was made new; statements prepared before are not there any more.
	resets int
	inTx   bool
	bad    bool // the server is gone, or the session is in no state to be used again
}

var (
	_ driver.Pinger             = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
)

// direct is a session that runs statements without preparing them.
type direct interface {
	Query(ctx context.Context, text string) (*arrow.Schema, *fsql.Result, error)
	Exec(ctx context.Context, text string) (int64, error)
}

// failed notes whether the connection is of any more use.
func (c *conn) failed(err error) error {
	if err == nil {
		return nil
	}
	if code := status.Code(err); code == codes.Unavailable || code == codes.Unauthenticated {
		c.bad = true
	}
	return public(err)
}

// begun is failed for a call that begins something: where nothing of it has
// reached the server, database/sql is told to try another connection.
func (c *conn) begun(err error) error {
	if err != nil && client.Unsent(err) && !c.inTx {
		c.bad = true
		return driver.ErrBadConn
	}
	return c.failed(err)
}

// Ping implements driver.Pinger.
func (c *conn) Ping(ctx context.Context) error {
	if _, err := c.s.Catalogs(ctx); err != nil {
		c.failed(err)
		return driver.ErrBadConn
	}
	return nil
}

// ResetSession implements driver.SessionResetter: the next user of the
// connection finds a session as it was at first.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.bad {
		return driver.ErrBadConn
	}
	if r, ok := c.s.(*client.Session); ok {
		c.inTx = false
		anew, err := r.Reset(ctx)
		if err != nil {
			return driver.ErrBadConn
		}
		if anew {
			c.resets++
		}
		return nil
	}
	if c.s.Untouched() && !c.inTx {
		return nil
	}
	s, err := c.c.session(ctx)
	if err != nil {
		return driver.ErrBadConn
	}
	old := c.s
	c.s, c.inTx = s, false
	c.resets++
	old.Close()
	return nil
}

// IsValid implements driver.Validator.
func (c *conn) IsValid() bool { return !c.bad }

// Close implements driver.Conn.
func (c *conn) Close() error { return public(c.s.Close()) }

// Prepare implements driver.Conn.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.s.Prepare(ctx, query)
	if err != nil {
		return nil, c.begun(err)
	}
	return &stmt{c: c, st: st, text: query, resets: c.resets}, nil
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if d, ok := c.s.(direct); ok && len(args) == 0 {
		ctx, cancel := context.WithCancel(ctx)
		schema, res, err := d.Query(ctx, query)
		if err != nil {
			cancel()
			return nil, c.begun(err)
		}
		return newRows(c, schema, res, nil, cancel), nil
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := st.(*stmt).query(ctx, args, st)
	if err != nil {
		st.Close()
	}
	return r, err
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if d, ok := c.s.(direct); ok && len(args) == 0 {
		n, err := d.Exec(ctx, query)
		if err != nil {
			return nil, c.begun(err)
		}
		return result(n), nil
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	return st.(*stmt).ExecContext(ctx, args)
}

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if o.Isolation != 0 && o.Isolation != driver.IsolationLevel(2) { // sql.LevelReadCommitted
		return nil, fmt.Errorf("transactions are of the level READ COMMITTED; level %d is not supported", o.Isolation)
	}
	if o.ReadOnly {
		return nil, errors.New("read-only transactions are not supported")
	}
	if err := c.s.Begin(ctx); err != nil {
		return nil, c.begun(err)
	}
	c.inTx = true
	return &tx{c}, nil
}

type tx struct{ c *conn }

func (t *tx) Commit() error {
	t.c.inTx = false
	return t.c.failed(t.c.s.Commit(context.Background()))
}

func (t *tx) Rollback() error {
	t.c.inTx = false
	return t.c.failed(t.c.s.Rollback(context.Background()))
}

// result is a number of rows, -1 if it is not known.
type result int64

// LastInsertId implements driver.Result.
func (result) LastInsertId() (int64, error) {
	return 0, errors.New("tables have no generated keys, so there is no last one")
}

// RowsAffected implements driver.Result.
func (r result) RowsAffected() (int64, error) {
	if r < 0 {
		return 0, errors.New("the number of rows is not known for this statement")
	}
	return int64(r), nil
}

// stmt is a prepared statement. It outlives its session, as database/sql keeps
// it for the next user of the connection: it is prepared again then.
type stmt struct {
	c      *conn
	st     fsql.Statement
	text   string
	resets int // those of the connection when it was prepared
}

var (
	_ driver.StmtQueryContext = (*stmt)(nil)
	_ driver.StmtExecContext  = (*stmt)(nil)
)

// Close implements driver.Stmt.
func (s *stmt) Close() error {
	if s.resets != s.c.resets {
		return nil
	}
	if c, ok := s.st.(io.Closer); ok {
		return s.c.failed(c.Close())
	}
	return nil
}

// NumInput implements driver.Stmt.
func (s *stmt) NumInput() int { return s.st.Params().NumFields() }

// Exec implements driver.Stmt.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query implements driver.Stmt.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, v := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out
}

// run executes the statement with values. Where its session has forgotten it,
// as a server does with those that are idle, it is prepared again.
func (s *stmt) run(ctx context.Context, args []driver.NamedValue) (*arrow.Schema, *fsql.Result, error) {
	for again := false; ; again = true {
		if s.resets != s.c.resets {
			st, err := s.c.s.Prepare(ctx, s.text)
			if err != nil {
				return nil, nil, err
			}
			s.st, s.resets = st, s.c.resets
		}
		schema, res, err := s.runOnce(ctx, args)
		if again || err == nil || !client.Forgotten(err) || s.c.inTx {
			return schema, res, err
		}
		s.resets = -1
	}
}

func (s *stmt) runOnce(ctx context.Context, args []driver.NamedValue) (*arrow.Schema, *fsql.Result, error) {
	want := s.st.Params()
	if want.NumFields() == 0 && len(args) == 0 {
		res, err := s.st.Run(ctx, nil, 0)
		return s.st.Schema(), res, err
	}
	rec, err := arguments(want, args)
	if err != nil {
		return nil, nil, err
	}
	defer rec.Release()
	st, err := s.st.With(ctx, rec.Schema())
	if err != nil {
		return nil, nil, err
	}
	res, err := st.Run(ctx, rec, 0)
	if err == nil && res.Schema != nil {
		return res.Schema, res, nil
	}
	return st.Schema(), res, err
}

// ExecContext implements driver.StmtExecContext.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	_, res, err := s.run(ctx, args)
	if err != nil {
		return nil, s.c.failed(err)
	}
	for _, err := range res.Rows {
		if err != nil {
			return nil, s.c.failed(err)
		}
	}
	return result(res.Affected), nil
}

// QueryContext implements driver.StmtQueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.query(ctx, args, nil)
}

// query is QueryContext; owned is closed with the rows.
func (s *stmt) query(ctx context.Context, args []driver.NamedValue, owned io.Closer) (driver.Rows, error) {
	ctx, cancel := context.WithCancel(ctx)
	schema, res, err := s.run(ctx, args)
	if err != nil {
		cancel()
		return nil, s.c.failed(err)
	}
	return newRows(s.c, schema, res, owned, cancel), nil
}
