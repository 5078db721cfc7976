package metastore

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Begin opens a write. For a table that exists, a specification with a name
// alone is enough; for one to be created it is that of CREATE TABLE.
func (c *Catalog) Begin(ctx context.Context, t catalog.TableSpec, w catalog.WriteMode) (*catalog.Staged, error) {
	var old *Object
	err := c.cfg.Records.View(ctx, func(tx Tx) (err error) {
		if _, err := database(tx, t.Name.Database); err != nil {
			return err
		}
		old, err = tx.Object(key(t.Name.Database), key(t.Name.Table))
		return err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case old != nil && old.View != nil:
		return nil, sqlerr.New(sqlerr.ExpectTableNotView, "'%s' is a view. INSERT requires a table.", c.full(t.Name.Database, t.Name.Table))
	case len(t.Schema) == 0 && old == nil:
		return nil, c.notFound(t.Name.Database, t.Name.Table)
	case len(t.Schema) == 0:
		name := t.Name
		t = old.Table.Spec
		t.Name = c.full(name.Database, name.Table) // it may have been renamed
	default:
		// Where an existing table's new files go is the table's own affair,
		// unless it is to be replaced by one elsewhere.
		if old != nil && t.Info.Location == "" {
			t.Info.Location, t.Info.Managed = old.Table.Spec.Info.Location, old.Table.Spec.Info.Managed
		}
		managed := t.Info.Managed
		if old == nil || t.Info.Location != old.Table.Spec.Info.Location {
			managed = t.Info.Location == "" && t.Info.Options["path"] == ""
		}
		if t, err = c.complete(ctx, t, &catalog.Staged{Spec: catalog.TableSpec{Info: catalog.Info{Managed: managed}}}); err != nil {
			return nil, err
		}
	}
	return c.stage(ctx, t, w)
}

func (c *Catalog) stage(ctx context.Context, t catalog.TableSpec, w catalog.WriteMode) (*catalog.Staged, error) {
	target := catalog.WriteTarget{
		Format: t.Info.Provider, Options: lower(t.Info.Options), Location: t.Info.Location, Schema: t.Schema,
	}
	target.Options = textvalue.WithZone(target.Options, catalog.Zone(ctx))
	for _, p := range t.Partitioned {
		target.Partition = append(target.Partition, t.Schema.Index(p))
	}
	job, err := files.StartJob(ctx, c.cfg.Store, target)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.jobs[job.Target.Job] = job
	c.mu.Unlock()
	return &catalog.Staged{Spec: t, Mode: w, Target: job.Target}, nil
}

func (c *Catalog) job(s *catalog.Staged, end bool) *files.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := c.jobs[s.Target.Job]
	if end {
		delete(c.jobs, s.Target.Job)
	}
	return j
}

// Abort ends a write and removes what was staged. It does nothing for a write that has ended.
func (c *Catalog) Abort(ctx context.Context, s *catalog.Staged) error {
	if j := c.job(s, true); j != nil {
		return j.Discard(context.WithoutCancel(ctx))
	}
	return nil
}

// Commit publishes the files of a write to a table that exists.
func (c *Catalog) Commit(ctx context.Context, s *catalog.Staged, fs []catalog.File) error {
	j := c.job(s, false)
	if j == nil {
		return sqlerr.New(sqlerr.InternalError, "commit of a write to %s that is not under way", s.Spec.Name)
	}
	db, name := key(s.Spec.Name.Database), key(s.Spec.Name.Table)
	if !s.Spec.Info.Managed {
		if _, err := c.object(ctx, db, name); err != nil {
			return err
		}
		if c.txn != nil {
			c.txn.mu.Lock()
			c.txn.later = append(c.txn.later, laterWrite{objectKey{db, name}, j, s.Mode, s.Static, fs})
			c.txn.mu.Unlock()
			return c.settle(ctx, s)
		}
		if err := j.Publish(ctx, s.Mode, s.Static, fs); err != nil {
			return err
		}
		c.job(s, true)
		return nil
	}
	err := c.cfg.Records.Update(ctx, func(tx Tx) error {
		o, err := tx.Object(db, name)
		if err != nil {
			return err
		}
		if o == nil || o.Table == nil || o.Table.Spec.Info.Location != s.Target.Location {
			return sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found: it was dropped or replaced while a statement wrote to it.", quoted(c.full(db, name)))
		}
		r := *o.Table
		if err := c.publish(ctx, &r, s, fs); err != nil {
			return err
		}
		return tx.PutObject(db, name, &Object{Table: &r, Access: o.Access})
	})
	if err != nil {
		return err
	}
	return c.settle(ctx, s)
}

