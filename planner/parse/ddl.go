package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// createFlags are the words between CREATE and the kind of object.
type createFlags struct {
	replace, replaceOnly, external, global, temporary bool
}

// create parses CREATE … and REPLACE TABLE.
func (p *parser) create() ast.Statement {
	pos := p.tok.pos
	var f createFlags
	if p.accept("REPLACE") {
		f.replace, f.replaceOnly = true, true
	} else {
		p.expect("CREATE")
		f.replace = p.accept("OR", "REPLACE")
	}
	for p.err == nil {
		switch {
		case p.accept("EXTERNAL"):
			f.external = true
			continue
		case p.accept("GLOBAL"):
			f.global = true
			continue
		case p.acceptAny("TEMPORARY", "TEMP"):
			f.temporary = true
			continue
		case p.is("LOCAL"), p.is("RECURSIVE"):
			p.advance()
			continue
		}
		break
	}
	switch {
	case p.accept("TABLE"):
		return p.createTable(pos, f)
	case p.accept("VIEW"):
		return p.createView(pos, f)
	case p.acceptAny("DATABASE", "SCHEMA"), p.acceptWord("NAMESPACE"):
		return p.createDatabase(pos)
	case p.accept("FUNCTION"):
		return p.createFunction(pos, f)
	case p.accept("ROLE"):
		return p.createRole(pos)
	}
	p.unexpected("TABLE, VIEW, DATABASE, FUNCTION or ROLE")
	return &ast.CreateDatabase{}
}

// acceptWord consumes a word that is no keyword elsewhere.
func (p *parser) acceptWord(word string) bool {
	if p.tok.kind == tIdent && strings.EqualFold(p.text(p.tok), word) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) createTable(pos int, f createFlags) ast.Statement {
	exists := p.accept("IF", "NOT", "EXISTS")
	n := p.name()
	if p.is("LIKE") {
		return p.createLike(pos, n, exists)
	}
	t := &ast.CreateTable{Name: n, Replace: f.replace, ReplaceOnly: f.replaceOnly, External: f.external, Temporary: f.temporary, IfNotExists: exists}
	if p.is("(") && !p.selectInParens() {
		t.Columns = p.columnDefs()
	}
	for p.err == nil && p.tableClause(t) {
	}
	if p.accept("AS") || p.queryAhead() || p.is("(") {
		t.Query = p.query()
	}
	t.Span = p.from(pos)
	return t
}

// tableClause parses one of the clauses of CREATE TABLE after the columns.
func (p *parser) tableClause(t *ast.CreateTable) bool {
	switch {
	case p.accept("USING"):
		t.Using = p.format()
	case p.accept("STORED", "AS"):
		t.Using = p.ident()
	case p.accept("OPTIONS"):
		t.Options = p.properties()
	case p.accept("TBLPROPERTIES"):
		t.Properties = p.properties()
	case p.accept("PARTITIONED", "BY"):
		t.PartitionBy = parens(p, p.partitionField)
	case p.accept("CLUSTER", "BY"):
		t.ClusterBy = parens(p, p.name)
	case p.isSeq("CLUSTERED", "BY"):
		t.Buckets = p.buckets()
	case p.accept("LOCATION"):
		t.Location = p.str()
	case p.accept("COMMENT"):
		t.Comment = p.str()
	case p.isSeq("WITH", "ROW", "FILTER"):
		pos := p.tok.pos
		p.expect("WITH", "ROW", "FILTER")
		t.RowFilter = p.rowFilter(pos)
	case p.is("ROW") || p.is("STORED"):
		p.failAt(p.tok.pos, sqlerr.Unsupported, "The feature is not supported: Hive's ROW FORMAT and STORED BY.")
		return false
	default:
		return false
	}
	return true
}

func (p *parser) buckets() *ast.Buckets {
	pos := p.tok.pos
	p.expect("CLUSTERED", "BY")
	b := &ast.Buckets{Columns: parens(p, p.ident)}
	if p.accept("SORTED", "BY") {
		b.SortBy = parens(p, p.sortItem)
	}
	p.expect("INTO")
	b.N = p.value(0)
	p.expect("BUCKETS")
	b.Span = p.from(pos)
	return b
}

func (p *parser) createLike(pos int, n ast.Name, exists bool) ast.Statement {
	p.expect("LIKE")
	t := &ast.CreateTableLike{Name: n, IfNotExists: exists, Source: p.name()}
	for p.err == nil {
		switch {
		case p.accept("USING"):
			t.Using = p.format()
			continue
		case p.accept("STORED", "AS"):
			t.Using = p.ident()
			continue
		case p.accept("LOCATION"):
			t.Location = p.str()
			continue
		case p.accept("TBLPROPERTIES"):
			t.Properties = p.properties()
			continue
		}
		break
	}
	t.Span = p.from(pos)
	return t
}

// format parses the name of a file format, which may be dotted.
func (p *parser) format() string { return strings.Join(p.name().Parts, ".") }

