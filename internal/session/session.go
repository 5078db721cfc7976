// Package session is the state of one user's work (current database,
// settings, temporary views, variables) and what every statement does to it.
//
//	text ── planner.Parse ──► ast ── Execute ──► query: bind, optimize, lower, Runner
//	                                         └─► command: catalog, settings, views
//
// It plans queries with package planner and has them run by a Runner, which
// knows where executors are; it names no operator and no cluster. Writes begin
// at the catalog, run as a job that stages files, and are committed or aborted.
package session

import (
	"context"
	"fmt"
	"os/user"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Runner runs physical plans: on threads of this process or on executors. It
// is safe for concurrent use.
type Runner interface {
	// Partitions is the number of tasks that share the rows of a stage; with 1
	// plans have no exchanges.
	Partitions(s *settings.Snapshot) int
	// Run starts a plan. The stream of the Running must be used, if only to be broken off.
	Run(ctx context.Context, j Job) (*Running, error)
}

// Job is one plan to run.
type Job struct {
	Plan     physical.Node
	Settings *settings.Snapshot
	Context  *function.Context
	// Text is the statement, for displays of progress.
	Text string
	// Meter asks for rows and time of every operator.
	Meter bool
	// Feeds are the rows of the plan's Feed nodes, by slot.
	Feeds map[int32]flow.Source
}

// Running is a plan that runs while its rows are read.
type Running struct {
	// Rows is single-use. Batches are lent until the loop body returns;
	// leaving the loop stops the job and releases what it holds.
	Rows vec.Stream
	// Brief says that the rows are a batch or less and little work, which the loop over them does by itself.
	Brief bool
	// Note describes what a node did, once Rows has ended ("rows=10 time=2ms");
	// nil if the runner does not meter.
	Note func(n physical.Node) string
	// Parts are the rows in partitions, to be read in place of Rows; nil if there are none.
	Parts *Parts
	// Progress tells how far the job is, at any time; nil if the runner does not know.
	Progress func() Progress
}

// Parts are rows in partitions that may be read side by side.
type Parts struct {
	// N is how many there are, at least 1.
	N int
	// Ordered says that the partitions one after the other are the rows in their order.
	Ordered bool
	// Ready waits until the work behind all of them is done.
	Ready func(ctx context.Context) error
	// Open yields the rows of one, as often as it is asked until Close. Batches are lent.
	Open func(ctx context.Context, i int) vec.Stream
	// Grant lets somebody read a partition that is ready where it is: location is
	// the address, empty if nobody can read it there. nil: none can be.
	Grant func(i int, g PartGrant) (location string, ticket []byte)
	// Rest yields the rows of a partition behind so many that were read there with
	// a ticket for handle, or an error if they cannot be told; nil if Grant is.
	Rest func(ctx context.Context, i int, handle, ticket []byte, rows int64) vec.Stream
	// OnRead has f called with every partition that was read to its end there;
	// nil if Grant is.
	OnRead func(f func(i int, rows, bytes int64))
	// Close ends the job and lets go of the rows. Who reads partitions must
	// call it, once all is read or nothing more will be.
	Close func()
}

// PartGrant says who may read a partition where it is, and as what.
type PartGrant struct {
	User string
	// Handle is what the ticket is good together with.
	Handle  []byte
	Expires time.Time
	// Schema is the Arrow schema that the rows are given in, in its IPC form.
	Schema      []byte
	Compression string
}

// Progress is how far a job is. Rows and Bytes are what was read so far.
type Progress struct {
	Stages, StagesDone, Tasks, TasksDone int
	Rows, Bytes                          int64
	// TotalRows is how many rows there are to read, 0 if that is not known.
	TotalRows int64
}

// Config is what a session is made of.
type Config struct {
	Functions *function.Registry
	// Catalogs by name; the first is current at first. At least one.
	Catalogs []catalog.Catalog
	// Open returns the files at a path as a table. format may be empty; a
	// declared schema, if not nil, takes the place of inference.
	Open func(ctx context.Context, format, path string, options map[string]string, declared types.Schema) (catalog.Table, error)
	// HasFormat reports whether there is a file format called name.
	HasFormat func(name string) bool
	Store     store.Store
	// MayUse is the error of a place that statements may not put tables at; nil: all may be used.
	MayUse   func(location string) error
	Runner   Runner
	Settings *settings.Snapshot
	// User is the name current_user gives; empty: that of the system. Roles are
	// those somebody vouches for.
	User  string
	Roles []string
	// Access asks for rights, those of User; nil: the session may do everything.
	Access *guard.Policy
	// Temporary makes a catalog without name for the tables of a session alone,
	// and what removes it; nil: sessions have none.
	Temporary func() (catalog.Catalog, func() error)
	// Shared holds what sessions of one application have in common; nil makes a new one.
	Shared *Shared
}

// Shared is what the sessions of one application have in common: global temporary views.
type Shared struct {
	mu    sync.Mutex
	views map[string]*view
}

// Session is one user's state. Its methods are safe for concurrent use;
// statements that change state change it at once.
type Session struct {
	cfg      Config
	Settings *settings.Store
	catalogs map[string]catalog.Catalog
	shared   *Shared
	// viewer is with whose rights the session uses catalogs and files; nil:
	// nobody asks for rights.
	viewer *guard.Viewer

	mu       sync.Mutex
	vouched  []string // the roles of the login
	catalog  string
	database string
	views    map[string]*view
	vars     map[string]*variable
	funcs    map[string]*bind.Function
	cached   map[string]bool
	txn      *transaction
	// temp has the session's temporary tables; nil before there is one.
	temp     catalog.Catalog
	dropTemp func() error
	// given are the views that the session began with.
	given  map[string]*view
	ends   map[int]context.CancelCauseFunc // of statements that run
	nextID int
	closed bool
}

// view is a temporary view: a query in the world of its creation, or a table of files.
type view struct {
	name  string
	def   *bind.View
	table catalog.Table
	text  string
	// by is the user a global view belongs to, where there are rights.
	by string
}

type variable struct {
	value *expr.Literal
	// first is the value of the DEFAULT, which SET VAR x = DEFAULT gives again.
	first *expr.Literal
}

// DefaultDatabase is the database a session begins with.
const DefaultDatabase = "default"

// GlobalTemp is the database of global temporary views.
const GlobalTemp = "global_temp"

// New makes a session.
func New(cfg Config) (*Session, error) {
	if len(cfg.Catalogs) == 0 || cfg.Functions == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "a session needs a catalog and the functions")
	}
	if cfg.User == "" {
		cfg.User = "volley"
		if u, err := user.Current(); err == nil {
			cfg.User = u.Username
		}
	}
	if cfg.Shared == nil {
		cfg.Shared = &Shared{}
	}
	s := &Session{
		cfg: cfg, Settings: settings.NewStore(cfg.Settings), shared: cfg.Shared, catalogs: map[string]catalog.Catalog{},
		catalog: cfg.Catalogs[0].Name(), database: DefaultDatabase,
		vouched: cfg.Roles, views: map[string]*view{}, vars: map[string]*variable{}, funcs: map[string]*bind.Function{}, cached: map[string]bool{}, ends: map[int]context.CancelCauseFunc{},
	}
	if cfg.Access != nil {
		s.viewer = cfg.Access.Viewer(cfg.User, cfg.Roles)
	}
	for _, c := range cfg.Catalogs {
		s.catalogs[strings.ToLower(c.Name())] = c
	}
	return s, nil
}

