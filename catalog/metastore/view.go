package metastore

import (
	"context"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// CreateView records a view.
func (c *Catalog) CreateView(ctx context.Context, v catalog.View, mode catalog.CreateMode) error {
	if err := checkName(v.Name.Table); err != nil {
		return err
	}
	v.Name = c.full(v.Name.Database, v.Name.Table)
	first := v.Access
	v.Access = nil
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		if _, err := database(tx, v.Name.Database); err != nil {
			return err
		}
		old, err := tx.Object(v.Name.Database, v.Name.Table)
		if err != nil {
			return err
		}
		switch {
		case old == nil:
		case mode == catalog.CreateIfNotExists:
			return nil
		case old.Table != nil && mode == catalog.CreateOrReplace:
			return sqlerr.New(sqlerr.ExpectViewNotTable, "The table %s does not support CREATE OR REPLACE VIEW.", quoted(v.Name))
		case mode == catalog.CreateNew:
			return alreadyExists(v.Name, false)
		}
		a := firstAccess(first, old)
		if old != nil && first != nil {
			// What the view reads it reads with the rights of who wrote it.
			a = a.Clone()
			a.Owner = first.Owner
		}
		return tx.PutObject(v.Name.Database, v.Name.Table, &Object{View: &v, Access: a})
	})
}

// DropView removes a view.
func (c *Catalog) DropView(ctx context.Context, db, name string, ifExists bool) error {
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		old, err := tx.Object(key(db), key(name))
		if err != nil {
			return err
		}
		if old == nil {
			if ifExists {
				return nil
			}
			return c.notFound(db, name)
		}
		if old.Table != nil {
			return sqlerr.New(sqlerr.WrongCommandForObjectType, "The operation DROP VIEW requires a VIEW. But %s is a table. Use DROP TABLE instead.", quoted(c.full(db, name)))
		}
		return tx.DeleteObject(key(db), key(name))
	})
}
