package metastore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// overlay is records that a transaction has changed, over those it has not.
type overlay struct {
	base Records

	mu        sync.Mutex
	over      bool // the transaction has ended
	objects   map[objectKey]*objectChange
	databases map[string]*databaseChange
	// appending says that the next object is put with nothing but more files.
	appending bool
	// folders are those of tables that were dropped or replaced.
	folders []string
	// held are jobs whose files the records list, or later does.
	held []*files.Job
	// later are the writes to external tables, in order: their files are not in records.
	later []laterWrite
}

// laterWrite is a finished write to an external table whose files stay staged
// until the transaction is applied.
type laterWrite struct {
	key    objectKey
	job    *files.Job
	mode   catalog.WriteMode
	static map[string]types.Datum
	files  []catalog.File
}

type objectKey struct{ database, name string }

// objectChange is an object as it was when it was first changed, and as it is
// now; nil: there is none. appends says that files were added and nothing else.
type objectChange struct {
	base, now *Object
	appends   bool
}

type databaseChange struct{ base, now *catalog.Database }

func newOverlay(base Records) *overlay {
	return &overlay{base: base, objects: map[objectKey]*objectChange{}, databases: map[string]*databaseChange{}}
}

func transactionOver() error {
	return sqlerr.New(sqlerr.InvalidTransactionState, "The transaction is over.")
}

// close ends the transaction and reports whether it was open.
func (o *overlay) close() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := o.over
	o.over = true
	return !was
}

// touches reports whether the transaction has changed an object, or the
// database it is in.
func (o *overlay) touches(db, name string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.objects[objectKey{db, name}] != nil || o.databases[db] != nil
}

func (o *overlay) objectNames() []objectKey {
	return slices.SortedFunc(maps.Keys(o.objects), func(a, b objectKey) int {
		return cmp.Or(cmp.Compare(a.database, b.database), cmp.Compare(a.name, b.name))
	})
}

func (o *overlay) databaseNames() []string { return slices.Sorted(maps.Keys(o.databases)) }

// hasDatabase reports whether a database is there once the transaction is applied.
func (o *overlay) hasDatabase(tx Tx, name string) bool {
	if d := o.databases[name]; d != nil {
		return d.now != nil
	}
	_, err := database(tx, name)
	return err == nil
}

// View implements Records.
func (o *overlay) View(ctx context.Context, f func(Tx) error) error { return o.with(ctx, f) }

// Update implements Records.
func (o *overlay) Update(ctx context.Context, f func(Tx) error) error { return o.with(ctx, f) }

func (o *overlay) with(ctx context.Context, f func(Tx) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return transactionOver()
	}
	o.appending = false
	return o.base.View(ctx, func(tx Tx) error { return f(&overlayTx{tx, o}) })
}

// overlayTx is access to an overlay whose lock is held.
type overlayTx struct {
	base Tx
	o    *overlay
}

// Databases implements Tx.
func (t *overlayTx) Databases() ([]string, error) {
	names, err := t.base.Databases()
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	for n, d := range t.o.databases {
		set[n] = d.now != nil
	}
	return present(set), nil
}

// present are the names of a set that are in it, sorted.
func present(set map[string]bool) []string {
	out := []string{}
	for n, in := range set {
		if in {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// Database implements Tx.
func (t *overlayTx) Database(name string) (*catalog.Database, error) {
	if d := t.o.databases[name]; d != nil {
		return d.now, nil
	}
	return t.base.Database(name)
}

func (t *overlayTx) changeDatabase(name string, now *catalog.Database) error {
	d := t.o.databases[name]
	if d == nil {
		base, err := t.base.Database(name)
		if err != nil {
			return err
		}
		d = &databaseChange{base: base}
		t.o.databases[name] = d
	}
	d.now = now
	return nil
}

// PutDatabase implements Tx.
func (t *overlayTx) PutDatabase(d catalog.Database) error { return t.changeDatabase(d.Name, &d) }

// DeleteDatabase implements Tx. Its objects were deleted before.
func (t *overlayTx) DeleteDatabase(name string) error { return t.changeDatabase(name, nil) }

// Objects implements Tx.
func (t *overlayTx) Objects(db string) ([]string, error) {
	names, err := t.base.Objects(db)
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	for k, c := range t.o.objects {
		if k.database == db {
			set[k.name] = c.now != nil
		}
	}
	return present(set), nil
}

// Object implements Tx.
func (t *overlayTx) Object(db, name string) (*Object, error) {
	if c := t.o.objects[objectKey{db, name}]; c != nil {
		return c.now, nil
	}
	return t.base.Object(db, name)
}

func (t *overlayTx) change(db, name string, now *Object) error {
	k := objectKey{db, name}
	c := t.o.objects[k]
	if c == nil {
		base, err := t.base.Object(db, name)
		if err != nil {
			return err
		}
		c = &objectChange{base: base, appends: base != nil && base.Table != nil}
		t.o.objects[k] = c
	}
	c.now, c.appends = now, c.appends && t.o.appending
	t.o.appending = false
	return nil
}

// PutObject implements Tx.
func (t *overlayTx) PutObject(db, name string, o *Object) error { return t.change(db, name, o) }

// DeleteObject implements Tx.
func (t *overlayTx) DeleteObject(db, name string) error { return t.change(db, name, nil) }

// RenameObject implements Tx.
func (t *overlayTx) RenameObject(db, from, to string) error {
	o, err := t.Object(db, from)
	if err != nil {
		return err
	}
	if err := t.change(db, from, nil); err != nil {
		return err
	}
	return t.change(db, to, o)
}

// Apply implements Tx.
func (t *overlayTx) Apply(changes []Change) error { return Each(t, changes) }

// Root implements Tx.
func (t *overlayTx) Root() (*Root, error) { return t.base.Root() }

// PutRoot implements Tx. What belongs to the catalog as a whole is no part of transactions.
func (t *overlayTx) PutRoot(*Root) error {
	return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: changes of roles and rights in a transaction.").
		WithHint("Make them outside of a transaction, with autocommit on.")
}
