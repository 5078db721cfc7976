package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// Limits that keep every recursion over a tree, here and in later stages,
// within a small part of the stack.
const (
	maxNesting = 2000   // of expressions, queries, types and relations in each other
	maxHeight  = 10_000 // of the tree; chains such as a + b + c … add to it
)

// maxText is the longest statement that spans can address.
const maxText = 1<<31 - 2

// Statement parses one statement. A semicolon may end it.
func Statement(sql string) (ast.Statement, error) {
	return run(sql, (*parser).wholeStatement)
}

// Options are what settings change about the language.
type Options struct {
	// QuotedNames makes text in double quotes a name, as
	// spark.sql.ansi.doubleQuotedIdentifiers has it.
	QuotedNames bool
	// Reserved refuses reserved words as names, as
	// spark.sql.ansi.enforceReservedKeywords has it.
	Reserved bool
	// MaxDepth is how deep the parts of a statement may nest in each other; 0: 2000.
	MaxDepth int
}

// With is Statement under options.
func With(sql string, o Options) (ast.Statement, error) {
	if len(sql) > maxText {
		return nil, tooLong()
	}
	return runOptions(lexer{src: sql, quotedNames: o.QuotedNames}, o, (*parser).wholeStatement)
}

func tooLong() error {
	return sqlerr.New(sqlerr.StatementTooComplex, "The statement is longer than 2 GiB.")
}

// Expr parses one scalar expression.
func Expr(sql string) (ast.Expr, error) { return run(sql, (*parser).expr) }

// Type parses a type such as decimal(10,2) or array<struct<a:int>>.
func Type(sql string) (types.Type, error) {
	t, err := run(sql, (*parser).typeName)
	return t.Type, err
}

// Columns parses a schema as DataFrame readers take it: a INT, b STRING NOT NULL.
func Columns(sql string) ([]ast.ColumnDef, error) {
	return run(sql, func(p *parser) []ast.ColumnDef { return commas(p, p.columnDef) })
}

// Name parses a possibly qualified name.
func Name(sql string) (ast.Name, error) { return run(sql, (*parser).name) }

func run[T any](sql string, f func(*parser) T) (T, error) {
	var zero T
	if len(sql) > maxText {
		return zero, tooLong()
	}
	return runLexer(lexer{src: sql}, f)
}

func runLexer[T any](l lexer, f func(*parser) T) (T, error) { return runOptions(l, Options{}, f) }

func runOptions[T any](l lexer, o Options, f func(*parser) T) (T, error) {
	var zero T
	p := &parser{lexer: l, reserved: o.Reserved, nesting: o.MaxDepth}
	if p.nesting == 0 {
		p.nesting = maxNesting
	}
	p.tok = p.lexer.next(0)
	if p.tok.kind == tBad {
		p.checkToken()
	}
	v := f(p)
	if p.tok.kind != tEOF {
		p.unexpected("the end of the statement")
	}
	if p.err != nil {
		p.err.Source = l.src
		return zero, p.err
	}
	return v, nil
}

// parser is a recursive-descent parser. The first error sticks: it moves the
// parser to the end of the text, where every rule finds nothing and returns,
// so rules need not check for errors and must return usable (never nil) nodes.
type parser struct {
	lexer
	tok      token // the current token
	prev     token // the token before it
	ahead    token // the token after it, if hasAhead
	hasAhead bool
	err      *sqlerr.Error

	reserved bool // reserved words are no names
	nesting  int  // the most that depth may be
	depth    int  // rules that nest, see enter
	height   int  // of the highest tree built since the last reset, see grow
	params   int  // ? seen so far
	// operandDone is an operand whose text is consumed already: the next
	// expression begins with it.
	operandDone ast.Expr
	lits        []ast.Literal // literals are allocated in chunks
}

// failAt records an error unless there is one, and ends the parse.
func (p *parser) failAt(pos int, c *sqlerr.Condition, format string, args ...any) *sqlerr.Error {
	e := sqlerr.New(c, format, args...).At(pos)
	p.fail(e)
	return e
}

// fail is failAt with an error at hand.
func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = sqlerr.As(err)
	}
	p.tok = token{kind: tEOF, pos: len(p.src), end: len(p.src)}
	p.hasAhead = false
}

