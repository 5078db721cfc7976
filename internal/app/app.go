// Package app puts an application together: one driver with its executors,
// catalogs, file formats and functions, and the sessions that share them. The
// binary and the public API are doors to it.
package app

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/folder"
	"github.com/volley-sql/volley/catalog/format"
	formats "github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/catalog/memory"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/fence"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/catalog/warehouse"
	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/types"
)

// Options say what an application is made of. The zero value is local[*]
// with a catalog in memory.
type Options struct {
	// Master is a master URL; empty: local[*], or as many threads as Threads says.
	Master string
	// Threads overrides what Master gives, if not 0.
	Threads int
	// Warehouse is the folder of a catalog that persists; empty: one in memory.
	Warehouse string
	// Tables is a folder whose files and folders are tables of every session, named after them.
	Tables string
	// Files are the folders whose files statements may name; nil: all. Those of Tables always may be.
	Files []string
	// Admins are users, and roles as "role:name", who may do everything where
	// sessions ask for rights.
	Admins []string
	// Conf are settings that sessions start with, by key.
	Conf map[string]string
	// ExecutorCommand starts an executor process; empty: this binary's "executor" subcommand.
	ExecutorCommand []string
	Log             *slog.Logger
}

// App is a running application. It is safe for concurrent use.
type App struct {
	driver   *driver.Driver
	catalogs []catalog.Catalog
	store    store.Store
	base     *settings.Snapshot
	tables   string
	fence    *fence.Fence // nil: none
	shared   *session.Shared
	access   *guard.Policy

	mu      sync.Mutex
	jobs    map[string]*driver.Job
	onJob   []func(*driver.Job)
	closers []func() error
}

// CatalogName is the name of the catalog sessions start in: Spark's.
const CatalogName = "spark_catalog"

// TablesCatalog is the name of the catalog that has the tables of Options.Tables
// under a schema, for clients that know tables by where they are. Each session
// has them as temporary views, too.
const TablesCatalog = "files"

// Open starts an application.
func Open(o Options) (*App, error) {
	base, err := settings.FromEnv()
	if err != nil {
		return nil, err
	}
	for k, v := range o.Conf {
		if base, err = base.With(k, v); err != nil {
			return nil, err
		}
	}
	master, err := masterOf(o, base)
	if err != nil {
		return nil, err
	}
	a := &App{store: local.New(), base: base, tables: o.Tables, shared: &session.Shared{}, jobs: map[string]*driver.Job{}}
	if o.Files != nil {
		roots := slices.Clone(o.Files)
		if o.Tables != "" {
			roots = append(roots, o.Tables)
		}
		if a.fence, err = fence.New(roots); err != nil {
			return nil, err
		}
	}
	if o.Warehouse == "" {
		o.Warehouse = settings.WarehouseDir.Get(base)
	}
	a.openCatalog(o.Warehouse)
	a.access = policyOf(a.catalogs[0], o.Admins)
	if o.Tables != "" {
		a.catalogs = append(a.catalogs, folder.New(TablesCatalog, o.Tables, a.openTable))
	}
	if len(o.ExecutorCommand) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		o.ExecutorCommand = []string{exe, "executor"}
	}
	memory := settings.Memory.Get(base)
	if memory == 0 {
		memory = defaultMemory()
	}
	a.driver, err = driver.Open(driver.Options{
		Master: master, Memory: memory, ExecutorCommand: o.ExecutorCommand, Log: o.Log,
		SpillDir: settings.SpillDir.Get(base), LogDir: settings.LogDir.Get(base), Heartbeat: settings.HeartbeatInterval.Get(base),
		Limits: scheduler.Limits{
			MaxTaskFailures: int(settings.MaxTaskFailures.Get(base)), MaxStageAttempts: int(settings.MaxStageAttempts.Get(base)),
			HeartbeatTimeout: settings.NetworkTimeout.Get(base),
		},
	})
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// CheckMaster says what is wrong with a master URL. An empty one is the default.
func CheckMaster(url string) error {
	if url == "" {
		return nil
	}
	_, err := cluster.ParseMaster(url)
	return err
}

