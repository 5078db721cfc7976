package volley_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/volley-sql/volley"
)

// session opens a session for an example.
func session() *volley.Session {
	s, err := volley.Open(ctx, volley.WithThreads(2))
	if err != nil {
		log.Fatal(err)
	}
	return s
}

type order struct {
	ID     int64
	Shop   string
	Amount float64
}

// orders are the rows of the examples.
func orders(s *volley.Session) *volley.DataFrame {
	return s.CreateDataFrame([]order{{1, "north", 10}, {2, "south", 25}, {3, "north", 40}, {4, "west", 5}})
}

// show shows a DataFrame.
func show(df *volley.DataFrame) {
	if err := df.Show(ctx, os.Stdout); err != nil {
		fmt.Println(err)
	}
}

func ExampleDataFrame_Select() {
	s := session()
	defer s.Close()
	df := orders(s).
		Filter(volley.Col("Amount").Geq(10)).
		Select("ID", volley.Upper("Shop").As("shop"), volley.Col("Amount").Mul(1.25).As("gross")).
		OrderBy(volley.Col("gross").Desc())
	show(df)
	// Output:
	// +----+-------+-------+
	// | ID |  shop | gross |
	// +----+-------+-------+
	// |  3 | NORTH |  50.0 |
	// |  2 | SOUTH | 31.25 |
	// |  1 | NORTH |  12.5 |
	// +----+-------+-------+
}

func ExampleDataFrame_GroupBy() {
	s := session()
	defer s.Close()
	show(orders(s).GroupBy("Shop").
		Agg(volley.Count("*").As("orders"), volley.Sum("Amount").As("total"), volley.Max("Amount").FilterWhere(volley.Col("ID").Lt(3)).As("early")).
		OrderBy("Shop"))
	// Output:
	// +-------+--------+-------+-------+
	// |  Shop | orders | total | early |
	// +-------+--------+-------+-------+
	// | north |      2 |  50.0 |  10.0 |
	// | south |      1 |  25.0 |  25.0 |
	// | west  |      1 |   5.0 |  NULL |
	// +-------+--------+-------+-------+
}

func ExampleGroupedData_Pivot() {
	s := session()
	defer s.Close()
	size := volley.When(volley.Col("Amount").Geq(20), "large").Otherwise("small")
	show(orders(s).WithColumn("size", size).GroupBy("Shop").Pivot("size", "small", "large").Count().OrderBy("Shop"))
	// Output:
	// +-------+-------+-------+
	// |  Shop | small | large |
	// +-------+-------+-------+
	// | north |     1 |     1 |
	// | south |     0 |     1 |
	// | west  |     1 |     0 |
	// +-------+-------+-------+
}

func ExampleDataFrame_Join() {
	s := session()
	defer s.Close()
	shops := s.CreateDataFrame([]struct{ Shop, City string }{{"north", "Oslo"}, {"south", "Rome"}})
	show(orders(s).Join(shops, "Shop", "left").Select("ID", "Shop", "City").OrderBy("ID"))
	// Output:
	// +----+-------+------+
	// | ID |  Shop | City |
	// +----+-------+------+
	// |  1 | north | Oslo |
	// |  2 | south | Rome |
	// |  3 | north | Oslo |
	// |  4 | west  | NULL |
	// +----+-------+------+
}

func ExampleWhen() {
	s := session()
	defer s.Close()
	grade := volley.When(volley.Col("Amount").Gt(30), "high").When(volley.Col("Amount").Gt(8), "middle").Otherwise("low")
	show(orders(s).Select("ID", grade.As("grade"), volley.Col("Amount").Cast("int").As("amount")).OrderBy("ID"))
	// Output:
	// +----+--------+--------+
	// | ID |  grade | amount |
	// +----+--------+--------+
	// |  1 | middle |     10 |
	// |  2 | middle |     25 |
	// |  3 | high   |     40 |
	// |  4 | low    |      5 |
	// +----+--------+--------+
}

func ExampleWindow() {
	s := session()
	defer s.Close()
	byShop := volley.Window().PartitionBy("Shop").OrderBy(volley.Col("Amount").Desc())
	show(orders(s).Select("Shop", "Amount", volley.Rank().Over(byShop).As("rank")).OrderBy("Shop", "rank"))
	// Output:
	// +-------+--------+------+
	// |  Shop | Amount | rank |
	// +-------+--------+------+
	// | north |   40.0 |    1 |
	// | north |   10.0 |    2 |
	// | south |   25.0 |    1 |
	// | west  |    5.0 |    1 |
	// +-------+--------+------+
}

func ExampleDataFrame_Show() {
	s := session()
	defer s.Close()
	df := s.Range(0, 1000).WithColumn("text", volley.Expr("repeat('ab', 20)"))
	if err := df.Show(ctx, os.Stdout, volley.ShowRows(2), volley.ShowTruncate(8)); err != nil {
		fmt.Println(err)
	}
	// Output:
	// +----+----------+
	// | id |   text   |
	// +----+----------+
	// |  0 | abababa… |
	// |  1 | abababa… |
	// +----+----------+
	// only showing top 2 rows
}

