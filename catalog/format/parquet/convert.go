package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

var (
	errDecimal   = errors.New("a decimal does not fit its type")
	errTimestamp = errors.New("a timestamp is out of range")
	errTime      = errors.New("a time is out of the day")
)

// newValues returns the decoder of a leaf: physical values to vectors of the leaf's SQL type.
func newValues(l *leaf, interned *internedColumn) (values, error) {
	switch l.phys {
	case physBool:
		return &bools{}, nil
	case physInt32:
		return int32Values(l)
	case physInt64:
		return int64Values(l)
	case physFloat:
		return &fixed[float32]{width: 4}, nil
	case physDouble:
		return &fixed[float64]{width: 8}, nil
	case physInt96:
		return &fixed[int64]{width: 12, conv: rebased(l, int96)}, nil
	}
	width := 0
	if l.phys == physFixed {
		width = l.typeLen
	}
	switch l.typ.Kind {
	case types.String, types.Binary:
		if l.logical == logUUID {
			return &mapped[string]{texts: texts{width: width, typ: types.BinaryType}, f: uuid}, nil
		}
		return &texts{width: width, typ: l.typ, interned: interned}, nil
	case types.Decimal:
		compact := l.typ.P <= types.MaxCompactPrecision
		switch {
		case width == 0 && compact:
			return &mapped[int64]{texts: texts{typ: types.BinaryType}, f: decimal64}, nil
		case width == 0:
			return &mapped[types.Int128]{texts: texts{typ: types.BinaryType}, f: decimal128}, nil
		case compact:
			return &fixed[int64]{width: width, conv: fixedDecimal64(width)}, nil
		}
		return &fixed[types.Int128]{width: width, conv: func(dst []types.Int128, src []byte) (err error) {
			for i := range dst {
				if dst[i], err = decimal128(text(src[i*width : (i+1)*width])); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	case types.Float32:
		return &fixed[float32]{width: 2, conv: func(dst []float32, src []byte) error {
			for i := range dst {
				dst[i] = half(binary.LittleEndian.Uint16(src[2*i:]))
			}
			return nil
		}}, nil
	case types.Interval:
		return &fixed[types.CalendarInterval]{width: 12, conv: func(dst []types.CalendarInterval, src []byte) error {
			for i := range dst {
				b := src[12*i:]
				dst[i] = types.CalendarInterval{
					Months: int32(binary.LittleEndian.Uint32(b)), Days: int32(binary.LittleEndian.Uint32(b[4:])),
					Micros: int64(binary.LittleEndian.Uint32(b[8:])) * 1000,
				}
			}
			return nil
		}}, nil
	case types.Null:
		return &nulls{}, nil
	}
	return nil, fmt.Errorf("column %s has the type %s that cannot be read", l, l.typ)
}

// narrow keeps the low bits of PLAIN INT32 values.
func narrow[T int8 | int16](dst []T, src []byte) error {
	s := cast[int32](src)
	for i := range dst {
		dst[i] = T(s[i])
	}
	return nil
}

func int32Values(l *leaf) (values, error) {
	switch l.typ.Kind {
	case types.Int8:
		return &fixed[int8]{width: 4, conv: narrow[int8]}, nil
	case types.Int16:
		return &fixed[int16]{width: 4, conv: narrow[int16]}, nil
	case types.Date:
		if l.legacy {
			return &fixed[int32]{width: 4, conv: func(dst []int32, src []byte) error {
				copy(dst, cast[int32](src)[:len(dst)])
				return rebaseDays(dst)
			}}, nil
		}
		return &fixed[int32]{width: 4}, nil
	case types.Int32, types.YearMonth:
		return &fixed[int32]{width: 4}, nil
	case types.Time:
		return &fixed[int64]{width: 4, conv: func(dst []int64, src []byte) error {
			return clocks(dst, cast[int32](src), nanosPerMicro*1000)
		}}, nil
	case types.Int64: // UINT_32
		return &fixed[int64]{width: 4, conv: func(dst []int64, src []byte) error {
			for i, x := range cast[uint32](src)[:len(dst)] {
				dst[i] = int64(x)
			}
			return nil
		}}, nil
	case types.Decimal:
		if l.typ.P > types.MaxCompactPrecision {
			return &fixed[types.Int128]{width: 4, conv: func(dst []types.Int128, src []byte) error {
				for i, x := range cast[int32](src)[:len(dst)] {
					dst[i] = types.Int128From(int64(x))
				}
				return nil
			}}, nil
		}
		return &fixed[int64]{width: 4, conv: func(dst []int64, src []byte) error {
			for i, x := range cast[int32](src)[:len(dst)] {
				dst[i] = int64(x)
			}
			return nil
		}}, nil
	case types.Null:
		return &nulls{}, nil
	}
	return nil, fmt.Errorf("column %s has the type %s that INT32 cannot hold", l, l.typ)
}

// clocks reads times of day in units of unit nanoseconds; digits beyond microseconds are cut.
func clocks[T int32 | int64](dst []int64, src []T, unit int64) error {
	const day = 86_400_000_000_000
	for i, x := range src[:len(dst)] {
		if x < 0 || int64(x) >= day/unit {
			return errTime
		}
		dst[i] = int64(x) * unit / nanosPerMicro * nanosPerMicro
	}
	return nil
}

func int64Values(l *leaf) (values, error) {
	switch l.typ.Kind {
	case types.Int64, types.DayTime:
		return &fixed[int64]{width: 8}, nil
	case types.Time:
		unit := int64(1)
		if l.unit == unitMicros {
			unit = nanosPerMicro
		}
		return &fixed[int64]{width: 8, conv: func(dst []int64, src []byte) error {
			return clocks(dst, cast[int64](src), unit)
		}}, nil
	case types.Timestamp, types.TimestampNTZ:
		var conv func(dst []int64, src []byte) error
		switch l.unit {
		case unitMillis:
			conv = func(dst []int64, src []byte) error {
				for i, x := range cast[int64](src)[:len(dst)] {
					if dst[i] = x * 1000; x > math.MaxInt64/1000 || x < math.MinInt64/1000 {
						return errTimestamp
					}
				}
				return nil
			}
		case unitNanos:
			conv = func(dst []int64, src []byte) error {
				for i, x := range cast[int64](src)[:len(dst)] {
					dst[i] = floorDiv(x, 1000)
				}
				return nil
			}
		}
		return &fixed[int64]{width: 8, conv: rebased(l, conv)}, nil
	case types.Decimal:
		if l.typ.P <= types.MaxCompactPrecision {
			return &fixed[int64]{width: 8}, nil
		}
		unsigned := l.logical == logInt
		return &fixed[types.Int128]{width: 8, conv: func(dst []types.Int128, src []byte) error {
			for i, x := range cast[int64](src)[:len(dst)] {
				if dst[i] = types.Int128From(x); unsigned {
					dst[i].Hi = 0
				}
			}
			return nil
		}}, nil
	case types.Null:
		return &nulls{}, nil
	}
	return nil, fmt.Errorf("column %s has the type %s that INT64 cannot hold", l, l.typ)
}

// rebased makes instants of a legacy file those of today's calendar, after conv if there is one.
func rebased(l *leaf, conv func([]int64, []byte) error) func([]int64, []byte) error {
	if !l.legacy {
		return conv
	}
	return func(dst []int64, src []byte) error {
		if conv == nil {
			copy(dst, cast[int64](src)[:len(dst)])
		} else if err := conv(dst, src); err != nil {
			return err
		}
		rebaseStamps(dst, l.zone)
		return nil
	}
}

func floorDiv(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

// int96 reads nanoseconds of the day and a Julian day number, little endian.
func int96(dst []int64, src []byte) error {
	for i := range dst {
		b := src[12*i:]
		nanos, day := int64(binary.LittleEndian.Uint64(b)), int64(int32(binary.LittleEndian.Uint32(b[8:])))
		const epoch, perDay = 2440588, 86400 * 1000 * 1000
		// Days far out of range wrap around, as they do in Spark.
		dst[i] = (day-epoch)*perDay + floorDiv(nanos, 1000)
	}
	return nil
}

// fixedDecimal64 reads big-endian two's complement of w bytes. The eight bytes
// loaded begin with the value; what follows it is shifted out.
func fixedDecimal64(w int) func([]int64, []byte) error {
	if w > 8 {
		return func(dst []int64, src []byte) (err error) {
			for i := range dst {
				if dst[i], err = decimal64(text(src[i*w : (i+1)*w])); err != nil {
					return err
				}
			}
			return nil
		}
	}
	shift := uint(64 - 8*w)
	return func(dst []int64, src []byte) error {
		src = src[:min(cap(src), len(src)+8)]
		i := 0
		for o := 0; i < len(dst) && o+8 <= len(src); i++ {
			dst[i] = int64(binary.BigEndian.Uint64(src[o:])) >> shift
			o += w
		}
		for ; i < len(dst); i++ {
			dst[i], _ = decimal64(text(src[i*w : (i+1)*w]))
		}
		return nil
	}
}

// decimal64 and decimal128 read big-endian two's complement of any length.
func decimal64(s string) (int64, error) {
	x, err := decimal128(s)
	if err == nil && !x.IsInt64() {
		err = errDecimal
	}
	return x.Int64(), err
}

func decimal128(s string) (types.Int128, error) {
	if len(s) == 0 {
		return types.Int128{}, nil
	}
	ext := byte(int8(s[0]) >> 7)
	for len(s) > 16 {
		if s[0] != ext {
			return types.Int128{}, errDecimal
		}
		s = s[1:]
		if len(s) == 16 && (s[0]^ext)&0x80 != 0 {
			return types.Int128{}, errDecimal
		}
	}
	x := types.Int128From(int64(int8(ext)))
	for i := range len(s) {
		x.Hi = x.Hi<<8 | int64(x.Lo>>56)
		x.Lo = x.Lo<<8 | uint64(s[i])
	}
	return x, nil
}

// half widens a 16-bit float.
func half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10&31), uint32(h&1023)
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp == 0:
		f := float32(frac) / (1 << 24)
		if sign != 0 {
			f = -f
		}
		return f
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

func uuid(s string) (string, error) {
	var out [36]byte
	hex.Encode(out[0:8], []byte(s[0:4]))
	hex.Encode(out[9:13], []byte(s[4:6]))
	hex.Encode(out[14:18], []byte(s[6:8]))
	hex.Encode(out[19:23], []byte(s[8:10]))
	hex.Encode(out[24:36], []byte(s[10:16]))
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:]), nil
}

// mapped decodes bytes and converts them one by one.
type mapped[T vec.Elem] struct {
	texts
	f   func(string) (T, error)
	tmp vec.Vec
	dst []T
}

func (m *mapped[T]) begin(v *vec.Vec, n int) {
	m.tmp.Type = types.BinaryType
	m.texts.begin(&m.tmp, n)
	m.texts.toFlat(0)
	v.Resize(n)
	m.dst = vec.Data[T](v)
}

func (m *mapped[T]) read(at, n int, sel []uint16) (err error) {
	if err := m.texts.read(at, n, sel); err != nil {
		return err
	}
	src, dst := m.flat[at:at+n], m.dst[at:at+n]
	for i, s := range src {
		if dst[i], err = m.f(s); err != nil {
			return err
		}
	}
	return nil
}

func (m *mapped[T]) spread(valid vec.Bitmap, at, k, present int) {
	spread(m.dst, valid, at, k, present)
}
func (m *mapped[T]) finish(*vec.Vec) {}

// nulls stands for a column of the NULL type, which has no values.
type nulls struct{}

func (*nulls) chunk()                           {}
func (*nulls) setDict([]byte, int) error        { return nil }
func (*nulls) page(int, []byte, int) error      { return nil }
func (*nulls) begin(v *vec.Vec, n int)          { v.Resize(n) }
func (*nulls) read(int, int, []uint16) error    { return nil }
func (*nulls) skip(int) error                   { return nil }
func (*nulls) spread(vec.Bitmap, int, int, int) {}
func (*nulls) finish(*vec.Vec)                  {}

// keeper is what wraps texts.
type keeper interface{ keepBytes() }

func (f *texts) keepBytes() { f.keep = true }
