// Package retail makes the data of the nightly sales example at any size: the
// transactions of a chain of shops, day by day, with what real feeds have (late
// rows, duplicates, corrections, broken rows), and the tables they refer to.
//
//	DIR/transactions/day=2026-10-01/part-00000.parquet   what arrived that day
//	DIR/stores.csv   DIR/products.jsonl   DIR/fx_rates.csv
//
// A day of very many transactions has several files.
//
// The same Config gives the same bytes. Data is made a file at a time, while
// the ones before are written; memory does not grow with the number of days,
// and with rows of a day only by those that are late.
package retail

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Config says how much data to make.
type Config struct {
	// Days is the number of days, the last of which is Last.
	Days int
	Last time.Time
	// Stores and Products are the sizes of the dimension tables.
	Stores, Products int
	// PerStore is the mean number of transactions a store has on one day.
	PerStore int
	Seed     uint64
}

// Default is the data that is committed under testdata/retail.
var Default = Config{Days: 28, Last: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Stores: 40, Products: 400, PerStore: 60, Seed: 1}

// Progress is told after each day: rows written so far.
type Progress func(day, days int, rows int64)

// Generate writes the data to dir, which must not exist or be empty. What was
// written is removed if it fails or ctx ends. It returns the number of
// transaction rows.
func Generate(ctx context.Context, dir string, c Config, progress Progress) (rows int64, err error) {
	if c.Days < 1 || c.Stores < 1 || c.Products < 1 || c.PerStore < 1 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "The numbers of days, stores, products and transactions per store must be at least 1.")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "The folder %s is not empty.", dir).WithHint("Name a new folder with --out.")
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return 0, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".retail-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(tmp)
		}
	}()
	d := newDimensions(c)
	for name, write := range map[string]func(string) error{
		"stores.csv": d.writeStores, "products.jsonl": d.writeProducts, "fx_rates.csv": d.writeRates,
	} {
		if err := write(filepath.Join(tmp, name)); err != nil {
			return 0, err
		}
	}
	if rows, err = transactions(ctx, filepath.Join(tmp, "transactions"), d, progress); err != nil {
		return rows, err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return rows, err
	}
	os.Remove(dir) // an empty folder; a missing one is fine
	return rows, os.Rename(tmp, dir)
}

// transactions makes the files of dir, with one goroutine that makes rows and others that write them.
func transactions(ctx context.Context, dir string, d *dimensions, progress Progress) (rows int64, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	parts := make(chan file)
	var writers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), maxWriters) {
		writers.Go(func() {
			if err := write(ctx, parts); err != nil {
				stop(err)
			}
		})
	}
	g := &generator{c: d.c, d: d, late: map[int][]txn{}}
	for day := 0; day < d.c.Days && err == nil; day++ {
		folder, n := filepath.Join(dir, "day="+d.c.date(day).Format("2006-01-02")), 0
		err = g.day(day, func(part []txn) error {
			rows += int64(len(part))
			path := filepath.Join(folder, fmt.Sprintf("part-%05d.parquet", n))
			n++
			select {
			case parts <- file{path, part}:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		if err == nil && progress != nil {
			progress(day+1, d.c.Days, rows)
		}
	}
	close(parts)
	writers.Wait()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return rows, err
}

// maxWriters is how many files are written at a time: one goroutine that makes rows feeds no more.
const maxWriters = 4

func (c Config) date(day int) time.Time { return c.Last.AddDate(0, 0, day-c.Days+1) }

func (c Config) random(stream, n int) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, uint64(stream)<<32|uint64(n)))
}

func writeLines(path string, write func(line func(format string, args ...any)) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var werr error
	err = write(func(format string, args ...any) {
		if _, err := fmt.Fprintf(f, format+"\n", args...); err != nil && werr == nil {
			werr = err
		}
	})
	if err == nil {
		err = werr
	}
	if err == nil {
		err = f.Close()
	}
	return err
}
