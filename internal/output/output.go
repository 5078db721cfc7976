// Package output prints query results: as tables for people, as delimited
// text, JSON, Markdown, Parquet and Arrow for programs. Results are read once, as a stream;
// only the table forms hold rows back: those they show if there is a limit, else
// as many as it takes to find the widths of columns.
package output

import (
	"bufio"
	"io"
	"slices"
	"strings"
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
	// BinaryStyle is how texts show BINARY values: UTF-8, BASIC, BASE64, HEX or
	// HEX_DISCRETE; empty is each format's own way, which JSON always has.
	BinaryStyle string
	// Width is the terminal's number of columns, 0 for no limit; MaxRows the
	// rows a table shows before it leaves out the middle, 0 for all; MaxCell the
	// columns that a value may take, 0 for no limit.
	Width, MaxRows, MaxCell int
	// Colour has headers, types and NULL stand out.
	Colour bool
	// Header puts column names first (csv, tsv).
	Header bool
	// Types adds a line of types under the header (table, box).
	Types bool
	// Footer adds a line with the number of rows (table, box).
	Footer bool
	// Note, if not nil, is asked for the end of the footer once all rows are there.
	Note func() string
}

// writer prints one result. Rows are given as text cells; nil cells are NULL.
type writer interface {
	header(s types.Schema) error
	batch(s types.Schema, b *vec.Batch) error
	// end prints what was held back; n is the number of rows.
	end(n int64) error
}

// Formats lists the names of formats that users may choose. Write knows one
// more: "text", for results that are one text of many lines.
var Formats = []string{"table", "box", "csv", "tsv", "json", "jsonl", "markdown", "parquet", "arrow"}

// Known reports whether format is one of Formats.
func Known(format string) bool { return slices.Contains(Formats, format) }

// Binary reports whether a format is a file of bytes, not text.
func Binary(format string) bool { return format == "parquet" || format == "arrow" }

// Tabular reports whether a format is made for people to read on a screen.
func Tabular(format string) bool { return format == "table" || format == "box" || format == "text" }

// Write prints rows to w and returns how many there were. An error of the
// stream is returned after what came before it has been flushed.
func Write(w io.Writer, format string, s types.Schema, rows vec.Stream, o Options) (int64, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	dst := &stickyWriter{w: w}
	buf := bufio.NewWriterSize(dst, 64<<10)
	var out writer
	switch format {
	case "table", "box", "markdown":
		out = &tableWriter{w: buf, o: o, style: format}
	case "csv", "tsv":
		out = newDelimited(buf, o, format == "tsv")
	case "json", "jsonl":
		out = &jsonWriter{w: buf, o: o, lines: format == "jsonl"}
	case "parquet":
		out = &parquetWriter{w: buf}
	case "arrow":
		out = &arrowWriter{w: buf}
	case "text":
		out = &textWriter{w: buf, o: o}
	default:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "There is no output format %q.", format).
			WithHint("Formats are %s.", strings.Join(Formats, ", "))
	}
	if o.BinaryStyle != "" && !Binary(format) && format != "json" && format != "jsonl" {
		s, rows = styled(s, rows, o.BinaryStyle)
	}
	n, err := run(out, s, rows, dst)
	if ferr := buf.Flush(); err == nil {
		err = ferr
	}
	return n, err
}

// stickyWriter remembers the first error, so that a query whose reader has
// gone is not run to its end.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

func run(out writer, s types.Schema, rows vec.Stream, dst *stickyWriter) (n int64, err error) {
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
		if dst.err != nil {
			return n, dst.err
		}
	}
	return n, out.end(n)
}
