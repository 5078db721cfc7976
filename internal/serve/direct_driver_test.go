package serve_test

import (
	dbsql "database/sql"
	"testing"

	_ "github.com/volley-sql/volley/flight/driver"
	"github.com/volley-sql/volley/internal/serve"
)

// TestDirectDriver: the driver of database/sql has the rows of executors in
// order, also those of one that is lost after it was told of them.
func TestDirectDriver(t *testing.T) {
	d := serveDirect(t, "3", serve.ServerOptions{})
	d.ends(t.Context(), joined) // executors listen
	db, err := dbsql.Open("volley", "grpc://"+d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, kill := range []bool{false, true} {
		rows, err := db.QueryContext(t.Context(), joined+" ORDER BY a.id")
		if err != nil {
			t.Fatal(err)
		}
		if kill {
			killOne(t, d.app)
		}
		next := int64(0)
		for rows.Next() {
			var id int64
			var s, dec, list, k any
			if err := rows.Scan(&id, &s, &dec, &list, &k); err != nil {
				t.Fatal(err)
			}
			if id != next {
				t.Fatalf("%d where %d belongs", id, next)
			}
			next++
		}
		rows.Close()
		if err := rows.Err(); err != nil || next != joinedRows {
			t.Errorf("with an executor killed %v: %d rows, %v", kill, next, err)
		}
	}
}
