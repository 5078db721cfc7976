package parse

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// alter parses ALTER TABLE, VIEW, FUNCTION, CATALOG and DATABASE.
func (p *parser) alter() ast.Statement {
	pos := p.tok.pos
	p.expect("ALTER")
	if p.acceptAny("DATABASE", "SCHEMA") || p.acceptWord("NAMESPACE") {
		return p.alterDatabase(pos)
	}
	if p.accept("CATALOG") {
		of := ast.Securable{Kind: ast.ObjCatalog, Name: p.name(), Span: p.from(pos)}
		p.expect("OWNER", "TO")
		to := p.grantee()
		return &ast.AlterOwner{Span: p.from(pos), Of: of, To: to}
	}
	if p.accept("FUNCTION") {
		of := ast.Securable{Kind: ast.ObjFunction, Name: p.name(), Span: p.from(pos)}
		if !p.acceptOwner() {
			p.unexpected("OWNER TO")
		}
		to := p.grantee()
		return &ast.AlterOwner{Span: p.from(pos), Of: of, To: to}
	}
	s := &ast.AlterTable{View: p.accept("VIEW")}
	if !s.View {
		p.expect("TABLE")
	}
	s.Name = p.name()
	at := p.tok.pos
	s.Action = p.alterAction(s.View, at)
	s.Span = p.from(pos)
	return s
}

func (p *parser) alterAction(view bool, pos int) ast.AlterAction {
	switch p.tok.kw {
	case "RENAME":
		p.advance()
		if p.accept("COLUMN") {
			r := &ast.RenameColumn{From: p.name()}
			p.expect("TO")
			r.To = p.ident()
			r.Span = p.from(pos)
			return r
		}
		p.expect("TO")
		n := p.name()
		return &ast.RenameTo{Span: p.from(pos), Name: n}
	case "ADD":
		p.advance()
		return p.alterAdd(pos)
	case "DROP":
		if p.accept("DROP", "ROW", "FILTER") {
			return &ast.SetRowFilter{Span: p.from(pos), Drop: true}
		}
		p.advance()
		return p.alterDrop(pos)
	case "REPLACE":
		p.advance()
		p.expect("COLUMNS")
		cols := p.plainColumns()
		return &ast.ReplaceColumns{Span: p.from(pos), Columns: cols}
	case "ALTER", "CHANGE":
		p.advance()
		p.accept("COLUMN")
		return p.changeColumn(pos)
	case "OWNER":
		p.expect("OWNER", "TO")
		to := p.grantee()
		return &ast.SetOwner{Span: p.from(pos), To: to}
	case "SET", "UNSET":
		if p.acceptOwner() {
			to := p.grantee()
			return &ast.SetOwner{Span: p.from(pos), To: to}
		}
		if p.accept("SET", "ROW", "FILTER") {
			return p.rowFilter(pos)
		}
		return p.alterSet(pos, nil)
	case "PARTITION":
		return p.alterPartition(pos)
	case "RECOVER":
		p.advance()
		p.expect("PARTITIONS")
		return &ast.RecoverPartitions{Span: p.from(pos)}
	}
	if view && (p.accept("AS") || p.queryAhead()) {
		q := p.query()
		return &ast.AsQuery{Span: p.from(pos), Query: q}
	}
	p.unexpected("RENAME, ADD, DROP, ALTER, SET or UNSET")
	return &ast.RecoverPartitions{}
}

func (p *parser) alterAdd(pos int) ast.AlterAction {
	exists := p.accept("IF", "NOT", "EXISTS")
	if p.is("PARTITION") {
		a := &ast.AddPartitions{IfNotExists: exists}
		for p.is("PARTITION") && p.err == nil {
			at := p.tok.pos
			spec := ast.PartitionSpec{Values: p.partition()}
			if p.accept("LOCATION") {
				spec.Location = p.str()
			}
			spec.Span = p.from(at)
			a.Partitions = append(a.Partitions, spec)
		}
		a.Span = p.from(pos)
		return a
	}
	if !p.acceptAny("COLUMN", "COLUMNS") {
		p.unexpected("COLUMN, COLUMNS or PARTITION")
	}
	a := &ast.AddColumns{IfNotExists: exists || p.accept("IF", "NOT", "EXISTS")}
	if p.is("(") {
		a.Columns = p.plainColumns()
	} else {
		a.Columns = p.unmasked(commas(p, p.columnDef))
	}
	a.Span = p.from(pos)
	return a
}

