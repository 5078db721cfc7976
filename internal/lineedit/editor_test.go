package lineedit

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/internal/termtest"
)

// scripted is a device whose person follows a script: strings are sent as one
// read each, functions are called while the editor waits, pauses are no keys for a while.
type scripted struct {
	*termtest.Screen
	script []any
	mode   string
}

type pause struct{}

type resize struct{ width, height int }

func (d *scripted) raw() error                { d.mode = "raw"; return nil }
func (d *scripted) forget()                   {}
func (d *scripted) waiting() error            { d.mode = "waiting"; return nil }
func (d *scripted) restore() error            { d.mode = "restored"; return nil }
func (d *scripted) stop()                     { d.script = append([]any{"stopped"}, d.script...) }
func (d *scripted) close() error              { d.mode += ", closed"; return nil }
func (d *scripted) size() (width, height int) { return d.Width, d.Height }
func (d *scripted) write(s string) error      { io.WriteString(d.Screen, s); return nil }

func (d *scripted) read(ctx context.Context, buf []byte, wait time.Duration) (int, error) {
	for {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if len(d.script) == 0 {
			if wait >= 0 {
				return 0, errTimeout
			}
			return 0, io.EOF
		}
		next := d.script[0]
		d.script = d.script[1:]
		switch x := next.(type) {
		case string:
			n := copy(buf, x)
			if n < len(x) {
				d.script = append([]any{x[n:]}, d.script...)
			}
			return n, nil
		case func():
			x()
		case resize:
			d.Resize(x.width, x.height)
			return 0, errResized
		case pause:
			if wait >= 0 {
				return 0, errTimeout
			}
		}
	}
}

func newScreen(t *testing.T, width, height int) *termtest.Screen {
	s := termtest.NewScreen(width, height)
	s.Fail, s.Margin = func(what string) { t.Error(what) }, true
	return s
}

// begin makes an editor with a script. Texts are whole when they end in a semicolon.
func begin(t *testing.T, script ...any) (*Editor, *scripted) {
	d := &scripted{Screen: newScreen(t, 40, 12), script: script}
	return &Editor{tty: d, Options: Options{
		First: Prompt{Text: "> "}, Second: Prompt{Text: ". ", Style: dimmed}, History: &memory{},
		Done: func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), ";") },
	}}, d
}

func read(t *testing.T, e *Editor) string {
	t.Helper()
	s, err := e.Read(context.Background())
	if err != nil {
		t.Errorf("%q, %v", s, err)
	}
	return s
}

