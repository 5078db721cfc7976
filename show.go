package volley

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// ShowOption changes what Show prints.
type ShowOption func(*showOptions)

type showOptions struct {
	rows, truncate int
}

// ShowRows has Show print up to n rows instead of 20; a negative n is all of them.
func ShowRows(n int) ShowOption { return func(o *showOptions) { o.rows = n } }

// ShowTruncate has Show cut values to n columns of the screen instead of 20; 0 leaves them whole.
func ShowTruncate(n int) ShowOption { return func(o *showOptions) { o.truncate = max(n, 0) } }

// Show prints the first rows as a table, with values cut to a readable width.
// Not more is computed than it takes. Print prints all rows whole.
func (df *DataFrame) Show(ctx context.Context, w io.Writer, opts ...ShowOption) error {
	o := showOptions{rows: 20, truncate: 20}
	for _, f := range opts {
		f(&o)
	}
	some := df
	if o.rows >= 0 && df.err == nil && !df.none {
		some = df.Limit(o.rows + 1)
	}
	res, err := some.run(ctx)
	if err != nil {
		return public(df.place(err))
	}
	if len(res.Schema) == 0 {
		return nil
	}
	rows, more := res.Rows, false
	if o.rows >= 0 {
		rows = first(res.Rows, o.rows, &more)
	}
	if _, err = output.Write(w, "table", res.Schema, rows, output.Options{Zone: zone(res.Settings), MaxCell: o.truncate}); err == nil && more {
		plural := "s"
		if o.rows == 1 {
			plural = ""
		}
		_, err = fmt.Fprintf(w, "only showing top %d row%s\n", o.rows, plural)
	}
	return public(df.place(err))
}

// first passes n rows on, and notes in more whether there was another.
func first(in vec.Stream, n int, more *bool) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			if b.Rows() > n {
				cut := *b
				cut.Sel = b.Selection()[:n]
				*more = true
				yield(&cut, nil)
				return
			}
			n -= b.Rows()
			if !yield(b, nil) {
				return
			}
		}
	}
}

// Print prints all rows in a format: table, box, csv, tsv, json, jsonl or markdown.
func (df *DataFrame) Print(ctx context.Context, w io.Writer, format string) error {
	if !output.Known(format) {
		return public(sqlerr.New(sqlerr.InvalidParameterValue, "There is no output format %q.", format))
	}
	res, err := df.run(ctx)
	if err != nil {
		return public(err)
	}
	if len(res.Schema) == 0 {
		return nil
	}
	_, err = output.Write(w, format, res.Schema, res.Rows, output.Options{Zone: zone(res.Settings), Null: "NULL", Header: true})
	return public(df.place(err))
}

// ColumnType is a column of a DataFrame.
type ColumnType struct {
	Name string
	// Type is the type as SQL writes it in lower case, such as "decimal(12,2)".
	Type     string
	Nullable bool
}

// DTypes are the columns and their types.
func (df *DataFrame) DTypes() ([]ColumnType, error) {
	s, err := df.schema()
	if err != nil {
		return nil, public(err)
	}
	out := make([]ColumnType, len(s))
	for i, f := range s {
		out[i] = ColumnType{f.Name, f.Type.String(), f.Nullable}
	}
	return out, nil
}

// PrintSchema prints the columns with their types as a tree.
func (df *DataFrame) PrintSchema(w io.Writer) error {
	s, err := df.schema()
	if err != nil {
		return public(err)
	}
	var b strings.Builder
	b.WriteString("root\n")
	for _, f := range s {
		printField(&b, " |", f.Name, f.Type, fmt.Sprintf("(nullable = %t)", f.Nullable))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func printField(b *strings.Builder, lead, name string, t types.Type, note string) {
	kind := t.String()
	switch t.Kind {
	case types.Array:
		kind = "array"
	case types.Map:
		kind = "map"
	case types.Struct:
		kind = "struct"
	}
	b.WriteString(strings.TrimRight(fmt.Sprintf("%s-- %s: %s %s", lead, name, kind, note), " ") + "\n")
	lead += "    |"
	switch t.Kind {
	case types.Array:
		printField(b, lead, "element", t.Elem(), "")
	case types.Map:
		printField(b, lead, "key", t.Key(), "")
		printField(b, lead, "value", t.Value(), "")
	case types.Struct:
		for _, f := range t.Children() {
			printField(b, lead, f.Name, f.Type, fmt.Sprintf("(nullable = %t)", f.Nullable))
		}
	}
}
