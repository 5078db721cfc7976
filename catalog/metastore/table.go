package metastore

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// object reads a record outside of an update.
func (c *Catalog) object(ctx context.Context, db, name string) (o *Object, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		if o, err = tx.Object(key(db), key(name)); err != nil || o != nil {
			return err
		}
		return c.notFound(db, name)
	})
	return o, err
}

// Lookup returns the table or view.
func (c *Catalog) Lookup(ctx context.Context, db, name string) (catalog.Table, *catalog.View, error) {
	return c.Find(ctx, db, name, func(*catalog.Access, bool) error { return nil })
}

// Find implements catalog.Secured.
func (c *Catalog) Find(ctx context.Context, db, name string, allow func(*catalog.Access, bool) error) (catalog.Table, *catalog.View, error) {
	o, err := c.object(ctx, db, name)
	if err != nil {
		return nil, nil, err
	}
	if err := allow(orNone(o.Access), o.View != nil); err != nil {
		return nil, nil, err
	}
	if o.View != nil {
		v := *o.View
		v.Name = c.full(db, name)
		return nil, &v, nil
	}
	t, err := c.open(ctx, c.full(db, name), o.Table)
	return t, nil, err
}

func (c *Catalog) open(ctx context.Context, n catalog.Name, r *TableRecord) (catalog.Table, error) {
	id := n.String()
	version := r.Version
	if zone := catalog.Zone(ctx); zone != nil {
		version += " " + zone.String()
	}
	if r.Spec.Info.Managed {
		c.mu.Lock()
		o, ok := c.tables[id]
		c.mu.Unlock()
		if ok && o.version == version {
			return o.table, nil
		}
	}
	t, err := files.New(ctx, c.tableConfig(n, r))
	if err != nil {
		return nil, err
	}
	if r.Spec.Info.Managed {
		c.mu.Lock()
		c.tables[id] = opened{version, t}
		c.mu.Unlock()
	}
	return t, nil
}

func (c *Catalog) tableConfig(n catalog.Name, r *TableRecord) files.Config {
	s := r.Spec
	cfg := files.Config{
		Name: n, Store: c.cfg.Store, Format: s.Info.Provider, Options: lower(s.Info.Options),
		Declared: s.Schema, Partitioned: s.Partitioned, Info: s.Info, AllowMissing: true,
	}
	if !s.Info.Managed {
		cfg.Paths = []string{s.Info.Location}
		return cfg
	}
	cfg.Files = make([]files.Listed, len(r.Files))
	for i, f := range r.Files {
		cfg.Files[i] = files.Listed{
			File:      store.File{Path: s.Info.Location + "/" + f.Path, Size: f.Size, ModTime: f.ModTime},
			Partition: f.Partition,
		}
	}
	return cfg
}

