// Package arrowvec converts between the engine's batches and Arrow record
// batches, with as little copying as the two layouts allow. It is used where
// data leave or enter the engine: IPC files, Flight, the public API.
//
//	Encoder  vec.Batch ──► arrow.RecordBatch   selection applied, encodings expanded
//	Decoder  arrow.RecordBatch ──► vec.Batch   checked first: the data may come from anybody
//
// Types map as in this table; what Arrow has beyond it is read as the nearest
// wider SQL type (uint32 as BIGINT, large_utf8 as STRING, list_view as ARRAY…):
//
//	STRING utf8 · BINARY binary · DECIMAL decimal128 · DATE date32
//	TIMESTAMP timestamp[us, UTC] · TIMESTAMP_NTZ timestamp[us]
//	INTERVAL YEAR TO MONTH month_interval · INTERVAL DAY TO SECOND duration[us]
//	INTERVAL month_day_nano_interval · MAP map · STRUCT struct · ARRAY list
package arrowvec

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Schema is the Arrow schema of s.
func Schema(s types.Schema) *arrow.Schema { return arrow.NewSchema(fields(s), nil) }

func fields(fs []types.Field) []arrow.Field {
	out := make([]arrow.Field, len(fs))
	for i, f := range fs {
		out[i] = arrow.Field{Name: f.Name, Type: DataType(f.Type), Nullable: f.Nullable || f.Type.Kind == types.Null}
	}
	return out
}

// timestampUTC is the type of TIMESTAMP, an instant.
var timestampUTC = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

// DataType is the Arrow type of t.
func DataType(t types.Type) arrow.DataType {
	switch t.Kind {
	case types.Bool:
		return arrow.FixedWidthTypes.Boolean
	case types.Int8:
		return arrow.PrimitiveTypes.Int8
	case types.Int16:
		return arrow.PrimitiveTypes.Int16
	case types.Int32:
		return arrow.PrimitiveTypes.Int32
	case types.Int64:
		return arrow.PrimitiveTypes.Int64
	case types.Float32:
		return arrow.PrimitiveTypes.Float32
	case types.Float64:
		return arrow.PrimitiveTypes.Float64
	case types.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.P), Scale: int32(t.S)}
	case types.String:
		return arrow.BinaryTypes.String
	case types.Binary:
		return arrow.BinaryTypes.Binary
	case types.Date:
		return arrow.FixedWidthTypes.Date32
	case types.Timestamp:
		return timestampUTC
	case types.TimestampNTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case types.Time:
		return arrow.FixedWidthTypes.Time64ns
	case types.YearMonth:
		return arrow.FixedWidthTypes.MonthInterval
	case types.DayTime:
		return arrow.FixedWidthTypes.Duration_us
	case types.Interval:
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case types.Array:
		e := (*t.Fields)[0]
		return arrow.ListOfField(arrow.Field{Name: "element", Type: DataType(e.Type), Nullable: e.Nullable})
	case types.Map:
		m := arrow.MapOf(DataType(t.Key()), DataType(t.Value()))
		m.SetItemNullable((*t.Fields)[1].Nullable)
		return m
	case types.Struct:
		return arrow.StructOf(fields(t.Children())...)
	}
	return arrow.Null
}

// maxDepth bounds how deep types nest.
const maxDepth = 100

// FromSchema is the schema of rows read from Arrow data of schema s. The error
// UNSUPPORTED_DATATYPE names a column that has no SQL type.
func FromSchema(s *arrow.Schema) (types.Schema, error) { return fromFields(s.Fields(), 0) }

func fromFields(fs []arrow.Field, depth int) ([]types.Field, error) {
	out := make([]types.Field, len(fs))
	for i, f := range fs {
		t, err := fromType(f.Type, depth)
		if err != nil {
			if e := sqlerr.As(err); e != nil && depth == 0 {
				e.Msg = "Column `" + f.Name + "`: " + e.Msg
			}
			return nil, err
		}
		out[i] = types.Field{Name: f.Name, Type: t, Nullable: f.Nullable || t.Kind == types.Null}
	}
	return out, nil
}

