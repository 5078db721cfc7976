package arrowipc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/formattest"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

var schema = formattest.ParseSchema("a int,b string,c array<struct<x:decimal(30,2)>>,d timestamp,e map<string,boolean>")

func batch(n int) *vec.Batch {
	b := &vec.Batch{N: n}
	for _, f := range schema {
		v := vec.New(f.Type, 0)
		ds := make([]types.Datum, n)
		for i := range ds {
			if i%5 == 4 {
				continue
			}
			ds[i] = map[string]types.Datum{
				"a": int64(i), "b": fmt.Sprint("text ", i), "c": []types.Datum{[]types.Datum{types.Int128From(int64(i))}, nil},
				"d": int64(i) * 1e6, "e": types.MapDatum{Keys: []types.Datum{"k"}, Values: []types.Datum{i%2 == 0}},
			}[f.Name]
		}
		v.AppendDatums(ds)
		b.Cols = append(b.Cols, v)
	}
	return b
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

func encode(t testing.TB, opts format.Options, bs ...*vec.Batch) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := New().Create(context.Background(), &buf, schema, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || w.Bytes() != int64(buf.Len()) {
		t.Fatal(err, w.Bytes(), buf.Len())
	}
	return buf.Bytes()
}

// read reads bytes as a file; an error of any kind is returned.
func read(t testing.TB, data []byte) ([][]types.Datum, error) {
	t.Helper()
	p := filepath.Join(t.TempDir(), "f.arrow")
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return readFile(p)
}

func readFile(p string) (out [][]types.Datum, err error) {
	ctx, st := context.Background(), local.New()
	f, _, err := st.Stat(ctx, p)
	if err != nil {
		return nil, err
	}
	s, err := New().Infer(ctx, st, []store.File{f}, nil)
	if err != nil {
		return nil, err
	}
	var cols []int
	for i := range s {
		cols = append(cols, i)
	}
	acct := mem.NewAccount("t", 0)
	err = formattest.Scan(ctx, New(), st, f, s, cols, nil, 1000, acct, func(b *vec.Batch) error {
		out = append(out, rows(b)...)
		return nil
	})
	if acct.Used() != 0 {
		return nil, fmt.Errorf("%d bytes were not given back", acct.Used())
	}
	return out, err
}

func TestRoundTrip(t *testing.T) {
	b := batch(100)
	want := append(append([][]types.Datum(nil), rows(b)...), rows(b)[10:12]...)
	for _, codec := range []string{"", "lz4", "zstd"} {
		data := encode(t, format.Options{"compression": codec}, b, &vec.Batch{N: 100, Cols: b.Cols, Sel: []uint16{10, 11}})
		got, err := read(t, data)
		if err != nil {
			t.Fatal(codec, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(codec, d)
		}
	}
	// An empty file has a schema.
	if got, err := read(t, encode(t, nil)); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	// A stream reads as a file does.
	var buf bytes.Buffer
	e := arrowvec.NewEncoder(schema)
	w := ipc.NewWriter(&buf, ipc.WithSchema(e.Schema()))
	rec, err := e.Record(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := read(t, buf.Bytes()); err != nil || !cmp.Equal(rows(b), got) {
		t.Fatal(err)
	}
}

func TestInlineAndMissing(t *testing.T) {
	b := batch(10)
	spec, err := Inline(schema, b)
	if err != nil {
		t.Fatal(err)
	}
	want := append(types.Schema{{Name: "new", Type: types.DateType, Nullable: true}}, schema...)
	want[1].Type = types.Int64Type // wider than the file's
	var got [][]types.Datum
	err = formattest.Split(context.Background(), New(), local.New(), catalog.Split{Spec: spec}, want, []int{2, 0, 1}, nil, 3, nil, func(b *vec.Batch) error {
		got = append(got, rows(b)...)
		return nil
	})
	if err != nil || len(got) != 10 || !cmp.Equal(got[3], []types.Datum{"text 3", nil, int64(3)}) {
		t.Fatal(got, err)
	}
	want[2].Type = types.DateType
	err = formattest.Split(context.Background(), New(), local.New(), catalog.Split{Spec: spec}, want, []int{2}, nil, 3, nil, func(b *vec.Batch) error { return nil })
	if !sqlerr.Is(err, sqlerr.FileReadFailed) {
		t.Fatal(err)
	}
}

// Files cut short anywhere, and with any byte changed, give rows or an error with a condition.
func TestDamage(t *testing.T) {
	for _, codec := range []string{"", "zstd"} {
		data := encode(t, format.Options{"compression": codec}, batch(8))
		for n := 0; n < len(data); n += 37 {
			if _, err := read(t, data[:n]); err == nil {
				t.Errorf("%d of %d bytes were read as a whole file", n, len(data))
			} else if sqlerr.As(err) == nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
		for i := 0; i < len(data); i += 3 {
			bad := bytes.Clone(data)
			bad[i] ^= []byte{0xff, 0x80, 1}[i/3%3]
			if _, err := read(t, bad); err != nil && sqlerr.As(err) == nil {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// The files that fuzzing found give rows or an error, in time.
func TestCorpora(t *testing.T) {
	root := os.Getenv("VOLLEY_CORPORA")
	if root == "" {
		t.Skip("VOLLEY_CORPORA is not set: no corpora")
	}
	n, good := 0, 0
	for _, dir := range []string{"arrow-ipc-file", "arrow-ipc-stream"} {
		names, _ := filepath.Glob(filepath.Join(root, "files/arrow-fuzz", dir, "*"))
		for _, p := range names {
			n++
			start := time.Now()
			_, err := readFile(p)
			if err == nil {
				good++
			} else if sqlerr.As(err) == nil {
				t.Errorf("%s: %v", p, err)
			}
			if d := time.Since(start); d > 15*time.Second {
				t.Errorf("%s took %v", p, d)
			}
		}
	}
	if n < 50 {
		t.Errorf("%d files found", n)
	}
	t.Logf("%d files, %d read", n, good)
}

func FuzzRead(f *testing.F) {
	f.Add(encode(f, nil, batch(3)))
	f.Add(encode(f, format.Options{"compression": "lz4"}, batch(3)))
	spec, err := Inline(schema, batch(2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(spec)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := read(t, data); err != nil && sqlerr.As(err) == nil {
			t.Fatal(err)
		}
	})
}
