package ast

import "fmt"

// flag writes word if on.
func (p *printer) flag(on bool, word string) {
	if on {
		p.put(word)
	}
}

// text writes word and s as a string literal, or nothing if s is empty.
func (p *printer) text(word, s string) {
	if s != "" {
		p.put(word, QuoteString(s))
	}
}

// value is text for a string that may be absent; absent is written as missing.
func (p *printer) value(word string, s *string, missing string) {
	if s != nil {
		p.put(word, QuoteString(*s))
	} else {
		p.put(missing)
	}
}

func (p *printer) named(word string, n Name) {
	if !n.IsZero() {
		p.put(word)
		p.name(n)
	}
}

// properties writes (key = value, …).
func (p *printer) properties(props []Property) {
	p.put("(")
	list(p, props, func(o Property) {
		p.put(QuoteString(o.Key))
		p.clause(" = ", o.Value)
	})
	p.put(")")
}

func (p *printer) propertyClause(word string, props []Property) {
	if len(props) > 0 {
		p.put(word)
		p.properties(props)
	}
}

func (p *printer) partition(props []Property) {
	if len(props) == 0 {
		return
	}
	p.put(" PARTITION (")
	list(p, props, func(o Property) {
		p.ident(o.Key)
		p.clause(" = ", o.Value)
	})
	p.put(")")
}

func (p *printer) columnDefs(cols []ColumnDef) {
	p.put("(")
	list(p, cols, p.columnDef)
	p.put(")")
}

func (p *printer) columnDef(c ColumnDef) {
	p.name(c.Name)
	p.put(" ")
	p.typeName(c.Type)
	p.flag(c.NotNull, " NOT NULL")
	p.clause(" DEFAULT ", c.Default)
	if c.Generated != nil {
		p.clause(" GENERATED ALWAYS AS (", c.Generated)
		p.put(")")
	}
	p.text(" COMMENT ", c.Comment)
	if m := c.Mask; m != nil {
		p.put(" ")
		p.mask(m)
	}
	p.place(c.Place)
}

func (p *printer) place(c *ColPlace) {
	if c == nil {
		return
	}
	if c.After.IsZero() {
		p.put(" FIRST")
	}
	p.named(" AFTER ", c.After)
}

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *CreateTable:
		p.createTable(s)
	case *CreateTableLike:
		p.put("CREATE TABLE ")
		p.flag(s.IfNotExists, "IF NOT EXISTS ")
		p.name(s.Name)
		p.named(" LIKE ", s.Source)
		p.using(s.Using)
		p.text(" LOCATION ", s.Location)
		p.propertyClause(" TBLPROPERTIES ", s.Properties)
	case *CreateView:
		p.createView(s)
	case *CreateDatabase:
		p.put("CREATE DATABASE ")
		p.flag(s.IfNotExists, "IF NOT EXISTS ")
		p.name(s.Name)
		p.text(" COMMENT ", s.Comment)
		p.text(" LOCATION ", s.Location)
		p.propertyClause(" WITH DBPROPERTIES ", s.Properties)
	case *CreateFunction:
		p.createFunction(s)
	case *Drop:
		p.put("DROP ")
		p.flag(s.Temporary, "TEMPORARY ")
		p.put(s.Kind.String(), " ")
		p.flag(s.IfExists, "IF EXISTS ")
		p.name(s.Name)
		p.flag(s.Cascade, " CASCADE")
		p.flag(s.Purge, " PURGE")
	case *AlterTable:
		p.put("ALTER ", map[bool]string{false: "TABLE ", true: "VIEW "}[s.View])
		p.name(s.Name)
		p.alter(s.Action)
	case *AlterDatabase:
		p.named("ALTER DATABASE ", s.Name)
		p.put(map[bool]string{false: " SET", true: " UNSET"}[s.Unset])
		p.propertyClause(" DBPROPERTIES ", s.Properties)
		p.text(" LOCATION ", s.Location)
	case *CommentOn:
		p.put("COMMENT ON ", s.Kind.String(), " ")
		p.name(s.Name)
		p.value(" IS ", s.Comment, " IS NULL")
	default:
		if !p.rights(s) {
			p.dml(s)
		}
	}
}

// using writes USING format; formats may be dotted.
func (p *printer) using(format string) {
	if format != "" {
		p.put(" USING ", format)
	}
}

func (p *printer) createTable(s *CreateTable) {
	switch {
	case s.ReplaceOnly:
		p.put("REPLACE ")
	case s.Replace:
		p.put("CREATE OR REPLACE ")
	default:
		p.put("CREATE ")
	}
	p.flag(s.Temporary, "TEMPORARY ")
	p.flag(s.External, "EXTERNAL ")
	p.put("TABLE ")
	p.flag(s.IfNotExists, "IF NOT EXISTS ")
	p.name(s.Name)
	if len(s.Columns) > 0 {
		p.put(" ")
		p.columnDefs(s.Columns)
	}
	p.using(s.Using)
	p.propertyClause(" OPTIONS ", s.Options)
	if len(s.PartitionBy) > 0 {
		p.put(" PARTITIONED BY (")
		list(p, s.PartitionBy, func(f PartitionField) {
			switch {
			case f.Transform != nil:
				p.expr(f.Transform)
			case f.Column != nil:
				p.columnDef(*f.Column)
			default:
				p.ident(f.Name)
			}
		})
		p.put(")")
	}
	if b := s.Buckets; b != nil {
		p.put(" CLUSTERED BY ")
		p.columns(b.Columns)
		if len(b.SortBy) > 0 {
			p.sorted(" SORTED BY (", b.SortBy)
			p.put(")")
		}
		p.clause(" INTO ", b.N)
		p.put(" BUCKETS")
	}
	if len(s.ClusterBy) > 0 {
		p.put(" CLUSTER BY (")
		p.namesOf(s.ClusterBy)
		p.put(")")
	}
	p.text(" LOCATION ", s.Location)
	p.text(" COMMENT ", s.Comment)
	p.propertyClause(" TBLPROPERTIES ", s.Properties)
	if f := s.RowFilter; f != nil {
		p.put(" WITH ")
		p.rowFilter(f)
	}
	if s.Query != nil {
		p.put(" AS ")
		p.query(s.Query)
	}
}

