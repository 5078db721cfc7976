// Command nightly_sales is the job of examples/nightly_sales.sql as a Go
// program with the DataFrame API. It writes the same tables, byte for byte:
//
//	go run ./examples/nightly_sales --day 2026-11-21 --data testdata/retail --out out
//
// With --master 'local-cluster[2,1,512]' executor processes do the work; they are
// the volley binary, which --volley names.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/volley-sql/volley"
)

// job is what the script takes as parameters.
type job struct {
	Day       volley.Date
	Data, Out string
}

func main() {
	day := flag.String("day", "2026-11-21", "the last day that counts")
	j := job{}
	flag.StringVar(&j.Data, "data", "testdata/retail", "folder of the retailer's files")
	flag.StringVar(&j.Out, "out", "out", "folder for the results; a second run replaces them")
	threads := flag.Int("threads", 0, "threads of a local master (default: one a core)")
	master := flag.String("master", "local[*]", "where to run, a master URL")
	binary := flag.String("volley", "volley", "the volley binary, which executor processes run")
	flag.Parse()
	t, err := time.Parse(time.DateOnly, *day)
	if err != nil {
		fmt.Fprintln(os.Stderr, "nightly_sales: --day:", err)
		os.Exit(2)
	}
	j.Day = volley.DateOf(t)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	where := []volley.Option{volley.WithMaster(*master), volley.WithThreads(*threads), volley.WithExecutorCommand(*binary, "executor")}
	if err := j.run(ctx, os.Stdout, where...); err != nil {
		fmt.Fprintln(os.Stderr, "nightly_sales:", err)
		os.Exit(1)
	}
}

// run does the job in a session opened with options, and prints a summary to w.
func (j job) run(ctx context.Context, w io.Writer, options ...volley.Option) error {
	// Days are those of UTC, wherever the job runs.
	s, err := volley.Open(ctx, append(options, volley.WithConf("spark.sql.session.timeZone", "UTC"))...)
	if err != nil {
		return err
	}
	defer s.Close()
	in := j.read(s)
	checked := in.checked()
	if err := j.writeRejects(ctx, checked); err != nil {
		return err
	}
	sales := in.sales(checked)
	if err := j.writeDailySales(ctx, sales); err != nil {
		return err
	}
	if err := j.writeReport(ctx, sales); err != nil {
		return err
	}
	return j.summary(s).Print(ctx, w, "table")
}

// inputs are the retailer's files.
type inputs struct{ arrivals, stores, products, rates *volley.DataFrame }

func (j job) read(s *volley.Session) inputs {
	col := volley.Col
	return inputs{
		// What arrived, partitioned by the day of arrival.
		arrivals: s.Read().Parquet(j.Data + "/transactions").Filter(col("day").Leq(j.Day)).Alias("a"),
		stores:   s.Read().Option("header", "true").Option("inferSchema", "true").Option("escape", `"`).CSV(j.Data + "/stores.csv").Alias("s"),
		products: s.Read().JSON(j.Data + "/products.jsonl").Alias("p"),
		rates: s.Read().Load(j.Data+"/fx_rates.csv").
			Select(col("day").Cast("date").As("day"), "currency", col("rate_to_eur").Cast("decimal(12, 6)").As("rate_to_eur")).Alias("f"),
	}
}

// checked is every row with the first check it fails, or NULL.
func (in inputs) checked() *volley.DataFrame {
	col := volley.Col
	reason := volley.
		When(col("a.txn_id").IsNull(), "no transaction id").
		When(col("s.store_id").IsNull(), "unknown store").
		When(col("p.product_id").IsNull(), "unknown product").
		When(col("a.quantity").IsNull().Or(col("a.quantity").Leq(0)), "quantity not positive").
		When(col("a.unit_price").IsNull().Or(col("a.unit_price").Leq(0)), "no price").
		When(col("a.discount").Between(0, 1).Not(), "discount out of range").
		When(col("a.currency").Neq(col("s.currency")), "currency is not the store's").
		When(col("a.sold_at").Geq(col("a.day").Plus(volley.Expr("INTERVAL 1 DAY"))), "sold after it arrived")
	return in.arrivals.
		Join(in.stores, col("s.store_id").Eq(col("a.store_id")), "left").
		Join(in.products, col("p.product_id").Eq(col("a.product_id")), "left").
		Select("a.*", reason.As("reason"))
}

