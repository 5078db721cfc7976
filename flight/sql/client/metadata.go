package client

import (
	"context"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/flight/sql"
)

// Catalogs implements sql.Metadata.
func (s *Session) Catalogs(ctx context.Context) ([]string, error) {
	var out []string
	info, err := s.fs.GetCatalogs(ctx)
	for r, err := range s.listed(ctx, info, err) {
		if err != nil {
			return nil, err
		}
		out = append(out, cell(r.rec, 0, r.row))
	}
	return out, nil
}

// Schemas implements sql.Metadata.
func (s *Session) Schemas(ctx context.Context, catalog string) ([]sql.SchemaName, error) {
	o := &flightsql.GetDBSchemasOpts{}
	if catalog != "" {
		o.Catalog = &catalog
	}
	var out []sql.SchemaName
	info, err := s.fs.GetDBSchemas(ctx, o)
	for r, err := range s.listed(ctx, info, err) {
		if err != nil {
			return nil, err
		}
		out = append(out, sql.SchemaName{Catalog: cell(r.rec, 0, r.row), Schema: cell(r.rec, 1, r.row)})
	}
	return out, nil
}

// Tables implements sql.Metadata.
func (s *Session) Tables(ctx context.Context, match func(sql.TableName) bool, withSchema bool) iter.Seq2[sql.Table, error] {
	return func(yield func(sql.Table, error) bool) {
		info, err := s.fs.GetTables(ctx, &flightsql.GetTablesOpts{IncludeSchema: withSchema})
		for r, err := range s.listed(ctx, info, err) {
			if err != nil {
				yield(sql.Table{}, err)
				return
			}
			t := sql.Table{TableName: sql.TableName{
				Catalog: cell(r.rec, 0, r.row), Schema: cell(r.rec, 1, r.row), Name: cell(r.rec, 2, r.row), Type: sql.TableType(cell(r.rec, 3, r.row)),
			}}
			if match != nil && !match(t.TableName) {
				continue
			}
			if withSchema {
				b := r.rec.Column(4).(*array.Binary).Value(r.row)
				if t.Columns, err = flight.DeserializeSchema(b, memory.DefaultAllocator); err != nil {
					yield(t, err)
					return
				}
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

type listedRow struct {
	rec arrow.RecordBatch
	row int
}

// listed yields the rows of a metadata call, which are lent.
func (s *Session) listed(ctx context.Context, info *flight.FlightInfo, err error) iter.Seq2[listedRow, error] {
	return func(yield func(listedRow, error) bool) {
		if err != nil {
			yield(listedRow{}, Error(err))
			return
		}
		for rec, err := range s.rows(ctx, info) {
			if err != nil {
				yield(listedRow{}, err)
				return
			}
			for i := range int(rec.NumRows()) {
				if !yield(listedRow{rec, i}, nil) {
					return
				}
			}
		}
	}
}

func cell(r arrow.RecordBatch, col, row int) string {
	c := r.Column(col)
	if c.IsNull(row) {
		return ""
	}
	return c.ValueStr(row)
}