// FromDataType is the SQL type of values of an Arrow type.
func FromDataType(t arrow.DataType) (types.Type, error) { return fromType(t, 0) }

func unsupported(t arrow.DataType) error {
	return sqlerr.New(sqlerr.UnsupportedDatatype, "The Arrow type %s has no SQL type here.", t)
}

func fromType(t arrow.DataType, depth int) (types.Type, error) {
	if depth > maxDepth {
		return types.Type{}, sqlerr.New(sqlerr.UnsupportedDatatype, "The Arrow type nests deeper than %d levels.", maxDepth)
	}
	if flat, ok := flatTypes[t.ID()]; ok {
		return flat, nil
	}
	switch t := t.(type) {
	case *arrow.TimestampType:
		if t.TimeZone == "" {
			return types.TimestampNTZType, nil
		}
		return types.TimestampType, nil
	case arrow.DecimalType:
		p, s := t.GetPrecision(), t.GetScale()
		if p < 1 || p > types.MaxPrecision || s < 0 || s > p {
			return types.Type{}, unsupported(t)
		}
		return types.DecimalType(int(p), int(s)), nil
	case *arrow.DictionaryType:
		return fromType(t.ValueType, depth+1)
	case *arrow.RunEndEncodedType:
		return fromType(t.Encoded(), depth+1)
	case arrow.ExtensionType:
		return fromType(t.StorageType(), depth+1)
	case *arrow.MapType:
		fs, err := fromFields([]arrow.Field{t.KeyField(), t.ItemField()}, depth+1)
		if err != nil {
			return types.Type{}, err
		}
		return types.MapType(fs[0].Type, fs[1].Type, fs[1].Nullable), nil
	case arrow.ListLikeType:
		fs, err := fromFields([]arrow.Field{t.ElemField()}, depth+1)
		if err != nil {
			return types.Type{}, err
		}
		return types.ArrayType(fs[0].Type, fs[0].Nullable), nil
	case *arrow.StructType:
		fs, err := fromFields(t.Fields(), depth+1)
		if err != nil {
			return types.Type{}, err
		}
		return types.StructType(fs...), nil
	}
	return types.Type{}, unsupported(t)
}

// flatTypes are the types without parameters that matter.
var flatTypes = map[arrow.Type]types.Type{
	arrow.NULL: types.NullType, arrow.BOOL: types.BoolType,
	arrow.INT8: types.Int8Type, arrow.INT16: types.Int16Type, arrow.INT32: types.Int32Type, arrow.INT64: types.Int64Type,
	arrow.UINT8: types.Int16Type, arrow.UINT16: types.Int32Type, arrow.UINT32: types.Int64Type, arrow.UINT64: types.DecimalType(20, 0),
	arrow.FLOAT16: types.Float32Type, arrow.FLOAT32: types.Float32Type, arrow.FLOAT64: types.Float64Type,
	arrow.STRING: types.StringType, arrow.LARGE_STRING: types.StringType, arrow.STRING_VIEW: types.StringType,
	arrow.BINARY: types.BinaryType, arrow.LARGE_BINARY: types.BinaryType, arrow.BINARY_VIEW: types.BinaryType, arrow.FIXED_SIZE_BINARY: types.BinaryType,
	arrow.TIME32: types.TimeType(types.MaxTimePrecision), arrow.TIME64: types.TimeType(types.MaxTimePrecision),
	arrow.DATE32: types.DateType, arrow.DATE64: types.DateType, arrow.DURATION: types.DayTimeType,
	arrow.INTERVAL_MONTHS: types.YearMonthType, arrow.INTERVAL_DAY_TIME: types.DayTimeType, arrow.INTERVAL_MONTH_DAY_NANO: types.IntervalType,
}
