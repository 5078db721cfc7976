package driver

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/volley-sql/volley"
)

// appendValue appends a value of goValue to a builder. What is not of the
// builder's own Go type goes by its text, if text says it all.
func appendValue(b array.Builder, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	ok, err := appendOwn(b, v)
	if ok || err != nil {
		return err
	}
	switch x := v.(type) {
	case time.Time:
		if b.Type().ID() == arrow.STRING {
			return b.AppendValueFromString(x.Format("2006-01-02 15:04:05.999999Z07:00"))
		}
	case volley.Decimal, string, int64, float32, float64:
		switch b.Type().ID() {
		case arrow.BOOL, arrow.BINARY, arrow.LIST, arrow.MAP, arrow.STRUCT, arrow.DATE32, arrow.TIMESTAMP, arrow.TIME64:
			// a number is none of these; texts that are meant to be are read below
			if _, text := v.(string); !text || b.Type().ID() == arrow.BINARY {
				return mismatch(b, v)
			}
		}
		if err := b.AppendValueFromString(fmt.Sprint(x)); err != nil {
			return fmt.Errorf("%w: %w", mismatch(b, v), err)
		}
		return nil
	}
	return mismatch(b, v)
}

func mismatch(b array.Builder, v any) error {
	return fmt.Errorf("a value of the Go type %T does not fit %s", v, b.Type())
}

// appendOwn appends a value to a builder of its own type; ok is false if it is of another.
func appendOwn(b array.Builder, v any) (ok bool, err error) {
	switch x := v.(type) {
	case bool:
		if b, is := b.(*array.BooleanBuilder); is {
			b.Append(x)
			return true, nil
		}
	case int64:
		if b, is := b.(*array.Int64Builder); is {
			b.Append(x)
			return true, nil
		}
	case float32:
		return appendFloat(b, float64(x)), nil
	case float64:
		return appendFloat(b, x), nil
	case string:
		if b, is := b.(*array.StringBuilder); is {
			b.Append(x)
			return true, nil
		}
	case []byte:
		switch b := b.(type) {
		case *array.BinaryBuilder:
			b.Append(x)
			return true, nil
		case *array.StringBuilder:
			b.Append(string(x))
			return true, nil
		}
	case time.Time:
		return appendTime(b, x)
	case time.Duration:
		switch b := b.(type) {
		case *array.DurationBuilder:
			b.Append(arrow.Duration(x / b.Type().(*arrow.DurationType).Unit.Multiplier()))
			return true, nil
		case *array.Time64Builder:
			b.Append(arrow.Time64(x / b.Type().(*arrow.Time64Type).Unit.Multiplier()))
			return true, nil
		}
	case volley.Decimal:
		if b, is := b.(*array.Decimal128Builder); is {
			t := b.Type().(*arrow.Decimal128Type)
			n, err := decimal128.FromString(string(x), t.Precision, t.Scale)
			if err == nil {
				b.Append(n)
			}
			return true, err
		}
	default:
		return appendNested(b, v)
	}
	return false, nil
}

func appendFloat(b array.Builder, x float64) (ok bool) {
	switch b := b.(type) {
	case *array.Float32Builder:
		b.Append(float32(x))
	case *array.Float64Builder:
		b.Append(x)
	default:
		return false
	}
	return true
}

// appendTime appends a point in time. Of a date, a time of day and a local time
// it is the day and clock that x shows.
func appendTime(b array.Builder, x time.Time) (ok bool, err error) {
	clock := time.Date(x.Year(), x.Month(), x.Day(), x.Hour(), x.Minute(), x.Second(), x.Nanosecond(), time.UTC)
	switch b := b.(type) {
	case *array.Date32Builder:
		b.Append(arrow.Date32FromTime(clock.Truncate(24 * time.Hour)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(clock.Sub(clock.Truncate(24*time.Hour)) / b.Type().(*arrow.Time64Type).Unit.Multiplier()))
	case *array.TimestampBuilder:
		t := b.Type().(*arrow.TimestampType)
		if t.TimeZone == "" {
			x = clock
		}
		ts, err := arrow.TimestampFromTime(x, t.Unit)
		if err == nil {
			b.Append(ts)
		}
		return true, err
	default:
		return false, nil
	}
	return true, nil
}

func appendNested(b array.Builder, v any) (ok bool, err error) {
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
				return true, err
			}
			if err := appendValue(b.ItemBuilder(), e.Value); err != nil {
				return true, err
			}
		}
		return true, nil
	case *array.StructBuilder:
		m, ok := v.(map[string]any)
		if !ok {
			break
		}
		return true, appendStruct(b, m)
	case array.ListLikeBuilder:
		list, ok := v.([]any)
		if !ok {
			break
		}
		b.Append(true)
		for _, x := range list {
			if err := appendValue(b.ValueBuilder(), x); err != nil {
				return true, err
			}
		}
		return true, nil
	}
	return false, nil
}

// appendStruct appends a STRUCT: fields that the map does not have are NULL, and
// entries that are no field are an error.
func appendStruct(b *array.StructBuilder, m map[string]any) error {
	b.Append(true)
	found := 0
	for i, f := range b.Type().(*arrow.StructType).Fields() {
		x, ok := m[f.Name]
		for name, y := range m {
			if !ok && strings.EqualFold(name, f.Name) {
				x, ok = y, true
			}
		}
		if ok {
			found++
		}
		if err := appendValue(b.FieldBuilder(i), x); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	if found < len(m) {
		return fmt.Errorf("the value has %d fields, of which %s has %d", len(m), b.Type(), found)
	}
	return nil
}

// appendAny appends a value of any Go type that arguments may have.
func appendAny(b array.Builder, v driver.Value) error {
	x, err := goValue(v)
	if err != nil {
		return err
	}
	return appendValue(b, x)
}
