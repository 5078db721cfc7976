package json

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/types"
)

// shape is what the values seen at one place have in common.
type shape struct {
	// t is the flat type so far, or Array or Struct; Null if nothing but null was seen.
	t      types.Type
	fields []member
	places map[string]int // of fields, by name
	next   int            // the field that is expected next: members tend to come in one order
	elem   *shape
}

type member struct {
	name  string
	plain bool // written without escapes
	*shape
}

// observer widens a shape by the values of records. A record that turns out
// damaged must leave no trace, so what changes is noted and can be taken back;
// most records change nothing.
type observer struct {
	scanner
	changes []change
}

// change is a shape as it was before: its type, its number of fields and whether it had an element.
type change struct {
	of     *shape
	t      types.Type
	fields int
	elem   *shape
}

func (in *observer) note(s *shape) {
	in.changes = append(in.changes, change{s, s.t, len(s.fields), s.elem})
}

// undo takes back what changed since the record began.
func (in *observer) undo() {
	for i := len(in.changes) - 1; i >= 0; i-- {
		c := &in.changes[i]
		for _, f := range c.of.fields[c.fields:] {
			delete(c.of.places, f.name)
		}
		c.of.t, c.of.fields, c.of.elem, c.of.next = c.t, c.of.fields[:c.fields], c.elem, 0
	}
}

// flat widens s by a type.
func (in *observer) flat(s *shape, t types.Type) {
	if m := s.merged(t); !m.Equal(s.t) {
		in.note(s)
		s.t = m
	}
}

// merged is the type for values of s.t and t together.
func (s *shape) merged(t types.Type) types.Type {
	a, b := s.t, t
	switch {
	case a.Kind == types.Null || a.Kind == b.Kind && a.Kind != types.Decimal:
		return b
	case b.Kind == types.Null:
		return a
	}
	if a.Kind > b.Kind {
		a, b = b, a
	}
	switch {
	case a.Kind == types.Int64 && b.Kind == types.Float64, a.Kind == types.Float64 && b.Kind == types.Decimal:
		return types.Float64Type
	case a.Kind == types.Int64 && b.Kind == types.Decimal:
		return commonDecimal(types.DecimalType(20, 0), b)
	case a.Kind == types.Decimal && b.Kind == types.Decimal:
		return commonDecimal(a, b)
	}
	return types.StringType
}

func commonDecimal(a, b types.Type) types.Type {
	scale := max(a.S, b.S)
	whole := max(a.P-a.S, b.P-b.S)
	if int(whole)+int(scale) > types.MaxPrecision {
		return types.Float64Type
	}
	return types.DecimalType(int(whole+scale), int(scale))
}

// observe reads a value and widens s to hold it.
func (in *observer) observe(s *shape, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	switch in.scanner.next() {
	case object:
		in.flat(s, types.Type{Kind: types.Struct})
		s.next = 0
		return in.members(s.expect, func(name string) error { return in.observe(in.field(s, name), depth+1) })
	case array:
		in.flat(s, types.Type{Kind: types.Array})
		if s.elem == nil {
			in.note(s)
			s.elem = &shape{}
		}
		return in.elements(func() error { return in.observe(s.elem, depth+1) })
	case str:
		return in.text(s)
	case number:
		text, whole, special, err := in.number()
		if err != nil {
			return err
		}
		// Nothing to find out about numbers beside text or, unless they may be decimals, beside doubles.
		if s.t.Kind == types.String || s.t.Kind == types.Float64 && !in.o.asString {
			return nil
		}
		in.flat(s, numberType(in.o, text, whole, special))
	case boolean:
		if _, err := in.boolean(); err != nil {
			return err
		}
		if in.o.asString {
			in.flat(s, types.StringType)
		} else {
			in.flat(s, types.BoolType)
		}
	case null:
		return in.null()
	default:
		return errSyntax
	}
	return nil
}

func (in *observer) text(s *shape) error {
	mark := len(in.scratch)
	text, err := in.string()
	if err != nil {
		return err
	}
	t := types.StringType
	if in.o.inferStamp && !in.o.asString && s.t.Kind != types.String {
		if _, ok := in.o.times.Stamp(text); ok {
			t = types.TimestampType
		}
	}
	in.scratch = in.scratch[:mark]
	in.flat(s, t)
	return nil
}

func numberType(o *options, text string, whole, special bool) types.Type {
	if o.asString {
		return types.StringType
	}
	if special {
		return types.Float64Type
	}
	if whole {
		if _, ok := textvalue.ParseInt(text, 64); ok {
			return types.Int64Type
		}
	}
	if whole || o.preferDecimal {
		if p, scale, ok := textvalue.DecimalShape(text); ok && scale >= 0 && max(p, scale) <= types.MaxPrecision {
			return types.DecimalType(max(p, scale), scale)
		}
	}
	return types.Float64Type
}

