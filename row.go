package volley

import (
	"database/sql"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Row is a row of a result, or a value of a STRUCT column. Its values are
//
//	BOOLEAN                   bool
//	TINYINT, SMALLINT         int8, int16
//	INT, BIGINT               int32, int64
//	FLOAT, DOUBLE             float32, float64
//	DECIMAL                   Decimal
//	STRING, BINARY            string, []byte
//	DATE                      Date
//	TIMESTAMP                 time.Time in the session's time zone
//	TIMESTAMP_NTZ             LocalTime
//	TIME                      TimeOfDay
//	INTERVAL YEAR TO MONTH    Months
//	INTERVAL DAY TO SECOND    time.Duration (Interval beyond 292 years)
//	ARRAY                     []any
//	MAP                       Map
//	STRUCT                    Row
//	NULL                      nil
type Row struct {
	names  []string
	values []any
}

// Len is the number of values.
func (r Row) Len() int { return len(r.values) }

// Get is the value of column i, from 0. It panics if there is no such column.
func (r Row) Get(i int) any { return r.values[i] }

// Values are all values. The slice belongs to the caller.
func (r Row) Values() []any { return append([]any(nil), r.values...) }

// Names are the names of the columns.
func (r Row) Names() []string { return append([]string(nil), r.names...) }

// ByName is the value of the first column of the name, in any case of its
// letters, and whether there is one.
func (r Row) ByName(name string) (any, bool) {
	for i, n := range r.names {
		if strings.EqualFold(n, name) {
			return r.values[i], true
		}
	}
	return nil, false
}

// String is the row as [a, b, c].
func (r Row) String() string {
	parts := make([]string, len(r.values))
	for i, v := range r.values {
		parts[i] = fmt.Sprint(v)
		if v == nil {
			parts[i] = "null"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Scan stores the values into what dest points to: a Go type that takes the
// value without loss, a pointer for what may be NULL, or a sql.Scanner. A
// single pointer to a struct takes columns by the names of its fields (the tag
// `volley:"name"`, or the field's name in any case).
func (r Row) Scan(dest ...any) error {
	if len(dest) == 1 && isRecord(reflect.TypeOf(dest[0])) {
		return r.scanStruct(reflect.ValueOf(dest[0]).Elem())
	}
	if len(dest) != len(r.values) {
		return public(sqlerr.New(sqlerr.InvalidParameterValue, "The row has %d columns, Scan got %d places.", len(r.values), len(dest)))
	}
	for i, d := range dest {
		p := reflect.ValueOf(d)
		if p.Kind() != reflect.Pointer || p.IsNil() {
			return public(sqlerr.New(sqlerr.InvalidParameterValue, "Scan takes pointers, not a %T.", d))
		}
		if err := store(p.Elem(), r.values[i], r.names[i]); err != nil {
			return public(err)
		}
	}
	return nil
}

// isRecord reports whether t points to a struct that stands for a row, not for one value.
func isRecord(t reflect.Type) bool {
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct || t.Implements(scanner) {
		return false
	}
	switch t.Elem() {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[Date](), reflect.TypeFor[LocalTime](), reflect.TypeFor[Interval](), reflect.TypeFor[Row]():
		return false
	}
	return true
}

var scanner = reflect.TypeFor[sql.Scanner]()

func (r Row) scanStruct(v reflect.Value) error {
	for _, f := range structFields(v.Type()) {
		x, ok := r.ByName(f.name)
		if !ok {
			return public(sqlerr.New(sqlerr.UnresolvedColumn, "The result has no column for the field %s of %s.", f.name, v.Type()).
				WithHint("It has the columns %s.", strings.Join(r.names, ", ")))
		}
		if err := store(v.FieldByIndex(f.index), x, f.name); err != nil {
			return public(err)
		}
	}
	return nil
}

// store puts a value of a Row into v.
func store(v reflect.Value, x any, name string) error {
	if v.CanAddr() && v.Addr().Type().Implements(scanner) {
		if err := v.Addr().Interface().(sql.Scanner).Scan(x); err != nil {
			return sqlerr.Wrap(err, sqlerr.InvalidParameterValue, "Column %s: %v.", name, err)
		}
		return nil
	}
	if v.Kind() == reflect.Pointer {
		if x == nil {
			v.SetZero()
			return nil
		}
		p := reflect.New(v.Type().Elem())
		v.Set(p)
		return store(p.Elem(), x, name)
	}
	if v.Kind() == reflect.Interface && (x == nil || reflect.TypeOf(x).Implements(v.Type())) {
		v.SetZero()
		if x != nil {
			v.Set(reflect.ValueOf(x))
		}
		return nil
	}
	if x == nil {
		if v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
			v.SetZero()
			return nil
		}
		return sqlerr.New(sqlerr.InvalidParameterValue, "Column %s is NULL, which a %s cannot hold; scan into a pointer.", name, v.Type())
	}
	if storeAs(v, x, name) {
		return nil
	}
	if done, err := storeNested(v, x, name); done || err != nil {
		return err
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "Column %s has a value of type %T, which does not fit into a %s.", name, x, v.Type())
}

// storeAs stores flat values, numbers if they fit.
func storeAs(v reflect.Value, x any, _ string) bool {
	xv := reflect.ValueOf(x)
	if xv.Type().AssignableTo(v.Type()) {
		v.Set(xv)
		return true
	}
	switch y := x.(type) {
	case Date:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(y.Time()))
			return true
		}
	case LocalTime:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(y.Time))
			return true
		}
	}
	switch {
	case xv.CanInt() && v.CanInt() && !v.OverflowInt(xv.Int()):
		v.SetInt(xv.Int())
	case xv.CanInt() && v.CanUint() && xv.Int() >= 0 && !v.OverflowUint(uint64(xv.Int())):
		v.SetUint(uint64(xv.Int()))
	case xv.CanInt() && v.CanFloat() && xv.Int() >= -1<<53 && xv.Int() <= 1<<53 && (v.Kind() == reflect.Float64 || xv.Int() >= -1<<24 && xv.Int() <= 1<<24):
		v.SetFloat(float64(xv.Int()))
	case xv.CanFloat() && v.CanFloat() && (v.Kind() == reflect.Float64 || float64(float32(xv.Float())) == xv.Float() || math.IsNaN(xv.Float())):
		v.SetFloat(xv.Float())
	case xv.Kind() == reflect.String && v.Kind() == reflect.String:
		v.SetString(xv.String())
	case xv.Kind() == reflect.Bool && v.Kind() == reflect.Bool:
		v.SetBool(xv.Bool())
	default:
		return false
	}
	return true
}

