// Package retail makes the data of the nightly sales example at any size: the
// transactions of a chain of shops, day by day, with what real feeds have (late
// rows, duplicates, corrections, broken rows), and the tables they refer to.
//
//	DIR/transactions/day=2026-10-01/part-00000.parquet   what arrived that day
//	DIR/stores.csv   DIR/products.jsonl   DIR/fx_rates.csv
//
// The same Config gives the same bytes. Data is made a day at a time; memory
// does not grow with the number of days.
package retail

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	g := &generator{c: c, d: d, late: map[int][]txn{}}
	for day := range c.Days {
		n, err := g.writeDay(ctx, tmp, day)
		if err != nil {
			return rows, err
		}
		rows += n
		if progress != nil {
			progress(day+1, c.Days, rows)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return rows, err
	}
	os.Remove(dir) // an empty folder; a missing one is fine
	return rows, os.Rename(tmp, dir)
}

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
