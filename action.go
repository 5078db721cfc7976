package volley

import (
	"context"
	"io"
	"iter"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// run starts the query. The rows of the result must be read or broken off.
func (df *DataFrame) run(ctx context.Context) (*session.Result, error) {
	if df.err != nil {
		return nil, df.err
	}
	if df.none {
		return &session.Result{Rows: func(func(*vec.Batch, error) bool) {}}, nil
	}
	res, err := df.s.inner.Execute(ctx, df.q, session.Params{})
	if err != nil {
		return nil, df.place(err)
	}
	return res, nil
}

// rows runs the query and gives its rows. ctx ends it.
func (df *DataFrame) rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		res, err := df.run(ctx)
		if err != nil {
			yield(Row{}, public(err))
			return
		}
		names := make([]string, len(res.Schema))
		for i, f := range res.Schema {
			names[i] = f.Name
		}
		loc := zone(res.Settings)
		for b, err := range res.Rows {
			if err != nil {
				yield(Row{}, public(df.place(err)))
				return
			}
			for _, i := range b.Selection() {
				r := Row{names: names, values: make([]any, len(b.Cols))}
				for c, v := range b.Cols {
					if r.values[c], err = goValue(owned(v.Get(int(i))), res.Schema[c].Type, loc); err != nil {
						yield(Row{}, public(err))
						return
					}
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// owned copies strings, which a batch only lends.
func owned(d types.Datum) types.Datum {
	switch d := d.(type) {
	case string:
		return string([]byte(d))
	case []types.Datum:
		for i := range d {
			d[i] = owned(d[i])
		}
	case types.MapDatum:
		owned(d.Keys)
		owned(d.Values)
	}
	return d
}

// Rows runs the query and gives a row at a time. An error comes last; leaving
// the loop stops the query.
func (df *DataFrame) Rows(ctx context.Context) iter.Seq2[Row, error] { return df.rows(ctx) }

// Collect runs the query and returns all rows.
func (df *DataFrame) Collect(ctx context.Context) ([]Row, error) {
	var out []Row
	for r, err := range df.rows(ctx) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// CollectAs runs the query and scans each row into a T: a struct with a field a
// column wanted, or the type of a single column (see Row.Scan).
func CollectAs[T any](ctx context.Context, df *DataFrame) ([]T, error) {
	var out []T
	for r, err := range df.rows(ctx) {
		if err != nil {
			return nil, err
		}
		var v T
		if err := r.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Records runs the query and gives its rows as Arrow record batches. A record
// is released when the loop goes on: retain it to keep it. An error comes
// last; leaving the loop stops the query.
func (df *DataFrame) Records(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		res, err := df.run(ctx)
		if err != nil {
			yield(nil, public(err))
			return
		}
		enc := arrowvec.NewEncoder(res.Schema)
		for b, err := range res.Rows {
			if err != nil {
				yield(nil, public(df.place(err)))
				return
			}
			rec, err := enc.Record(b)
			if err != nil {
				yield(nil, public(err))
				return
			}
			more := yield(rec, nil)
			rec.Release()
			if !more {
				return
			}
		}
	}
}

// ToArrow runs the query and returns all rows as a table. The caller releases it.
func (df *DataFrame) ToArrow(ctx context.Context) (arrow.Table, error) {
	var recs []arrow.RecordBatch
	defer func() {
		for _, r := range recs {
			r.Release()
		}
	}()
	schema, err := df.Schema()
	if err != nil {
		return nil, err
	}
	for r, err := range df.Records(ctx) {
		if err != nil {
			return nil, err
		}
		r.Retain()
		recs, schema = append(recs, r), r.Schema()
	}
	return array.NewTableFromRecords(schema, recs), nil
}

// Count is the number of rows.
func (df *DataFrame) Count(ctx context.Context) (int64, error) {
	one, err := df.Agg(Call("count", 1).As("count")).First(ctx)
	if err != nil {
		return 0, err
	}
	return one.values[0].(int64), nil
}

// Take returns the first n rows.
func (df *DataFrame) Take(ctx context.Context, n int) ([]Row, error) { return df.Limit(n).Collect(ctx) }

// IsEmpty reports whether there are no rows.
func (df *DataFrame) IsEmpty(ctx context.Context) (bool, error) {
	rows, err := df.Take(ctx, 1)
	return len(rows) == 0, err
}

// First returns the first row; io.EOF says that there is none.
func (df *DataFrame) First(ctx context.Context) (Row, error) {
	rows, err := df.Take(ctx, 1)
	switch {
	case err != nil:
		return Row{}, err
	case len(rows) == 0:
		return Row{}, io.EOF
	}
	return rows[0], nil
}

// Explain is the plan of the query as text: in mode "" the physical plan, else
// extended, logical, optimized, physical, stages, cost, or analyze, which runs the query.
func (df *DataFrame) Explain(ctx context.Context, mode string) (string, error) {
	m, ok := explainModes[mode]
	if !ok {
		return "", public(sqlerr.New(sqlerr.InvalidParameterValue, "There is no mode %q of EXPLAIN.", mode))
	}
	if df.err != nil || df.none {
		return "", public(df.err)
	}
	res, err := df.s.inner.Execute(ctx, &ast.Explain{Mode: m, Statement: df.q}, session.Params{})
	if err != nil {
		return "", public(df.place(err))
	}
	rows, err := res.Collect()
	if err != nil || len(rows) == 0 {
		return "", public(err)
	}
	text, _ := rows[0][0].(string)
	return text, nil
}

var explainModes = map[string]ast.ExplainMode{
	"": ast.ExplainSimple, "simple": ast.ExplainSimple, "extended": ast.ExplainExtended, "logical": ast.ExplainLogical, "optimized": ast.ExplainOptimized,
	"physical": ast.ExplainPhysical, "stages": ast.ExplainStages, "formatted": ast.ExplainFormatted, "cost": ast.ExplainCost, "analyze": ast.ExplainAnalyze,
}

// CreateOrReplaceTempView makes the DataFrame a temporary view of its session.
func (df *DataFrame) CreateOrReplaceTempView(name string) error {
	if df.err != nil {
		return public(df.err)
	}
	return df.s.exec(df.s.ctx, &ast.CreateView{Name: ast.N(name), Replace: true, Temporary: true, Query: df.q})
}

// exec executes a statement for what it does.
func (s *Session) exec(ctx context.Context, st ast.Statement) error {
	res, err := s.inner.Execute(ctx, st, session.Params{})
	if err != nil {
		return public(err)
	}
	for _, err := range res.Rows {
		if err != nil {
			return public(err)
		}
	}
	return nil
}

// CreateDataFrame makes a DataFrame of Go values: a slice of structs (or
// pointers to them), whose fields are the columns, or of flat values, which are
// column value. The type of the slice gives the types of the columns; Decimal
// is DECIMAL(38, 18).
func (s *Session) CreateDataFrame(rows any) *DataFrame {
	v := reflect.ValueOf(rows)
	if v.Kind() != reflect.Slice {
		return s.failed(sqlerr.New(sqlerr.InvalidParameterValue, "CreateDataFrame takes a slice, not a %T.", rows))
	}
	elem := v.Type().Elem()
	record := elem
	if elem.Kind() == reflect.Pointer {
		record = elem.Elem()
	}
	fields := []structField{{name: "value", typ: elem}}
	flat := !isRecord(reflect.PointerTo(record))
	if !flat {
		fields = structFields(record)
	}
	var schema types.Schema
	for _, f := range fields {
		t, ok := sqlType(f.typ)
		if !ok {
			return s.failed(sqlerr.New(sqlerr.UnsupportedLiteralType, "The field %s has the Go type %s, which no column can have.", f.name, f.typ))
		}
		schema = append(schema, types.Field{Name: f.name, Type: t, Nullable: true})
	}
	return s.values(schema, v.Len(), func(r, c int) (ast.Expr, error) {
		x := v.Index(r)
		if flat {
			return literal(x.Interface())
		}
		if x.Kind() == reflect.Pointer {
			if x.IsNil() {
				return null(), nil
			}
			x = x.Elem()
		}
		return literal(x.FieldByIndex(fields[c].index).Interface())
	})
}
