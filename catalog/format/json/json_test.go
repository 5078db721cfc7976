package json

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/formattest"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func TestSpark(t *testing.T) { formattest.Run(t, New(), "testdata/spark.json") }

func write(t testing.TB, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// Values that nest deeper than the limit are bad records, not a full stack.
func TestDepth(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `[{"a":`} {
		deep := `{"a":` + strings.Repeat(open, 100_000) + "\n" + `{"a":1}` + "\n"
		for _, declared := range []string{"", "a string,_corrupt_record string"} {
			_, rows, err := formattest.Read(New(), write(t, "f.json", deep), nil, declared, 10)
			if err != nil || len(rows) != 2 {
				t.Fatal(len(rows), err)
			}
		}
	}
	ok := `{"a":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "}\n"
	if _, rows, err := formattest.Read(New(), write(t, "f.json", ok), nil, "a string", 10); err != nil || len(rows) != 1 || rows[0][0] == "NULL" {
		t.Fatal(rows, err)
	}
}

// What is written reads back.
func TestRoundTrip(t *testing.T) {
	schema := formattest.ParseSchema("a boolean,b tinyint,c bigint,d float,e double,f decimal(10,2),g decimal(30,3),h string,i date,j timestamp,k timestamp_ntz,l binary,m array<string>,n map<int,double>,o struct<x:int,y:array<date>>")
	vals := map[string][]types.Datum{
		"a": {true, nil, false}, "b": {int64(-5), nil, int64(7)}, "c": {int64(1) << 60, nil, int64(0)}, "d": {1.5, nil, -0.25}, "e": {1e300, nil, 0.1},
		"f": {types.Int128From(-150), nil, types.Int128From(7)}, "g": {types.Int128From(123456), nil, types.Int128From(1)}, "h": {"a\"b\\\n\u0001ä😀", nil, ""},
		"i": {int64(20000), nil, int64(-1)}, "j": {int64(1_700_000_000_123_456), nil, int64(-1000)}, "k": {int64(1_700_000_000_123_000), nil, int64(0)}, "l": {"\x00\xff", nil, ""},
		"m": {[]types.Datum{"x", nil}, nil, []types.Datum{}}, "n": {types.MapDatum{Keys: []types.Datum{"1"}, Values: []types.Datum{2.5}}, nil, types.MapDatum{Keys: []types.Datum{}, Values: []types.Datum{}}},
		"o": {[]types.Datum{int64(1), []types.Datum{int64(0), nil}}, nil, []types.Datum{nil, nil}},
	}
	// Names of members are text: maps keyed by integers cannot be read back, so the key is text here.
	schema[13].Type = types.MapType(types.StringType, types.Float64Type, true)
	in := &vec.Batch{N: 3}
	for _, f := range schema {
		in.Cols = append(in.Cols, vec.FromDatums(f.Type, vals[f.Name]...))
	}
	for _, extra := range []format.Options{{}, {"ignorenullfields": "false"}, {"compression": "gzip"}} {
		opts := format.Options{"timezone": "Europe/Berlin", "timestampformat": "yyyy-MM-dd HH:mm:ss.SSSSSSXXX"}
		for k, v := range extra {
			opts[k] = v
		}
		var buf bytes.Buffer
		w, err := New().Create(context.Background(), &buf, schema, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []*vec.Batch{{N: 3, Cols: in.Cols, Sel: []uint16{2}}, in} {
			if err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		file, _, _ := local.New().Stat(context.Background(), write(t, "f"+New().Extension(opts), buf.String()))
		var cols []int
		for i := range schema {
			cols = append(cols, i)
		}
		var got, want [][]types.Datum
		err = formattest.Scan(context.Background(), New(), local.New(), file, schema, cols, opts, 10, nil, func(b *vec.Batch) error {
			got = append(got, rows(b)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		all := rows(in)
		want = append(append(want, all[2]), all...)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%v: %s\n%s", extra, d, buf.String())
		}
	}
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

// JSONTestSuite: what must be accepted is, what must be refused is (as far as
// a record's first value goes: Spark does not look behind it), and nothing panics.
func TestSuite(t *testing.T) {
	root := os.Getenv("VOLLEY_CORPORA")
	if root == "" {
		t.Skip("VOLLEY_CORPORA is not set: no corpora")
	}
	names, _ := filepath.Glob(filepath.Join(root, "files/json-test-suite/*.json"))
	if len(names) < 300 {
		t.Fatalf("%d files found", len(names))
	}
	accepted, refused := 0, 0
	for _, p := range names {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		s := scanner{b: data, o: &options{}}
		ok := s.skip(1) == nil
		s.space()
		ok = ok && s.i == len(data)
		// The scanner reads what textfile has made UTF-8 of: files that are not are left out here.
		switch n := filepath.Base(p); {
		case n[0] == 'y' && !ok:
			t.Errorf("%s is refused", n)
		case n[0] == 'n' && ok && bytes.Equal(bytes.ToValidUTF8(data, nil), data):
			t.Errorf("%s is accepted", n)
		case n[0] == 'y':
			accepted++
		case n[0] == 'n':
			refused++
		}
		for _, opts := range []format.Options{{}, {"multiline": "true"}, {"mode": "FAILFAST", "multiline": "true"}, {"mode": "DROPMALFORMED"}} {
			for _, declared := range []string{"", "a int,b string,c array<map<string,int>>,_corrupt_record string"} {
				if _, _, err := formattest.Read(New(), p, opts, declared, 2048); err != nil && sqlerr.As(err) == nil {
					t.Errorf("%s %v: %v", p, opts, err)
				}
			}
		}
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x"}`, `[{"a":null},{"a":[1,2.5e3]}]`, `{"a":"\ud83d\ude00\n"}` + "\n{bad", `{"a":{"b":{"c":[[]]}}}`, "'", `{"a":NaN}`, "\xff\xfe", `{"d":"2026-01-02","_corrupt_record":1}`} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, flags uint8) {
		opts := format.Options{}
		for i, k := range []string{"multiline", "allowcomments", "allowunquotedfieldnames", "allownumericleadingzeros", "allowbackslashescapinganycharacter", "allowunquotedcontrolchars", "prefersdecimal", "infertimestamp"} {
			if flags>>i&1 != 0 {
				opts[k] = "true"
			}
		}
		p := write(t, "f.json", string(text))
		s1, r1, err := formattest.Read(New(), p, opts, "", 2048)
		if err != nil {
			if sqlerr.As(err) == nil {
				t.Fatal(err)
			}
			return
		}
		s2, r2, err := formattest.Read(New(), p, opts, "", 1)
		if err != nil || s1 != s2 || !cmp.Equal(r1, r2) {
			t.Fatalf("batches of one differ: %v %s %s %s", err, s1, s2, cmp.Diff(r1, r2))
		}
		if _, _, err := formattest.Read(New(), p, opts, "a int,b string,c array<struct<d:decimal(5,2)>>,d date,e map<string,boolean>,_corrupt_record string", 3); err != nil && sqlerr.As(err) == nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&text, `{"id":%d,"name":"customer %d","price":%d.25,"day":"2026-01-%02d","tags":["a","b"],"comment":"some text %d"}`+"\n", i, i%1000, i%500, i%28+1, i)
	}
	p := write(b, "f.json", text.String())
	file, _, _ := local.New().Stat(context.Background(), p)
	schema := formattest.ParseSchema("id int,name string,price decimal(10,2),day date,tags array<string>,comment string")
	for name, cols := range map[string][]int{"all": {0, 1, 2, 3, 4, 5}, "two": {0, 2}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(file.Size)
			b.ReportAllocs()
			for b.Loop() {
				rows := 0
				err := formattest.Scan(context.Background(), New(), local.New(), file, schema, cols, nil, 2048, nil, func(b *vec.Batch) error { rows += b.N; return nil })
				if err != nil || rows != 50_000 {
					b.Fatal(err, rows)
				}
			}
		})
	}
}