func TestEditing(t *testing.T) {
	const (
		left, right, up, down = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
		home, end, del        = "\x1b[H", "\x1bOF", "\x1b[3~"
	)
	for name, c := range map[string]struct{ keys, want string }{
		"text":              {"abc;", "abc;"},
		"lines":             {"a\rb;", "a\nb;"},
		"line feed":         {"a\nb;", "a\nb;"},
		"enter in a whole":  {"ab;" + left + left, "ab;"},
		"new line always":   {"a;\x1b\rb;", "a;\nb;"},
		"left":              {"ac" + left + "b" + right + ";", "abc;"},
		"home and end":      {"bc" + home + "a" + end + ";", "abc;"},
		"ctrl-a, ctrl-e":    {"bc\x01a\x05;", "abc;"},
		"home of a line":    {"a\rc" + home + "b" + end + ";", "a\nbc;"},
		"backspace":         {"abx\x7fc;", "abc;"},
		"backspace a line":  {"a\r\x7fb;", "ab;"},
		"delete":            {"axb" + left + left + del + "\x05;", "ab;"},
		"ctrl-d":            {"axb" + left + left + "\x04\x05;", "ab;"},
		"combining":         {"xe\u0301" + left + "\x7fy" + end + ";", "ye\u0301;"},
		"emoji":             {"a👨‍👩‍👧\x7f;", "a;"},
		"flags":             {"🇳🇴🇩🇪" + left + "x" + end + ";", "🇳🇴x🇩🇪;"},
		"kill, yank":        {"ab cd" + left + left + "\x0b\x01\x19\x05;", "cdab ;"},
		"kill twice, yank":  {"ab cd\x17\x17x\x19;", "xab cd;"},
		"kill start":        {"ab cd" + left + left + "\x15" + end + ";", "cd;"},
		"kill line's end":   {"a\rb;" + up + end + "\x0b", "ab;"},
		"alt-d":             {"ab cd\x01\x1bd\x05;", " cd;"},
		"alt-backspace":     {"ab.cd\x1b\x7fx;", "ab.x;"},
		"yank other":        {"a \x17b \x17\x19\x1by;", "a ;"},
		"words":             {"ab cd\x1bbx\x1bfy;", "ab xcdy;"},
		"ctrl-left":         {"ab cd\x1b[1;5Dx" + end + ";", "ab xcd;"},
		"transpose":         {"ba\x14;", "ab;"},
		"transpose inside":  {"bac" + left + left + "\x14\x05;", "abc;"},
		"case":              {"ab cd ef\x01\x1bu\x1bc\x1bl\x05;", "AB Cd ef;"},
		"undo":              {"ab\x17c\x1f\x1f;", "ab;"},
		"undo typing":       {"abc\x1f;", ";"},
		"quoted":            {"\x16\x09\x16\x03;", "\t\x03;"},
		"unknown keys":      {"a\x1b[15~\x1bOP\x1b[[A\x1b[12;40Rb\x1b[Ic;", "abc;"},
		"up and down":       {"abc\rde\rfgh" + left + up + up + "x" + down + down + "y;", "abxc\nde\nfghy;"},
		"kitty":             {"a\x1b[13;3ub\x1b[97;5uc" + end + ";", "a\ncb;"},
		"modify other keys": {"a\x1b[27;5;97~b" + end + ";", "ba;"},
		"paste":             {"\x1b[200~a\r\n\tb\rc;\n\x1b[201~", "a\n\tb\nc;"},
		"paste before":      {"c;\x01\x1b[200~a\n\x1b[201~" + end, "a\nc;"},
		"paste with keys":   {"\x1b[200~a\x1b[A\x03\x04\x1b[201~;", "a\x1b[A\x03\x04;"},
		"pasted tabs":       {"a\tb\t\tc;", "a\tb\t\tc;"},
		"no UTF-8":          {"a\xffb\xe2\x82;", "a\xffb\xe2\x82;"},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := begin(t, c.keys, pause{}, "\r")
			if got := read(t, e); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
			// However the bytes come, the text is the same.
			for range 20 {
				e, _ := begin(t, append(cutUp(c.keys), pause{}, "\r")...)
				if got := read(t, e); got != c.want {
					t.Errorf("in pieces: %q, not %q", got, c.want)
				}
			}
		})
	}
}

// cutUp cuts keys into pieces of any size.
func cutUp(keys string) (out []any) {
	for keys != "" {
		n := 1 + rand.IntN(min(len(keys), 6))
		out, keys = append(out, keys[:n]), keys[n:]
	}
	return out
}

