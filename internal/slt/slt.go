// Package slt reads and runs sqllogictest files, the form most of the
// project's tests have. A file is records parted by blank lines:
//
//	# a comment
//	statement ok
//	CREATE TEMP VIEW v AS VALUES (1, 'a'), (2, NULL)
//
//	statement error DIVIDE_BY_ZERO
//	SELECT 1 / 0
//
//	query rowsort
//	SELECT * FROM v
//	----
//	1	a
//	2	NULL
//
// Cells of a row are parted by one tab; NULL is NULL, the empty string
// (empty), a tab, line end or backslash in a cell is \t, \n, \\. "rowsort" sorts rows on both
// sides before comparing; without it order counts. "query columns" compares
// the header too: its first expected line holds the column names. "onlyif W"
// and "skipif W" before a record name a world (see Run). "user U R S" has the
// records that follow run in a session of user U with roles R and S, who has
// the rights that were given; "user" alone goes back to the session that may do
// everything. "statement error" takes
// a condition name or part of the message.
package slt

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Record is one statement or query of a file.
type Record struct {
	Line    int // of the directive, from 1
	SQL     string
	IsQuery bool
	// Error is the text the error must contain; Fails says that one is expected.
	Fails bool
	Error string

	RowSort, Columns bool
	Want             []string
	OnlyIf, SkipIf   []string
	// User is whose session runs the record, with the roles that follow the
	// name; empty: the first one.
	User string

	from, to int // lines of the expected rows in the file, for Update
}

// Parse splits the text of a file into records.
func Parse(text string) ([]Record, error) {
	lines := strings.Split(text, "\n")
	var out []Record
	var onlyIf, skipIf []string
	user := ""
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			i++
			continue
		case word == "onlyif":
			onlyIf = append(onlyIf, strings.Fields(rest)...)
			i++
			continue
		case word == "skipif":
			skipIf = append(skipIf, strings.Fields(rest)...)
			i++
			continue
		case word == "user":
			user = strings.Join(strings.Fields(rest), " ")
			i++
			continue
		case word != "statement" && word != "query":
			return nil, fmt.Errorf("line %d: expected statement or query, not %q", i+1, line)
		}
		r := Record{Line: i + 1, IsQuery: word == "query", OnlyIf: onlyIf, SkipIf: skipIf, User: user}
		onlyIf, skipIf = nil, nil
		if err := r.directive(rest); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		i++
		start := i
		for i < len(lines) && strings.TrimSpace(lines[i]) != "" && lines[i] != "----" {
			i++
		}
		r.SQL = strings.Join(lines[start:i], "\n")
		if strings.TrimSpace(r.SQL) == "" {
			return nil, fmt.Errorf("line %d: no SQL", r.Line)
		}
		r.from, r.to = i, i
		if i < len(lines) && lines[i] == "----" {
			i++
			r.from = i
			for i < len(lines) && lines[i] != "" {
				r.Want = append(r.Want, lines[i])
				i++
			}
			r.to = i
		} else if r.IsQuery {
			return nil, fmt.Errorf("line %d: query without ----", r.Line)
		}
		out = append(out, r)
	}
	return out, nil
}

func (r *Record) directive(rest string) error {
	word, arg, _ := strings.Cut(rest, " ")
	if r.IsQuery {
		for _, w := range strings.Fields(rest) {
			switch w {
			case "rowsort":
				r.RowSort = true
			case "columns":
				r.Columns = true
			case "nosort":
			default:
				return fmt.Errorf("unknown option %q of query", w)
			}
		}
		return nil
	}
	switch word {
	case "ok":
	case "error":
		r.Fails, r.Error = true, strings.TrimSpace(arg)
	default:
		return fmt.Errorf("expected statement ok or statement error, not %q", rest)
	}
	return nil
}

// Result is what an engine answers: column names, and rows of text cells (nil: NULL).
type Result struct {
	Columns []string
	Rows    [][]*string
}

// Engine runs statements of one session.
type Engine interface {
	Run(ctx context.Context, sql string) (*Result, error)
}

