package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

func (p *parser) show() ast.Statement {
	pos := p.tok.pos
	p.expect("SHOW")
	switch {
	case p.accept("GRANTS"), p.accept("GRANT"):
		return p.showGrants(pos)
	case p.accept("ROLES"):
		return &ast.ShowRoles{Span: p.from(pos)}
	case p.accept("CURRENT", "ROLES"):
		return &ast.ShowRoles{Span: p.from(pos), Current: true}
	}
	s := &ast.Show{}
	switch {
	case p.accept("TABLES"):
		p.showIn(s)
	case p.accept("TABLE", "EXTENDED"):
		s.Kind = ast.ShowTableExtended
		p.showIn(s)
		if s.Pattern == nil {
			p.unexpected("LIKE")
		}
		if p.is("PARTITION") {
			s.Partition = p.partition()
		}
	case p.accept("VIEWS"):
		s.Kind = ast.ShowViews
		p.showIn(s)
	case p.acceptAny("DATABASES", "SCHEMAS"), p.acceptWord("NAMESPACES"):
		s.Kind = ast.ShowDatabases
		p.showIn(s)
	case p.accept("CATALOGS"):
		s.Kind = ast.ShowCatalogs
		p.showIn(s)
	case p.accept("COLUMNS"):
		s.Kind = ast.ShowColumns
		if !p.acceptAny("IN", "FROM") {
			p.unexpected("IN")
		}
		s.Name = p.name()
		if p.acceptAny("IN", "FROM") {
			s.In = p.name()
		}
	case p.accept("PARTITIONS"):
		s.Kind = ast.ShowPartitions
		s.Name = p.name()
		if p.is("PARTITION") {
			s.Partition = p.partition()
		}
	case p.accept("TBLPROPERTIES"):
		s.Kind = ast.ShowProperties
		s.Name = p.name()
		if p.accept("(") {
			s.Key = p.propertyKey()
			p.expect(")")
		}
	case p.accept("CREATE", "TABLE"), p.accept("CREATE", "VIEW"):
		s.Kind = ast.ShowCreateTable
		s.Name = p.name()
		s.AsSerde = p.accept("AS", "SERDE")
	case p.accept("CURRENT", "DATABASE"), p.accept("CURRENT", "SCHEMA"), p.is("CURRENT") && strings.EqualFold(p.text(p.peek()), "NAMESPACE"):
		s.Kind = ast.ShowCurrentDatabase
		if p.accept("CURRENT") {
			p.advance()
		}
	default:
		p.showFunctions(s)
	}
	s.Span = p.from(pos)
	return s
}

func (p *parser) propertyKey() string {
	if p.tok.kind == tString {
		return p.str()
	}
	return strings.Join(p.name().Parts, ".")
}

// showIn parses [IN|FROM database] [[LIKE] 'pattern'].
func (p *parser) showIn(s *ast.Show) {
	if p.acceptAny("IN", "FROM") {
		s.In = p.name()
	}
	p.pattern(s)
}

func (p *parser) pattern(s *ast.Show) {
	if p.accept("LIKE") || p.tok.kind == tString {
		v := p.str()
		s.Pattern = &v
	}
}

func (p *parser) showFunctions(s *ast.Show) {
	s.Kind = ast.ShowFunctions
	if p.isAny("USER", "SYSTEM", "ALL") {
		s.Scope = p.advance().kw
	}
	if !p.acceptAny("FUNCTIONS", "FUNCTION") {
		p.unexpected("TABLES, VIEWS, DATABASES, COLUMNS, FUNCTIONS, PARTITIONS, TBLPROPERTIES or CREATE TABLE")
	}
	p.showIn(s)
	if s.Pattern == nil && isName(p.tok) {
		n := p.name()
		v := strings.Join(n.Parts, ".")
		s.Pattern = &v
	}
}

func (p *parser) describe() ast.Statement {
	pos := p.advance().pos
	d := &ast.Describe{}
	switch next := p.peek(); {
	case p.is("FUNCTION") && next.kind != tEOF:
		p.advance()
		d.Kind = ast.ObjFunction
		d.Extended = p.is("EXTENDED") && p.peek().kind != tEOF && p.accept("EXTENDED")
		d.Name = p.functionName()
	case p.isAny("DATABASE", "SCHEMA") && next.kind != tEOF || strings.EqualFold(p.text(p.tok), "NAMESPACE") && isName(next):
		p.advance()
		d.Kind = ast.ObjDatabase
		d.Extended = p.accept("EXTENDED")
		d.Name = p.name()
	case p.is("QUERY") && next.kind != tEOF:
		p.advance()
		d.Kind = ast.ObjQuery
		d.Query = p.query()
	case p.isAny("SELECT", "WITH", "VALUES", "FROM") && p.queryAhead(), p.is("("):
		d.Kind = ast.ObjQuery
		d.Query = p.query()
	default:
		p.describeTable(d)
	}
	d.Span = p.from(pos)
	return d
}

