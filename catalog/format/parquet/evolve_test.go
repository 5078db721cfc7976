package parquet

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func field(name string, t types.Type) types.Field {
	return types.Field{Name: name, Type: t, Nullable: true}
}

func TestMergeSchemas(t *testing.T) {
	st := func(fs ...types.Field) types.Type { return types.StructType(fs...) }
	cases := []struct {
		a, b, want types.Type // zero want: a clash
	}{
		{types.Int32Type, types.Int64Type, types.Int64Type},
		{types.Int64Type, types.Int8Type, types.Int64Type},
		{types.Float32Type, types.Float64Type, types.Float64Type},
		{types.Int32Type, types.DecimalType(5, 2), types.DecimalType(12, 2)},
		{types.DecimalType(10, 2), types.DecimalType(8, 4), types.DecimalType(12, 4)},
		{types.DecimalType(38, 0), types.DecimalType(10, 5), types.Type{}},
		{types.StringType, types.Int32Type, types.Type{}},
		{types.BinaryType, types.StringType, types.StringType},
		{types.TimestampType, types.TimestampNTZType, types.Type{}},
		{types.ArrayType(types.Int32Type, true), types.ArrayType(types.Int64Type, true), types.ArrayType(types.Int64Type, true)},
		{st(field("a", types.Int32Type)), st(field("A", types.Int64Type), field("b", types.DateType)), st(field("a", types.Int64Type), field("b", types.DateType))},
	}
	for _, c := range cases {
		for _, swap := range []bool{false, true} {
			a, b := c.a, c.b
			if swap {
				a, b = b, a
			}
			if swap && c.a.Kind == types.Struct {
				continue
			}
			fa := writeRows(t, types.Schema{field("x", a), field("y", types.DateType)}, nil, 1, nil, nil)
			fb := writeRows(t, types.Schema{field("z", types.BoolType), field("X", b)}, nil, 1, nil, nil)
			got, err := Format{}.Infer(context.Background(), local.New(), []store.File{fa, fb}, nil)
			if c.want.Kind == types.Null {
				if !sqlerr.Is(err, sqlerr.MergeSchemas) || !strings.Contains(err.Error(), fb.Path) || !strings.Contains(err.Error(), "column x") {
					t.Errorf("%v with %v: %v, %v", a, b, got, err)
				}
				continue
			}
			want := types.Schema{field("x", c.want), field("y", types.DateType), field("z", types.BoolType)}
			if err != nil || !types.StructType(got...).Equal(types.StructType(want...)) {
				t.Errorf("%v with %v: %v, %v", a, b, got, err)
			}
		}
	}
	one, err := Format{}.Infer(context.Background(), local.New(), []store.File{
		writeRows(t, types.Schema{field("x", types.Int32Type)}, nil, 1, nil), writeRows(t, types.Schema{field("y", types.Int32Type)}, nil, 1, nil),
	}, format.Options{"mergeschema": "false"})
	if err != nil || len(one) != 1 {
		t.Error(one, err)
	}
}

// TestEvolved reads files as tables whose schema is another: columns by name,
// in another case, missing, reordered, widened; at the top and within structs.
func TestEvolved(t *testing.T) {
	inner := types.StructType(field("p", types.Int32Type), field("q", types.StringType))
	f := writeRows(t, types.Schema{
		field("i", types.Int32Type), field("S", types.StringType), field("dec", types.DecimalType(5, 2)), field("st", inner),
		field("arr", types.ArrayType(types.Int16Type, true)), field("fl", types.Float32Type), field("day", types.DateType),
	}, nil, 2,
		[]types.Datum{int64(1), nil, int64(-3)}, []types.Datum{"a", "b", nil}, []types.Datum{types.Int128From(150), types.Int128From(-1), nil},
		[]types.Datum{[]types.Datum{int64(5), "x"}, nil, []types.Datum{nil, "z"}}, []types.Datum{[]types.Datum{int64(1), nil}, []types.Datum{}, nil},
		[]types.Datum{1.5, nil, 2.5}, []types.Datum{int64(1), int64(-1), nil})
	want := types.Schema{
		field("s", types.StringType), field("none", types.ArrayType(types.DateType, true)), field("I", types.Int64Type), field("dec", types.DecimalType(30, 4)),
		field("st", types.StructType(field("new", types.BoolType), field("P", types.DecimalType(12, 2)))), field("arr", types.ArrayType(types.Int64Type, true)),
		field("fl", types.Float64Type), field("day", types.TimestampNTZType),
	}
	for _, batch := range []int{1, 2, 100} {
		got, _, err := readRows(f, want, batch)
		exp := [][]types.Datum{
			{"a", "b", nil},
			{nil, nil, nil},
			{int64(1), nil, int64(-3)},
			{types.Int128From(15000), types.Int128From(-100), nil},
			{[]types.Datum{nil, types.Int128From(500)}, nil, []types.Datum{nil, nil}},
			{[]types.Datum{int64(1), nil}, []types.Datum{}, nil},
			{1.5, nil, 2.5},
			{int64(86400e6), int64(-86400e6), nil},
		}
		if err != nil || !reflect.DeepEqual(got, exp) {
			t.Errorf("batches of %d: %v\ngot  %v\nwant %v", batch, err, got, exp)
		}
	}
	for _, s := range []types.Schema{
		{field("i", types.StringType)},
		{field("i", types.Int16Type)},
		{field("st", types.Int32Type)},
		{field("dec", types.DecimalType(5, 1))},
		{field("st", types.StructType(field("p", types.BoolType)))},
		{field("arr", types.MapType(types.StringType, types.StringType, true))},
	} {
		if _, _, err := readRows(f, s, 10); !sqlerr.Is(err, sqlerr.FileReadParquetType) || !strings.Contains(err.Error(), f.Path) || !strings.Contains(err.Error(), s[0].Name) {
			t.Errorf("%v: %v", s, err)
		}
	}
	// A struct none of whose fields the file has is still null where it is null.
	got, _, err := readRows(f, types.Schema{field("st", types.StructType(field("other", types.Int32Type)))}, 2)
	if err != nil || !reflect.DeepEqual(got[0], []types.Datum{[]types.Datum{nil}, nil, []types.Datum{nil}}) {
		t.Error(got, err)
	}
}

func TestChangedFile(t *testing.T) {
	f := writeRows(t, types.Schema{field("i", types.Int32Type)}, nil, 1, []types.Datum{int64(1)})
	f.Size--
	if _, _, err := readRows(f, types.Schema{field("i", types.Int32Type)}, 1); err == nil {
		t.Error("a file of another size was read")
	}
}
