package output

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"

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
	names []string // of columns, as JSON has them, with the colon
	cell  []byte
}

func (j *jsonWriter) header(s types.Schema) error {
	for _, f := range s {
		j.names = append(j.names, string(appendJSON(nil, f.Name))+":")
	}
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
			j.w.WriteString(j.names[i])
			if !c.Null(int(row)) {
				if k := s[i].Type.Kind; k == types.String {
					j.text(vec.Data[string](c.Base())[c.Index(int(row))])
					continue
				} else if k == types.Decimal || k.IsNumeric() && !k.IsFloat() {
					j.cell, _ = appendCell(j.cell[:0], c, int(row), s[i].Type, j.o.Zone)
					j.w.Write(j.cell)
					continue
				}
			}
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
	j.cell = appendJSON(j.cell[:0], s)
	j.w.Write(j.cell)
}

// appendJSON appends a string as JSON has it; bytes that are no UTF-8 become U+FFFD.
func appendJSON(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(b, '"'), s...), '"')
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.Encode(strings.ToValidUTF8(s, "\ufffd")) // a string always has a JSON form
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte{'\n'})...)
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
