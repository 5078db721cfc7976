package vec

import (
	"reflect"
	"testing"

	"github.com/volley-sql/volley/internal/types"
)

func all(v *Vec) []types.Datum {
	out := make([]types.Datum, v.Len())
	for i := range out {
		out[i] = v.Get(i)
	}
	return out
}

func TestGetPutGather(t *testing.T) {
	st := types.StructType(types.Field{Name: "a", Type: types.Int32Type, Nullable: true}, types.Field{Name: "b", Type: types.StringType, Nullable: true})
	cases := []struct {
		typ  types.Type
		vals []types.Datum
	}{
		{types.BoolType, []types.Datum{true, nil, false}},
		{types.Int8Type, []types.Datum{int64(-3), nil, int64(7)}},
		{types.DateType, []types.Datum{int64(-3), nil, int64(7)}},
		{types.DecimalType(10, 2), []types.Datum{types.Int128From(-3), nil, types.Int128From(7)}},
		{types.DecimalType(30, 2), []types.Datum{types.Int128{Lo: 1, Hi: 5}, nil, types.Int128From(7)}},
		{types.Float32Type, []types.Datum{1.5, nil, -2.0}},
		{types.StringType, []types.Datum{"x", nil, ""}},
		{types.IntervalType, []types.Datum{types.CalendarInterval{Months: 1}, nil, types.CalendarInterval{Micros: -1}}},
		{types.ArrayType(types.Int64Type, true), []types.Datum{[]types.Datum{int64(1), nil}, nil, []types.Datum{}}},
		{types.MapType(types.StringType, types.Int64Type, true), []types.Datum{
			types.MapDatum{Keys: []types.Datum{"k"}, Values: []types.Datum{nil}}, nil, types.MapDatum{Keys: []types.Datum{}, Values: []types.Datum{}},
		}},
		{st, []types.Datum{[]types.Datum{int64(1), nil}, nil, []types.Datum{nil, "z"}}},
	}
	for _, c := range cases {
		v := FromDatums(c.typ, c.vals...)
		if got := all(v); !reflect.DeepEqual(got, c.vals) {
			t.Errorf("%v: got %v want %v", c.typ, got, c.vals)
		}
		rows := []uint16{2, 1, 0, 0}
		want := []types.Datum{c.vals[2], c.vals[1], c.vals[0], c.vals[0]}
		var g Vec
		Gather(&g, v, rows)
		if got := all(&g); !reflect.DeepEqual(got, want) {
			t.Errorf("%v: gathered %v want %v", c.typ, got, want)
		}
		// A dictionary and a constant flatten to the same rows.
		d := &Vec{Type: c.typ}
		d.SetDict(&Dictionary{Values: FromDatums(c.typ, c.vals[0], c.vals[2])}, []int32{1, 0})
		var f Vec
		Flatten(&f, d)
		if got, want := all(&f), []types.Datum{c.vals[2], c.vals[0]}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: dict flattened to %v want %v", c.typ, got, want)
		}
		k := (&Vec{Type: c.typ}).SetConst(3)
		k.Put(0, c.vals[0])
		var kf Vec
		Flatten(&kf, k)
		if got, want := all(&kf), []types.Datum{c.vals[0], c.vals[0], c.vals[0]}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: const flattened to %v want %v", c.typ, got, want)
		}
	}
}

func TestCompact(t *testing.T) {
	b := &Batch{Cols: []*Vec{FromDatums(types.Int64Type, int64(1), nil, int64(3))}, N: 3, Sel: []uint16{1, 2}}
	var into Batch
	got := b.Compact(&into)
	if got.N != 2 || got.Sel != nil || !reflect.DeepEqual(all(got.Cols[0]), []types.Datum{nil, int64(3)}) {
		t.Fatalf("got %v %v", got, all(got.Cols[0]))
	}
}
