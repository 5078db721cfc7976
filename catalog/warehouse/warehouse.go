// Package warehouse is the catalog that survives: databases, tables and views
// in a folder of the local file system that several processes may share. The
// rules are those of catalog/metastore; this package keeps the records:
//
//	<root>/_volley/lock                      taken by whoever changes a record
//	<root>/_volley/catalog/<db>.json         a database
//	<root>/_volley/catalog/<db>/<name>.json  a table or view
//	<root>/_volley/catalog/.changes.json     changes that are made together, while they are being made
//	<root>/<table>, <root>/<db>.db/<table>   data of managed tables
//
// Every record is a file that is replaced in one step, so readers need no
// lock. Nothing is read or made before the first use: opening is free.
package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/metastore"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/filelock"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Catalog is a warehouse folder.
type Catalog struct{ *metastore.Catalog }

// Options adjust a warehouse; the zero value is good.
type Options struct {
	// Grace is how long replaced files stay for scans that were planned before; 0 means 15 minutes, negative none.
	Grace time.Duration
}

// New returns the catalog called name in the folder root, which need not exist.
func New(name, root string, st store.Store, o Options) *Catalog {
	if o.Grace == 0 {
		o.Grace = 15 * time.Minute
	}
	abs := sync.OnceValues(func() (string, error) {
		dir, err := filepath.Abs(root)
		if err != nil {
			return "", sqlerr.Wrap(err, sqlerr.FileReadFailed, "The warehouse folder %s cannot be used: %v.", root, err)
		}
		return filepath.ToSlash(dir), nil
	})
	return &Catalog{metastore.New(metastore.Config{
		Name: name, Store: st, Records: &records{root: abs}, Root: abs, Grace: max(o.Grace, 0),
	})}
}

// Close exists so that catalogs are closed alike; a warehouse holds nothing open.
func (c *Catalog) Close() error { return nil }

type records struct{ root func() (string, error) }

func (r *records) View(_ context.Context, f func(metastore.Tx) error) error {
	root, err := r.root()
	if err != nil {
		return err
	}
	return f(&tx{dir: filepath.Join(root, "_volley", "catalog")})
}

func (r *records) Update(ctx context.Context, f func(metastore.Tx) error) error {
	root, err := r.root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "_volley", "catalog")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "The warehouse folder %s cannot be made: %v.", root, err)
	}
	l, err := filelock.Acquire(ctx, filepath.Join(root, "_volley", "lock"))
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "The warehouse %s cannot be locked: %v.", root, err)
	}
	defer l.Unlock()
	t := &tx{dir: dir}
	if err := t.complete(); err != nil { // what a process that died had begun
		return err
	}
	return f(t)
}

// tx reads and writes the files below dir.
type tx struct {
	dir string
	// changes are those being made, which count as made; read is set once they were looked for.
	changes *journal
	read    bool
}

const ext = ".json"

func damaged(p string, err error) error {
	return sqlerr.Wrap(err, sqlerr.FileReadFailed, "The record %s of the warehouse is damaged: %v.", p, err)
}

// read returns nil for a record that is not there.
func read(p string) ([]byte, error) {
	data, err := os.ReadFile(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.FileReadFailed, "Cannot read %s: %v.", p, err)
	}
	return data, nil
}

// write replaces a record in one step.
func write(p string, data []byte) error {
	err := func() error {
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			return err
		}
		f, err := os.CreateTemp(filepath.Dir(p), ".tmp-*")
		if err != nil {
			return err
		}
		defer os.Remove(f.Name())
		_, err = f.Write(data)
		if err == nil {
			err = f.Sync()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
		return os.Rename(f.Name(), p)
	}()
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot write the record %s: %v.", p, err)
	}
	return nil
}

func remove(p string, all bool) error {
	err := os.Remove(p)
	if all {
		err = os.RemoveAll(p)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot remove the record %s: %v.", p, err)
}

// list names the records in a folder, sorted.
func list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, sqlerr.Wrap(err, sqlerr.FileReadFailed, "Cannot read %s: %v.", dir, err)
	}
	var out []string
	for _, e := range entries {
		if n, ok := strings.CutSuffix(e.Name(), ext); ok && !strings.HasPrefix(n, ".") && !e.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (t *tx) database(name string) string   { return filepath.Join(t.dir, name+ext) }
func (t *tx) object(db, name string) string { return filepath.Join(t.dir, db, name+ext) }

func (t *tx) Databases() ([]string, error) {
	names, err := list(t.dir)
	if err != nil {
		return nil, err
	}
	return t.over(names, "")
}

func (t *tx) Objects(db string) ([]string, error) {
	names, err := list(filepath.Join(t.dir, db))
	if err != nil {
		return nil, err
	}
	return t.over(names, db)
}

func (t *tx) Database(name string) (*catalog.Database, error) {
	if strings.ContainsAny(name, `/\.`) {
		return nil, nil
	}
	if c, err := t.pending(name, ""); c != nil || err != nil {
		return c.database(), err
	}
	data, err := read(t.database(name))
	if data == nil || err != nil {
		return nil, err
	}
	d := &catalog.Database{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, damaged(t.database(name), err)
	}
	return d, nil
}

func (t *tx) PutDatabase(d catalog.Database) error {
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return damaged(t.database(d.Name), err)
	}
	return write(t.database(d.Name), data)
}

func (t *tx) DeleteDatabase(name string) error {
	if err := remove(t.database(name), false); err != nil {
		return err
	}
	return remove(filepath.Join(t.dir, name), true)
}

func (t *tx) Object(db, name string) (*metastore.Object, error) {
	if strings.ContainsAny(db+name, `/\.`) || db == "" || name == "" {
		return nil, nil // no record has such a name, and it must not lead out of the folder
	}
	if c, err := t.pending(db, name); c != nil || err != nil {
		return c.object(), err
	}
	data, err := read(t.object(db, name))
	if data == nil || err != nil {
		return nil, err
	}
	o, err := metastore.Decode(data)
	if err != nil {
		return nil, damaged(t.object(db, name), err)
	}
	return o, nil
}

func (t *tx) PutObject(db, name string, o *metastore.Object) error {
	data, err := metastore.Encode(o)
	if err != nil {
		return damaged(t.object(db, name), err)
	}
	return write(t.object(db, name), data)
}

func (t *tx) DeleteObject(db, name string) error { return remove(t.object(db, name), false) }

func (t *tx) RenameObject(db, from, to string) error {
	if err := os.Rename(t.object(db, from), t.object(db, to)); err != nil {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot rename the record of %s: %v.", from, err)
	}
	return nil
}

// rootFile is not the record of a database: those names have no dot.
const rootFile = ".root" + ext

func (t *tx) Root() (*metastore.Root, error) {
	p := filepath.Join(t.dir, rootFile)
	data, err := read(p)
	if err != nil {
		return nil, err
	}
	r := &metastore.Root{}
	if data == nil {
		return r, nil
	}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, damaged(p, err)
	}
	return r, nil
}

func (t *tx) PutRoot(r *metastore.Root) error {
	p := filepath.Join(t.dir, rootFile)
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return damaged(p, err)
	}
	return write(p, data)
}