func lower(m map[string]string) format.Options {
	out := make(format.Options, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}

// CreateTable records a table, with the files of staged if a job wrote any.
func (c *Catalog) CreateTable(ctx context.Context, t catalog.TableSpec, mode catalog.CreateMode, staged *catalog.Staged) error {
	if staged != nil && t.Info.Location == "" {
		t.Info.Location = staged.Target.Location
	}
	t, err := c.complete(ctx, t, staged)
	if err != nil {
		return err
	}
	db, name := t.Name.Database, t.Name.Table
	first := t.Access
	t.Access = nil
	var old *Object
	err = c.cfg.Records.Update(ctx, func(tx Tx) error {
		if _, err := database(tx, db); err != nil {
			return err
		}
		if old, err = tx.Object(db, name); err != nil {
			return err
		}
		switch {
		case old == nil:
		case mode == catalog.CreateIfNotExists:
			return nil
		case mode == catalog.CreateNew || old.View != nil:
			return alreadyExists(c.full(db, name), old.View != nil && mode == catalog.CreateOrReplace)
		}
		r := &TableRecord{Spec: t, Version: files.NewJobID()}
		if err := c.firstFiles(ctx, r, old, staged); err != nil {
			return err
		}
		return tx.PutObject(db, name, &Object{Table: r, Access: firstAccess(first, old)})
	})
	if err != nil {
		return err
	}
	if staged != nil {
		if err := c.settle(ctx, staged); err != nil {
			return err
		}
	}
	if old != nil && mode == catalog.CreateOrReplace && old.Table.Spec.Info.Managed && old.Table.Spec.Info.Location != t.Info.Location {
		return c.removeFolder(ctx, old.Table.Spec.Info.Location)
	}
	return nil
}

func alreadyExists(n catalog.Name, wrongKind bool) error {
	if wrongKind {
		return sqlerr.New(sqlerr.ExpectTableNotView, "'%s' is a view, and cannot be replaced by a table.", n)
	}
	return sqlerr.New(sqlerr.TableOrViewAlreadyExists, "Cannot create table or view %s because it already exists. Choose a different name, drop or replace the existing object, or add the IF NOT EXISTS clause to tolerate pre-existing objects.", quoted(n))
}

// complete checks a specification and fills in what it leaves open: the
// format, the folder and, for files that are there already, the schema.
func (c *Catalog) complete(ctx context.Context, t catalog.TableSpec, staged *catalog.Staged) (catalog.TableSpec, error) {
	if err := checkName(t.Name.Table); err != nil {
		return t, err
	}
	t.Name = c.full(t.Name.Database, t.Name.Table)
	if t.Info.Provider == "" {
		t.Info.Provider = "parquet"
	}
	f, err := all.Lookup(t.Info.Provider)
	if err != nil {
		return t, err
	}
	t.Info.Provider = f.Name()
	t.Info.Options = lower(t.Info.Options)
	if p := t.Info.Options["path"]; p != "" && t.Info.Location == "" {
		t.Info.Location = p
	}
	if staged != nil {
		t.Info.Managed = staged.Spec.Info.Managed
	} else {
		t.Info.Managed = t.Info.Location == ""
	}
	if t.Info.Created == 0 {
		t.Info.Created = c.cfg.Now().UnixMicro()
	}
	if t.Info.Location == "" {
		if t.Info.Location, err = c.freshFolder(ctx, t.Name); err != nil {
			return t, err
		}
	}
	if len(t.Schema) == 0 {
		if t.Info.Managed {
			return t, sqlerr.New(sqlerr.UnableToInferSchema, "Unable to infer schema for %s. It must be specified manually.", t.Info.Provider)
		}
		tab, err := files.New(ctx, files.Config{Name: t.Name, Store: c.cfg.Store, Paths: []string{t.Info.Location}, Format: t.Info.Provider, Options: lower(t.Info.Options)})
		if err != nil {
			return t, err
		}
		t.Schema = tab.Schema()
		for _, p := range tab.PartitionColumns() {
			t.Partitioned = append(t.Partitioned, t.Schema[p].Name)
		}
	}
	t.Schema, err = partitionsLast(t.Schema, t.Partitioned)
	return t, err
}

// partitionsLast orders a schema as files have it: data columns, then partition columns.
func partitionsLast(s types.Schema, partitioned []string) (types.Schema, error) {
	var data, parts types.Schema
	for _, p := range partitioned {
		i := s.Index(p)
		if i < 0 {
			return nil, sqlerr.New(sqlerr.ColumnNotFound, "The column `%s` cannot be found among the columns of the table; it is named in PARTITIONED BY.", p)
		}
		parts = append(parts, s[i])
	}
	for _, f := range s {
		if parts.Index(f.Name) < 0 {
			data = append(data, f)
		}
	}
	if len(data) == 0 {
		return nil, sqlerr.New(sqlerr.AllPartitionColumns, "Cannot use all columns for partition columns.")
	}
	return append(data, parts...), nil
}

// freshFolder is a folder for a managed table that nothing lies in yet: named
// after the table, with a suffix if an older table's folder has that name.
func (c *Catalog) freshFolder(ctx context.Context, n catalog.Name) (string, error) {
	var d *catalog.Database
	err := c.cfg.Records.View(ctx, func(tx Tx) (err error) {
		d, err = database(tx, n.Database)
		return err
	})
	if err != nil {
		return "", err
	}
	dir, err := c.databaseFolder(d)
	if err != nil {
		return "", err
	}
	loc := dir + "/" + n.Table
	if _, _, err := c.cfg.Store.Stat(ctx, loc); err == nil {
		loc += "-" + files.NewJobID()
	}
	return loc, nil
}

// DropTable removes a table, and the data of a managed one.
func (c *Catalog) DropTable(ctx context.Context, db, name string, ifExists, _ bool) error {
	var old *Object
	err := c.cfg.Records.Update(ctx, func(tx Tx) (err error) {
		if old, err = tx.Object(key(db), key(name)); err != nil {
			return err
		}
		if old == nil {
			if ifExists {
				return nil
			}
			return c.notFound(db, name)
		}
		if old.View != nil {
			return sqlerr.New(sqlerr.WrongCommandForObjectType, "The operation DROP TABLE requires a EXTERNAL or MANAGED table. But %s is a VIEW. Use DROP VIEW instead.", quoted(c.full(db, name)))
		}
		return tx.DeleteObject(key(db), key(name))
	})
	if err != nil || old == nil {
		return err
	}
	c.forget(c.full(db, name))
	if old.Table.Spec.Info.Managed {
		return c.removeFolder(ctx, old.Table.Spec.Info.Location)
	}
	return nil
}

func (c *Catalog) forget(n catalog.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tables, n.String())
}

// RenameTable gives a table or view another name; its data stay where they are.
func (c *Catalog) RenameTable(ctx context.Context, db, from, to string) error {
	if err := checkName(to); err != nil {
		return err
	}
	defer c.forget(c.full(db, from))
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		o, err := tx.Object(key(db), key(from))
		if err != nil {
			return err
		}
		if o == nil {
			return c.notFound(db, from)
		}
		if other, err := tx.Object(key(db), key(to)); err != nil || other != nil {
			if err == nil {
				err = alreadyExists(c.full(db, to), false)
			}
			return err
		}
		return tx.RenameObject(key(db), key(from), key(to))
	})
}

// AlterTable changes the specification of a table. Name, folder and kind stay.
func (c *Catalog) AlterTable(ctx context.Context, db, name string, change func(*catalog.TableSpec) error) error {
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		o, err := tx.Object(key(db), key(name))
		if err != nil {
			return err
		}
		if o == nil {
			return c.notFound(db, name)
		}
		if o.View != nil {
			return sqlerr.New(sqlerr.ExpectTableNotView, "'%s' is a view. ALTER TABLE requires a table.", c.full(db, name))
		}
		r := *o.Table
		spec := r.Spec
		spec.Schema, spec.Partitioned = slices.Clone(spec.Schema), slices.Clone(spec.Partitioned)
		if err := change(&spec); err != nil {
			return err
		}
		spec.Info.Managed = r.Spec.Info.Managed
		if spec.Info.Managed {
			spec.Info.Location = r.Spec.Info.Location
		}
		if spec.Schema, err = partitionsLast(spec.Schema, spec.Partitioned); err != nil {
			return err
		}
		spec.Name = r.Spec.Name
		r.Spec, r.Version = spec, files.NewJobID()
		return tx.PutObject(key(db), key(name), &Object{Table: &r, Access: o.Access})
	})
}
