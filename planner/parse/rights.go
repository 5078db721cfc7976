package parse

import (
	"strings"

	"github.com/volley-sql/volley/planner/ast"
)

// privilegeWords are the words a privilege begins with.
var privilegeWords = []string{"SELECT", "INSERT", "MODIFY", "USE", "USAGE", "CREATE", "MANAGE", "ALL", "EXECUTE"}

// grant parses GRANT and REVOKE of privileges and roles.
func (p *parser) grant() ast.Statement {
	pos := p.tok.pos
	revoke := p.advance().kw == "REVOKE"
	next := p.peek()
	word := p.is("ROLE") && isName(next) && next.kw != "TO" && next.kw != "FROM"
	if word || isName(p.tok) && !p.isAny(privilegeWords...) && !p.is("GRANT") {
		if word {
			p.advance()
		}
		g := &ast.GrantRole{Revoke: revoke, Roles: commas(p, p.ident)}
		g.To = p.grantees(revoke)
		g.Span = p.from(pos)
		return g
	}
	g := &ast.Grant{Revoke: revoke, Option: revoke && p.accept("GRANT", "OPTION", "FOR")}
	g.Rights = commas(p, p.right)
	p.expect("ON")
	g.On = p.securable()
	g.To = p.grantees(revoke)
	if !revoke {
		g.Option = p.accept("WITH", "GRANT", "OPTION")
	}
	g.Span = p.from(pos)
	return g
}

// right parses one privilege.
func (p *parser) right() ast.Right {
	r := ast.Right{}
	pos := p.tok.pos
	switch word := p.tok.kw; word {
	case "SELECT", "INSERT", "MODIFY", "MANAGE", "USAGE", "EXECUTE":
		r.Name = p.advance().kw
		if word == "SELECT" && p.is("(") {
			r.Columns = parens(p, p.ident)
		}
	case "ALL":
		p.advance()
		p.accept("PRIVILEGES")
		r.Name = "ALL PRIVILEGES"
	case "USE":
		p.advance()
		switch {
		case p.accept("CATALOG"):
			r.Name = "USE CATALOG"
		case p.acceptAny("SCHEMA", "DATABASE"):
			r.Name = "USE SCHEMA"
		default:
			p.unexpected("CATALOG or SCHEMA")
		}
	case "CREATE":
		p.advance()
		switch {
		case p.acceptAny("SCHEMA", "DATABASE"):
			r.Name = "CREATE SCHEMA"
		case p.acceptAny("TABLE", "VIEW"):
			r.Name = "CREATE TABLE"
		case p.accept("FUNCTION"):
			r.Name = "CREATE FUNCTION"
		default:
			r.Name = "CREATE"
		}
	default:
		p.unexpected("a privilege: " + strings.Join(privilegeWords, ", "))
	}
	r.Span = p.from(pos)
	return r
}

// securable parses what rights are given on. A name alone is that of a table or view.
func (p *parser) securable() ast.Securable {
	s := ast.Securable{}
	pos := p.tok.pos
	named := isName(p.peek()) && p.peek().kw != "TO" && p.peek().kw != "FROM"
	switch {
	case p.is("ANY") && strings.EqualFold(p.text(p.peek()), "FILE"):
		p.advance()
		p.advance()
		s.Kind, s.Span = ast.ObjFiles, p.from(pos)
		return s
	case !named:
	case p.accept("TABLE"):
	case p.accept("VIEW"):
		s.Kind = ast.ObjView
	case p.acceptAny("SCHEMA", "DATABASE"):
		s.Kind = ast.ObjDatabase
	case p.accept("CATALOG"):
		s.Kind = ast.ObjCatalog
	case p.accept("FUNCTION"):
		s.Kind = ast.ObjFunction
	}
	s.Name = p.name()
	s.Span = p.from(pos)
	return s
}

func (p *parser) grantees(revoke bool) []ast.Grantee {
	if revoke {
		p.expect("FROM")
	} else {
		p.expect("TO")
	}
	return commas(p, p.grantee)
}

// grantee parses USER name, ROLE name, PUBLIC or a name. Names may be strings,
// since those of users are often addresses.
func (p *parser) grantee() ast.Grantee {
	g := ast.Grantee{}
	pos := p.tok.pos
	if next := p.peek(); isName(next) && next.kw != "WITH" || next.kind == tString {
		switch {
		case p.accept("USER"):
			g.Kind = ast.UserGrantee
		case p.accept("ROLE"):
			g.Kind = ast.RoleGrantee
		}
	}
	if p.tok.kind == tString {
		g.Name = p.str()
	} else {
		g.Name = p.ident()
	}
	g.Span = p.from(pos)
	return g
}

func (p *parser) createRole(pos int) ast.Statement {
	r := &ast.CreateRole{IfNotExists: p.accept("IF", "NOT", "EXISTS")}
	r.Name = p.ident()
	r.Span = p.from(pos)
	return r
}

func (p *parser) dropRole(pos int) ast.Statement {
	r := &ast.DropRole{IfExists: p.accept("IF", "EXISTS")}
	r.Name = p.ident()
	r.Span = p.from(pos)
	return r
}

// showGrants parses what follows SHOW GRANTS.
func (p *parser) showGrants(pos int) ast.Statement {
	s := &ast.ShowGrants{}
	for p.err == nil {
		switch {
		case s.On == nil && p.accept("ON"):
			on := p.securable()
			s.On = &on
			continue
		case s.To == nil && p.acceptAny("TO", "FOR"):
			to := p.grantee()
			s.To = &to
			continue
		}
		break
	}
	s.Span = p.from(pos)
	return s
}

// acceptOwner consumes [SET] OWNER TO.
func (p *parser) acceptOwner() bool {
	return p.accept("OWNER", "TO") || p.accept("SET", "OWNER", "TO")
}

// rowFilter parses what follows SET ROW FILTER.
func (p *parser) rowFilter(pos int) *ast.SetRowFilter {
	f := &ast.SetRowFilter{Function: p.name()}
	p.expect("ON")
	f.Columns = p.columnNames()
	f.Span = p.from(pos)
	return f
}

// mask parses what follows ALTER COLUMN c SET MASK.
func (p *parser) mask(pos int, column ast.Name) *ast.SetMask {
	m := &ast.SetMask{Column: column, Function: p.name()}
	if p.accept("USING", "COLUMNS") {
		m.Using = p.columnNames()
	}
	m.Span = p.from(pos)
	return m
}

// columnNames parses (a, b), which may be empty.
func (p *parser) columnNames() []string {
	if p.accept("(", ")") {
		return nil
	}
	return parens(p, p.ident)
}
