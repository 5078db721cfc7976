package csv

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// appendNested writes an array [1, 2], map {k -> v} or struct {1, a} as Spark
// writes them in a field: what is NULL is left out.
func (w *record) appendNested(b []byte, d types.Datum, t types.Type) []byte {
	switch d := d.(type) {
	case types.MapDatum:
		b = append(b, '{')
		for i, k := range d.Keys {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(w.appendNested(b, k, t.Key()), " ->"...)
			if d.Values[i] != nil {
				b = w.appendNested(append(b, ' '), d.Values[i], t.Value())
			}
		}
		return append(b, '}')
	case []types.Datum:
		open, shut := byte('['), byte(']')
		if t.Kind == types.Struct {
			open, shut = '{', '}'
		}
		b = append(b, open)
		for i, x := range d {
			if i > 0 {
				b = append(b, ',')
			}
			if x == nil {
				continue
			}
			if i > 0 {
				b = append(b, ' ')
			}
			f := t.Children()[0]
			if t.Kind == types.Struct {
				f = t.Children()[i]
			}
			b = w.appendNested(b, x, f.Type)
		}
		return append(b, shut)
	}
	return append(b, cast.Text(d, t, w.o.times.Zone)...)
}

// fillText reads a column by the cast from text, for types that files have no form of.
func (r *reader) fillText(c *column, n int) {
	in := vec.New(types.StringType, 0)
	vec.SetData(in, c.raw[:n])
	c.v.Resize(n)
	kernel, err := cast.Kernel(types.StringType, c.field.Type, expr.CastTry)
	var one [1]uint16
	for i, s := range c.raw[:n] {
		if s == r.o.null {
			c.v.SetNull(i)
			continue
		}
		one[0] = uint16(i)
		if err != nil || kernel(&function.Context{}, []*vec.Vec{in}, one[:], &c.v) != nil || c.v.Null(i) {
			c.v.SetNull(i)
			r.bad[i], r.anyBad = true, true
		}
	}
}