// Current returns the names of the current catalog and database.
func (s *Session) Current() (catalogName, database string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.catalog, s.database
}

// Params are values for parameter markers.
type Params = bind.Params

// Parse reads one statement without executing it, and returns the text that its
// positions are in: sql with ${settings} filled in.
func (s *Session) Parse(sql string) (ast.Statement, string, error) {
	snap := s.Settings.Snapshot()
	text := substitute(sql, snap)
	st, err := planner.Parse(text, snap)
	return st, text, placed(err, text)
}

// Run parses and executes one statement.
func (s *Session) Run(ctx context.Context, sql string, params Params) (*Result, error) {
	snap := s.Settings.Snapshot()
	text := substitute(sql, snap)
	st, err := planner.Parse(text, snap)
	if err != nil {
		return nil, placed(err, text)
	}
	return s.started(ctx, &statement{st: st, text: text, params: params, snap: snap})
}

// Execute executes a statement that was not parsed from text here.
func (s *Session) Execute(ctx context.Context, st ast.Statement, params Params) (*Result, error) {
	return s.started(ctx, &statement{st: st, params: params, snap: s.Settings.Snapshot()})
}

// started executes a statement for as long as the session is open.
func (s *Session) started(ctx context.Context, st *statement) (*Result, error) {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.execute(ctx, st)
	if err != nil {
		leave()
		return nil, placed(err, st.text)
	}
	return r.until(leave, st.text), nil
}

