package session

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/parse"
)

// write runs a plan whose rows go to a target and returns the files staged.
func (s *Session) write(ctx context.Context, st *statement, env *bind.Env, p *bind.Plan, to catalog.WriteTarget) ([]catalog.File, error) {
	_, run, err := s.start(ctx, st, env, p.Write(to), false)
	if err != nil {
		return nil, err
	}
	r := &Result{Rows: run.Rows}
	rows, err := r.Collect()
	if err != nil {
		return nil, err
	}
	out := make([]catalog.File, len(rows))
	for i, w := range rows {
		out[i].Path, _ = w[0].(string)
		out[i].Rows, _ = w[1].(int64)
		out[i].Bytes, _ = w[2].(int64)
		out[i].Partition, _ = w[3].(string)
	}
	return out, nil
}

// wrote is the result of a statement that stored files.
func wrote(fs []catalog.File) *Result {
	r := empty()
	r.Written = &Written{Files: int64(len(fs))}
	for _, f := range fs {
		r.Written.Rows += f.Rows
		r.Written.Bytes += f.Bytes
	}
	return r
}

// abort clears away what a failed write staged. The statement's context may be
// over; clearing away gets time of its own.
func (s *Session) abort(c catalog.Catalog, staged *catalog.Staged) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = c.Abort(ctx, staged)
}

// insertion is an INSERT that was bound.
type insertion struct {
	t    *target
	tb   catalog.Table
	to   *bind.Target
	env  *bind.Env
	plan *bind.Plan
	// values are those of PARTITION (k = v), by place in the table's schema.
	values map[int]types.Datum
}

// bindInsert finds the table of an INSERT and binds its query to it.
func (s *Session) bindInsert(ctx context.Context, st *statement, n *ast.Insert) (*insertion, error) {
	t, tb, err := s.table(ctx, st, &n.Table, "INSERT")
	if err != nil {
		return nil, err
	}
	if n.Replace != nil {
		return nil, sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: Table %s does not support INSERT INTO … REPLACE WHERE.", quote(t.parts)).At(n.Replace.Pos())
	}
	mode := catalog.Append
	if n.Overwrite {
		mode = catalog.Overwrite
	}
	if err := t.writes(ctx, mode); err != nil {
		return nil, sqlerr.At(err, n.Table.Pos())
	}
	in := &insertion{t: t, tb: tb, env: s.env(st)}
	if in.to, err = insertTarget(n, t, tb); err != nil {
		return nil, err
	}
	q := n.Query
	if len(n.With) > 0 {
		q = withCTEs(n.With, q)
	}
	in.plan, in.values, err = bind.Insert(ctx, in.env, q, in.to)
	return in, err
}

// insert runs INSERT INTO and INSERT OVERWRITE a table.
func (s *Session) insert(ctx context.Context, st *statement, n *ast.Insert) (*Result, error) {
	in, err := s.bindInsert(ctx, st, n)
	if err != nil {
		return nil, err
	}
	mode := catalog.Append
	static := map[string]types.Datum{}
	if n.Overwrite {
		mode = catalog.Overwrite
		if len(in.tb.PartitionColumns()) > len(in.values) && settings.PartitionOverwrite.Get(st.snap) == "DYNAMIC" {
			mode = catalog.OverwritePartitions
		}
		for i, v := range in.values {
			static[in.to.Schema[i].Name] = v
		}
	}
	r, err := s.store(ctx, st, in, mode, static)
	return r, sqlerr.At(err, n.Table.Pos())
}

// store writes the rows of a bound insertion and makes them those of the
// table, all or none.
func (s *Session) store(ctx context.Context, st *statement, in *insertion, mode catalog.WriteMode, static map[string]types.Datum) (*Result, error) {
	staged, err := in.t.cat.Begin(ctx, catalog.TableSpec{Name: in.t.full()}, mode)
	if err != nil {
		return nil, err
	}
	if len(static) > 0 {
		staged.Static = static
	}
	written, err := s.write(ctx, st, in.env, in.plan, staged.Target)
	if err == nil {
		err = in.t.cat.Commit(ctx, staged, written)
	}
	if err != nil {
		s.abort(in.t.cat, staged)
		return nil, err
	}
	return wrote(written), nil
}

