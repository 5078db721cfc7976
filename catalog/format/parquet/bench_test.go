package parquet

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// benchFile returns TPC-H's lineitem of scale factor 1 below $VOLLEY_DATA.
func benchFile(b *testing.B) store.File {
	dir := os.Getenv("VOLLEY_DATA")
	if dir == "" {
		b.Skip("VOLLEY_DATA is not set: no data to measure with")
	}
	f, _, err := local.New().Stat(context.Background(), filepath.Join(dir, "tpch-1", "lineitem.parquet"))
	if err != nil {
		b.Skip(err)
	}
	return f
}

// BenchmarkScanLineitem reads columns of lineitem on two threads and sums up numbers.
func BenchmarkScanLineitem(b *testing.B) {
	f := benchFile(b)
	ctx, st := context.Background(), local.New()
	schema, err := Format{}.Infer(ctx, st, []store.File{f}, nil)
	if err != nil {
		b.Fatal(err)
	}
	splits, err := Format{}.Splits(ctx, st, f, schema, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cols []string
	}{
		{"Q6", []string{"l_quantity", "l_extendedprice", "l_discount", "l_shipdate"}},
		{"Q1", []string{"l_quantity", "l_extendedprice", "l_discount", "l_tax", "l_returnflag", "l_linestatus", "l_shipdate"}},
		{"keys", []string{"l_orderkey", "l_partkey", "l_suppkey"}},
		{"strings", []string{"l_shipmode", "l_shipinstruct", "l_comment"}},
		{"all", []string{
			"l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity", "l_extendedprice", "l_discount", "l_tax", "l_returnflag",
			"l_linestatus", "l_shipdate", "l_commitdate", "l_receiptdate", "l_shipinstruct", "l_shipmode", "l_comment",
		}},
	} {
		var cols []int
		for _, n := range c.cols {
			cols = append(cols, schema.Index(n))
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n := scanAll(b, ctx, st, schema, cols, splits, 2); n != 6001215 {
					b.Fatal(n)
				}
			}
		})
	}
}

func scanAll(b testing.TB, ctx context.Context, st store.Store, schema types.Schema, cols []int, splits []catalog.Split, threads int) int64 {
	var next, rows, sum atomic.Int64
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			dicts := &format.Dictionaries{}
			n, s := int64(0), int64(0)
			for i := int(next.Add(1)) - 1; i < len(splits); i = int(next.Add(1)) - 1 {
				stream, err := Format{}.Open(ctx, format.ReadRequest{Store: st, Split: splits[i], Schema: schema, Cols: cols, BatchSize: 2048, Dictionaries: dicts})
				if err != nil {
					b.Error(err)
					return
				}
				for batch, err := range stream {
					if err != nil {
						b.Error(err)
						return
					}
					n += int64(batch.N)
					for _, c := range batch.Cols {
						if c.Enc == vec.Flat && c.Type.Storage() == types.StoreInt64 {
							for _, x := range vec.Data[int64](c) {
								s += x
							}
						}
					}
				}
			}
			rows.Add(n)
			sum.Add(s)
		})
	}
	wg.Wait()
	return rows.Load()
}
