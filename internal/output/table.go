package output

import (
	"bufio"
	"fmt"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/screen"
	"github.com/volley-sql/volley/internal/types"
)

// cell is a value as a table shows it.
type cell struct {
	text  string
	width int
	null  bool
}

// tableWriter lays rows out as a table. With a limit of rows it holds the first
// and the last ones and draws at the end. Without one it takes the widths of
// columns from the first rows and lets the others go by: cells that are wider then
// stand out, and memory does not grow with the result.
type tableWriter struct {
	w     *bufio.Writer
	o     Options
	style string
	s     types.Schema
	head  [][]cell
	tail  [][]cell // ring of the last rows once head is full
	next  int
	held  int     // bytes of the cells of head
	lay   *layout // once columns have their widths
	buf   []byte
}

// Rows that the widths of columns are taken from, if all are shown.
const (
	sampleRows  = 1000
	sampleBytes = 8 << 20
)

func (t *tableWriter) header(s types.Schema) error {
	t.s = s
	return nil
}

func (t *tableWriter) batch(_ types.Schema, b *vec.Batch) error {
	rows := b.Selection()
	if t.o.MaxRows > 0 {
		t.hold(b, rows)
		return nil
	}
	for _, r := range rows {
		row := t.cells(b, int(r))
		if t.lay != nil {
			if err := t.lay.row(t.w, row); err != nil {
				return err
			}
			continue
		}
		t.head = append(t.head, row)
		if len(t.head) >= sampleRows || t.held > sampleBytes {
			if err := t.begin(); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin draws what there is.
func (t *tableWriter) begin() error {
	t.lay = t.fit(t.head)
	t.lay.top(t.w)
	for _, r := range t.head {
		if err := t.lay.row(t.w, r); err != nil {
			return err
		}
	}
	t.head = nil
	return nil
}

// hold keeps the first rows and the last ones.
func (t *tableWriter) hold(b *vec.Batch, rows []uint16) {
	first, last := (t.o.MaxRows+1)/2, t.o.MaxRows/2
	for len(rows) > 0 && len(t.head) < first {
		t.head = append(t.head, t.cells(b, int(rows[0])))
		rows = rows[1:]
	}
	if len(rows) > last { // the others would be pushed out at once
		rows = rows[len(rows)-last:]
	}
	for _, r := range rows {
		row := t.cells(b, int(r))
		if len(t.tail) < last {
			t.tail = append(t.tail, row)
			continue
		}
		t.tail[t.next] = row
		t.next = (t.next + 1) % last
	}
}

func (t *tableWriter) cells(b *vec.Batch, r int) []cell {
	out := make([]cell, len(b.Cols))
	for i, c := range b.Cols {
		if c.Null(r) {
			out[i] = cell{text: t.null(), width: screen.Width(t.null()), null: true}
		} else {
			out[i] = t.cell(c, r, t.s[i].Type)
		}
		t.held += len(out[i].text) + 40
	}
	return out
}

func (t *tableWriter) cell(v *vec.Vec, r int, typ types.Type) cell {
	var plain bool
	if t.buf, plain = appendCell(t.buf[:0], v, r, typ, t.o.Zone); plain && (t.o.MaxCell == 0 || len(t.buf) <= t.o.MaxCell) && (t.o.Width == 0 || len(t.buf) <= t.o.Width) {
		return cell{text: string(t.buf), width: len(t.buf)}
	}
	text := ""
	if typ.Kind == types.Binary {
		text = hexText(string(t.buf), t.most())
	} else {
		text = shorten(string(t.buf), t.most())
	}
	if text = screen.Visible(text); t.o.MaxCell > 0 {
		text = screen.Cut(text, t.o.MaxCell)
	}
	if t.style == "markdown" {
		text = markdownText(text)
	} else if t.o.Width > 0 {
		text = screen.Cut(text, t.o.Width)
	}
	return cell{text: text, width: screen.Width(text)}
}

// most is how many bytes of a value can be seen, 0 for all.
func (t *tableWriter) most() int {
	n := t.o.MaxCell
	if t.style != "markdown" && t.o.Width > 0 && (n == 0 || t.o.Width < n) {
		n = t.o.Width
	}
	return n * 8
}

// shorten takes off what cannot be seen of a very long text, and leaves enough for Cut to say so.
func shorten(s string, most int) string {
	if most == 0 || len(s) <= most+utf8.UTFMax {
		return s
	}
	for most < len(s) && !utf8.RuneStart(s[most]) {
		most++
	}
	return s[:most]
}

// hexText is binary as tables show it: [00 FF].
func hexText(s string, most int) string {
	if most > 0 && len(s) > most {
		s = s[:most]
	}
	return fmt.Sprintf("[% X]", s)
}

func (t *tableWriter) null() string {
	if t.o.Null == "" {
		return "NULL"
	}
	return t.o.Null
}

func (t *tableWriter) end(n int64) error {
	if len(t.s) == 0 {
		return nil
	}
	left := int64(0)
	if t.lay == nil {
		tail := append(append([][]cell(nil), t.tail[t.next:]...), t.tail[:t.next]...)
		left = n - int64(len(t.head)+len(tail))
		t.lay = t.fit(append(append([][]cell(nil), t.head...), tail...))
		t.lay.top(t.w)
		for _, r := range t.head {
			t.lay.row(t.w, r)
		}
		if left > 0 {
			t.lay.gap(t.w)
		}
		for _, r := range tail {
			t.lay.row(t.w, r)
		}
	}
	t.lay.bottom(t.w)
	return t.footer(n, left)
}

func (t *tableWriter) footer(n, left int64) error {
	if !t.o.Footer || t.style == "markdown" {
		return nil
	}
	text := fmt.Sprintf("%d rows", n)
	if n == 1 {
		text = "1 row"
	}
	if left > 0 {
		text += fmt.Sprintf(" (%d shown)", n-left)
	}
	if shown := t.lay.shown(); shown < len(t.s) {
		text += fmt.Sprintf(", %d columns (%d shown)", len(t.s), shown)
	}
	if t.o.Note != nil {
		text += " " + t.o.Note()
	}
	_, err := t.w.WriteString(text + "\n")
	return err
}