func masterOf(o Options, s *settings.Snapshot) (cluster.Master, error) {
	if o.Master == "" {
		o.Master = "local[" + strconv.Itoa(settings.ThreadCount(s)) + "]"
	}
	m, err := cluster.ParseMaster(o.Master)
	if err == nil && o.Threads > 0 && m.Kind == cluster.Local {
		m.Cores = o.Threads
	}
	return m, err
}

// fileStore is the store of what statements name.
func (a *App) fileStore() store.Store {
	if a.fence != nil {
		return a.fence.Store()
	}
	return a.store
}

// tableStore is the store of tables that were put somewhere before.
func (a *App) tableStore() store.Store {
	if a.fence != nil {
		return a.fence.Unlinked()
	}
	return a.store
}

func (a *App) openCatalog(folder string) {
	st := a.tableStore()
	if folder == "" {
		m := memory.New(CatalogName, st)
		a.catalogs, a.closers = []catalog.Catalog{m}, append(a.closers, m.Close)
		return
	}
	w := warehouse.New(CatalogName, folder, st, warehouse.Options{})
	a.catalogs, a.closers = []catalog.Catalog{w}, append(a.closers, w.Close)
}

// User is who a session is for; the zero value is the user of this process.
type User struct {
	Name  string
	Roles []string
	// Rights asks for the rights of the user; without it the session may do
	// everything, and row filters and masks are not applied.
	Rights bool
}

// Session makes a session of the application for the user of this process.
func (a *App) Session(ctx context.Context) (*session.Session, error) {
	return a.SessionOf(ctx, User{})
}

// SessionOf makes a session of the application for a user.
func (a *App) SessionOf(ctx context.Context, u User) (*session.Session, error) {
	reg, err := all.Registry()
	if err != nil {
		return nil, err
	}
	var access *guard.Policy
	if u.Rights {
		access = a.access
	}
	c := session.Config{
		Functions: reg, Catalogs: a.catalogs, Open: a.openFiles, HasFormat: hasFormat, Store: a.fileStore(),
		Runner: &runner{a}, Settings: a.base, Shared: a.shared, User: u.Name, Roles: u.Roles, Access: access,
		Temporary: func() (catalog.Catalog, func() error) {
			m := memory.New("", a.tableStore())
			return m, m.Close
		},
	}
	if a.fence != nil {
		c.MayUse = a.fence.Check
	}
	s, err := session.New(c)
	if err != nil {
		return nil, err
	}
	if a.tables != "" {
		all, err := folder.Tables(a.tables)
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			if err := s.AddFileView(t.Name, t.Path); err != nil {
				return nil, err
			}
		}
		s.Given()
	}
	return s, nil
}

func (a *App) openFiles(ctx context.Context, formatName, path string, options map[string]string, declared types.Schema) (catalog.Table, error) {
	opts := make(format.Options, len(options)) // statements may write keys in any case
	for k, v := range options {
		opts[strings.ToLower(k)] = v
	}
	return files.Open(ctx, a.fileStore(), path, formatName, opts, declared)
}

// openTable opens a table of the folder of tables.
func (a *App) openTable(ctx context.Context, name catalog.Name, path string) (catalog.Table, error) {
	return files.New(ctx, files.Config{Name: name, Store: a.fileStore(), Paths: []string{path}, Info: catalog.Info{Location: path}})
}

func hasFormat(name string) bool {
	_, err := formats.Lookup(name)
	return err == nil
}

// Driver is the application's driver.
func (a *App) Driver() *driver.Driver { return a.driver }

// Jobs lists the jobs that run now, for displays of progress.
func (a *App) Jobs() []*driver.Job {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*driver.Job, 0, len(a.jobs))
	for _, j := range a.jobs {
		out = append(out, j)
	}
	return out
}

// OnJob has f called with every job as it starts, by the goroutine that runs the statement.
// Brief plans have one, too, then.
func (a *App) OnJob(f func(*driver.Job)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.onJob = append(a.onJob, f)
}

// Close ends all jobs and executors.
func (a *App) Close() error {
	var first error
	if a.driver != nil {
		first = a.driver.Close()
	}
	for _, c := range a.closers {
		if err := c(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
