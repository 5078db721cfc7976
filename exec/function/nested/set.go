package nested

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// appendKey appends bytes that are equal for equal values: -0.0 as 0.0, all
// NaNs alike, NULL as itself.
func appendKey(b []byte, v *vec.Vec, i int) []byte {
	if v.Null(i) {
		return append(b, 0)
	}
	b = append(b, 1)
	i = v.Index(i)
	v = v.Base()
	u64 := binary.LittleEndian.AppendUint64
	switch v.Type.Storage() {
	case types.StoreBool:
		if vec.Data[bool](v)[i] {
			return append(b, 1)
		}
		return append(b, 0)
	case types.StoreInt8:
		return append(b, byte(vec.Data[int8](v)[i]))
	case types.StoreInt16:
		return binary.LittleEndian.AppendUint16(b, uint16(vec.Data[int16](v)[i]))
	case types.StoreInt32:
		return binary.LittleEndian.AppendUint32(b, uint32(vec.Data[int32](v)[i]))
	case types.StoreInt64:
		return u64(b, uint64(vec.Data[int64](v)[i]))
	case types.StoreInt128:
		x := vec.Data[types.Int128](v)[i]
		return u64(u64(b, x.Lo), uint64(x.Hi))
	case types.StoreFloat32:
		return u64(b, floatBits(float64(vec.Data[float32](v)[i])))
	case types.StoreFloat64:
		return u64(b, floatBits(vec.Data[float64](v)[i]))
	case types.StoreString:
		s := vec.Data[string](v)[i]
		return append(binary.AppendUvarint(b, uint64(len(s))), s...)
	case types.StoreInterval:
		x := vec.Data[types.CalendarInterval](v)[i]
		return u64(u64(b, uint64(uint32(x.Months))<<32|uint64(uint32(x.Days))), uint64(x.Micros))
	case types.StoreStruct:
		for _, k := range v.Kids {
			b = appendKey(b, k, i)
		}
	case types.StoreList:
		l := vec.Data[vec.List](v)[i]
		b = binary.AppendUvarint(b, uint64(l.Len))
		for e := l.Off; e < l.Off+l.Len; e++ {
			for _, k := range v.Kids {
				b = appendKey(b, k, int(e))
			}
		}
	}
	return b
}

func floatBits(f float64) uint64 {
	if f != f {
		return math.Float64bits(math.NaN())
	}
	if f == 0 {
		return 0
	}
	return math.Float64bits(f)
}

// normalize turns -0.0 of row i to 0.0, as keys of maps are kept.
func normalize(v *vec.Vec, i int) {
	switch v.Type.Storage() {
	case types.StoreFloat32:
		if d := vec.Data[float32](v); d[i] == 0 {
			d[i] = 0
		}
	case types.StoreFloat64:
		if d := vec.Data[float64](v); d[i] == 0 {
			d[i] = 0
		}
	}
}

// seen is a set of values with a number each. It keeps its memory between rows.
type seen struct {
	at  map[string]int32
	buf []byte
}

func newSeen() *seen { return &seen{at: map[string]int32{}} }

func (s *seen) reset() { clear(s.at) }

// add puts row i of v in the set with number n, unless its value is there:
// then it returns the number that has.
func (s *seen) add(v *vec.Vec, i int, n int32) (at int32, fresh bool) {
	s.buf = appendKey(s.buf[:0], v, i)
	if at, ok := s.at[string(s.buf)]; ok {
		return at, false
	}
	s.at[string(s.buf)] = n
	return n, true
}

// find returns the number of the value of row i, or false.
func (s *seen) find(v *vec.Vec, i int) (int32, bool) {
	s.buf = appendKey(s.buf[:0], v, i)
	at, ok := s.at[string(s.buf)]
	return at, ok
}

// show is a value for messages.
func show(v *vec.Vec, i int) string { return cast.Text(v.Get(i), v.Type, time.UTC) }
