package sql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"

	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// withRights is a server that asks for rights; root may do everything.
func withRights(t *testing.T) *served {
	a, err := app.Open(app.Options{Threads: 1, Admins: []string{"root"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	e := serve.New(a)
	e.Rights = true
	return serving(t, e, serve.ServerOptions{Auth: auth.Everybody{}})
}

// words are all texts of a result, also the names in Arrow schemas.
func words(ctx context.Context, t *testing.T, c *flightsql.Client, i *flight.FlightInfo) string {
	t.Helper()
	var b strings.Builder
	for _, e := range i.GetEndpoint() {
		r, err := c.DoGet(ctx, e.GetTicket())
		if err != nil {
			t.Fatal(err)
		}
		for r.Next() {
			rec := r.RecordBatch()
			for row := range int(rec.NumRows()) {
				for col := range int(rec.NumCols()) {
					if x, ok := rec.Column(col).(*array.Binary); ok {
						s, err := flight.DeserializeSchema(x.Value(row), memory.DefaultAllocator)
						if err != nil {
							t.Fatal(err)
						}
						for _, f := range s.Fields() {
							fmt.Fprintf(&b, "%s ", f.Name)
						}
						continue
					}
					fmt.Fprintf(&b, "%s ", rec.Column(col).ValueStr(row))
				}
			}
		}
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		r.Release()
	}
	return b.String()
}

// TestRightsInProtocol: what a user may not see is in no metadata, is not
// written by ingest, and has the code PERMISSION_DENIED.
func TestRightsInProtocol(t *testing.T) {
	s := withRights(t)
	c := s.client()
	root, bob := as(t.Context(), "root"), as(t.Context(), "bob")
	for _, text := range []string{
		"CREATE SCHEMA vault", "CREATE TABLE vault.treasure (hoard INT)", "CREATE SCHEMA open", "CREATE TABLE open.hidden (hoard INT)",
		"CREATE TABLE open.part (a INT, hoard INT)", "CREATE VIEW open.seen AS SELECT a FROM open.part", "INSERT INTO open.part VALUES (1, 2)",
		"GRANT USE CATALOG ON CATALOG spark_catalog TO PUBLIC", "GRANT USE SCHEMA ON SCHEMA open TO bob", "GRANT SELECT (a) ON open.part TO bob",
		"GRANT SELECT ON open.seen TO bob",
	} {
		if _, err := c.ExecuteUpdate(root, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	lists := map[string]func(ctx context.Context) (*flight.FlightInfo, error){
		"schemas": func(ctx context.Context) (*flight.FlightInfo, error) {
			return c.GetDBSchemas(ctx, &flightsql.GetDBSchemasOpts{})
		},
		"tables": func(ctx context.Context) (*flight.FlightInfo, error) {
			return c.GetTables(ctx, &flightsql.GetTablesOpts{})
		},
		"columns": func(ctx context.Context) (*flight.FlightInfo, error) {
			return c.GetTables(ctx, &flightsql.GetTablesOpts{IncludeSchema: true})
		},
		"catalogs": func(ctx context.Context) (*flight.FlightInfo, error) { return c.GetCatalogs(ctx) },
	}
	for name, list := range lists {
		for who, ctx := range map[string]context.Context{"root": root, "bob": bob} {
			i, err := list(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got := words(ctx, t, c, i)
			for _, secret := range []string{"vault", "treasure", "hoard", "hidden"} {
				if who == "bob" && strings.Contains(got, secret) {
					t.Errorf("%s of bob name %s: %s", name, secret, got)
				}
			}
			for _, seen := range map[string][]string{"schemas": {"open"}, "tables": {"part", "seen"}, "columns": {"part a "}, "catalogs": {"spark_catalog"}}[name] {
				if who == "bob" && !strings.Contains(strings.ReplaceAll(got, "TABLE ", ""), seen) {
					t.Errorf("%s of bob do not name %s: %s", name, seen, got)
				}
			}
			if who == "root" && name != "catalogs" && !strings.Contains(got, "vault") {
				t.Errorf("%s of root: %s", name, got)
			}
		}
	}

	// Columns of a view do not name the table they come from to who may not know it.
	for who, ctx := range map[string]context.Context{"root": root, "bob": bob} {
		i, err := c.Execute(ctx, "SELECT a FROM open.seen")
		if err != nil {
			t.Fatal(err)
		}
		schema, err := flight.DeserializeSchema(i.GetSchema(), memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := schema.Field(0).Metadata.GetValue("ARROW:FLIGHT:SQL:TABLE_NAME")
		if want := map[string]string{"root": "part"}[who]; name != want {
			t.Errorf("the column is of table %q for %s, want %q", name, who, want)
		}
	}

	f := s.flight()
	ask := func(text string, code codes.Code) {
		t.Helper()
		_, err := info(bob, f, statement(text))
		wantCode(t, err, code)
		_, err = c.Prepare(bob, text)
		wantCode(t, err, code)
		_, err = f.GetSchema(bob, command(statement(text)))
		wantCode(t, err, code)
	}
	ask("SELECT * FROM open.hidden", codes.PermissionDenied)
	ask("SELECT * FROM vault.treasure", codes.NotFound)
	ask("SELECT hoard FROM open.part", codes.NotFound)
	ask("EXPLAIN SELECT * FROM open.hidden", codes.PermissionDenied)

	schema := arrow.NewSchema([]arrow.Field{{Name: "hoard", Type: arrow.PrimitiveTypes.Int32}}, nil)
	ingest := func(ctx context.Context, db, table string, exists flightsql.TableDefinitionOptionsTableExistsOption) error {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		b.Field(0).(*array.Int32Builder).Append(1)
		rec := b.NewRecordBatch()
		defer rec.Release()
		r, err := array.NewRecordReader(schema, []arrow.RecordBatch{rec})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		_, err = c.ExecuteIngest(ctx, r, &flightsql.ExecuteIngestOpts{
			Table: table, Schema: &db,
			TableDefinitionOptions: &flightsql.TableDefinitionOptions{IfNotExist: flightsql.TableDefinitionOptionsTableNotExistOptionCreate, IfExists: exists},
		})
		return err
	}
	wantCode(t, ingest(bob, "open", "hidden", flightsql.TableDefinitionOptionsTableExistsOptionAppend), codes.PermissionDenied)
	wantCode(t, ingest(bob, "open", "part", flightsql.TableDefinitionOptionsTableExistsOptionReplace), codes.PermissionDenied)
	wantCode(t, ingest(bob, "open", "fresh", flightsql.TableDefinitionOptionsTableExistsOptionFail), codes.PermissionDenied)
	wantCode(t, ingest(bob, "vault", "treasure", flightsql.TableDefinitionOptionsTableExistsOptionAppend), codes.NotFound)
	for _, text := range []string{"GRANT INSERT ON open.hidden TO bob", "GRANT CREATE ON SCHEMA open TO bob"} {
		if _, err := c.ExecuteUpdate(root, text); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, ingest(bob, "open", "hidden", flightsql.TableDefinitionOptionsTableExistsOptionAppend), codes.OK)
	wantCode(t, ingest(bob, "open", "fresh", flightsql.TableDefinitionOptionsTableExistsOptionFail), codes.OK)
	if n, err := query(bob, c, "SELECT * FROM open.fresh"); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	_, err := info(bob, f, statement("SELECT * FROM open.hidden"))
	wantCode(t, err, codes.PermissionDenied)

	// A name that a user gives in the options of a session says no more than a statement.
	for _, name := range []string{"vault", "vaulx"} {
		opt := &pb.SetSessionOptionsRequest{SessionOptions: map[string]*pb.SessionOptionValue{
			"schema": {OptionValue: &pb.SessionOptionValue_StringValue{StringValue: name}},
		}}
		r, err := c.SetSessionOptions(bob, opt)
		if err != nil || len(r.GetErrors()) != 1 {
			t.Errorf("schema %s: %v, %v", name, r, err)
		}
	}
}