func (p *printer) createView(s *CreateView) {
	p.put("CREATE ")
	p.flag(s.Replace, "OR REPLACE ")
	p.flag(s.Global, "GLOBAL ")
	p.flag(s.Temporary, "TEMPORARY ")
	p.put("VIEW ")
	p.flag(s.IfNotExists, "IF NOT EXISTS ")
	p.name(s.Name)
	if len(s.Columns) > 0 {
		p.put(" (")
		list(p, s.Columns, func(c ViewColumn) {
			p.ident(c.Name)
			p.text(" COMMENT ", c.Comment)
		})
		p.put(")")
	}
	if len(s.Schema) > 0 {
		p.put(" ")
		p.columnDefs(s.Schema)
	}
	p.text(" COMMENT ", s.Comment)
	p.propertyClause(" TBLPROPERTIES ", s.Properties)
	p.using(s.Using)
	p.propertyClause(" OPTIONS ", s.Options)
	if s.Query != nil {
		p.put(" AS ")
		p.query(s.Query)
	}
}

func (p *printer) createFunction(s *CreateFunction) {
	p.put("CREATE ")
	p.flag(s.Replace, "OR REPLACE ")
	p.flag(s.Temporary, "TEMPORARY ")
	p.put("FUNCTION ")
	p.flag(s.IfNotExists, "IF NOT EXISTS ")
	p.name(s.Name)
	if s.ClassName != "" {
		p.text(" AS ", s.ClassName)
		return
	}
	p.columnDefs(s.Params)
	if s.Returns != nil {
		p.put(" RETURNS ")
		p.typeName(*s.Returns)
	}
	p.flag(s.ReturnTable, " RETURNS TABLE")
	if len(s.TableColumns) > 0 {
		p.put(" ")
		p.columnDefs(s.TableColumns)
	}
	p.text(" COMMENT ", s.Comment)
	p.clause(" RETURN ", s.Body)
	if s.Query != nil {
		p.put(" RETURN ")
		p.query(s.Query)
	}
}

func (p *printer) alter(a AlterAction) {
	switch a := a.(type) {
	case *RenameTo:
		p.named(" RENAME TO ", a.Name)
	case *AddColumns:
		p.put(" ADD COLUMNS ")
		p.flag(a.IfNotExists, "IF NOT EXISTS ")
		p.columnDefs(a.Columns)
	case *ReplaceColumns:
		p.put(" REPLACE COLUMNS ")
		p.columnDefs(a.Columns)
	case *DropColumns:
		p.put(" DROP COLUMNS ")
		p.flag(a.IfExists, "IF EXISTS ")
		p.put("(")
		p.namesOf(a.Columns)
		p.put(")")
	case *RenameColumn:
		p.named(" RENAME COLUMN ", a.From)
		p.put(" TO ")
		p.ident(a.To)
	case *ChangeColumn:
		p.changeColumn(a)
	case *SetProperties:
		p.put(map[bool]string{false: " SET", true: " UNSET"}[a.Unset], " TBLPROPERTIES ")
		p.flag(a.IfExists, "IF EXISTS ")
		p.properties(a.Properties)
	case *SetLocation:
		p.partition(a.Partition)
		p.put(" SET LOCATION ", QuoteString(a.Location))
	case *AddPartitions:
		p.put(" ADD")
		p.flag(a.IfNotExists, " IF NOT EXISTS")
		for _, s := range a.Partitions {
			p.partition(s.Values)
			p.text(" LOCATION ", s.Location)
		}
	case *DropPartitions:
		p.put(" DROP")
		p.flag(a.IfExists, " IF EXISTS")
		list(p, a.Partitions, func(s PartitionSpec) { p.partition(s.Values) })
	case *RenamePartition:
		p.partition(a.From.Values)
		p.put(" RENAME TO")
		p.partition(a.To.Values)
	case *RecoverPartitions:
		p.put(" RECOVER PARTITIONS")
	case *AsQuery:
		p.put(" AS ")
		p.query(a.Query)
	default:
		if !p.rightsAction(a) {
			panic(fmt.Sprintf("ast: no way to print %T", a))
		}
	}
}

func (p *printer) changeColumn(a *ChangeColumn) {
	p.named(" ALTER COLUMN ", a.Column)
	if a.Type != nil {
		p.put(" TYPE ")
		p.typeName(*a.Type)
	}
	if a.NotNull != nil {
		p.put(map[bool]string{true: " SET NOT NULL", false: " DROP NOT NULL"}[*a.NotNull])
	}
	p.value(" COMMENT ", a.Comment, "")
	p.clause(" SET DEFAULT ", a.Default)
	p.flag(a.DropDefault, " DROP DEFAULT")
	p.place(a.Place)
}
