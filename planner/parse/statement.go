package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

func (p *parser) wholeStatement() ast.Statement {
	if p.tok.kind == tEOF || p.is(";") {
		p.failAt(p.tok.pos, sqlerr.ParseEmptyStatement, "Syntax error, unexpected empty statement.")
		return &ast.Query{}
	}
	s := p.statement()
	for p.accept(";") {
	}
	return s
}

// statementWords are the words a statement can begin with, for messages.
var statementWords = []string{
	"SELECT", "WITH", "VALUES", "TABLE", "FROM", "CREATE", "REPLACE", "DROP", "ALTER", "INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE",
	"SHOW", "DESCRIBE", "EXPLAIN", "SET", "RESET", "USE", "CACHE", "UNCACHE", "CLEAR", "REFRESH", "ANALYZE", "COMMENT", "DECLARE", "EXECUTE", "GRANT", "REVOKE",
}

// statement parses one statement without what may follow it.
func (p *parser) statement() ast.Statement {
	if !p.enter() {
		p.leave()
		return &ast.Query{}
	}
	defer p.leave()
	switch p.tok.kw {
	case "SELECT", "VALUES", "TABLE", "FROM", "(":
		return p.query()
	case "WITH":
		pos := p.tok.pos
		q := &ast.Query{}
		p.with(q)
		if p.is("INSERT") {
			s := p.insert()
			if ins, ok := s.(*ast.Insert); ok {
				ins.With = q.With
			}
			return s
		}
		return p.queryAfterWith(pos, q)
	case "CREATE", "REPLACE":
		return p.create()
	case "DROP":
		return p.drop()
	case "ALTER":
		return p.alter()
	case "COMMENT":
		return p.commentOn()
	case "INSERT":
		return p.insert()
	case "DELETE":
		return p.delete()
	case "UPDATE":
		return p.update()
	case "MERGE":
		return p.merges()
	case "TRUNCATE":
		return p.truncate()
	}
	return p.command()
}

// command parses the statements that are about the session and the catalog.
func (p *parser) command() ast.Statement {
	switch p.tok.kw {
	case "SHOW":
		return p.show()
	case "DESC", "DESCRIBE":
		return p.describe()
	case "EXPLAIN":
		return p.explain()
	case "SET":
		return p.set()
	case "RESET":
		return p.resetConf()
	case "USE":
		return p.use()
	case "CACHE":
		return p.cache()
	case "UNCACHE":
		pos := p.advance().pos
		p.expect("TABLE")
		exists := p.accept("IF", "EXISTS")
		n := p.name()
		return &ast.Uncache{Span: p.from(pos), Table: n, IfExists: exists}
	case "CLEAR":
		pos := p.advance().pos
		p.expect("CACHE")
		return &ast.ClearCache{Span: p.from(pos)}
	case "REFRESH":
		return p.refresh()
	case "ANALYZE":
		return p.analyze()
	case "MSCK", "REPAIR":
		return p.repair()
	case "DECLARE":
		return p.declare()
	case "GRANT", "REVOKE":
		return p.grant()
	case "EXECUTE":
		return p.executeImmediate()
	}
	word := strings.ToUpper(p.text(p.tok))
	if s := p.transaction(word); s != nil {
		return s
	}
	switch word {
	case "LOAD", "LIST", "ADD", "LOCK", "UNLOCK", "COMMIT", "ROLLBACK", "START", "EXPORT", "IMPORT", "CALL", "BEGIN":
		p.failAt(p.tok.pos, sqlerr.Unsupported, "The feature is not supported: the statement %s.", word)
	}
	p.unexpected("a statement")
	return &ast.Query{}
}

// transaction parses START TRANSACTION, BEGIN [TRANSACTION], COMMIT and
// ROLLBACK. A BEGIN with a statement after it opens a script, which this is not.
func (p *parser) transaction(word string) ast.Statement {
	ops := map[string]ast.TransactionOp{
		"START": ast.BeginTransaction, "BEGIN": ast.BeginTransaction, "COMMIT": ast.CommitTransaction, "ROLLBACK": ast.RollbackTransaction,
	}
	op, ok := ops[word]
	if !ok || p.tok.kind != tIdent {
		return nil
	}
	next := p.peek()
	noise := next.kind == tIdent && (strings.EqualFold(p.text(next), "TRANSACTION") || strings.EqualFold(p.text(next), "WORK") && word != "START")
	bare := next.kind == tEOF || next.kw == ";"
	if !noise && (!bare || word == "START") {
		return nil
	}
	pos := p.advance().pos
	if noise {
		p.advance()
	}
	return &ast.Transaction{Span: p.from(pos), Op: op}
}

// insert parses INSERT INTO, INSERT OVERWRITE and INSERT OVERWRITE DIRECTORY.
func (p *parser) insert() ast.Statement {
	pos := p.tok.pos
	p.expect("INSERT")
	s := &ast.Insert{}
	if s.Overwrite = p.accept("OVERWRITE"); !s.Overwrite {
		p.expect("INTO")
	} else if p.is("LOCAL") || p.is("DIRECTORY") {
		return p.insertDirectory(pos)
	} else {
		p.accept("INTO")
	}
	if p.is("TABLE") && isName(p.peek()) {
		p.advance()
	}
	s.Table = p.name()
	if p.is("PARTITION") {
		s.Partition = p.partition()
	}
	s.IfNotExists = p.accept("IF", "NOT", "EXISTS")
	switch {
	case p.accept("BY", "NAME"):
		s.ByName = true
	case p.accept("REPLACE", "WHERE"):
		s.Replace = p.expr()
	case p.is("(") && !p.selectInParens():
		s.Columns = parens(p, p.ident)
		if p.accept("BY", "NAME") {
			s.ByName = true
		}
	}
	s.Query = p.query()
	s.Span = p.from(pos)
	return s
}

