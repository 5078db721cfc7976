package arrowvec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// random makes a datum of type t, NULL now and then if nullable.
func random(r *rand.Rand, t types.Type, null bool) types.Datum {
	if null && r.IntN(4) == 0 || t.Kind == types.Null {
		return nil
	}
	switch t.Kind {
	case types.Bool:
		return r.IntN(2) == 0
	case types.Int8:
		return int64(int8(r.Uint32()))
	case types.Int16:
		return int64(int16(r.Uint32()))
	case types.Int32, types.Date, types.YearMonth:
		return int64(int32(r.Uint32()))
	case types.Time:
		return r.Int64N(86_400_000_000) * 1000
	case types.Int64, types.Timestamp, types.TimestampNTZ, types.DayTime:
		return int64(r.Uint64())
	case types.Float32:
		return float64(float32(r.NormFloat64()))
	case types.Float64:
		return r.NormFloat64()
	case types.Decimal:
		x := types.Int128From(int64(r.Uint64N(999_999_999)))
		if t.P > types.MaxCompactPrecision {
			x, _ = x.Mul(types.Pow10[20])
		}
		if r.IntN(2) == 0 {
			x = x.Neg()
		}
		return x
	case types.String, types.Binary:
		return strings.Repeat("ä", r.IntN(12)) + fmt.Sprint(r.IntN(1000))
	case types.Interval:
		return types.CalendarInterval{Months: int32(r.IntN(100)), Days: -int32(r.IntN(100)), Micros: int64(r.IntN(1e9))}
	case types.Array:
		out := make([]types.Datum, r.IntN(4))
		for i := range out {
			out[i] = random(r, t.Elem(), true)
		}
		return out
	case types.Map:
		m := types.MapDatum{Keys: []types.Datum{}, Values: []types.Datum{}}
		for range r.IntN(3) {
			m.Keys = append(m.Keys, random(r, t.Key(), false))
			m.Values = append(m.Values, random(r, t.Value(), true))
		}
		return m
	case types.Struct:
		out := make([]types.Datum, len(t.Children()))
		for i, f := range t.Children() {
			out[i] = random(r, f.Type, f.Nullable)
		}
		return out
	}
	panic(t.String())
}

var allTypes = []types.Type{
	types.NullType, types.BoolType, types.Int8Type, types.Int16Type, types.Int32Type, types.Int64Type, types.Float32Type, types.Float64Type,
	types.DecimalType(10, 2), types.DecimalType(38, 10), types.StringType, types.BinaryType, types.DateType, types.TimestampType, types.TimestampNTZType, types.TimeType(6),
	types.YearMonthType, types.DayTimeType, types.IntervalType, types.ArrayType(types.StringType, true), types.MapType(types.StringType, types.DecimalType(9, 1), true),
	types.StructType(types.Field{Name: "a", Type: types.Int32Type, Nullable: true}, types.Field{Name: "b", Type: types.ArrayType(types.StructType(types.Field{Name: "c", Type: types.BoolType, Nullable: true}), true), Nullable: true}),
}

func rows(b *vec.Batch) (out [][]types.Datum) {
	for _, i := range b.Selection() {
		var row []types.Datum
		for _, c := range b.Cols {
			row = append(row, c.Get(int(i)))
		}
		out = append(out, row)
	}
	return out
}

// modes are the encodings of the columns of a random batch.
var modes = []string{"flat", "selected", "const", "dict"}

