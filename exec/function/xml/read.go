package xml

import (
	"errors"
	"strings"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/internal/types"
)

// errMismatch: a value does not fit its type.
var errMismatch = errors.New("a value does not fit its type")

// record reads a text into the fields of t. After an error row holds what came before it.
func (o *options) record(text string, t types.Type, row []types.Datum) error {
	root, err := o.parse(text)
	if err != nil {
		return err
	}
	return o.fields(root, t, row)
}

// fields reads attributes and children of e by name. Fields that repeat must be arrays, or the last one counts.
func (o *options) fields(e *element, t types.Type, row []types.Datum) error {
	fs := types.Schema(t.Children())
	for _, a := range e.attrs {
		if i := fs.Index(o.attributePrefix + a.name); i >= 0 {
			v, err := o.value(a.value, fs[i].Type)
			if err != nil {
				return err
			}
			row[i] = v
		}
	}
	for _, k := range e.kids {
		name := o.valueTag
		if k.el != nil {
			name = k.el.name
		} else if k.blank() {
			continue
		}
		i := fs.Index(name)
		if i < 0 {
			continue
		}
		ft := fs[i].Type
		many := ft.Kind == types.Array
		if many {
			ft = ft.Elem()
		}
		var v types.Datum
		var err error
		if k.el != nil {
			v, err = o.field(k.el, ft)
		} else {
			v, err = o.value(k.text, ft)
		}
		switch {
		case err != nil:
			return err
		case many:
			items, _ := row[i].([]types.Datum)
			row[i] = append(items, v)
		default:
			row[i] = v
		}
	}
	return nil
}

// field is the content of an element as a value of t.
func (o *options) field(e *element, t types.Type) (types.Datum, error) {
	kids := e.kids
	if t.Kind == types.String {
		if len(kids) == 0 {
			return o.value("", t)
		}
		return o.value(e.inner(), t)
	}
	for len(kids) > 0 && kids[0].blank() {
		kids = kids[1:]
	}
	switch {
	case t.Kind == types.Struct:
		row := make([]types.Datum, len(t.Children()))
		return row, o.fields(e, t, row)
	case len(kids) == 0:
		return nil, nil
	case t.Kind == types.Array:
		v, err := o.field(e, t.Elem())
		if err != nil {
			return nil, err
		}
		return []types.Datum{v}, nil
	case t.Kind == types.Map:
		return o.entries(e, t)
	case kids[0].el != nil || len(kids) > 1:
		return nil, errMismatch
	}
	return o.value(kids[0].text, t)
}

// entries reads attributes and children as a map. Of equal names the last counts.
func (o *options) entries(e *element, t types.Type) (types.Datum, error) {
	var m types.MapDatum
	put := func(k string, v types.Datum, err error) error {
		for i, x := range m.Keys {
			if x == k {
				m.Values[i] = v
				return err
			}
		}
		m.Keys, m.Values = append(m.Keys, k), append(m.Values, v)
		return err
	}
	for _, a := range e.attrs {
		v, err := o.value(a.value, t.Value())
		if err := put(o.attributePrefix+a.name, v, err); err != nil {
			return nil, err
		}
	}
	for _, k := range e.kids {
		if k.el != nil {
			v, err := o.field(k.el, t.Value())
			if err := put(k.el.name, v, err); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// value is a text as a value of t.
func (o *options) value(s string, t types.Type) (types.Datum, error) {
	if !o.keepSpaces {
		s = strings.TrimSpace(s)
	}
	if o.nullValue != nil && s == *o.nullValue {
		return nil, nil
	}
	switch t.Kind {
	case types.String, types.Binary:
		return s, nil
	}
	if s == "" {
		return nil, nil
	}
	switch t.Kind {
	case types.Bool:
		switch strings.ToLower(s) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return nil, errMismatch
	case types.Int8, types.Int16, types.Int32, types.Int64:
		n, ok := textvalue.ParseInt(s, map[types.Kind]int{types.Int8: 8, types.Int16: 16, types.Int32: 32, types.Int64: 64}[t.Kind])
		return fits(n, ok)
	case types.Float32:
		f, ok := textvalue.ParseFloat(s, 32)
		return fits(f, ok)
	case types.Float64:
		f, ok := textvalue.ParseFloat(s, 64)
		return fits(f, ok)
	case types.Decimal:
		d, ok := textvalue.ParseDecimal(strings.ReplaceAll(s, ",", ""), int(t.P), int(t.S))
		return fits(d, ok)
	case types.Date:
		d, ok := o.date(s)
		return fits(int64(d), ok)
	case types.Timestamp:
		v, ok := o.times.Stamp(s)
		return fits(v, ok)
	case types.TimestampNTZ:
		v, ok := o.times.NTZ(s)
		return fits(v, ok)
	case types.Time:
		v, ok := o.times.Clock(s, t.P)
		return fits(v, ok)
	}
	return nil, errMismatch
}

// date reads a date; without a pattern in its standard form, without a time of day.
func (o *options) date(s string) (int32, bool) {
	if !o.times.HasDateFormat() && strings.ContainsAny(s, "T: ") {
		return 0, false
	}
	return o.times.Date(s)
}

func fits(d types.Datum, ok bool) (types.Datum, error) {
	if !ok {
		return nil, errMismatch
	}
	return d, nil
}