// settle ends a write that was committed: what was published is no longer in
// the staging folder. In a transaction it still is, until that is over.
func (c *Catalog) settle(ctx context.Context, s *catalog.Staged) error {
	if c.txn == nil {
		return c.Abort(ctx, s)
	}
	if j := c.job(s, true); j != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.txn.held = append(c.txn.held, j)
	}
	return nil
}

// firstFiles gives a new record the files a job wrote. old is the table it
// replaces, or nil.
func (c *Catalog) firstFiles(ctx context.Context, r *TableRecord, old *Object, staged *catalog.Staged) error {
	if staged == nil {
		return nil
	}
	if !r.Spec.Info.Managed {
		// The record is not there yet, so nobody sees the files before it is.
		mode := catalog.Append
		if old != nil || staged.Mode != catalog.Append {
			mode = catalog.Overwrite
		}
		if c.txn != nil { // whose lock is held: records are being changed
			k := objectKey{r.Spec.Name.Database, r.Spec.Name.Table}
			c.txn.later = append(c.txn.later, laterWrite{k, c.job(staged, false), mode, nil, staged.Files})
			return nil
		}
		return c.job(staged, false).Publish(ctx, mode, nil, staged.Files)
	}
	if old != nil && old.Table.Spec.Info.Location == r.Spec.Info.Location {
		r.Files, r.Dead = old.Table.Files, old.Table.Dead
	}
	s := *staged
	s.Mode, s.Static = catalog.Overwrite, nil
	return c.publish(ctx, r, &s, staged.Files)
}

// publish moves staged files into the table's folder and changes the list of
// r, which the caller then records. It runs under the catalog's lock, so files
// in the folder that the record does not list are nobody's and can go.
func (c *Catalog) publish(ctx context.Context, r *TableRecord, s *catalog.Staged, fs []catalog.File) error {
	replaces, err := files.Replaces(s.Target, s.Mode, s.Static, fs)
	if err != nil {
		return err
	}
	now := c.cfg.Now()
	var live []DataFile
	dead := r.Dead
	for _, f := range r.Files {
		if replaces(f.Partition) {
			dead = append(dead, DeadFile{f.Path, now.Add(c.cfg.Grace).UnixMicro()})
		} else {
			live = append(live, f)
		}
	}
	for _, f := range fs {
		to := files.FinalName(f)
		if c.txn != nil {
			to = below(s.Target.Location, f.Path)
		} else if err := c.cfg.Store.Rename(ctx, f.Path, s.Target.Location+"/"+to); err != nil {
			return err
		}
		st, _, err := c.cfg.Store.Stat(ctx, s.Target.Location+"/"+to)
		if err != nil {
			return err
		}
		live = append(live, DataFile{Path: to, Size: st.Size, ModTime: st.ModTime, Rows: f.Rows, Partition: f.Partition})
	}
	r.Files, r.Version = live, files.NewJobID()
	if c.txn != nil {
		// Others do not see this yet, so nothing is removed.
		r.Dead, c.txn.appending = slices.DeleteFunc(dead, func(d DeadFile) bool { return staged(DataFile{Path: d.Path}) }), s.Mode == catalog.Append
		return nil
	}
	r.Dead = c.bury(ctx, s.Target.Location, live, dead, now.UnixMicro())
	return nil
}

// bury removes files that no list names and whose time of grace is over, and
// returns those that still wait. Failing to remove is not the writer's error:
// the file is tried again at the next write.
func (c *Catalog) bury(ctx context.Context, location string, live []DataFile, dead []DeadFile, now int64) []DeadFile {
	keep := map[string]bool{}
	for _, f := range live {
		keep[f.Path] = true
	}
	var wait []DeadFile
	for _, d := range dead {
		if d.Until > now && !keep[d.Path] {
			wait = append(wait, d)
			keep[d.Path] = true
		}
	}
	for f, err := range c.cfg.Store.List(ctx, location) {
		if err != nil {
			break
		}
		if !keep[below(location, f.Path)] {
			_ = c.cfg.Store.Remove(ctx, f.Path)
		}
	}
	return wait
}

// below is a path below a location, relative to it.
func below(location, p string) string {
	return strings.TrimPrefix(path.Clean(strings.ReplaceAll(p, "\\", "/")), path.Clean(strings.ReplaceAll(location, "\\", "/"))+"/")
}
