package window

import (
	"math"
	"time"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// rangeKeys are the values of the only ORDER BY key within a partition, in a
// form that can be compared with key ± offset: 128-bit integers for all exact
// types, doubles for floats. Dates count in days, or, against day-time
// offsets, in microseconds.
type rangeKeys struct {
	w          *Window
	typ        types.Type
	col        int
	desc       bool
	micros     bool // a date key in microseconds
	from, to   int  // the rows that are not NULL
	ints       []types.Int128
	floats     []float64
	small      []int64 // instead of ints where all values fit
	isFloat    bool
	is128      bool
	scratchVec vec.Vec
}

// search finds one bound of the frame. Within a partition it only moves forward.
type search struct {
	end    bool // a frame's end: behind the last row within, not the first one
	toward int  // sign of the offset on the axis of values: +1 for larger ones
	// move gives the target for a key, and -1 or 1 if it is beyond all int64.
	move func(x int64) (target int64, beyond int)
	wide types.Int128
	real float64
	at   int
}

func (w *Window) rangeKeys(order []expr.SortKey) (*rangeKeys, error) {
	if len(order) != 1 {
		return nil, sqlerr.New(sqlerr.InternalError, "a RANGE frame with offsets over %d ordering keys", len(order))
	}
	k := &rangeKeys{w: w, typ: order[0].Expr.Type(), col: w.column(order[0].Expr), desc: order[0].Desc}
	k.isFloat = k.typ.Kind.IsFloat()
	k.is128 = k.typ.Storage() == types.StoreInt128
	return k, nil
}

// search makes the search for key ± offset.
func (k *rangeKeys) search(kind expr.BoundKind, t types.Type, offset types.Datum, end bool) (*search, error) {
	s := &search{end: end, toward: 1}
	if (kind == expr.Preceding) != k.desc {
		s.toward = -1
	}
	sign := int64(s.toward)
	unsupported := sqlerr.New(sqlerr.Unsupported, "RANGE frames over %s with offsets of type %s are not supported.", k.typ.SQL(), t.SQL())
	switch x := offset.(type) {
	case float64:
		if !k.isFloat {
			return nil, unsupported
		}
		s.real = float64(sign) * x
	case types.Int128:
		if k.typ.Kind != types.Decimal || t.S != k.typ.S {
			return nil, unsupported
		}
		if k.is128 {
			if s.wide = x; sign < 0 {
				s.wide = x.Neg()
			}
			break
		}
		d := sign * x.Int64()
		s.move = func(v int64) (int64, int) { return addBeyond(v, d) }
	case int64:
		return s, k.integerMove(s, t, sign*x, unsupported)
	case types.CalendarInterval:
		if !k.typ.Kind.IsDatetime() {
			return nil, unsupported
		}
		k.micros = k.typ.Kind == types.Date && x.Micros != 0
		months, days, micros := int(sign)*int(x.Months), int(sign)*int(x.Days), sign*x.Micros
		s.move = func(v int64) (int64, int) { return k.shift(v, months, days, micros) }
	default:
		return nil, unsupported
	}
	return s, nil
}

// integerMove sets how an offset held in an integer moves a key.
func (k *rangeKeys) integerMove(s *search, t types.Type, d int64, unsupported error) error {
	switch {
	case t.Kind == types.YearMonth && k.typ.Kind.IsDatetime():
		s.move = func(v int64) (int64, int) { return k.shift(v, int(d), 0, 0) }
	case t.Kind == types.DayTime && k.typ.Kind.IsDatetime():
		k.micros = k.typ.Kind == types.Date
		s.move = func(v int64) (int64, int) { return addBeyond(v, d) }
		if days := d / calendar.MicrosPerDay; days != 0 && k.typ.Kind == types.Timestamp {
			// As with +, whole days go by the calendar: some have 23 hours.
			s.move = func(v int64) (int64, int) { return k.shift(v, 0, int(days), d%calendar.MicrosPerDay) }
		}
	case k.isFloat || k.is128:
		return unsupported
	default:
		s.move = func(v int64) (int64, int) { return addBeyond(v, d) }
	}
	return nil
}

func addBeyond(a, b int64) (int64, int) {
	c := a + b
	if (a^c)&(b^c) < 0 {
		if a < 0 {
			return c, -1
		}
		return c, 1
	}
	return c, 0
}

// shift moves a date (in days, or microseconds with micros) or timestamp by
// calendar months and days of its zone, then microseconds.
func (k *rangeKeys) shift(v int64, months, days int, micros int64) (int64, int) {
	if k.typ.Kind == types.Date && !k.micros {
		return calendar.AddMonths(v, months) + int64(days), 0
	}
	zone := time.UTC
	if x := k.w.env.Context; k.typ.Kind == types.Timestamp && x != nil && x.TimeZone != nil {
		zone = x.TimeZone
	}
	day, clock := calendar.Split(calendar.ToLocal(zone, v))
	day = calendar.AddMonths(day, months) + int64(days)
	return addBeyond(calendar.FromLocal(zone, day*calendar.MicrosPerDay+clock), micros)
}

// begin reads the keys of a partition.
func (k *rangeKeys) begin(p *partition) error {
	v := &k.scratchVec
	p.ord.Store.Gather(v, k.col, p.rows)
	k.from, k.to = 0, p.n
	for k.from < k.to && v.Null(k.from) {
		k.from++
	}
	for k.to > k.from && v.Null(k.to-1) {
		k.to--
	}
	switch v.Type.Storage() {
	case types.StoreInt8:
		k.small = widen(k.small, vec.Data[int8](v))
	case types.StoreInt16:
		k.small = widen(k.small, vec.Data[int16](v))
	case types.StoreInt32:
		k.small = widen(k.small, vec.Data[int32](v))
		if k.micros {
			for i, d := range k.small {
				k.small[i] = d * calendar.MicrosPerDay
			}
		}
	case types.StoreInt64:
		k.small = vec.Data[int64](v)
	case types.StoreInt128:
		k.ints = vec.Data[types.Int128](v)
	case types.StoreFloat32:
		k.floats = k.floats[:0]
		for _, f := range vec.Data[float32](v) {
			k.floats = append(k.floats, float64(f))
		}
	case types.StoreFloat64:
		k.floats = vec.Data[float64](v)
	default:
		return sqlerr.New(sqlerr.InternalError, "a RANGE frame over %s", k.typ)
	}
	return nil
}

func widen[T int8 | int16 | int32](dst []int64, src []T) []int64 {
	dst = dst[:0]
	for _, x := range src {
		dst = append(dst, int64(x))
	}
	return dst
}

// bound is the place of s's bound for row i. NULLs see each other only.
func (k *rangeKeys) bound(s *search, p *partition, i int) int {
	if i < k.from || i >= k.to {
		if s.end {
			return int(p.peerHi[i])
		}
		return int(p.peerLo[i])
	}
	switch {
	case k.isFloat:
		target := k.floats[i] + s.real
		if k.typ.Kind == types.Float32 {
			target = float64(float32(target))
		}
		s.forward(k, func(j int) int { return compareFloats(k.floats[j], target) })
	case k.is128:
		target, ok := k.ints[i].Add(s.wide)
		if !ok { // beyond all values: 38 digits leave room to spare
			target = types.Int128{Lo: math.MaxUint64, Hi: math.MaxInt64}
			if s.wide.Sign() < 0 {
				target = types.Int128{Hi: math.MinInt64}
			}
		}
		s.forward(k, func(j int) int { return k.ints[j].Cmp(target) })
	default:
		target, beyond := s.move(k.small[i])
		s.forward(k, func(j int) int {
			x := k.small[j]
			if beyond != 0 {
				return -beyond
			}
			switch {
			case x < target:
				return -1
			case x > target:
				return 1
			}
			return 0
		})
	}
	return s.at
}

// forward moves past the rows that the bound excludes, before a start, or
// includes, before an end. compare orders the key of a row and the target.
func (s *search) forward(k *rangeKeys, compare func(j int) int) {
	for s.at < k.to {
		c := compare(s.at)
		if k.desc {
			c = -c
		}
		if c > 0 || c == 0 && !s.end {
			return
		}
		s.at++
	}
}

// compareFloats orders NaN behind all numbers.
func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a == a:
		return -1
	case b == b:
		return 1
	}
	return 0
}