// storeNested stores arrays, maps and structs.
func storeNested(v reflect.Value, x any, name string) (bool, error) {
	switch x := x.(type) {
	case []any:
		if v.Kind() != reflect.Slice {
			return false, nil
		}
		out := reflect.MakeSlice(v.Type(), len(x), len(x))
		for i, e := range x {
			if err := store(out.Index(i), e, name); err != nil {
				return true, err
			}
		}
		v.Set(out)
		return true, nil
	case Map:
		if v.Kind() != reflect.Map {
			return false, nil
		}
		out := reflect.MakeMapWithSize(v.Type(), len(x))
		for _, e := range x {
			k, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			if err := store(k, e.Key, name); err != nil {
				return true, err
			}
			if err := store(val, e.Value, name); err != nil {
				return true, err
			}
			out.SetMapIndex(k, val)
		}
		v.Set(out)
		return true, nil
	case Row:
		if v.Kind() == reflect.Struct {
			return true, x.scanStruct(v)
		}
	}
	return false, nil
}

func zone(s *settings.Snapshot) *time.Location { return settings.TimeZone(s) }

// goValue is a datum as a Row has it.
func goValue(d types.Datum, t types.Type, loc *time.Location) (any, error) {
	if d == nil {
		return nil, nil
	}
	switch t.Kind {
	case types.Int8:
		return int8(d.(int64)), nil
	case types.Int16:
		return int16(d.(int64)), nil
	case types.Int32:
		return int32(d.(int64)), nil
	case types.Float32:
		return float32(d.(float64)), nil
	case types.Decimal:
		return Decimal(cast.Format(d, t, loc)), nil
	case types.Binary:
		return []byte(d.(string)), nil
	case types.Date:
		y, m, day := calendar.Civil(d.(int64))
		return Date{y, time.Month(m), day}, nil
	case types.Timestamp:
		return time.UnixMicro(d.(int64)).In(loc), nil
	case types.TimestampNTZ:
		return LocalTime{time.UnixMicro(d.(int64)).UTC()}, nil
	case types.Time:
		return TimeOfDay(d.(int64)), nil
	case types.YearMonth:
		return Months(d.(int64)), nil
	case types.DayTime:
		us := d.(int64)
		if us > math.MaxInt64/1000 || us < math.MinInt64/1000 {
			return Interval{Micros: us}, nil
		}
		return time.Duration(us) * time.Microsecond, nil
	case types.Interval:
		i := d.(types.CalendarInterval)
		return Interval{i.Months, i.Days, i.Micros}, nil
	}
	if t.Kind.IsNested() {
		return goNested(d, t, loc)
	}
	return d, nil
}

func goNested(d types.Datum, t types.Type, loc *time.Location) (any, error) {
	list := func(ds []types.Datum, typ func(int) types.Type) ([]any, error) {
		out := make([]any, len(ds))
		for i, x := range ds {
			v, err := goValue(x, typ(i), loc)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	switch t.Kind {
	case types.Array:
		return list(d.([]types.Datum), func(int) types.Type { return t.Elem() })
	case types.Map:
		m := d.(types.MapDatum)
		ks, err := list(m.Keys, func(int) types.Type { return t.Key() })
		if err != nil {
			return nil, err
		}
		vs, err := list(m.Values, func(int) types.Type { return t.Value() })
		out := make(Map, len(ks))
		for i := range vs {
			out[i] = MapEntry{ks[i], vs[i]}
		}
		return out, err
	default:
		fs := t.Children()
		vs, err := list(d.([]types.Datum), func(i int) types.Type { return fs[i].Type })
		r := Row{values: vs}
		for _, f := range fs {
			r.names = append(r.names, f.Name)
		}
		return r, err
	}
}
