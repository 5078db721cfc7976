package output

import (
	"bufio"
	"strings"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// delimited writes CSV (RFC 4180; NULL is an empty field without quotes, the
// empty string has them) and TSV (tabs and line ends escaped by a backslash,
// NULL is \N).
type delimited struct {
	w   *bufio.Writer
	o   Options
	tab bool
	sep byte
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
		d.text(f.Name)
	}
	return d.w.WriteByte('\n')
}

func (d *delimited) batch(s types.Schema, b *vec.Batch) error {
	for _, row := range b.Selection() {
		for i, c := range b.Cols {
			if i > 0 {
				d.w.WriteByte(d.sep)
			}
			v := c.Get(int(row))
			switch {
			case v != nil:
				d.text(cast.Format(v, s[i].Type, d.o.Zone))
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

func (d *delimited) text(t string) {
	switch {
	case d.tab:
		tsvEscapes.WriteString(d.w, t)
	case t == "" || strings.ContainsAny(t, ",\"\r\n") || strings.HasPrefix(t, "#!"):
		d.w.WriteByte('"')
		d.w.WriteString(strings.ReplaceAll(t, `"`, `""`))
		d.w.WriteByte('"')
	default:
		d.w.WriteString(t)
	}
}
