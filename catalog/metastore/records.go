package metastore

import (
	"context"

	"github.com/volley-sql/volley/catalog"
)

// Records keeps what a catalog knows.
type Records interface {
	// View runs f with read access. Each object f reads is whole, but two reads may see
	// different moments.
	View(ctx context.Context, f func(Tx) error) error
	// Update runs f while nobody else updates. What f wrote before it failed
	// may stay, so f checks first and writes last.
	Update(ctx context.Context, f func(Tx) error) error
}

// Tx gives access to records. Names are lower case. A missing record is nil, not an error.
type Tx interface {
	Databases() ([]string, error)
	Database(name string) (*catalog.Database, error)
	PutDatabase(catalog.Database) error
	DeleteDatabase(name string) error

	// Objects are the names of tables and views of a database, sorted.
	Objects(database string) ([]string, error)
	Object(database, name string) (*Object, error)
	PutObject(database, name string, o *Object) error
	DeleteObject(database, name string) error
	RenameObject(database, from, to string) error

	// Root is what belongs to the catalog as a whole; never nil.
	Root() (*Root, error)
	PutRoot(*Root) error

	// Apply makes several changes at once: readers, other processes among them,
	// see all of them or none, whatever happens to this process. Each is one
	// way to do it where nobody reads meanwhile.
	Apply(changes []Change) error
}

// Change is a record with what it becomes: an object, or with Namespace a
// database. nil removes it.
type Change struct {
	Database  string            `json:"database"`
	Name      string            `json:"name,omitempty"`
	Namespace bool              `json:"namespace,omitempty"`
	Object    *Object           `json:"-"`
	Record    *catalog.Database `json:"record,omitempty"`
}

// Each makes changes one after the other.
func Each(tx Tx, changes []Change) error {
	for _, c := range changes {
		var err error
		switch {
		case c.Namespace && c.Record != nil:
			err = tx.PutDatabase(*c.Record)
		case c.Namespace:
			err = tx.DeleteDatabase(c.Database)
		case c.Object != nil:
			err = tx.PutObject(c.Database, c.Name, c.Object)
		default:
			err = tx.DeleteObject(c.Database, c.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Root is what belongs to a catalog as a whole. It must not be changed once put.
type Root struct {
	Access *catalog.Access `json:"access,omitempty"`
	// Files are the rights on files that are in no catalog.
	Files *catalog.Access `json:"files,omitempty"`
	Roles catalog.Roles   `json:"roles,omitempty"`
}

// Object is a table or a view: exactly one is set. It must not be changed once put.
type Object struct {
	Table *TableRecord  `json:"table,omitempty"`
	View  *catalog.View `json:"view,omitempty"`
	// Access is who may do what with it; nil: nothing was said.
	Access *catalog.Access `json:"access,omitempty"`
}

// TableRecord is a table as recorded.
type TableRecord struct {
	Spec catalog.TableSpec `json:"spec"`
	// Version names this state of the table; no two states share one.
	Version string `json:"version"`
	// Files are the live data files of a managed table.
	Files []DataFile `json:"files,omitempty"`
	// Dead are files replaced not long ago.
	Dead []DeadFile `json:"dead,omitempty"`
}

// DataFile is one file of a managed table; Path is below the table's location.
type DataFile struct {
	Path      string `json:"path"`
	Size      int64  `json:"size"`
	ModTime   int64  `json:"mtime"`
	Rows      int64  `json:"rows"`
	Partition string `json:"partition,omitempty"`
}

// DeadFile is a replaced file that stays until Until (microseconds since the epoch).
type DeadFile struct {
	Path  string `json:"path"`
	Until int64  `json:"until"`
}
