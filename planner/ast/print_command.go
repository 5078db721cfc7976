package ast

import (
	"fmt"
	"strings"
)

// dml writes the statements that change rows, and hands on the others.
func (p *printer) dml(s Statement) {
	switch s := s.(type) {
	case *Insert:
		p.insert(s)
	case *InsertDirectory:
		p.put("INSERT OVERWRITE ")
		p.flag(s.Local, "LOCAL ")
		p.put("DIRECTORY")
		p.text(" ", s.Path)
		p.using(s.Using)
		p.propertyClause(" OPTIONS ", s.Options)
		p.put(" ")
		p.query(s.Query)
	case *Delete:
		p.named("DELETE FROM ", s.Table)
		p.alias(s.Alias)
		p.clause(" WHERE ", s.Where)
	case *Update:
		p.named("UPDATE ", s.Table)
		p.alias(s.Alias)
		p.put(" SET ")
		list(p, s.Set, p.assignment)
		p.clause(" WHERE ", s.Where)
	case *Merge:
		p.put("MERGE ")
		p.flag(s.SchemaEvolution, "WITH SCHEMA EVOLUTION ")
		p.named("INTO ", s.Target)
		p.alias(s.Alias)
		p.put(" USING ")
		p.relation(s.Source)
		p.clause(" ON ", s.On)
		for _, c := range s.Clauses {
			p.mergeClause(c)
		}
	case *Truncate:
		p.named("TRUNCATE TABLE ", s.Name)
		p.partition(s.Partition)
	default:
		p.command(s)
	}
}

func (p *printer) insert(s *Insert) {
	p.with(s.With, false)
	p.put("INSERT ", map[bool]string{false: "INTO ", true: "OVERWRITE "}[s.Overwrite])
	p.name(s.Table)
	p.partition(s.Partition)
	p.flag(s.IfNotExists, " IF NOT EXISTS")
	if len(s.Columns) > 0 {
		p.put(" ")
		p.columns(s.Columns)
	}
	p.flag(s.ByName, " BY NAME")
	p.clause(" REPLACE WHERE ", s.Replace)
	p.put(" ")
	p.query(s.Query)
}

func (p *printer) assignment(a Assignment) {
	p.name(a.Column)
	if a.Value == nil {
		p.put(" = DEFAULT")
	}
	p.clause(" = ", a.Value)
}

func (p *printer) mergeClause(c MergeClause) {
	p.put([...]string{" WHEN MATCHED", " WHEN NOT MATCHED", " WHEN NOT MATCHED BY SOURCE"}[c.Match])
	p.clause(" AND ", c.Cond)
	switch {
	case c.Action == MergeDelete:
		p.put(" THEN DELETE")
	case c.Action == MergeUpdate && c.All:
		p.put(" THEN UPDATE SET *")
	case c.Action == MergeUpdate:
		p.put(" THEN UPDATE SET ")
		list(p, c.Set, p.assignment)
	case c.All:
		p.put(" THEN INSERT *")
	default:
		p.put(" THEN INSERT (")
		list(p, c.Set, func(a Assignment) { p.name(a.Column) })
		p.put(") VALUES (")
		list(p, c.Set, func(a Assignment) {
			if a.Value == nil {
				p.put("DEFAULT")
			} else {
				p.expr(a.Value)
			}
		})
		p.put(")")
	}
}

func (p *printer) command(s Statement) {
	switch s := s.(type) {
	case *Use:
		p.put("USE ", s.Kind.String(), " ")
		p.name(s.Name)
	case *Show:
		p.show(s)
	case *Describe:
		p.describe(s)
	case *Explain:
		p.put("EXPLAIN ")
		p.flag(s.Mode != ExplainSimple, s.Mode.String()+" ")
		p.node(s.Statement)
	case *Cache:
		p.put("CACHE ")
		p.flag(s.Lazy, "LAZY ")
		p.named("TABLE ", s.Table)
		p.propertyClause(" OPTIONS ", s.Options)
		if s.Query != nil {
			p.put(" AS ")
			p.query(s.Query)
		}
	case *Uncache:
		p.put("UNCACHE TABLE ")
		p.flag(s.IfExists, "IF EXISTS ")
		p.name(s.Table)
	case *Transaction:
		p.put(s.Op.String())
	case *ClearCache:
		p.put("CLEAR CACHE")
	case *Refresh:
		p.put("REFRESH")
		p.text(" ", s.Path)
		p.named(map[bool]string{false: " TABLE ", true: " FUNCTION "}[s.Function], s.Table)
	case *Analyze:
		p.analyze(s)
	case *Repair:
		p.named("MSCK REPAIR TABLE ", s.Table)
		switch {
		case s.Add && s.Drop:
			p.put(" SYNC PARTITIONS")
		case s.Drop:
			p.put(" DROP PARTITIONS")
		}
	default:
		p.session(s)
	}
}