// TestTypeAhead enters many texts that came at once, or in pieces.
func TestTypeAhead(t *testing.T) {
	for _, script := range [][]any{{"a;\rb\rc;\rd;\r"}, cutUp("a;\rb\rc;\rd;\r")} {
		e, d := begin(t, script...)
		var got []string
		for {
			s, err := e.Read(context.Background())
			if d.mode != "waiting" {
				t.Errorf("between texts the terminal is %s", d.mode)
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				break
			}
			got = append(got, s)
		}
		if diff := cmp.Diff([]string{"a;", "b\nc;", "d;"}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLongPaste(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(strings.Repeat("é日x", i%20) + "\n")
	}
	b.WriteString(";")
	for name, keys := range map[string]string{"bracketed": pasteBegin + b.String() + pasteEnd, "typed": strings.ReplaceAll(b.String(), "\n", "\r")} {
		e, d := begin(t, keys, pause{}, "\r")
		if got := read(t, e); got != b.String() {
			t.Errorf("%s: the text is another", name)
		}
		if n := len(d.Above); n < 5000-12 {
			t.Errorf("%s: only %d rows are left on the screen and above it", name, n)
		}
	}
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		script []any
		want   error
		text   string
	}{
		{"interrupt", []any{"abc\x03"}, ErrInterrupt, "abc"},
		{"interrupt of nothing", []any{"\x03"}, ErrInterrupt, ""},
		{"end", []any{"\x04"}, io.EOF, ""},
		{"end of the terminal", []any{"abc"}, io.EOF, "abc"},
	} {
		e, d := begin(t, c.script...)
		text, err := e.Read(context.Background())
		if !errors.Is(err, c.want) || text != c.text {
			t.Errorf("%s: %q, %v", c.name, text, err)
		}
		if d.Col != 0 || d.Row == 0 {
			t.Errorf("%s: the cursor is at %d,%d", c.name, d.Row, d.Col)
		}
		if e.History.Len() > 0 {
			t.Errorf("%s: it is in the history", c.name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	e, _ := begin(t, "abc", func() { cancel() })
	if _, err := e.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestHistory(t *testing.T) {
	const up, down = "\x1b[A", "\x1b[B"
	for name, c := range map[string]struct{ keys, want string }{
		"last":                {up, "three;"},
		"first":               {up + up + up + up, "one;"},
		"there and back":      {"x;" + up + down, "x;"},
		"through many lines":  {up + up + up + up + down + down, "three;"},
		"changes stay":        {up + "!" + up + down + ";", "three;!;"},
		"search":              {"\x12TWO", "two\nlines;"},
		"search again":        {"\x12e;\x12", "one;"},
		"search forth":        {"\x12e;\x12\x13", "three;"},
		"search narrowed":     {"\x12e\x7fw", "two\nlines;"},
		"search given up":     {"x;\x12on\x07", "x;"},
		"search, then edit":   {"\x12on\x1b[Fx;", "one;x;"},
		"search finds none":   {"x;\x12zzz", "x;"},
		"first by key":        {"\x1b<", "one;"},
		"back to the newest":  {"x;\x1b<\x1b>", "x;"},
		"page up over a line": {up + up + "\x1b[5~", "one;"},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := begin(t, c.keys, pause{}, "\r")
			for _, s := range []string{"one;", "two\nlines;", "three;"} {
				e.History.Add(s)
			}
			if got := read(t, e); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
			if n := e.History.Len(); e.History.At(n-1) != c.want {
				t.Errorf("the history ends with %q", e.History.At(n-1))
			}
		})
	}
}

func TestCompletion(t *testing.T) {
	words := []Candidate{{Text: "sales"}, {Text: "sale_items"}, {Text: "count(", Open: true}, {Text: "SELECT"}, {Text: "é1"}, {Text: "è2"}}
	for name, c := range map[string]struct {
		keys string
		want string
		menu string // a part of what is seen
	}{
		"one":               {"sel\t", "SELECT ;", ""},
		"one, open":         {"cou\t", "count(;", ""},
		"none":              {"xyz\t", "xyz;", ""},
		"shared":            {"sa\t", "sale;", "> sale\nsales       sale_items"},
		"first":             {"sa\t\t\r", "sales ;", ""},
		"second":            {"sa\t\t\t\r", "sale_items ;", ""},
		"round":             {"sa\t\t\t\t", "sales;", "> sales\n"},
		"back":              {"sa\t\x1b[Z", "sale_items;", "sales       sale_items"},
		"by arrows":         {"sa\t\x1b[B\x1b[B\x1b[A\r", "sales ;", ""},
		"given up":          {"sa\t\t\x1b", "sale;", "> sale"},
		"typed on":          {"sa\ts \t", "sales ;", ""},
		"before a word":     {"sel x\x1b[D\x1b[D\t\x1b[F", "SELECT x;", ""},
		"nothing in common": {"\t", ";", "sales"},
	} {
		t.Run(name, func(t *testing.T) {
			var script []any
			for _, k := range strings.SplitAfter(c.keys, "\t") { // a tab that other keys follow at once is pasted
				script = append(script, k, pause{})
			}
			seen := ""
			e, d := begin(t)
			d.script = append(script, func() { seen = strings.Join(d.Lines(), "\n") }, ";", pause{}, "\r")
			e.Complete = func(s string, cursor int) (string, []Candidate) {
				from := strings.LastIndexByte(s[:cursor], ' ') + 1
				prefix := s[from:cursor]
				return prefix, slices.DeleteFunc(slices.Clone(words), func(w Candidate) bool {
					return len(w.Text) < len(prefix) || !strings.EqualFold(w.Text[:len(prefix)], prefix) || prefix == "" && from > 0
				})
			}
			if got := read(t, e); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
			if !strings.Contains(seen, c.menu) {
				t.Errorf("seen is\n%s", seen)
			}
			if got := strings.Join(d.Lines(), "\n"); strings.Contains(got, "sale_items  ") {
				t.Errorf("the menu stays behind:\n%s", got)
			}
		})
	}
}

func TestMenu(t *testing.T) {
	var many []Candidate
	for i := range 100 {
		many = append(many, Candidate{Text: strings.Repeat("n", 1+i%7) + string(rune('a'+i%26))})
	}
	for _, width := range []int{1, 5, 20, 200} {
		for _, found := range [][]Candidate{many, many[:5], {{Text: "日本語の名前", Note: "a note that is long"}, {Text: "b\x1b"}}} {
			m := &menu{found: found}
			for m.chosen = -1; m.chosen < len(found); m.chosen++ {
				rows := m.rows(width, 6)
				if len(rows) > 6 {
					t.Fatalf("%d rows", len(rows))
				}
				seen := false
				for _, r := range rows {
					if r.width > width {
						t.Fatalf("%d columns in %d: %q", r.width, width, r.out)
					}
					seen = seen || strings.Contains(r.out, reversed)
				}
				if !seen && m.chosen >= 0 {
					t.Fatalf("candidate %d of %d is not seen in %d columns", m.chosen, len(found), width)
				}
			}
		}
	}
}

// TestPainting changes texts at random and holds the screen after each
// change against the same text painted on an empty one.
func TestPainting(t *testing.T) {
	pieces := []string{"a", "select ", "\t", "日本", "e\u0301", "🙂", "\x1b\r", "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x7f", "\x17", "\x0b", "\x19", "\x1f", "\x01", "\x05", "\x1b[200~x\ny\x1b[31m\nz\x1b[201~", strings.Repeat("w", 50), "\u202e"}
	r := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		width, height := 6+r.IntN(60), 2+r.IntN(20)
		e, d := begin(t)
		d.Screen = newScreen(t, width, height)
		d.Row = r.IntN(height)
		e.First = Prompt{Text: "> "}
		e.Highlight = func(s string) []Span {
			if i := strings.Index(s, "select"); i >= 0 {
				return []Span{{i, i + 6, "\x1b[1m"}}
			}
			return nil
		}
		e.state = state{goal: -1}
		if err := e.draw(); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			e.pending = []byte(pieces[r.IntN(len(pieces))])
			for len(e.pending) > 0 {
				ev, n := decode(e.pending, true)
				e.consume(n)
				e.handle(ev)
			}
			if err := e.draw(); err != nil {
				t.Fatal(err)
			}
			fresh := newScreen(t, width, height)
			p := painter{}
			f := e.frame(true)
			io.WriteString(fresh, p.paint(f))
			top := d.Row - f.row
			if top < 0 {
				t.Fatalf("the frame begins above the screen; %q", e.s)
			}
			got := d.Lines()[min(top, len(d.Lines())):]
			if diff := cmp.Diff(fresh.Lines(), got); diff != "" || d.Col != fresh.Col {
				t.Fatalf("%d×%d, text %q, cursor %d at column %d (%d): %s", width, height, e.s, e.cursor, d.Col, fresh.Col, diff)
			}
		}
	}
}

// TestTall enters a text that is higher than the screen: all of it is there afterwards.
func TestTall(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, strings.Repeat("x", i%7)+"|")
	}
	text := strings.Join(lines, "\n") + ";"
	up := strings.Repeat("\x1b[A", 25)
	var seen string
	e, d := begin(t)
	d.script = []any{pasteBegin + text + pasteEnd, up, func() { seen = strings.Join(d.Lines(), "\n") }, "\x1b[1;5F", pause{}, "\r"}
	io.WriteString(d, "before\r\n")
	if got := read(t, e); got != text {
		t.Errorf("%q", got)
	}
	if n := strings.Count(seen, "\n"); n != 11 {
		t.Errorf("%d rows are seen:\n%s", n+1, seen)
	}
	all := append(slices.Clone(d.Above), d.Lines()...)
	var want []string
	for i, l := range append([]string{"before"}, strings.Split(text, "\n")...) {
		switch i {
		case 0:
		case 1:
			l = "> " + l
		default:
			l = ". " + l
		}
		want = append(want, strings.TrimRight(l, " "))
	}
	if len(all) < len(want) || !cmp.Equal(all[len(all)-40:], want[1:]) {
		t.Errorf("left are %d rows: %s", len(all), cmp.Diff(want, all))
	}
}

