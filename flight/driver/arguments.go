package driver

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley"
)

// CheckNamedValue implements driver.NamedValueChecker: values that Arrow has go
// as they are, all others as database/sql would send them.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	x, err := goValue(v.Value)
	if err == nil {
		v.Value = x
	}
	return err
}

// goValue is a value as one of the types that typeOf knows: pointers and
// driver.Valuer are followed, types that are made of others are those, and what
// is nil in any of Go's ways is NULL.
func goValue(v any) (any, error) {
	switch x := v.(type) {
	case nil, bool, int64, float32, float64, string, time.Time, time.Duration, volley.Decimal:
		return v, nil
	case driver.Valuer:
		if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
			return nil, nil
		}
		y, err := x.Value()
		if _, again := y.(driver.Valuer); err != nil || again {
			return nil, cmp.Or(err, fmt.Errorf("the Value of the Go type %T is a driver.Valuer", v))
		}
		return goValue(y)
	case json.RawMessage:
		if x == nil {
			return nil, nil
		}
		return string(x), nil
	case []byte:
		if x == nil {
			return nil, nil
		}
		return x, nil
	case []MapEntry:
		return goEntries(x)
	}
	return goKind(reflect.ValueOf(v))
}

// goKind is goValue for what only its kind tells.
func goKind(v reflect.Value) (any, error) {
	switch k := v.Kind(); k {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := v.Uint(); u > math.MaxInt64 {
			return volley.Decimal(strconv.FormatUint(u, 10)), nil
		}
		return int64(v.Uint()), nil
	case reflect.Float32:
		return float32(v.Float()), nil
	case reflect.Float64:
		return v.Float(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil, nil
		}
		if k == reflect.Pointer {
			return goValue(v.Elem().Interface())
		}
		return goNested(v)
	case reflect.Array:
		return goNested(v)
	}
	return nil, fmt.Errorf("values of the Go type %s are not supported", v.Type())
}

