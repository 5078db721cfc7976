package scan

import (
	"context"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// thread is the part of a scan that one thread owns.
type thread struct {
	*Source
	pushed, parts, mixed []*eval.Program
	runtime              []*runtimeFilter
	dicts                format.Dictionaries

	// ran says of each filter handed to the reader of the current split that
	// the reader runs it. A reader that runs one does so for every batch.
	ran  []bool
	sels [2][]uint16

	partition []vec.Vec // by partition column, constants of the current split
	out       vec.Batch
}

func (s *Source) newThread() (*thread, error) {
	t := &thread{Source: s, partition: make([]vec.Vec, len(s.node.Scan.Partition))}
	for _, c := range []struct {
		to *[]*eval.Program
		es []expr.Expr
	}{{&t.pushed, s.pushed}, {&t.parts, s.parts}, {&t.mixed, s.mixed}} {
		for _, e := range c.es {
			p, err := eval.Compile(s.env.Functions, s.env.Context, e)
			if err != nil {
				return nil, err
			}
			*c.to = append(*c.to, p)
		}
	}
	for i := range t.sels {
		t.sels[i] = make([]uint16, 0, s.env.BatchSize)
	}
	for _, rf := range s.node.Runtime {
		t.runtime = append(t.runtime, &runtimeFilter{RuntimeFilter: rf})
	}
	return t, nil
}

// other returns the selection buffer that sel does not use.
func (t *thread) other(sel []uint16) []uint16 {
	i := 0
	if cap(sel) > 0 && cap(t.sels[0]) > 0 && &sel[:1][0] == &t.sels[0][:1][0] {
		i = 1
	}
	if cap(t.sels[i]) < t.env.BatchSize {
		t.sels[i] = make([]uint16, 0, t.env.BatchSize)
	}
	return t.sels[i][:0]
}

// run narrows a selection by a program.
func (t *thread) run(p *eval.Program, cols []*vec.Vec, n int, sel []uint16) ([]uint16, error) {
	return p.Select(cols, n, sel, t.other(sel))
}

// split reads one split; more is false if the consumer has had enough.
func (t *thread) split(ctx context.Context, sp *catalog.Split, yield func(*vec.Batch, error) bool) (more bool, err error) {
	if pass, err := t.begin(sp); err != nil || !pass {
		return true, err
	}
	filters := t.filters()
	if len(t.cols) == 0 && sp.Rows >= 0 && len(filters) == 0 {
		return t.count(ctx, sp.Rows, yield)
	}
	t.ran = append(t.ran[:0], make([]bool, len(filters))...)
	req := format.ReadRequest{
		Store: t.store, Split: *sp, Schema: t.data, Cols: t.cols, Filters: filters, BatchSize: t.env.BatchSize,
		Options: t.options, Account: t.account, Dictionaries: &t.dicts,
	}
	if len(filters) > 0 {
		req.Select = func(cols []*vec.Vec, n, i int, sel []uint16) ([]uint16, error) {
			t.ran[i] = true
			return t.apply(cols, n, i, sel)
		}
	}
	stream, err := t.format.Open(ctx, req)
	if err != nil {
		return false, err
	}
	for b, err := range stream {
		if err != nil {
			return false, err
		}
		sel := b.Sel
		for i := range filters {
			if !t.ran[i] {
				if sel, err = t.apply(b.Cols, b.N, i, sel); err != nil {
					return false, err
				}
			}
		}
		if ok, err := t.deliver(ctx, b, sel, yield); err != nil || !ok {
			return false, err
		}
		if t.full() {
			return false, nil
		}
	}
	return true, nil
}

// apply runs filter i of those filters returned: a pushed one, or one of a join.
func (t *thread) apply(cols []*vec.Vec, n, i int, sel []uint16) ([]uint16, error) {
	if i < len(t.pushed) {
		return t.run(t.pushed[i], cols, n, sel)
	}
	f := t.active(i - len(t.pushed))
	if f.idle() {
		return sel, nil
	}
	if sel == nil {
		sel = vec.Identity[:n]
	}
	return f.run(cols[t.from[f.Column]], sel, t.other(sel)), nil
}

// begin sets the partition columns of a split and reports whether its rows can
// pass the filters that look at nothing else.
func (t *thread) begin(sp *catalog.Split) (bool, error) {
	for i := range t.partition {
		v := &t.partition[i]
		v.Reset(t.node.Scan.Schema[t.node.Scan.Partition[i]].Type)
		v.SetConst(1).Put(0, sp.Partition[i])
	}
	t.out.Cols = t.out.Cols[:0]
	for _, p := range t.from {
		if p < 0 {
			t.out.Cols = append(t.out.Cols, &t.partition[-1-p])
		} else {
			t.out.Cols = append(t.out.Cols, nil)
		}
	}
	for _, p := range t.parts {
		sel, err := t.run(p, t.out.Cols, 1, nil)
		if err != nil || len(sel) == 0 {
			return false, err
		}
	}
	for _, f := range t.runtime {
		if f.look(t.env.Filters); f.filter == nil {
			continue
		}
		if f.filter.Empty() {
			return false, nil
		}
		if p := t.from[f.Column]; p < 0 && len(f.filter.Filter(&t.partition[-1-p], vec.Identity[:1], t.other(nil))) == 0 {
			return false, nil
		}
	}
	return true, nil
}

// filters are what the reader is given: the pushed filters, then for every
// filter of a join its bounds, by which readers skip data; running it is running the join's filter.
func (t *thread) filters() []expr.Expr {
	if len(t.runtime) == 0 {
		return t.Source.pushed
	}
	out := append([]expr.Expr(nil), t.Source.pushed...)
	for _, f := range t.runtime {
		p := t.from[f.Column]
		if f.filter == nil || p < 0 {
			continue
		}
		c := t.data[t.cols[p]]
		ref := &expr.Ref{Index: p, Name: c.Name, T: c.Type, Null: c.Nullable}
		e := expr.Expr(&expr.Not{Arg: &expr.IsNull{Arg: ref}})
		if lo, hi := f.filter.Bounds(); lo != nil && hi != nil {
			e = &expr.And{Args: []expr.Expr{
				&expr.Compare{Op: expr.Ge, Left: ref, Right: &expr.Literal{Value: lo, T: c.Type}},
				&expr.Compare{Op: expr.Le, Left: ref, Right: &expr.Literal{Value: hi, T: c.Type}},
			}}
		}
		out = append(out, e)
	}
	return out
}

// active returns the ith of the runtime filters that filters passed on.
func (t *thread) active(i int) *runtimeFilter {
	for _, f := range t.runtime {
		if f.filter == nil || t.from[f.Column] < 0 {
			continue
		}
		if i == 0 {
			return f
		}
		i--
	}
	return nil
}

// deliver yields a batch of the reader with the partition columns put in.
func (t *thread) deliver(ctx context.Context, b *vec.Batch, sel []uint16, yield func(*vec.Batch, error) bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	for i, p := range t.from {
		if p >= 0 {
			t.out.Cols[i] = b.Cols[p]
		} else {
			t.partition[-1-p].SetLen(b.N)
		}
	}
	t.out.N = b.N
	for _, p := range t.mixed {
		var err error
		if sel, err = t.run(p, t.out.Cols, b.N, sel); err != nil {
			return false, err
		}
	}
	if sel != nil && len(sel) == b.N {
		sel = nil
	}
	t.out.Sel = sel
	rows := t.out.Rows()
	if rows == 0 {
		return true, nil
	}
	if t.node.Limit >= 0 {
		t.rows.Add(int64(rows))
	}
	return yield(&t.out, nil), nil
}

// count delivers rows of which no file column is wanted.
func (t *thread) count(ctx context.Context, rows int64, yield func(*vec.Batch, error) bool) (bool, error) {
	b := vec.Batch{}
	for rows > 0 && !t.full() {
		b.N = int(min(rows, int64(t.env.BatchSize)))
		rows -= int64(b.N)
		if ok, err := t.deliver(ctx, &b, nil, yield); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}