func TestResize(t *testing.T) {
	e, d := begin(t)
	text := "select a, b, c from somewhere where it is so;"
	holds := func(want ...string) func() {
		return func() {
			if diff := cmp.Diff(want, d.Lines()); diff != "" {
				t.Errorf("%d×%d: %s", d.Width, d.Height, diff)
			}
		}
	}
	io.WriteString(d, "before\r\n")
	d.script = []any{
		text,
		resize{20, 12},
		holds("before", "> select a, b, c fr", "om somewhere where", "it is so;"),
		resize{12, 8},
		holds("before", "> select a,", " b, c from", "somewhere w", "here it is", "so;"),
		resize{80, 30},
		holds("before", "> "+text), "\r",
	}
	if got := read(t, e); got != text {
		t.Errorf("%q", got)
	}
}

func TestLend(t *testing.T) {
	e, d := begin(t)
	if err := e.wait(); err != nil || d.mode != "waiting" || !d.Paste {
		t.Errorf("%v, %s, paste %v", err, d.mode, d.Paste)
	}
	bad := errors.New("bad")
	if err := e.Lend(func() error {
		if d.mode != "restored" || d.Paste {
			t.Errorf("%s, paste %v", d.mode, d.Paste)
		}
		return bad
	}); !errors.Is(err, bad) || d.mode != "waiting" || !d.Paste {
		t.Errorf("%v, %s", err, d.mode)
	}
	if err := e.Close(); err != nil || d.mode != "restored, closed" || d.Paste {
		t.Errorf("%v, %s", err, d.mode)
	}
}

// FuzzKeys: no bytes do harm, and every byte is taken.
func FuzzKeys(f *testing.F) {
	for _, s := range []string{"abc\r", "\x1b[200~x\x1b[201~", "\x1b[1;5D\x1bOA\x1b\x1b[A", "\x12a\x12\t\t", "\x1b[[A\x1b[99999999999999999999u\x1b[;;;~", "\xff\xe2\x1b\xe2"} {
		f.Add(s, 30, 5)
	}
	f.Fuzz(func(t *testing.T, keys string, width, height int) {
		if width < 6 || width > 300 || height < 2 || height > 100 || len(keys) > 1000 {
			t.Skip()
		}
		e, d := begin(t)
		d.Screen = newScreen(t, width, height)
		d.script = []any{keys}
		for range 1001 {
			if _, err := e.Read(context.Background()); errors.Is(err, io.EOF) && len(d.script) == 0 {
				return
			}
		}
		t.Error("there is no end")
	})
}
