package parquet

import (
	"context"
	"testing"
	"unsafe"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// TestLentPages reads numbers of PLAIN pages without a copy: a batch is where
// the one before it ends. Pages with NULLs, and batches of two pages, are copied.
func TestLentPages(t *testing.T) {
	const rows, batch = 50_000, 1000
	schema := types.Schema{{Name: "n", Type: types.Int64Type, Nullable: true}}
	for _, codec := range []string{"none", "snappy"} {
		for _, null := range []int{-1, 2500} {
			values := make([]types.Datum, rows)
			for i := range values {
				values[i] = int64(i) * 7_777_777
				if i == null {
					values[i] = nil
				}
			}
			f := writeRows(t, schema, format.Options{"compression": codec, "parquet.writer.version": "v1"}, 4096, values)
			ctx, st := context.Background(), local.New()
			splits, err := Format{}.Splits(ctx, st, f, schema, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			row, lent, copied := 0, 0, 0
			for _, sp := range splits {
				s, err := Format{}.Open(ctx, format.ReadRequest{Store: st, Split: sp, Schema: schema, Cols: []int{0}, BatchSize: batch})
				if err != nil {
					t.Fatal(err)
				}
				var last unsafe.Pointer
				for b, err := range s {
					if err != nil {
						t.Fatal(err)
					}
					in := vec.Data[int64](b.Cols[0])
					for i, x := range in {
						if want := values[row]; want == nil != b.Cols[0].Null(i) || want != nil && want != x {
							t.Fatalf("row %d is %d, null %v; want %v", row, x, b.Cols[0].Null(i), want)
						}
						row++
					}
					at := unsafe.Pointer(&in[0])
					if at == last {
						lent++
					} else {
						copied++
					}
					last = unsafe.Add(at, 8*len(in))
				}
			}
			if row != rows {
				t.Fatalf("%d rows", row)
			}
			if lent < rows/batch/2 || null >= 0 && copied < 2 {
				t.Errorf("%s, null %d: %d batches lie behind the one before, %d do not", codec, null, lent, copied)
			}
		}
	}
}
