package volley_test

import (
	"fmt"
	"os"

	"github.com/volley-sql/volley"
)

func Example() {
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	sales := s.Read().Parquet("testdata/retail/transactions")
	stores := s.Read().Option("header", "true").Option("inferSchema", "true").CSV("testdata/retail/stores.csv")
	regions := sales.Join(stores, "store_id", "inner").
		GroupBy("region").
		Agg(volley.CountDistinct("store_id").As("stores"), volley.Max("day").As("last")).
		OrderBy("region").
		Limit(2)
	if err := regions.Show(ctx, os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// +--------+--------+------------+
	// | region | stores |    last    |
	// +--------+--------+------------+
	// | DACH   |     15 | 2026-11-21 |
	// | East   |      4 | 2026-11-21 |
	// +--------+--------+------------+
}

func ExampleSession_SQL() {
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	df, err := s.SQL(ctx, "SELECT id, id * id AS square FROM range(10) WHERE id > :least ORDER BY id", volley.Named{"least": 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, err := df.Collect(ctx)
	fmt.Println(rows, err)
	// Output: [[8, 64] [9, 81]] <nil>
}

func ExampleSession_CreateDataFrame() {
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	type sale struct {
		Shop  string `volley:"shop"`
		Units int32  `volley:"units"`
	}
	df := s.CreateDataFrame([]sale{{"north", 3}, {"south", 5}, {"north", 4}})
	totals := df.GroupBy("shop").Agg(volley.Sum("units").As("units")).OrderBy(volley.Col("units").Desc())
	type total struct {
		Shop  string `volley:"shop"`
		Units int64  `volley:"units"`
	}
	got, err := volley.CollectAs[total](ctx, totals)
	fmt.Println(got, err)
	fmt.Println(totals.Limit(1).Columns())
	// Output:
	// [{north 7} {south 5}] <nil>
	// [shop units] <nil>
}

func ExampleColumn_Over() {
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	week := volley.Window().OrderBy("id").RowsBetween(volley.Preceding(2), volley.CurrentRow)
	df := s.Range(1, 6).Select("id", volley.Avg("id").Over(week).As("mean")).OrderBy("id")
	if err := df.Show(ctx, os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// +----+------+
	// | id | mean |
	// +----+------+
	// |  1 |  1.0 |
	// |  2 |  1.5 |
	// |  3 |  2.0 |
	// |  4 |  3.0 |
	// |  5 |  4.0 |
	// +----+------+
}

func ExampleDataFrame_Records() {
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	rows := int64(0)
	for record, err := range s.Range(0, 1000).Filter("id % 10 = 0").Records(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		rows += record.NumRows()
	}
	fmt.Println(rows)
	// Output: 100
}
