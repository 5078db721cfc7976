package shell

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/internal/lineedit"
)

// fixed is a session with two tables.
type fixed struct{}

func (fixed) tables() []string    { return []string{"sales", "stores", "odd name"} }
func (fixed) functions() []string { return []string{"sum", "substring", "upper"} }
func (fixed) columns(t string) []column {
	switch t {
	case "sales":
		return []column{{"store_id", "int"}, {"amount", "decimal(10,2)"}}
	case "stores":
		return []column{{"store_id", "int"}, {"city", "string"}, {"opened on", "date"}}
	case "'data.csv'":
		return []column{{"from_file", "string"}}
	}
	return nil
}

func values(cs []candidate) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.value)
	}
	return out
}

func TestComplete(t *testing.T) {
	// The cursor stands at the bar.
	for _, c := range []struct {
		text, prefix string
		want         []string // all of them
		has          []string // some of them
		hasNot       []string
	}{
		{text: "sel|", prefix: "sel", want: []string{"select"}},
		{text: "SEL|", prefix: "SEL", want: []string{"SELECT"}},
		{text: "select * from s|", prefix: "s", want: []string{"sales", "stores"}},
		{text: "select * from |", prefix: "", want: []string{"sales", "stores", "`odd name`"}},
		{text: "select am| from sales", prefix: "am", want: []string{"amount"}},
		{text: "select am|", prefix: "am", want: []string{"amount"}},
		{text: "select c| from sales join stores", prefix: "c", has: []string{"city", "case", "cast"}, hasNot: []string{"amount"}},
		{text: "select st| from sales", prefix: "st", has: []string{"store_id", "stores"}, hasNot: []string{"city"}},
		{text: "select x.| from sales as y join stores x", prefix: "", want: []string{"store_id", "city", "`opened on`"}},
		{text: "select stores.ci| from stores", prefix: "ci", want: []string{"city"}},
		{text: "select nothing.| from stores", prefix: "", want: nil},
		{text: "select fr| from 'data.csv'", prefix: "fr", want: []string{"from_file", "from"}},
		{text: "select su|", prefix: "su", has: []string{"sum(", "substring("}},
		{text: "select 1 -- fr|", prefix: "", want: nil},
		{text: ".mo|", prefix: ".mo", want: []string{".mode"}},
		{text: ".mode m|", prefix: "m", want: []string{"markdown"}},
		{text: ".schema sto|", prefix: "sto", want: []string{"stores"}},
		{text: ".timer |", prefix: "", want: []string{"on", "off"}},
		{text: ".nothing x|", prefix: "", want: nil},
		{text: "|", prefix: "", want: []string{"sales", "stores", "`odd name`"}},
	} {
		cursor := strings.IndexByte(c.text, '|')
		prefix, got := complete(c.text[:cursor]+c.text[cursor+1:], cursor, fixed{})
		if prefix != c.prefix {
			t.Errorf("%s: prefix %q, want %q", c.text, prefix, c.prefix)
		}
		vs := values(got)
		if c.has == nil {
			if d := cmp.Diff(c.want, vs); d != "" {
				t.Errorf("%s: %s", c.text, d)
			}
			continue
		}
		for _, w := range c.has {
			if !slices.Contains(vs, w) {
				t.Errorf("%s: %s is not among %v", c.text, w, vs)
			}
		}
		for _, w := range c.hasNot {
			if slices.Contains(vs, w) {
				t.Errorf("%s: %s is among %v", c.text, w, vs)
			}
		}
	}
}

// TestCompleteAnywhere puts the cursor at every place of a text: nothing may
// panic, and the prefix is what stands before the cursor.
func TestCompleteAnywhere(t *testing.T) {
	for _, text := range []string{"select `a, 'b' \"c\" /* d */ from x.y as é, sales where", ".read 'a b", "..", "select 1;.mode", "\x00\xff'"} {
		for i := range len(text) + 1 {
			if prefix, _ := complete(text, i, fixed{}); !strings.HasSuffix(text[:i], prefix) {
				t.Errorf("%q at %d: prefix %q", text, i, prefix)
			}
		}
	}
}

func TestCompletePath(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	for _, f := range []string{"sales.csv", "sales.parquet", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"select * from '" + dir + "/s":       {dir + "/sales.csv", dir + "/sales.parquet", dir + "/sub/"},
		"select * from '" + dir + "/sales.c": {dir + "/sales.csv"},
		".read " + dir + "/su":               {dir + "/sub/"},
		".read '" + dir + "/.h":              {dir + "/.hidden"},
		"select '" + dir + "/nowhere/x":      nil,
	} {
		if _, got := complete(text, len(text), fixed{}); !slices.Equal(values(got), want) {
			t.Errorf("%s: %v, want %v", text, values(got), want)
		}
	}
}

func TestEntryDone(t *testing.T) {
	for text, want := range map[string]bool{
		"":                           true,
		"  \n ":                      true,
		"select 1":                   false,
		"select 1;":                  true,
		"select 1; select 2":         false,
		"select 1; select 2;  ":      true,
		"select ';":                  false,
		"select ';'":                 false,
		"select ';';":                true,
		"select 1; -- end":           true,
		"select 1 -- ;":              false,
		"select 1 /* ; */":           false,
		"/* open ;":                  false,
		"-- only a comment":          true,
		"select `;`;":                true,
		".mode csv":                  true,
		".5 + 1":                     false,
		"exit":                       true,
		" QUIT ; ":                   true,
		"exit from":                  false,
		"select 'a\n;\nb' from x\n;": true,
	} {
		if got := entryDone(text); got != want {
			t.Errorf("entryDone(%q) = %v", text, got)
		}
	}
}