// placed gives an error the text its position is in.
func placed(err error, text string) error {
	if e := sqlerr.As(err); e != nil && e.Source == "" {
		e.Source = text
	}
	return err
}

// statement is one statement on its way.
type statement struct {
	st     ast.Statement
	text   string
	params Params
	// markers stand for params while the statement is prepared.
	markers *bind.Markers
	// batch gives params many values, and feeds are the rows of the plan's Feed nodes.
	batch *bind.Batch
	feeds map[int32]flow.Source
	snap  *settings.Snapshot
	now   time.Time
	// asked are the rights it was bound with, where they are asked for.
	asked *asked
	// within is how many EXECUTE IMMEDIATE the statement is inside of.
	within int
}

// zoned tells the tables that are opened within ctx the statement's time zone.
func (st *statement) zoned(ctx context.Context) context.Context {
	return catalog.WithZone(ctx, settings.TimeZone(st.snap))
}

// source is the text of a part of the statement, written anew if it was not parsed.
func (st *statement) source(n ast.Node) string {
	if from, to := n.Pos(), n.End(); from >= 0 && to <= len(st.text) && from < to {
		return st.text[from:to]
	}
	return ast.SQL(n)
}

// env is the world the statement is bound in.
func (s *Session) env(st *statement) *bind.Env {
	if st.now.IsZero() {
		st.now = time.Now()
	}
	if st.asked == nil && s.viewer != nil {
		st.asked = &asked{}
	}
	cat, db := s.Current()
	return &bind.Env{
		Functions: s.cfg.Functions, Resolver: &resolver{s: s, catalog: cat, database: db, as: s.viewer, asked: st.asked}, Roles: s.roles, Settings: st.snap, Params: st.params, Markers: st.markers, Batch: st.batch,
		Context: &function.Context{
			ANSI: settings.ANSI.Get(st.snap), TimeZone: settings.TimeZone(st.snap), Now: st.now, Setting: st.snap.Get,
			User: s.cfg.User, Database: db, Catalog: cat,
		},
	}
}

// substitute replaces ${key} by the value of a setting, as Spark does, where
// the key is one.
func substitute(sql string, s *settings.Snapshot) string {
	if !strings.Contains(sql, "${") || !settings.VariableSubstitution.Get(s) {
		return sql
	}
	var b strings.Builder
	for {
		i := strings.Index(sql, "${")
		if i < 0 {
			break
		}
		j := strings.IndexByte(sql[i:], '}')
		if j < 0 {
			break
		}
		key := sql[i+2 : i+j]
		for _, prefix := range []string{"spark:", "sparkconf:", "hivevar:", "hiveconf:"} {
			key = strings.TrimPrefix(key, prefix)
		}
		b.WriteString(sql[:i])
		if v, ok := s.Lookup(key); ok {
			b.WriteString(v)
		} else {
			b.WriteString(sql[i : i+j+1])
		}
		sql = sql[i+j+1:]
	}
	return b.String() + sql
}

// Tables lists the tables and views that can be named without a database, for
// completion: of the current database and temporary ones.
func (s *Session) Tables(ctx context.Context) ([]catalog.Entry, error) {
	cat, db := s.Current()
	out, err := s.entries(ctx, cat, db)
	if err != nil {
		return nil, err
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// String names the session in messages.
func (s *Session) String() string {
	cat, db := s.Current()
	return fmt.Sprintf("session in %s.%s", cat, db)
}