// functionName parses a function's name, which may be an operator.
func (p *parser) functionName() ast.Name {
	t := p.tok
	switch t.kind {
	case tString:
		s := p.str()
		return ast.Name{Span: p.from(t.pos), Parts: []string{s}}
	case tOp:
		p.advance()
		return ast.Name{Span: p.from(t.pos), Parts: []string{t.kw}}
	}
	return p.name()
}

func (p *parser) describeTable(d *ast.Describe) {
	if p.is("TABLE") && isName(p.peek()) {
		p.advance()
	}
	if p.isAny("EXTENDED", "FORMATTED") && isName(p.peek()) {
		p.advance()
		d.Extended = true
	}
	d.Name = p.name()
	if p.is("PARTITION") {
		d.Partition = p.partition()
	}
	if isName(p.tok) && !p.is("AS") {
		d.Column = p.name()
	}
	d.AsJSON = p.accept("AS", "JSON")
}

var explainModes = map[string]ast.ExplainMode{
	"EXTENDED": ast.ExplainExtended, "LOGICAL": ast.ExplainLogical, "OPTIMIZED": ast.ExplainOptimized, "PHYSICAL": ast.ExplainPhysical,
	"STAGES": ast.ExplainStages, "FORMATTED": ast.ExplainFormatted, "CODEGEN": ast.ExplainCodegen, "COST": ast.ExplainCost, "ANALYZE": ast.ExplainAnalyze,
}

func (p *parser) explain() ast.Statement {
	pos := p.tok.pos
	p.expect("EXPLAIN")
	e := &ast.Explain{}
	if mode, ok := explainModes[p.tok.kw]; ok && !p.analyzeAhead() {
		p.advance()
		e.Mode = mode
	}
	e.Statement = p.statement()
	e.Span = p.from(pos)
	return e
}

// analyzeAhead tells ANALYZE TABLE t COMPUTE …, the statement, from EXPLAIN's
// mode before a query such as TABLE t.
func (p *parser) analyzeAhead() bool {
	if !p.is("ANALYZE") {
		return false
	}
	const longest = 12 // TABLE a.b.c PARTITION, with room
	t := p.peek()
	for n := 0; n < longest && (isName(t) || t.kw == "."); n++ {
		if t.kw == "COMPUTE" || t.kw == "PARTITION" {
			return true
		}
		t = p.after(t)
	}
	return false
}

// set parses all forms of SET. The value of a key is the raw text up to the
// end of the statement.
func (p *parser) set() ast.Statement {
	pos := p.tok.pos
	p.expect("SET")
	next := p.peek()
	switch {
	case p.is("TIME") && next.kw == "ZONE":
		return p.setTimeZone(pos)
	case p.isAny("VARIABLE", "VAR") && (isName(next) || next.kw == "("):
		return p.setVar(pos)
	case p.is("CATALOG") && (isName(next) || next.kind == tString):
		p.advance()
		if p.tok.kind == tString {
			s := p.str()
			return &ast.Use{Span: p.from(pos), Kind: ast.ObjCatalog, Name: ast.N(s)}
		}
		n := p.name()
		return &ast.Use{Span: p.from(pos), Kind: ast.ObjCatalog, Name: n}
	case p.tok.kind == tEOF, p.is(";"):
		return &ast.SetConf{Span: p.from(pos)}
	case p.is("-") && p.text(next) == "v":
		p.advance()
		p.advance()
		return &ast.SetConf{Span: p.from(pos), Verbose: true}
	}
	s := &ast.SetConf{Key: p.settingKey()}
	if value, ok := strings.CutPrefix(p.rest(), "="); ok {
		v := unquote(strings.TrimSpace(value))
		s.Value = &v
	} else if value != "" {
		p.badSetting()
	}
	s.Span = ast.At(pos, len(strings.TrimRight(p.src, endOfStatement)))
	return s
}

const endOfStatement = "; \t\r\n"

// rest consumes the text up to the end of the statement without cutting it
// into tokens.
func (p *parser) rest() string {
	if p.err != nil {
		return ""
	}
	text := strings.TrimRight(p.src[p.prev.end:], endOfStatement)
	p.tok = token{kind: tEOF, pos: len(p.src), end: len(p.src)}
	p.hasAhead = false
	return strings.TrimLeft(text, " \t\r\n")
}

// settingKey parses the key of a setting: in backquotes, or a run of letters,
// digits and the signs . - _ and : without space.
func (p *parser) settingKey() string {
	if p.tok.kind == tQuoted {
		t := p.tok
		p.prev = t // what follows need not be tokens
		key := p.nameValue(t)
		if key == "" {
			p.badSetting()
		}
		return key
	}
	start := p.tok.pos
	end := start
	for end < len(p.src) && ast.SettingByte(p.src[end]) {
		end++
	}
	if end == start {
		p.badSetting()
	}
	p.prev = token{pos: start, end: end}
	return p.src[start:end]
}

func (p *parser) badSetting() {
	p.failAt(p.prev.end, sqlerr.InvalidSetSyntax, "Expected format is 'SET', 'SET key', or 'SET key=value'. If you want to include special characters in key, or include semicolon in value, please use backquotes, e.g., SET `key`=`value`.")
}

