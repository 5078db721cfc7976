package types

// Datum is one SQL value outside a vector: a literal, a partition value, a
// statistic. nil is NULL. Otherwise the dynamic type follows the SQL type:
//
//	Bool                                      bool
//	Int8 .. Int64, Date, Timestamp,
//	TimestampNTZ, Time, YearMonth, DayTime    int64
//	Float32, Float64                          float64
//	Decimal (any precision)                   Int128, the unscaled value
//	String, Binary                            string
//	Interval                                  CalendarInterval
//	Array                                     []Datum
//	Struct                                    []Datum, one a field
//	Map                                       MapDatum
type Datum = any

// MapDatum is the Datum of a Map: Keys[i] maps to Values[i], in order.
type MapDatum struct{ Keys, Values []Datum }

// CalendarInterval is a value of Spark's legacy INTERVAL type.
type CalendarInterval struct {
	Months, Days int32
	Micros       int64
}
