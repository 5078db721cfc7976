package lineedit

import (
	"strings"

	"github.com/volley-sql/volley/internal/screen"
)

// search is a search through the history: every key narrows it.
type search struct {
	query  string
	at     int // entry found last
	failed bool
	was    text // to come back to
	entry  int
}

func (e *Editor) beginSearch() {
	e.search = &search{at: e.History.Len(), was: e.text, entry: e.entry}
}

// find looks for the query from entry i on, in steps of dir, in any case of
// letters. Entries with the text that is shown already are passed by.
func (e *Editor) find(i, dir int, shown string) {
	s := e.search
	q := strings.ToLower(s.query)
	for ; i >= 0 && i < e.History.Len(); i += dir {
		entry := e.History.At(i)
		if n := strings.Index(strings.ToLower(entry), q); n >= 0 && entry != shown {
			s.at, s.failed = i, false
			e.text = text{s: entry, cursor: min(n, len(entry))}
			e.entry = i
			return
		}
	}
	s.failed = true
}

// searchKey handles an event during a search; false leaves it to the editor, with what was found as the text.
func (e *Editor) searchKey(ev event) bool {
	s := e.search
	switch ev.key {
	case "":
		s.query += strings.ReplaceAll(ev.text, "\n", " ")
		e.find(min(s.at, e.History.Len()-1), -1, "")
	case "backspace":
		if s.query != "" {
			t := text{s: s.query, cursor: len(s.query)}
			s.query = s.query[:t.before(len(s.query))]
			e.find(e.History.Len()-1, -1, "")
		}
	case "ctrl-r":
		e.find(s.at-1, -1, e.s)
	case "ctrl-s":
		e.find(s.at+1, 1, e.s)
	case "ctrl-g", "ctrl-c":
		e.text, e.entry, e.search = s.was, s.entry, nil
	case "esc":
		e.search = nil
	case "none":
	default:
		e.search = nil
		return false
	}
	return true
}

// row shows the search below the text.
func (s *search) row(width int) row {
	label := "search: "
	if s.failed && s.query != "" {
		label = "not found: "
	}
	out := screen.Cut(label+screen.Visible(s.query), width)
	return row{out: "\x1b[2m" + out + styleEnd, width: screen.Width(out)}
}