func (p *parser) alterDrop(pos int) ast.AlterAction {
	exists := p.accept("IF", "EXISTS")
	if p.is("PARTITION") {
		d := &ast.DropPartitions{IfExists: exists}
		for p.err == nil {
			at := p.tok.pos
			v := p.partition()
			d.Partitions = append(d.Partitions, ast.PartitionSpec{Values: v, Span: p.from(at)})
			if !p.accept(",") && !p.is("PARTITION") {
				break
			}
		}
		p.accept("PURGE")
		d.Span = p.from(pos)
		return d
	}
	if !p.acceptAny("COLUMN", "COLUMNS") {
		p.unexpected("COLUMN, COLUMNS or PARTITION")
	}
	d := &ast.DropColumns{IfExists: exists || p.accept("IF", "EXISTS")}
	if p.is("(") {
		d.Columns = parens(p, p.name)
	} else {
		d.Columns = commas(p, p.name)
	}
	d.Span = p.from(pos)
	return d
}

// changeColumn parses what follows ALTER COLUMN. Hive's form, CHANGE a b type
// …, may rename and always gives the type.
func (p *parser) changeColumn(pos int) ast.AlterAction {
	c := &ast.ChangeColumn{Column: p.name()}
	switch {
	case p.accept("SET", "MASK"):
		return p.mask(pos, c.Column)
	case p.accept("DROP", "MASK"):
		return &ast.SetMask{Span: p.from(pos), Column: c.Column, Drop: true}
	}
	hive := isName(p.tok) && !p.isAny("TYPE", "SET", "DROP", "COMMENT", "FIRST", "AFTER")
	if hive {
		if isName(p.peek()) && p.peek().kw != "COMMENT" && p.peek().kw != "FIRST" && p.peek().kw != "AFTER" {
			p.ident()
		}
		t := p.typeName()
		c.Type = &t
	}
	for p.err == nil {
		switch {
		case p.accept("TYPE"):
			t := p.typeName()
			c.Type = &t
			continue
		case p.accept("COMMENT"):
			s := p.str()
			c.Comment = &s
			continue
		case p.accept("SET", "NOT", "NULL"):
			v := true
			c.NotNull = &v
			continue
		case p.accept("DROP", "NOT", "NULL"):
			v := false
			c.NotNull = &v
			continue
		case p.accept("SET", "DEFAULT"):
			c.Default = p.expr()
			continue
		case p.accept("DROP", "DEFAULT"):
			c.DropDefault = true
			continue
		case p.is("FIRST") || p.is("AFTER"):
			c.Place = p.place()
			continue
		}
		break
	}
	c.Span = p.from(pos)
	if c.Type == nil && c.Comment == nil && c.NotNull == nil && c.Default == nil && !c.DropDefault && c.Place == nil {
		p.failAt(pos, sqlerr.OperationNotAllowed, "Operation not allowed: ALTER TABLE table ALTER COLUMN requires a TYPE, a SET/DROP, a COMMENT, or a FIRST/AFTER.")
	}
	return c
}

func (p *parser) alterSet(pos int, partition []ast.Property) ast.AlterAction {
	unset := p.advance().kw == "UNSET"
	switch {
	case p.accept("TBLPROPERTIES"):
		s := &ast.SetProperties{Unset: unset}
		if unset {
			s.IfExists = p.accept("IF", "EXISTS")
		}
		s.Properties = p.properties()
		s.Span = p.from(pos)
		return s
	case !unset && p.accept("LOCATION"):
		loc := p.str()
		return &ast.SetLocation{Span: p.from(pos), Partition: partition, Location: loc}
	}
	p.unexpected("TBLPROPERTIES or LOCATION")
	return &ast.SetLocation{}
}

func (p *parser) alterPartition(pos int) ast.AlterAction {
	at := p.tok.pos
	from := ast.PartitionSpec{Values: p.partition()}
	from.Span = p.from(at)
	if p.is("SET") {
		return p.alterSet(pos, from.Values)
	}
	p.expect("RENAME", "TO")
	at = p.tok.pos
	to := ast.PartitionSpec{Values: p.partition()}
	to.Span = p.from(at)
	return &ast.RenamePartition{Span: p.from(pos), From: from, To: to}
}

func (p *parser) alterDatabase(pos int) ast.Statement {
	at := p.tok.pos
	d := &ast.AlterDatabase{Name: p.name()}
	if of := (ast.Securable{Kind: ast.ObjDatabase, Name: d.Name, Span: p.from(at)}); p.acceptOwner() {
		to := p.grantee()
		return &ast.AlterOwner{Span: p.from(pos), Of: of, To: to}
	}
	if d.Unset = p.accept("UNSET"); !d.Unset {
		p.expect("SET")
	}
	switch {
	case p.acceptAny("DBPROPERTIES", "PROPERTIES"):
		d.Properties = p.properties()
	case !d.Unset && p.accept("LOCATION"):
		d.Location = p.str()
	default:
		p.unexpected("DBPROPERTIES or LOCATION")
	}
	d.Span = p.from(pos)
	return d
}
