package files

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Scan plans a read: files of partitions that cannot match are left out, the
// format cuts the others.
func (t *Table) Scan(ctx context.Context, cols []int, filters []expr.Expr, evaluate catalog.Evaluate) (*catalog.Scan, error) {
	files := t.prune(cols, filters, evaluate)
	data := t.dataFilters(cols, filters)
	splits := make([][]catalog.Split, len(files))
	err := inParallel(ctx, len(files), func(ctx context.Context, i int) error {
		ss, err := t.format.Splits(ctx, t.cfg.Store, files[i].File, t.schema[:t.data], data, t.opts)
		if err != nil {
			return err
		}
		for j := range ss {
			ss[j].Partition = files[i].values
			ss[j].Size, ss[j].ModTime = files[i].Size, files[i].ModTime
		}
		splits[i] = ss
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &catalog.Scan{
		Format: t.format.Name(), Options: maps.Clone(t.opts), Schema: t.schema, Cols: cols,
		Partition: t.PartitionColumns(), Stats: catalog.Stats{Rows: 0}, Within: t.cfg.Store.Bounds(),
	}
	for _, ss := range splits {
		s.Splits = append(s.Splits, ss...)
	}
	return s, t.scanStats(ctx, s, len(files))
}

// prune returns the files whose partition values may pass the filters.
func (t *Table) prune(cols []int, filters []expr.Expr, evaluate catalog.Evaluate) []member {
	if len(filters) == 0 || t.data == len(t.schema) {
		return t.files
	}
	var out []member
	var values []types.Datum
	keep := false
	j := &judge{evaluate: evaluate, value: func(i int) (types.Datum, bool) {
		if c := cols[i]; c >= t.data {
			return values[c-t.data], true
		}
		return nil, false
	}}
	for i, m := range t.files {
		// Files of a partition follow each other.
		if i == 0 || !slices.Equal(values, m.values) {
			values = m.values
			keep = !slices.ContainsFunc(filters, func(f expr.Expr) bool { return !j.mayPass(f) })
		}
		if keep {
			out = append(out, m)
		}
	}
	return out
}

// dataFilters are the filters over data columns alone, with Refs that index them.
func (t *Table) dataFilters(cols []int, filters []expr.Expr) []expr.Expr {
	var out []expr.Expr
	for _, f := range filters {
		if !refs(f, func(i int) bool { return cols[i] < t.data }) {
			continue
		}
		out = append(out, tree.Map[expr.Expr](f, func(e expr.Expr) expr.Expr {
			if r, ok := e.(*expr.Ref); ok {
				c := *r
				c.Index = cols[r.Index]
				return &c
			}
			return e
		}))
	}
	return out
}

// scanStats estimates what is left of the table in s.
func (t *Table) scanStats(ctx context.Context, s *catalog.Scan, files int) error {
	all, err := t.Stats(ctx)
	if err != nil {
		return err
	}
	s.Stats.Rows, s.Stats.Bytes = 0, 0
	for _, sp := range s.Splits {
		s.Stats.Bytes += sp.Length
		if sp.Rows < 0 || s.Stats.Rows < 0 {
			s.Stats.Rows = -1
		} else {
			s.Stats.Rows += sp.Rows
		}
	}
	if s.Stats.Rows < 0 && all.Rows >= 0 && len(t.files) > 0 {
		s.Stats.Rows = all.Rows * int64(files) / int64(len(t.files))
		if all.Bytes > 0 && s.Stats.Bytes < all.Bytes {
			s.Stats.Rows = int64(float64(all.Rows) * float64(s.Stats.Bytes) / float64(all.Bytes))
		}
	}
	if all.Columns == nil {
		return nil
	}
	s.Stats.Columns = make([]catalog.ColumnStats, len(s.Cols))
	for i, c := range s.Cols {
		cs := all.Columns[c]
		if s.Stats.Rows >= 0 {
			cs.Distinct, cs.Nulls = min(cs.Distinct, s.Stats.Rows), min(cs.Nulls, s.Stats.Rows)
		}
		s.Stats.Columns[i] = cs
	}
	return nil
}

// inParallel runs f for 0 … n-1, a few at a time: what it does is mostly
// waiting for files. The first error ends the others.
func inParallel(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	if n == 0 {
		return ctx.Err()
	}
	if n == 1 {
		return f(ctx, 0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, max(4, runtime.GOMAXPROCS(0))) {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					cancel(sqlerr.New(sqlerr.InternalError, "planning a scan: %v", r))
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if ctx.Err() != nil {
					return
				}
				if err := f(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
