package json

import (
	"sort"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/function/schema"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// infer is the type of a JSON value, fields by name.
func infer(v *value) types.Type {
	switch v.kind {
	case 'b':
		return types.BoolType
	case 's':
		return types.StringType
	case '0':
		if strings.ContainsAny(v.text, ".eE") {
			return types.Float64Type
		}
		if _, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			return types.Int64Type
		}
		if n := len(strings.TrimPrefix(v.text, "-")); n <= types.MaxPrecision {
			return types.DecimalType(n, 0)
		}
		return types.Float64Type
	case 'a':
		t := types.NullType
		for _, x := range v.list {
			t = merge(t, infer(x))
		}
		return types.ArrayType(t, true)
	case 'o':
		byName := map[string]types.Type{}
		for i, k := range v.keys {
			byName[k] = infer(v.list[i])
		}
		return structType(byName)
	}
	return types.NullType
}

func structType(byName map[string]types.Type) types.Type {
	var fields []types.Field
	for k, t := range byName {
		fields = append(fields, types.Field{Name: k, Type: t, Nullable: true})
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i].Name < fields[j].Name })
	return types.StructType(fields...)
}

// merge is a type that holds values of both; text holds all.
func merge(a, b types.Type) types.Type {
	switch {
	case a.Kind == types.Null:
		return b
	case b.Kind == types.Null, a.Equal(b):
		return a
	case a.Kind == types.Array && b.Kind == types.Array:
		return types.ArrayType(merge(a.Elem(), b.Elem()), true)
	case a.Kind == types.Struct && b.Kind == types.Struct:
		byName := map[string]types.Type{}
		for _, f := range append(append([]types.Field{}, a.Children()...), b.Children()...) {
			byName[f.Name] = merge(byName[f.Name], f.Type)
		}
		return structType(byName)
	case a.Kind.IsNumeric() && b.Kind.IsNumeric():
		if t, ok := coerce.Common(a, b, true); ok {
			return t
		}
	}
	return types.StringType
}

// settled puts text where nothing but NULLs were seen.
func settled(t types.Type) types.Type {
	switch t.Kind {
	case types.Null:
		return types.StringType
	case types.Array:
		return types.ArrayType(settled(t.Elem()), true)
	case types.Struct:
		fields := append([]types.Field{}, t.Children()...)
		for i := range fields {
			fields[i].Type = settled(fields[i].Type)
		}
		return types.StructType(fields...)
	}
	return t
}

func schemaOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	s, err := schema.Sample(c, "json")
	if err != nil {
		return nil, err
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	var t types.Type
	if v, _, good := parseText(s); good {
		t = infer(v)
		if strings.EqualFold(opts["primitivesasstring"], "true") {
			t = asText(t)
		}
		t = settled(t)
	} else if !strings.EqualFold(opts["mode"], "FAILFAST") {
		t = types.StructType(types.Field{Name: "_corrupt_record", Type: types.StringType, Nullable: true})
	} else {
		return nil, sqlerr.New(sqlerr.MalformedRecord, "Malformed records are detected in record parsing: %s. Parse Mode: FAILFAST.", s)
	}
	return schema.Name(c, t), nil
}

func asText(t types.Type) types.Type {
	switch t.Kind {
	case types.Array:
		return types.ArrayType(asText(t.Elem()), true)
	case types.Struct:
		fields := append([]types.Field{}, t.Children()...)
		for i := range fields {
			fields[i].Type = asText(fields[i].Type)
		}
		return types.StructType(fields...)
	}
	return types.StringType
}
