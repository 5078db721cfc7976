package csv

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/formattest"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/mem"
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

// Any way of cutting a file gives its rows once.
func TestAnySplits(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n", "\r"} {
		var b strings.Builder
		b.WriteString("a,b" + eol)
		for i := range 40 {
			fmt.Fprintf(&b, "%d,\"%s\"%s", i, strings.Repeat("x", i%7), eol)
		}
		for _, text := range []string{b.String(), strings.TrimRight(b.String(), "\r\n")} {
			p := write(t, "f.csv", text)
			file, _, err := local.New().Stat(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			schema := formattest.ParseSchema("a int,b string")
			for size := int64(1); size < 40; size++ {
				var got []int64
				for at := int64(0); at < file.Size; at += size {
					sp := catalog.Split{Path: p, Start: at, Length: min(size, file.Size-at), Size: file.Size}
					err := formattest.Split(context.Background(), New(), local.New(), sp, schema, []int{0}, format.Options{"header": "true"}, 16, mem.NewAccount("t", 0), func(b *vec.Batch) error {
						for _, i := range b.Selection() {
							got = append(got, b.Cols[0].Get(int(i)).(int64))
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				for i, g := range got {
					if g != int64(i) {
						t.Fatalf("splits of %d, %q: row %d is %d", size, eol, i, g)
					}
				}
				if len(got) != 40 {
					t.Fatalf("splits of %d, %q: %d rows", size, eol, len(got))
				}
			}
		}
	}
}

// Files with a header are merged by name, whatever the order of their columns.
func TestMergeByName(t *testing.T) {
	dir := t.TempDir()
	for n, text := range map[string]string{"1.csv": "a,b\n1,x\n", "2.csv": "c,b,a\n2.5,y,3000000000\n"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, st := context.Background(), local.New()
	var files []store.File
	for f, err := range st.List(ctx, dir) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	opts := format.Options{"header": "true", "inferschema": "true", format.ByName: "true"}
	s, err := New().Infer(ctx, st, files, opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := types.StructType(s...).String(); got != "struct<a:bigint,b:string,c:double>" {
		t.Fatal(got)
	}
	var got []string
	for _, f := range files {
		err := formattest.Scan(ctx, New(), st, f, s, []int{2, 0, 1}, opts, 10, nil, func(b *vec.Batch) error {
			for _, i := range b.Selection() {
				got = append(got, fmt.Sprintf("%v/%v/%v", b.Cols[0].Get(int(i)), b.Cols[1].Get(int(i)), b.Cols[2].Get(int(i))))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"<nil>/1/x", "2.5/3000000000/y"}, got); d != "" {
		t.Error(d)
	}
}

// What is written reads back.
func TestRoundTrip(t *testing.T) {
	schema := formattest.ParseSchema("a boolean,b tinyint,c smallint,d int,e bigint,f float,g double,h decimal(10,2),i decimal(30,3),j string,k date,l timestamp,m timestamp_ntz")
	in := &vec.Batch{N: 3}
	for _, f := range schema {
		vals := map[types.Kind][]types.Datum{
			types.Bool: {true, nil, false}, types.Float32: {1.5, nil, -3e20}, types.Float64: {0.1, nil, 1e-20}, types.String: {"a,\"b\"\\c", nil, "ä\nx"},
			types.Decimal: {types.Int128From(-150), nil, types.Int128From(7)}, types.Date: {int64(20000), nil, int64(-1)},
			types.Timestamp: {int64(1_700_000_000_123_456), nil, int64(-1000)}, types.TimestampNTZ: {int64(1_700_000_000_123_000), nil, int64(0)},
		}[f.Type.Kind]
		if vals == nil {
			vals = []types.Datum{int64(-100), nil, int64(77)}
		}
		in.Cols = append(in.Cols, vec.FromDatums(f.Type, vals...))
	}
	for _, extra := range []format.Options{{}, {"compression": "gzip"}, {"compression": "zstd", "sep": "\\t", "escape": "\""}, {"quoteall": "true", "header": "true", "nullvalue": "NULL"}} {
		opts := format.Options{"timezone": "Europe/Berlin", "timestampformat": "yyyy-MM-dd HH:mm:ss.SSSSSSXXX", "multiline": "true"}
		for k, v := range extra {
			opts[k] = v
		}
		var buf bytes.Buffer
		w, err := New().Create(context.Background(), &buf, schema, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []*vec.Batch{{N: 3, Cols: in.Cols, Sel: []uint16{0, 2}}, in} {
			if err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil || w.Bytes() != int64(buf.Len()) {
			t.Fatal(err, w.Bytes(), buf.Len())
		}
		p := write(t, "f"+New().Extension(opts), buf.String())
		file, _, _ := local.New().Stat(context.Background(), p)
		var cols []int
		for i := range schema {
			cols = append(cols, i)
		}
		var got [][]types.Datum
		err = formattest.Scan(context.Background(), New(), local.New(), file, schema, cols, opts, 10, nil, func(b *vec.Batch) error {
			for _, i := range b.Selection() {
				var row []types.Datum
				for _, c := range b.Cols {
					row = append(row, c.Get(int(i)))
				}
				got = append(got, row)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var want [][]types.Datum
		for _, i := range []int{0, 2, 0, 1, 2} {
			var row []types.Datum
			for _, c := range in.Cols {
				row = append(row, c.Get(i))
			}
			want = append(want, row)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%v: %s\n%s", extra, d, buf.String())
		}
	}
}

// endless gives a file without line breaks that is longer than a record may be.
type endless struct {
	store.Store
	size int64
}

type endlessFile struct{ size int64 }

func (e endless) Open(context.Context, string) (store.Reader, error) { return endlessFile{e.size}, nil }
func (e endlessFile) Size() int64                                    { return e.size }
func (e endlessFile) Close() error                                   { return nil }
func (e endlessFile) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	if off == 0 {
		p[0] = '"'
	}
	return len(p), nil
}

// An unclosed quote swallows no more than a bounded piece of the file.
func TestUnclosedQuote(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200 MB")
	}
	for _, opts := range []format.Options{{}, {"multiline": "true"}} {
		acct := mem.NewAccount("t", 0)
		sp := catalog.Split{Path: "x", Length: 1 << 34, Size: 1 << 34}
		start := time.Now()
		err := formattest.Split(context.Background(), New(), endless{size: 1 << 34}, sp, formattest.ParseSchema("a string"), []int{0}, opts, 10, acct, func(*vec.Batch) error { return nil })
		if !sqlerr.Is(err, sqlerr.FileReadFailed) || acct.Peak() > 512<<20 || acct.Used() != 0 {
			t.Errorf("%v: %v, peak %d, left %d, %v", opts, err, acct.Peak(), acct.Used(), time.Since(start))
		}
	}
	// A smaller account is the tighter bound.
	acct := mem.NewAccount("t", 10<<20)
	err := formattest.Split(context.Background(), New(), endless{size: 1 << 34}, catalog.Split{Path: "x", Length: 1 << 34, Size: 1 << 34}, formattest.ParseSchema("a string"), []int{0}, nil, 10, acct, func(*vec.Batch) error { return nil })
	if !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Error(err)
	}
}

// The corpora hold files of all sorts; every one gives rows or an error with a condition.
func TestCorpora(t *testing.T) {
	root := os.Getenv("VOLLEY_CORPORA")
	if root == "" {
		t.Skip("VOLLEY_CORPORA is not set: no corpora")
	}
	n := 0
	for _, pattern := range []string{"files/csv-spectrum/*.csv", "files/spark-test-data/*.csv*", "files/arrow-fuzz/csv/*", "files/naughty-strings.json"} {
		names, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, p := range names {
			for _, opts := range []format.Options{{}, {"header": "true", "inferschema": "true", "escape": "\""}, {"multiline": "true", "header": "true", "inferschema": "true"}} {
				n++
				if _, _, err := formattest.Read(New(), p, opts, "", 2048); err != nil && sqlerr.As(err) == nil {
					t.Errorf("%s %v: %v", p, opts, err)
				}
			}
		}
	}
	if n == 0 {
		t.Error("no files found")
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\"a\\\"b", "\"x\" y,z\n", "\xff,\x00\n", "1,2026-01-02,1.5,true\n", "\"\"\"\n\"", "a\rb\r\nc", "#x\n\n,,,"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, flags uint8) {
		opts := format.Options{}
		for i, k := range []string{"multiline", "header", "inferschema", "ignoreleadingwhitespace", "ignoretrailingwhitespace"} {
			if flags>>i&1 != 0 {
				opts[k] = "true"
			}
		}
		if flags>>5&1 != 0 {
			opts["escape"] = "\""
		}
		if flags>>6&1 != 0 {
			opts["sep"] = "||"
		}
		p := write(t, "f.csv", string(text))
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
		if _, _, err := formattest.Read(New(), p, opts, "a int,b string,_c0 date,d decimal(5,2),e timestamp,_corrupt_record string", 3); err != nil && sqlerr.As(err) == nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50_000 {
		fmt.Fprintf(&text, "%d,customer %d,%.2f,2026-01-%02d,2026-01-02 10:%02d:00,%d,\"some, quoted %d\"\n", i, i%1000, r.Float64()*1000, i%28+1, i%60, i%100, i)
	}
	p := write(b, "f.csv", text.String())
	file, _, _ := local.New().Stat(context.Background(), p)
	schema := formattest.ParseSchema("id int,name string,price decimal(10,2),day date,ts timestamp,qty int,comment string")
	for name, cols := range map[string][]int{"all": {0, 1, 2, 3, 4, 5, 6}, "two": {0, 2}} {
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
