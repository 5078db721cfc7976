package output

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// tableWriter holds the first and last rows of a result and lays them out.
type tableWriter struct {
	w     *bufio.Writer
	o     Options
	style string
	s     types.Schema
	head  [][]string
	tail  [][]string // ring of the last rows once head is full
	next  int
}

func (t *tableWriter) header(s types.Schema) error {
	t.s = s
	return nil
}

func (t *tableWriter) batch(s types.Schema, b *vec.Batch) error {
	keep := t.o.MaxRows
	for _, row := range b.Selection() {
		cells := make([]string, len(b.Cols))
		for i, c := range b.Cols {
			v := c.Get(int(row))
			if v == nil {
				cells[i] = t.null()
			} else {
				cells[i] = printable(cast.Format(v, s[i].Type, t.o.Zone))
			}
		}
		switch {
		case keep <= 0 || len(t.head) < (keep+1)/2:
			t.head = append(t.head, cells)
		case len(t.tail) < keep-len(t.head):
			t.tail = append(t.tail, cells)
		case len(t.tail) > 0:
			t.tail[t.next] = cells
			t.next = (t.next + 1) % len(t.tail)
		}
	}
	return nil
}

func (t *tableWriter) null() string {
	if t.o.Null == "" {
		return "NULL"
	}
	return t.o.Null
}

// printable makes control characters visible, so that data cannot move the
// cursor or end a line of the table.
func printable(s string) string {
	if !strings.ContainsFunc(s, control) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case control(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// control reports characters that move the cursor, hide or reorder text.
func control(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func (t *tableWriter) end(n int64) error {
	if len(t.s) == 0 {
		return nil
	}
	tail := append(append([][]string(nil), t.tail[t.next:]...), t.tail[:t.next]...)
	left := n - int64(len(t.head)) - int64(len(tail))
	cols, widths := t.fit(append(append([][]string(nil), t.head...), tail...))

	tw := table.NewWriter()
	names, kinds := table.Row{}, table.Row{}
	var configs []table.ColumnConfig
	for place, c := range cols {
		cfg := table.ColumnConfig{Number: place + 1, WidthMax: widths[place], WidthMaxEnforcer: cut, AlignHeader: text.AlignCenter}
		if c < 0 {
			names, kinds = append(names, "…"), append(kinds, "")
		} else {
			names, kinds = append(names, printable(t.s[c].Name)), append(kinds, t.s[c].Type.String())
			if t.s[c].Type.Kind.IsNumeric() {
				cfg.Align = text.AlignRight
			}
		}
		configs = append(configs, cfg)
	}
	tw.SetColumnConfigs(configs)
	tw.AppendHeader(names)
	if t.o.Types && t.style != "markdown" {
		tw.AppendHeader(kinds)
	}
	add := func(rows [][]string) {
		for _, r := range rows {
			row := table.Row{}
			for _, c := range cols {
				if c < 0 {
					row = append(row, "…")
				} else {
					row = append(row, r[c])
				}
			}
			tw.AppendRow(row)
		}
	}
	add(t.head)
	if left > 0 {
		dots := table.Row{}
		for range cols {
			dots = append(dots, "⋮")
		}
		tw.AppendRow(dots)
	}
	add(tail)
	t.render(tw)
	t.footer(n, left, len(cols))
	return nil
}

func (t *tableWriter) render(tw table.Writer) {
	style := table.StyleDefault
	if t.style == "box" {
		style = table.StyleLight
	}
	style.Format.Header = text.FormatDefault
	tw.SetStyle(style)
	if t.style == "markdown" {
		t.w.WriteString(tw.RenderMarkdown())
	} else {
		t.w.WriteString(tw.Render())
	}
	t.w.WriteByte('\n')
}

func (t *tableWriter) footer(n, left int64, shown int) {
	if !t.o.Footer || t.style == "markdown" {
		return
	}
	rows := "rows"
	if n == 1 {
		rows = "row"
	}
	fmt.Fprintf(t.w, "%d %s", n, rows)
	if left > 0 {
		fmt.Fprintf(t.w, " (%d shown)", n-left)
	}
	if len(t.s) != shown {
		fmt.Fprintf(t.w, ", %d columns (%d shown)", len(t.s), shown-1)
	}
	if t.o.Note != nil {
		t.w.WriteString(" " + t.o.Note())
	}
	t.w.WriteByte('\n')
}

const minCell = 6

// fit chooses the columns to show (-1 stands for those left out) and the most
// characters each may take, so that the table fits the width.
func (t *tableWriter) fit(rows [][]string) (cols, widths []int) {
	want := make([]int, len(t.s))
	for i, f := range t.s {
		want[i] = text.StringWidthWithoutEscSequences(f.Name)
		if t.o.Types && t.style != "markdown" {
			want[i] = max(want[i], len(f.Type.String()))
		}
		for _, r := range rows {
			want[i] = max(want[i], text.StringWidthWithoutEscSequences(r[i]))
		}
		cols = append(cols, i)
	}
	if t.o.Width <= 0 || t.style == "markdown" {
		return cols, want
	}
	for room(cols, want, minCell) > t.o.Width && len(cols) > 3 {
		mid := len(cols) / 2
		if i := indexOf(cols, -1); i >= 0 { // widen the gap on its longer side
			cols = append(cols[:i], cols[i+1:]...)
			mid = len(cols) / 2
		}
		cols[mid] = -1
	}
	limit := max(t.o.Width, minCell)
	for room(cols, want, limit) > t.o.Width && limit > minCell {
		limit--
	}
	for _, c := range cols {
		if c < 0 {
			widths = append(widths, 1)
		} else {
			widths = append(widths, min(want[c], limit))
		}
	}
	return cols, widths
}

// room is the width of the table if no cell is wider than limit.
func room(cols, want []int, limit int) int {
	w := 1
	for _, c := range cols {
		if c < 0 {
			w += 4
		} else {
			w += min(want[c], limit) + 3
		}
	}
	return w
}

func indexOf(xs []int, x int) int {
	for i, v := range xs {
		if v == x {
			return i
		}
	}
	return -1
}

// cut shortens a cell to n characters with an ellipsis.
func cut(s string, n int) string {
	if text.StringWidthWithoutEscSequences(s) <= n {
		return s
	}
	return text.Trim(s, n-1) + "…"
}
