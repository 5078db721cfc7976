package driver

import (
	"database/sql/driver"
	"io"
	"iter"
	"reflect"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	fsql "github.com/volley-sql/volley/flight/sql"
)

// rows reads a result record by record.
type rows struct {
	c      *conn
	schema *arrow.Schema
	owned  io.Closer
	next   func() (arrow.RecordBatch, error, bool)
	stop   func()
	cancel func() // of the query's context
	begun  bool   // next was called
	rec    arrow.RecordBatch
	at     int
	read   []func(row int) driver.Value // of rec, by column
	err    error
}

var (
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
)

func newRows(c *conn, schema *arrow.Schema, res *fsql.Result, owned io.Closer, cancel func()) *rows {
	if schema == nil {
		schema = arrow.NewSchema(nil, nil)
	}
	r := &rows{c: c, schema: schema, owned: owned, cancel: cancel}
	r.next, r.stop = iter.Pull2(res.Rows)
	return r
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string {
	out := make([]string, r.schema.NumFields())
	for i, f := range r.schema.Fields() {
		out[i] = f.Name
	}
	return out
}

// Close implements driver.Rows: it ends the query.
func (r *rows) Close() error {
	r.rec, r.read = nil, nil
	r.cancel()
	if !r.begun { // a sequence that nobody has begun does not learn that it is to end
		r.begun = true
		r.next()
	}
	r.stop()
	if r.owned != nil {
		owned := r.owned
		r.owned = nil
		return owned.Close()
	}
	return nil
}

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) error {
	for r.rec == nil || r.at >= int(r.rec.NumRows()) {
		if r.err != nil {
			return r.err
		}
		r.begun = true
		rec, err, ok := r.next()
		if err != nil {
			r.err = r.c.failed(err)
			return r.err
		}
		if !ok {
			r.err = io.EOF
			return r.err
		}
		r.rec, r.at = rec, 0
		r.read = r.read[:0]
		for _, c := range rec.Columns() {
			r.read = append(r.read, getter(c))
		}
	}
	for i := range dest {
		dest[i] = r.read[i](r.at)
	}
	r.at++
	return nil
}

// record takes what is left of the current record, or the next one.
func (r *rows) record() (arrow.RecordBatch, error) {
	r.begun = true
	rec, err, ok := r.next()
	if err != nil {
		return nil, r.c.failed(err)
	}
	if !ok {
		return nil, io.EOF
	}
	return rec, nil
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName:
// the SQL type without its parameters.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	f := r.schema.Field(i)
	if v, ok := f.Metadata.GetValue("ARROW:FLIGHT:SQL:TYPE_NAME"); ok && v != "" {
		name, _, _ := strings.Cut(v, "(")
		name, _, _ = strings.Cut(name, "<")
		return strings.ToUpper(name)
	}
	return strings.ToUpper(f.Type.Name())
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) { return r.schema.Field(i).Nullable, true }

// ColumnTypePrecisionScale implements driver.RowsColumnTypePrecisionScale.
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if d, is := r.schema.Field(i).Type.(arrow.DecimalType); is {
		return int64(d.GetPrecision()), int64(d.GetScale()), true
	}
	return 0, 0, false
}

// ColumnTypeLength implements driver.RowsColumnTypeLength: texts and bytes have no limit of their own.
func (r *rows) ColumnTypeLength(i int) (length int64, ok bool) {
	switch r.schema.Field(i).Type.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW, arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return 1<<63 - 1, true
	}
	return 0, false
}

