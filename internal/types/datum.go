package types

import "strings"

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

// Own copies the strings in a datum that a vector lent (vec.Vec.Get), so that
// it outlives the batch. Its lists, which Get made, are written to.
func Own(d Datum) Datum {
	switch d := d.(type) {
	case string:
		return strings.Clone(d)
	case []Datum:
		for i := range d {
			d[i] = Own(d[i])
		}
	case MapDatum:
		Own(d.Keys)
		Own(d.Values)
	}
	return d
}
