package csv

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

// Extension is .csv and that of the compression.
func (Format) Extension(opts format.Options) string { return ".csv" + textfile.Extension(opts) }

// writer writes one file. A value is quoted if it has the separator, a quote
// or a line break in it, or with quoteAll; quotes inside are escaped.
type writer struct {
	out      *textfile.Writer
	o        *options
	schema   types.Schema
	quoteAll bool
	escapeQ  bool
	ltrim    bool
	rtrim    bool
	lineSep  string
	empty    string
	cell     []byte
}

// Create starts a file, with a header if the option header is set.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	o, err := parseOptions(opts, calendar.Use{})
	if err != nil {
		return nil, err
	}
	if err := supported(schema, o); err != nil {
		return nil, err
	}
	p := &parser{opts: opts}
	c := &writer{
		o: o, schema: schema, quoteAll: p.bool("quoteall", false), escapeQ: p.bool("escapequotes", true),
		ltrim: p.bool("ignoreleadingwhitespace", true), rtrim: p.bool("ignoretrailingwhitespace", true),
		lineSep: text(opts, "linesep", "\n"), empty: text(opts, "emptyvalue", `""`),
	}
	if p.err != nil {
		return nil, p.err
	}
	if c.out, err = textfile.NewWriter(w, opts); err != nil {
		return nil, err
	}
	if o.header {
		for i, f := range schema {
			if i > 0 {
				c.out.Buf = append(c.out.Buf, o.sep...)
			}
			c.put([]byte(f.Name))
		}
		c.out.Buf = append(c.out.Buf, c.lineSep...)
	}
	return c, nil
}

// Write writes the alive rows of b.
func (w *writer) Write(b *vec.Batch) error {
	for _, i := range b.Selection() {
		for k, c := range b.Cols {
			if k > 0 {
				w.out.Buf = append(w.out.Buf, w.o.sep...)
			}
			w.value(c, w.schema[k].Type, int(i))
		}
		w.out.Buf = append(w.out.Buf, w.lineSep...)
		if err := w.out.Spill(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) Close() error { return w.out.Close() }
func (w *writer) Bytes() int64 { return w.out.Bytes() }

func (w *writer) value(v *vec.Vec, t types.Type, row int) {
	if v.Null(row) {
		w.out.Buf = append(w.out.Buf, w.o.null...)
		return
	}
	b, i := v.Base(), v.Index(row)
	cell := w.cell[:0]
	switch t.Storage() {
	case types.StoreBool:
		cell = strconv.AppendBool(cell, vec.Data[bool](b)[i])
	case types.StoreInt8:
		cell = strconv.AppendInt(cell, int64(vec.Data[int8](b)[i]), 10)
	case types.StoreInt16:
		cell = strconv.AppendInt(cell, int64(vec.Data[int16](b)[i]), 10)
	case types.StoreInt32:
		cell = w.int32(cell, t, vec.Data[int32](b)[i])
	case types.StoreInt64:
		cell = w.int64(cell, t, vec.Data[int64](b)[i])
	case types.StoreInt128:
		cell = textvalue.AppendDecimal(cell, vec.Data[types.Int128](b)[i], int(t.S))
	case types.StoreFloat32:
		cell = textvalue.AppendFloat(cell, float64(vec.Data[float32](b)[i]), 32)
	case types.StoreFloat64:
		cell = textvalue.AppendFloat(cell, vec.Data[float64](b)[i], 64)
	case types.StoreString:
		cell = append(cell, vec.Data[string](b)[i]...)
	}
	w.cell = cell
	w.put(cell)
}

func (w *writer) int32(cell []byte, t types.Type, x int32) []byte {
	if t.Kind != types.Date {
		return strconv.AppendInt(cell, int64(x), 10)
	}
	return w.o.times.AppendDate(cell, x)
}

func (w *writer) int64(cell []byte, t types.Type, x int64) []byte {
	switch t.Kind {
	case types.Timestamp:
		return w.o.times.AppendStamp(cell, x)
	case types.TimestampNTZ:
		return w.o.times.AppendNTZ(cell, x)
	case types.Time:
		return w.o.times.AppendClock(cell, x)
	case types.Decimal:
		return textvalue.AppendDecimal(cell, types.Int128From(x), int(t.S))
	}
	return strconv.AppendInt(cell, x, 10)
}

// put writes one cell, quoted if need be.
func (w *writer) put(cell []byte) {
	for w.ltrim && len(cell) > 0 && cell[0] <= ' ' {
		cell = cell[1:]
	}
	for w.rtrim && len(cell) > 0 && cell[len(cell)-1] <= ' ' {
		cell = cell[:len(cell)-1]
	}
	if len(cell) == 0 {
		w.out.Buf = append(w.out.Buf, w.empty...)
		return
	}
	q := w.o.quote
	if q == 0 || !w.quoteAll && !w.needsQuotes(cell) {
		w.out.Buf = append(w.out.Buf, cell...)
		return
	}
	w.out.Buf = append(w.out.Buf, q)
	for _, c := range cell {
		if c == q && w.o.escape != 0 {
			w.out.Buf = append(w.out.Buf, w.o.escape)
		} else if c == w.o.escape && w.o.escapeEscape != 0 {
			w.out.Buf = append(w.out.Buf, w.o.escapeEscape)
		}
		w.out.Buf = append(w.out.Buf, c)
	}
	w.out.Buf = append(w.out.Buf, q)
}

func (w *writer) needsQuotes(cell []byte) bool {
	s := textfile.Text(cell)
	return strings.Contains(s, w.o.sep) || strings.ContainsAny(s, "\r\n") || w.escapeQ && strings.IndexByte(s, w.o.quote) >= 0 ||
		w.o.comment != 0 && s[0] == w.o.comment
}
