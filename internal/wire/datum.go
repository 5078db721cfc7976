package wire

import (
	"fmt"
	"reflect"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// The kinds of data, in wire order.
const (
	datumNull = iota
	datumFalse
	datumTrue
	datumInt
	datumFloat
	datumDecimal
	datumString
	datumInterval
	datumList
	datumMap
)

func encodeDatum(e *encoder, v reflect.Value) {
	if v.IsNil() {
		e.datum(nil)
		return
	}
	e.datum(v.Elem().Interface())
}

func (e *encoder) kind(k byte) { e.buf = append(e.buf, k) }

func (e *encoder) datum(v types.Datum) {
	switch v := v.(type) {
	case nil:
		e.kind(datumNull)
	case bool:
		if v {
			e.kind(datumTrue)
		} else {
			e.kind(datumFalse)
		}
	case int64:
		e.kind(datumInt)
		e.varint(v)
	case float64:
		e.kind(datumFloat)
		e.float(v)
	case types.Int128:
		e.kind(datumDecimal)
		e.varint(v.Hi)
		e.uvarint(v.Lo)
	case string:
		e.kind(datumString)
		e.string(v)
	case types.CalendarInterval:
		e.kind(datumInterval)
		e.varint(int64(v.Months))
		e.varint(int64(v.Days))
		e.varint(v.Micros)
	case []types.Datum:
		e.kind(datumList)
		e.list(v)
	case types.MapDatum:
		e.kind(datumMap)
		e.list(v.Keys)
		e.list(v.Values)
	default:
		e.fail(sqlerr.New(sqlerr.InternalError, "%s", fmt.Sprintf("wire: %T is not a datum", v)))
	}
}

func (e *encoder) list(vs []types.Datum) {
	e.uvarint(uint64(len(vs)))
	if e.enter() {
		for _, v := range vs {
			e.datum(v)
		}
	}
	e.leave()
}

func decodeDatum(d *decoder, v reflect.Value) {
	if x := d.datum(); x != nil && d.err == nil {
		v.Set(reflect.ValueOf(x))
	}
}

func (d *decoder) datum() types.Datum {
	k := d.take(1)
	if k == nil {
		return nil
	}
	switch k[0] {
	case datumNull:
		return nil
	case datumFalse, datumTrue:
		return k[0] == datumTrue
	case datumInt:
		return d.varint()
	case datumFloat:
		return d.float()
	case datumDecimal:
		return types.Int128{Hi: d.varint(), Lo: d.uvarint()}
	case datumString:
		return d.string()
	case datumInterval:
		return types.CalendarInterval{Months: d.int32(), Days: d.int32(), Micros: d.varint()}
	case datumList:
		return d.list()
	case datumMap:
		m := types.MapDatum{Keys: d.list(), Values: d.list()}
		if len(m.Keys) != len(m.Values) {
			d.fail("a map has %d keys and %d values", len(m.Keys), len(m.Values))
		}
		return m
	}
	d.fail("there is no datum of kind %d", k[0])
	return nil
}

func (d *decoder) int32() int32 {
	i := d.varint()
	if int64(int32(i)) != i {
		d.fail("%d does not fit 32 bits", i)
	}
	return int32(i)
}

func (d *decoder) list() []types.Datum {
	n := d.count(d.uvarint())
	out := make([]types.Datum, 0, min(n, 64))
	if d.enter() {
		for i := 0; i < n && d.err == nil; i++ {
			out = append(out, d.datum())
		}
	}
	d.leave()
	return out
}
