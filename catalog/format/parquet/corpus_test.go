package parquet

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// corpus lists the Parquet files below folders of $VOLLEY_CORPORA.
func corpus(t *testing.T, folders ...string) []store.File {
	root := os.Getenv("VOLLEY_CORPORA")
	if root == "" {
		t.Skip("VOLLEY_CORPORA is not set: the files of other writers are not read")
	}
	var out []store.File
	for _, d := range folders {
		err := filepath.WalkDir(filepath.Join(root, "files", d), func(p string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && strings.Contains(strings.ToLower(p), "parquet") {
				f, _, serr := local.New().Stat(context.Background(), p)
				if serr != nil {
					return serr
				}
				if ext := filepath.Ext(p); ext != ".md" && ext != ".csv" && ext != ".json" && ext != ".bin" && ext != ".orc" {
					out = append(out, f)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// oracle reads a file with arrow-go.
func oracle(path string) (out [][]types.Datum, schema types.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	r, err := pqfile.OpenParquetFile(path, false)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	fr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: 1000}, memory.DefaultAllocator)
	if err != nil {
		return nil, nil, err
	}
	tab, err := fr.ReadTable(context.Background())
	if err != nil {
		return nil, nil, err
	}
	if schema, err = arrowvec.FromSchema(tab.Schema()); err != nil {
		return nil, nil, err
	}
	out = make([][]types.Datum, len(schema))
	rr, err := fr.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		return nil, nil, err
	}
	for rr.Next() {
		var d arrowvec.Decoder
		for b, err := range d.Batches(rr.RecordBatch(), 1000) {
			if err != nil {
				return nil, nil, err
			}
			for i, c := range b.Cols {
				for row := range b.N {
					out[i] = append(out[i], clone(c.Get(row)))
				}
			}
		}
	}
	return out, schema, rr.Err()
}

// TestOtherWriters holds every good file against arrow-go, as far as it reads
// it and takes columns for the same types.
func TestOtherWriters(t *testing.T) {
	compared := 0
	for _, f := range corpus(t, "parquet-testing", "spark-test-data") {
		name := filepath.Base(f.Path)
		got, schema, err := readRows(f, nil, 1000)
		switch {
		case strings.HasSuffix(name, ".encrypted"), strings.Contains(name, "corrupt-checksum"), name == "large_string_map.brotli.parquet":
			if err == nil || !strings.Contains(err.Error(), f.Path) {
				t.Errorf("%s: want an error that names the file: %v", name, err)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.HasPrefix(name, "before_1582") { // of the Julian calendar, which arrow-go takes for the other one
			continue
		}
		want, have, err := oracle(f.Path)
		if err != nil || len(have) != len(schema) {
			continue
		}
		for i := range schema {
			if !schema[i].Type.SameShape(have[i].Type) || schema[i].Name != have[i].Name || strings.HasPrefix(name, "int96_from") {
				continue
			}
			compared++
			if !sameValues(got[i], want[i]) {
				t.Errorf("%s: column %s %s differs from arrow-go's", name, schema[i].Name, schema[i].Type)
			}
		}
	}
	if compared < 300 {
		t.Errorf("only %d columns compared", compared)
	}
}

func sameValues(a, b types.Datum) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && (x == y || math.IsNaN(x) && math.IsNaN(y))
	case []types.Datum:
		y, ok := b.([]types.Datum)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !sameValues(x[i], y[i]) {
				return false
			}
		}
		return true
	case types.MapDatum:
		y, ok := b.(types.MapDatum)
		return ok && sameValues(x.Keys, y.Keys) && sameValues(x.Values, y.Values)
	}
	return reflect.DeepEqual(a, b)
}

// TestInt96 has the values the file's description gives.
func TestInt96(t *testing.T) {
	for _, f := range corpus(t, "parquet-testing") {
		if filepath.Base(f.Path) != "int96_from_spark.parquet" {
			continue
		}
		got, _, err := readRows(f, nil, 3)
		want := []types.Datum{int64(1704141296123456), int64(1704070800000000), int64(253402225200000000), int64(1735599600000000), nil, int64(9089380393200000000)}
		if err != nil || !reflect.DeepEqual(got[0], want) {
			t.Fatal(got, err)
		}
	}
}

// TestMalformedFiles reads what fuzzers made: right rows or an error that names the file, at once.
func TestMalformedFiles(t *testing.T) {
	for _, f := range corpus(t, "parquet-bad", "arrow-fuzz/parquet") {
		start := time.Now()
		_, _, err := readRows(f, nil, 1000)
		if err != nil && (sqlerr.As(err) == nil || !strings.Contains(err.Error(), f.Path)) {
			t.Errorf("%s: %v", f.Path, err)
		}
		if err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Errorf("%s was not checked: %v", f.Path, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s took %v", f.Path, d)
		}
	}
}