// insertTarget describes the table of an INSERT to the binder.
func insertTarget(n *ast.Insert, t *target, tb catalog.Table) (*bind.Target, error) {
	to := &bind.Target{
		Name: []string{t.cat.Name(), t.db, t.name}, Schema: tb.Schema(), Columns: n.Columns, ByName: n.ByName,
		Static: map[int]ast.Expr{}, Pos: n.Table.Pos(),
	}
	isPartition := map[int]bool{}
	for _, i := range tb.PartitionColumns() {
		isPartition[i] = true
	}
	for _, p := range n.Partition {
		i := to.Schema.Index(p.Key)
		if i < 0 || !isPartition[i] {
			return nil, sqlerr.New(sqlerr.NonPartitionColumn, "PARTITION clause cannot contain the non-partition column: `%s`.", p.Key).At(p.Pos())
		}
		if p.Value != nil {
			to.Static[i] = p.Value
		}
	}
	for _, text := range tb.Info().ColumnDefaults {
		if text == "" {
			to.Defaults = append(to.Defaults, nil)
			continue
		}
		e, err := parse.Expr(text)
		if err != nil {
			return nil, err
		}
		ast.Forget(e)
		to.Defaults = append(to.Defaults, e)
	}
	return to, nil
}

// insertDirectory runs INSERT OVERWRITE DIRECTORY. The option singleFile makes
// one file of all rows, at the path itself.
func (s *Session) insertDirectory(ctx context.Context, st *statement, n *ast.InsertDirectory) (*Result, error) {
	options, err := s.options(ctx, st, n.Options)
	if err != nil {
		return nil, err
	}
	to := catalog.WriteTarget{Format: strings.ToLower(n.Using), Options: map[string]string{}, Location: n.Path}
	if to.Format == "" {
		to.Format = settings.DefaultFormat.Get(st.snap)
	}
	var by []string
	for k, v := range options {
		switch strings.ToLower(k) {
		case "path":
			if n.Path == "" {
				to.Location = v
			}
		case "singlefile":
			to.SingleFile = strings.EqualFold(v, "true")
		case "partitionby":
			for _, c := range strings.Split(v, ",") {
				by = append(by, strings.TrimSpace(c))
			}
		default:
			to.Options[strings.ToLower(k)] = v
		}
	}
	if to.Location == "" {
		return nil, sqlerr.New(sqlerr.InvalidEmptyLocation, "The location name cannot be empty string, but `` was given.").At(n.Pos())
	}
	if s.cfg.HasFormat != nil && !s.cfg.HasFormat(to.Format) {
		return nil, sqlerr.New(sqlerr.DataSourceNotFound, "Failed to find the data source: %s. Make sure the provider name is correct.", to.Format).At(n.Pos())
	}
	env := s.env(st)
	p, err := bind.Query(ctx, env, n.Query)
	if err != nil {
		return nil, err
	}
	order, err := partitionsLast(p.Schema(), by, n.Pos())
	if err != nil {
		return nil, err
	}
	p = p.Arrange(order)
	to.Schema = p.Schema()
	for i := len(order) - len(by); i < len(order); i++ {
		to.Partition = append(to.Partition, i)
	}
	if err := unique(to.Schema, n.Query.Pos()); err != nil {
		return nil, err
	}
	return s.writeFolder(ctx, st, env, p, to, catalog.Overwrite)
}

