// Package types describes SQL types and the Go values that stand for single
// SQL values. It is the vocabulary every other room shares, so it imports
// nothing of the project.
package types

import (
	"fmt"
	"strings"
)

// Kind is the family of a type.
type Kind uint8

// The kinds. Null is the type of a bare NULL literal (Spark's VOID).
const (
	Null Kind = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Float32
	Float64
	Decimal
	String
	Binary
	Date         // days since 1970-01-01, proleptic Gregorian
	Timestamp    // microseconds since the epoch, UTC instant shown in the session time zone
	TimestampNTZ // microseconds since the epoch, wall clock without zone
	Time         // nanoseconds of a day, wall clock without date or zone
	YearMonth    // interval in months
	DayTime      // interval in microseconds
	Interval     // legacy calendar interval: months, days and microseconds
	Array
	Map
	Struct
)

// Limits of DECIMAL, as in Spark.
const (
	MaxPrecision = 38
	// MaxCompactPrecision is the largest precision whose unscaled value is held in an int64.
	MaxCompactPrecision = 18
	// MaxTimePrecision is the most digits that seconds of a TIME have.
	MaxTimePrecision = 6
)

// Interval fields for YearMonth (FieldYear, FieldMonth) and DayTime (FieldDay..FieldSecond).
const (
	FieldYear, FieldMonth                         uint8 = 0, 1
	FieldDay, FieldHour, FieldMinute, FieldSecond uint8 = 0, 1, 2, 3
)

// Type is a SQL type. The zero value is the NULL type. Types are immutable
// values; compare them with Equal, since nested types hold a pointer.
type Type struct {
	Kind Kind
	// P and S are precision and scale of a Decimal, and the first and last
	// field of a YearMonth or DayTime interval. P is the digits of the fraction
	// of seconds of a Time.
	P, S uint8
	// Fields holds the children of nested types: the element of an Array
	// (one field named "element"), key and value of a Map, the fields of a
	// Struct. It is shared between copies and must not be written to.
	Fields *[]Field
}

// Field is a named, typed column or struct member.
type Field struct {
	Name     string
	Type     Type
	Nullable bool
}

// Schema is an ordered list of columns.
type Schema []Field

// Index returns the position of the column called name (compared without
// regard to ASCII case), or -1.
func (s Schema) Index(name string) int {
	for i := range s {
		if strings.EqualFold(s[i].Name, name) {
			return i
		}
	}
	return -1
}

// The flat types as ready values.
var (
	NullType         = Type{}
	BoolType         = Type{Kind: Bool}
	Int8Type         = Type{Kind: Int8}
	Int16Type        = Type{Kind: Int16}
	Int32Type        = Type{Kind: Int32}
	Int64Type        = Type{Kind: Int64}
	Float32Type      = Type{Kind: Float32}
	Float64Type      = Type{Kind: Float64}
	StringType       = Type{Kind: String}
	BinaryType       = Type{Kind: Binary}
	DateType         = Type{Kind: Date}
	TimestampType    = Type{Kind: Timestamp}
	TimestampNTZType = Type{Kind: TimestampNTZ}
	YearMonthType    = Type{Kind: YearMonth, P: FieldYear, S: FieldMonth}
	DayTimeType      = Type{Kind: DayTime, P: FieldDay, S: FieldSecond}
	IntervalType     = Type{Kind: Interval}
)

// DecimalType returns DECIMAL(precision, scale). It does not check bounds.
func DecimalType(precision, scale int) Type {
	return Type{Kind: Decimal, P: uint8(precision), S: uint8(scale)}
}

// TimeType returns TIME(precision). It does not check bounds.
func TimeType(precision int) Type { return Type{Kind: Time, P: uint8(precision)} }

// ArrayType returns ARRAY<elem>.
func ArrayType(elem Type, containsNull bool) Type {
	return Type{Kind: Array, Fields: &[]Field{{Name: "element", Type: elem, Nullable: containsNull}}}
}

// MapType returns MAP<key, value>. Keys are never null.
func MapType(key, value Type, valueNull bool) Type {
	return Type{Kind: Map, Fields: &[]Field{{Name: "key", Type: key}, {Name: "value", Type: value, Nullable: valueNull}}}
}

// StructType returns STRUCT<fields>.
func StructType(fields ...Field) Type { return Type{Kind: Struct, Fields: &fields} }

// Elem returns the element type of an Array.
func (t Type) Elem() Type { return (*t.Fields)[0].Type }

// Key and Value return the parts of a Map type.
func (t Type) Key() Type   { return (*t.Fields)[0].Type }
func (t Type) Value() Type { return (*t.Fields)[1].Type }

// Children returns the child fields of a nested type, nil for flat ones.
func (t Type) Children() []Field {
	if t.Fields == nil {
		return nil
	}
	return *t.Fields
}

// Loose is t with every nested field nullable but the keys of maps.
func (t Type) Loose() Type {
	if t.Fields == nil {
		return t
	}
	fs := make([]Field, len(*t.Fields))
	for i, f := range *t.Fields {
		fs[i] = Field{Name: f.Name, Type: f.Type.Loose(), Nullable: t.Kind != Map || i > 0}
	}
	t.Fields = &fs
	return t
}

// Equal reports whether t and u are the same type, nullability of nested
// fields and names of struct fields included.
func (t Type) Equal(u Type) bool { return t.same(u, true) }

// SameShape is Equal without regard to nested nullability: values of one can
// stand where the other is expected without conversion.
func (t Type) SameShape(u Type) bool { return t.same(u, false) }

