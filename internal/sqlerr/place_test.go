package sqlerr_test

import (
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
)

func TestPlaces(t *testing.T) {
	view := &sqlerr.Text{Object: "VIEW v", Source: "SELECT 1,\n\t1 / 0 AS x", Base: 100}
	places := sqlerr.Places{{From: 7, To: 12}, {Text: view, From: 111, To: 116}, {Text: view, From: 111}, {Text: &sqlerr.Text{Object: "VIEW u"}, From: 3, To: 9}}
	const statement = "SELECT 1 / 0 FROM v"
	for _, c := range []struct {
		pos        int
		text, tail string
	}{
		{sqlerr.Number(0), "(line 1, column 8)", "  --> statement:1:8\n 1 | SELECT 1 / 0 FROM v\n   |        ^^^^^\n"},
		{sqlerr.Number(1), "(VIEW v, line 2, column 2)", "  --> VIEW v:2:2\n 2 |  1 / 0 AS x\n   |  ^^^^^\n"},
		{sqlerr.Number(2), "(VIEW v, line 2, column 2)", "  --> VIEW v:2:2\n 2 |  1 / 0 AS x\n   |  ^\n"},
		{sqlerr.Number(3), "SQLSTATE: 22012", "bypass.\n"}, // the text is not known
		{sqlerr.Number(4), "SQLSTATE: 22012", "bypass.\n"}, // no such place
		{18, "(line 1, column 19)", "^\n"},
		{sqlerr.NoPos, "SQLSTATE: 22012", "bypass.\n"},
	} {
		e := sqlerr.New(sqlerr.DivideByZero, "Division by zero: bypass.").At(c.pos)
		if places.Locate(e) != error(e) {
			t.Fatal("Locate made another error")
		}
		if e.Source == "" {
			e.Source = statement
		}
		if !strings.HasSuffix(e.Error(), c.text) {
			t.Errorf("place %d: %s; want %s", c.pos, e, c.text)
		}
		if !strings.HasSuffix(e.Detail(), c.tail) {
			t.Errorf("place %d:\n%s\nwant\n%s", c.pos, e.Detail(), c.tail)
		}
	}
}

// Carets stay under the line they are about, however long line and fragment are.
func TestCarets(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, c := range []struct {
		source   string
		from, to int
		want     string
	}{
		{"a +\nb", 0, 5, " 1 | a +\n   | ^^^\n"},
		{"é / 0", 0, 6, " 1 | é / 0\n   | ^^^^^\n"},
		{"ab", 2, 0, " 1 | ab\n   |   ^\n"},
		{"ab", 7, 9, " 1 | ab\n   |   ^\n"},
	} {
		e := sqlerr.New(sqlerr.DivideByZero, "x")
		e.Source, e.Pos, e.End = c.source, c.from, c.to
		if got := e.Detail(); !strings.HasSuffix(got, c.want) {
			t.Errorf("%q %d-%d:\n%swant\n%s", c.source, c.from, c.to, got, c.want)
		}
	}
	e := sqlerr.New(sqlerr.DivideByZero, "x")
	e.Source, e.Pos, e.End = long, 100, 450
	lines := strings.Split(e.Detail(), "\n")
	if n := len([]rune(lines[3])); n > len([]rune(lines[2])) || !strings.Contains(lines[3], "^^") {
		t.Errorf("carets under %d characters:\n%s", n, e.Detail())
	}
}