// randomBatch has a column of every type. Without null, only nested values hold NULLs.
func randomBatch(r *rand.Rand, n int, mode string, null bool) *vec.Batch {
	b := &vec.Batch{N: n}
	for _, ty := range allTypes {
		v := &vec.Vec{Type: ty}
		switch {
		case mode == "const" && n > 0:
			v.SetConst(n)
			v.Put(0, random(r, ty, null))
		case mode == "dict" && n > 0 && ty.Kind != types.Null:
			codes := make([]int32, n)
			d := vec.New(ty, 0)
			d.AppendDatums([]types.Datum{random(r, ty, false), random(r, ty, false)})
			for i := range codes {
				codes[i] = int32(r.IntN(2))
			}
			v.SetDict(&vec.Dictionary{Values: d}, codes)
			if null {
				v.SetNull(0)
			}
		default:
			ds := make([]types.Datum, n)
			for i := range ds {
				ds[i] = random(r, ty, null)
			}
			v.AppendDatums(ds)
		}
		b.Cols = append(b.Cols, v)
	}
	if mode == "selected" {
		b.Sel = []uint16{}
		for i := 0; i < n; i += 1 + r.IntN(3) {
			b.Sel = append(b.Sel, uint16(i))
		}
	}
	return b
}

// TestAppender: rows of batches of all encodings, mixed, in records that
// outlive the batches.
func TestAppender(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var schema types.Schema
	for i, ty := range allTypes {
		schema = append(schema, types.Field{Name: fmt.Sprint("c", i), Type: ty, Nullable: true})
	}
	a := NewAppender(nil, schema)
	for round := range 15 {
		var want [][]types.Datum
		for range r.IntN(6) {
			b := randomBatch(r, r.IntN(200), modes[r.IntN(len(modes))], round%3 > 0 && r.IntN(2) == 0)
			from := 0
			if b.Rows() > 5 && r.IntN(3) == 0 {
				from = r.IntN(5)
			}
			n, err := a.Append(b, from)
			if err != nil || n != b.Rows()-from {
				t.Fatalf("%d rows of %d: %v", n, b.Rows()-from, err)
			}
			want = append(want, rows(b)[from:]...)
			for _, c := range b.Cols { // nothing of the batch may be in the record
				c.Reset(c.Type)
			}
		}
		if a.Rows() != len(want) {
			t.Fatalf("%d rows of %d", a.Rows(), len(want))
		}
		rec := a.Record()
		if !rec.Schema().Equal(Schema(schema)) {
			t.Fatal(rec.Schema())
		}
		if err := Validate(rec); err != nil {
			t.Fatal(err)
		}
		var got [][]types.Datum
		for b, err := range (&Decoder{}).Batches(rec, 100) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rows(b)...)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("round %d: %s", round, d)
		}
		rec.Release()
	}
}

// TestNullsHideNothing: what is in the place of a NULL stays here.
func TestNullsHideNothing(t *testing.T) {
	point := types.StructType(types.Field{Name: "x", Type: types.Int64Type, Nullable: true}, types.Field{Name: "s", Type: types.StringType, Nullable: true})
	ts := []types.Type{types.Int64Type, types.Int8Type, types.BoolType, types.DecimalType(10, 2), types.DecimalType(38, 0), types.StringType, point}
	b := vec.NewBatch(ts, 3)
	var schema types.Schema
	for i, c := range b.Cols {
		schema = append(schema, types.Field{Name: fmt.Sprint("c", i), Type: ts[i], Nullable: true})
		for row := range 3 {
			switch ts[i].Kind {
			case types.Bool:
				c.Put(row, true)
			case types.Decimal:
				c.Put(row, types.Int128From(0x55555555))
			case types.String:
				c.Put(row, "UUUU")
			case types.Struct:
				c.Kids[0].Put(row, int64(0x55555555))
				c.Kids[1].Put(row, "UUUU")
			default:
				c.Put(row, int64(0x55))
			}
		}
		for row := range 3 {
			c.SetNull(row)
		}
	}
	a := NewAppender(nil, schema)
	if _, err := a.Append(b, 0); err != nil {
		t.Fatal(err)
	}
	var look func(d arrow.ArrayData)
	look = func(d arrow.ArrayData) {
		for _, buf := range d.Buffers() {
			if buf != nil && strings.ContainsAny(string(buf.Bytes()), "U\x07") {
				t.Errorf("%s: %x", d.DataType(), buf.Bytes())
			}
		}
		for _, k := range d.Children() {
			look(k)
		}
	}
	for _, c := range a.Record().Columns() {
		look(c.Data())
	}
}