// selectInParens reports whether the parenthesis that comes next holds a query.
func (p *parser) selectInParens() bool {
	t := p.tok
	for t.kw == "(" {
		t = p.after(t)
	}
	return queryWord(t.kw)
}

func (p *parser) insertDirectory(pos int) ast.Statement {
	s := &ast.InsertDirectory{Local: p.accept("LOCAL")}
	p.expect("DIRECTORY")
	if p.tok.kind == tString {
		s.Path = p.str()
	}
	if p.accept("USING") {
		s.Using = p.format()
	} else if p.accept("STORED", "AS") {
		s.Using = p.ident()
	}
	if p.accept("OPTIONS") {
		s.Options = p.properties()
	}
	s.Query = p.query()
	s.Span = p.from(pos)
	return s
}

// partition parses PARTITION (k = v, k2).
func (p *parser) partition() []ast.Property {
	p.expect("PARTITION")
	return parens(p, func() ast.Property {
		pos := p.tok.pos
		v := ast.Property{Key: p.ident()}
		if p.acceptAny("=", "==") {
			v.Value = p.expr()
		}
		v.Span = p.from(pos)
		return v
	})
}

func (p *parser) delete() ast.Statement {
	pos := p.tok.pos
	p.expect("DELETE", "FROM")
	s := &ast.Delete{Table: p.name()}
	s.Alias = p.alias()
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	s.Span = p.from(pos)
	return s
}

func (p *parser) update() ast.Statement {
	pos := p.tok.pos
	p.expect("UPDATE")
	s := &ast.Update{Table: p.name()}
	s.Alias = p.alias()
	p.expect("SET")
	s.Set = commas(p, p.assignment)
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	s.Span = p.from(pos)
	return s
}

// assignment parses column = expression or column = DEFAULT.
func (p *parser) assignment() ast.Assignment {
	pos := p.tok.pos
	a := ast.Assignment{Column: p.name()}
	if !p.acceptAny("=", "==") {
		p.unexpected("'='")
	}
	if p.is("DEFAULT") && p.peek().kw != "." {
		p.advance()
	} else {
		a.Value = p.expr()
	}
	a.Span = p.from(pos)
	return a
}

func (p *parser) merges() ast.Statement {
	pos := p.tok.pos
	p.expect("MERGE")
	m := &ast.Merge{SchemaEvolution: p.accept("WITH", "SCHEMA", "EVOLUTION")}
	p.expect("INTO")
	m.Target = p.name()
	m.Alias = p.alias()
	p.expect("USING")
	m.Source = p.relationPrimary()
	p.expect("ON")
	m.On = p.expr()
	for p.is("WHEN") && p.err == nil {
		m.Clauses = append(m.Clauses, p.mergeClause())
	}
	if len(m.Clauses) == 0 {
		p.unexpected("WHEN")
	}
	m.Span = p.from(pos)
	return m
}

func (p *parser) mergeClause() ast.MergeClause {
	pos := p.tok.pos
	p.expect("WHEN")
	c := ast.MergeClause{}
	if p.accept("NOT") {
		c.Match = ast.WhenNotMatched
	}
	p.expect("MATCHED")
	if p.accept("BY", "SOURCE") {
		c.Match = ast.WhenNotMatchedBySource
	} else {
		p.accept("BY", "TARGET")
	}
	if p.accept("AND") {
		c.Cond = p.expr()
	}
	p.expect("THEN")
	switch {
	case p.accept("DELETE"):
		c.Action = ast.MergeDelete
	case p.accept("UPDATE"):
		c.Action = ast.MergeUpdate
		p.expect("SET")
		if c.All = p.accept("*"); !c.All {
			c.Set = commas(p, p.assignment)
		}
	case p.accept("INSERT"):
		c.Action = ast.MergeInsert
		if c.All = p.accept("*"); !c.All {
			c.Set = p.mergeInsert()
		}
	default:
		p.unexpected("DELETE, UPDATE or INSERT")
	}
	c.Span = p.from(pos)
	return c
}

// mergeInsert parses (columns) VALUES (values).
func (p *parser) mergeInsert() []ast.Assignment {
	cols := parens(p, p.name)
	p.expect("VALUES")
	at := p.tok.pos
	vals := parens(p, func() ast.Expr {
		if p.is("DEFAULT") && (p.peek().kw == "," || p.peek().kw == ")") {
			p.advance()
			return nil
		}
		return p.expr()
	})
	if len(vals) != len(cols) {
		p.failAt(at, sqlerr.ParseSyntaxError, "The INSERT clause names %d columns and gives %d values.", len(cols), len(vals))
		return nil
	}
	out := make([]ast.Assignment, len(cols))
	for i := range out {
		out[i] = ast.Assignment{Span: cols[i].Span, Column: cols[i], Value: vals[i]}
	}
	return out
}

func (p *parser) truncate() ast.Statement {
	pos := p.tok.pos
	p.expect("TRUNCATE", "TABLE")
	s := &ast.Truncate{Name: p.name()}
	if p.is("PARTITION") {
		s.Partition = p.partition()
	}
	s.Span = p.from(pos)
	return s
}
