package metastore

import (
	"context"
	"maps"
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

var _ catalog.Functions = (*Catalog)(nil)

// Functions are part of the record of their database.

func noFunction(c *Catalog, db, name string) error {
	return sqlerr.New(sqlerr.RoutineNotFound, "The routine %s cannot be found.", quoted(c.full(db, name)))
}

// Function implements catalog.Functions.
func (c *Catalog) Function(ctx context.Context, db, name string) (f *catalog.Function, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		d, err := database(tx, db)
		if err != nil {
			return err
		}
		if f = d.Functions[key(name)]; f == nil {
			return noFunction(c, db, name)
		}
		return nil
	})
	return f, err
}

// ListFunctions implements catalog.Functions.
func (c *Catalog) ListFunctions(ctx context.Context, db string) (out []string, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		d, err := database(tx, db)
		if err == nil {
			out = slices.Sorted(maps.Keys(d.Functions))
		}
		return err
	})
	return out, err
}

// CreateFunction implements catalog.Functions.
func (c *Catalog) CreateFunction(ctx context.Context, f catalog.Function, mode catalog.CreateMode) error {
	return c.changeFunctions(ctx, f.Name.Database, func(all map[string]*catalog.Function) error {
		k := key(f.Name.Table)
		old := all[k]
		switch {
		case old == nil:
		case mode == catalog.CreateIfNotExists:
			return nil
		case mode == catalog.CreateNew:
			return sqlerr.New(sqlerr.RoutineExists, "Cannot create the routine `%s` because a routine of that name already exists.", f.Name.Table)
		default:
			// Its body reads with the rights of whoever wrote it, as a view does.
			a := old.Access
			if f.Access != nil {
				a = a.Clone()
				a.Owner = f.Access.Owner
			}
			f.Access = a
		}
		all[k] = &f
		return nil
	})
}

// DropFunction implements catalog.Functions.
func (c *Catalog) DropFunction(ctx context.Context, db, name string, ifExists bool) error {
	return c.changeFunctions(ctx, db, func(all map[string]*catalog.Function) error {
		if all[key(name)] == nil && !ifExists {
			return noFunction(c, db, name)
		}
		delete(all, key(name))
		return nil
	})
}

// changeFunctions edits a copy of a database's functions.
func (c *Catalog) changeFunctions(ctx context.Context, db string, change func(map[string]*catalog.Function) error) error {
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		d, err := database(tx, db)
		if err != nil {
			return err
		}
		n := *d
		if n.Functions = maps.Clone(d.Functions); n.Functions == nil {
			n.Functions = map[string]*catalog.Function{}
		}
		if err := change(n.Functions); err != nil {
			return err
		}
		return tx.PutDatabase(n)
	})
}
