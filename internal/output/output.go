// Package output prints query results: as tables for people, as delimited
// text, JSON and Markdown for programs. Results are read once, as a stream;
// only the table forms hold rows back, and no more than they show.
package output

import (
	"bufio"
	"io"
	"time"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Options say how to print.
type Options struct {
	// Zone shows TIMESTAMP values; nil is UTC.
	Zone *time.Location
	// Null stands for NULL in tables; CSV always leaves NULL empty.
	Null string
	// Width is the terminal's number of columns, 0 for no limit; MaxRows the
	// rows a table shows before it leaves out the middle, 0 for all.
	Width, MaxRows int
	// Header puts column names first (csv, tsv).
	Header bool
	// Types adds a line of types under the header (table, box).
	Types bool
	// Footer adds a line with the number of rows (table, box).
	Footer bool
}

// writer prints one result. Rows are given as text cells; nil cells are NULL.
type writer interface {
	header(s types.Schema) error
	batch(s types.Schema, b *vec.Batch) error
	// end prints what was held back; n is the number of rows.
	end(n int64) error
}

// Formats lists the names Write knows.
var Formats = []string{"table", "box", "csv", "tsv", "json", "jsonl", "markdown"}

// Known reports whether Write prints format.
func Known(format string) bool {
	for _, f := range Formats {
		if f == format {
			return true
		}
	}
	return false
}

// Write prints rows to w and returns how many there were. An error of the
// stream is returned after what came before it has been flushed.
func Write(w io.Writer, format string, s types.Schema, rows vec.Stream, o Options) (int64, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	buf := bufio.NewWriterSize(w, 64<<10)
	var out writer
	switch format {
	case "table", "box", "markdown":
		out = &tableWriter{w: buf, o: o, style: format}
	case "csv", "tsv":
		out = newDelimited(buf, o, format == "tsv")
	case "json", "jsonl":
		out = &jsonWriter{w: buf, o: o, lines: format == "jsonl"}
	default:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "There is no output format %q.", format).
			WithHint("Formats are table, box, csv, tsv, json, jsonl, markdown, parquet and arrow.")
	}
	n, err := run(out, s, rows)
	if ferr := buf.Flush(); err == nil {
		err = ferr
	}
	return n, err
}

func run(out writer, s types.Schema, rows vec.Stream) (n int64, err error) {
	if err := out.header(s); err != nil {
		return 0, err
	}
	for b, err := range rows {
		if err != nil {
			return n, err
		}
		n += int64(b.Rows())
		if err := out.batch(s, b); err != nil {
			return n, err
		}
	}
	return n, out.end(n)
}
