package parquet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

func TestRebaseDays(t *testing.T) {
	for _, c := range []struct {
		day     int64
		y, m, d int
	}{
		{gregorianStart, 1582, 10, 15},
		{gregorianStart - 1, 1582, 10, 4},
		{gregorianStart - 4, 1582, 10, 1},
		{0, 1970, 1, 1},
		{-719164, 1, 1, 1},
		{-719165, 0, 12, 31},
		{-719164 + 365*4 + 1, 5, 1, 1},
		{-719164 - 366, 0, 1, 1},
		{-719164 - 366 - 365, -1, 1, 1},
		{-354221, 1000, 3, 1},
		{-354220, 1000, 3, 1}, // 29 February and 1 March
	} {
		if got := rebaseDay(c.day); got != calendar.Days(c.y, c.m, c.d) {
			y, m, d := calendar.Civil(got)
			t.Errorf("day %d is %d-%d-%d, want %d-%d-%d", c.day, y, m, d, c.y, c.m, c.d)
		}
	}
	// Days follow each other but for the leap days that are too many.
	for day := int64(gregorianStart - 700_000); day < gregorianStart-1; day++ {
		if step := rebaseDay(day+1) - rebaseDay(day); step != 1 && step != 0 {
			t.Fatalf("from day %d on the step is %d", day, step)
		}
	}
}

// Spark's own files of before and after it noted its version, with the rows
// Spark 4 reads in Los Angeles.
func TestLegacyFiles(t *testing.T) {
	root := os.Getenv("VOLLEY_CORPORA")
	if root == "" {
		t.Skip("VOLLEY_CORPORA is not set: files of old Sparks are not read")
	}
	zone, _ := calendar.Zone("America/Los_Angeles")
	at := func(day int, tod string) types.Datum {
		us, _, ok := textvalue.ParseTimestamp(fmt.Sprintf("1001-01-%02d %s", day, tod), zone)
		if !ok {
			t.Fatal(tod)
		}
		return us
	}
	for _, name := range []string{"date", "timestamp_int96_dict", "timestamp_int96_plain", "timestamp_micros", "timestamp_millis"} {
		for _, version := range []string{"2_4_5", "2_4_6"} {
			p := filepath.Join(root, "files", "spark-test-data", "before_1582_"+name+"_v"+version+".snappy.parquet")
			f, _, err := local.New().Stat(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			first := 1
			tod := "01:02:03.123456"
			if version == "2_4_5" { // nobody knows what wrote it
				first, tod = 7, "01:09:05.123456"
			}
			if name == "timestamp_millis" {
				tod = tod[:12]
			}
			got := readOptions(t, f, format.Options{textvalue.SessionZone: "America/Los_Angeles"})
			for i := range 8 {
				want := []types.Datum{at(first, tod), at(first+i, tod)}
				if name == "date" {
					want = []types.Datum{calendar.Days(1001, 1, first), calendar.Days(1001, 1, first+i)}
				}
				if row := []types.Datum{got[0][i], got[1][i]}; !reflect.DeepEqual(row, want) {
					t.Errorf("%s: row %d is %v, want %v", filepath.Base(p), i, row, want)
				}
			}
		}
	}
}

// readOptions reads all rows, by column.
func readOptions(t *testing.T, f store.File, opts format.Options) [][]types.Datum {
	t.Helper()
	ctx := context.Background()
	schema, err := Format{}.Infer(ctx, local.New(), []store.File{f}, opts)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]types.Datum, len(schema))
	cols := make([]int, len(schema))
	for i := range cols {
		cols[i] = i
	}
	s, err := Format{}.Open(ctx, format.ReadRequest{Store: local.New(), Split: catalog.Split{Path: f.Path, Size: f.Size, ModTime: f.ModTime, Rows: -1}, Schema: schema, Cols: cols, BatchSize: vec.DefaultSize, Options: opts})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range s {
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range b.Cols {
			for r := range b.N {
				out[i] = append(out[i], clone(c.Get(r)))
			}
		}
	}
	return out
}

// Intervals are integers in the file; Spark's note of the schema says what they are.
func TestIntervals(t *testing.T) {
	ym := types.Type{Kind: types.YearMonth, P: types.FieldMonth, S: types.FieldMonth}
	dt := types.Type{Kind: types.DayTime, P: types.FieldHour, S: types.FieldSecond}
	schema := types.Schema{
		{Name: "ym", Type: types.YearMonthType, Nullable: true},
		{Name: "m", Type: ym, Nullable: true},
		{Name: "dt", Type: types.DayTimeType, Nullable: true},
		{Name: "n", Type: types.ArrayType(types.StructType(types.Field{Name: "h\"\\", Type: dt, Nullable: true}, types.Field{Name: "i", Type: types.Int64Type, Nullable: true}), true), Nullable: true},
		{Name: "k", Type: types.MapType(types.StringType, types.DayTimeType, true), Nullable: true},
		{Name: "i", Type: types.Int32Type, Nullable: true},
	}
	var cols [][]types.Datum
	for i := range 50 {
		if i == 0 {
			cols = make([][]types.Datum, len(schema))
		}
		n := int64(i)
		row := []types.Datum{n, n - 5, n * 1e9, []types.Datum{[]types.Datum{n * 7, n}}, types.MapDatum{Keys: []types.Datum{"k"}, Values: []types.Datum{n}}, n}
		if i%7 == 3 {
			row[0], row[2] = nil, nil
		}
		for c := range row {
			cols[c] = append(cols[c], row[c])
		}
	}
	f := writeRows(t, schema, nil, 20, cols...)
	got, have, err := readRows(f, nil, 16)
	if err != nil {
		t.Fatal(err)
	}
	if !types.StructType(have...).Equal(types.StructType(schema...)) {
		t.Fatalf("the schema read is %v", have)
	}
	if !reflect.DeepEqual(got, cols) {
		t.Error("other values were read than written")
	}
	// A table that has plain integers for them, or the other way round, reads them too.
	declared := types.Schema{{Name: "dt", Type: types.Int64Type, Nullable: true}, {Name: "i", Type: types.YearMonthType, Nullable: true}}
	if got, _, err = readRows(f, declared, 16); err != nil || !reflect.DeepEqual(got, [][]types.Datum{cols[2], cols[5]}) {
		t.Errorf("as integers: %v", err)
	}
}
