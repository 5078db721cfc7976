package json

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unsafe"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Decoder reads texts of one JSON value each, wherever they come from. It
// belongs to one thread.
type Decoder struct {
	t       types.Type
	root    *builder
	scan    scanner
	corrupt int // field of a struct that takes texts that do not fit, -1: none
	fail    bool
}

// NewDecoder returns a decoder of values of t, a struct, array or map. The
// options are those of files; what is about files alone has no effect.
func NewDecoder(t types.Type, opts format.Options, legacy bool) (*Decoder, error) {
	o, err := parseOptions(opts, calendar.Use{Reading: true, Legacy: legacy})
	if err != nil {
		return nil, err
	}
	if err := o.times.Err(t); err != nil {
		return nil, err
	}
	o.rewrite = true
	d := &Decoder{t: t, root: newBuilder(t), scan: scanner{o: o}, corrupt: -1, fail: o.mode == failFast}
	if t.Kind == types.Struct {
		d.corrupt = slices.IndexFunc(t.Children(), func(f types.Field) bool { return strings.EqualFold(f.Name, o.corrupt) })
	}
	return d, nil
}

// Decode reads values. It returns a vector with a row a text, valid until the
// next call. Blank texts are NULL; so is what does not fit, or with the mode
// FAILFAST the error MALFORMED_RECORD_IN_PARSING.
func (d *Decoder) Decode(texts []string) (*vec.Vec, error) {
	d.root.reset()
	d.scan.scratch = nil // results of the last call may be in use still
	for _, s := range texts {
		b := unsafe.Slice(unsafe.StringData(s), len(s))
		if blank(b) {
			d.root.null()
			continue
		}
		base := d.root.n
		d.scan.b, d.scan.i = b, 0
		err := d.value()
		if err == nil {
			continue
		}
		if d.fail {
			return nil, malformed(err, "", b)
		}
		if !errors.Is(err, errMismatch) {
			d.root.truncate(base)
			if d.t.Kind == types.Struct {
				for _, k := range d.root.kids {
					k.truncate(base)
				}
				d.root.finish(base)
			} else {
				d.root.null()
			}
		}
		if d.corrupt >= 0 {
			k := d.root.kids[d.corrupt]
			k.truncate(base)
			k.strs = append(k.strs, s)
			k.present()
		}
	}
	return d.root.vector(), nil
}

// value reads the text at hand. Errors but errMismatch leave the builder undefined.
func (d *Decoder) value() error {
	s, r := &d.scan, d.root
	k := s.next()
	switch {
	case d.t.Kind == types.Struct && k == object:
		return r.object(s, 1)
	case d.t.Kind == types.Map && k == object:
		return r.entries(s, 1)
	case d.t.Kind == types.Array && (k == array || k == object && d.t.Elem().Kind == types.Struct):
		return d.array(k)
	}
	return errSyntax
}

// array reads an array, or an object as an array of it. Structs that fit in
// part stay as elements; other elements that do not fit make the array NULL.
func (d *Decoder) array(k kind) error {
	s, r, elems := &d.scan, d.root, d.root.kids[0]
	start := elems.n
	var partial, mismatch error
	one := func() error {
		err := elems.value(s, 2)
		if errors.Is(err, errMismatch) {
			if partial = err; elems.t.Kind != types.Struct {
				mismatch = err
			}
			err = nil
		}
		return err
	}
	var err error
	if k == object {
		err = one()
	} else {
		err = s.elements(one)
	}
	if err := r.list(start, mismatch, err); err != nil {
		return err
	}
	return partial
}

// Encoder writes values as JSON. It belongs to one thread.
type Encoder struct {
	w      writer
	t      types.Type
	pretty bool
}

// NewEncoder returns an encoder of values of t, by the options of files.
func NewEncoder(t types.Type, opts format.Options, legacy bool) (*Encoder, error) {
	o, err := parseOptions(opts, calendar.Use{Legacy: legacy})
	if err != nil {
		return nil, err
	}
	if err := o.times.Err(t); err != nil {
		return nil, err
	}
	return &Encoder{writer{o: o}, t, strings.EqualFold(opts["pretty"], "true")}, nil
}

// Append writes a value that is not NULL to b.
func (e *Encoder) Append(b []byte, v *vec.Vec, row int) []byte {
	start := len(b)
	b = e.w.value(b, v, e.t, row)
	if !e.pretty {
		return b
	}
	flat := string(b[start:])
	return indent(b[:start], flat)
}