// TestAppenderFull: text of more than a record takes is left for the next one.
func TestAppenderFull(t *testing.T) {
	b := vec.NewBatch([]types.Type{types.StringType}, 5)
	for i, n := range []int{40, 40, 40, 200, 40} {
		b.Cols[0].Put(i, strings.Repeat("x", n))
	}
	a := NewAppender(nil, types.Schema{{Name: "a", Type: types.StringType}})
	a.limit = 100
	var counts []int64
	for from := 0; from < 5; {
		n, err := a.Append(b, from)
		if err != nil {
			t.Fatal(err)
		}
		if from += n; n > 0 && from < 5 {
			continue
		}
		rec := a.Record()
		counts = append(counts, rec.NumRows())
		rec.Release()
	}
	if d := cmp.Diff([]int64{2, 1, 1, 1}, counts); d != "" {
		t.Error(d)
	}
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var schema types.Schema
	for i, ty := range allTypes {
		schema = append(schema, types.Field{Name: fmt.Sprint("c", i), Type: ty, Nullable: true})
	}
	back, err := FromSchema(Schema(schema))
	if err != nil {
		t.Fatal(err)
	}
	for i := range schema {
		if !back[i].Type.Equal(schema[i].Type) || back[i].Name != schema[i].Name {
			t.Errorf("%v came back as %v", schema[i], back[i])
		}
	}
	for _, n := range []int{0, 1, 63, 64, 65, 300} {
		for _, mode := range modes {
			b := randomBatch(r, n, mode, true)
			want := rows(b)
			for _, borrow := range []bool{false, true} {
				e := NewEncoder(schema)
				e.Borrow = borrow
				rec, err := e.Record(b)
				if err != nil {
					t.Fatal(err)
				}
				if err := Validate(rec); err != nil {
					t.Fatalf("%s: %v", mode, err)
				}
				for _, size := range []int{7, 64, 2048} {
					got := [][]types.Datum(nil)
					for b, err := range (&Decoder{}).Batches(rec, size) {
						if err != nil {
							t.Fatal(err)
						}
						got = append(got, rows(b)...)
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("%s n=%d size=%d: %s", mode, n, size, d)
					}
				}
				// A slice has offsets everywhere.
				if len(want) > 10 {
					var got [][]types.Datum
					for b, err := range (&Decoder{}).Batches(rec.NewSlice(3, int64(len(want)-2)), 50) {
						if err != nil {
							t.Fatal(err)
						}
						got = append(got, rows(b)...)
					}
					if d := cmp.Diff(want[3:len(want)-2], got); d != "" {
						t.Fatalf("slice: %s", d)
					}
				}
				rec.Release()
			}
		}
	}
}

