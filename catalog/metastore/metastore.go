// Package metastore is the part that catalogs of files have in common: the
// rules for creating, changing and dropping databases, tables and views, and
// how a write becomes visible. What it records it keeps through Records, which
// says where: in memory (catalog/memory) or in files that survive and are
// shared by processes (catalog/warehouse).
//
// A managed table is a record that lists its live data files. Writers stage
// files, then, holding the catalog's lock, move them into the table's folder
// and replace the record in one step: a reader sees the old list or the new
// one. Files no record lists are garbage, removed after a time of grace in
// which readers of the old list may finish. An external table has no list: it
// is whatever lies in its folder (catalog/files).
package metastore

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Default is the database that always exists.
const Default = "default"

// Config makes a catalog.
type Config struct {
	Name    string
	Store   store.Store
	Records Records
	// Root returns the folder managed data live in; it is called when first needed.
	Root func() (string, error)
	// Grace is how long files stay after they were replaced.
	Grace time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Catalog implements catalog.Catalog over Records. It is safe for concurrent
// use, by several processes too if Records is.
type Catalog struct {
	cfg Config

	mu   sync.Mutex
	jobs map[string]*files.Job
	// tables keeps opened managed tables by name with the record version they
	// are of, so that statistics are read once.
	tables map[string]opened
	// txn is set in the catalog of a transaction: files stay staged then, and
	// folders are removed when it is applied.
	txn *overlay
}

type opened struct {
	version string
	table   *files.Table
}

var _ catalog.Catalog = (*Catalog)(nil)

// New returns the catalog. Nothing is opened or made yet.
func New(cfg Config) *Catalog {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Catalog{cfg: cfg, jobs: map[string]*files.Job{}, tables: map[string]opened{}}
}

// Name is the catalog's name.
func (c *Catalog) Name() string { return c.cfg.Name }

// key is how names are compared and stored.
func key(name string) string { return strings.ToLower(name) }

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// checkName refuses names that Spark refuses; what is left is safe as a file name.
func checkName(name string) error {
	if !nameRule.MatchString(name) || len(name) > 200 {
		return sqlerr.New(sqlerr.InvalidObjectName, "`%s` is not a valid name for tables/schemas. Valid names only contain alphabet characters, numbers and _.", name)
	}
	return nil
}

func (c *Catalog) full(database, name string) catalog.Name {
	return catalog.Name{Catalog: c.cfg.Name, Database: key(database), Table: key(name)}
}

func quoted(n catalog.Name) string {
	return catalog.Quote(n.Catalog, n.Database, n.Table)
}

func (c *Catalog) notFound(database, name string) error {
	return sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quoted(c.full(database, name)))
}

// database returns the record of a database, default even if none was ever written.
func database(tx Tx, name string) (*catalog.Database, error) {
	d, err := tx.Database(key(name))
	if err != nil || d != nil {
		return d, err
	}
	if key(name) == Default {
		return &catalog.Database{Name: Default, Comment: "default database"}, nil
	}
	return nil, sqlerr.New(sqlerr.SchemaNotFound, "The schema `%s` cannot be found. Verify the spelling and correctness of the schema and catalog.", name)
}

// Databases lists the databases.
func (c *Catalog) Databases(ctx context.Context) (out []string, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		out, err = tx.Databases()
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, d := range out {
		if d == Default {
			return out, nil
		}
	}
	return insertSorted(out, Default), nil
}

func insertSorted(names []string, name string) []string {
	i := 0
	for i < len(names) && names[i] < name {
		i++
	}
	return append(names[:i:i], append([]string{name}, names[i:]...)...)
}

// CreateDatabase records a database.
func (c *Catalog) CreateDatabase(ctx context.Context, d catalog.Database, ifNotExists bool) error {
	if err := checkName(d.Name); err != nil {
		return err
	}
	d.Name = key(d.Name)
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		old, err := tx.Database(d.Name)
		if err != nil {
			return err
		}
		if old != nil || d.Name == Default {
			if ifNotExists {
				return nil
			}
			return sqlerr.New(sqlerr.SchemaAlreadyExists, "Cannot create schema `%s` because it already exists. Choose a different name, drop the existing schema, or add the IF NOT EXISTS clause to tolerate pre-existing schema.", d.Name)
		}
		return tx.PutDatabase(d)
	})
}

// DropDatabase removes a database; with cascade, all that is in it.
func (c *Catalog) DropDatabase(ctx context.Context, name string, ifExists, cascade bool) error {
	name = key(name)
	if name == Default {
		return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: Drop the default schema.")
	}
	var folders []string
	err := c.cfg.Records.Update(ctx, func(tx Tx) error {
		d, err := database(tx, name)
		if err != nil {
			if ifExists && sqlerr.Is(err, sqlerr.SchemaNotFound) {
				return nil
			}
			return err
		}
		objects, err := tx.Objects(name)
		if err != nil {
			return err
		}
		if len(objects)+len(d.Functions) > 0 && !cascade {
			return sqlerr.New(sqlerr.SchemaNotEmpty, "Cannot drop a schema `%s` because it contains objects. Use DROP SCHEMA ... CASCADE to drop the schema and all its objects.", name)
		}
		for _, o := range objects {
			obj, err := tx.Object(name, o)
			if err != nil {
				return err
			}
			if obj != nil && obj.Table != nil && obj.Table.Spec.Info.Managed {
				folders = append(folders, obj.Table.Spec.Info.Location)
			}
			if err := tx.DeleteObject(name, o); err != nil {
				return err
			}
		}
		return tx.DeleteDatabase(name)
	})
	if err != nil {
		return err
	}
	for _, f := range folders {
		if err := c.removeFolder(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// removeFolder removes the data of a table that is no more: at once, or once
// the transaction in which that is so is applied.
func (c *Catalog) removeFolder(ctx context.Context, folder string) error {
	if c.txn == nil {
		return c.cfg.Store.RemoveAll(ctx, folder)
	}
	c.txn.mu.Lock()
	defer c.txn.mu.Unlock()
	c.txn.folders = append(c.txn.folders, folder)
	return nil
}

// DescribeDatabase returns what is known of a database.
func (c *Catalog) DescribeDatabase(ctx context.Context, name string) (out *catalog.Database, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		out, err = database(tx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Location == "" {
		d := *out
		if d.Location, err = c.databaseFolder(&d); err != nil {
			return nil, err
		}
		return &d, nil
	}
	return out, nil
}

// databaseFolder is where managed tables of a database lie.
func (c *Catalog) databaseFolder(d *catalog.Database) (string, error) {
	if d.Location != "" {
		return strings.TrimRight(d.Location, "/"), nil
	}
	root, err := c.cfg.Root()
	if err != nil || d.Name == Default {
		return root, err
	}
	return root + "/" + d.Name + ".db", nil
}

// List names tables and views of a database.
func (c *Catalog) List(ctx context.Context, db string) (out []catalog.Entry, err error) {
	db = key(db)
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		if _, err := database(tx, db); err != nil {
			return err
		}
		names, err := tx.Objects(db)
		if err != nil {
			return err
		}
		for _, n := range names {
			o, err := tx.Object(db, n)
			if err != nil {
				return err
			}
			if o != nil { // else dropped meanwhile
				out = append(out, catalog.Entry{Database: db, Name: n, IsView: o.View != nil})
			}
		}
		return nil
	})
	return out, err
}
