// Package mysql reads MySQL-flavoured statements into planner/ast. Queries,
// INSERT, UPDATE, DELETE and CREATE TABLE go through
// github.com/xwb1989/sqlparser and a translator; everything about the session
// and the catalog (SET, SHOW, DESCRIBE, DROP, USE …) is spelt alike in both
// dialects and goes to planner/parse.
//
//	text ── sqlparser ──► its tree ── translator ──► ast
//
// Where MySQL means something else by the same words, the translator writes
// what MySQL means in Spark's terms: a division by zero is NULL (/, DIV and %
// divide by nullif(x, 0)), || is OR, columns without alias are named after
// their text, GROUP_CONCAT is listagg, DATE_FORMAT's pattern is rewritten.
// What is kept as the engine has it: strings compare by bytes and not by a
// collation, casts of bad text fail, LIMIT takes no part in an UPDATE.
//
// sqlparser's tree has no positions: errors of syntax have their place, those
// found later have none, and nodes have no spans.
package mysql

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
)

// maxDepth bounds the nesting of a statement, as in planner/parse.
const maxDepth = 2000

// Statement parses one statement. A semicolon may end it.
func Statement(sql string) (ast.Statement, error) {
	s, err := statement(sql)
	if err != nil {
		return nil, shift(err, 0, sql)
	}
	return s, nil
}

func statement(sql string) (ast.Statement, error) {
	words, err := head(sql)
	if err != nil {
		return nil, err
	}
	switch words[0] {
	case "SELECT", "(", "INSERT", "UPDATE", "DELETE":
		return translate(sql)
	case "EXPLAIN":
		return explain(sql)
	case "CREATE":
		if at := queryAfterAs(sql); at >= 0 {
			return createAs(sql, at)
		}
		switch words[1] {
		case "TABLE":
			return translate(sql)
		case "INDEX", "UNIQUE", "FULLTEXT":
			return nil, unsupported("CREATE INDEX").At(0)
		}
	case "REPLACE":
		if words[1] == "INTO" || words[1] == "" {
			return nil, unsupported("REPLACE").At(0)
		}
	}
	return parse.Statement(sql)
}

// head returns the first two words of the statement in upper case.
func head(sql string) (words [2]string, err error) {
	n := 0
	for _, t := range parse.Tokens(clip(sql)) {
		if t.Kind == parse.TokenComment {
			continue
		}
		words[n] = strings.ToUpper(sql[t.From:t.To])
		if n++; n == len(words) {
			break
		}
	}
	if words[0] == "" || words[0] == ";" {
		_, err = parse.Statement(sql)
	}
	return words, err
}

// clip is a beginning of the statement that is long enough for its first words.
func clip(sql string) string {
	const enough = 64 << 10
	return sql[:min(len(sql), enough)]
}

// explain parses EXPLAIN [mode] with a MySQL query behind it.
func explain(sql string) (ast.Statement, error) {
	for _, t := range parse.Tokens(sql) {
		if t.Kind != parse.TokenKeyword && t.Kind != parse.TokenOperator {
			continue
		}
		if w := strings.ToUpper(sql[t.From:t.To]); w == "SELECT" || w == "(" {
			inner, err := statement(sql[t.From:])
			if err != nil {
				return nil, shift(err, t.From, sql)
			}
			outer, err := parse.Statement(sql[:t.From] + " SELECT 1")
			if e, ok := outer.(*ast.Explain); ok {
				e.Statement = inner
			}
			return outer, err
		}
	}
	return parse.Statement(sql)
}

// queryAfterAs returns the offset of the query of CREATE … AS query, or -1.
func queryAfterAs(sql string) int {
	depth, as := 0, false
	for _, t := range parse.Tokens(sql) {
		w := strings.ToUpper(sql[t.From:t.To])
		if as && (w == "SELECT" || w == "(") {
			return t.From
		}
		as = false
		switch {
		case w == "(":
			depth++
		case w == ")":
			depth--
		case depth == 0 && w == "AS" && t.Kind == parse.TokenKeyword:
			as = true
		}
	}
	return -1
}