func (j job) writeRejects(ctx context.Context, checked *volley.DataFrame) error {
	return checked.
		Filter(volley.Col("reason").IsNotNull()).
		Select("reason", "txn_id", "version", "sold_at", "store_id", "product_id", "quantity", "unit_price", "discount", "currency", volley.Col("day").As("arrived")).
		OrderBy("reason", "txn_id", "version", "arrived", "sold_at", "store_id", "product_id").
		Write().Mode("overwrite").Option("path", j.Out+"/rejects").SaveAsTable(ctx, "rejects")
}

// sales is the newest version of each transaction, in euros. Late rows count
// for the day they were sold.
func (in inputs) sales(checked *volley.DataFrame) *volley.DataFrame {
	col := volley.Col
	newest := volley.Window().PartitionBy("txn_id").OrderBy(col("version").Desc(), col("day").Desc())
	valid := checked.Filter(col("reason").IsNull()).
		WithColumn("nth", volley.RowNumber().Over(newest)).
		Filter(col("nth").Eq(1)).Alias("t")
	sold := col("t.sold_at").Cast("date")
	price := col("t.quantity").Mul(col("t.unit_price")).Mul(volley.Lit(1).Minus(volley.Coalesce("t.discount", 0))).Mul(col("f.rate_to_eur"))
	return valid.
		Join(in.stores, col("s.store_id").Eq(col("t.store_id")), "inner").
		Join(in.products, col("p.product_id").Eq(col("t.product_id")), "inner").
		Join(in.rates, col("f.day").Eq(sold).And(col("f.currency").Eq(col("t.currency"))), "inner").
		Select("t.txn_id", sold.As("day"), "t.store_id", col("s.name").As("store"), "s.region", "t.product_id", col("p.name").As("product"), "p.category",
			"t.quantity", price.Cast("decimal(14, 2)").As("revenue"))
}

func (j job) writeDailySales(ctx context.Context, sales *volley.DataFrame) error {
	return sales.
		GroupBy("store_id", "store", "region", "category", "day").
		Agg(volley.Count("*").As("transactions"), volley.Sum("quantity").As("units"), volley.Sum("revenue").As("revenue")).
		Select("store_id", "store", "region", "category", "transactions", "units", "revenue", "day").
		OrderBy("day", "store_id", "category").
		Write().Mode("overwrite").PartitionBy("day").Option("path", j.Out+"/daily_sales").SaveAsTable(ctx, "daily_sales")
}

// writeReport writes the ten best products of each region in the week that ends with the day.
func (j job) writeReport(ctx context.Context, sales *volley.DataFrame) error {
	best := volley.Window().PartitionBy("region").OrderBy(volley.Col("revenue").Desc())
	return sales.
		Filter(volley.Col("day").Gt(volley.Lit(j.Day).Minus(volley.Expr("INTERVAL 7 DAYS")))).
		GroupBy("region", "product_id", "product", "category").
		Agg(volley.Sum("quantity").As("units"), volley.Sum("revenue").As("revenue")).
		WithColumn("rank", volley.Rank().Over(best)).
		Filter(volley.Col("rank").Leq(10)).
		Select("region", "rank", "product_id", "product", "category", "units", "revenue").
		OrderBy("region", "rank", "product_id").
		Write().Mode("overwrite").Format("csv").Option("header", "true").Option("singleFile", "true").Save(ctx, j.Out+"/report.csv")
}

// summary is the revenue of each region on the last days, beside its mean of seven days.
func (j job) summary(s *volley.Session) *volley.DataFrame {
	week := volley.Window().PartitionBy("region").OrderBy("day").RangeBetween(volley.Preceding(volley.Expr("INTERVAL 6 DAYS")), volley.CurrentRow)
	return s.Table("daily_sales").
		GroupBy("region", "day").
		Agg(volley.Sum("transactions").As("transactions"), volley.Sum("revenue").As("revenue")).
		Select("region", "day", "transactions", "revenue", volley.Avg("revenue").Over(week).Cast("decimal(14, 2)").As("mean_7_days")).
		Filter(volley.Col("day").Gt(volley.Lit(j.Day).Minus(volley.Expr("INTERVAL 3 DAYS")))).
		OrderBy("region", "day")
}