// unquote takes a pair of quotes off s.
func unquote(s string) string {
	if n := len(s); n >= 2 && s[0] == s[n-1] && strings.IndexByte("'\"`", s[0]) >= 0 {
		return s[1 : n-1]
	}
	return s
}

func (p *parser) setTimeZone(pos int) ast.Statement {
	p.expect("TIME", "ZONE")
	s := &ast.SetTimeZone{}
	switch {
	case p.accept("LOCAL"):
	case p.is("INTERVAL"):
		s.Offset = p.interval()
	case p.tok.kind == tString:
		s.Zone = p.str()
	default:
		p.failAt(p.tok.pos, sqlerr.InvalidTimeZoneDisplacement, "Invalid time zone displacement value.")
	}
	if p.tok.kind == tString {
		p.failAt(p.tok.pos, sqlerr.InvalidTimeZoneDisplacement, "Invalid time zone displacement value.")
	}
	s.Span = p.from(pos)
	return s
}

func (p *parser) setVar(pos int) ast.Statement {
	p.advance()
	s := &ast.SetVar{}
	if p.is("(") {
		s.Names = parens(p, p.name)
		p.expect("=", "(")
		s.Query = p.query()
		p.expect(")")
	} else {
		s.Set = commas(p, p.assignment)
	}
	s.Span = p.from(pos)
	return s
}

// resetConf parses RESET [key].
func (p *parser) resetConf() ast.Statement {
	pos := p.tok.pos
	p.expect("RESET")
	r := &ast.Reset{}
	if p.tok.kind != tEOF && !p.is(";") {
		r.Key = p.settingKey()
		if p.rest() != "" {
			p.badSetting()
		}
	}
	r.Span = p.from(pos)
	return r
}

func (p *parser) use() ast.Statement {
	pos := p.tok.pos
	p.expect("USE")
	u := &ast.Use{Kind: ast.ObjDatabase}
	switch word := strings.ToUpper(p.text(p.tok)); {
	case !isName(p.peek()):
	case word == "CATALOG":
		p.advance()
		u.Kind = ast.ObjCatalog
	case word == "DATABASE" || word == "SCHEMA" || word == "NAMESPACE":
		p.advance()
	}
	u.Name = p.name()
	u.Span = p.from(pos)
	return u
}

func (p *parser) cache() ast.Statement {
	pos := p.tok.pos
	p.expect("CACHE")
	c := &ast.Cache{Lazy: p.accept("LAZY")}
	p.expect("TABLE")
	c.Table = p.name()
	if p.accept("OPTIONS") {
		c.Options = p.properties()
	}
	if p.accept("AS") || p.queryAhead() || p.is("(") {
		c.Query = p.query()
	}
	c.Span = p.from(pos)
	return c
}

func (p *parser) refresh() ast.Statement {
	pos := p.tok.pos
	p.expect("REFRESH")
	r := &ast.Refresh{}
	switch {
	case p.tok.kind == tString:
		r.Path = p.str()
	case p.accept("TABLE"):
		r.Table = p.name()
	case p.accept("FUNCTION"):
		r.Function = true
		r.Table = p.name()
	default:
		p.unexpected("TABLE, FUNCTION or a path in quotes")
	}
	r.Span = p.from(pos)
	return r
}

func (p *parser) analyze() ast.Statement {
	pos := p.tok.pos
	p.expect("ANALYZE")
	a := &ast.Analyze{}
	if p.accept("TABLES") {
		a.Tables = true
		if p.acceptAny("IN", "FROM") {
			a.Table = p.name()
		}
	} else {
		p.expect("TABLE")
		a.Table = p.name()
		if p.is("PARTITION") {
			a.Partition = p.partition()
		}
	}
	p.expect("COMPUTE", "STATISTICS")
	switch {
	case p.accept("NOSCAN"):
		a.NoScan = true
	case p.accept("FOR", "ALL", "COLUMNS"):
		a.AllColumns = true
	case p.accept("FOR", "COLUMNS"):
		a.Columns = commas(p, p.ident)
	}
	a.Span = p.from(pos)
	return a
}

func (p *parser) repair() ast.Statement {
	pos := p.tok.pos
	p.accept("MSCK")
	p.expect("REPAIR", "TABLE")
	r := &ast.Repair{Table: p.name(), Add: true}
	switch {
	case p.accept("ADD"):
		p.expect("PARTITIONS")
	case p.accept("DROP"):
		r.Add, r.Drop = false, true
		p.expect("PARTITIONS")
	case p.accept("SYNC"):
		r.Drop = true
		p.expect("PARTITIONS")
	}
	r.Span = p.from(pos)
	return r
}

func (p *parser) declare() ast.Statement {
	pos := p.tok.pos
	p.expect("DECLARE")
	d := &ast.Declare{Replace: p.accept("OR", "REPLACE")}
	if p.isAny("VARIABLE", "VAR") && isName(p.peek()) {
		p.advance()
	}
	d.Names = commas(p, p.name)
	if p.tok.kind == tIdent && !p.is("DEFAULT") {
		t := p.typeName()
		d.Type = &t
	}
	if p.accept("DEFAULT") || p.acceptAny("=") {
		d.Default = p.expr()
	}
	d.Span = p.from(pos)
	return d
}