// session writes the statements about settings and variables.
func (p *printer) session(s Statement) {
	switch s := s.(type) {
	case *SetConf:
		p.put("SET")
		p.flag(s.Verbose, " -v")
		if s.Key != "" {
			p.put(" ", settingText(strings.ReplaceAll(s.Key, "`", "``")))
		}
		if s.Value != nil {
			p.put(" = ", settingText(*s.Value))
		}
	case *SetTimeZone:
		p.put("SET TIME ZONE")
		switch {
		case s.Offset != nil:
			p.put(" ")
			p.interval(s.Offset)
		case s.Zone == "":
			p.put(" LOCAL")
		}
		p.text(" ", s.Zone)
	case *Reset:
		p.put("RESET")
		if s.Key != "" {
			p.put(" ", settingText(strings.ReplaceAll(s.Key, "`", "``")))
		}
	case *Declare:
		p.put("DECLARE ")
		p.flag(s.Replace, "OR REPLACE ")
		p.put("VARIABLE ")
		p.namesOf(s.Names)
		if s.Type != nil {
			p.put(" ")
			p.typeName(*s.Type)
		}
		p.clause(" DEFAULT ", s.Default)
	case *SetVar:
		p.put("SET VARIABLE ")
		list(p, s.Set, p.assignment)
		if s.Query != nil {
			p.put("(")
			p.namesOf(s.Names)
			p.put(") = (")
			p.query(s.Query)
			p.put(")")
		}
	case *ExecuteImmediate:
		p.clause("EXECUTE IMMEDIATE ", s.Text)
		if len(s.Into) > 0 {
			p.put(" INTO ")
			p.namesOf(s.Into)
		}
		if len(s.Using) > 0 {
			p.put(" USING (")
			list(p, s.Using, func(a Argument) {
				p.clause("", a.Value)
				if a.Name != "" {
					p.put(" AS ")
					p.ident(a.Name)
				}
			})
			p.put(")")
		}
	default:
		panic(fmt.Sprintf("ast: no way to print %T", s))
	}
}

// SettingByte reports whether c may stand in the key of a setting without quotes.
func SettingByte(c byte) bool {
	return c == '.' || c == '-' || c == '_' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// settingText is a key or value of SET, in backquotes if it has to be.
func settingText(s string) string {
	for i := range len(s) {
		if !SettingByte(s[i]) {
			return "`" + s + "`"
		}
	}
	if s == "" {
		return "``"
	}
	return s
}

var showWords = [...]string{
	ShowTables: "TABLES", ShowTableExtended: "TABLE EXTENDED", ShowViews: "VIEWS", ShowDatabases: "DATABASES", ShowCatalogs: "CATALOGS",
	ShowColumns: "COLUMNS IN", ShowFunctions: "FUNCTIONS", ShowPartitions: "PARTITIONS", ShowProperties: "TBLPROPERTIES",
	ShowCreateTable: "CREATE TABLE", ShowCurrentDatabase: "CURRENT DATABASE",
}

func (p *printer) show(s *Show) {
	p.put("SHOW ")
	p.flag(s.Scope != "", s.Scope+" ")
	p.put(showWords[s.Kind])
	p.named(" ", s.Name)
	p.named(" IN ", s.In)
	p.value(" LIKE ", s.Pattern, "")
	p.partition(s.Partition)
	if s.Key != "" {
		p.put("(", QuoteString(s.Key), ")")
	}
	p.flag(s.AsSerde, " AS SERDE")
}

func (p *printer) describe(s *Describe) {
	p.put("DESCRIBE ", s.Kind.String(), " ")
	p.flag(s.Extended, "EXTENDED ")
	if s.Query != nil {
		p.query(s.Query)
		return
	}
	if op := s.Name.Last(); s.Kind == ObjFunction && len(s.Name.Parts) == 1 && strings.ContainsAny(op, "+-*/%<>=!|&^~") {
		p.put(QuoteString(op))
	} else {
		p.name(s.Name)
	}
	p.partition(s.Partition)
	p.named(" ", s.Column)
	p.flag(s.AsJSON, " AS JSON")
}

func (p *printer) analyze(s *Analyze) {
	if s.Tables {
		p.put("ANALYZE TABLES")
		p.named(" IN ", s.Table)
	} else {
		p.named("ANALYZE TABLE ", s.Table)
	}
	p.partition(s.Partition)
	p.put(" COMPUTE STATISTICS")
	p.flag(s.NoScan, " NOSCAN")
	p.flag(s.AllColumns, " FOR ALL COLUMNS")
	if len(s.Columns) > 0 {
		p.put(" FOR COLUMNS ")
		p.idents(s.Columns)
	}
}
