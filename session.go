package volley

import (
	"context"
	"sync"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/planner/ast"
)

// Option says how Open makes an application.
type Option func(*app.Options)

// WithMaster says where queries run: "local[N]", "local[*]" or
// "local-cluster[E,C,M]". The default is local[*]. Executor processes of a
// local cluster are started as "volley executor", see WithExecutorCommand.
func WithMaster(url string) Option { return func(o *app.Options) { o.Master = url } }

// WithThreads sets the number of threads of a local master.
func WithThreads(n int) Option { return func(o *app.Options) { o.Threads = n } }

// WithMemory sets what queries of this process may use, such as "4GB".
func WithMemory(size string) Option { return WithConf("volley.execution.memory", size) }

// WithWarehouse keeps databases, tables and views in a folder, where the next
// application finds them. Without it they live as long as the application.
func WithWarehouse(dir string) Option { return func(o *app.Options) { o.Warehouse = dir } }

// WithTables makes every file and folder of dir a table named after it, without
// its ending. Each is looked at when it is used.
func WithTables(dir string) Option { return func(o *app.Options) { o.Tables = dir } }

// WithConf gives a setting that sessions start with.
func WithConf(key, value string) Option {
	return func(o *app.Options) {
		if o.Conf == nil {
			o.Conf = map[string]string{}
		}
		o.Conf[key] = value
	}
}

// WithExecutorCommand is the command that starts an executor process of
// "local-cluster"; by default this program with the argument "executor".
func WithExecutorCommand(argv ...string) Option {
	return func(o *app.Options) { o.ExecutorCommand = argv }
}

// application is shared by the sessions opened from one another; the last to be closed ends it.
type application struct {
	app *app.App
	mu  sync.Mutex
	n   int
}

// Session is one user's work with an application: current database, settings,
// temporary views. It is safe for concurrent use.
type Session struct {
	ctx   context.Context // of Open, for lookups by methods that take none
	inner *session.Session
	owner *application
	once  sync.Once
	err   error
}

// Open starts an application and returns its first session. ctx bounds the
// opening and the lookups of names; actions take a context of their own. Close
// the session to end the application.
func Open(ctx context.Context, opts ...Option) (*Session, error) {
	var o app.Options
	for _, f := range opts {
		f(&o)
	}
	a, err := app.Open(o)
	if err != nil {
		return nil, public(err)
	}
	s, err := (&application{app: a}).session(ctx)
	if err != nil {
		a.Close()
		return nil, public(err)
	}
	return s, nil
}

func (a *application) session(ctx context.Context) (*Session, error) {
	inner, err := a.app.Session(ctx)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	return &Session{ctx: ctx, inner: inner, owner: a}, nil
}

// NewSession makes another session of the same application: it has settings
// and temporary views of its own, and shares tables and executors.
func (s *Session) NewSession(ctx context.Context) (*Session, error) {
	n, err := s.owner.session(ctx)
	return n, public(err)
}

// Close ends the session, and with the last session of an application the
// application and its running queries. A second call does nothing.
func (s *Session) Close() error {
	s.once.Do(func() {
		s.owner.mu.Lock()
		s.owner.n--
		last := s.owner.n == 0
		s.owner.mu.Unlock()
		if last {
			s.err = public(s.owner.app.Close())
		}
	})
	return s.err
}

// Table is a table or view by name, such as "sales" or "db.sales".
func (s *Session) Table(name string) *DataFrame {
	n, err := parseName(name)
	if err != nil {
		return s.failed(err)
	}
	return s.from(&ast.TableRef{Name: n}, n.Last())
}

// Range is the column id of the numbers from start up to, but not including, end.
func (s *Session) Range(start, end int64) *DataFrame { return s.RangeStep(start, end, 1) }

// RangeStep is Range in steps other than 1.
func (s *Session) RangeStep(start, end, step int64) *DataFrame {
	call := ast.Call("range", bigint(start), bigint(end), bigint(step))
	return s.from(&ast.FuncRef{Func: call}, "")
}

// Conf are the settings of a session.
type Conf struct{ s *Session }

// Conf returns the settings of the session.
func (s *Session) Conf() Conf { return Conf{s} }

// Get returns a setting's value, empty if there is none.
func (c Conf) Get(key string) string { return c.s.inner.Settings.Snapshot().Get(key) }

// Set changes a setting for queries that start from now on.
func (c Conf) Set(key, value string) error { return public(c.s.inner.Settings.Set(key, value)) }

// Unset brings a setting back to its default.
func (c Conf) Unset(key string) { c.s.inner.Settings.Reset(key) }
