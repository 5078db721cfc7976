package output

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// jsonWriter writes an array of objects, or an object a line. Numbers are JSON
// numbers (decimals too, NaN and infinities are strings), binary is base64,
// dates, timestamps and intervals are strings.
type jsonWriter struct {
	w     *bufio.Writer
	o     Options
	lines bool
	n     int64
}

func (j *jsonWriter) header(types.Schema) error {
	if !j.lines {
		return j.w.WriteByte('[')
	}
	return nil
}

func (j *jsonWriter) batch(s types.Schema, b *vec.Batch) error {
	for _, row := range b.Selection() {
		if !j.lines {
			if j.n > 0 {
				j.w.WriteByte(',')
			}
			j.w.WriteString("\n ")
		}
		j.n++
		j.w.WriteByte('{')
		for i, c := range b.Cols {
			if i > 0 {
				j.w.WriteByte(',')
			}
			j.text(s[i].Name)
			j.w.WriteByte(':')
			j.value(c.Get(int(row)), s[i].Type)
		}
		j.w.WriteByte('}')
		if j.lines {
			j.w.WriteByte('\n')
		}
	}
	return nil
}

func (j *jsonWriter) end(int64) error {
	if !j.lines {
		if j.n > 0 {
			j.w.WriteByte('\n')
		}
		j.w.WriteString("]\n")
	}
	return nil
}

func (j *jsonWriter) text(s string) {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	b, _ := json.Marshal(s) // a string always has a JSON form
	j.w.Write(b)
}

func (j *jsonWriter) value(d types.Datum, t types.Type) {
	if d == nil {
		j.w.WriteString("null")
		return
	}
	switch t.Kind {
	case types.Bool:
		j.w.WriteString(strconv.FormatBool(d.(bool)))
	case types.Int8, types.Int16, types.Int32, types.Int64:
		j.w.WriteString(strconv.FormatInt(d.(int64), 10))
	case types.Float32, types.Float64:
		f := d.(float64)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			j.text(cast.Format(d, t, j.o.Zone))
			return
		}
		bits := 64
		if t.Kind == types.Float32 {
			bits = 32
		}
		j.w.WriteString(strconv.FormatFloat(f, 'g', -1, bits))
	case types.Decimal:
		j.w.WriteString(cast.Format(d, t, j.o.Zone))
	case types.Binary:
		j.text(base64.StdEncoding.EncodeToString([]byte(d.(string))))
	case types.String:
		j.text(d.(string))
	case types.Array:
		j.w.WriteByte('[')
		for i, x := range d.([]types.Datum) {
			if i > 0 {
				j.w.WriteByte(',')
			}
			j.value(x, t.Elem())
		}
		j.w.WriteByte(']')
	case types.Struct:
		j.w.WriteByte('{')
		for i, x := range d.([]types.Datum) {
			if i > 0 {
				j.w.WriteByte(',')
			}
			j.text(t.Children()[i].Name)
			j.w.WriteByte(':')
			j.value(x, t.Children()[i].Type)
		}
		j.w.WriteByte('}')
	case types.Map:
		m := d.(types.MapDatum)
		j.w.WriteByte('{')
		for i, k := range m.Keys {
			if i > 0 {
				j.w.WriteByte(',')
			}
			j.text(cast.Format(k, t.Key(), j.o.Zone))
			j.w.WriteByte(':')
			j.value(m.Values[i], t.Value())
		}
		j.w.WriteByte('}')
	default:
		j.text(cast.Format(d, t, j.o.Zone))
	}
}