// expect is the name of the member that comes next, if members keep their order.
func (s *shape) expect() string {
	if s.next < len(s.fields) && s.fields[s.next].plain {
		return s.fields[s.next].name
	}
	return ""
}

// field is the shape of the member called name of the objects at s.
func (in *observer) field(s *shape, name string) *shape {
	if i := s.next; i < len(s.fields) && s.fields[i].name == name {
		s.next++
		return s.fields[i].shape
	}
	i, ok := s.places[name]
	if !ok {
		in.note(s)
		i = s.add(name)
	}
	s.next = i + 1
	return s.fields[i].shape
}

// add makes a new field. The name may borrow the block it was read from.
func (s *shape) add(name string) int {
	if s.places == nil {
		s.places = map[string]int{}
	}
	name = strings.Clone(name)
	s.places[name] = len(s.fields)
	s.fields = append(s.fields, member{name, plainName(name), &shape{}})
	return len(s.fields) - 1
}

// join widens s to hold what o holds.
func (s *shape) join(o *shape) {
	if o.t.Kind != types.Null {
		s.t = s.merged(o.t)
	}
	for _, f := range o.fields {
		i, ok := s.places[f.name]
		if !ok {
			i = s.add(f.name)
		}
		s.fields[i].join(f.shape)
	}
	if o.elem != nil {
		if s.elem == nil {
			s.elem = &shape{}
		}
		s.elem.join(o.elem)
	}
}

// final is the type of the values; false for structs without fields, which no column can hold.
func (s *shape) final(o *options) (types.Type, bool) {
	switch s.t.Kind {
	case types.Null:
		return types.StringType, !o.dropAllNull
	case types.Array:
		e, ok := s.elem.final(o)
		return types.ArrayType(e, true), ok
	case types.Struct:
		fs := s.schema(o)
		return types.StructType(fs...), len(fs) > 0
	}
	return s.t, true
}

// schema lists the fields by name.
func (s *shape) schema(o *options) []types.Field {
	var fs []types.Field
	for _, f := range s.fields {
		if t, ok := f.final(o); ok {
			fs = append(fs, types.Field{Name: f.name, Type: t, Nullable: true})
		}
	}
	slices.SortFunc(fs, func(a, b types.Field) int { return strings.Compare(a.Name, b.Name) })
	return fs
}

// Infer finds the schema from all records (or a sample, option samplingRatio),
// fields sorted by name. Records that are no JSON objects add the column for
// corrupt records in mode PERMISSIVE, are an error in FAILFAST and left out else.
func (f Format) Infer(ctx context.Context, st store.Store, files []store.File, opts format.Options) (types.Schema, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	var splits []catalog.Split
	for _, file := range files {
		splits = append(splits, o.layout.Splits(file)...)
	}
	found := make([]shape, len(splits))
	corrupt := atomic.Bool{}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(splits), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(splits) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := found[i].split(ctx, st, splits[i], o, &corrupt); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	all := &shape{t: types.Type{Kind: types.Struct}}
	for i := range found {
		all.join(&found[i])
	}
	if corrupt.Load() && o.mode == permissive {
		all.join(&shape{fields: []member{{o.corrupt, true, &shape{t: types.StringType}}}})
	}
	return all.schema(o), nil
}

// split widens s by the records of a split.
func (s *shape) split(ctx context.Context, st store.Store, sp catalog.Split, o *options, corrupt *atomic.Bool) error {
	in := &observer{scanner: scanner{o: o}}
	s.t = types.Type{Kind: types.Struct}
	rng := rand.New(rand.NewPCG(1, uint64(sp.Start)))
	return eachRecord(ctx, st, sp, o, nil, func(path string, text []byte) error {
		if o.sampling < 1 && rng.Float64() >= o.sampling {
			return nil
		}
		in.b, in.i, in.scratch, in.changes = text, 0, in.scratch[:0], in.changes[:0]
		var err error
		switch in.scanner.next() {
		case object:
			err = in.observe(s, 1)
		case array:
			err = in.elements(func() error {
				if in.scanner.next() != object {
					return errSyntax
				}
				return in.observe(s, 1)
			})
		default:
			err = errSyntax
		}
		if err == nil {
			return nil
		}
		in.undo()
		corrupt.Store(true)
		if o.mode == failFast {
			return malformed(err, path, text)
		}
		if errors.Is(err, errSyntax) || errors.Is(err, errDeep) {
			return nil
		}
		return err
	}, func() error { return nil })
}
