package volley

import (
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// Decimal is an exact decimal number as text, such as "-12.50". Its digits
// after the point are its scale.
type Decimal string

// Date is a calendar day without a time.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of t in t's location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// Time is midnight of the day in UTC.
func (d Date) Time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String is the day as YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format("2006-01-02") }

// LocalTime is a TIMESTAMP_NTZ: what a calendar and a clock show, of no zone.
// Its Time is in UTC.
type LocalTime struct{ time.Time }

// TimeOfDay is a TIME: what a clock shows, as the time since midnight.
type TimeOfDay time.Duration

// String is the time as HH:MM:SS with the digits of the fraction that matter.
func (t TimeOfDay) String() string { return time.Unix(0, int64(t)).UTC().Format("15:04:05.999999") }

// Months is a year-month interval, in months.
type Months int32

// Interval is a value of the legacy INTERVAL type, or a day-time interval too
// long for a time.Duration (Micros alone).
type Interval struct {
	Months, Days int32
	Micros       int64
}

// Map is a value of a MAP column, in the order of the map.
type Map []MapEntry

// MapEntry is a key and its value.
type MapEntry struct{ Key, Value any }

func number(kind ast.LitKind, text string) ast.Expr { return &ast.Literal{Kind: kind, Text: text} }

func bigint(v int64) ast.Expr { return number(ast.LitBigint, strconv.FormatInt(v, 10)) }

func null() ast.Expr { return &ast.Literal{Kind: ast.LitNull} }

// literal is a Go value as an expression. Numbers keep their width: int8 is
// TINYINT, int32 INT, int64 BIGINT; int is INT where it fits, else BIGINT.
func literal(v any) (ast.Expr, error) {
	switch v := v.(type) {
	case nil:
		return null(), nil
	case string:
		return ast.Str(v), nil
	case []byte:
		if v == nil {
			return null(), nil
		}
		return number(ast.LitBinary, string(v)), nil
	case Decimal:
		return decimalLiteral(string(v))
	case Date:
		return number(ast.LitDate, v.String()), nil
	case time.Time:
		return number(ast.LitTimestampLTZ, v.UTC().Format("2006-01-02 15:04:05.999999Z")), nil
	case LocalTime:
		return number(ast.LitTimestampNTZ, v.Format("2006-01-02 15:04:05.999999")), nil
	case TimeOfDay:
		return number(ast.LitTime, v.String()), nil
	case time.Duration:
		return durationLiteral(v.Microseconds()), nil
	case Months:
		return &ast.Interval{Parts: []ast.IntervalPart{{Value: strconv.Itoa(int(v)), Unit: ast.UnitMonth}}}, nil
	case Map:
		var args []any
		for _, e := range v {
			args = append(args, e.Key, e.Value)
		}
		return callLiteral("map", args)
	case Row:
		var args []any
		for i, f := range v.names {
			args = append(args, f, v.values[i])
		}
		return callLiteral("named_struct", args)
	}
	return reflected(reflect.ValueOf(v))
}

func callLiteral(name string, args []any) (ast.Expr, error) {
	call := ast.Call(name)
	for _, a := range args {
		x, err := literal(a)
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, x)
	}
	return call, nil
}

func decimalLiteral(text string) (ast.Expr, error) {
	digits, points := 0, 0
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		case (c == '-' || c == '+') && i == 0:
		default:
			points = 2
		}
	}
	if digits == 0 || points > 1 {
		return nil, sqlerr.New(sqlerr.InvalidNumericLiteral, "%q is no decimal number.", text)
	}
	return number(ast.LitDecimal, strings.TrimPrefix(text, "+")), nil
}

func durationLiteral(micros int64) ast.Expr {
	sign, abs := "", uint64(micros)
	if micros < 0 {
		sign, abs = "-", -uint64(micros)
	}
	const second = 1_000_000
	secs := abs / second
	text := fmt.Sprintf("%s%d %02d:%02d:%02d.%06d", sign, secs/86400, secs/3600%24, secs/60%60, secs%60, abs%second)
	return &ast.Interval{Parts: []ast.IntervalPart{{Value: text, Unit: ast.UnitDay}}, To: ast.UnitSecond}
}

// reflected is literal for values of named and composite types.
func reflected(v reflect.Value) (ast.Expr, error) {
	switch v.Kind() {
	case reflect.Bool:
		return ast.Bool(v.Bool()), nil
	case reflect.String:
		return ast.Str(v.String()), nil
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return integerLiteral(v), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		return unsignedLiteral(v), nil
	case reflect.Float32, reflect.Float64:
		return floatLiteral(v), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return typedNull(v.Type().Elem()), nil
		}
		return literal(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		return arrayLiteral(v)
	case reflect.Map:
		return mapLiteral(v)
	case reflect.Struct:
		fs := structFields(v.Type())
		args := make([]any, 0, 2*len(fs))
		for _, f := range fs {
			args = append(args, f.name, v.FieldByIndex(f.index).Interface())
		}
		return callLiteral("named_struct", args)
	}
	return nil, sqlerr.New(sqlerr.UnsupportedLiteralType, "A Go value of type %s has no literal.", v.Type())
}

func integerLiteral(v reflect.Value) ast.Expr {
	kind := ast.LitInt
	switch v.Kind() {
	case reflect.Int8:
		kind = ast.LitTinyint
	case reflect.Int16:
		kind = ast.LitSmallint
	case reflect.Int64:
		kind = ast.LitBigint
	case reflect.Int:
		if v.Int() != int64(int32(v.Int())) {
			kind = ast.LitBigint
		}
	}
	return number(kind, strconv.FormatInt(v.Int(), 10))
}

