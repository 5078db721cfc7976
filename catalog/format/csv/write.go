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
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Extension is .csv and that of the compression.
func (Format) Extension(opts format.Options) string { return ".csv" + textfile.Extension(opts) }

// record writes fields of records. A value is quoted if it has the separator,
// a quote or a line break in it, or with quoteAll; quotes inside are escaped.
type record struct {
	o        *options
	schema   types.Schema
	quoteAll bool
	escapeQ  bool
	ltrim    bool
	rtrim    bool
	empty    string // what stands for the empty string
	given    bool   // by an option, so that it is quoted where it must be
	cell     []byte
	binary   string // style of BINARY values, see textvalue.BinaryText
}

func newRecord(schema types.Schema, opts format.Options, use calendar.Use) (record, error) {
	o, err := parseOptions(opts, use)
	if err != nil {
		return record{}, err
	}
	for _, f := range schema {
		if err := o.times.Err(f.Type); err != nil {
			return record{}, err
		}
	}
	if s, ok := opts["linesep"]; ok && len([]rune(s)) > 2 {
		return record{}, sqlerr.New(sqlerr.LineSepTooLong, "Invalid value for 'lineSep': '%s'. 'lineSep' can contain only 1 character.", s)
	}
	p := &parser{opts: opts}
	r := record{
		o: o, schema: schema, quoteAll: p.bool("quoteAll", false), escapeQ: p.bool("escapeQuotes", true),
		ltrim: p.bool("ignoreLeadingWhiteSpace", true), rtrim: p.bool("ignoreTrailingWhiteSpace", true), empty: `""`,
	}
	if s, ok := opts["emptyvalue"]; ok {
		r.empty, r.given = s, true
	}
	return r, p.err
}

// writer writes one file.
type writer struct {
	record
	out     *textfile.Writer
	lineSep string
}

// Create starts a file, with a header if the option header is set.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	r, err := newRecord(schema, opts, calendar.Use{})
	if err != nil {
		return nil, err
	}
	if err := supported(schema, r.o); err != nil {
		return nil, err
	}
	c := &writer{record: r, lineSep: text(opts, "linesep", "\n")}
	if c.out, err = textfile.NewWriter(w, opts); err != nil {
		return nil, err
	}
	if r.o.header {
		for i, f := range schema {
			if i > 0 {
				c.out.Buf = append(c.out.Buf, r.o.sep...)
			}
			c.out.Buf = c.put(c.out.Buf, []byte(f.Name))
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
			w.out.Buf = w.value(w.out.Buf, c, w.schema[k].Type, int(i))
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

// value writes one field to b.
func (w *record) value(b []byte, v *vec.Vec, t types.Type, row int) []byte {
	if v.Null(row) {
		if w.quoteAll || w.o.null != "" && w.needsQuotes([]byte(w.o.null)) {
			return w.quoted(b, []byte(w.o.null))
		}
		return append(b, w.o.null...)
	}
	base, i := v.Base(), v.Index(row)
	cell := w.cell[:0]
	switch s := t.Storage(); {
	case t.Kind.IsNested(), t.Kind.IsInterval():
		cell = w.appendNested(cell, v.Get(row), t)
	case s == types.StoreBool:
		cell = strconv.AppendBool(cell, vec.Data[bool](base)[i])
	case s == types.StoreInt8:
		cell = strconv.AppendInt(cell, int64(vec.Data[int8](base)[i]), 10)
	case s == types.StoreInt16:
		cell = strconv.AppendInt(cell, int64(vec.Data[int16](base)[i]), 10)
	case s == types.StoreInt32:
		cell = w.int32(cell, t, vec.Data[int32](base)[i])
	case s == types.StoreInt64:
		cell = w.int64(cell, t, vec.Data[int64](base)[i])
	case s == types.StoreInt128:
		cell = textvalue.AppendDecimal(cell, vec.Data[types.Int128](base)[i], int(t.S))
	case s == types.StoreFloat32:
		cell = textvalue.AppendFloat(cell, float64(vec.Data[float32](base)[i]), 32)
	case s == types.StoreFloat64:
		cell = textvalue.AppendFloat(cell, vec.Data[float64](base)[i], 64)
	case t.Kind == types.Binary && w.binary != "":
		cell = append(cell, textvalue.BinaryText(vec.Data[string](base)[i], w.binary)...)
	case s == types.StoreString:
		cell = append(cell, vec.Data[string](base)[i]...)
	}
	w.cell = cell
	return w.put(b, cell)
}

func (w *record) int32(cell []byte, t types.Type, x int32) []byte {
	if t.Kind != types.Date {
		return strconv.AppendInt(cell, int64(x), 10)
	}
	return w.o.times.AppendDate(cell, x)
}

func (w *record) int64(cell []byte, t types.Type, x int64) []byte {
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

// put writes one cell to b, quoted if need be.
func (w *record) put(b, cell []byte) []byte {
	for w.ltrim && len(cell) > 0 && cell[0] <= ' ' {
		cell = cell[1:]
	}
	for w.rtrim && len(cell) > 0 && cell[len(cell)-1] <= ' ' {
		cell = cell[:len(cell)-1]
	}
	if len(cell) == 0 {
		if cell = []byte(w.empty); !w.given || len(cell) == 0 {
			return append(b, cell...)
		}
	}
	if w.quoteAll || w.needsQuotes(cell) {
		return w.quoted(b, cell)
	}
	return append(b, cell...)
}

// quoted writes a cell in quotes, if there are quotes.
func (w *record) quoted(b, cell []byte) []byte {
	q := w.o.quote
	if q == 0 {
		return append(b, cell...)
	}
	b = append(b, q)
	for _, c := range cell {
		if c == q && w.o.escape != 0 {
			b = append(b, w.o.escape)
		} else if c == w.o.escape && w.o.escapeEscape != 0 {
			b = append(b, w.o.escapeEscape)
		}
		b = append(b, c)
	}
	return append(b, q)
}

func (w *record) needsQuotes(cell []byte) bool {
	s := textfile.Text(cell)
	return strings.Contains(s, w.o.sep) || strings.ContainsAny(s, "\r\n") || w.escapeQ && strings.IndexByte(s, w.o.quote) >= 0 ||
		w.o.comment != 0 && s != "" && s[0] == w.o.comment
}
