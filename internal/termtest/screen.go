// Package termtest is a terminal for tests: a screen that programs write to, and
// a person who types at it and waits for what it shows.
package termtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/screen"
)

// Screen is a terminal as far as Volley needs one. Like most terminals
// it breaks rows that become too long when it gets narrower.
type Screen struct {
	Width, Height int
	Row, Col      int
	// Paste says that pastes are marked; Hidden that the cursor is not shown.
	Paste, Hidden bool
	// Above are the rows that were scrolled away.
	Above []string
	// Fail is told of what programs should not do: sequences that are not known
	// here, control characters, and moves beyond the screen.
	Fail func(string)
	// Margin says that the last column is not to be written.
	Margin bool

	cells   [][]string // a character at each column; "" follows a wide one
	pending string     // the beginning of a sequence
}

// NewScreen makes an empty screen.
func NewScreen(width, height int) *Screen {
	return &Screen{Width: width, Height: height, Fail: func(string) {}, cells: make([][]string, height)}
}

// Lines are the rows of the screen, without empty ones at its end.
func (s *Screen) Lines() []string {
	out := []string{}
	for _, r := range s.cells {
		out = append(out, rowText(r))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// All are the rows above the screen and on it.
func (s *Screen) All() []string { return append(append([]string(nil), s.Above...), s.Lines()...) }

func (s *Screen) String() string {
	return fmt.Sprintf("%s\n(cursor at row %d, column %d of %d×%d)", strings.Join(s.Lines(), "\n"), s.Row, s.Col, s.Width, s.Height)
}

func rowText(cells []string) string { return strings.TrimRight(strings.Join(cells, ""), " ") }

// Resize gives the screen another size.
func (s *Screen) Resize(width, height int) {
	var cells [][]string
	row, col := 0, 0
	for i, r := range s.cells {
		if i > s.Row && len(r) == 0 {
			continue
		}
		if i == s.Row {
			row, col = len(cells)+s.Col/width, s.Col%width
		}
		for len(r) > width {
			cells, r = append(cells, r[:width:width]), r[width:]
		}
		cells = append(cells, r)
	}
	for len(cells) > height {
		s.Above = append(s.Above, rowText(cells[0]))
		cells, row = cells[1:], row-1
	}
	for len(cells) < height {
		cells = append(cells, nil)
	}
	s.Width, s.Height, s.cells, s.Row, s.Col = width, height, cells, max(row, 0), col
}

func (s *Screen) down() {
	if s.Row < s.Height-1 {
		s.Row++
		return
	}
	s.Above = append(s.Above, rowText(s.cells[0]))
	s.cells = append(s.cells[1:], nil)
}

func (s *Screen) put(c string, w int) {
	if w == 0 {
		if s.Col > 0 && s.Col <= len(s.cells[s.Row]) {
			s.cells[s.Row][s.Col-1] += c
		}
		return
	}
	if s.Margin && s.Col+w >= s.Width {
		s.Fail(fmt.Sprintf("%q is written in the last column", c))
	}
	if s.Col+w > s.Width {
		s.down()
		s.Col = 0
	}
	r := s.cells[s.Row]
	for len(r) < s.Col+w {
		r = append(r, " ")
	}
	r[s.Col] = c
	if w == 2 {
		r[s.Col+1] = ""
	}
	s.cells[s.Row] = r
	s.Col += w
}

// Write shows what a program sends. Sequences may be cut anywhere.
func (s *Screen) Write(p []byte) (int, error) {
	in := s.pending + string(p)
	s.pending = ""
	for in != "" {
		switch c := in[0]; {
		case c == '\r':
			s.Col, in = 0, in[1:]
		case c == '\n':
			s.down()
			in = in[1:]
		case c == '\b':
			s.Col, in = max(0, s.Col-1), in[1:]
		case c == 0x1b:
			n := sequence(in)
			if n == 0 {
				s.pending = in
				return len(p), nil
			}
			s.escape(in[:n])
			in = in[n:]
		case c < 0x20 || c == 0x7f:
			s.Fail(fmt.Sprintf("the control character %q is sent", c))
			in = in[1:]
		default:
			end := strings.IndexFunc(in, func(r rune) bool { return r < 0x20 || r == 0x7f })
			if end < 0 {
				end = len(in)
			}
			s.text(in[:end])
			in = in[end:]
		}
	}
	return len(p), nil
}

func (s *Screen) text(run string) {
	for run != "" {
		c, w := screen.Next(run)
		s.put(c, w)
		run = run[len(c):]
	}
}

// sequence is the length of the sequence that in begins with, 0 if it is not whole.
func sequence(in string) int {
	if len(in) < 2 {
		return 0
	}
	if in[1] != '[' {
		return 2
	}
	for i := 2; i < len(in); i++ {
		if in[i] >= 0x40 && in[i] <= 0x7e {
			return i + 1
		}
	}
	return 0
}

func (s *Screen) escape(seq string) {
	if seq[1] != '[' {
		s.Fail(fmt.Sprintf("an unknown sequence is sent: %q", seq))
		return
	}
	op := seq[2:]
	kind := op[len(op)-1]
	n, err := strconv.Atoi(op[:len(op)-1])
	if err != nil {
		n = 1
	}
	switch {
	case kind == 'm':
	case op == "?25l" || op == "?25h":
		s.Hidden = kind == 'l'
	case op == "?2004h" || op == "?2004l":
		s.Paste = kind == 'h'
	case kind == 'A':
		if s.Row-n < 0 {
			s.Fail(fmt.Sprintf("the cursor goes %d rows up from row %d", n, s.Row))
		}
		s.Row = max(0, s.Row-n)
	case kind == 'B':
		s.Row = min(s.Height-1, s.Row+n)
	case kind == 'C':
		s.Col = min(s.Width-1, s.Col+n)
	case op == "K":
		s.clip()
	case op == "J":
		s.clip()
		for r := s.Row + 1; r < s.Height; r++ {
			s.cells[r] = nil
		}
	case op == "2J":
		clear(s.cells)
	case op == "3J":
		s.Above = nil
	case op == "H":
		s.Row, s.Col = 0, 0
	default:
		s.Fail(fmt.Sprintf("an unknown sequence is sent: %q", seq))
	}
}

// clip takes off what is right of the cursor.
func (s *Screen) clip() { s.cells[s.Row] = s.cells[s.Row][:min(s.Col, len(s.cells[s.Row]))] }
