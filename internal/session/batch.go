package session

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/exec/feed"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// TakesBatches reports whether RunBatch takes the statement: an INSERT of
// VALUES, or one of a SELECT that computes row by row and does not read the table it writes.
func (p *Prepared) TakesBatches() bool { return p.batches }

func (p *Prepared) takesBatches(ctx context.Context) bool {
	if bind.BatchRows(p.st) > 0 {
		return true
	}
	if !bind.BatchSelect(p.st) {
		return false
	}
	cols := make(types.Schema, len(p.params))
	for i, x := range p.params {
		cols[i] = types.Field{Name: x.Name, Type: x.Type, Nullable: true}
	}
	st := &statement{st: p.st, text: p.text, snap: p.s.Settings.Snapshot(), batch: &bind.Batch{Params: p.params, Cols: cols}}
	in, err := p.s.bindInsert(ctx, st, p.st.(*ast.Insert))
	if err != nil || !in.plan.RowByRow() {
		return false
	}
	for _, t := range in.plan.Tables { // a row that is read may be one that was just written
		if t.Name() == in.tb.Name() || t.Info().Location != "" && t.Info().Location == in.tb.Info().Location {
			return false
		}
	}
	return true
}

// literals are the rows of records, as a plan holds them.
func literals(params []arrow.RecordBatch, size int) ([][]expr.Expr, error) {
	var out [][]expr.Expr
	for _, rec := range params {
		for b, err := range (&arrowvec.Decoder{}).Batches(rec, size) {
			if err != nil {
				return nil, err
			}
			for r := range b.Rows() {
				row := make([]expr.Expr, len(b.Cols))
				for i, c := range b.Cols {
					row[i] = &expr.Literal{Value: types.Own(c.Get(r)), T: c.Type}
				}
				out = append(out, row)
			}
		}
	}
	return out, nil
}

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
	slots := bind.BatchRows(p.st)
	if slots == 0 {
		if st.batch.Rows, err = literals(params, int(settings.BatchSize.Get(st.snap))); err != nil {
			return nil, err
		}
	}
	for slot := range slots {
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
	r, err := p.s.insert(st.zoned(ctx), st, p.st.(*ast.Insert))
	if err != nil {
		return nil, placed(err, p.text)
	}
	r.Settings = st.snap
	return r, nil
}