// foreign types: what others write and how it reads here.
func TestForeign(t *testing.T) {
	dict := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint8, ValueType: arrow.BinaryTypes.String}
	cases := []struct {
		dt   arrow.DataType
		json string
		want []types.Datum
		as   string
	}{
		{arrow.PrimitiveTypes.Uint8, `[255, null]`, []types.Datum{int64(255), nil}, "smallint"},
		{arrow.PrimitiveTypes.Uint32, `[4294967295]`, []types.Datum{int64(math.MaxUint32)}, "bigint"},
		{arrow.PrimitiveTypes.Uint64, `[18446744073709551615]`, []types.Datum{types.Int128{Lo: math.MaxUint64}}, "decimal(20,0)"},
		{arrow.FixedWidthTypes.Float16, `[1.5]`, []types.Datum{1.5}, "float"},
		{arrow.BinaryTypes.LargeString, `["a", null, "bc"]`, []types.Datum{"a", nil, "bc"}, "string"},
		{arrow.BinaryTypes.StringView, `["a", null, "longer than twelve bytes"]`, []types.Datum{"a", nil, "longer than twelve bytes"}, "string"},
		{&arrow.FixedSizeBinaryType{ByteWidth: 2}, `["YWI=", null]`, []types.Datum{"ab", nil}, "binary"},
		{arrow.FixedWidthTypes.Date64, `["2026-01-02"]`, []types.Datum{int64(20455)}, "date"},
		{&arrow.Time32Type{Unit: arrow.Second}, `["03:04:05", null]`, []types.Datum{int64(11045000000000), nil}, "time(6)"},
		{&arrow.Time64Type{Unit: arrow.Nanosecond}, `["23:59:59.123456789"]`, []types.Datum{int64(86399123456000)}, "time(6)"},
		{&arrow.TimestampType{Unit: arrow.Second}, `["2026-01-02 03:04:05", null]`, []types.Datum{int64(1767323045000000), nil}, "timestamp_ntz"},
		{&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Europe/Berlin"}, `["1969-12-31T23:59:59.999999999Z"]`, []types.Datum{int64(-1)}, "timestamp"},
		{&arrow.Decimal256Type{Precision: 38, Scale: 2}, `["-1.25"]`, []types.Datum{types.Int128From(-125)}, "decimal(38,2)"},
		{&arrow.Decimal64Type{Precision: 10, Scale: 2}, `["-1.25"]`, []types.Datum{types.Int128From(-125)}, "decimal(10,2)"},
		{dict, `["x", null, "y", "x"]`, []types.Datum{"x", nil, "y", "x"}, "string"},
		{arrow.LargeListOf(arrow.PrimitiveTypes.Int8), `[[1], null, [], [2, 3]]`, []types.Datum{[]types.Datum{int64(1)}, nil, []types.Datum{}, []types.Datum{int64(2), int64(3)}}, "array<tinyint>"},
		{arrow.ListViewOf(dict), `[["p"], null, ["q", "p"]]`, []types.Datum{[]types.Datum{"p"}, nil, []types.Datum{"q", "p"}}, "array<string>"},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8), `[[1, 2], null, [3, 4]]`, []types.Datum{[]types.Datum{int64(1), int64(2)}, nil, []types.Datum{int64(3), int64(4)}}, "array<tinyint>"},
		{arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String), `["a", "a", null, "b"]`, []types.Datum{"a", "a", nil, "b"}, "string"},
	}
	for _, c := range cases {
		b := array.NewBuilder(memory.DefaultAllocator, c.dt)
		if err := b.UnmarshalJSON([]byte(c.json)); err != nil {
			t.Errorf("%s: %v", c.dt, err)
			continue
		}
		a := b.NewArray()
		rec := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "c", Type: c.dt, Nullable: true}}, nil), []arrow.Array{a}, int64(a.Len()))
		ty, err := FromDataType(c.dt)
		if err != nil || ty.String() != c.as {
			t.Errorf("%s reads as %s, want %s (%v)", c.dt, ty, c.as, err)
		}
		for _, keep := range []bool{false, true} {
			var got []types.Datum
			for b, err := range (&Decoder{KeepDictionaries: keep}).Batches(rec, 3) {
				if err != nil {
					t.Errorf("%s: %v", c.dt, err)
					break
				}
				for _, r := range rows(b) {
					got = append(got, r[0])
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: %s", c.dt, d)
			}
		}
	}
}

