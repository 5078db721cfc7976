package output

import (
	"bufio"
	"strings"

	"github.com/volley-sql/volley/internal/screen"
	"github.com/volley-sql/volley/internal/types"
)

// tableColumn is a column of the table; its index is -1 for the one that stands
// for columns that are left out.
type tableColumn struct {
	index      int
	width      int
	right      bool // numbers stand at the right
	whole      bool // values are never cut
	name, kind string
}

// layout is a table whose columns have their widths.
type layout struct {
	cols   []tableColumn
	line   frameLines
	cut    bool // cells wider than their columns are cut; otherwise they stand out
	types  bool
	colour bool
}

// frameLines are the characters of a table's frame.
type frameLines struct {
	side, flat                string
	topLeft, topMid, topRight string
	midLeft, cross, midRight  string
	lowLeft, lowMid, lowRight string
	markdown                  bool
}

var frames = map[string]frameLines{
	"table":    {"|", "-", "+", "+", "+", "+", "+", "+", "+", "+", "+", false},
	"box":      {"│", "─", "┌", "┬", "┐", "├", "┼", "┤", "└", "┴", "┘", false},
	"markdown": {side: "|", markdown: true},
}

const (
	minText = 12 // columns that texts and names are not cut below, if they have them,
	fewText = 6  // and in tables of few columns, which are rather cut than left out
	few     = 4
	maxKind = 24 // columns that a type may make a column wide
)

// fit chooses which columns are shown and how wide they are, so that the table
// fits the screen. Numbers, dates and the like are shown whole or not at all; texts
// and names are cut. Columns are left out from the middle.
func (t *tableWriter) fit(rows [][]cell) *layout {
	l := &layout{line: frames[t.style], cut: t.o.Width > 0 && t.style != "markdown", types: t.o.Types && t.style != "markdown", colour: t.o.Colour}
	want, least := make([]int, len(t.s)), make([]int, len(t.s))
	text := minText
	if len(t.s) <= few {
		text = fewText
	}
	for i, f := range t.s {
		c := tableColumn{index: i, right: f.Type.Kind.IsNumeric(), whole: whole(f.Type), name: screen.Visible(f.Name), kind: f.Type.String()}
		if l.line.markdown {
			c.name = markdownText(c.name)
		}
		values := 0
		for _, r := range rows {
			values = max(values, r[i].width)
		}
		want[i] = max(values, screen.Width(c.name), 1)
		if l.types {
			want[i] = max(want[i], min(len(c.kind), maxKind))
		}
		if least[i] = min(want[i], text); whole(f.Type) {
			least[i] = max(values, min(screen.Width(c.name), text), 1)
		}
		if l.line.markdown {
			want[i] = max(want[i], 3)
		}
		l.cols = append(l.cols, c)
	}
	if l.cut {
		l.cols = leaveOut(l.cols, least, t.o.Width)
		limitWidths(l.cols, want, least, t.o.Width)
	} else {
		for i := range l.cols {
			l.cols[i].width = want[i]
		}
	}
	return l
}

// whole reports whether a part of a value would mislead.
func whole(t types.Type) bool {
	switch t.Kind {
	case types.Bool, types.Date, types.Timestamp, types.TimestampNTZ:
		return true
	}
	return t.Kind.IsNumeric()
}

var omitted = tableColumn{index: -1, width: 1, name: screen.Ellipsis}

// leaveOut takes columns out of the middle until the others have at least the
// columns they need. One is always left.
func leaveOut(cols []tableColumn, least []int, width int) []tableColumn {
	need := 1
	for _, c := range cols {
		need += least[c.index] + 3
	}
	if need <= width || len(cols) == 1 {
		return cols
	}
	need += omitted.width + 3
	from, to := (len(cols)+1)/2, (len(cols)+1)/2 // left out is [from, to)
	for need > width && to-from < len(cols)-1 {
		if to < len(cols) && (to-from)%2 == 0 || from <= 1 {
			need -= least[cols[to].index] + 3
			to++
		} else {
			from--
			need -= least[cols[from].index] + 3
		}
	}
	out := append([]tableColumn(nil), cols[:from]...)
	return append(append(out, omitted), cols[to:]...)
}