// ColumnTypeScanType implements driver.RowsColumnTypeScanType.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	switch t := r.schema.Field(i).Type; t.ID() {
	case arrow.BOOL:
		return reflect.TypeFor[bool]()
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32:
		return reflect.TypeFor[int64]()
	case arrow.FLOAT16, arrow.FLOAT32:
		return reflect.TypeFor[float32]()
	case arrow.FLOAT64:
		return reflect.TypeFor[float64]()
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return reflect.TypeFor[[]byte]()
	case arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP:
		return reflect.TypeFor[time.Time]()
	case arrow.TIME32, arrow.TIME64, arrow.DURATION:
		return reflect.TypeFor[time.Duration]()
	case arrow.MAP:
		return reflect.TypeFor[[]MapEntry]()
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST, arrow.LIST_VIEW:
		return reflect.TypeFor[[]any]()
	case arrow.STRUCT:
		return reflect.TypeFor[map[string]any]()
	case arrow.NULL:
		return reflect.TypeFor[any]()
	}
	return reflect.TypeFor[string]()
}

// MapEntry is an entry of a MAP, whose keys need not be comparable in Go.
type MapEntry struct{ Key, Value any }

// getter reads values of a column, nil for NULL.
func getter(a arrow.Array) func(row int) driver.Value {
	get := valueOf(a)
	if a.NullN() == 0 && a.DataType().ID() != arrow.NULL {
		return get
	}
	return func(row int) driver.Value {
		if a.IsNull(row) {
			return nil
		}
		return get(row)
	}
}

func valueOf(a arrow.Array) func(row int) driver.Value {
	switch a := a.(type) {
	case *array.Null:
		return func(int) driver.Value { return nil }
	case *array.Boolean:
		return func(i int) driver.Value { return a.Value(i) }
	case *array.Int8:
		return func(i int) driver.Value { return int64(a.Value(i)) }
	case *array.Int16:
		return func(i int) driver.Value { return int64(a.Value(i)) }
	case *array.Int32:
		return func(i int) driver.Value { return int64(a.Value(i)) }
	case *array.Int64:
		return func(i int) driver.Value { return a.Value(i) }
	case *array.Float32:
		return func(i int) driver.Value { return a.Value(i) }
	case *array.Float64:
		return func(i int) driver.Value { return a.Value(i) }
	case *array.Binary:
		return func(i int) driver.Value { return append([]byte{}, a.Value(i)...) }
	case *array.String:
		return func(i int) driver.Value { return strings.Clone(a.Value(i)) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) driver.Value { return a.Value(i).ToString(scale) }
	case *array.Date32:
		return func(i int) driver.Value { return a.Value(i).ToTime() }
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return func(i int) driver.Value { return a.Value(i).ToTime(unit) }
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		return func(i int) driver.Value { return time.Duration(a.Value(i)) * unit.Multiplier() }
	case *array.Duration:
		unit := a.DataType().(*arrow.DurationType).Unit
		return func(i int) driver.Value { return time.Duration(a.Value(i)) * unit.Multiplier() }
	}
	return nestedValue(a)
}

func nestedValue(a arrow.Array) func(row int) driver.Value {
	switch a := a.(type) {
	case *array.Map:
		key, value := getter(a.Keys()), getter(a.Items())
		return func(i int) driver.Value {
			from, to := a.ValueOffsets(i)
			out := make([]MapEntry, 0, to-from)
			for j := int(from); j < int(to); j++ {
				out = append(out, MapEntry{key(j), value(j)})
			}
			return out
		}
	case array.ListLike:
		elem := getter(a.ListValues())
		return func(i int) driver.Value {
			from, to := a.ValueOffsets(i)
			out := make([]any, 0, to-from)
			for j := int(from); j < int(to); j++ {
				out = append(out, elem(j))
			}
			return out
		}
	case *array.Struct:
		t := a.DataType().(*arrow.StructType)
		fields := make([]func(int) driver.Value, a.NumField())
		for f := range fields {
			fields[f] = getter(a.Field(f))
		}
		return func(i int) driver.Value {
			out := make(map[string]any, len(fields))
			for f, get := range fields {
				out[t.Field(f).Name] = get(i)
			}
			return out
		}
	case *array.Dictionary:
		get := getter(a.Dictionary())
		return func(i int) driver.Value { return get(a.GetValueIndex(i)) }
	}
	return func(i int) driver.Value { return strings.Clone(a.ValueStr(i)) }
}