// properties parses (key = value, …). Keys are strings or dotted names, = may be missing.
func (p *parser) properties() []ast.Property {
	var out []ast.Property
	p.expect("(")
	for p.err == nil && !p.is(")") {
		pos := p.tok.pos
		v := ast.Property{}
		if p.tok.kind == tString {
			v.Key = p.str()
		} else {
			v.Key = strings.Join(p.name().Parts, ".")
		}
		p.acceptAny("=", "==")
		if !p.is(",") && !p.is(")") {
			v.Value = p.expr()
		}
		v.Span = p.from(pos)
		out = append(out, v)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return out
}

// columnDefs parses (column, …), with a trailing comma allowed.
func (p *parser) columnDefs() []ast.ColumnDef {
	var out []ast.ColumnDef
	p.expect("(")
	for p.err == nil {
		if word := strings.ToUpper(p.text(p.tok)); (word == "CONSTRAINT" || word == "PRIMARY" || word == "FOREIGN") && isName(p.peek()) || (word == "CHECK" || word == "UNIQUE") && p.peek().kw == "(" {
			p.failAt(p.tok.pos, sqlerr.Unsupported, "The feature is not supported: table constraints.")
		}
		out = append(out, p.columnDef())
		if !p.accept(",") || p.is(")") {
			break
		}
	}
	p.expect(")")
	return out
}

// plainColumns are column definitions of which none may have a mask.
func (p *parser) plainColumns() []ast.ColumnDef { return p.unmasked(p.columnDefs()) }

func (p *parser) unmasked(cols []ast.ColumnDef) []ast.ColumnDef {
	for _, c := range cols {
		if c.Mask != nil {
			p.failAt(c.Mask.Pos(), sqlerr.Unsupported, "The feature is not supported: MASK in other statements than CREATE TABLE and ALTER TABLE … ALTER COLUMN … SET MASK.")
		}
	}
	return cols
}

// columnDef parses a column with its type and options.
func (p *parser) columnDef() ast.ColumnDef {
	pos := p.tok.pos
	c := ast.ColumnDef{Name: p.name()}
	p.accept(":")
	c.Type = p.typeName()
	for p.err == nil && p.columnOption(&c) {
	}
	c.Span = p.from(pos)
	return c
}

func (p *parser) columnOption(c *ast.ColumnDef) bool {
	switch {
	case p.accept("NOT", "NULL"):
		c.NotNull = true
	case p.accept("NULL"):
	case p.accept("COMMENT"):
		c.Comment = p.str()
	case p.accept("DEFAULT"):
		c.Default = p.expr()
	case p.accept("GENERATED"):
		p.expect("ALWAYS", "AS")
		p.expect("(")
		c.Generated = p.expr()
		p.expect(")")
	case p.is("MASK"):
		pos := p.tok.pos
		p.expect("MASK")
		c.Mask = p.mask(pos, c.Name)
	case p.is("FIRST") || p.is("AFTER"):
		c.Place = p.place()
	default:
		switch strings.ToUpper(p.text(p.tok)) {
		case "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "CONSTRAINT":
			p.failAt(p.tok.pos, sqlerr.Unsupported, "The feature is not supported: column constraints.")
		}
		return false
	}
	return true
}

func (p *parser) place() *ast.ColPlace {
	pos := p.tok.pos
	c := &ast.ColPlace{}
	if p.advance().kw == "AFTER" {
		c.After = p.name()
	}
	c.Span = p.from(pos)
	return c
}

// partitionField parses an item of PARTITIONED BY: name, name type or transform(…).
func (p *parser) partitionField() ast.PartitionField {
	pos := p.tok.pos
	var f ast.PartitionField
	switch next := p.peek(); {
	case next.kw == "(":
		f.Transform = p.operand()
	case next.kw == "," || next.kw == ")" || next.kw == ".":
		f.Name = strings.Join(p.name().Parts, ".")
	default:
		c := p.columnDef()
		f.Name, f.Column = c.Name.Last(), &c
	}
	f.Span = p.from(pos)
	return f
}

func (p *parser) createView(pos int, f createFlags) ast.Statement {
	v := &ast.CreateView{Replace: f.replace, Temporary: f.temporary || f.global, Global: f.global, IfNotExists: p.accept("IF", "NOT", "EXISTS")}
	v.Name = p.name()
	if p.is("(") && !p.selectInParens() {
		if next := p.after(p.peek()); next.kw == "," || next.kw == ")" || next.kw == "COMMENT" {
			v.Columns = parens(p, p.viewColumn)
		} else {
			v.Schema = p.plainColumns()
		}
	}
	for p.err == nil {
		switch {
		case p.accept("COMMENT"):
			v.Comment = p.str()
			continue
		case p.accept("TBLPROPERTIES"):
			v.Properties = p.properties()
			continue
		case p.accept("USING"):
			v.Using = p.format()
			continue
		case p.accept("OPTIONS"):
			v.Options = p.properties()
			continue
		case p.is("WITH") && p.peek().kw == "SCHEMA": // WITH SCHEMA BINDING and its like: how a view follows its tables
			p.accept("WITH", "SCHEMA")
			p.ident()
			p.acceptWord("EVOLUTION")
			continue
		case p.is("PARTITIONED"):
			p.failAt(p.tok.pos, sqlerr.OperationNotAllowed, "Operation not allowed: CREATE VIEW ... PARTITIONED ON.")
		}
		break
	}
	if v.Using == "" {
		p.expect("AS")
		v.Query = p.query()
	}
	v.Span = p.from(pos)
	return v
}

func (p *parser) viewColumn() ast.ViewColumn {
	pos := p.tok.pos
	c := ast.ViewColumn{Name: p.ident()}
	if p.accept("COMMENT") {
		c.Comment = p.str()
	}
	c.Span = p.from(pos)
	return c
}

func (p *parser) createDatabase(pos int) ast.Statement {
	d := &ast.CreateDatabase{IfNotExists: p.accept("IF", "NOT", "EXISTS")}
	d.Name = p.name()
	for p.err == nil {
		switch {
		case p.accept("COMMENT"):
			d.Comment = p.str()
			continue
		case p.accept("LOCATION"):
			d.Location = p.str()
			continue
		case p.accept("WITH", "DBPROPERTIES"), p.accept("WITH", "PROPERTIES"):
			d.Properties = p.properties()
			continue
		}
		break
	}
	d.Span = p.from(pos)
	return d
}

// createFunction parses CREATE FUNCTION with an SQL body or a class name.
func (p *parser) createFunction(pos int, flags createFlags) ast.Statement {
	f := &ast.CreateFunction{Replace: flags.replace, Temporary: flags.temporary, IfNotExists: p.accept("IF", "NOT", "EXISTS")}
	f.Name = p.name()
	if p.accept("AS") {
		f.ClassName = p.str()
		for p.accept("USING") || p.accept(",") {
			p.ident()
			p.str()
		}
		f.Span = p.from(pos)
		return f
	}
	p.expect("(")
	if !p.is(")") {
		f.Params = commas(p, p.columnDef)
	}
	p.expect(")")
	for p.err == nil {
		switch {
		case p.accept("RETURNS"):
			p.returns(f)
			continue
		case p.accept("LANGUAGE"):
			p.ident()
			continue
		case p.accept("COMMENT"):
			f.Comment = p.str()
			continue
		case p.accept("NOT", "DETERMINISTIC"), p.accept("DETERMINISTIC"), p.acceptWord("CONTAINS"), p.acceptWord("READS"), p.acceptWord("SQL"), p.accept("DATA"):
			continue
		}
		break
	}
	p.expect("RETURN")
	if p.queryAhead() {
		f.Query = p.query()
	} else {
		f.Body = p.expr()
	}
	f.Span = p.from(pos)
	return f
}

func (p *parser) returns(f *ast.CreateFunction) {
	if !p.accept("TABLE") {
		t := p.typeName()
		f.Returns = &t
		return
	}
	f.ReturnTable = true
	if p.is("(") {
		f.TableColumns = p.plainColumns()
	}
}

func (p *parser) drop() ast.Statement {
	pos := p.tok.pos
	p.expect("DROP")
	if p.accept("ROLE") {
		return p.dropRole(pos)
	}
	d := &ast.Drop{Temporary: p.acceptAny("TEMPORARY", "TEMP")}
	switch {
	case p.accept("TABLE"):
	case p.accept("VIEW"):
		d.Kind = ast.ObjView
	case p.acceptAny("DATABASE", "SCHEMA"), p.acceptWord("NAMESPACE"):
		d.Kind = ast.ObjDatabase
	case p.accept("FUNCTION"):
		d.Kind = ast.ObjFunction
	case p.acceptAny("VARIABLE", "VAR"):
		d.Kind = ast.ObjVariable
	default:
		p.unexpected("TABLE, VIEW, DATABASE, FUNCTION or VARIABLE")
	}
	d.IfExists = p.accept("IF", "EXISTS")
	d.Name = p.name()
	if d.Cascade = p.accept("CASCADE"); !d.Cascade {
		p.accept("RESTRICT")
	}
	d.Purge = p.accept("PURGE")
	d.Span = p.from(pos)
	return d
}

func (p *parser) commentOn() ast.Statement {
	pos := p.tok.pos
	p.expect("COMMENT", "ON")
	c := &ast.CommentOn{}
	switch {
	case p.accept("TABLE"):
	case p.acceptAny("DATABASE", "SCHEMA"), p.acceptWord("NAMESPACE"):
		c.Kind = ast.ObjDatabase
	default:
		p.unexpected("TABLE or DATABASE")
	}
	c.Name = p.name()
	p.expect("IS")
	if !p.accept("NULL") {
		s := p.str()
		c.Comment = &s
	}
	c.Span = p.from(pos)
	return c
}
