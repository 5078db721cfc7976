package parquet

import (
	"fmt"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Files of one table may hold narrower types than the table. widens lists what
// is widened on reading; all of it is exact, save INT and BIGINT to DOUBLE
// where a table was declared so.

func widens(from, to types.Type) bool {
	if from.SameShape(to) || from.Kind == types.Null {
		return true
	}
	f, t := from.Kind, to.Kind
	switch {
	case f.IsInteger() && t.IsInteger():
		return f < t
	case f.IsInteger() && t == types.Decimal:
		return int(to.P)-int(to.S) >= digits(f)
	case f.IsInteger() && t == types.Float64, f == types.Float32 && t == types.Float64:
		return true
	case f.IsInteger() && t == types.Float32:
		return f <= types.Int16
	case f == types.Decimal && t == types.Decimal:
		return to.S >= from.S && to.P-to.S >= from.P-from.S
	case f == types.Date && t == types.TimestampNTZ, f == types.Time && t == types.Time:
		return true
	case f == types.String && t == types.Binary, f == types.Binary && t == types.String:
		return true
	case f == types.Int64 && t == types.DayTime, f == types.Int32 && t == types.YearMonth,
		f == types.DayTime && (t == types.Int64 || t == types.DayTime), f == types.YearMonth && (t == types.Int32 || t == types.YearMonth):
		// What Spark writes for intervals are plain integers, whatever their fields.
		return true
	}
	return false
}

// digits is the decimal precision that holds every value of an integer type.
func digits(k types.Kind) int {
	return map[types.Kind]int{types.Int8: 3, types.Int16: 5, types.Int32: 10, types.Int64: 19}[k]
}

// merge returns a type that values of both a and b can be read as.
func merge(a, b types.Type) (types.Type, bool) {
	switch {
	case a.Kind.IsInterval() != b.Kind.IsInterval() && a.Kind != types.Null && b.Kind != types.Null:
		return a, false
	case widens(a, b) && !(a.Kind == types.String && b.Kind == types.Binary):
		return b, true
	case widens(b, a):
		return a, true
	}
	if a.Kind == types.Decimal || b.Kind == types.Decimal {
		ap, as, aok := asDecimal(a)
		bp, bs, bok := asDecimal(b)
		s := max(as, bs)
		p := max(ap-as, bp-bs) + s
		return types.DecimalType(p, s), aok && bok && p <= types.MaxPrecision
	}
	if a.Kind != b.Kind {
		return a, false
	}
	af, bf := a.Children(), b.Children()
	switch a.Kind {
	case types.Array, types.Map:
		out := make([]types.Field, len(af))
		for i := range af {
			t, ok := merge(af[i].Type, bf[i].Type)
			if !ok {
				return a, false
			}
			out[i] = types.Field{Name: af[i].Name, Type: t, Nullable: af[i].Nullable || bf[i].Nullable}
		}
		return types.Type{Kind: a.Kind, Fields: &out}, true
	case types.Struct:
		out, _, ok := mergeFields(af, bf)
		return types.StructType(out...), ok
	}
	return a, false
}

func asDecimal(t types.Type) (p, s int, ok bool) {
	if t.Kind == types.Decimal {
		return int(t.P), int(t.S), true
	}
	return digits(t.Kind), 0, t.Kind.IsInteger()
}

// mergeFields adds b's fields to a's by name; clash names a field whose types do not go together.
func mergeFields(a, b []types.Field) (out []types.Field, clash string, ok bool) {
	out = append(out, a...)
	seen := make([]bool, len(b))
	for i := range out {
		j := match(b, out[i].Name, rank(a, i))
		if j < 0 {
			out[i].Nullable = true
			continue
		}
		seen[j] = true
		t, ok := merge(out[i].Type, b[j].Type)
		if !ok {
			return nil, out[i].Name, false
		}
		out[i].Type, out[i].Nullable = t, out[i].Nullable || b[j].Nullable
	}
	for j, f := range b {
		if !seen[j] {
			f.Nullable = true
			out = append(out, f)
		}
	}
	return out, "", true
}

// rank counts the fields before i that have the same name.
func rank(fields []types.Field, i int) int {
	n := 0
	for _, f := range fields[:i] {
		if f.Name == fields[i].Name {
			n++
		}
	}
	return n
}

// match returns the place of the nth field called name, spelled exactly or
// else in another case; -1 if there is none.
func match(fields []types.Field, name string, nth int) int {
	n, fold, folded := nth, nth, -1
	for i, f := range fields {
		switch {
		case f.Name == name:
			if n == 0 {
				return i
			}
			n--
		case folded < 0 && len(f.Name) == len(name) && types.Schema(fields[i:i+1]).Index(name) == 0:
			if fold == 0 {
				folded = i
			}
			fold--
		}
	}
	return folded
}

// widen makes v the values of src as type to, to which src's type widens.
func widen(v *vec.Vec, to types.Type, src *vec.Vec) error {
	if src.Type.Storage() == to.Storage() && src.Type.Kind != types.Decimal && to.Kind != types.Decimal {
		v.Share(src)
		v.Type = to
		return nil
	}
	n := src.Len()
	v.Reset(to)
	if src.Type.Kind == types.Null {
		nullRows(v, to, n)
		return nil
	}
	v.Resize(n)
	var ints []int64
	switch src.Type.Storage() {
	case types.StoreInt8:
		ints = toInt64(vec.Data[int8](src))
	case types.StoreInt16:
		ints = toInt64(vec.Data[int16](src))
	case types.StoreInt32:
		ints = toInt64(vec.Data[int32](src))
	case types.StoreInt64:
		ints = vec.Data[int64](src)
	case types.StoreFloat32:
		dst := vec.Data[float64](v)
		for i, x := range vec.Data[float32](src) {
			dst[i] = float64(x)
		}
		v.Valid = src.Valid
		return nil
	case types.StoreInt128:
	default:
		return fmt.Errorf("%s is not widened to %s", src.Type, to)
	}
	switch {
	case to.Kind == types.Decimal:
		scale := int(to.S)
		if src.Type.Kind == types.Decimal {
			scale -= int(src.Type.S)
		}
		if err := rescale(v, ints, src, scale); err != nil {
			return err
		}
	case to.Kind == types.TimestampNTZ:
		dst := vec.Data[int64](v)
		for i, x := range ints {
			dst[i] = x * 86400 * 1000 * 1000
		}
	default:
		switch to.Storage() {
		case types.StoreInt16:
			fromInt64(vec.Data[int16](v), ints)
		case types.StoreInt32:
			fromInt64(vec.Data[int32](v), ints)
		case types.StoreInt64:
			copy(vec.Data[int64](v), ints)
		case types.StoreFloat32:
			fromInt64(vec.Data[float32](v), ints)
		case types.StoreFloat64:
			fromInt64(vec.Data[float64](v), ints)
		}
	}
	v.Valid = src.Valid
	return nil
}

func toInt64[T int8 | int16 | int32](src []T) []int64 {
	out := make([]int64, len(src))
	for i, x := range src {
		out[i] = int64(x)
	}
	return out
}

func fromInt64[T int16 | int32 | float32 | float64](dst []T, src []int64) {
	for i, x := range src {
		dst[i] = T(x)
	}
}

// rescale multiplies by a power of ten. The result type has room for every
// value that keeps to its own type; one that does not is an error, save where
// the row is null.
func rescale(v *vec.Vec, ints []int64, src *vec.Vec, scale int) error {
	n := src.Len()
	p := types.Pow10[scale]
	for i := range n {
		if src.Null(i) {
			continue
		}
		var x types.Int128
		if ints != nil {
			x = types.Int128From(ints[i])
		} else {
			x = vec.Data[types.Int128](src)[i]
		}
		x, ok := x.Mul(p)
		if v.Type.Storage() == types.StoreInt64 {
			if !ok || !x.IsInt64() {
				return errDecimal
			}
			vec.Data[int64](v)[i] = x.Int64()
			continue
		}
		if !ok {
			return errDecimal
		}
		vec.Data[types.Int128](v)[i] = x
	}
	return nil
}