// unexpected is the error of a token no rule wants. What was wanted instead
// may be empty.
func (p *parser) unexpected(wanted string) {
	if p.err != nil {
		return
	}
	t, hint := p.tok, ""
	if word, at, ok := p.misspelt(wanted); ok {
		t, hint = at, "Did you mean "+word+"?"
	}
	near := "end of input"
	if t.kind != tEOF {
		near = "'" + clip(p.text(t)) + "'"
	}
	if wanted != "" {
		wanted = ", expected " + wanted
	}
	e := p.failAt(t.pos, sqlerr.ParseSyntaxError, "Syntax error at or near %s%s.", near, wanted)
	if e.Hint = hint; t.kind != tEOF {
		e.End = t.end
	}
}

// clip shortens a piece of the statement for a message.
func clip(s string) string {
	if r := []rune(s[:min(len(s), 400)]); len(s) > 400 || len(r) > 60 {
		return string(r[:min(60, len(r))]) + "…"
	}
	return s
}

func (p *parser) text(t token) string { return p.src[t.pos:t.end] }

// advance moves to the next token and returns the one it leaves.
func (p *parser) advance() token {
	t := p.tok
	if t.kind == tEOF {
		return t
	}
	p.prev = t
	if p.hasAhead {
		p.tok, p.hasAhead = p.ahead, false
	} else {
		p.tok = p.next(t.end)
	}
	if p.tok.kind == tBad {
		p.checkToken()
	}
	return t
}

// checkToken turns a bad token into an error.
func (p *parser) checkToken() {
	t := p.tok
	switch t.kw {
	case "/*":
		p.failAt(t.pos, sqlerr.UnclosedComment, "Found an unclosed bracketed comment. Please, append */ at the end of the comment.")
	case "":
		p.failAt(t.pos, sqlerr.ParseSyntaxError, "Syntax error at or near '%s'.", clip(p.text(t)))
	default:
		p.failAt(t.pos, sqlerr.ParseSyntaxError, "Syntax error at or near '%s': the quote %s is not closed.", clip(p.text(t)), t.kw)
	}
}

// peek returns the token after the current one.
func (p *parser) peek() token {
	if p.tok.kind == tEOF {
		return p.tok
	}
	if !p.hasAhead {
		p.ahead, p.hasAhead = p.next(p.tok.end), true
	}
	return p.ahead
}

// after returns the token after t.
func (p *parser) after(t token) token {
	if t.kind == tEOF || t.kind == tBad {
		return t
	}
	return p.next(t.end)
}

// is reports whether the current token is the keyword or operator kw.
func (p *parser) is(kw string) bool { return p.tok.kw == kw && p.tok.kind != tBad }

// isSeq reports whether the next tokens are the given keywords or operators.
func (p *parser) isSeq(kws ...string) bool {
	t := p.tok
	for i, kw := range kws {
		if i > 0 {
			t = p.after(t)
		}
		if t.kw != kw || t.kind == tBad {
			return false
		}
	}
	return true
}

// isAny reports whether the current token is one of kws.
func (p *parser) isAny(kws ...string) bool {
	if p.tok.kw == "" {
		return false
	}
	for _, kw := range kws {
		if p.is(kw) {
			return true
		}
	}
	return false
}

// accept consumes the keywords or operators if they come next, all or none.
func (p *parser) accept(kws ...string) bool {
	if !p.isSeq(kws...) {
		return false
	}
	for range kws {
		p.advance()
	}
	return true
}

// acceptAny consumes the current token if it is one of kws.
func (p *parser) acceptAny(kws ...string) bool {
	if p.isAny(kws...) {
		p.advance()
		return true
	}
	return false
}

// expect consumes the keywords or operators or fails.
func (p *parser) expect(kws ...string) {
	for _, kw := range kws {
		if !p.accept(kw) {
			if len(kw) <= 2 && kw != "BY" && kw != "AS" && kw != "ON" && kw != "IN" && kw != "TO" && kw != "OF" {
				kw = "'" + kw + "'"
			}
			p.unexpected(kw)
			return
		}
	}
}

// from makes the span from pos to the last consumed token.
func (p *parser) from(pos int) ast.Span { return ast.At(pos, max(pos, p.prev.end)) }

