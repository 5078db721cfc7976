package json

import (
	"context"
	"encoding/base64"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Extension is .json and that of the compression.
func (Format) Extension(opts format.Options) string { return ".json" + textfile.Extension(opts) }

// writer writes an object a line. Fields that are NULL are left out unless
// the option ignoreNullFields is false.
type writer struct {
	out    *textfile.Writer
	o      *options
	schema types.Schema
	names  [][]byte // `"name":`
}

// Create starts a file.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	o, err := parseOptions(opts, calendar.Use{})
	if err != nil {
		return nil, err
	}
	j := &writer{o: o, schema: schema}
	for _, f := range schema {
		if err := supported(f.Name, f.Type); err != nil {
			return nil, err
		}
		if err := o.times.Err(f.Type); err != nil {
			return nil, err
		}
		j.names = append(j.names, append(appendString(nil, f.Name), ':'))
	}
	j.out, err = textfile.NewWriter(w, opts)
	return j, err
}

func supported(name string, t types.Type) error {
	if t.Kind.IsInterval() {
		return sqlerr.New(sqlerr.UnsupportedFormatType, "The JSON datasource doesn't support the column `%s` of the type %s.", name, t.SQL())
	}
	for _, f := range t.Children() {
		if err := supported(name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

// Write writes the alive rows of b.
func (w *writer) Write(b *vec.Batch) error {
	for _, i := range b.Selection() {
		buf := append(w.out.Buf, '{')
		first := true
		for k, c := range b.Cols {
			if c.Null(int(i)) && w.o.ignoreNull {
				continue
			}
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = append(buf, w.names[k]...)
			buf = w.value(buf, c, w.schema[k].Type, int(i))
		}
		w.out.Buf = append(buf, "}\n"...)
		if err := w.out.Spill(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) Close() error { return w.out.Close() }
func (w *writer) Bytes() int64 { return w.out.Bytes() }

func (w *writer) value(buf []byte, v *vec.Vec, t types.Type, row int) []byte {
	if v.Null(row) {
		return append(buf, "null"...)
	}
	b, i := v.Base(), v.Index(row)
	if t.Kind.IsInterval() {
		return appendString(buf, cast.Text(v.Get(row), t, nil))
	}
	switch t.Storage() {
	case types.StoreBool:
		return strconv.AppendBool(buf, vec.Data[bool](b)[i])
	case types.StoreInt8:
		return strconv.AppendInt(buf, int64(vec.Data[int8](b)[i]), 10)
	case types.StoreInt16:
		return strconv.AppendInt(buf, int64(vec.Data[int16](b)[i]), 10)
	case types.StoreInt32:
		return w.int32(buf, t, vec.Data[int32](b)[i])
	case types.StoreInt64:
		return w.int64(buf, t, vec.Data[int64](b)[i])
	case types.StoreInt128:
		return textvalue.AppendDecimal(buf, vec.Data[types.Int128](b)[i], int(t.S))
	case types.StoreFloat32:
		return appendFloat(buf, float64(vec.Data[float32](b)[i]), 32)
	case types.StoreFloat64:
		return appendFloat(buf, vec.Data[float64](b)[i], 64)
	case types.StoreString:
		s := vec.Data[string](b)[i]
		if t.Kind == types.Binary {
			buf = append(buf, '"')
			buf = base64.StdEncoding.AppendEncode(buf, []byte(s))
			return append(buf, '"')
		}
		return appendString(buf, s)
	case types.StoreList:
		return w.list(buf, b, t, vec.Data[vec.List](b)[i])
	case types.StoreStruct:
		return w.object(buf, b, t, i)
	}
	return append(buf, "null"...)
}

func (w *writer) object(buf []byte, v *vec.Vec, t types.Type, i int) []byte {
	buf = append(buf, '{')
	first := true
	var members []written
	for k, f := range t.Children() {
		if v.Kids[k].Null(i) && w.o.ignoreNull {
			continue
		}
		if !first {
			buf = append(buf, ',')
		}
		first = false
		start := len(buf)
		buf = append(appendString(buf, f.Name), ':')
		buf = w.value(buf, v.Kids[k], f.Type, i)
		if w.o.sortKeys {
			members = append(members, written{f.Name, string(buf[start:])})
		}
	}
	return append(sorted(buf, members), '}')
}

// written is a member of an object: its name, and name and value as they are written.
type written struct{ name, text string }

// sorted puts the members that buf ends with, if they are given, into the order of their names.
func sorted(buf []byte, members []written) []byte {
	if len(members) < 2 {
		return buf
	}
	for _, m := range members {
		buf = buf[:len(buf)-len(m.text)]
	}
	buf = buf[:len(buf)-(len(members)-1)]
	slices.SortStableFunc(members, func(a, b written) int { return strings.Compare(a.name, b.name) })
	for i, m := range members {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, m.text...)
	}
	return buf
}

func (w *writer) list(buf []byte, v *vec.Vec, t types.Type, l vec.List) []byte {
	if t.Kind == types.Array {
		buf = append(buf, '[')
		for j := l.Off; j < l.Off+l.Len; j++ {
			if j > l.Off {
				buf = append(buf, ',')
			}
			buf = w.value(buf, v.Kids[0], t.Elem(), int(j))
		}
		return append(buf, ']')
	}
	buf = append(buf, '{')
	var members []written
	for j := l.Off; j < l.Off+l.Len; j++ {
		if j > l.Off {
			buf = append(buf, ',')
		}
		start := len(buf)
		if t.Key().Kind.IsDatetime() { // not by the formats of values
			buf = appendString(buf, cast.Text(v.Kids[0].Get(int(j)), t.Key(), w.o.times.Zone))
		} else {
			buf = w.value(buf, v.Kids[0], t.Key(), int(j))
		}
		if buf[start] != '"' { // names are strings, whatever type the key has
			key := string(buf[start:])
			buf = appendString(buf[:start], key)
		}
		name := len(buf)
		buf = append(buf, ':')
		buf = w.value(buf, v.Kids[1], t.Value(), int(j))
		if w.o.sortKeys {
			members = append(members, written{string(buf[start+1 : name-1]), string(buf[start:])})
		}
	}
	return append(sorted(buf, members), '}')
}

func (w *writer) int32(buf []byte, t types.Type, x int32) []byte {
	if t.Kind != types.Date {
		return strconv.AppendInt(buf, int64(x), 10)
	}
	return append(w.o.times.AppendDate(append(buf, '"'), x), '"')
}

func (w *writer) int64(buf []byte, t types.Type, x int64) []byte {
	switch t.Kind {
	case types.Timestamp:
		return append(w.o.times.AppendStamp(append(buf, '"'), x), '"')
	case types.TimestampNTZ:
		return append(w.o.times.AppendNTZ(append(buf, '"'), x), '"')
	case types.Time:
		return append(w.o.times.AppendClock(append(buf, '"'), x), '"')
	case types.Decimal:
		return textvalue.AppendDecimal(buf, types.Int128From(x), int(t.S))
	}
	return strconv.AppendInt(buf, x, 10)
}

// appendFloat writes what JSON has no number for as a string.
func appendFloat(buf []byte, f float64, size int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		buf = textvalue.AppendFloat(append(buf, '"'), f, size)
		return append(buf, '"')
	}
	return textvalue.AppendFloat(buf, f, size)
}

func appendString(buf []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	buf = append(buf, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			buf = append(buf, '\\', c)
		case c == '\n':
			buf = append(buf, `\n`...)
		case c == '\r':
			buf = append(buf, `\r`...)
		case c == '\t':
			buf = append(buf, `\t`...)
		case c == '\b':
			buf = append(buf, `\b`...)
		case c == '\f':
			buf = append(buf, `\f`...)
		case c < 0x20:
			buf = append(buf, `\u00`...)
			buf = append(buf, hex[c>>4], hex[c&15])
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			buf = utf8.AppendRune(buf, r)
			i += n - 1
		default:
			buf = append(buf, c)
		}
	}
	return append(buf, '"')
}
