package parquet

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// writeRows writes columns of values and returns the file.
func writeRows(t testing.TB, schema types.Schema, opts format.Options, batch int, cols ...[]types.Datum) store.File {
	t.Helper()
	var buf bytes.Buffer
	w, err := Format{}.Create(context.Background(), &buf, schema, opts)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if len(cols) > 0 {
		n = len(cols[0])
	}
	for lo := 0; lo < n; lo += batch {
		hi := min(lo+batch, n)
		b := &vec.Batch{N: hi - lo}
		for i, c := range cols {
			b.Cols = append(b.Cols, vec.FromDatums(schema[i].Type, c[lo:hi]...))
		}
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(buf.Len()) {
		t.Fatalf("Bytes() = %d, wrote %d", w.Bytes(), buf.Len())
	}
	return saveFile(t, buf.Bytes())
}

func saveFile(t testing.TB, b []byte) store.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.parquet")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	f, _, err := local.New().Stat(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// rowLimit, if set, ends readRows early: a few bytes may claim 2^31 rows of nulls.
var rowLimit int

// readRows reads all columns of a file, by column.
func readRows(f store.File, schema types.Schema, batch int) ([][]types.Datum, types.Schema, error) {
	ctx, st := context.Background(), local.New()
	if schema == nil {
		var err error
		if schema, err = (Format{}).Infer(ctx, st, []store.File{f}, nil); err != nil {
			return nil, nil, err
		}
	}
	out := make([][]types.Datum, len(schema))
	cols := make([]int, len(schema))
	for i := range cols {
		cols[i] = i
	}
	splits, err := Format{}.Splits(ctx, st, f, schema, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	dicts := &format.Dictionaries{}
	for _, sp := range splits {
		s, err := Format{}.Open(ctx, format.ReadRequest{Store: st, Split: sp, Schema: schema, Cols: cols, BatchSize: batch, Dictionaries: dicts})
		if err != nil {
			return nil, nil, err
		}
		for b, err := range s {
			if err != nil {
				return nil, nil, err
			}
			if rowLimit > 0 && len(out) > 0 && len(out[0]) > rowLimit {
				break
			}
			for i, c := range b.Cols {
				if !c.Type.SameShape(schema[i].Type) || c.Len() != b.N {
					return nil, nil, fmt.Errorf("column %d is %s with %d rows, want %s with %d", i, c.Type, c.Len(), schema[i].Type, b.N)
				}
				for r := range b.N {
					out[i] = append(out[i], clone(c.Get(r)))
				}
			}
		}
	}
	return out, schema, nil
}

// clone copies what a datum borrows from a batch.
func clone(d types.Datum) types.Datum {
	switch d := d.(type) {
	case string:
		return strings.Clone(d)
	case []types.Datum:
		for i := range d {
			d[i] = clone(d[i])
		}
	case types.MapDatum:
		clone(d.Keys)
		clone(d.Values)
	}
	return d
}

// randomOf makes values of a type: some null, some repeated, some extreme.
func randomOf(r *rand.Rand, t types.Type, depth int) types.Datum {
	if r.IntN(8) == 0 && depth >= 0 {
		return nil
	}
	ints := func(bits uint) types.Datum {
		switch r.IntN(4) {
		case 0:
			return int64(r.IntN(5))
		case 1:
			return -int64(1) << (bits - 1)
		case 2:
			return int64(1)<<(bits-1) - 1
		}
		return int64(r.Uint64()) >> (64 - bits)
	}
	switch t.Kind {
	case types.Bool:
		return r.IntN(2) == 0
	case types.Int8:
		return ints(8)
	case types.Int16:
		return ints(16)
	case types.Int32, types.Date:
		return ints(32)
	case types.Int64, types.Timestamp, types.TimestampNTZ:
		return ints(64)
	case types.Time:
		return r.Int64N(86_400_000_000) * 1000
	case types.Float32:
		return float64(float32(r.NormFloat64()))
	case types.Float64:
		return [...]float64{r.NormFloat64(), math.Inf(1), 0, 1.5}[r.IntN(4)]
	case types.Decimal:
		x := types.Int128{Lo: r.Uint64(), Hi: int64(r.Uint64())}
		_, x = x.QuoRem(types.Pow10[t.P])
		return x
	case types.String, types.Binary:
		return strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(12)) + fmt.Sprint(r.IntN(1<<r.IntN(20)))
	case types.Array:
		out := []types.Datum{}
		for range r.IntN(4) {
			out = append(out, randomOf(r, t.Elem(), depth+1))
		}
		return out
	case types.Map:
		out := types.MapDatum{Keys: []types.Datum{}, Values: []types.Datum{}}
		for range r.IntN(3) {
			out.Keys = append(out.Keys, randomOf(r, t.Key(), -100))
			out.Values = append(out.Values, randomOf(r, t.Value(), depth+1))
		}
		return out
	case types.Struct:
		out := []types.Datum{}
		for _, f := range t.Children() {
			out = append(out, randomOf(r, f.Type, depth+1))
		}
		return out
	}
	panic(t.String())
}

var everyType = func() types.Schema {
	var s types.Schema
	inner := types.StructType(types.Field{Name: "x", Type: types.Int32Type, Nullable: true}, types.Field{Name: "y", Type: types.ArrayType(types.StringType, true), Nullable: true})
	for i, t := range []types.Type{
		types.BoolType, types.Int8Type, types.Int16Type, types.Int32Type, types.Int64Type, types.Float32Type, types.Float64Type,
		types.DecimalType(7, 2), types.DecimalType(18, 4), types.DecimalType(20, 0), types.DecimalType(38, 10), types.StringType, types.BinaryType,
		types.DateType, types.TimestampType, types.TimestampNTZType, types.TimeType(6), types.ArrayType(types.Int64Type, true), types.ArrayType(types.ArrayType(types.StringType, true), true),
		types.MapType(types.StringType, types.DecimalType(30, 3), true), inner, types.ArrayType(inner, true), types.MapType(types.Int32Type, inner, true),
	} {
		s = append(s, types.Field{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true})
	}
	return s
}()

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const rows = 5000
	var cols [][]types.Datum
	for _, c := range everyType {
		col := make([]types.Datum, rows)
		for i := range col {
			col[i] = randomOf(r, c.Type, 0)
		}
		cols = append(cols, col)
	}
	for _, codec := range []string{"none", "snappy", "zstd", "gzip", "lz4", "brotli"} {
		f := writeRows(t, everyType, format.Options{"compression": codec, "row_group_size": "1900"}, 700, cols...)
		for _, batch := range []int{1, 3, 2048} {
			if batch == 1 && codec != "snappy" {
				continue
			}
			got, schema, err := readRows(f, nil, batch)
			if err != nil {
				t.Fatalf("%s: %v", codec, err)
			}
			if !types.StructType(schema...).Equal(types.StructType(everyType...)) {
				t.Fatalf("%s: schema %v", codec, schema)
			}
			for i := range cols {
				if !reflect.DeepEqual(got[i], cols[i]) {
					t.Fatalf("%s, batches of %d: column %s %s differs: %s", codec, batch, schema[i].Name, schema[i].Type, cmp.Diff(cols[i], got[i]))
				}
			}
		}
	}
}

