package session

import (
	"context"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/types"
)

// Result is what a statement gives.
type Result struct {
	Schema types.Schema
	// Rows is single-use; batches are lent. A Result must be read, if only to
	// break off at once.
	Rows vec.Stream
	// Brief is that of Running.
	Brief bool
	// Parts are the same rows in partitions, to be read in place of Rows; nil if there are none.
	Parts *Parts
	// Query says that the rows are those of a query; commands give small
	// tables of their own, or none.
	Query bool
	// Settings are those the statement ran with: time zone and styles of display.
	Settings *settings.Snapshot
	// Still is the error of rights that the rows were read with and that have been
	// taken or changed since; nil: nobody asks for rights.
	Still func(ctx context.Context) error
	// Written counts what an INSERT or CREATE TABLE AS stored.
	Written *Written
	// Progress tells how far the job behind Rows is; nil if nothing is known.
	Progress func() Progress
}

// until has end called when the rows are over or given up, and gives errors
// among them the text their places are in. What a command gives is there
// already: nothing runs any more.
func (r *Result) until(end func(), text string) *Result {
	if !r.Query {
		end()
		return r
	}
	rows := r.Rows
	r.Rows = func(yield func(*vec.Batch, error) bool) {
		defer end()
		rows(func(b *vec.Batch, err error) bool { return yield(b, placed(err, text)) })
	}
	r.Parts = r.Parts.mapped(func(err error) error { return placed(err, text) }, end)
	return r
}

// mapped has errors changed, and end called when the partitions are closed. p may be nil.
func (p *Parts) mapped(change func(error) error, end func()) *Parts {
	if p == nil {
		return nil
	}
	out := *p
	out.Ready = func(ctx context.Context) error { return change(p.Ready(ctx)) }
	mapped := func(rows vec.Stream) vec.Stream {
		return func(yield func(*vec.Batch, error) bool) {
			rows(func(b *vec.Batch, err error) bool { return yield(b, change(err)) })
		}
	}
	out.Open = func(ctx context.Context, i int) vec.Stream { return mapped(p.Open(ctx, i)) }
	if p.Rest != nil {
		out.Rest = func(ctx context.Context, i int, handle, ticket []byte, rows int64) vec.Stream {
			return mapped(p.Rest(ctx, i, handle, ticket, rows))
		}
	}
	out.Close = func() {
		p.Close()
		end()
	}
	return &out
}

// Written counts what a statement stored.
type Written struct{ Files, Rows, Bytes int64 }

// empty is the result of a command that shows nothing.
func empty() *Result { return table(nil) }

// table is a small result in memory.
func table(schema types.Schema, rows ...[]types.Datum) *Result {
	return &Result{Schema: schema, Rows: func(yield func(*vec.Batch, error) bool) {
		const size = 1024
		for from := 0; from < len(rows); from += size {
			part := rows[from:min(from+size, len(rows))]
			b := &vec.Batch{N: len(part)}
			for c, f := range schema {
				col := make([]types.Datum, len(part))
				for i, r := range part {
					col[i] = r[c]
				}
				b.Cols = append(b.Cols, vec.FromDatums(f.Type, col...))
			}
			if !yield(b, nil) {
				return
			}
		}
	}}
}

// strs is a schema of STRING columns.
func strs(names ...string) types.Schema {
	var s types.Schema
	for _, n := range names {
		s = append(s, types.Field{Name: n, Type: types.StringType, Nullable: true})
	}
	return s
}

// row makes a row of strings.
func row(cells ...string) []types.Datum {
	out := make([]types.Datum, len(cells))
	for i, c := range cells {
		out[i] = c
	}
	return out
}

// Collect reads all rows of a result.
func (r *Result) Collect() ([][]types.Datum, error) {
	var out [][]types.Datum
	for b, err := range r.Rows {
		if err != nil {
			return nil, err
		}
		for _, i := range b.Selection() {
			row := make([]types.Datum, len(b.Cols))
			for c, v := range b.Cols {
				row[c] = types.Own(v.Get(int(i)))
			}
			out = append(out, row)
		}
	}
	return out, nil
}
