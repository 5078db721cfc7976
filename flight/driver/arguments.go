package driver

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley"
)

// CheckNamedValue implements driver.NamedValueChecker: values that Arrow has go
// as they are, all others as database/sql would send them.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	switch x := v.Value.(type) {
	case driver.Valuer:
		return driver.ErrSkip
	case json.RawMessage:
		v.Value = string(x)
		return nil
	case time.Duration, volley.Decimal, []any, map[string]any, []MapEntry, float32:
		return nil
	}
	if t := reflect.TypeOf(v.Value); t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		s := reflect.ValueOf(v.Value)
		out := make([]any, s.Len())
		for i := range out {
			out[i] = s.Index(i).Interface()
		}
		v.Value = out
		return nil
	}
	return driver.ErrSkip
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
		t, err := typeOf(v, params.Field(i).Type)
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", i+1, err)
		}
		b := array.NewBuilder(memory.DefaultAllocator, t)
		err = appendValue(b, v)
		if err == nil {
			cols[i] = b.NewArray()
		}
		b.Release()
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", i+1, err)
		}
		fields[i] = arrow.Field{Name: params.Field(i).Name, Type: t, Nullable: true}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, 1), nil
}

// typeOf is the Arrow type a Go value goes as; NULL has the parameter's own.
func typeOf(v any, param arrow.DataType) (arrow.DataType, error) {
	switch v := v.(type) {
	case nil:
		return param, nil
	case bool:
		return arrow.FixedWidthTypes.Boolean, nil
	case int64, int, int32, int16, int8:
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
		switch p := param.(type) { // a date or local time is the value's own day and clock
		case *arrow.Date32Type:
			return p, nil
		case *arrow.TimestampType:
			return p, nil
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
		elem := arrow.DataType(arrow.Null)
		if l, ok := param.(arrow.ListLikeType); ok {
			elem = l.Elem()
		}
		for _, x := range v {
			if x != nil {
				t, err := typeOf(x, elem)
				return arrow.ListOf(t), err
			}
		}
		return arrow.ListOf(elem), nil
	case map[string]any, []MapEntry:
		if param.ID() == arrow.STRUCT || param.ID() == arrow.MAP {
			return param, nil
		}
		return nil, fmt.Errorf("a %T goes to a parameter of a STRUCT or MAP type only, and this one is %s", v, param)
	}
	return nil, fmt.Errorf("values of the Go type %T are not supported", v)
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

// appendValue appends a value to a builder of a type that typeOf chose.
func appendValue(b array.Builder, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		if x, ok := v.(bool); ok {
			b.Append(x)
			return nil
		}
	case *array.Int64Builder:
		if x := reflect.ValueOf(v); x.CanInt() {
			b.Append(x.Int())
			return nil
		}
	case *array.Float32Builder:
		if x := reflect.ValueOf(v); x.CanFloat() {
			b.Append(float32(x.Float()))
			return nil
		}
	case *array.Float64Builder:
		if x := reflect.ValueOf(v); x.CanFloat() {
			b.Append(x.Float())
			return nil
		}
	case *array.StringBuilder:
		if x, ok := v.(string); ok {
			b.Append(x)
			return nil
		}
	case *array.BinaryBuilder:
		if x, ok := v.([]byte); ok {
			b.Append(x)
			return nil
		}
	default:
		return appendWide(b, v)
	}
	return mismatch(b, v)
}

func mismatch(b array.Builder, v any) error {
	return fmt.Errorf("a value of the Go type %T does not fit %s", v, b.Type())
}

func appendWide(b array.Builder, v any) error {
	switch b := b.(type) {
	case *array.Date32Builder:
		if x, ok := v.(time.Time); ok {
			y, m, d := x.Date()
			b.Append(arrow.Date32FromTime(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)))
			return nil
		}
	case *array.TimestampBuilder:
		if x, ok := v.(time.Time); ok {
			t := b.Type().(*arrow.TimestampType)
			if t.TimeZone == "" { // local: the clock that x shows
				x = time.Date(x.Year(), x.Month(), x.Day(), x.Hour(), x.Minute(), x.Second(), x.Nanosecond(), time.UTC)
			}
			ts, err := arrow.TimestampFromTime(x, t.Unit)
			if err == nil {
				b.Append(ts)
			}
			return err
		}
	case *array.DurationBuilder:
		if x, ok := v.(time.Duration); ok {
			b.Append(arrow.Duration(x / b.Type().(*arrow.DurationType).Unit.Multiplier()))
			return nil
		}
	case *array.Time64Builder:
		if x, ok := v.(time.Duration); ok {
			b.Append(arrow.Time64(x / b.Type().(*arrow.Time64Type).Unit.Multiplier()))
			return nil
		}
	case *array.Decimal128Builder:
		if x, ok := v.(volley.Decimal); ok {
			t := b.Type().(*arrow.Decimal128Type)
			n, err := decimal128.FromString(string(x), t.Precision, t.Scale)
			if err == nil {
				b.Append(n)
			}
			return err
		}
	default:
		return appendNested(b, v)
	}
	return mismatch(b, v)
}

func appendNested(b array.Builder, v any) error {
	switch b := b.(type) {
	case *array.MapBuilder:
		entries, ok := v.([]MapEntry)
		if m, is := v.(map[string]any); is {
			for k, x := range m {
				entries = append(entries, MapEntry{k, x})
			}
			ok = true
		}
		if !ok {
			break
		}
		b.Append(true)
		for _, e := range entries {
			if err := appendValue(b.KeyBuilder(), e.Key); err != nil {
				return err
			}
			if err := appendValue(b.ItemBuilder(), e.Value); err != nil {
				return err
			}
		}
		return nil
	case *array.StructBuilder:
		m, ok := v.(map[string]any)
		if !ok {
			break
		}
		b.Append(true)
		for i, f := range b.Type().(*arrow.StructType).Fields() {
			if err := appendValue(b.FieldBuilder(i), m[f.Name]); err != nil {
				return err
			}
		}
		return nil
	case array.ListLikeBuilder:
		list, ok := v.([]any)
		if !ok {
			break
		}
		b.Append(true)
		for _, x := range list {
			if err := appendValue(b.ValueBuilder(), x); err != nil {
				return err
			}
		}
		return nil
	}
	return mismatch(b, v)
}