// Dictionaries are given up at once, in the middle of a chunk, or never.
func TestRoundTripDictionaries(t *testing.T) {
	schema := types.Schema{{Name: "s", Type: types.StringType, Nullable: true}, {Name: "n", Type: types.Int64Type, Nullable: true}}
	const rows = 130_000
	for name, distinct := range map[string]func(i int) int{
		"few": func(i int) int { return i % 5 }, "all": func(i int) int { return i }, "late": func(i int) int { return max(i%100, i-50_000) },
	} {
		cols := make([][]types.Datum, 2)
		for i := range rows {
			if i%97 == 0 {
				cols[0], cols[1] = append(cols[0], nil), append(cols[1], nil)
				continue
			}
			cols[0] = append(cols[0], fmt.Sprint("value ", distinct(i)))
			cols[1] = append(cols[1], int64(distinct(i))*1000)
		}
		f := writeRows(t, schema, nil, 2048, cols...)
		got, _, err := readRows(f, nil, 2048)
		if err != nil {
			t.Fatal(name, err)
		}
		for i := range cols {
			if !reflect.DeepEqual(got[i], cols[i]) {
				t.Errorf("%s: column %d differs", name, i)
			}
		}
		st, err := Format{}.Stats(context.Background(), local.New(), f, schema, nil)
		if err != nil {
			t.Fatal(err)
		}
		if name == "few" && (st.Columns[1].Distinct != 5 || st.Columns[1].Max != int64(4000) || st.Columns[1].Nulls != (rows+96)/97 || st.Rows != rows) {
			t.Errorf("stats: %+v", st)
		}
		if d := st.Columns[1].Distinct; name == "all" && (d < rows*9/10 || d > rows) {
			t.Errorf("distinct of all: %d", d)
		}
	}
}