// goNested makes []byte, []any, map[string]any or []MapEntry of an array, a slice or a map.
func goNested(v reflect.Value) (any, error) {
	if v.Kind() == reflect.Map {
		m, entries := map[string]any{}, []MapEntry{}
		for it := v.MapRange(); it.Next(); {
			key, err := goValue(it.Key().Interface())
			if err != nil {
				return nil, err
			}
			value, err := goValue(it.Value().Interface())
			if err != nil {
				return nil, err
			}
			if name, ok := key.(string); ok {
				m[name] = value
			}
			entries = append(entries, MapEntry{key, value})
		}
		if v.Type().Key().Kind() == reflect.String {
			return m, nil
		}
		return entries, nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return b, nil
	}
	out := make([]any, v.Len())
	for i := range out {
		var err error
		if out[i], err = goValue(v.Index(i).Interface()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func goEntries(es []MapEntry) (any, error) {
	if es == nil {
		return nil, nil
	}
	out := make([]MapEntry, len(es))
	for i, e := range es {
		var err error
		if out[i].Key, err = goValue(e.Key); err != nil {
			return nil, err
		}
		if out[i].Value, err = goValue(e.Value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// arguments makes a record of one row of the values for parameters: by name
// where values have names, else by place.
func arguments(params *arrow.Schema, args []driver.NamedValue) (arrow.RecordBatch, error) {
	n := params.NumFields()
	values := make([]any, n)
	given := make([]bool, n)
	for _, a := range args {
		i := a.Ordinal - 1
		if a.Name != "" {
			i = -1
			for j, f := range params.Fields() {
				if strings.EqualFold(f.Name, a.Name) {
					i = j
				}
			}
			if i < 0 {
				return nil, fmt.Errorf("the statement has no parameter :%s", a.Name)
			}
		}
		if i >= n || given[i] {
			return nil, fmt.Errorf("the statement has %d parameters, but %d values were given", n, len(args))
		}
		values[i], given[i] = a.Value, true
	}
	for i, ok := range given {
		if !ok {
			return nil, fmt.Errorf("the statement has %d parameters, and number %d has no value", n, i+1)
		}
	}
	fields := make([]arrow.Field, n)
	cols := make([]arrow.Array, n)
	defer func() {
		for _, c := range cols {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i, v := range values {
		var err error
		if cols[i], err = column(v, params.Field(i).Type); err != nil {
			return nil, fmt.Errorf("value %d: %w", i+1, err)
		}
		fields[i] = arrow.Field{Name: params.Field(i).Name, Type: cols[i].DataType(), Nullable: true}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, 1), nil
}

// column is an array of one value: of the parameter's type where both are
// nested and the value fits, else of the value's own. The fields of a STRUCT are those the parameter has.
func column(v any, param arrow.DataType) (arrow.Array, error) {
	if _, nested := param.(arrow.NestedType); nested && v != nil {
		a, err := built(param, v)
		if err == nil || param.ID() == arrow.STRUCT {
			return a, err
		}
	}
	t, err := typeOf(v, param)
	if err != nil {
		return nil, err
	}
	return built(t, v)
}

func built(t arrow.DataType, v any) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, t)
	defer b.Release()
	if err := appendValue(b, v); err != nil {
		return nil, err
	}
	return b.NewArray(), nil
}

// typeOf is the Arrow type a value of goValue goes as; NULL has the parameter's own.
func typeOf(v any, param arrow.DataType) (arrow.DataType, error) {
	switch v := v.(type) {
	case nil:
		return param, nil
	case bool:
		return arrow.FixedWidthTypes.Boolean, nil
	case int64:
		return arrow.PrimitiveTypes.Int64, nil
	case float32:
		return arrow.PrimitiveTypes.Float32, nil
	case float64:
		return arrow.PrimitiveTypes.Float64, nil
	case string:
		return arrow.BinaryTypes.String, nil
	case []byte:
		return arrow.BinaryTypes.Binary, nil
	case time.Time:
		switch param.(type) { // a date, time or local time is the value's own day and clock
		case *arrow.Date32Type, *arrow.TimestampType, *arrow.Time64Type:
			return param, nil
		}
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, nil
	case time.Duration:
		if t, ok := param.(*arrow.Time64Type); ok {
			return t, nil
		}
		return arrow.FixedWidthTypes.Duration_us, nil
	case volley.Decimal:
		return decimalType(string(v))
	case []any:
		t, err := commonType(slices.Values(v))
		return arrow.ListOf(t), err
	case []MapEntry:
		key, err := commonType(func(yield func(any) bool) {
			for _, e := range v {
				if !yield(e.Key) {
					return
				}
			}
		})
		if err != nil {
			return nil, err
		}
		value, err := commonType(func(yield func(any) bool) {
			for _, e := range v {
				if !yield(e.Value) {
					return
				}
			}
		})
		return arrow.MapOf(key, value), err
	case map[string]any:
		var fields []arrow.Field
		for _, name := range slices.Sorted(maps.Keys(v)) {
			t, err := typeOf(v[name], arrow.Null)
			if err != nil {
				return nil, err
			}
			fields = append(fields, arrow.Field{Name: name, Type: t, Nullable: true})
		}
		return arrow.StructOf(fields...), nil
	}
	return nil, fmt.Errorf("values of the Go type %T are not supported", v)
}

// commonType is the type of elements: that of the first which is not NULL, wide
// enough for numbers of other types.
func commonType(values iter.Seq[any]) (arrow.DataType, error) {
	out := arrow.DataType(arrow.Null)
	for v := range values {
		if v == nil {
			continue
		}
		t, err := typeOf(v, arrow.Null)
		if err != nil {
			return nil, err
		}
		out = wider(out, t)
	}
	return out, nil
}

func wider(a, b arrow.DataType) arrow.DataType {
	float := func(t arrow.DataType) bool { return t.ID() == arrow.FLOAT32 || t.ID() == arrow.FLOAT64 }
	number := func(t arrow.DataType) bool { return float(t) || t.ID() == arrow.INT64 || t.ID() == arrow.DECIMAL128 }
	switch {
	case a.ID() == arrow.NULL:
		return b
	case arrow.TypeEqual(a, b) || !number(a) || !number(b):
		return a
	case float(a) || float(b):
		return arrow.PrimitiveTypes.Float64
	}
	x, y := decimalOf(a), decimalOf(b)
	scale := max(x.Scale, y.Scale)
	return &arrow.Decimal128Type{Precision: min(38, max(x.Precision-x.Scale, y.Precision-y.Scale)+scale), Scale: scale}
}

// decimalOf is a decimal type that holds the numbers of a type.
func decimalOf(t arrow.DataType) *arrow.Decimal128Type {
	if d, ok := t.(*arrow.Decimal128Type); ok {
		return d
	}
	return &arrow.Decimal128Type{Precision: 19}
}

// decimalType is the smallest type that holds a decimal number written without exponent.
func decimalType(text string) (arrow.DataType, error) {
	digits := strings.TrimLeft(text, "+-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	if strings.Trim(whole+fraction, "0123456789") != "" || digits == "" || digits == "." {
		return nil, fmt.Errorf("%q is no decimal number", text)
	}
	if len(whole)+len(fraction) > 38 {
		return nil, fmt.Errorf("the decimal number %s has more than 38 digits", text)
	}
	return &arrow.Decimal128Type{Precision: int32(max(1, len(whole)+len(fraction))), Scale: int32(len(fraction))}, nil
}
