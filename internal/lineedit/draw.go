package lineedit

import (
	"fmt"
	"strings"
)

// frame is what the editor shows: rows of text, rows below it, and the cursor.
type frame struct {
	rows     []row
	row, col int // of the cursor
}

// painter brings frames onto the screen. It only moves the cursor relative to
// where it left it, so it need not know where on the screen that is: it never asks the
// terminal, whose answer would come between keys.
//
// Rows are at most one column narrower than the screen. No row wraps then, and
// no terminal's idea of the last column matters.
type painter struct {
	shown frame
}

// paint returns what turns the shown frame into next.
func (p *painter) paint(next frame) string {
	var b strings.Builder
	b.WriteString("\x1b[?25l\r")
	up(&b, p.shown.row)
	old := p.shown.rows
	for i, r := range next.rows {
		if i > 0 {
			b.WriteString("\r\n")
		}
		if i < len(old) && old[i].out == r.out {
			continue
		}
		b.WriteString(r.out)
		b.WriteString("\x1b[K")
	}
	at := len(next.rows) - 1
	if len(old) > len(next.rows) {
		b.WriteString("\r\n\x1b[J")
		at++
	}
	b.WriteString("\r")
	up(&b, at-next.row)
	if next.col > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", next.col)
	}
	b.WriteString("\x1b[?25h")
	p.shown = next
	return b.String()
}

func up(b *strings.Builder, n int) {
	if n > 0 {
		fmt.Fprintf(b, "\x1b[%dA", n)
	}
}

// resized is called when the screen has another width: returns what takes the
// shown frame off it. Terminals break the rows that have become too long.
func (p *painter) resized(width int) string {
	rows := func(w int) int { return max(1, (w+width-1)/max(width, 1)) }
	above := 0
	for i := range p.shown.row {
		above += rows(p.shown.rows[i].width)
	}
	if p.shown.rows != nil {
		above += p.shown.col / max(width, 1)
	}
	p.shown = frame{}
	var b strings.Builder
	b.WriteString("\r")
	up(&b, above)
	b.WriteString("\x1b[J")
	return b.String()
}

// leave returns what puts the cursor below the shown frame, and forgets it.
func (p *painter) leave() string {
	var b strings.Builder
	if down := len(p.shown.rows) - 1 - p.shown.row; down > 0 {
		fmt.Fprintf(&b, "\x1b[%dB", down)
	}
	b.WriteString("\r\n")
	p.shown = frame{}
	return b.String()
}
