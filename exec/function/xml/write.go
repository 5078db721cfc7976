package xml

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// writer writes values as XML, a line an element unless the indent is empty.
type writer struct {
	o      *options
	binary string // setting binaryOutputStyle
	b      []byte
	depth  int
}

// row is the text of a struct.
func (w *writer) row(v []types.Datum, t types.Type) (string, error) {
	w.b, w.depth = w.b[:0], 0
	err := w.element(w.o.rowTag, v, t)
	if w.o.indent == "" {
		w.b = append(w.b, '\n')
	}
	return strings.TrimPrefix(string(w.b), "\n"), err
}

func (w *writer) line() {
	if w.o.indent == "" {
		return
	}
	w.b = append(w.b, '\n')
	for range w.depth {
		w.b = append(w.b, w.o.indent...)
	}
}

// member is a field of a struct or an entry of a map.
type member struct {
	name string
	v    types.Datum
	t    types.Type
}

// element writes an element whose content is v, which is no array unless in one.
func (w *writer) element(name string, v types.Datum, t types.Type) error {
	if w.o.checkNames && !isName(name) {
		return sqlerr.New(sqlerr.InvalidParameterValue, "%q cannot be the name of an XML element or attribute.", name)
	}
	w.line()
	w.b = append(append(w.b, '<'), name...)
	if v == nil || !t.Kind.IsNested() {
		w.b = appendText(append(w.b, '>'), w.text(v, t))
		w.b = append(append(append(w.b, "</"...), name...), '>')
		return nil
	}
	var members []member
	switch t.Kind {
	case types.Struct:
		for i, f := range t.Children() {
			members = append(members, member{f.Name, v.([]types.Datum)[i], f.Type})
		}
	case types.Map:
		m := v.(types.MapDatum)
		for i, k := range m.Keys {
			members = append(members, member{cast.Text(k, t.Key(), w.o.times.Zone), m.Values[i], t.Value()})
		}
	case types.Array:
		for _, x := range v.([]types.Datum) {
			members = append(members, member{w.o.itemTag, x, t.Elem()})
		}
	}
	rest, err := w.attributes(members)
	if err != nil {
		return err
	}
	start := len(w.b)
	children, err := w.content(rest)
	switch {
	case err != nil:
		return err
	case len(w.b) == start:
		w.b = append(w.b, "/>"...)
		return nil
	case children:
		w.line()
	}
	w.b = append(append(append(w.b, "</"...), name...), '>')
	return nil
}

// attributes writes the members whose names have the prefix, and returns the others.
func (w *writer) attributes(members []member) (rest []member, err error) {
	p := w.o.attributePrefix
	for _, m := range members {
		name, is := strings.CutPrefix(m.name, p)
		if !is || name == "" || m.name == w.o.valueTag {
			rest = append(rest, m)
			continue
		}
		if m.v == nil && w.o.nullValue == nil {
			continue
		}
		if w.o.checkNames && !isName(name) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%q cannot be the name of an XML element or attribute.", name)
		}
		w.b = append(append(append(w.b, ' '), name...), `="`...)
		w.b = append(appendAttribute(w.b, w.text(m.v, m.t)), '"')
	}
	return rest, nil
}

// content writes the end of the start tag, texts and children; nothing if there are none.
func (w *writer) content(members []member) (children bool, err error) {
	opened := false
	w.depth++
	for _, m := range members {
		items := []types.Datum{m.v}
		t := m.t
		if t.Kind == types.Array && m.name != w.o.itemTag {
			list, _ := m.v.([]types.Datum)
			if t = t.Elem(); m.v != nil {
				items = list
			}
		}
		for _, v := range items {
			if v == nil && w.o.nullValue == nil {
				continue
			}
			if !opened {
				w.b = append(w.b, '>')
				opened = true
			}
			if m.name == w.o.valueTag {
				w.b = appendText(w.b, w.text(v, t))
				continue
			}
			children = true
			if err := w.element(m.name, v, t); err != nil {
				return children, err
			}
		}
	}
	w.depth--
	return children, nil
}

// text is a value as text, NULL as the option nullValue has it.
func (w *writer) text(v types.Datum, t types.Type) string {
	if v == nil {
		if w.o.nullValue == nil {
			return ""
		}
		return *w.o.nullValue
	}
	switch t.Kind {
	case types.Bool:
		return strconv.FormatBool(v.(bool))
	case types.Float32:
		return string(textvalue.AppendFloat(nil, v.(float64), 32))
	case types.Float64:
		return string(textvalue.AppendFloat(nil, v.(float64), 64))
	case types.Date:
		return string(w.o.times.AppendDate(nil, int32(v.(int64))))
	case types.Timestamp:
		return string(w.o.times.AppendStamp(nil, v.(int64)))
	case types.TimestampNTZ:
		return string(w.o.times.AppendNTZ(nil, v.(int64)))
	case types.Time:
		return string(w.o.times.AppendClock(nil, v.(int64)))
	case types.Binary:
		return textvalue.BinaryText(v.(string), w.binary)
	}
	return cast.Text(v, t, w.o.times.Zone)
}

// isName reports whether XML allows a name.
func isName(s string) bool {
	for i, c := range s {
		if !(c == '_' || c == ':' || unicode.IsLetter(c) || i > 0 && (c == '-' || c == '.' || unicode.In(c, unicode.Nd, unicode.M))) {
			return false
		}
	}
	return s != ""
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '>' && strings.HasSuffix(s[:i], "]]"):
			b = append(b, "&gt;"...)
		case c < ' ' && c != '\t' && c != '\n':
			b = fmt.Appendf(b, "&#x%x;", c)
		default:
			b = append(b, c)
		}
	}
	return b
}

func appendAttribute(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '"':
			b = append(b, "&quot;"...)
		case c < ' ':
			b = fmt.Appendf(b, "&#x%x;", c)
		default:
			b = append(b, c)
		}
	}
	return b
}
