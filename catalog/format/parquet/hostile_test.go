package parquet

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// sample is a file with every type, several row groups and pages of both kinds.
func sample(t testing.TB, rows int, opts format.Options) ([]byte, [][]types.Datum) {
	r := rand.New(rand.NewPCG(3, 4))
	var cols [][]types.Datum
	for _, c := range everyType {
		col := make([]types.Datum, rows)
		for i := range col {
			col[i] = randomOf(r, c.Type, 0)
		}
		cols = append(cols, col)
	}
	b, err := os.ReadFile(writeRows(t, everyType, opts, 100, cols...).Path)
	if err != nil {
		t.Fatal(err)
	}
	return b, cols
}

// readBytes reads a file made of b.
func readBytes(t testing.TB, dir string, b []byte) ([][]types.Datum, error) {
	path := filepath.Join(dir, "x.parquet")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	footers = footerCache{limit: footers.limit} // same path, size and perhaps time
	f, _, err := local.New().Stat(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readRows(f, nil, 512)
	if err != nil && (sqlerr.As(err) == nil || !strings.Contains(err.Error(), path)) {
		t.Errorf("error does not name the file: %v", err)
	}
	return got, err
}

func TestTruncated(t *testing.T) {
	b, _ := sample(t, 300, nil)
	dir := t.TempDir()
	for i := range 100 {
		if _, err := readBytes(t, dir, b[:len(b)*i/100]); err == nil {
			t.Errorf("a file cut at %d%% was read", i)
		}
	}
	for _, c := range []string{"", "PAR1", "PAR1PAR1", "PAR1\x00\x00\x00\x00PAR1", "PAR1\xff\xff\xff\x7fPAR1", "PAR1\xff\xff\xff\xffPAR1"} {
		if _, err := readBytes(t, dir, []byte(c)); !sqlerr.Is(err, sqlerr.FileReadFooter) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// TestFlippedBytes flips bytes of pages and of the footer. Pages have
// checksums: what is read in spite of a flip must be right.
func TestFlippedBytes(t *testing.T) {
	b, want := sample(t, 200, nil)
	foot := len(b) - 8 - int(binary.LittleEndian.Uint32(b[len(b)-8:]))
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(5, 6))
	wrong := 0
	for i := range 600 {
		at := r.IntN(foot)
		if i%3 == 0 {
			at = foot + r.IntN(len(b)-foot)
		}
		c := append([]byte(nil), b...)
		c[at] ^= 1 << r.IntN(8)
		got, err := readBytes(t, dir, c)
		if err != nil && strings.Contains(err.Error(), "runtime error") {
			wrong++
			t.Logf("byte %d was not checked: %v", at, err)
		}
		if err == nil && at < foot && !reflect.DeepEqual(got, want) {
			t.Errorf("flipping byte %d gave other rows", at)
		}
	}
	if wrong > 0 {
		t.Errorf("%d malformed files were stopped by nothing but the last line of defence", wrong)
	}
}

// bomb is a file of one INT64 column whose page header and metadata are up to the caller.
func bomb(size, packed, values int, body []byte, codec int) []byte {
	w := &thriftWriter{b: []byte("PAR1")}
	at := len(w.b)
	w.i32(1, pageData)
	w.i32(2, int32(size))
	w.i32(3, int32(packed))
	w.begin(5)
	w.i32(1, int32(values))
	w.i32(2, encPlain)
	w.i32(3, encRLE)
	w.i32(4, encRLE)
	w.end()
	w.end()
	page := append(w.b, body...)
	f := &fileWriter{codec: codec}
	f.schema = []schemaElement{{name: "schema", children: 1, phys: -1, converted: convNone, repetition: -1}, {name: "x", children: -1, phys: physInt64, converted: convNone}}
	l := newLeafWriter(f, f.schema[1], types.Int64Type, 0, 0, []string{"x"})
	f.leaves = []*leafWriter{l}
	f.groups = []writtenGroup{{rows: int64(values), chunks: []writtenChunk{{leaf: l, values: int64(values), compressed: int64(len(page) - at), dataOff: int64(at)}}}}
	foot := f.footer()
	return append(binary.LittleEndian.AppendUint32(append(page, foot...), uint32(len(foot))), "PAR1"...)
}

func TestBombs(t *testing.T) {
	dir := t.TempDir()
	var c compressor
	zeros, err := c.compress(codecZstd, make([]byte, 64<<20))
	if err != nil {
		t.Fatal(err)
	}
	zeros = append([]byte(nil), zeros...)
	var before, after runtime.MemStats
	for name, b := range map[string][]byte{
		"snappy page of 2 GiB in 40 bytes": bomb(1<<31-1, 40, 1<<28, make([]byte, 40), codecSnappy),
		"zstd page of 2 GiB in 40 bytes":   bomb(1<<31-1, 40, 1<<28, make([]byte, 40), codecZstd),
		"zstd bomb larger than it says":    bomb(8000, len(zeros), 1000, zeros, codecZstd),
		"plain page of 2 GiB":              bomb(1<<31-1, 1<<31-1, 1<<28, nil, codecNone),
		"more values than rows of bytes":   bomb(8, 8, 1<<30, make([]byte, 8), codecNone),
		"page longer than its chunk":       bomb(800, 800, 100, make([]byte, 8), codecNone),
		"gzip page that is none":           bomb(800, 20, 100, make([]byte, 20), codecGzip),
		"brotli page that is none":         bomb(800, 20, 100, make([]byte, 20), codecBrotli),
		"lz4 page that is none":            bomb(800, 20, 100, make([]byte, 20), codecLZ4),
		"codec nobody knows":               bomb(800, 20, 100, make([]byte, 20), 99),
	} {
		runtime.ReadMemStats(&before)
		_, err := readBytes(t, dir, b)
		runtime.ReadMemStats(&after)
		if err == nil || strings.Contains(err.Error(), "runtime error") {
			t.Errorf("%s: %v", name, err)
		}
		if d := after.TotalAlloc - before.TotalAlloc; d > 300<<20 {
			t.Errorf("%s: %d MB allocated", name, d>>20)
		}
	}
}

func TestDeepAndWideSchemas(t *testing.T) {
	nested := types.Int32Type
	for range 300 {
		nested = types.StructType(types.Field{Name: "f", Type: nested, Nullable: true})
	}
	f := writeRows(t, types.Schema{{Name: "c", Type: nested, Nullable: true}}, nil, 1)
	if _, _, err := readRows(f, nil, 1); !sqlerr.Is(err, sqlerr.FileReadFooter) {
		t.Error(err)
	}
	var wide types.Schema
	cols := make([][]types.Datum, 3000)
	for i := range cols {
		wide = append(wide, types.Field{Name: fmt.Sprint("c", i), Type: types.Int32Type, Nullable: true})
		cols[i] = []types.Datum{int64(i)}
	}
	got, _, err := readRows(writeRows(t, wide, nil, 1, cols...), nil, 1)
	if err != nil || !reflect.DeepEqual(got, cols) {
		t.Error(err)
	}
	odd := types.Schema{}
	for _, n := range []string{"", "a", "a", "A", "q\"`", "\x00", "😀", "שלום", "a.b"} {
		odd = append(odd, types.Field{Name: n, Type: types.StringType, Nullable: true})
	}
	vals := make([][]types.Datum, len(odd))
	for i := range vals {
		vals[i] = []types.Datum{fmt.Sprint("v", i)}
	}
	got, schema, err := readRows(writeRows(t, odd, nil, 1, vals...), nil, 1)
	if err != nil || !reflect.DeepEqual(got, vals) || !reflect.DeepEqual(schema, odd) {
		t.Error(got, schema, err)
	}
}

// FuzzRead wants right rows or an error, never a fault that only the last line of defence stops.
func FuzzRead(f *testing.F) {
	for _, opts := range []format.Options{nil, {"compression": "none"}, {"compression": "zstd", "row_group_size": "7"}} {
		b, _ := sample(f, 20, opts)
		f.Add(b)
	}
	f.Add(bomb(1<<31-1, 40, 1<<28, make([]byte, 40), codecSnappy))
	// Our own pages have checksums; those of others let mutations through to the decoders.
	if root := os.Getenv("VOLLEY_CORPORA"); root != "" {
		files, _ := filepath.Glob(filepath.Join(root, "files", "parquet-testing", "*.parquet"))
		for _, p := range files {
			if b, err := os.ReadFile(p); err == nil && len(b) < 20<<10 {
				f.Add(b)
			}
		}
	}
	dir := f.TempDir()
	rowLimit = 10_000
	f.Cleanup(func() { rowLimit = 0 })
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := readBytes(t, dir, b); err != nil && (strings.Contains(err.Error(), "malformed data:") || strings.Contains(err.Error(), "malformed metadata:")) {
			t.Error(err)
		}
	})
}