func TestParseDot(t *testing.T) {
	for _, c := range []struct {
		line, name string
		args       []string
		bad        bool
	}{
		{line: ".help", name: ".help", args: []string{}},
		{line: " .MODE  csv ; ", name: ".mode", args: []string{"csv"}},
		{line: ".read 'a b.sql'", name: ".read", args: []string{"a b.sql"}},
		{line: `.read "it""s"`, name: ".read", args: []string{`it"s`}},
		{line: ".read 'it''s' x", name: ".read", args: []string{"it's", "x"}},
		{line: ".read ''", name: ".read", args: []string{""}},
		{line: ".read 'open", bad: true},
		{line: ".conf a b", name: ".conf", args: []string{"a", "b"}},
	} {
		name, args, err := parseDot(c.line)
		if (err != nil) != c.bad || name != c.name || !slices.Equal(args, c.args) {
			t.Errorf("%s: %q %q %v", c.line, name, args, err)
		}
	}
}

func TestFindDot(t *testing.T) {
	for name, want := range map[string]string{".mode": ".mode", ".mo": ".mode", ".q": ".quit", ".s": "", ".nothing": "", ".": ""} {
		d, err := findDot(name)
		if got := d; (got == nil) != (want == "") || got != nil && got.name != want || (err != nil) != (want == "") {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	for _, d := range dots() {
		if d.run == nil || d.help == "" || d.least > d.most {
			t.Errorf("%s is not whole", d.name)
		}
		if !strings.Contains(helpText(), d.name) {
			t.Errorf("%s has no help", d.name)
		}
	}
	mode, _ := findDot(".mode")
	if mode.checkArgs([]string{"a", "b"}) == nil || mode.checkArgs(nil) != nil {
		t.Error(".mode takes one argument or none")
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{{"Sales", "sal", true}, {"sales", "s*s", true}, {"sales", "s%", true}, {"sales", "a*", false}, {"sales", "sale?", true}, {"sales", "[", false}} {
		if got := like(c.name, []string{c.pattern}); got != c.want {
			t.Errorf("%s like %s: %v", c.name, c.pattern, got)
		}
	}
}

func TestLayWords(t *testing.T) {
	if got, want := layWords([]string{"a", "bb", "c", "d", "e"}, 10), "a   c   e\nbb  d\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := layWords(nil, 10); got != "" {
		t.Errorf("%q", got)
	}
	if got, want := layWords([]string{"wider than all", "b"}, 5), "wider than all\nb\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestHighlight(t *testing.T) {
	isFunction := func(n string) bool { return n == "sum" }
	for _, text := range []string{"select sum(x), 'a\nb' from `t` -- end", "", ".mode csv", "'open", "é /* open", "select 1.5e3 <=> \x00;", "select\n  1\n;"} {
		at := 0
		for _, s := range highlight(text, isFunction) {
			if s.From < at || s.To <= s.From || s.To > len(text) {
				t.Errorf("%q: %v after %d", text, s, at)
			}
			at = s.To
		}
	}
	want := []lineedit.Span{{From: 0, To: 6, Style: bold + blue}, {From: 7, To: 10, Style: cyan}, {From: 14, To: 17, Style: green}}
	if d := cmp.Diff(want, highlight("select sum(x) 'a'", isFunction)); d != "" {
		t.Error(d)
	}
}

func TestColourDetail(t *testing.T) {
	detail := "error [X] SQLSTATE 1: Bad.\n  --> statement:1:1\n 1 | select\n   | ^\n  hint: No.\n"
	got := colourDetail(detail)
	if plain := colours.ReplaceAllString(got, ""); plain != detail {
		t.Errorf("%q became %q", detail, plain)
	}
	if !strings.Contains(got, bold+red+"^") || !strings.HasPrefix(got, bold+red+"error [X]"+reset) {
		t.Errorf("%q", got)
	}
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "history")
	h := openHistory(path)
	for _, e := range []string{"select 1;", "select 1;", "  ", "select\n 2;\n"} {
		h.Add(e)
	}
	again := openHistory(path)
	if d := cmp.Diff([]string{"select 1;", "select\n 2;"}, again.entries); d != "" || again.Len() != 2 || again.At(1) != "select\n 2;" {
		t.Error(d)
	}
	for range historySize + 1 {
		h.Add("a;")
		h.Add("b;")
	}
	if n := openHistory(path).Len(); n != historySize {
		t.Errorf("%d entries are kept", n)
	}
	if n := openHistory(path).Len(); n != historySize {
		t.Errorf("%d entries are in the file", n)
	}
	bad := openHistory(filepath.Join(path, "a file is no folder"))
	if bad.Add("select 1;"); bad.Len() != 1 {
		t.Errorf("history without a file: %d entries", bad.Len())
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{1234567: "1.23 ms", 1500 * time.Millisecond: "1.5 s", 90 * time.Second: "1m30s", 0: "0 ms"} {
		if got := took(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestPagerCommand(t *testing.T) {
	if c := pagerCommand("no-such-program-anywhere -x"); c != nil {
		t.Errorf("%v", c)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if c := pagerCommand(exe + " -a b"); c == nil || !slices.Equal(c.Args[1:], []string{"-a", "b"}) {
		t.Errorf("%v", c)
	}
}
