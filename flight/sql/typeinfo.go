package sql

import (
	"github.com/apache/arrow-go/v18/arrow/array"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
)

// sqlType is one row of GetXdbcTypeInfo.
type sqlType struct {
	name           string
	xdbc           pb.XdbcDataType
	size           int32 // digits, characters or bytes; 0: not limited
	prefix, suffix string
	params         []string
	caseSensitive  bool
	searchable     pb.Searchable
	signed         bool // a number
	minScale       int32
	maxScale       int32
	subcode        pb.XdbcDatetimeSubcode
	radix          int32
}

// sqlTypes are the types of columns, in order of their number.
var sqlTypes = []sqlType{
	{name: "BOOLEAN", xdbc: pb.XdbcDataType_XDBC_BIT, size: 1, searchable: pb.Searchable_SEARCHABLE_BASIC},
	{name: "TINYINT", xdbc: pb.XdbcDataType_XDBC_TINYINT, size: 3, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, radix: 10},
	{name: "BIGINT", xdbc: pb.XdbcDataType_XDBC_BIGINT, size: 19, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, radix: 10},
	{name: "BINARY", xdbc: pb.XdbcDataType_XDBC_VARBINARY, prefix: "X'", suffix: "'", searchable: pb.Searchable_SEARCHABLE_BASIC},
	{name: "DECIMAL", xdbc: pb.XdbcDataType_XDBC_DECIMAL, size: 38, params: []string{"precision", "scale"}, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, maxScale: 38, radix: 10},
	{name: "INT", xdbc: pb.XdbcDataType_XDBC_INTEGER, size: 10, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, radix: 10},
	{name: "SMALLINT", xdbc: pb.XdbcDataType_XDBC_SMALLINT, size: 5, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, radix: 10},
	{name: "FLOAT", xdbc: pb.XdbcDataType_XDBC_REAL, size: 24, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, radix: 2},
	{name: "DOUBLE", xdbc: pb.XdbcDataType_XDBC_DOUBLE, size: 53, searchable: pb.Searchable_SEARCHABLE_BASIC, signed: true, radix: 2},
	{name: "INTERVAL", xdbc: pb.XdbcDataType_XDBC_INTERVAL, prefix: "INTERVAL '", suffix: "'", searchable: pb.Searchable_SEARCHABLE_BASIC},
	{name: "STRING", xdbc: pb.XdbcDataType_XDBC_VARCHAR, prefix: "'", suffix: "'", caseSensitive: true, searchable: pb.Searchable_SEARCHABLE_FULL},
	{name: "DATE", xdbc: pb.XdbcDataType_XDBC_DATE, size: 10, prefix: "DATE'", suffix: "'", searchable: pb.Searchable_SEARCHABLE_BASIC, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_DATE},
	{name: "TIME", xdbc: pb.XdbcDataType_XDBC_TIME, size: 15, params: []string{"precision"}, prefix: "TIME'", suffix: "'", searchable: pb.Searchable_SEARCHABLE_BASIC, maxScale: 6, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIME},
	{name: "TIMESTAMP", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, size: 26, prefix: "TIMESTAMP'", suffix: "'", searchable: pb.Searchable_SEARCHABLE_BASIC, minScale: 6, maxScale: 6, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP_WITH_TIMEZONE},
	{name: "TIMESTAMP_NTZ", xdbc: pb.XdbcDataType_XDBC_TIMESTAMP, size: 26, prefix: "TIMESTAMP_NTZ'", suffix: "'", searchable: pb.Searchable_SEARCHABLE_BASIC, minScale: 6, maxScale: 6, subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP},
}

// typeInfo adds the rows of GetXdbcTypeInfo: of all types, or of one number.
func typeInfo(add func() *array.RecordBuilder, only *int32) {
	for _, t := range sqlTypes {
		if only != nil && *only != int32(t.xdbc) {
			continue
		}
		b := add()
		num := func(col int, v int32, null bool) {
			f := b.Field(col).(*array.Int32Builder)
			if null {
				f.AppendNull()
				return
			}
			f.Append(v)
		}
		flag := func(col int, v bool) { b.Field(col).(*array.BooleanBuilder).Append(v) }
		text(b, 0, t.name)
		num(1, int32(t.xdbc), false)
		num(2, t.size, t.size == 0)
		text(b, 3, t.prefix)
		text(b, 4, t.suffix)
		params := b.Field(5).(*array.ListBuilder)
		params.Append(len(t.params) > 0)
		for _, p := range t.params {
			params.ValueBuilder().(*array.StringBuilder).Append(p)
		}
		num(6, int32(pb.Nullable_NULLABILITY_NULLABLE), false)
		flag(7, t.caseSensitive)
		num(8, int32(t.searchable), false)
		if t.signed {
			flag(9, false)
		} else {
			b.Field(9).AppendNull()
		}
		flag(10, false)
		b.Field(11).AppendNull()
		text(b, 12, t.name)
		num(13, t.minScale, t.maxScale == 0)
		num(14, t.maxScale, t.maxScale == 0)
		num(15, int32(t.xdbc), false)
		num(16, int32(t.subcode), t.subcode == pb.XdbcDatetimeSubcode_XDBC_SUBCODE_UNKNOWN)
		num(17, t.radix, t.radix == 0)
		num(18, 0, true)
	}
}
