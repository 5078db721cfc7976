// Package volley is the Go API of Volley, an SQL and DataFrame engine with the
// semantics of Spark SQL 4.
//
// Open starts an application and a session in this process. SQL text and
// DataFrame calls become the same tree, and nothing runs until an action asks
// for rows (Collect, Records, Show, Count, Write):
//
//	ctx := context.Background()
//	s, err := volley.Open(ctx, volley.WithThreads(4))
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//
//	sales := s.Read().Parquet("testdata/retail/transactions")
//	stores := s.Read().Option("header", "true").Option("inferSchema", "true").CSV("testdata/retail/stores.csv")
//	best := sales.
//		Filter(volley.Col("quantity").Gt(0)).
//		Join(stores, "store_id", "inner").
//		GroupBy("region").
//		Agg(volley.Sum(volley.Col("quantity").Mul(volley.Col("unit_price"))).As("revenue")).
//		OrderBy(volley.Col("revenue").Desc())
//	if err := best.Show(ctx, os.Stdout); err != nil {
//		return err
//	}
//	for record, err := range best.Records(ctx) { // Arrow record batches
//		…
//	}
//	n, err := s.SQL(ctx, "SELECT * FROM range(10) WHERE id > ?", 5)
//
// A DataFrame is immutable; its methods return new ones. Methods that build
// cannot fail: a mistake in an argument is kept and returned by the action, or
// by Err. Errors carry an *Error with Spark's condition name and SQLSTATE.
//
// The package is a thin door. The tree is planner/ast, what statements do is
// internal/session, what an application is made of is internal/app.
package volley