// writeFolder writes a plan's rows to a folder that is no table: all or nothing.
func (s *Session) writeFolder(ctx context.Context, st *statement, env *bind.Env, p *bind.Plan, to catalog.WriteTarget, mode catalog.WriteMode) (*Result, error) {
	if s.cfg.Store == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "the session has no store of files")
	}
	if err := s.mayFiles(ctx, catalog.Modify); err != nil {
		return nil, err
	}
	job, err := files.StartJob(ctx, s.cfg.Store, to)
	if err != nil {
		return nil, err
	}
	written, err := s.write(ctx, st, env, p, job.Target)
	if err == nil && !s.later(folderWrite{job, mode, written}) {
		err = job.Publish(ctx, mode, nil, written)
	}
	if err != nil {
		clear, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_ = job.Discard(clear)
		return nil, err
	}
	return wrote(written), nil
}

// Save writes a query's rows to a folder or file that is no table, as a
// DataFrame's writer does. Partition columns named by to.Partition must stand last.
func (s *Session) Save(ctx context.Context, q *ast.Query, to catalog.WriteTarget, mode catalog.WriteMode) (*Result, error) {
	st := &statement{st: q, snap: s.Settings.Snapshot()}
	env := s.env(st)
	p, err := bind.Query(ctx, env, q)
	if err != nil {
		return nil, err
	}
	to.Schema = p.Schema()
	if err := unique(to.Schema, sqlerr.NoPos); err != nil {
		return nil, err
	}
	return s.writeFolder(ctx, st, env, p, to, mode)
}

// mayUse is the error of a location outside the folders that statements may use.
func (s *Session) mayUse(location string) error {
	if location == "" || s.cfg.MayUse == nil {
		return nil
	}
	return s.cfg.MayUse(location)
}

// Exists reports whether a file or folder is at a location.
func (s *Session) Exists(ctx context.Context, location string) (bool, error) {
	if err := s.mayFiles(ctx, catalog.Select); err != nil {
		return false, err
	}
	_, _, err := s.cfg.Store.Stat(ctx, location)
	if sqlerr.Is(err, sqlerr.FileNotFound) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Schema binds a query and returns its columns without running it.
func (s *Session) Schema(ctx context.Context, q *ast.Query) (types.Schema, error) {
	p, err := bind.Query(ctx, s.env(&statement{st: q, snap: s.Settings.Snapshot()}), q)
	if err != nil {
		return nil, err
	}
	return p.Schema(), nil
}

// truncate runs TRUNCATE TABLE [PARTITION (…)].
func (s *Session) truncate(ctx context.Context, st *statement, n *ast.Truncate) (*Result, error) {
	t, tb, err := s.table(ctx, st, &n.Name, "TRUNCATE TABLE")
	if err != nil {
		return nil, err
	}
	if !tb.Info().Managed {
		return nil, sqlerr.New(sqlerr.UnsupportedTableOperation, "Operation not allowed: TRUNCATE TABLE on external tables: %s.", quote(t.parts)).At(n.Pos())
	}
	static, err := s.partition(ctx, st, tb, n.Partition, t)
	if err != nil {
		return nil, err
	}
	return empty(), sqlerr.At(s.clear(ctx, t, static), n.Name.Pos())
}

// partition computes the values of PARTITION (k = v, …), nil for none.
func (s *Session) partition(ctx context.Context, st *statement, tb catalog.Table, ps []ast.Property, t *target) (map[string]types.Datum, error) {
	if len(ps) == 0 {
		return nil, nil
	}
	static := map[string]types.Datum{}
	schema := tb.Schema()
	for _, p := range ps {
		at := -1
		for _, i := range tb.PartitionColumns() {
			if strings.EqualFold(schema[i].Name, p.Key) {
				at = i
			}
		}
		if at < 0 {
			return nil, sqlerr.New(sqlerr.CannotUpdatePartition, "The partition(s) cannot be found in table %s: `%s` is not a partition column.", quote(t.parts), p.Key).At(p.Pos())
		}
		if p.Value == nil {
			continue
		}
		l, err := bind.Scalar(ctx, s.env(st), p.Value)
		if err != nil {
			return nil, err
		}
		if l, err = bind.Cast(ctx, s.env(st), l, schema[at].Type); err != nil {
			return nil, err
		}
		static[schema[at].Name] = l.Value
	}
	return static, nil
}