// indent writes compact JSON with a line a member.
func indent(b []byte, s string) []byte {
	depth := 0
	line := func() {
		b = append(b, '\n')
		for range depth {
			b = append(b, "  "...)
		}
	}
	var open []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			end := i + 1
			for s[end] != '"' {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			b = append(b, s[i:end+1]...)
			i = end
		case '{', '[':
			b = append(b, c)
			if i+1 < len(s) && (s[i+1] == '}' || s[i+1] == ']') {
				b = append(b, ' ', s[i+1])
				i++
				continue
			}
			if open = append(open, c); c == '{' {
				depth++
				line()
			} else {
				b = append(b, ' ')
			}
		case '}', ']':
			if open = open[:len(open)-1]; c == '}' {
				depth--
				line()
			} else {
				b = append(b, ' ')
			}
			b = append(b, c)
		case ',':
			if b = append(b, c); open[len(open)-1] == '{' {
				line()
			} else {
				b = append(b, ' ')
			}
		case ':':
			b = append(b, " : "...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// InferValue is the type of one value, as the format finds schemas. Fields are
// sorted by name; equal names stay apart.
func InferValue(text string, opts format.Options) (types.Type, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return types.Type{}, err
	}
	in := &scanner{b: []byte(text), o: o}
	if blank(in.b) {
		return types.StringType, nil
	}
	t, err := in.infer(1)
	if err != nil {
		if sqlerr.As(err) != nil {
			return types.Type{}, err
		}
		return types.Type{}, malformed(err, "", in.b)
	}
	final, ok := settle(t, o)
	switch {
	case ok:
		return final, nil
	case t.Kind == types.Struct:
		return types.StructType(), nil
	case t.Kind == types.Array && t.Elem().Kind == types.Struct:
		return types.ArrayType(types.StructType(), true), nil
	}
	return types.StringType, nil
}

// infer reads a value and returns its type, NULL's for null.
func (s *scanner) infer(depth int) (types.Type, error) {
	if depth > maxDepth {
		return types.Type{}, errDeep
	}
	switch s.next() {
	case object:
		var fields []types.Field
		err := s.members(nil, func(name string) error {
			n := strings.Clone(name)
			t, err := s.infer(depth + 1)
			fields = append(fields, types.Field{Name: n, Type: t, Nullable: true})
			return err
		})
		slices.SortStableFunc(fields, func(a, b types.Field) int { return cmp.Compare(a.Name, b.Name) })
		return types.StructType(fields...), err
	case array:
		elem := types.NullType
		err := s.elements(func() error {
			t, err := s.infer(depth + 1)
			elem = widest(elem, t)
			return err
		})
		return types.ArrayType(elem, true), err
	case number:
		text, whole, special, err := s.number()
		if err != nil {
			return types.Type{}, err
		}
		if _, scale, ok := textvalue.DecimalShape(text); ok && !whole && s.o.preferDecimal && !s.o.asString && scale < 0 {
			return types.Type{}, sqlerr.New(sqlerr.NegativeScale, "Negative scale is not allowed: '%d'.", scale)
		}
		return numberType(s.o, text, whole, special), nil
	case str:
		text, err := s.string()
		if err == nil && s.o.inferStamp && !s.o.asString {
			if _, ok := s.o.times.Stamp(text); ok {
				return types.TimestampType, nil
			}
		}
		return types.StringType, err
	case boolean:
		_, err := s.boolean()
		if s.o.asString {
			return types.StringType, err
		}
		return types.BoolType, err
	case null:
		return types.NullType, s.null()
	}
	return types.Type{}, errSyntax
}

// widest is the type that holds values of both.
func widest(a, b types.Type) types.Type {
	switch {
	case a.Kind == types.Struct && b.Kind == types.Struct:
		fields := slices.Clone(a.Children())
		for _, f := range b.Children() {
			if i := slices.IndexFunc(fields, func(g types.Field) bool { return g.Name == f.Name }); i >= 0 {
				fields[i].Type = widest(fields[i].Type, f.Type)
			} else {
				fields = append(fields, f)
			}
		}
		slices.SortStableFunc(fields, func(a, b types.Field) int { return cmp.Compare(a.Name, b.Name) })
		return types.StructType(fields...)
	case a.Kind == types.Array && b.Kind == types.Array:
		return types.ArrayType(widest(a.Elem(), b.Elem()), true)
	}
	return (&shape{t: a}).merged(b)
}

// settle puts text where only nulls were seen and drops structs without fields
// and fields without names; ok is false if nothing is left.
func settle(t types.Type, o *options) (out types.Type, ok bool) {
	switch t.Kind {
	case types.Null:
		return types.StringType, !o.dropAllNull
	case types.Array:
		e, ok := settle(t.Elem(), o)
		return types.ArrayType(e, true), ok
	case types.Struct:
		var fields []types.Field
		for _, f := range t.Children() {
			if ft, ok := settle(f.Type, o); ok && f.Name != "" {
				fields = append(fields, types.Field{Name: f.Name, Type: ft, Nullable: true})
			}
		}
		return types.StructType(fields...), len(fields) > 0
	}
	return t, true
}
