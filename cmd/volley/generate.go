package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/retail"
)

func generateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "generate", Short: "Make example data", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return usagef("name what to generate: retail")
	}}
	c := retail.Default
	var out, last string
	r := &cobra.Command{
		Use:   "retail",
		Short: "Make the data of the nightly sales example, at any size",
		Long: `Makes the input of examples/nightly_sales.sql: transactions as Parquet in a folder
a day, stores and exchange rates as CSV, products as JSON lines. The same flags
give the same bytes. Rows are about days × stores × per-store.`,
		Example: "  volley generate retail --days 365 --stores 4500 --out big\n  volley run examples/nightly_sales.sql --param data=big",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("--out is needed: the folder to make")
			}
			date, err := time.Parse("2006-01-02", last)
			if err != nil {
				return usagef("--last must be a date such as 2026-11-21, not %q", last)
			}
			c.Last = date
			var progress retail.Progress
			terminal := term.IsTerminal(int(os.Stderr.Fd()))
			if terminal {
				progress = func(day, days int, rows int64) {
					fmt.Fprintf(os.Stderr, "\r\x1b[Kday %d of %d, %d rows", day, days, rows)
				}
			}
			rows, err := retail.Generate(cmd.Context(), out, c, progress)
			if terminal {
				fmt.Fprint(os.Stderr, "\r\x1b[K")
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d transactions of %d stores over %d days in %s\n", rows, c.Stores, c.Days, out)
			return nil
		},
	}
	f := r.Flags()
	f.IntVar(&c.Days, "days", c.Days, "number of days")
	f.IntVar(&c.Stores, "stores", c.Stores, "number of stores")
	f.IntVar(&c.Products, "products", c.Products, "number of products")
	f.IntVar(&c.PerStore, "per-store", c.PerStore, "mean transactions a store and day")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the random numbers")
	f.StringVar(&last, "last", c.Last.Format("2006-01-02"), "last day")
	f.StringVar(&out, "out", "", "folder to make")
	cmd.AddCommand(r)
	return cmd
}
