package cast

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func run(t testing.TB, d types.Datum, from, to types.Type, mode expr.CastMode, zone string) (types.Datum, error) {
	t.Helper()
	k, err := Kernel(from, to, mode)
	if err != nil {
		return nil, err
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	in, out := vec.FromDatums(from, d), vec.New(to, 1)
	ctx := &function.Context{ANSI: mode == expr.CastANSI, TimeZone: loc, Now: time.Unix(1700000000, 0)}
	if err := k(ctx, []*vec.Vec{in}, []uint16{0}, out); err != nil {
		return nil, err
	}
	return out.Get(0), nil
}

func micros(s string) int64 {
	t, err := time.Parse("2006-01-02T15:04:05.999999Z07:00", s)
	if err != nil {
		panic(err)
	}
	return t.UnixMicro()
}

var d128 = types.Int128From

// The answers are those of Spark 4 with ANSI mode; nil for an error means NULL
// with TRY.
func TestCast(t *testing.T) {
	str, i32, i64, f64 := types.StringType, types.Int32Type, types.Int64Type, types.Float64Type
	la := "America/Los_Angeles"
	cases := []struct {
		in       types.Datum
		from, to types.Type
		want     types.Datum
		err      *sqlerr.Condition
	}{
		{" 12 ", str, i32, int64(12), nil},
		{"-2147483648", str, i32, int64(math.MinInt32), nil},
		{"2147483648", str, i32, nil, sqlerr.CastInvalidInput},
		{"1.5", str, i32, nil, sqlerr.CastInvalidInput},
		{"", str, i32, nil, sqlerr.CastInvalidInput},
		{"-9223372036854775808", str, i64, int64(math.MinInt64), nil},
		{"9223372036854775808", str, i64, nil, sqlerr.CastInvalidInput},
		{int64(128), i32, types.Int8Type, nil, sqlerr.CastOverflow},
		{1e19, f64, i64, nil, sqlerr.CastOverflow},
		{-1.9, f64, i32, int64(-1), nil},
		{math.NaN(), f64, i32, nil, sqlerr.CastOverflow},
		{d128(-1999), types.DecimalType(6, 3), i32, int64(-1), nil},
		{"1e3", str, f64, 1000.0, nil},
		{" Infinity ", str, f64, math.Inf(1), nil},
		{"1.0d", str, f64, 1.0, nil},
		{"0x10", str, f64, nil, sqlerr.CastInvalidInput},
		{"1_000", str, f64, nil, sqlerr.CastInvalidInput},
		{"123.455", str, types.DecimalType(5, 2), d128(12346), nil},
		{"-123.455", str, types.DecimalType(5, 2), d128(-12346), nil},
		{"1e2", str, types.DecimalType(5, 2), d128(10000), nil},
		{"99999", str, types.DecimalType(5, 2), nil, sqlerr.NumericOutOfRangeSuggest},
		{"1.", str, types.DecimalType(5, 2), d128(100), nil},
		{".", str, types.DecimalType(5, 2), nil, sqlerr.CastInvalidInput},
		{0.1, f64, types.DecimalType(20, 19), d128(1000000000000000000), nil},
		{int64(7), i32, types.DecimalType(2, 2), nil, sqlerr.NumericOutOfRangeSuggest},
		{d128(12345), types.DecimalType(7, 3), types.DecimalType(4, 1), d128(123), nil},
		{d128(12350), types.DecimalType(7, 3), types.DecimalType(4, 1), d128(124), nil},
		{"YES", str, types.BoolType, true, nil},
		{"maybe", str, types.BoolType, nil, sqlerr.CastInvalidInput},
		{"2020-1-5", str, types.DateType, int64(18266), nil},
		{"2020", str, types.DateType, int64(18262), nil},
		{"2020-02-30", str, types.DateType, nil, sqlerr.CastInvalidInput},
		{"2020-02-28T25", str, types.DateType, int64(18320), nil},
		{"2021-06-01 12:30:01.1234567", str, types.TimestampType, micros("2021-06-01T12:30:01.123456-07:00"), nil},
		{"2021-06-01T12:30Z", str, types.TimestampType, micros("2021-06-01T12:30:00Z"), nil},
		{"2021-06-01 12:30:00 Europe/Paris", str, types.TimestampType, micros("2021-06-01T12:30:00+02:00"), nil},
		{"2021-06-01 12:30:00+5:30", str, types.TimestampType, micros("2021-06-01T12:30:00+05:30"), nil},
		{"2021-03-14 02:30:00", str, types.TimestampType, micros("2021-03-14T03:30:00-07:00"), nil}, // a gap
		{"2021-11-07 01:30:00", str, types.TimestampType, micros("2021-11-07T01:30:00-07:00"), nil}, // an overlap
		{"2021-06-01 24:00:00", str, types.TimestampType, nil, sqlerr.CastInvalidInput},
		{micros("2021-06-01T03:00:00Z"), types.TimestampType, types.DateType, int64(18778), nil},
		{micros("1969-12-31T23:59:59.5Z"), types.TimestampType, i64, int64(-1), nil},
		{"1-2", str, types.YearMonthType, int64(14), nil},
		{"-1 02:03:04.5", str, types.DayTimeType, -(int64(93784)*1000000 + 500000), nil},
		{int64(14), types.YearMonthType, i32, int64(14), nil},
		// To text.
		{1e10, f64, str, "1.0E10", nil},
		{1234567.0, f64, str, "1234567.0", nil},
		{0.001, f64, str, "0.001", nil},
		{1.5e-5, f64, str, "1.5E-5", nil},
		{math.Inf(-1), f64, str, "-Infinity", nil},
		{0.0, f64, str, "0.0", nil},
		{math.Copysign(0, -1), f64, str, "-0.0", nil},
		{d128(-5), types.DecimalType(10, 3), str, "-0.005", nil},
		{micros("2021-06-01T12:30:00.12Z"), types.TimestampType, str, "2021-06-01 05:30:00.12", nil},
		{int64(-719529), types.DateType, str, "-0001-12-31", nil},
		{int64(14), types.YearMonthType, str, "INTERVAL '1-2' YEAR TO MONTH", nil},
		{int64(-93784500000), types.DayTimeType, str, "INTERVAL '-1 02:03:04.5' DAY TO SECOND", nil},
		{[]types.Datum{int64(1), nil}, types.ArrayType(i32, true), str, "[1, null]", nil},
		{types.MapDatum{Keys: []types.Datum{"k"}, Values: []types.Datum{1.0}}, types.MapType(str, f64, true), str, "{k -> 1.0}", nil},
		{[]types.Datum{int64(1), "a"}, types.StructType(types.Field{Name: "x", Type: i32}, types.Field{Name: "y", Type: str}), str, "{1, a}", nil},
		{[]types.Datum{"1", nil}, types.ArrayType(str, true), types.ArrayType(i32, true), []types.Datum{int64(1), nil}, nil},
	}
	for _, c := range cases {
		got, err := run(t, c.in, c.from, c.to, expr.CastANSI, la)
		if c.err != nil {
			if !sqlerr.Is(err, c.err) {
				t.Errorf("%v: %s as %s: got %v, %v; want %s", c.in, c.from, c.to, got, err, c.err.Name)
			}
			if got, err := run(t, c.in, c.from, c.to, expr.CastTry, la); got != nil || err != nil {
				t.Errorf("try_cast(%v as %s) is %v, %v", c.in, c.to, got, err)
			}
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%v: %s as %s: %v %s", c.in, c.from, c.to, err, d)
		}
	}
}

func TestLegacy(t *testing.T) {
	cases := []struct {
		in       types.Datum
		from, to types.Type
		want     types.Datum
	}{
		{int64(300), types.Int32Type, types.Int8Type, int64(44)},
		{1e10, types.Float64Type, types.Int32Type, int64(math.MaxInt32)},
		{math.NaN(), types.Float64Type, types.Int64Type, int64(0)},
		{"1.9", types.StringType, types.Int32Type, int64(1)},
		{"x", types.StringType, types.Int32Type, nil},
		{d128(1), types.DecimalType(10, 9), types.StringType, "1E-9"},
		{int64(258), types.Int32Type, types.BinaryType, "\x00\x00\x01\x02"},
	}
	for _, c := range cases {
		got, err := run(t, c.in, c.from, c.to, expr.CastLegacy, "UTC")
		if got != c.want || err != nil {
			t.Errorf("%v: %s as %s is %v, %v; want %v", c.in, c.from, c.to, got, err, c.want)
		}
	}
}

func TestNotAllowed(t *testing.T) {
	cases := []struct {
		from, to types.Type
		want     *sqlerr.Condition
	}{
		{types.Int32Type, types.BinaryType, sqlerr.CastWithConf},
		{types.DateType, types.Int32Type, sqlerr.CastWithFunc},
		{types.BoolType, types.DateType, sqlerr.CastWithoutSuggestion},
		{types.ArrayType(types.Int32Type, false), types.Int32Type, sqlerr.CastWithoutSuggestion},
	}
	for _, c := range cases {
		if err := Check(c.from, c.to, expr.CastANSI, ""); !sqlerr.Is(err, c.want) {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
}

func TestFormat(t *testing.T) {
	s := types.StructType(types.Field{Name: "a", Type: types.StringType}, types.Field{Name: "b", Type: types.ArrayType(types.Float64Type, true)})
	cases := []struct {
		d    types.Datum
		t    types.Type
		want string
	}{
		{nil, types.Int32Type, "NULL"},
		{"x", types.StringType, "x"},
		{[]types.Datum{"x", []types.Datum{1.0, nil}}, s, `{"a":"x","b":[1.0,null]}`},
		{types.MapDatum{Keys: []types.Datum{"k"}, Values: []types.Datum{int64(1)}}, types.MapType(types.StringType, types.Int32Type, false), `{"k":1}`},
		{int64(14), types.YearMonthType, "1-2"},
		{int64(-93784500000), types.DayTimeType, "-1 02:03:04.500000000"},
	}
	for _, c := range cases {
		if got := Format(c.d, c.t, nil); got != c.want {
			t.Errorf("%v: %s, want %s", c.d, got, c.want)
		}
	}
}

// What a number's text says must be what is read back, and no text may panic.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1", "-1.5e3", "2020-01-01 1:2:3.4+5", "INTERVAL '1-2' YEAR TO MONTH", "1 day 2 hours", "+", "T1:2", "-0", "1e-400", "9999999-1-1"} {
		f.Add(s)
	}
	str := types.StringType
	targets := []types.Type{
		types.Int8Type, types.Int64Type, types.Float32Type, types.Float64Type, types.DecimalType(18, 4), types.DecimalType(38, 10), types.BoolType,
		types.DateType, types.TimestampType, types.TimestampNTZType, types.YearMonthType, types.DayTimeType, types.IntervalType,
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, to := range targets {
			d, err := run(t, s, str, to, expr.CastTry, "Europe/Paris")
			if err != nil {
				t.Fatalf("try_cast(%q as %s): %v", s, to, err)
			}
			if d == nil || to.Kind == types.Interval {
				continue
			}
			text, err := run(t, d, to, str, expr.CastANSI, "Europe/Paris")
			if err != nil {
				t.Fatalf("%v of %s to text: %v", d, to, err)
			}
			back, err := run(t, text, str, to, expr.CastTry, "Europe/Paris")
			if err != nil || !cmp.Equal(d, back, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })) {
				if to.Kind == types.Timestamp || to.Kind == types.Date || to.Kind == types.TimestampNTZ || to.Kind.IsInterval() {
					continue // an hour that clocks show twice; years and spans beyond what text can say
				}
				t.Fatalf("%q as %s is %v, its text %v reads as %v", s, to, d, text, back)
			}
		}
	})
}
