// Package scan is the source that reads tables.
//
//	splits ──► format.Open ──► + partition columns ──► filters ──► batches
//	shared      a reader a        constants of          what the
//	counter     thread            the split             reader left
//
// Splits are the morsels: threads take them one by one from a shared counter.
// Filters go to the format's reader, which skips what metadata rules out and
// runs them as soon as their columns are there; filters that the reader left
// alone, and those that look at partition columns, run here, so that every row
// delivered passes all of them. Filters published by joins of the same task
// are treated alike, from the first split on that is opened after publication.
//
// Reading itself, types and missing columns are the formats' work; choosing
// the splits is the catalog's.
package scan

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/fence"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Source is what the threads of one scan share.
type Source struct {
	env     *flow.Env
	node    *physical.Scan
	splits  []catalog.Split
	format  format.Format
	store   store.Store
	account *mem.Account
	options format.Options

	// data is the schema of the columns in files; cols the places in it that are read.
	data types.Schema
	cols []int
	// from says where each output column is: a place in cols, or -1-p for partition column p.
	from []int
	// pushed are the filters over file columns, Refs index cols. parts look at
	// partition columns only, mixed at both; their Refs index the output.
	pushed, parts, mixed []expr.Expr

	next atomic.Int64
	rows atomic.Int64 // delivered, counted if there is a limit
}

// New prepares a scan of splits. The format's name, the columns and the
// partition values are checked here, files when they are opened.
func New(env *flow.Env, n *physical.Scan, splits []catalog.Split) (flow.Source, error) {
	f, err := all.Lookup(n.Scan.Format)
	if err != nil {
		return nil, err
	}
	st, err := fence.Within(n.Scan.Within)
	if err != nil {
		return nil, err
	}
	s := &Source{env: env, node: n, splits: splits, format: f, store: st, options: n.Scan.Options}
	if env.Context != nil {
		s.options = textvalue.WithZone(n.Scan.Options, env.Context.TimeZone)
	}
	if env.Account != nil {
		s.account = env.Account.Child("Scan "+n.Table, 0)
	}
	place := make([]int, len(n.Scan.Schema)) // of a table column in data, or -1-p
	for i, c := range n.Scan.Schema {
		if p := slices.Index(n.Scan.Partition, i); p >= 0 {
			place[i] = -1 - p
			continue
		}
		place[i] = len(s.data)
		s.data = append(s.data, c)
	}
	for _, sp := range splits {
		if len(sp.Partition) != len(n.Scan.Partition) {
			return nil, sqlerr.New(sqlerr.InternalError, "a split of %s has %d partition values for %d columns", sp.Path, len(sp.Partition), len(n.Scan.Partition))
		}
	}
	for _, c := range n.Scan.Cols {
		p := place[c]
		if p >= 0 {
			s.cols = append(s.cols, p)
			p = len(s.cols) - 1
		}
		s.from = append(s.from, p)
	}
	for _, f := range n.Filters {
		s.addFilter(f)
	}
	return s, nil
}

// addFilter sorts a filter by the columns it looks at.
func (s *Source) addFilter(f expr.Expr) {
	data, part := false, false
	tree.Walk(f, func(e expr.Expr) bool {
		if r, ok := e.(*expr.Ref); ok {
			data, part = data || s.from[r.Index] >= 0, part || s.from[r.Index] < 0
		}
		return true
	})
	switch {
	case !part:
		s.pushed = append(s.pushed, tree.Map(f, func(e expr.Expr) expr.Expr {
			if r, ok := e.(*expr.Ref); ok {
				c := *r
				c.Index = s.from[r.Index]
				return &c
			}
			return e
		}))
	case !data:
		s.parts = append(s.parts, f)
	default:
		s.mixed = append(s.mixed, f)
	}
}

// full reports that the limit is reached.
func (s *Source) full() bool { return s.node.Limit >= 0 && s.rows.Load() >= s.node.Limit }

// Open reads splits until there are none left.
func (s *Source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		t, err := s.newThread()
		if err != nil {
			yield(nil, err)
			return
		}
		for !s.full() {
			i := int(s.next.Add(1)) - 1
			if i >= len(s.splits) {
				return
			}
			more, err := t.split(ctx, &s.splits[i], yield)
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				return
			}
		}
	}
}
