package lineedit

// frame lays out what is to be seen. In view, a text higher than the screen
// shows the part around the cursor; else all of it is there.
func (e *Editor) frame(view bool) frame {
	width, height := e.tty.size()
	s := e.shape(width)
	var spans []Span
	if e.Highlight != nil {
		spans = e.Highlight(e.s)
	}
	rows := s.rows(e.s, spans)
	r, col := s.place(rows, e.s, e.cursor)
	if !view {
		return frame{rows: rows, row: r, col: col}
	}
	below := e.helpers(s.width, max(height/2, 1))
	if room := max(height-len(below), 1); len(rows) > room {
		e.top = min(max(e.top, r-room+1), r, len(rows)-room)
		rows, r = rows[e.top:e.top+room], r-e.top
	} else {
		e.top = 0
	}
	return frame{rows: append(rows[:len(rows):len(rows)], below...), row: r, col: col}
}

func (e *Editor) shape(width int) shape {
	if width <= 1 {
		width = 80
	}
	return shape{width: max(width-1, 4), first: e.First, second: e.Second}
}

// helpers are rows below the text: the menu of completion, or the search.
func (e *Editor) helpers(width, most int) []row {
	switch {
	case e.search != nil:
		return []row{e.search.row(width)}
	case e.menu != nil:
		return e.menu.rows(width, most)
	}
	return nil
}

// moveRow moves the cursor n rows up or down, if there are that many.
func (e *Editor) moveRow(n int) bool {
	width, _ := e.tty.size()
	s := e.shape(width)
	rows := s.rows(e.s, nil)
	r, col := s.place(rows, e.s, e.cursor)
	if r+n < 0 || r+n >= len(rows) {
		return false
	}
	if e.goal < 0 {
		e.goal = col
	}
	e.cursor = s.offset(rows, e.s, r+n, e.goal)
	return true
}
