package lineedit

import (
	"strings"

	"github.com/volley-sql/volley/internal/screen"
)

// Span is a part of a text, in bytes, and the escape sequence of its colour.
type Span struct {
	From, To int
	Style    string
}

const styleEnd = "\x1b[0m"

// row is one row of the screen: what is written there, its width, and the
// part of the text it shows.
type row struct {
	out      string
	width    int
	from, to int
	indent   int // columns of the prompt before the text
}

// tabStop is the distance of the columns that a tab goes to.
const tabStop = 4

// shape is how the characters of a text take their places: prompts stand
// before lines, and lines that are too long go on in the next row.
type shape struct {
	width         int // columns that may be used
	first, second Prompt
}

// Prompt is a text before a line and the escape sequence of its colour.
type Prompt struct{ Text, Style string }

func (p Prompt) String() string {
	if p.Style == "" {
		return p.Text
	}
	return p.Style + p.Text + styleEnd
}

// rows lays a text out. spans must be in order and not overlap.
func (s shape) rows(text string, spans []Span) []row {
	b := rowBuilder{shape: s, spans: spans}
	b.begin(0, s.first)
	for i := 0; i < len(text); {
		if text[i] == '\n' {
			b.end(i)
			i++
			b.begin(i, s.second)
			continue
		}
		i += b.add(text[i:], i)
	}
	b.end(len(text))
	return b.rows
}

type rowBuilder struct {
	shape
	spans []Span
	rows  []row
	cur   row
	out   strings.Builder
	style string // in force in out
}

func (b *rowBuilder) begin(from int, p Prompt) {
	if screen.Width(p.Text) > b.width/2 { // the text matters more
		p = Prompt{}
	}
	b.cur = row{from: from, width: screen.Width(p.Text), indent: screen.Width(p.Text)}
	b.out.Reset()
	b.out.WriteString(p.String())
	b.style = ""
}

func (b *rowBuilder) end(to int) {
	b.setStyle("")
	b.cur.to, b.cur.out = to, b.out.String()
	b.rows = append(b.rows, b.cur)
}

func (b *rowBuilder) setStyle(s string) {
	if s == b.style {
		return
	}
	if b.style != "" {
		b.out.WriteString(styleEnd)
	}
	b.out.WriteString(s)
	b.style = s
}

// add puts the first character of rest, which is at offset i, in its place.
func (b *rowBuilder) add(rest string, i int) int {
	c, shown, w := b.cell(rest, b.cur.width-b.cur.indent)
	if b.cur.width+w > b.width && b.cur.width > 0 {
		b.end(i)
		b.begin(i, Prompt{})
		c, shown, w = b.cell(rest, 0)
	}
	for len(b.spans) > 0 && b.spans[0].To <= i {
		b.spans = b.spans[1:]
	}
	style := ""
	if len(b.spans) > 0 && b.spans[0].From <= i {
		style = b.spans[0].Style
	}
	b.setStyle(style)
	b.out.WriteString(shown)
	b.cur.width += w
	return len(c)
}

// cell is the first character of a text, what stands for it on the screen, and
// how wide that is in column col of its line.
func (s shape) cell(rest string, col int) (c, shown string, width int) {
	c, width = screen.Next(rest)
	switch {
	case c == "\t":
		width = tabStop - col%tabStop
		return c, strings.Repeat(" ", width), width
	case len(c) == 1 && c[0] >= 0x20 && c[0] < 0x7f:
		return c, c, width
	}
	if shown = screen.Visible(c); shown != c {
		shown = screen.Cut(shown, s.width)
		return c, shown, screen.Width(shown)
	}
	return c, c, width
}

// place is the row and column of an offset of the text.
func (s shape) place(rows []row, text string, offset int) (r, col int) {
	for r = len(rows) - 1; r > 0 && rows[r].from > offset; r-- {
	}
	col = rows[r].indent
	for i := rows[r].from; i < offset && i < rows[r].to; {
		c, _, w := s.cell(text[i:], col-rows[r].indent)
		col, i = col+w, i+len(c)
	}
	return r, col
}

// offset is the place in the text nearest to a column of a row.
func (s shape) offset(rows []row, text string, r, col int) int {
	at, i := rows[r].indent, rows[r].from
	for i < rows[r].to {
		c, _, w := s.cell(text[i:], at-rows[r].indent)
		if at+w > col {
			break
		}
		at, i = at+w, i+len(c)
	}
	if i == rows[r].to && r+1 < len(rows) && rows[r+1].from == i && i > rows[r].from { // that place is shown in the next row
		t := text[rows[r].from:i]
		last := 0
		for k := 0; k < len(t); {
			c, _ := screen.Next(t[k:])
			last, k = k, k+len(c)
		}
		return rows[r].from + last
	}
	return i
}
