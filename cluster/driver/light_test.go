package driver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/lower"
	"github.com/volley-sql/volley/planner/optimize"
	"github.com/volley-sql/volley/planner/parse"
)

type folder struct{ dir string }

func (f folder) Relation(ctx context.Context, name []string) (catalog.Table, *bind.View, error) {
	t, err := f.File(ctx, "parquet", filepath.Join(f.dir, name[len(name)-1]+".parquet"), nil)
	return t, nil, err
}

func (f folder) File(ctx context.Context, format, path string, options map[string]string) (catalog.Table, error) {
	return files.Open(ctx, local.New(), path, format, options, nil)
}
func (folder) HasFormat(name string) bool            { return name == "parquet" }
func (folder) Variable(name []string) *expr.Literal  { return nil }
func (folder) Function(name []string) *bind.Function { return nil }

func TestLight(t *testing.T) {
	data := os.Getenv("VOLLEY_TPCH")
	if data == "" {
		t.Skip("SKIP: no VOLLEY_TPCH")
	}
	m, _ := cluster.ParseMaster("local[2]")
	d, err := Open(Options{Master: m})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Of(map[string]string{"spark.sql.session.timeZone": "UTC"})
	fc := &function.Context{ANSI: true, TimeZone: time.UTC, Now: time.Now(), Setting: s.Get}
	qs, _ := filepath.Glob(os.Getenv("VOLLEY_QUERIES"))
	ok := 0
	for _, q := range qs {
		sql, _ := os.ReadFile(q)
		name := strings.TrimSuffix(filepath.Base(q), ".sql")
		err := func() error {
			st, err := parse.Statement(strings.TrimRight(strings.TrimSpace(string(sql)), ";"))
			if err != nil {
				return err
			}
			env := &bind.Env{Functions: reg, Resolver: folder{data}, Settings: s, Context: fc}
			p, err := bind.Query(t.Context(), env, st.(*ast.Query))
			if err != nil {
				return err
			}
			n, err := optimize.Optimize(t.Context(), p.Node, optimize.Options{Functions: reg, Fold: func(e expr.Expr) (*expr.Literal, error) { return eval.Fold(reg, fc, e) }})
			if err != nil {
				return err
			}
			ph, err := lower.Lower(t.Context(), n, lower.Options{Partitions: 1, Functions: reg})
			if err != nil {
				return err
			}
			j, err := d.Run(ph, s.Map())
			if err != nil {
				return err
			}
			out, err := os.Create(filepath.Join(os.Getenv("VOLLEY_OUT"), name+".csv"))
			if err != nil {
				return err
			}
			defer out.Close()
			for run := range 2 {
				start := time.Now()
				if run == 1 {
					j, err = d.Run(ph, s.Map())
					if err != nil {
						return err
					}
					out.Truncate(0)
					out.Seek(0, 0)
				}
				rows, err := output.Write(out, "csv", p.Schema(), j.Stream(t.Context()), output.Options{Header: true})
				if err != nil {
					return err
				}
				fmt.Printf("%s: %d rows, %v\n", name, rows, time.Since(start).Round(time.Millisecond))
			}
			return nil
		}()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			ok++
		}
	}
	fmt.Println(ok, "of", len(qs))
}
