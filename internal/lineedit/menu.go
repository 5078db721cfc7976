package lineedit

import (
	"fmt"
	"strings"

	"github.com/volley-sql/volley/internal/screen"
)

// menu shows what completion proposes, and which of it is chosen.
type menu struct {
	found  []Candidate
	chosen int // -1 if none
	base   text
	prefix int // length of the text that candidates replace
	first  int // first line of the menu in view
}

// complete puts in what all candidates have in common, and shows a menu if there are several.
func (e *Editor) complete() {
	prefix, found := e.Complete(e.s, e.cursor)
	if len(found) == 0 || !strings.HasSuffix(e.s[:e.cursor], prefix) {
		return
	}
	e.save("")
	if len(found) == 1 {
		e.put(e.text, len(prefix), found[0], true)
		return
	}
	if shared := common(found); len(shared) > len(prefix) {
		e.put(e.text, len(prefix), Candidate{Text: shared, Open: true}, true)
		prefix = shared
	}
	e.menu = &menu{found: found, chosen: -1, base: e.text, prefix: len(prefix)}
}

// put writes a candidate in the place of the prefix before the cursor of base;
// a space is put after it when it is settled, unless something follows it.
func (e *Editor) put(base text, prefix int, c Candidate, settled bool) {
	e.text = base
	e.cut(e.cursor-prefix, e.cursor)
	e.insert(c.Text)
	if settled && !c.Open {
		if rest := e.s[e.cursor:]; rest == "" || rest[0] == '\n' {
			e.insert(" ")
		}
	}
}

// common is what all candidates begin with, in the spelling of the first.
func common(found []Candidate) string {
	out := found[0].Text
	for _, c := range found[1:] {
		n := 0
		for n < len(out) && n < len(c.Text) && strings.EqualFold(out[:n+1], c.Text[:n+1]) {
			n++
		}
		out = out[:n]
	}
	for out != "" && !validEnd(out, found[0].Text) {
		out = out[:len(out)-1]
	}
	return out
}

func validEnd(s, of string) bool { return len(s) == len(of) || of[len(s)]&0xc0 != 0x80 }

// menuKey handles an event while a menu is shown; false leaves it to the editor.
func (e *Editor) menuKey(ev event) bool {
	m := e.menu
	choose := func(i int) {
		m.chosen = (i + len(m.found)) % len(m.found)
		e.put(m.base, m.prefix, m.found[m.chosen], false)
	}
	switch ev.key {
	case "tab":
		if len(e.pending) > 0 {
			return false
		}
		choose(m.chosen + 1)
	case "shift-tab":
		choose(max(m.chosen, 0) - 1)
	case "down", "ctrl-n":
		choose(m.chosen + 1)
	case "up", "ctrl-p":
		if m.chosen < 0 {
			return false
		}
		choose(m.chosen - 1)
	case "enter":
		if m.chosen < 0 {
			return false
		}
		e.put(m.base, m.prefix, m.found[m.chosen], true)
		e.menu = nil
	case "esc", "ctrl-g":
		e.text, e.menu = m.base, nil
	case "none":
	default:
		return false
	}
	return true
}

const (
	dimmed   = "\x1b[2m"
	reversed = "\x1b[7m"
	menuRows = 12
)

// rows lays the menu out: a candidate a line with its note if any has one and they
// are few, else in columns that are read along the lines.
func (m *menu) rows(width, most int) []row {
	most = max(min(most, menuRows), 1)
	widest, noted := 0, false
	for _, c := range m.found {
		widest = max(widest, screen.Width(screen.Visible(c.Text)))
		noted = noted || c.Note != ""
	}
	widest = min(widest, width)
	across := max(1, (width+2)/(widest+2))
	if noted && len(m.found) <= menuRows {
		across = 1
	}
	lines := (len(m.found) + across - 1) / across
	room := min(lines, most)
	if lines > room {
		room = max(room-1, 1) // a line says how many there are
	}
	if at := max(m.chosen, 0) / across; at < m.first || at >= m.first+room {
		m.first = min(max(0, at-room/2), lines-room)
	}
	var out []row
	for l := m.first; l < m.first+room; l++ {
		out = append(out, m.line(l*across, min((l+1)*across, len(m.found)), widest, width))
	}
	if lines > room && most > 1 {
		s := screen.Cut(fmt.Sprintf("%d to %d of %d", m.first*across+1, min((m.first+room)*across, len(m.found)), len(m.found)), width)
		out = append(out, row{out: dimmed + s + styleEnd, width: screen.Width(s)})
	}
	return out
}

func (m *menu) line(from, to, widest, width int) row {
	var b strings.Builder
	used := 0
	for i := from; i < to; i++ {
		s := screen.Pad(screen.Cut(screen.Visible(m.found[i].Text), widest), widest)
		if i == m.chosen {
			s = reversed + s + styleEnd
		}
		if i > from {
			b.WriteString("  ")
			used += 2
		}
		b.WriteString(s)
		used += widest
		if note := m.found[i].Note; to == from+1 && note != "" && used+4 < width {
			note = screen.Cut(screen.Visible(note), width-used-2)
			b.WriteString("  " + dimmed + note + styleEnd)
			used += 2 + screen.Width(note)
		}
	}
	return row{out: b.String(), width: used}
}
