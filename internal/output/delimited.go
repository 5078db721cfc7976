package output

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// delimited writes CSV (RFC 4180; NULL is an empty field without quotes, the
// empty string has them) and TSV (tabs and line ends escaped by a backslash,
// NULL is \N).
type delimited struct {
	w    *bufio.Writer
	o    Options
	tab  bool
	sep  byte
	cell []byte
}

func newDelimited(w *bufio.Writer, o Options, tab bool) *delimited {
	d := &delimited{w: w, o: o, tab: tab, sep: ','}
	if tab {
		d.sep = '\t'
	}
	return d
}

func (d *delimited) header(s types.Schema) error {
	if !d.o.Header {
		return nil
	}
	for i, f := range s {
		if i > 0 {
			d.w.WriteByte(d.sep)
		}
		d.text([]byte(f.Name))
	}
	return d.w.WriteByte('\n')
}

func (d *delimited) batch(s types.Schema, b *vec.Batch) error {
	for _, row := range b.Selection() {
		for i, c := range b.Cols {
			if i > 0 {
				d.w.WriteByte(d.sep)
			}
			switch {
			case !c.Null(int(row)):
				var plain bool
				if d.cell, plain = appendCell(d.cell[:0], c, int(row), s[i].Type, d.o.Zone); plain {
					d.w.Write(d.cell)
				} else {
					d.text(d.cell)
				}
			case d.tab:
				d.w.WriteString(`\N`)
			}
		}
		if err := d.w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

func (d *delimited) end(int64) error { return nil }

var tsvEscapes = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func (d *delimited) text(t []byte) {
	switch {
	case d.tab && bytes.ContainsAny(t, "\\\t\n\r"):
		tsvEscapes.WriteString(d.w, string(t))
	case d.tab:
		d.w.Write(t)
	case len(t) == 0 || needsQuotes(t):
		d.w.WriteByte('"')
		for {
			i := bytes.IndexByte(t, '"')
			if i < 0 {
				break
			}
			d.w.Write(t[:i+1])
			d.w.WriteByte('"')
			t = t[i+1:]
		}
		d.w.Write(t)
		d.w.WriteByte('"')
	default:
		d.w.Write(t)
	}
}

// needsQuotes reports whether a field of CSV would be read as something else
// without quotes; #! begins the status lines of the pipe protocol.
func needsQuotes(t []byte) bool {
	if len(t) > 1 && t[0] == '#' && t[1] == '!' {
		return true
	}
	for _, c := range t {
		if c == ',' || c == '"' || c == '\r' || c == '\n' {
			return true
		}
	}
	return false
}