// enter counts a rule that can nest in itself. Every call has its leave; a
// rule that enter refuses must not recurse.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > p.nesting {
		p.failAt(p.tok.pos, sqlerr.StatementTooComplex, "The statement nests deeper than %d levels.", p.nesting).
			Hint = "The setting volley.parser.maxDepth is the limit."
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// grow adds a level on top of the trees built since reset. Together they
// bound the height of trees that are built by loops:
//
//	h := p.reset()
//	… parse the operands, and call p.grow() for each node on top of them
//	p.merge(h)
func (p *parser) grow() {
	p.height++
	if p.height > maxHeight {
		p.failAt(p.tok.pos, sqlerr.StatementTooComplex, "The statement has a chain of more than %d operators.", maxHeight)
	}
}

func (p *parser) reset() int {
	h := p.height
	p.height = 0
	return h
}

func (p *parser) merge(h int) { p.height = max(p.height, h) }

// commas parses one or more items with commas between them.
func commas[T any](p *parser, item func() T) []T {
	out := []T{item()}
	for p.accept(",") {
		out = append(out, item())
	}
	return out
}

// parens parses items in parentheses.
func parens[T any](p *parser, item func() T) []T {
	p.expect("(")
	out := commas(p, item)
	p.expect(")")
	return out
}

// isName reports whether t can be a name.
func isName(t token) bool { return t.kind == tIdent || t.kind == tQuoted }

// ident parses one name; every keyword will do.
func (p *parser) ident() string {
	t := p.tok
	switch {
	case t.kw == "IDENTIFIER" && p.isSeq("IDENTIFIER", "("):
		n := p.identifierClause()
		if n.Expr != nil || len(n.Parts) != 1 {
			p.failAt(t.pos, sqlerr.TooManyNameParts, "IDENTIFIER at this place must be a literal with one name part.")
			return ""
		}
		return n.Parts[0]
	case t.kind == tIdent && p.reserved && reserved()[t.kw]:
		p.unexpected("a name")
		return ""
	case t.kind == tIdent:
		p.advance()
		return p.text(t)
	case t.kind == tQuoted:
		p.advance()
		return p.nameValue(t)
	}
	p.unexpected("a name")
	return ""
}

// name parses a possibly qualified name.
func (p *parser) name() ast.Name {
	pos := p.tok.pos
	var n ast.Name
	if p.isSeq("IDENTIFIER", "(") {
		n = p.identifierClause()
	} else {
		n.Parts = []string{p.ident()}
	}
	for p.is(".") && p.err == nil {
		p.advance()
		n.Parts = append(n.Parts, p.ident())
	}
	n.Span = p.from(pos)
	return n
}

// identifierClause parses IDENTIFIER(expr). A literal, or literals put
// together with ||, give their name here.
func (p *parser) identifierClause() ast.Name {
	pos := p.tok.pos
	p.expect("IDENTIFIER", "(")
	e := p.expr()
	p.expect(")")
	n := ast.Name{Span: p.from(pos), Expr: e}
	if s, ok := constantText(e); ok && p.err == nil {
		if strings.TrimSpace(s) == "" {
			p.failAt(pos, sqlerr.ParseEmptyStatement, "Syntax error, unexpected empty statement.")
		}
		parts, err := Name(s)
		if err != nil {
			p.failAt(pos, sqlerr.ParseSyntaxError, "Syntax error in the argument of IDENTIFIER: '%s' is no name.", clip(s))
		}
		n.Parts, n.Expr = parts.Parts, nil
	}
	return n
}

func constantText(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.Literal:
		return e.Text, e.Kind == ast.LitString
	case *ast.Binary:
		l, ok := constantText(e.L)
		r, ok2 := constantText(e.R)
		return l + r, ok && ok2 && e.Op == ast.OpConcat
	}
	return "", false
}

// str parses a string literal, adjacent ones put together.
func (p *parser) str() string {
	if p.tok.kind != tString {
		p.unexpected("a string")
		return ""
	}
	s := p.stringValue(p.advance())
	if p.tok.kind != tString {
		return s
	}
	var b strings.Builder
	b.WriteString(s)
	for p.tok.kind == tString {
		b.WriteString(p.stringValue(p.advance()))
	}
	return b.String()
}

// badExpr stands for an expression that could not be parsed.
func (p *parser) badExpr() ast.Expr { return &ast.Literal{} }