// limitWidths finds the limit above which no column goes, so that the table fits.
func limitWidths(cols []tableColumn, want, least []int, width int) {
	total := func(limit int) int {
		n := 1
		for i, c := range cols {
			if c.index >= 0 {
				cols[i].width = max(min(want[c.index], limit), least[c.index])
			}
			n += cols[i].width + 3
		}
		return n
	}
	low, high := 1, width
	for low < high { // the greatest limit that fits
		mid := (low + high + 1) / 2
		if total(mid) <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if over := total(low) - width; over > 0 { // the screen is narrower than one column
		for i := range cols {
			cut := min(over, cols[i].width-1)
			cols[i].width, cols[i].whole, over = cols[i].width-cut, false, over-cut
		}
	}
}

// shown is the number of columns of the result that are in the table.
func (l *layout) shown() int {
	n := 0
	for _, c := range l.cols {
		if c.index >= 0 {
			n++
		}
	}
	return n
}

func (l *layout) rule(w *bufio.Writer, left, mid, right string) {
	var b strings.Builder
	for i, c := range l.cols {
		if i == 0 {
			b.WriteString(left)
		} else {
			b.WriteString(mid)
		}
		b.WriteString(strings.Repeat(l.line.flat, c.width+2))
	}
	b.WriteString(right + "\n")
	w.WriteString(b.String())
}

func (l *layout) top(w *bufio.Writer) {
	if l.line.markdown {
		l.titles(w, func(c tableColumn) string { return c.name }, "")
		for _, c := range l.cols {
			dashes := strings.Repeat("-", c.width)
			if c.right {
				dashes = dashes[1:] + ":"
			}
			w.WriteString("| " + dashes + " ")
		}
		w.WriteString("|\n")
		return
	}
	f := l.line
	l.rule(w, f.topLeft, f.topMid, f.topRight)
	l.titles(w, func(c tableColumn) string { return c.name }, "\x1b[1m")
	if l.types {
		l.titles(w, func(c tableColumn) string { return c.kind }, "\x1b[2m")
	}
	l.rule(w, f.midLeft, f.cross, f.midRight)
}

// titles writes a line of the header, whose texts stand in the middle.
func (l *layout) titles(w *bufio.Writer, text func(tableColumn) string, style string) {
	for _, c := range l.cols {
		s := text(c)
		if l.cut || c.index < 0 {
			s = screen.Cut(s, c.width)
		}
		space := max(c.width-screen.Width(s), 0)
		before := (space + 1) / 2
		if l.line.markdown {
			before = 0
		}
		if l.colour && style != "" && s != "" {
			s = style + s + "\x1b[0m"
		}
		l.put(w, s, before, space-before)
	}
	w.WriteString(l.line.side + "\n")
}

const spaces = "                                                                "

func (l *layout) put(w *bufio.Writer, s string, before, after int) {
	w.WriteString(l.line.side)
	pad(w, before+1)
	w.WriteString(s)
	pad(w, after+1)
}

func pad(w *bufio.Writer, n int) {
	for n > len(spaces) {
		w.WriteString(spaces)
		n -= len(spaces)
	}
	w.WriteString(spaces[:n])
}

func (l *layout) row(w *bufio.Writer, row []cell) error {
	for _, c := range l.cols {
		x := cell{text: screen.Ellipsis, width: 1}
		if c.index >= 0 {
			x = row[c.index]
		}
		if x.width > c.width && l.cut && !c.whole {
			x.text = screen.Cut(x.text, c.width)
			x.width = screen.Width(x.text)
		}
		space := max(c.width-x.width, 0)
		if x.null && l.colour {
			x.text = "\x1b[2m" + x.text + "\x1b[0m"
		}
		if c.right {
			l.put(w, x.text, space, 0)
		} else {
			l.put(w, x.text, 0, space)
		}
	}
	_, err := w.WriteString(l.line.side + "\n")
	return err
}

// gap stands for rows that are left out.
func (l *layout) gap(w *bufio.Writer) {
	row := make([]cell, 0, len(l.cols))
	for _, c := range l.cols {
		for c.index >= len(row) {
			row = append(row, cell{text: "⋮", width: 1})
		}
	}
	l.row(w, row)
}

func (l *layout) bottom(w *bufio.Writer) {
	if !l.line.markdown {
		l.rule(w, l.line.lowLeft, l.line.lowMid, l.line.lowRight)
	}
}

// markdownText keeps what Markdown would take for its own from being so.
func markdownText(s string) string {
	if !strings.ContainsAny(s, "\\`*_<[|&~") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) && isASCIIPunct(s[i+1]) || i+1 == len(s) { // elsewhere it is itself
				b.WriteByte('\\')
			}
		case '`', '*', '<', '[', '|', '&', '~':
			b.WriteByte('\\')
		case '_': // within words it is no emphasis
			if i == 0 || i+1 == len(s) || !wordByte(s[i-1]) || !wordByte(s[i+1]) {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func wordByte(c byte) bool {
	return c == '_' || c >= utf8Self || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

const utf8Self = 0x80

func isASCIIPunct(c byte) bool {
	return c > 0x20 && c < 0x7f && !wordByte(c) || c == '_'
}
