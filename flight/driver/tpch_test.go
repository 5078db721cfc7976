package driver

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// TestTPCH holds the 22 queries against Spark's answers, in this process and at a server.
func TestTPCH(t *testing.T) {
	data, kit := os.Getenv("VOLLEY_DATA"), os.Getenv("VOLLEY_BENCH")
	if c := os.Getenv("VOLLEY_CORPORA"); kit == "" && c != "" {
		kit = filepath.Join(c, "..", "bench")
	}
	if data == "" || kit == "" {
		t.Skip("SKIPPED: VOLLEY_DATA names no data of TPC-H, or VOLLEY_BENCH no answers")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED: no python3 to compare answers with")
	}
	tables := filepath.Join(data, "tpch-1")
	a, err := app.Open(app.Options{Threads: 2, Tables: tables})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := serve.Start(serve.New(a), serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	for name, dsn := range map[string]string{"local": "volley://local?threads=2&tables=" + url.QueryEscape(tables), "server": "grpc://" + s.Addr().String()} {
		db, err := sql.Open("volley", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for n := 1; n <= 22; n++ {
			query := fmt.Sprintf("q%02d", n)
			t.Run(name+"/"+query, func(t *testing.T) {
				text, err := os.ReadFile(filepath.Join(kit, "tpch", "queries", query+".sql"))
				if err != nil {
					t.Fatal(err)
				}
				out := filepath.Join(t.TempDir(), query+".csv")
				if err := writeCSV(db, strings.TrimSuffix(strings.TrimSpace(string(text)), ";"), out); err != nil {
					t.Fatal(err)
				}
				said, err := exec.Command(python, filepath.Join(kit, "compare.py"), filepath.Join(kit, "tpch", "answers", "sf1", query+".csv"), out).CombinedOutput()
				if err != nil {
					t.Errorf("%v: %s", err, said)
				}
			})
		}
	}
}

func writeCSV(db *sql.DB, query, file string) error {
	rows, err := db.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	if err := w.Write(names); err != nil {
		return err
	}
	values, cells := make([]any, len(names)), make([]string, len(names))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
		for i, v := range values {
			switch v := (*v.(*any)).(type) {
			case nil:
				cells[i] = ""
			case time.Time:
				cells[i] = v.Format(time.DateOnly)
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}
