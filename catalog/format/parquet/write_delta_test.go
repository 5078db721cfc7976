package parquet

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/delta"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// TestDeltaPages writes columns of many shapes and looks at the encoding each
// gets, and at what this reader and arrow-go's read.
func TestDeltaPages(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const rows = 20_001
	words := strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa")
	shapes := []struct {
		name string
		typ  types.Type
		want int
		at   func(i int) types.Datum
	}{
		{"in order", types.Int64Type, encDelta, func(i int) types.Datum { return int64(i) }},
		{"down", types.Int64Type, encDelta, func(i int) types.Datum { return int64(-i) * 1_000_003 }},
		{"near", types.Int64Type, encDelta, func(int) types.Datum { return r.Int64N(1 << 40) }},
		{"anywhere", types.Int64Type, encPlain, func(int) types.Datum { return int64(r.Uint64()) }},
		{"extreme", types.Int64Type, encDelta, func(i int) types.Datum {
			return []types.Datum{int64(math.MinInt64) + int64(i), int64(math.MaxInt64) - int64(i)}[i&1]
		}},
		{"some null", types.Int64Type, encDelta, func(i int) types.Datum {
			if r.IntN(3) == 0 {
				return nil
			}
			return int64(i)
		}},
		{"int", types.Int32Type, encDelta, func(i int) types.Datum { return int64(i * 3) }},
		{"any int", types.Int32Type, encPlain, func(int) types.Datum { return int64(int32(r.Uint32())) }},
		{"extreme int", types.Int32Type, encDelta, func(i int) types.Datum { return []types.Datum{int64(math.MinInt32 + i), int64(math.MaxInt32 - i)}[i&1] }},
		{"smallint", types.Int16Type, encRLEDict, func(i int) types.Datum { return int64(i % 1000) }},
		{"date", types.DateType, encDelta, func(i int) types.Datum { return int64(i - 30_000) }},
		{"timestamp", types.TimestampType, encDelta, func(i int) types.Datum { return int64(i)*1_000_000 + r.Int64N(1000) }},
		{"time", types.TimeType(6), encDelta, func(i int) types.Datum { return int64(i) * 1_000_000 }},
		{"decimal", types.DecimalType(12, 2), encDelta, func(int) types.Datum { return types.Int128From(r.Int64N(1_000_000)) }},
		{"small decimal", types.DecimalType(7, 2), encDelta, func(int) types.Datum { return types.Int128From(r.Int64N(1_000_000)) }},
		{"large decimal", types.DecimalType(30, 2), encPlain, func(int) types.Datum { return types.Int128From(int64(r.Uint64())) }},
		{"double", types.Float64Type, encPlain, func(i int) types.Datum { return float64(i) }},
		{"keys", types.StringType, encDeltaBytes, func(i int) types.Datum { return fmt.Sprintf("customer#%09d", i) }},
		{"short and long keys", types.StringType, encDeltaBytes, func(i int) types.Datum { return "abcdefghijklmnopqrstuvwxyz"[:i%23] + fmt.Sprint(i) }},
		{"numerals", types.StringType, encDeltaBytes, func(i int) types.Datum { return fmt.Sprint(i * 7) }},
		{"texts", types.StringType, encDeltaLength, func(i int) types.Datum {
			return strings.Join([]string{words[r.IntN(10)], words[r.IntN(10)], fmt.Sprint(r.IntN(1 << 30))}, " ")
		}},
		{"some texts", types.StringType, encDeltaLength, func(i int) types.Datum {
			if i%3 == 0 {
				return nil
			}
			return strings.Repeat("x", i%5) + fmt.Sprint(r.Uint64())
		}},
		{"bytes", types.BinaryType, encDeltaLength, func(int) types.Datum { return string(binary.AppendUvarint(nil, r.Uint64())) }},
		{"few", types.StringType, encRLEDict, func(i int) types.Datum { return words[i%10] }},
	}
	var schema types.Schema
	var cols [][]types.Datum
	for _, s := range shapes {
		schema = append(schema, types.Field{Name: s.name, Type: s.typ, Nullable: true})
		col := make([]types.Datum, rows)
		for i := range col {
			col[i] = s.at(i)
		}
		cols = append(cols, col)
	}
	for _, c := range []struct {
		name  string
		opts  format.Options
		delta bool
	}{
		{"snappy", nil, true},
		{"zstd", format.Options{"compression": "zstd", "parquet.writer.version": "v2"}, true},
		{"v1", format.Options{"parquet.writer.version": "v1"}, false},
		{"none", format.Options{"compression": "none"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := writeRows(t, schema, c.opts, 2048, cols...)
			for i, s := range shapes {
				want := s.want
				if !c.delta && want != encRLEDict {
					want = encPlain
				}
				if got := lastEncoding(t, f.Path, i, len(shapes)); got != want {
					t.Errorf("%s has encoding %d, want %d", s.name, got, want)
				}
			}
			for _, batch := range []int{7, 2048} {
				got, _, err := readRows(f, nil, batch)
				if err != nil {
					t.Fatal(err)
				}
				for i, s := range shapes {
					if !reflect.DeepEqual(got[i], cols[i]) {
						t.Errorf("%s differs in batches of %d", s.name, batch)
					}
				}
			}
			want, have, err := oracle(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range shapes {
				if schema[i].Type.SameShape(have[i].Type) && !sameValues(want[i], cols[i]) {
					t.Errorf("arrow-go reads other values of %s", s.name)
				}
			}
			// Rows here and there: what is between them is passed over.
			for _, every := range []int{3, 500, 2500} {
				readSome(t, f.Path, schema, cols, every)
			}
		})
	}
}

// lastEncoding is that of the last page of a column of the file's only row group.
func lastEncoding(t *testing.T, path string, col, cols int) int {
	t.Helper()
	f, _, err := local.New().Stat(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := openFile(context.Background(), local.New(), f, settings{})
	if err != nil {
		t.Fatal(err)
	}
	if len(file.meta.groups) != 1 || len(file.meta.groups[0].columns) != cols {
		t.Fatalf("%d row groups", len(file.meta.groups))
	}
	m := &file.meta.groups[0].columns[col]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start := m.dataOff
	if m.dictOff > 0 {
		start = min(start, m.dictOff)
	}
	chunk := b[start : start+m.compressed]
	enc := -1
	for len(chunk) > 0 {
		h, n, err := readPageHeader(chunk)
		if err != nil {
			t.Fatal(err)
		}
		if h.typ != pageDict {
			enc = h.encoding
		}
		chunk = chunk[n+h.compressed:]
	}
	return enc
}

// readSome reads every so many batches of 50 rows by selecting none of the others.
func readSome(t *testing.T, path string, schema types.Schema, cols [][]types.Datum, every int) {
	t.Helper()
	ctx, st := context.Background(), local.New()
	f, _, err := st.Stat(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	splits, err := Format{}.Splits(ctx, st, f, schema, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for i := range schema {
		all = append(all, i)
	}
	for _, sp := range splits {
		s, err := Format{}.Open(ctx, format.ReadRequest{
			Store: st, Split: sp, Schema: schema, Cols: all, BatchSize: 50, Filters: []expr.Expr{&expr.Not{Arg: &expr.IsNull{Arg: ref(0, types.Int64Type)}}}, Dictionaries: &format.Dictionaries{},
			Select: func(cols []*vec.Vec, n, _ int, sel []uint16) ([]uint16, error) {
				out := []uint16{}
				for i, x := range vec.Data[int64](cols[0])[:n] {
					if int(x)%every == 0 {
						out = append(out, uint16(i))
					}
				}
				return out, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for b, err := range s {
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range b.Selection() {
				at := int(vec.Data[int64](b.Cols[0])[row])
				for i := range cols {
					if got := b.Cols[i].Get(int(row)); !reflect.DeepEqual(got, cols[i][at]) {
						t.Fatalf("row %d of %s is %v, want %v", at, schema[i].Name, got, cols[i][at])
					}
				}
				seen++
			}
		}
		if want := (len(cols[0]) + every - 1) / every; seen != want {
			t.Errorf("%d rows, want %d", seen, want)
		}
	}
}

// TestDeltaWriterVersion refuses what is no version.
func TestDeltaWriterVersion(t *testing.T) {
	_, err := Format{}.Create(context.Background(), nil, nil, format.Options{"parquet.writer.version": "v3"})
	if !sqlerr.Is(err, sqlerr.InvalidParameterValue) || !strings.Contains(err.Error(), "v3") {
		t.Error(err)
	}
}

// TestCreatedBy: parquet-java takes files whose writer it cannot parse for damaged ones.
func TestCreatedBy(t *testing.T) {
	if !regexp.MustCompile(`^(.*?)\s+version\s+(\d+\.\d+\.\d+)$`).MatchString(createdBy) {
		t.Error(createdBy)
	}
}

// TestDeltaPrefixBomb reads a page of some kilobytes that claims values of 100 GB.
func TestDeltaPrefixBomb(t *testing.T) {
	const n = 100_000
	prefixes, suffixes := make([]int32, n), make([]int32, n)
	suffixes[0] = 1 << 20
	for i := 1; i < n; i++ {
		prefixes[i] = 1 << 20
	}
	var e delta.BinaryPackedEncoding
	ps, _ := e.EncodeInt32(nil, prefixes)
	ls, _ := e.EncodeInt32(nil, suffixes)
	page := slices.Concat(ps, ls, make([]byte, 1<<20))
	page = slices.Grow(page, padding)
	for _, skip := range []bool{false, true} {
		var d deltaStrings
		if err := d.init(page, n, true); err != nil {
			t.Fatal(err)
		}
		var err error
		done := 0
		for ; err == nil && done < n; done += 100 {
			if skip {
				err = d.skip(100)
			} else {
				_, err = d.joined(make([]string, 100), nil)
			}
		}
		if err != errDeltaRoom || done > 2000 {
			t.Errorf("skip %v: %d values, %v", skip, done, err)
		}
	}
}

// FuzzDeltaStrings reads pages of texts in pieces, some passed over, and holds
// what comes out against lengths and prefixes that are applied one by one.
func FuzzDeltaStrings(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, long := range []int{3, 16, 17, 60} {
		l := &leafWriter{f: &fileWriter{delta: true}, elem: schemaElement{phys: physBytes}}
		last := ""
		for range 300 {
			last = last[:r.IntN(len(last)+1)] + strings.Repeat("x", r.IntN(long))
			l.strs = append(l.strs, last)
			l.strBytes += len(last)
		}
		page, enc := l.appendValues(nil)
		f.Add(page, enc == encDeltaBytes, uint64(long))
		l.strBytes = 1 << 20 // common bytes are few of them
		page, enc = l.appendValues(nil)
		f.Add(page, enc == encDeltaBytes, uint64(long))
	}
	f.Fuzz(func(t *testing.T, b []byte, prefixed bool, pieces uint64) {
		const most, room = 1000, 1 << 16
		page := append(slices.Clone(b), make([]byte, padding)...)[:len(b)]
		var one, d deltaStrings
		if err := one.init(page, most, prefixed); err != nil {
			return
		}
		if err := d.init(page, most, prefixed); err != nil {
			t.Fatal(err)
		}
		n := d.lengths.left
		d.room = room
		want, wrong := byOne(&one, n, room)
		for at, arena := 0, []byte(nil); at < n; pieces = pieces>>3 | pieces<<61 {
			k := min(int(pieces&7)*19+1, n-at)
			if pieces&64 != 0 {
				if err := d.skip(k); err != nil {
					if at+k <= len(want) {
						t.Fatalf("value %d and %d more: %v", at, k, err)
					}
					return
				}
			} else {
				got := make([]string, k)
				var err error
				if prefixed {
					arena, err = d.joined(got, arena)
				} else {
					err = d.views(got)
				}
				if err != nil {
					if at+k <= len(want) {
						t.Fatalf("value %d and %d more: %v", at, k, err)
					}
					return
				}
				if at+k > len(want) {
					t.Fatalf("value %d and %d more are read, %v", at, k, wrong)
				}
				for i := range got {
					if got[i] != want[at+i] {
						t.Fatalf("value %d is %q, want %q", at+i, got[i], want[at+i])
					}
				}
			}
			at += k
		}
	})
}

// byOne decodes values the plain way, as many as are right.
func byOne(d *deltaStrings, n, room int) (out []string, err error) {
	last := ""
	for range n {
		var l, p [1]int64
		if err := d.lengths.read(l[:]); err != nil {
			return out, err
		}
		if d.prefixed {
			if err := d.prefixes.read(p[:]); err != nil {
				return out, err
			}
		}
		if l[0] < 0 || l[0] > int64(len(d.data)) || p[0] < 0 || p[0] > int64(len(last)) {
			return out, errDelta
		}
		if room -= int(l[0] + p[0]); d.prefixed && room < 0 {
			return out, errDeltaRoom
		}
		last = last[:p[0]] + string(d.data[:l[0]])
		d.data = d.data[l[0]:]
		out = append(out, last)
	}
	return out, nil
}
