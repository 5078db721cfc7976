package metastore

import (
	"bytes"
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Transaction is a catalog over records of its own, which lie over those of
// its parent and are merged into them by Apply.
//
//	statements ──► Catalog ──► overlay ── Apply, under the parent's lock ──► Records
//	                  └► files stay in their jobs' staging folders ──► moved into the tables' folders
type Transaction struct {
	*Catalog
	parent *Catalog
	over   *overlay
}

var (
	_ catalog.Transactor  = (*Catalog)(nil)
	_ catalog.Transaction = (*Transaction)(nil)
)

// BeginTransaction implements catalog.Transactor.
func (c *Catalog) BeginTransaction() catalog.Transaction {
	o := newOverlay(c.cfg.Records)
	cfg := c.cfg
	cfg.Records = o
	own := New(cfg)
	own.txn = o
	return &Transaction{own, c, o}
}

// Lookup finds a table. What the transaction has not changed is the parent's,
// who keeps opened tables with their statistics.
func (t *Transaction) Lookup(ctx context.Context, db, name string) (catalog.Table, *catalog.View, error) {
	if t.over.touches(key(db), key(name)) {
		return t.Catalog.Lookup(ctx, db, name)
	}
	return t.parent.Lookup(ctx, db, name)
}

// Find is Lookup with rights.
func (t *Transaction) Find(ctx context.Context, db, name string, allow func(*catalog.Access, bool) error) (catalog.Table, *catalog.View, error) {
	if t.over.touches(key(db), key(name)) {
		return t.Catalog.Find(ctx, db, name, allow)
	}
	return t.parent.Find(ctx, db, name, allow)
}

func conflict(what string) error {
	return sqlerr.New(sqlerr.TransactionConflict, "The transaction cannot be committed: %s was changed by another one since this one changed it. Nothing was written.", what).
		WithHint("Run the transaction again.")
}

// Apply implements catalog.Transaction.
func (t *Transaction) Apply(ctx context.Context) error {
	if !t.over.close() {
		return transactionOver()
	}
	if len(t.over.objects)+len(t.over.databases)+len(t.over.later) == 0 {
		return t.end(ctx)
	}
	err := t.parent.cfg.Records.Update(ctx, func(tx Tx) error {
		changes, err := t.merged(tx)
		if err != nil {
			return err
		}
		if err := t.stillThere(tx); err != nil {
			return err
		}
		for i := range changes {
			if err := t.place(ctx, &changes[i]); err != nil {
				return err
			}
		}
		return tx.Apply(changes)
	})
	if err != nil {
		return errors.Join(err, t.end(ctx))
	}
	for k := range t.over.objects {
		t.parent.forget(t.parent.full(k.database, k.name))
	}
	// From here on all of it is visible: folders that stay are no error of the writer's.
	for _, f := range t.over.folders {
		if t.inUse(f) {
			continue
		}
		_ = t.cfg.Store.RemoveAll(context.WithoutCancel(ctx), f)
	}
	return errors.Join(t.publishLater(ctx), t.end(ctx))
}

// stillThere is the conflict of a write to an external table that somebody else
// has dropped or moved.
func (t *Transaction) stillThere(tx Tx) error {
	for _, w := range t.over.later {
		if t.over.objects[w.key] != nil {
			continue // compared as what the transaction changed
		}
		o, err := tx.Object(w.key.database, w.key.name)
		if err != nil {
			return err
		}
		if o == nil || o.Table == nil || o.Table.Spec.Info.Location != w.job.Target.Location {
			return conflict(quoted(t.full(w.key.database, w.key.name)))
		}
	}
	return nil
}

// publishLater gives external tables the files that the transaction wrote to
// them, each write as a whole. The transaction is committed: a failure here says
// which table has not got its rows, and the others get theirs.
func (t *Transaction) publishLater(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var first error
	for _, w := range t.over.later {
		if c := t.over.objects[w.key]; c != nil && (c.now == nil || c.now.Table == nil || c.now.Table.Spec.Info.Location != w.job.Target.Location) {
			continue // dropped or replaced later on
		}
		name := t.full(w.key.database, w.key.name)
		if err := w.job.Publish(ctx, w.mode, w.static, w.files); err != nil && first == nil {
			first = catalog.NotPublished(quoted(name), err)
		}
		t.parent.forget(name)
	}
	return first
}

// inUse reports whether a table of the transaction lies in a folder: one that
// was made in the place of another may.
func (t *Transaction) inUse(folder string) bool {
	for _, o := range t.over.objects {
		if o.now != nil && o.now.Table != nil && o.now.Table.Spec.Info.Location == folder {
			return true
		}
	}
	return false
}

// Rollback implements catalog.Transaction.
func (t *Transaction) Rollback(ctx context.Context) error {
	if !t.over.close() {
		return nil
	}
	return t.end(ctx)
}

// end removes what is left in staging folders.
func (t *Transaction) end(ctx context.Context) error {
	t.mu.Lock()
	jobs := t.over.held
	for _, j := range t.jobs {
		jobs = append(jobs, j)
	}
	t.over.held, t.jobs = nil, map[string]*files.Job{}
	t.mu.Unlock()
	var first error
	for _, j := range slices.Backward(jobs) { // the first one may have made the folder
		if err := j.Discard(context.WithoutCancel(ctx)); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// merged is what the transaction changes, brought up to date with what others
// have changed since. It writes nothing.
func (t *Transaction) merged(tx Tx) ([]Change, error) {
	var out []Change
	for _, name := range t.over.databaseNames() {
		d := t.over.databases[name]
		now, err := tx.Database(name)
		if err != nil {
			return nil, err
		}
		if (now == nil) != (d.base == nil) {
			return nil, conflict("the schema `" + name + "`")
		}
		out = append(out, Change{Database: name, Namespace: true, Record: d.now})
	}
	for _, k := range t.over.objectNames() {
		o := t.over.objects[k]
		now, err := tx.Object(k.database, k.name)
		if err != nil {
			return nil, err
		}
		c := Change{Database: k.database, Name: k.name, Object: o.now}
		if !sameObject(now, o.base) {
			if c.Object = o.onto(now); c.Object == nil {
				return nil, conflict(quoted(t.full(k.database, k.name)))
			}
		}
		if o.now == nil && now == nil {
			continue // made and dropped by this transaction
		}
		if c.Object != nil && !t.over.hasDatabase(tx, k.database) {
			return nil, conflict("the schema `" + k.database + "`")
		}
		out = append(out, c)
	}
	return out, nil
}

// onto is the object with its new files beside those that now has: appending
// to a table does not depend on what else is appended. nil if it cannot be.
func (o *objectChange) onto(now *Object) *Object {
	if !o.appends || o.now == nil || now == nil || now.Table == nil || !sameSpec(now.Table, o.base.Table) {
		return nil
	}
	r := *now.Table
	r.Files = slices.Clone(r.Files)
	for _, f := range o.now.Table.Files {
		if staged(f) {
			r.Files = append(r.Files, f)
		}
	}
	return &Object{Table: &r, Access: now.Access}
}

// staged reports whether a file of a transaction's record is still where its job wrote it.
func staged(f DataFile) bool { return strings.HasPrefix(f.Path, catalog.StagingName+"/") }

// place moves the staged files of a table to where they stay. Files that were
// moved before a failure are in no list, so the table's next writer removes them.
func (t *Transaction) place(ctx context.Context, c *Change) error {
	if c.Object == nil || c.Object.Table == nil || !c.Object.Table.Spec.Info.Managed {
		return nil
	}
	r := *c.Object.Table
	location := r.Spec.Info.Location
	r.Files = slices.Clone(r.Files)
	moved := false
	for i, f := range r.Files {
		if !staged(f) {
			continue
		}
		moved = true
		to := path.Base(f.Path)
		if f.Partition != "" {
			to = f.Partition + "/" + to
		}
		if err := t.cfg.Store.Rename(ctx, location+"/"+f.Path, location+"/"+to); err != nil {
			return err
		}
		r.Files[i].Path = to
	}
	if moved {
		r.Version = files.NewJobID()
		r.Dead = t.parent.bury(ctx, location, r.Files, r.Dead, t.cfg.Now().UnixMicro())
	}
	c.Object = &Object{Table: &r, Access: c.Object.Access}
	return nil
}

// sameObject reports whether two records are of one state.
func sameObject(a, b *Object) bool {
	switch {
	case a == nil || b == nil:
		return a == b
	case a.Table != nil && b.Table != nil:
		return a.Table.Version == b.Table.Version && a.Table.Spec.Info.Location == b.Table.Spec.Info.Location
	}
	x, xerr := Encode(a)
	y, yerr := Encode(b)
	return xerr == nil && yerr == nil && bytes.Equal(x, y)
}

// sameSpec reports whether two records of a table differ in files alone.
func sameSpec(a, b *TableRecord) bool {
	x, xerr := Encode(&Object{Table: &TableRecord{Spec: a.Spec}})
	y, yerr := Encode(&Object{Table: &TableRecord{Spec: b.Spec}})
	return xerr == nil && yerr == nil && bytes.Equal(x, y)
}
