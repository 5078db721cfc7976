package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	fsql "github.com/volley-sql/volley/flight/sql"
)

// Conn is what a connection of this package can besides database/sql; get it by
//
//	db.Conn(ctx) … c.Raw(func(x any) error { a := x.(driver.Conn); … })
//
// or by Arrow.
type Conn interface {
	driver.Conn
	// QueryArrow runs a query and yields its records, which are lent. The
	// sequence is single-use and must be used; leaving its loop ends the query.
	QueryArrow(ctx context.Context, query string, args ...any) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error)
	// Ingest writes records to a table: all of them or none. It returns how many rows there were.
	Ingest(ctx context.Context, to IngestTarget, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (int64, error)
}

// IngestTarget says where Ingest writes, and what it does about a table that is there.
type IngestTarget = fsql.IngestTarget

// What Ingest does about a table that exists.
const (
	FailIfExists    = fsql.FailIfExists
	AppendIfExists  = fsql.AppendIfExists
	ReplaceIfExists = fsql.ReplaceIfExists
)

// Arrow calls f with a connection of db as a Conn. The connection is f's until it returns.
func Arrow(ctx context.Context, c *sql.Conn, f func(Conn) error) error {
	return c.Raw(func(x any) error {
		a, ok := x.(Conn)
		if !ok {
			return fmt.Errorf("the connection is a %T, not one of Volley", x)
		}
		return f(a)
	})
}

// QueryArrow implements Conn.
func (c *conn) QueryArrow(ctx context.Context, query string, args ...any) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
		if n, ok := a.(sql.NamedArg); ok {
			named[i].Name, named[i].Value = n.Name, n.Value
		}
		if err := c.CheckNamedValue(&named[i]); err != nil {
			return nil, nil, err
		}
	}
	r, err := c.QueryContext(ctx, query, named)
	if err != nil {
		return nil, nil, err
	}
	rs := r.(*rows)
	return rs.schema, func(yield func(arrow.RecordBatch, error) bool) {
		defer rs.Close()
		for {
			rec, err := rs.record()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}, nil
}

// Ingest implements Conn.
func (c *conn) Ingest(ctx context.Context, to IngestTarget, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (int64, error) {
	n, err := c.s.Ingest(ctx, to, schema, rows)
	return n, c.failed(err)
}

// copyBatch is how many rows CopyFrom sends in a record.
const copyBatch = 16_384

// CopyFrom writes rows to a table that exists, all of them or none, much faster
// than INSERT does. table is name or schema.name; columns may be left out if the
// rows have all of them. Rows have a value a column, as arguments of statements.
func CopyFrom(ctx context.Context, c *sql.Conn, table string, columns []string, rows iter.Seq2[[]any, error]) (n int64, err error) {
	err = Arrow(ctx, c, func(x Conn) error {
		to := IngestTarget{Table: table, Exists: AppendIfExists}
		if schema, name, ok := strings.Cut(table, "."); ok {
			to.Schema, to.Table = schema, name
		}
		schema, err := x.(*conn).columns(ctx, to, columns)
		if err != nil {
			return err
		}
		n, err = x.Ingest(ctx, to, schema, records(schema, rows))
		return err
	})
	return n, err
}

// columns finds the types of a table's columns.
func (c *conn) columns(ctx context.Context, to IngestTarget, names []string) (*arrow.Schema, error) {
	schemaName := to.Schema
	if schemaName == "" {
		_, schemaName = c.s.Current()
	}
	match := func(t fsql.TableName) bool {
		return strings.EqualFold(t.Name, to.Table) && (t.Schema == "" || strings.EqualFold(t.Schema, schemaName))
	}
	for t, err := range c.s.Tables(ctx, match, true) {
		if err != nil {
			return nil, c.failed(err)
		}
		if len(names) == 0 {
			return t.Columns, nil
		}
		var fields []arrow.Field
		for _, n := range names {
			i := fieldIndex(t.Columns, n)
			if i < 0 {
				return nil, fmt.Errorf("the table %s has no column %s", to.Table, n)
			}
			fields = append(fields, t.Columns.Field(i))
		}
		return arrow.NewSchema(fields, nil), nil
	}
	return nil, fmt.Errorf("there is no table %s", to.Table)
}

func fieldIndex(s *arrow.Schema, name string) int {
	for i, f := range s.Fields() {
		if strings.EqualFold(f.Name, name) {
			return i
		}
	}
	return -1
}

// records makes records of rows. They are lent.
func records(schema *arrow.Schema, rows iter.Seq2[[]any, error]) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		n, line := 0, 0
		flush := func() bool {
			rec := b.NewRecordBatch()
			defer rec.Release()
			n = 0
			return yield(rec, nil)
		}
		for row, err := range rows {
			line++
			if err == nil && len(row) != schema.NumFields() {
				err = fmt.Errorf("row %d has %d values for %d columns", line, len(row), schema.NumFields())
			}
			for i := 0; err == nil && i < len(row); i++ {
				if err = appendAny(b.Field(i), row[i]); err != nil {
					err = fmt.Errorf("row %d, column %s: %w", line, schema.Field(i).Name, err)
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if n++; n == copyBatch && !flush() {
				return
			}
		}
		if n > 0 {
			flush()
		}
	}
}