func unsignedLiteral(v reflect.Value) ast.Expr {
	kind := ast.LitInt
	switch u := v.Uint(); {
	case v.Kind() == reflect.Uint8:
		kind = ast.LitSmallint
	case u > math.MaxInt64:
		kind = ast.LitDecimal
	case v.Kind() != reflect.Uint16 && (v.Kind() != reflect.Uint || u > math.MaxInt32):
		kind = ast.LitBigint
	}
	return number(kind, strconv.FormatUint(v.Uint(), 10))
}

func floatLiteral(v reflect.Value) ast.Expr {
	kind, bits, t := ast.LitDouble, 64, types.Float64Type
	if v.Kind() == reflect.Float32 {
		kind, bits, t = ast.LitFloat, 32, types.Float32Type
	}
	f := v.Float()
	switch {
	case math.IsNaN(f):
		return &ast.Cast{X: ast.Str("NaN"), Type: ast.T(t)}
	case math.IsInf(f, 0):
		name := "Infinity"
		if f < 0 {
			name = "-Infinity"
		}
		return &ast.Cast{X: ast.Str(name), Type: ast.T(t)}
	}
	return number(kind, strconv.FormatFloat(f, 'g', -1, bits))
}

func arrayLiteral(v reflect.Value) (ast.Expr, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return typedNull(v.Type()), nil
	}
	args := make([]any, v.Len())
	for i := range args {
		args[i] = v.Index(i).Interface()
	}
	x, err := callLiteral("array", args)
	if t, ok := sqlType(v.Type()); ok && err == nil && len(args) == 0 {
		return &ast.Cast{X: x, Type: ast.T(t)}, nil
	}
	return x, err
}

func mapLiteral(v reflect.Value) (ast.Expr, error) {
	if v.IsNil() {
		return typedNull(v.Type()), nil
	}
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return fmt.Sprint(keys[i]) < fmt.Sprint(keys[j]) })
	var args []any
	for _, k := range keys {
		args = append(args, k.Interface(), v.MapIndex(k).Interface())
	}
	x, err := callLiteral("map", args)
	if t, ok := sqlType(v.Type()); ok && err == nil && len(args) == 0 {
		return &ast.Cast{X: x, Type: ast.T(t)}, nil
	}
	return x, err
}

// typedNull is NULL of the SQL type of t, where t has one.
func typedNull(t reflect.Type) ast.Expr {
	if st, ok := sqlType(t); ok {
		return &ast.Cast{X: null(), Type: ast.T(st)}
	}
	return null()
}

var goTypes = map[reflect.Type]types.Type{
	reflect.TypeFor[time.Time](): types.TimestampType, reflect.TypeFor[LocalTime](): types.TimestampNTZType,
	reflect.TypeFor[TimeOfDay](): types.TimeType(types.MaxTimePrecision), reflect.TypeFor[Date](): types.DateType, reflect.TypeFor[time.Duration](): types.DayTimeType, reflect.TypeFor[Months](): types.YearMonthType,
	reflect.TypeFor[Decimal](): types.DecimalType(38, 18), reflect.TypeFor[[]byte](): types.BinaryType,
}

var goKinds = map[reflect.Kind]types.Type{
	reflect.Bool: types.BoolType, reflect.String: types.StringType, reflect.Int8: types.Int8Type, reflect.Int16: types.Int16Type,
	reflect.Int32: types.Int32Type, reflect.Int64: types.Int64Type, reflect.Int: types.Int64Type, reflect.Uint8: types.Int16Type,
	reflect.Uint16: types.Int32Type, reflect.Uint32: types.Int64Type, reflect.Uint64: types.DecimalType(20, 0), reflect.Uint: types.DecimalType(20, 0),
	reflect.Float32: types.Float32Type, reflect.Float64: types.Float64Type,
}

// sqlType is the SQL type that values of a Go type have, if all have one.
func sqlType(t reflect.Type) (types.Type, bool) {
	if st, ok := goTypes[t]; ok {
		return st, true
	}
	if st, ok := goKinds[t.Kind()]; ok {
		return st, true
	}
	switch t.Kind() {
	case reflect.Pointer:
		return sqlType(t.Elem())
	case reflect.Slice, reflect.Array:
		e, ok := sqlType(t.Elem())
		return types.ArrayType(e, true), ok
	case reflect.Map:
		k, ok := sqlType(t.Key())
		v, vok := sqlType(t.Elem())
		return types.MapType(k, v, true), ok && vok
	case reflect.Struct:
		var fs []types.Field
		for _, f := range structFields(t) {
			ft, ok := sqlType(f.typ)
			if !ok {
				return types.Type{}, false
			}
			fs = append(fs, types.Field{Name: f.name, Type: ft, Nullable: true})
		}
		return types.StructType(fs...), len(fs) > 0
	}
	return types.Type{}, false
}

type structField struct {
	name  string
	index []int
	typ   reflect.Type
}

// structFields are the exported fields of a struct with their column names: the
// tag `volley:"name"`, or the field's name. The tag "-" leaves a field out.
func structFields(t reflect.Type) []structField {
	var out []structField
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous {
			continue
		}
		name := f.Tag.Get("volley")
		if name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, structField{name, f.Index, f.Type})
	}
	return out
}