// Users is an engine that has sessions for several users.
type Users interface {
	Engine
	// As is the session of a user with roles, the same one for the same words.
	As(ctx context.Context, user string, roles []string) (Engine, error)
}

// as is the session that runs a record.
func (r *Record) as(ctx context.Context, e Engine) (Engine, error) {
	if r.User == "" {
		return e, nil
	}
	u, ok := e.(Users)
	if !ok {
		return nil, fmt.Errorf("line %d: the engine has no users", r.Line)
	}
	words := strings.Fields(r.User)
	return u.As(ctx, words[0], words[1:])
}

// Lines renders a result as the expected part of a record.
func (r *Record) Lines(res *Result) []string {
	var rows []string
	for _, row := range res.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = Cell(c)
		}
		rows = append(rows, strings.Join(cells, "\t"))
	}
	if r.RowSort {
		slices.Sort(rows)
	}
	if r.Columns {
		rows = append([]string{strings.Join(res.Columns, "\t")}, rows...)
	}
	return rows
}

var escapes = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`)

// Cell is the spelling of one cell (nil: NULL) in a file.
func Cell(c *string) string {
	switch {
	case c == nil:
		return "NULL"
	case *c == "":
		return "(empty)"
	}
	return escapes.Replace(*c)
}

// Failure is a record that did not do what it says.
type Failure struct {
	File string
	Line int
	Text string
}

func (f Failure) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Run runs a file's records in one session and returns how many ran and what
// failed. worlds are the names onlyif and skipif are held against. With update,
// expected rows are replaced by actual ones in the file.
func Run(ctx context.Context, file string, e Engine, worlds []string, update bool) (int, []Failure, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, nil, err
	}
	records, err := Parse(string(text))
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", file, err)
	}
	ran := 0
	var failures []Failure
	got := make([][]string, len(records))
	for i := range records {
		r := &records[i]
		if !r.in(worlds) {
			continue
		}
		ran++
		at, err := r.as(ctx, e)
		if err != nil {
			return ran, nil, err
		}
		res, err := at.Run(ctx, r.SQL)
		if res != nil && r.IsQuery {
			got[i] = r.Lines(res)
		}
		if msg := r.check(got[i], err); msg != "" {
			failures = append(failures, Failure{file, r.Line, msg + "\n" + r.SQL})
		}
	}
	if update {
		err = rewrite(file, string(text), records, got)
	}
	return ran, failures, err
}

func (r *Record) in(worlds []string) bool {
	for _, w := range r.SkipIf {
		if slices.Contains(worlds, w) {
			return false
		}
	}
	for _, w := range r.OnlyIf {
		if !slices.Contains(worlds, w) {
			return false
		}
	}
	return true
}

func (r *Record) check(got []string, err error) string {
	switch {
	case r.Fails && err == nil:
		return "succeeded, but must fail with " + r.Error
	case r.Fails && !strings.Contains(err.Error(), r.Error):
		return fmt.Sprintf("must fail with %q, but the error is: %v", r.Error, err)
	case r.Fails:
		return ""
	case err != nil:
		return "failed: " + err.Error()
	case !r.IsQuery:
		return ""
	}
	want := r.Want
	if r.RowSort {
		want = slices.Clone(want)
		if r.Columns && len(want) > 0 {
			slices.Sort(want[1:])
		} else {
			slices.Sort(want)
		}
	}
	if slices.Equal(got, want) {
		return ""
	}
	return "expected\n\t" + strings.Join(want, "\n\t") + "\nbut got\n\t" + strings.Join(got, "\n\t")
}

// rewrite puts the actual rows of queries that ran and gave rows into the file.
func rewrite(file, text string, records []Record, got [][]string) error {
	lines := strings.Split(text, "\n")
	var out []string
	at := 0
	for i, r := range records {
		if !r.IsQuery || got[i] == nil && len(r.Want) > 0 {
			continue
		}
		out = append(out, lines[at:r.from]...)
		out = append(out, got[i]...)
		at = r.to
	}
	out = append(out, lines[at:]...)
	if new := strings.Join(out, "\n"); new != text {
		return os.WriteFile(file, []byte(new), 0o644)
	}
	return nil
}