func (t Type) same(u Type, nulls bool) bool {
	if t.Kind != u.Kind || t.P != u.P || t.S != u.S {
		return false
	}
	a, b := t.Children(), u.Children()
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if t.Kind == Struct && a[i].Name != b[i].Name || nulls && a[i].Nullable != b[i].Nullable || !a[i].Type.same(b[i].Type, nulls) {
			return false
		}
	}
	return true
}

// Class tests. IsDatetime is the types with a date: TIME is none of them.
func (k Kind) IsInteger() bool  { return k >= Int8 && k <= Int64 }
func (k Kind) IsFloat() bool    { return k == Float32 || k == Float64 }
func (k Kind) IsNumeric() bool  { return k >= Int8 && k <= Decimal }
func (k Kind) IsNested() bool   { return k >= Array }
func (k Kind) IsDatetime() bool { return k >= Date && k <= TimestampNTZ }
func (k Kind) IsInterval() bool { return k >= YearMonth && k <= Interval }

// Storage is how values of a type lie in memory. Two types with one storage
// share kernels for hashing, gathering and equality.
type Storage uint8

// The storage classes with the Go element type of their vectors.
const (
	StoreNone     Storage = iota // Null: no data
	StoreBool                    // bool
	StoreInt8                    // int8
	StoreInt16                   // int16
	StoreInt32                   // int32: Int32, Date, YearMonth
	StoreInt64                   // int64: Int64, Timestamp, TimestampNTZ, Time, DayTime, Decimal of precision <= 18
	StoreInt128                  // types.Int128: wider Decimal
	StoreFloat32                 // float32
	StoreFloat64                 // float64
	StoreString                  // string: String (UTF-8) and Binary
	StoreInterval                // types.CalendarInterval
	StoreList                    // vec.List: Array and Map
	StoreStruct                  // no data of its own, one child vector a field
)

// Storage returns the storage class of t.
func (t Type) Storage() Storage {
	switch t.Kind {
	case Bool:
		return StoreBool
	case Int8:
		return StoreInt8
	case Int16:
		return StoreInt16
	case Int32, Date, YearMonth:
		return StoreInt32
	case Int64, Timestamp, TimestampNTZ, Time, DayTime:
		return StoreInt64
	case Decimal:
		if t.P <= MaxCompactPrecision {
			return StoreInt64
		}
		return StoreInt128
	case Float32:
		return StoreFloat32
	case Float64:
		return StoreFloat64
	case String, Binary:
		return StoreString
	case Interval:
		return StoreInterval
	case Array, Map:
		return StoreList
	case Struct:
		return StoreStruct
	}
	return StoreNone
}

// Width returns the bytes one value takes in a vector of this storage
// (string headers for strings), 0 for StoreNone and StoreStruct.
func (s Storage) Width() int {
	return [...]int{0, 1, 1, 2, 4, 8, 16, 4, 8, 16, 16, 8, 0}[s]
}

var kindNames = [...]string{
	"void", "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string", "binary",
	"date", "timestamp", "timestamp_ntz", "time", "interval", "interval", "interval", "array", "map", "struct",
}

func (k Kind) String() string { return kindNames[k] }

var (
	ymFields = [...]string{"year", "month"}
	dtFields = [...]string{"day", "hour", "minute", "second"}
)

// String is the type as Spark's DESCRIBE shows it: lower case, e.g.
// "decimal(10,2)", "array<int>", "struct<a:int,b:string>".
func (t Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t Type) write(b *strings.Builder) {
	switch t.Kind {
	case Decimal:
		fmt.Fprintf(b, "decimal(%d,%d)", t.P, t.S)
	case Time:
		fmt.Fprintf(b, "time(%d)", t.P)
	case YearMonth, DayTime:
		names := dtFields[:]
		if t.Kind == YearMonth {
			names = ymFields[:]
		}
		b.WriteString("interval " + names[t.P])
		if t.P != t.S {
			b.WriteString(" to " + names[t.S])
		}
	case Array, Map:
		b.WriteString(t.Kind.String() + "<")
		for i, f := range t.Children() {
			if i > 0 {
				b.WriteByte(',')
			}
			f.Type.write(b)
		}
		b.WriteByte('>')
	case Struct:
		b.WriteString("struct<")
		for i, f := range t.Children() {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(f.Name + ":")
			f.Type.write(b)
		}
		b.WriteByte('>')
	default:
		b.WriteString(t.Kind.String())
	}
}

// quoted is a name as SQL has it: in backquotes unless it is letters, digits
// and underscores and begins with no digit.
func quoted(name string) string {
	plain := name != ""
	for i, c := range []byte(name) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		plain = plain && (letter || i > 0 && c >= '0' && c <= '9')
	}
	if plain {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// SQL is the type as Spark's error messages spell it: upper case, in double
// quotes, e.g. "DECIMAL(10,2)", "ARRAY<INT>", "STRUCT<a: INT NOT NULL>".
func (t Type) SQL() string {
	switch t.Kind {
	case Array:
		return "ARRAY<" + t.Elem().SQL() + ">"
	case Map:
		return "MAP<" + t.Key().SQL() + ", " + t.Value().SQL() + ">"
	case Struct:
		parts := make([]string, len(t.Children()))
		for i, f := range t.Children() {
			parts[i] = quoted(f.Name) + ": " + f.Type.SQL()
			if !f.Nullable {
				parts[i] += " NOT NULL"
			}
		}
		return "STRUCT<" + strings.Join(parts, ", ") + ">"
	}
	return strings.ToUpper(t.String())
}