// damaged data are refused, whatever the damage.
func TestValidate(t *testing.T) {
	i32 := func(v ...int32) *memory.Buffer { return bytesOf(v, true) }
	bs := func(s string) *memory.Buffer { return memory.NewBufferBytes([]byte(s)) }
	str := func(n int, offs *memory.Buffer, data string) *array.Data {
		return array.NewData(arrow.BinaryTypes.String, n, []*memory.Buffer{nil, offs, bs(data)}, nil, 0, 0)
	}
	cases := map[string]*array.Data{
		"short values":   array.NewData(arrow.PrimitiveTypes.Int64, 3, []*memory.Buffer{nil, i32(1, 2)}, nil, 0, 0),
		"short validity": array.NewData(arrow.PrimitiveTypes.Int8, 9, []*memory.Buffer{bs("x"), bs("123456789")}, nil, -1, 0),
		"no validity":    array.NewData(arrow.PrimitiveTypes.Int8, 1, []*memory.Buffer{nil, bs("1")}, nil, 1, 0),
		"offset":         array.NewData(arrow.PrimitiveTypes.Int8, 1, []*memory.Buffer{nil, bs("1")}, nil, 0, 5),
		"negative":       str(1, i32(-1, 1), "abc"),
		"backwards":      str(2, i32(0, 3, 1), "abc"),
		"behind":         str(1, i32(0, 9), "abc"),
		"few offsets":    str(3, i32(0, 1), "abc"),
		"utf8":           str(1, i32(0, 1), "\xff"),
		"utf8 cut":       str(2, i32(0, 1, 2), "ä"),
		"bad list": array.NewData(arrow.ListOf(arrow.PrimitiveTypes.Int8), 1, []*memory.Buffer{nil, i32(0, 4)},
			[]arrow.ArrayData{array.NewData(arrow.PrimitiveTypes.Int8, 2, []*memory.Buffer{nil, bs("ab")}, nil, 0, 0)}, 0, 0),
		"short struct": array.NewData(arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int8}), 3, []*memory.Buffer{nil},
			[]arrow.ArrayData{array.NewData(arrow.PrimitiveTypes.Int8, 2, []*memory.Buffer{nil, bs("ab")}, nil, 0, 0)}, 0, 0),
		"dictionary": array.NewDataWithDictionary(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, 1,
			[]*memory.Buffer{nil, bs("\x05")}, 0, 0, str(1, i32(0, 1), "a")),
		"run ends": array.NewData(arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int8), 5, []*memory.Buffer{nil}, []arrow.ArrayData{
			array.NewData(arrow.PrimitiveTypes.Int32, 2, []*memory.Buffer{nil, i32(3, 2)}, nil, 0, 0),
			array.NewData(arrow.PrimitiveTypes.Int8, 2, []*memory.Buffer{nil, bs("ab")}, nil, 0, 0),
		}, 0, 0),
	}
	for name, d := range cases {
		err := check(d, 0)
		if !sqlerr.Is(err, sqlerr.InvalidArrowData) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := check(str(2, i32(0, 2, 3), "äa"), 0); err != nil {
		t.Error(err)
	}
	// A value that does not fit its declared precision is an error, not a wrong number.
	wide := array.NewData(&arrow.Decimal128Type{Precision: 3, Scale: 0}, 1, []*memory.Buffer{nil, bytesOf([]types.Int128{types.Int128From(1000)}, true)}, nil, 0, 0)
	rec := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "c", Type: wide.DataType()}}, nil), []arrow.Array{array.MakeFromData(wide)}, 1)
	for _, err := range (&Decoder{}).Batches(rec, 10) {
		if !sqlerr.Is(err, sqlerr.NumericOutOfRange) {
			t.Error(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	batch := vec.NewBatch([]types.Type{types.Int64Type, types.StringType, types.DecimalType(12, 2)}, 2048)
	for i := range 2048 {
		vec.Data[string](batch.Cols[1])[i] = "some text of a row"
	}
	e := NewEncoder(types.Schema{{Name: "a", Type: types.Int64Type}, {Name: "b", Type: types.StringType}, {Name: "c", Type: types.DecimalType(12, 2)}})
	b.SetBytes(2048)
	b.ReportAllocs()
	for b.Loop() {
		r, err := e.Record(batch)
		if err != nil {
			b.Fatal(err)
		}
		r.Release()
	}
}
