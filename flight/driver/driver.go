// Package driver is Volley for database/sql, under the name "volley". Import it
// for its effect:
//
//	import _ "github.com/volley-sql/volley/flight/driver"
//
//	db, err := sql.Open("volley", "volley://local?tables=data")           // in this process
//	db, err := sql.Open("volley", "grpc+tls://ana:secret@host:31337/sales") // at a server
//
// A connection is a session: settings, temporary views and the current schema
// are its own, and are forgotten when the connection goes back to the pool.
// Cancelling a context ends the query, at the server too. A server that was
// restarted is connected to again; a statement that may have reached it is not repeated.
//
// The DSN has the form scheme://user:password@host:port/schema?key=value:
//
//	volley://local   in this process: master, threads, memory, warehouse, tables, and any setting
//	grpc://          a server without TLS
//	grpc+tls://      a server with TLS: tls-ca (file), tls-cert and tls-key (files), tls-skip-verify=true
//	any server       token, catalog, schema, compression (lz4, zstd), and any setting
//
// Values of columns are Go's nearest, so that Scan converts as usual:
//
//	BOOLEAN bool · integers int64 · FLOAT float32 · DOUBLE float64 · DECIMAL string
//	STRING string · BINARY []byte · DATE, TIMESTAMP, TIMESTAMP_NTZ time.Time, in UTC · TIME time.Duration since midnight
//	INTERVAL DAY TO SECOND time.Duration · other intervals string
//	ARRAY []any · STRUCT map[string]any · MAP []driver.MapEntry · NULL nil
//
// ScanType says these, too; where a column may be NULL scan into a pointer to one or sql.Null.
//
// Arguments are these, too, as are other slices, arrays, maps and named types of
// them, pointers to them, driver.Valuer, volley.Decimal, and sql.Named for :name.
// A time.Time for a DATE, a TIME or a TIMESTAMP_NTZ is the day and clock it shows. What is nil is NULL. Rows in bulk go by CopyFrom, Arrow data in both directions by Arrow.
package driver

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/volley-sql/volley"
	fsql "github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/flight/sql/client"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
	"github.com/volley-sql/volley/internal/settings"
)

func init() { sql.Register("volley", Driver{}) }

// Driver is the driver that the package registers.
type Driver struct{}

var _ driver.DriverContext = Driver{}

// Open implements driver.Driver.
func (d Driver) Open(dsn string) (driver.Conn, error) {
	c, err := NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// OpenConnector implements driver.DriverContext.
func (Driver) OpenConnector(dsn string) (driver.Connector, error) { return NewConnector(dsn) }

// Connector makes connections. With sql.OpenDB, closing the DB closes it, and
// with it an engine that runs in this process.
type Connector struct {
	remote *client.Config
	local  *app.Options

	mu     sync.Mutex
	app    *app.App
	engine fsql.Engine
	closed bool
}

// NewConnector reads a DSN.
func NewConnector(dsn string) (*Connector, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, fmt.Errorf("the DSN is no URL: %w", errors.Unwrap(err)) // without the text, which may hold a password
	}
	q := u.Query()
	if u.Scheme == "volley" && u.Hostname() == "local" {
		return localConnector(q)
	}
	return remoteConnector(u, q)
}

// take removes a key from the query and returns its value.
func take(q url.Values, key string) string {
	v := q.Get(key)
	q.Del(key)
	return v
}

func settingsOf(q url.Values) map[string]string {
	out := map[string]string{}
	for k := range q {
		out[k] = q.Get(k)
	}
	return out
}

func localConnector(q url.Values) (*Connector, error) {
	o := &app.Options{Master: take(q, "master"), Warehouse: take(q, "warehouse"), Tables: take(q, "tables")}
	if t := take(q, "threads"); t != "" {
		var err error
		if o.Threads, err = strconv.Atoi(t); err != nil || o.Threads < 1 {
			return nil, fmt.Errorf("threads=%s in the DSN is not a number of threads", t)
		}
	}
	memory := take(q, "memory")
	o.Conf = settingsOf(q)
	for k := range o.Conf {
		if settings.Lookup(k) == nil {
			return nil, fmt.Errorf("the DSN has %q, which is neither a parameter of volley://local nor a setting", k)
		}
	}
	if memory != "" {
		o.Conf["volley.execution.memory"] = memory
	}
	return &Connector{local: o}, nil
}

func remoteConnector(u *url.URL, q url.Values) (*Connector, error) {
	cfg := &client.Config{Address: u.Host, Token: take(q, "token"), Catalog: take(q, "catalog"), Schema: take(q, "schema"), Compression: take(q, "compression")}
	if u.Hostname() == "" && strings.HasPrefix(u.Scheme, "grpc") {
		return nil, errors.New("the DSN names no host")
	}
	if u.Port() == "" {
		cfg.Address = u.Hostname() + ":31337"
	}
	if u.User != nil {
		cfg.User = u.User.Username()
		cfg.Password, _ = u.User.Password()
	}
	if p := strings.Trim(u.Path, "/"); p != "" {
		cfg.Schema = p
	}
	switch u.Scheme {
	case "grpc", "grpc+tcp":
		for k := range q {
			if strings.HasPrefix(k, "tls-") {
				return nil, fmt.Errorf("the DSN has %s, but the scheme %s is without TLS: grpc+tls has it", k, u.Scheme)
			}
		}
	case "grpc+tls", "grpcs":
		conf, err := tlsConfig(q)
		if err != nil {
			return nil, err
		}
		cfg.TLS = conf
	default:
		return nil, fmt.Errorf("the scheme %q of the DSN is none of volley://local, grpc:// and grpc+tls://", u.Scheme)
	}
	cfg.Options = settingsOf(q)
	return &Connector{remote: cfg}, nil
}

func tlsConfig(q url.Values) (*tls.Config, error) {
	f := client.TLSFiles{CA: take(q, "tls-ca"), Cert: take(q, "tls-cert"), Key: take(q, "tls-key")}
	if (f.Cert == "") != (f.Key == "") {
		return nil, errors.New("the DSN has one of tls-cert and tls-key: a certificate goes with its key")
	}
	switch v := take(q, "tls-skip-verify"); v {
	case "true":
		f.SkipVerify = true
	case "", "false":
	default:
		return nil, fmt.Errorf("tls-skip-verify=%s in the DSN is neither true nor false", v)
	}
	return f.Config()
}

// Driver implements driver.Connector.
func (*Connector) Driver() driver.Driver { return Driver{} }

// Connect implements driver.Connector.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	s, err := c.session(ctx)
	if err != nil {
		return nil, public(err)
	}
	return &conn{c: c, s: s}, nil
}

func (c *Connector) session(ctx context.Context) (fsql.Session, error) {
	if c.remote != nil {
		return client.Open(ctx, *c.remote)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, sql.ErrConnDone
	}
	if c.engine == nil {
		a, err := app.Open(*c.local)
		if err != nil {
			return nil, err
		}
		c.app, c.engine = a, serve.New(a)
	}
	return c.engine.Open(ctx, auth.Principal{})
}

// Close ends the engine, if it runs in this process. database/sql calls it.
func (c *Connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.app == nil {
		return nil
	}
	a := c.app
	c.app, c.engine = nil, nil
	return public(a.Close())
}

// public makes errors those of package volley.
func public(err error) error {
	if e := volley.AsError(err); e != nil {
		return e
	}
	return err
}
