package xml

import (
	"cmp"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/types"
)

// schema is the type of a text's root, of texts that are no XML that of a corrupt record.
func (o *options) schema(text string) types.Type {
	root, err := o.parse(text)
	if err != nil {
		return types.StructType(types.Field{Name: o.corrupt, Type: types.StringType, Nullable: true})
	}
	return settled(o.structOf(root))
}

// settled puts STRING where nothing was seen.
func settled(t types.Type) types.Type {
	switch t.Kind {
	case types.Null:
		return types.StringType
	case types.Array:
		return types.ArrayType(settled(t.Elem()), true)
	case types.Struct:
		fs := slices.Clone(t.Children())
		for i := range fs {
			fs[i].Type = settled(fs[i].Type)
		}
		return types.StructType(fs...)
	}
	return t
}

// structOf is the struct of an element's attributes, children and texts, sorted by name.
func (o *options) structOf(e *element) types.Type {
	var fs []types.Field
	seen := map[string]int{}
	add := func(name string, t types.Type, repeats bool) {
		i, ok := seen[name]
		if !ok {
			seen[name] = len(fs)
			fs = append(fs, types.Field{Name: name, Type: t, Nullable: true})
			return
		}
		if !repeats {
			return
		}
		have := fs[i].Type
		if have.Kind == types.Array {
			have = have.Elem()
		}
		fs[i].Type = types.ArrayType(o.merged(have, t), true)
	}
	for _, a := range e.attrs {
		add(o.attributePrefix+a.name, o.typeOf(a.value), false)
	}
	for _, k := range e.kids {
		switch {
		case k.el != nil:
			add(k.el.name, o.elementType(k.el), true)
		case !k.blank():
			add(o.valueTag, o.typeOf(k.text), true)
		}
	}
	slices.SortStableFunc(fs, func(a, b types.Field) int { return cmp.Compare(a.Name, b.Name) })
	return types.StructType(fs...)
}

func (o *options) elementType(e *element) types.Type {
	if len(e.attrs) > 0 {
		return o.structOf(e)
	}
	texts := 0
	for _, k := range e.kids {
		if k.el != nil {
			return o.structOf(e)
		}
		texts++
	}
	if texts == 0 {
		return types.NullType
	}
	return o.typeOf(e.inner())
}

// typeOf is the narrowest type of a text.
func (o *options) typeOf(s string) types.Type {
	if !o.keepSpaces {
		s = strings.TrimSpace(s)
	}
	if s == "" || o.nullValue != nil && s == *o.nullValue {
		return types.NullType
	}
	if o.asString {
		return types.StringType
	}
	if _, ok := textvalue.ParseInt(s, 64); ok {
		return types.Int64Type
	}
	if c := s[len(s)-1]; strings.ContainsAny(s, "0123456789") && (c == '.' || c >= '0' && c <= '9') {
		if p, scale, ok := textvalue.DecimalShape(s); ok && o.preferDecimal && p <= types.MaxPrecision && scale >= 0 {
			return types.DecimalType(p, scale)
		}
		if _, ok := textvalue.ParseFloat(s, 64); ok {
			return types.Float64Type
		}
	}
	if strings.EqualFold(s, "true") || strings.EqualFold(s, "false") {
		return types.BoolType
	}
	if _, ok := o.date(s); ok && o.preferDate {
		return types.DateType
	}
	if _, ok := o.times.Clock(s, types.MaxTimePrecision); ok {
		return types.TimeType(types.MaxTimePrecision)
	}
	if _, ok := o.times.Stamp(s); ok {
		return types.TimestampType
	}
	return types.StringType
}

// merged is the type that values of both fit.
func (o *options) merged(a, b types.Type) types.Type {
	switch {
	case a.Kind == types.Null:
		return b
	case b.Kind == types.Null:
		return a
	case a.Kind == types.Struct && b.Kind == types.Struct:
		fs := slices.Clone(a.Children())
		for _, f := range b.Children() {
			if i := types.Schema(fs).Index(f.Name); i >= 0 {
				fs[i].Type = o.merged(fs[i].Type, f.Type)
			} else {
				fs = append(fs, f)
			}
		}
		slices.SortStableFunc(fs, func(a, b types.Field) int { return cmp.Compare(a.Name, b.Name) })
		return types.StructType(fs...)
	case a.Kind == types.Array || b.Kind == types.Array:
		return types.ArrayType(o.merged(elem(a), elem(b)), true)
	case a.Kind == types.Struct:
		return o.withText(a, b)
	case b.Kind == types.Struct:
		return o.withText(b, a)
	case a.Kind.IsNumeric() && b.Kind.IsNumeric() || a.Kind.IsDatetime() && b.Kind.IsDatetime() || a.Equal(b):
		if t, ok := coerce.Common(a, b, true); ok {
			return t
		}
	}
	return types.StringType
}

func elem(t types.Type) types.Type {
	if t.Kind == types.Array {
		return t.Elem()
	}
	return t
}

// withText merges a struct with the type of an element that is only text.
func (o *options) withText(s, t types.Type) types.Type {
	fs := slices.Clone(s.Children())
	if i := types.Schema(fs).Index(o.valueTag); i >= 0 {
		fs[i].Type = o.merged(fs[i].Type, t)
		return types.StructType(fs...)
	}
	return types.StringType
}