func TestWritesSameBytes(t *testing.T) {
	cols := [][]types.Datum{{"a", nil, "b", "a"}, {int64(1), int64(2), nil, int64(4)}}
	schema := types.Schema{{Name: "s", Type: types.StringType, Nullable: true}, {Name: "n", Type: types.Int64Type, Nullable: true}}
	read := func() []byte {
		b, err := os.ReadFile(writeRows(t, schema, nil, 2, cols...).Path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(read(), read()) {
		t.Error("two files of the same rows differ")
	}
}

func TestWriteSelectedRows(t *testing.T) {
	schema := types.Schema{{Name: "s", Type: types.StringType}}
	var buf bytes.Buffer
	w, _ := Format{}.Create(context.Background(), &buf, schema, nil)
	d := &vec.Dictionary{ID: 9, Values: vec.FromDatums(types.StringType, "x", "y", "z")}
	v := &vec.Vec{Type: types.StringType}
	v.SetDict(d, []int32{2, 1, 0, 1, 2})
	k := (&vec.Vec{Type: types.StringType}).SetConst(3)
	k.Put(0, "k")
	for _, b := range []*vec.Batch{{Cols: []*vec.Vec{v}, N: 5, Sel: []uint16{0, 3, 4}}, {Cols: []*vec.Vec{k}, N: 3}} {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, _, err := readRows(saveFile(t, buf.Bytes()), nil, 2)
	if err != nil || !reflect.DeepEqual(got[0], []types.Datum{"z", "y", "z", "k", "k", "k"}) {
		t.Fatal(got, err)
	}
}

func TestEmptyFile(t *testing.T) {
	f := writeRows(t, everyType, nil, 1, make([][]types.Datum, len(everyType))...)
	got, schema, err := readRows(f, nil, 10)
	if err != nil || len(schema) != len(everyType) || got[0] != nil {
		t.Fatal(got, schema, err)
	}
}

// Row groups and pages stay small enough to be read, however long the values of a batch are.
func TestLongValues(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 20_000) // 320 kB
	schema := types.Schema{
		{Name: "s", Type: types.StringType, Nullable: true},
		{Name: "a", Type: types.ArrayType(types.StructType(types.Field{Name: "x", Type: types.StringType, Nullable: true}), true), Nullable: true},
		{Name: "n", Type: types.ArrayType(types.Int64Type, false), Nullable: true},
		{Name: "i", Type: types.Int64Type},
	}
	cols := make([][]types.Datum, 4)
	for i := range 120 {
		list, nums := []types.Datum{}, []types.Datum{}
		for j := range i % 3 {
			list = append(list, []types.Datum{fmt.Sprint(i, j, long)})
		}
		for j := range i % 2 * 3_000 {
			nums = append(nums, int64(i*j))
		}
		s := types.Datum(fmt.Sprint(i, long))
		if i%7 == 0 {
			s = nil
		}
		cols[0], cols[1], cols[2], cols[3] = append(cols[0], s), append(cols[1], list), append(cols[2], nums), append(cols[3], int64(i))
	}
	f := writeRows(t, schema, format.Options{"parquet.block.size": fmt.Sprint(8 << 20), "compression": "none"}, 300, cols...)
	meta, err := openFile(context.Background(), local.New(), f, settings{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(meta.meta.groups); n < 5 || n > 20 {
		t.Errorf("%d row groups of a file of %d bytes", n, f.Size)
	}
	for g := range meta.meta.groups {
		for c := range meta.meta.groups[g].columns {
			m := &meta.meta.groups[g].columns[c]
			b := make([]byte, m.compressed)
			r, err := os.Open(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.ReadAt(b, m.dataOff); err != nil && m.dictOff == 0 {
				t.Fatal(err)
			}
			r.Close()
			h, _, err := readPageHeader(b)
			if err != nil || h.size > 3*pageBytes {
				t.Errorf("row group %d, column %d has a page of %d bytes, %v", g, c, h.size, err)
			}
		}
	}
	got, _, err := readRows(f, schema, 50)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cols {
		for r := range cols[i] {
			if !reflect.DeepEqual(got[i][r], cols[i][r]) {
				t.Fatalf("row %d of column %s differs", r, schema[i].Name)
			}
		}
	}
}
