package csv

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Decoder reads texts of one record each, wherever they come from. It belongs
// to one thread.
type Decoder struct {
	r    reader
	fail bool
	out  []*vec.Vec
}

// NewDecoder returns a decoder of records with the fields of schema. The
// options are those of files; what is about files alone has no effect.
func NewDecoder(schema types.Schema, opts format.Options, legacy bool) (*Decoder, error) {
	o, err := parseOptions(opts, calendar.Use{Reading: true, Legacy: legacy})
	if err != nil {
		return nil, err
	}
	o.layout.Whole, o.header = false, false
	for _, f := range schema {
		if f.Type.Kind.IsNested() {
			return nil, sqlerr.New(sqlerr.UnsupportedDatatype, "Unsupported data type \"%s\".", f.Type.SQL())
		}
		if err := o.times.Err(f.Type); err != nil {
			return nil, err
		}
	}
	d := &Decoder{r: reader{o: o, req: format.ReadRequest{Schema: schema}, tok: newTokenizer(o)}, fail: o.mode == failFast}
	for i := range schema {
		d.r.req.Cols = append(d.r.req.Cols, i)
	}
	if err := d.r.layout(nil); err != nil {
		return nil, err
	}
	d.out = make([]*vec.Vec, len(schema))
	return d, nil
}

// Decode reads records. It returns a vector a field with a row a text, valid
// until the next call. Fields that do not fit are NULL, or with the mode
// FAILFAST the error MALFORMED_RECORD_IN_PARSING.
func (d *Decoder) Decode(texts []string) ([]*vec.Vec, error) {
	r, n := &d.r, len(texts)
	if n >= r.size {
		r.size = n + 1 // take flushes a full batch
		r.bad = make([]bool, r.size)
		for i := range r.cols {
			r.cols[i].raw = make([]string, r.size)
		}
	}
	r.rows, r.lines, r.anyBad = 0, r.lines[:0], false
	r.tok.scratch = nil // results of the last call may be in use still
	clear(r.bad)
	for _, s := range texts {
		b := unsafe.Slice(unsafe.StringData(s), len(s))
		if r.tok.fields = r.tok.fields[:0]; r.o.comment == 0 || s == "" || s[0] != r.o.comment {
			r.tok.record(b, true)
		}
		if err := r.take(b); err != nil {
			return nil, err
		}
	}
	for i := range r.cols {
		if c := &r.cols[i]; !c.corrupt {
			r.convert(c, n)
		}
	}
	if d.fail && r.anyBad {
		for i, bad := range r.bad[:n] {
			if bad {
				return nil, sqlerr.New(sqlerr.MalformedRecord, "Malformed records are detected in record parsing: [%s]. Parse Mode: FAILFAST.", shorten(r.lines[i])).
					WithHint("To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.")
			}
		}
	}
	for i := range r.cols {
		c := &r.cols[i]
		if c.corrupt {
			r.corruptColumn(c, n)
		}
		d.out[i] = &c.v
	}
	return d.out, nil
}

// Encoder writes records as text without line ends. It belongs to one thread.
type Encoder struct{ w record }

// NewEncoder returns an encoder of records with the fields of schema, by the
// options of files. BINARY values are written in a style of textvalue.BinaryText.
func NewEncoder(schema types.Schema, opts format.Options, legacy bool, binary string) (*Encoder, error) {
	w, err := newRecord(schema, opts, calendar.Use{Legacy: legacy})
	w.binary = binary
	return &Encoder{w}, err
}

// Append writes a row of columns to b.
func (e *Encoder) Append(b []byte, cols []*vec.Vec, row int) []byte {
	for k, c := range cols {
		if k > 0 {
			b = append(b, e.w.o.sep...)
		}
		b = e.w.value(b, c, e.w.schema[k].Type, row)
	}
	return b
}

// InferRecord is the schema of one record, as the option inferSchema finds it.
func InferRecord(text string, opts format.Options) (types.Schema, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	o.layout.Whole = false
	t := newTokenizer(o)
	t.record([]byte(text), true)
	out := make(types.Schema, len(t.fields))
	for i, s := range t.fields {
		out[i] = types.Field{Name: fmt.Sprintf("_c%d", i), Type: types.StringType, Nullable: true}
		if s != "" && s != o.null {
			out[i].Type = narrow(types.NullType, strings.Clone(s), o)
		}
	}
	return out, nil
}
