package wire

import (
	"fmt"
	"hash"
	"reflect"
	"slices"
	"strings"
)

// builder makes the codecs of all types reachable from a root and hashes their layout.
type builder struct {
	families map[reflect.Type]Family
	enums    map[reflect.Type]uint64
	codecs   map[reflect.Type]*typeCodec
	layout   hash.Hash64
	err      error
}

func (b *builder) of(t reflect.Type) *typeCodec {
	if c := b.codecs[t]; c != nil {
		return c
	}
	c := &typeCodec{}
	b.codecs[t] = c // before its parts, for types that refer to themselves
	fmt.Fprintf(b.layout, "%s=%s;", t, t.Kind())
	switch t.Kind() {
	case reflect.Bool:
		c.enc = func(e *encoder, v reflect.Value) { e.bool(v.Bool()) }
		c.dec = func(d *decoder, v reflect.Value) { v.SetBool(d.bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.enc = func(e *encoder, v reflect.Value) { e.varint(v.Int()) }
		c.dec = func(d *decoder, v reflect.Value) {
			i := d.varint()
			if v.OverflowInt(i) {
				d.fail("%d does not fit %s", i, v.Type())
				return
			}
			v.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		b.unsigned(t, c)
	case reflect.Float64:
		c.enc = func(e *encoder, v reflect.Value) { e.float(v.Float()) }
		c.dec = func(d *decoder, v reflect.Value) { v.SetFloat(d.float()) }
	case reflect.String:
		c.enc = func(e *encoder, v reflect.Value) { e.string(v.String()) }
		c.dec = func(d *decoder, v reflect.Value) { v.SetString(d.string()) }
	case reflect.Slice:
		b.slice(t, c)
	case reflect.Map:
		b.mapping(t, c)
	case reflect.Pointer:
		b.pointer(t, c)
	case reflect.Struct:
		b.structure(t, c)
	case reflect.Interface:
		b.iface(t, c)
	default:
		b.fail(unsupported(t))
	}
	return c
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) unsigned(t reflect.Type, c *typeCodec) {
	last, limited := b.enums[t]
	c.enc = func(e *encoder, v reflect.Value) { e.uvarint(v.Uint()) }
	c.dec = func(d *decoder, v reflect.Value) {
		u := d.uvarint()
		if v.OverflowUint(u) || limited && u > last {
			d.fail("%d does not fit %s", u, t)
			return
		}
		v.SetUint(u)
	}
}

func (b *builder) slice(t reflect.Type, c *typeCodec) {
	if t.Elem().Kind() == reflect.Uint8 {
		c.enc = func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.uvarint(0)
				return
			}
			e.uvarint(uint64(v.Len()) + 1)
			e.buf = append(e.buf, v.Bytes()...)
		}
		c.dec = func(d *decoder, v reflect.Value) {
			if n, ok := d.length(); ok {
				v.SetBytes(slices.Clone(d.take(n)))
			}
		}
		return
	}
	elem, required := b.of(t.Elem()), b.node(t.Elem())
	c.enc = func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.uvarint(0)
			return
		}
		e.uvarint(uint64(v.Len()) + 1)
		for i := range v.Len() {
			elem.enc(e, v.Index(i))
		}
	}
	c.dec = func(d *decoder, v reflect.Value) {
		n, ok := d.length()
		if !ok {
			return
		}
		// Grown while it is read, so that memory follows the input.
		s := reflect.MakeSlice(t, 0, min(n, 64))
		for i := 0; i < n && d.err == nil; i++ {
			s = reflect.Append(s, reflect.Zero(t.Elem()))
			elem.dec(d, s.Index(i))
			if required && d.err == nil && s.Index(i).IsNil() {
				d.fail("an element of %s is missing", t)
			}
		}
		v.Set(s)
	}
}

func (b *builder) mapping(t reflect.Type, c *typeCodec) {
	key, elem := b.of(t.Key()), b.of(t.Elem())
	less := mapOrder(t.Key())
	if less == nil {
		b.fail(unsupported(t))
		return
	}
	c.enc = func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.uvarint(0)
			return
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, less)
		e.uvarint(uint64(len(keys)) + 1)
		for _, k := range keys {
			key.enc(e, k)
			elem.enc(e, v.MapIndex(k))
		}
	}
	c.dec = func(d *decoder, v reflect.Value) {
		n, ok := d.length()
		if !ok {
			return
		}
		m := reflect.MakeMap(t)
		var before reflect.Value
		for i := 0; i < n && d.err == nil; i++ {
			k, x := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			key.dec(d, k)
			elem.dec(d, x)
			if i > 0 && less(before, k) >= 0 {
				d.fail("map keys are out of order")
			}
			m.SetMapIndex(k, x)
			before = k
		}
		v.Set(m)
	}
}

func mapOrder(t reflect.Type) func(a, b reflect.Value) int {
	switch t.Kind() {
	case reflect.String:
		return func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return func(a, b reflect.Value) int {
			switch x, y := a.Int(), b.Int(); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return nil
}

func (b *builder) pointer(t reflect.Type, c *typeCodec) {
	elem := b.of(t.Elem())
	c.enc = func(e *encoder, v reflect.Value) {
		e.bool(!v.IsNil())
		if !v.IsNil() && e.enter() {
			elem.enc(e, v.Elem())
			e.leave()
		}
	}
	c.dec = func(d *decoder, v reflect.Value) {
		if d.bool() && d.enter() {
			p := reflect.New(t.Elem())
			elem.dec(d, p.Elem())
			v.Set(p)
			d.leave()
		}
	}
}

func (b *builder) structure(t reflect.Type, c *typeCodec) {
	type field struct {
		index    int
		codec    *typeCodec
		required bool
		name     string
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			b.fail(unsupported(t))
			return
		}
		fmt.Fprintf(b.layout, ".%s %s;", f.Name, f.Type)
		required := b.node(f.Type) && f.Tag.Get("wire") != "optional"
		fields = append(fields, field{i, b.of(f.Type), required, t.Name() + "." + f.Name})
	}
	c.enc = func(e *encoder, v reflect.Value) {
		for _, f := range fields {
			f.codec.enc(e, v.Field(f.index))
		}
	}
	c.dec = func(d *decoder, v reflect.Value) {
		for _, f := range fields {
			if d.err != nil {
				return
			}
			f.codec.dec(d, v.Field(f.index))
			if f.required && d.err == nil && v.Field(f.index).IsNil() {
				d.fail("%s is missing", f.name)
			}
		}
	}
}

// node reports whether values of t are nodes, which may not be nil except
// in fields with the tag `wire:"optional"`.
func (b *builder) node(t reflect.Type) bool {
	_, family := b.families[t]
	return family || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

func (b *builder) iface(t reflect.Type, c *typeCodec) {
	if t == datumType {
		c.enc = encodeDatum
		c.dec = decodeDatum
		return
	}
	f, ok := b.families[t]
	if !ok { // may stand in a struct as long as it is nil
		c.enc = func(e *encoder, v reflect.Value) {
			if !v.IsNil() {
				e.fail(unsupported(t))
			}
		}
		c.dec = func(*decoder, reflect.Value) {}
		return
	}
	index := map[reflect.Type]uint64{}
	codecs := make([]*typeCodec, len(f.nodes))
	for i, n := range f.nodes {
		fmt.Fprintf(b.layout, "|%s", n)
		index[n] = uint64(i)
		codecs[i] = b.of(n.Elem())
	}
	c.enc = func(e *encoder, v reflect.Value) { encodeNode(e, v, index, codecs) }
	c.dec = func(d *decoder, v reflect.Value) { decodeNode(d, v, f, codecs) }
}