// createAs parses CREATE TABLE or VIEW … AS with a MySQL query at offset at.
func createAs(sql string, at int) (ast.Statement, error) {
	inner, err := statement(sql[at:])
	if err != nil {
		return nil, shift(err, at, sql)
	}
	query, ok := inner.(*ast.Query)
	outer, err := parse.Statement(sql[:at] + " SELECT 1")
	if err != nil || !ok {
		return nil, shift(err, 0, sql)
	}
	switch s := outer.(type) {
	case *ast.CreateTable:
		s.Query = query
	case *ast.CreateView:
		s.Query = query
	default:
		return nil, unsupported("this CREATE statement").At(0)
	}
	return outer, nil
}

// shift moves the place of an error in a part of a statement into the whole.
func shift(err error, by int, sql string) error {
	if e := sqlerr.As(err); e != nil {
		if e.Pos >= 0 {
			e.Pos += by
		}
		e.Source = sql
	}
	return err
}

func unsupported(format string, args ...any) *sqlerr.Error {
	return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: "+format+" in the dialect mysql.", args...)
}

// translate runs the statement through sqlparser and the translator.
func translate(sql string) (st ast.Statement, err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(*sqlerr.Error); ok {
				st, err = nil, e
			} else {
				st, err = nil, sqlerr.New(sqlerr.ParseSyntaxError, "The MySQL parser gave up: %v.", r)
			}
		}
		err = sqlerr.At(err, 0)
	}()
	if e := typedLiteral(sql); e != nil {
		return nil, e
	}
	tree, err := sqlparser.ParseStrictDDL(strings.TrimRight(sql, "; \t\r\n"))
	if err != nil {
		return nil, syntaxError(sql, err)
	}
	t := &translator{}
	return t.statement(tree), nil
}

// typedLiteral refuses DATE '…' and its like, which sqlparser takes for a
// column called date with a string for an alias.
func typedLiteral(sql string) error {
	typed := false
	for _, t := range parse.Tokens(sql) {
		if typed && t.Kind == parse.TokenString {
			return unsupported("a literal of the form DATE '…'; a plain string will do").At(t.From)
		}
		switch strings.ToUpper(sql[t.From:t.To]) {
		case "DATE", "TIME", "TIMESTAMP":
			typed = true
		default:
			typed = false
		}
	}
	return nil
}

var placePattern = regexp.MustCompile(`(?s)^(.*) at position (\d+)(?: near '(.*)')?$`)

// syntaxError gives sqlparser's message the place it names. Its position is
// that of the byte after the token.
func syntaxError(sql string, err error) error {
	m := placePattern.FindStringSubmatch(err.Error())
	if m == nil {
		return sqlerr.New(sqlerr.ParseSyntaxError, "Syntax error: %s.", err.Error()).At(0)
	}
	after, _ := strconv.Atoi(m[2])
	pos := min(max(after-1, 0), len(sql))
	if strings.Contains(m[1], "nesting") {
		return sqlerr.New(sqlerr.StatementTooComplex, "The statement nests too deep for the MySQL parser.").At(pos)
	}
	near := m[3]
	if near == "" {
		near = strings.TrimSpace(sql[max(pos-1, 0):pos])
	}
	if start := pos - len(near); near != "" && start >= 0 && strings.EqualFold(sql[start:pos], near) {
		pos = start
	} else if i := strings.LastIndex(sql[:pos], near); near != "" && i >= 0 {
		pos = i
	}
	if r := []rune(near); len(r) > 60 {
		near = string(r[:60]) + "…"
	}
	return sqlerr.New(sqlerr.ParseSyntaxError, "Syntax error at or near '%s' in the dialect mysql.", near).At(pos)
}

// translator turns sqlparser's tree into ast. Errors unwind as panics with a
// *sqlerr.Error, which translate catches.
type translator struct{ depth int }

func (t *translator) fail(format string, args ...any) { panic(unsupported(format, args...)) }

// enter counts a level of nesting; every call has its leave.
func (t *translator) enter() {
	if t.depth++; t.depth > maxDepth {
		panic(sqlerr.New(sqlerr.StatementTooComplex, "The statement nests deeper than %d levels.", maxDepth))
	}
}

func (t *translator) leave() { t.depth-- }

func (t *translator) statement(n sqlparser.Statement) ast.Statement {
	switch n := n.(type) {
	case sqlparser.SelectStatement:
		return t.query(n)
	case *sqlparser.Insert:
		return t.insert(n)
	case *sqlparser.Update:
		return t.update(n)
	case *sqlparser.Delete:
		return t.delete(n)
	case *sqlparser.DDL:
		return t.createTable(n)
	}
	t.fail("this statement")
	return nil
}
