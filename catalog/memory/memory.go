// Package memory is the catalog of one process: databases, tables and views
// live as long as the Catalog. Data of managed tables lie in a temporary
// folder, made at the first write and removed by Close; that of a process that was
// killed goes when the next one makes its own. The rules are those of catalog/metastore.
package memory

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/metastore"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/scratch"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Catalog is an in-memory catalog.
type Catalog struct {
	*metastore.Catalog
	room *scratch.Dir
}

// grace is how long replaced files stay for scans that were planned before.
const grace = 15 * time.Minute

// New returns an empty catalog called name.
func New(name string, st store.Store) *Catalog {
	c := &Catalog{room: scratch.New("", "volley-tables-")}
	c.Catalog = metastore.New(metastore.Config{Name: name, Store: st, Records: newRecords(), Root: c.root, Grace: grace})
	return c
}

func (c *Catalog) root() (string, error) {
	dir, err := c.room.Path()
	if err != nil {
		return "", sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot make a folder for tables: %v.", err)
	}
	return filepath.ToSlash(filepath.Join(dir, "data")), nil
}

// Close removes the data of managed tables. The catalog must not be used after.
func (c *Catalog) Close() error { return c.room.Close() }

// records keeps everything in maps; an object once put is never written to.
type records struct {
	mu        sync.RWMutex
	databases map[string]catalog.Database
	objects   map[string]map[string]*metastore.Object
	root      *metastore.Root
}

func newRecords() *records {
	return &records{databases: map[string]catalog.Database{}, objects: map[string]map[string]*metastore.Object{}, root: &metastore.Root{}}
}

func (r *records) View(_ context.Context, f func(metastore.Tx) error) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return f((*tx)(r))
}

func (r *records) Update(_ context.Context, f func(metastore.Tx) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return f((*tx)(r))
}

// tx is records with the lock held.
type tx records

func (t *tx) Databases() ([]string, error) { return slices.Sorted(maps.Keys(t.databases)), nil }

func (t *tx) Database(name string) (*catalog.Database, error) {
	if d, ok := t.databases[name]; ok {
		return &d, nil
	}
	return nil, nil
}

func (t *tx) PutDatabase(d catalog.Database) error {
	t.databases[d.Name] = d
	return nil
}

func (t *tx) DeleteDatabase(name string) error {
	delete(t.databases, name)
	delete(t.objects, name)
	return nil
}

func (t *tx) Objects(db string) ([]string, error) {
	return slices.Sorted(maps.Keys(t.objects[db])), nil
}

func (t *tx) Object(db, name string) (*metastore.Object, error) { return t.objects[db][name], nil }

func (t *tx) PutObject(db, name string, o *metastore.Object) error {
	if t.objects[db] == nil {
		t.objects[db] = map[string]*metastore.Object{}
	}
	t.objects[db][name] = o
	return nil
}

func (t *tx) DeleteObject(db, name string) error {
	delete(t.objects[db], name)
	return nil
}

// Apply needs no more than the lock, which is held.
func (t *tx) Apply(changes []metastore.Change) error { return metastore.Each(t, changes) }

func (t *tx) RenameObject(db, from, to string) error {
	t.objects[db][to] = t.objects[db][from]
	delete(t.objects[db], from)
	return nil
}

func (t *tx) Root() (*metastore.Root, error) { return t.root, nil }

func (t *tx) PutRoot(r *metastore.Root) error {
	t.root = r
	return nil
}
