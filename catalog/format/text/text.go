// Package text is the format of plain lines: one column, value, a row a line.
package text

import (
	"context"
	"errors"
	"io"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Format is the text format. Options: wholetext (a row a file), lineSep,
// encoding, compression.
type Format struct{}

// New returns the format.
func New() format.Format { return Format{} }

// Name is "text".
func (Format) Name() string { return "text" }

// Infer returns the one column.
func (Format) Infer(context.Context, store.Store, []store.File, format.Options) (types.Schema, error) {
	return types.Schema{{Name: "value", Type: types.StringType, Nullable: true}}, nil
}

func layout(opts format.Options) (l textfile.Layout, whole bool, err error) {
	if l, err = textfile.ParseLayout(opts); err != nil {
		return l, false, err
	}
	whole, err = textfile.Bool(opts, "wholetext", false)
	l.Whole = whole
	return l, whole, err
}

// Splits cuts by size.
func (Format) Splits(_ context.Context, _ store.Store, f store.File, _ types.Schema, _ []expr.Expr, opts format.Options) ([]catalog.Split, error) {
	l, _, err := layout(opts)
	if err != nil {
		return nil, err
	}
	return l.Splits(f), nil
}

// Stats are unknown.
func (Format) Stats(context.Context, store.Store, store.File, types.Schema, format.Options) (*catalog.Stats, error) {
	return nil, nil
}

// Open reads the lines of a split.
func (Format) Open(ctx context.Context, r format.ReadRequest) (vec.Stream, error) {
	l, whole, err := layout(r.Options)
	if err != nil {
		return nil, err
	}
	if len(r.Schema) > 1 || len(r.Schema) == 1 && r.Schema[0].Type.Kind != types.String {
		return nil, sqlerr.New(sqlerr.UnsupportedDatatype, "The Text datasource has one STRING column and cannot be read as another schema.")
	}
	return func(yield func(*vec.Batch, error) bool) {
		in, err := textfile.Open(ctx, r.Store, r.Split, l, r.Account)
		if err != nil {
			yield(nil, err)
			return
		}
		defer in.Close()
		d := delivery{cols: len(r.Cols), size: r.BatchSize, yield: yield}
		if whole {
			err = d.whole(in)
		} else {
			err = d.lines(ctx, in, l)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			yield(nil, err)
		}
	}, nil
}

// delivery makes batches of strings.
type delivery struct {
	cols, size int
	vals       []string
	batch      vec.Batch
	yield      func(*vec.Batch, error) bool
}

// flush yields what has gathered and reports whether to go on.
func (d *delivery) flush() bool {
	if len(d.vals) == 0 {
		return true
	}
	d.batch = vec.Batch{N: len(d.vals)}
	for range d.cols {
		v := &vec.Vec{Type: types.StringType}
		vec.SetData(v, d.vals)
		d.batch.Cols = append(d.batch.Cols, v)
	}
	ok := d.yield(&d.batch, nil)
	d.vals = d.vals[:0]
	return ok
}

func (d *delivery) lines(ctx context.Context, in *textfile.Reader, l textfile.Layout) error {
	for {
		block, err := in.Next(0)
		if err != nil {
			return err
		}
		for len(block) > 0 {
			var line []byte
			line, block = l.CutLine(block)
			if d.vals = append(d.vals, textfile.Text(line)); len(d.vals) == d.size {
				if err := ctx.Err(); err != nil {
					return err
				}
				if !d.flush() {
					return nil
				}
			}
		}
		if !d.flush() {
			return nil
		}
	}
}

func (d *delivery) whole(in *textfile.Reader) error {
	text, last, err := "", 0, error(nil)
	for {
		var block []byte
		if block, err = in.Next(last); err != nil {
			break
		}
		text, last = textfile.Text(block), len(block)
	}
	if errors.Is(err, io.EOF) {
		d.vals = append(d.vals, text)
		d.flush()
	}
	return err
}

// Create writes a line a row. The schema is one STRING column.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	if len(schema) != 1 {
		return nil, sqlerr.New(sqlerr.UnsupportedDatatype, "Text data source supports only a single column, and you have %d columns.", len(schema))
	}
	if schema[0].Type.Kind != types.String {
		return nil, sqlerr.New(sqlerr.UnsupportedDatatype, "The Text datasource doesn't support the column `%s` of the type %s.", schema[0].Name, schema[0].Type.SQL())
	}
	out, err := textfile.NewWriter(w, opts)
	if err != nil {
		return nil, err
	}
	sep := opts["linesep"]
	if sep == "" {
		sep = "\n"
	}
	return &writer{out: out, sep: sep}, nil
}

type writer struct {
	out *textfile.Writer
	sep string
}

func (w *writer) Write(b *vec.Batch) error {
	c := b.Cols[0]
	for _, i := range b.Selection() {
		if !c.Null(int(i)) {
			w.out.Buf = append(w.out.Buf, vec.Data[string](c.Base())[c.Index(int(i))]...)
		}
		w.out.Buf = append(w.out.Buf, w.sep...)
		if err := w.out.Spill(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) Close() error { return w.out.Close() }
func (w *writer) Bytes() int64 { return w.out.Bytes() }

// Extension is .txt and that of the compression.
func (Format) Extension(opts format.Options) string { return ".txt" + textfile.Extension(opts) }
