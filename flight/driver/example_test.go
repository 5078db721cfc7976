package driver_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/volley-sql/volley/flight/driver"
)

func Example() {
	db, err := sql.Open("volley", "volley://local?threads=1&tables=../../testdata/retail") // or grpc+tls://ana:secret@db.example.org:31337/sales
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT region, count(*) AS stores FROM stores WHERE region < :last GROUP BY ALL ORDER BY ALL", sql.Named("last", "E"))
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var region string
		var stores int
		if err := rows.Scan(&region, &stores); err != nil {
			log.Fatal(err)
		}
		fmt.Println(region, stores)
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	// Output: DACH 15
}

func ExampleCopyFrom() {
	ctx := context.Background()
	db, err := sql.Open("volley", "volley://local?threads=1")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE points (x DOUBLE, label STRING)"); err != nil {
		log.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	n, err := driver.CopyFrom(ctx, c, "points", nil, func(yield func([]any, error) bool) {
		for i := range 1000 {
			if !yield([]any{float64(i) / 2, fmt.Sprint("p", i)}, nil) {
				return
			}
		}
	})
	fmt.Println(n, err)
	// Output: 1000 <nil>
}

func ExampleArrow() {
	ctx := context.Background()
	db, err := sql.Open("volley", "volley://local?threads=1")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	err = driver.Arrow(ctx, c, func(x driver.Conn) error {
		schema, records, err := x.QueryArrow(ctx, "SELECT id FROM range(?)", 5000)
		if err != nil {
			return err
		}
		n := int64(0)
		for r, err := range records {
			if err != nil {
				return err
			}
			n += r.NumRows()
		}
		fmt.Println(schema.Field(0).Name, n)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: id 5000
}
