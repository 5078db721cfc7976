package session

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/exec/feed"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// TakesBatches reports whether RunBatch takes the statement: an INSERT of VALUES.
func (p *Prepared) TakesBatches() bool { return bind.BatchRows(p.st) > 0 }

// RunBatch runs the statement for all rows of params as one: what they make is
// written as a whole or not at all. place[i] is the column of parameter i; nil:
// in order. params has at least one record; all are of one schema.
func (p *Prepared) RunBatch(ctx context.Context, params []arrow.RecordBatch, place []int) (*Result, error) {
	cols, err := arrowvec.FromSchema(params[0].Schema())
	if err != nil {
		return nil, err
	}
	if err := p.arity(len(cols)); err != nil {
		return nil, err
	}
	ctx, leave, err := p.s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	st := &statement{st: p.st, text: p.text, snap: p.s.Settings.Snapshot(), feeds: map[int32]flow.Source{}}
	for i := range cols { // what a client says of nullability binds nobody
		cols[i].Nullable = true
	}
	st.batch = &bind.Batch{Params: p.params, Cols: cols, Place: place}
	for slot := range bind.BatchRows(p.st) {
		src := feed.New(cols, func(yield func(arrow.RecordBatch, error) bool) {
			for _, rec := range params {
				if !yield(rec, nil) {
					return
				}
			}
		}, int(settings.BatchSize.Get(st.snap)))
		defer src.Close()
		st.feeds[int32(slot)] = src
	}
	r, err := p.s.insert(ctx, st, p.st.(*ast.Insert))
	if err != nil {
		return nil, placed(err, p.text)
	}
	r.Settings = st.snap
	return r, nil
}