func ExampleDataFrame_PrintSchema() {
	s := session()
	defer s.Close()
	if err := s.Read().Parquet("testdata/retail/transactions").PrintSchema(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// root
	//  |-- txn_id: bigint (nullable = true)
	//  |-- version: int (nullable = true)
	//  |-- sold_at: timestamp (nullable = true)
	//  |-- store_id: int (nullable = true)
	//  |-- product_id: int (nullable = true)
	//  |-- quantity: int (nullable = true)
	//  |-- unit_price: decimal(10,2) (nullable = true)
	//  |-- discount: decimal(4,3) (nullable = true)
	//  |-- currency: string (nullable = true)
	//  |-- channel: string (nullable = true)
	//  |-- customer_id: bigint (nullable = true)
	//  |-- day: date (nullable = true)
}

func ExampleDataFrame_Describe() {
	s := session()
	defer s.Close()
	show(orders(s).Describe("Shop", "Amount"))
	// Output:
	// +---------+-------+--------------------+
	// | summary |  Shop |       Amount       |
	// +---------+-------+--------------------+
	// | count   | 4     | 4                  |
	// | mean    | NULL  | 20.0               |
	// | stddev  | NULL  | 15.811388300841896 |
	// | min     | north | 5.0                |
	// | max     | west  | 40.0               |
	// +---------+-------+--------------------+
}

func ExampleDataFrame_NA() {
	s := session()
	defer s.Close()
	df, err := s.SQL(ctx, "SELECT * FROM VALUES (1, 'a'), (NULL, 'b'), (3, NULL) AS t(n, s)")
	if err != nil {
		log.Fatal(err)
	}
	show(df.NA().Drop("any"))
	show(df.NA().Fill(0).NA().Fill("?"))
	// Output:
	// +---+---+
	// | n | s |
	// +---+---+
	// | 1 | a |
	// +---+---+
	// +---+---+
	// | n | s |
	// +---+---+
	// | 1 | a |
	// | 0 | b |
	// | 3 | ? |
	// +---+---+
}

func ExampleDataFrame_Union() {
	s := session()
	defer s.Close()
	a, b := s.Range(0, 3), s.Range(2, 5)
	for _, df := range []*volley.DataFrame{a.Union(b), a.Intersect(b), a.Except(b)} {
		ids, err := volley.CollectAs[int64](ctx, df.OrderBy("id"))
		fmt.Println(ids, err)
	}
	// Output:
	// [0 1 2 2 3 4] <nil>
	// [2] <nil>
	// [0 1] <nil>
}

func ExampleDataFrame_Write() {
	s := session()
	defer s.Close()
	dir, err := os.MkdirTemp("", "volley-example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.ToSlash(filepath.Join(dir, "orders"))
	if err := orders(s).Write().Mode("overwrite").PartitionBy("Shop").Parquet(ctx, path); err != nil {
		log.Fatal(err)
	}
	n, err := s.Read().Parquet(path).Filter("Shop = 'north'").Count(ctx)
	fmt.Println(n, err)
	// Output: 2 <nil>
}

func ExampleDataFrame_Explain() {
	s := session()
	defer s.Close()
	plan, err := s.Range(0, 10).Filter("id > 5").Explain(ctx, "physical")
	if err != nil {
		log.Fatal(err)
	}
	title, _, _ := strings.Cut(plan, "\n")
	fmt.Println(title, strings.Contains(plan, "Filter"), strings.Contains(plan, "Range"))
	// Output: == Physical plan == true true
}

func ExampleRow_Scan() {
	s := session()
	defer s.Close()
	for row, err := range orders(s).OrderBy("ID").Limit(2).Rows(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		var o order
		if err := row.Scan(&o); err != nil {
			log.Fatal(err)
		}
		fmt.Println(o.ID, o.Shop, o.Amount)
	}
	// Output:
	// 1 north 10
	// 2 south 25
}

func ExampleSession_Table() {
	s := session()
	defer s.Close()
	if err := orders(s).CreateOrReplaceTempView("orders"); err != nil {
		log.Fatal(err)
	}
	total, err := s.Table("orders").Agg(volley.Sum("Amount")).First(ctx)
	fmt.Println(total, err)
	// Output: [80] <nil>
}

func ExampleError() {
	s := session()
	defer s.Close()
	_, err := s.SQL(ctx, "SELECT amount\nFROM range(3)")
	var e *volley.Error
	if errors.As(err, &e) {
		fmt.Println(e.Condition, e.SQLState, e.Line, e.Column)
		fmt.Print(e.Detail())
	}
	// Output:
	// UNRESOLVED_COLUMN.WITH_SUGGESTION 42703 1 8
	// error [UNRESOLVED_COLUMN.WITH_SUGGESTION] SQLSTATE 42703: A column, variable, or function parameter with name `amount` cannot be resolved.
	//   --> statement:1:8
	//  1 | SELECT amount
	//    |        ^^^^^^
	//   hint: Did you mean one of the following? [`id`].
}
