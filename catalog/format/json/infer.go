package json

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
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
	fields map[string]*shape
	elem   *shape
}

func (s *shape) flat(t types.Type) { s.t = s.merged(t) }

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
func (s *shape) observe(in *scanner, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	switch in.next() {
	case object:
		s.flat(types.Type{Kind: types.Struct})
		return in.members(func(name string) error { return s.field(name).observe(in, depth+1) })
	case array:
		s.flat(types.Type{Kind: types.Array})
		if s.elem == nil {
			s.elem = &shape{}
		}
		return in.elements(func() error { return s.elem.observe(in, depth+1) })
	case str:
		text, err := in.string()
		if err != nil {
			return err
		}
		t := types.StringType
		if in.o.inferStamp && !in.o.asString {
			if _, ok := in.o.times.Stamp(text); ok {
				t = types.TimestampType
			}
		}
		s.flat(t)
	case number:
		text, whole, special, err := in.number()
		if err != nil {
			return err
		}
		s.flat(numberType(in.o, text, whole, special))
	case boolean:
		if _, err := in.boolean(); err != nil {
			return err
		}
		if in.o.asString {
			s.flat(types.StringType)
		} else {
			s.flat(types.BoolType)
		}
	case null:
		return in.null()
	default:
		return errSyntax
	}
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
	if p, scale, ok := textvalue.DecimalShape(text); ok && (whole || o.preferDecimal) && scale >= 0 && max(p, scale) <= types.MaxPrecision {
		return types.DecimalType(max(p, scale), scale)
	}
	return types.Float64Type
}

func (s *shape) field(name string) *shape {
	if f, ok := s.fields[name]; ok {
		return f
	}
	if s.fields == nil {
		s.fields = map[string]*shape{}
	}
	f := &shape{}
	// The name borrows the block it was read from.
	s.fields[string([]byte(name))] = f
	return f
}

// add widens s to hold what o holds.
func (s *shape) add(o *shape) {
	s.flat2(o.t)
	for n, f := range o.fields {
		s.field(n).add(f)
	}
	if o.elem != nil {
		if s.elem == nil {
			s.elem = &shape{}
		}
		s.elem.add(o.elem)
	}
}

func (s *shape) flat2(t types.Type) {
	if t.Kind != types.Null {
		s.flat(t)
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
	for _, n := range slices.Sorted(maps.Keys(s.fields)) {
		if t, ok := s.fields[n].final(o); ok {
			fs = append(fs, types.Field{Name: n, Type: t, Nullable: true})
		}
	}
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
		all.add(&found[i])
	}
	if corrupt.Load() && o.mode == permissive {
		all.field(o.corrupt).t = types.StringType
	}
	return all.schema(o), nil
}

func (s *shape) split(ctx context.Context, st store.Store, sp catalog.Split, o *options, corrupt *atomic.Bool) error {
	in := &scanner{o: o}
	s.t, s.fields = types.Type{Kind: types.Struct}, map[string]*shape{}
	rng := rand.New(rand.NewPCG(1, uint64(sp.Start)))
	return eachRecord(ctx, st, sp, o, nil, func(path string, text []byte) error {
		if o.sampling < 1 && rng.Float64() >= o.sampling {
			return nil
		}
		in.b, in.i, in.scratch = text, 0, in.scratch[:0]
		// A record that turns out damaged must leave no trace.
		one := &shape{}
		var err error
		switch in.next() {
		case object:
			err = one.observe(in, 1)
		case array:
			err = in.elements(func() error {
				if in.next() != object {
					return errSyntax
				}
				return one.observe(in, 1)
			})
		default:
			err = errSyntax
		}
		if err == nil {
			s.add(one)
			return nil
		}
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
