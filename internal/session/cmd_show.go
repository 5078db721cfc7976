package session

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// showSchema is what SHOW gives.
func showSchema(n *ast.Show) types.Schema {
	switch n.Kind {
	case ast.ShowTables, ast.ShowViews, ast.ShowTableExtended:
		schema := types.Schema{{Name: "namespace", Type: types.StringType}, {Name: "tableName", Type: types.StringType}, {Name: "isTemporary", Type: types.BoolType}}
		if n.Kind == ast.ShowViews {
			schema[1].Name = "viewName"
		}
		if n.Kind == ast.ShowTableExtended {
			schema = append(schema, types.Field{Name: "information", Type: types.StringType})
		}
		return schema
	case ast.ShowDatabases:
		return strs("namespace")
	case ast.ShowCatalogs:
		return strs("catalog")
	case ast.ShowColumns:
		return strs("col_name")
	case ast.ShowFunctions:
		return strs("function")
	case ast.ShowPartitions:
		return strs("partition")
	case ast.ShowProperties:
		return strs("key", "value")
	case ast.ShowCreateTable:
		return strs("createtab_stmt")
	}
	return strs("catalog", "namespace")
}

// show runs SHOW.
func (s *Session) show(ctx context.Context, st *statement, n *ast.Show) (*Result, error) {
	switch n.Kind {
	case ast.ShowTables, ast.ShowViews, ast.ShowTableExtended:
		return s.showTables(ctx, st, n)
	case ast.ShowDatabases:
		cat, _ := s.Current()
		if len(n.In.Parts) > 0 {
			cat = n.In.Parts[0]
		}
		c := s.catalogNamed(cat)
		if c == nil {
			return nil, sqlerr.New(sqlerr.CatalogNotFound, "The catalog `%s` not found.", cat).At(n.In.Pos())
		}
		names, err := c.Databases(ctx)
		return list(n, names, n.Pattern), err
	case ast.ShowCatalogs:
		var names []string
		for _, c := range s.cfg.Catalogs {
			names = append(names, c.Name())
		}
		sort.Strings(names)
		return list(n, names, n.Pattern), nil
	case ast.ShowColumns:
		return s.showColumns(ctx, st, n)
	case ast.ShowFunctions:
		return s.showFunctions(ctx, n), nil
	case ast.ShowPartitions:
		return s.showPartitions(ctx, st, n)
	case ast.ShowProperties:
		return s.showProperties(ctx, st, n)
	case ast.ShowCreateTable:
		return s.showCreate(ctx, st, n)
	}
	cat, db := s.Current()
	return table(showSchema(n), row(cat, db)), nil
}

// list is a result of one column of names that match a pattern.
func list(n *ast.Show, names []string, pattern *string) *Result {
	var rows [][]types.Datum
	for _, name := range names {
		if matches(pattern, name) {
			rows = append(rows, row(name))
		}
	}
	return table(showSchema(n), rows...)
}

// matches holds a name against the pattern of SHOW … LIKE: * is any text,
// | separates alternatives, case does not matter.
func matches(pattern *string, name string) bool {
	if pattern == nil {
		return true
	}
	for _, p := range strings.Split(strings.ToLower(*pattern), "|") {
		if wild(strings.TrimSpace(p), strings.ToLower(name)) {
			return true
		}
	}
	return false
}

func wild(p, s string) bool {
	head, rest, star := strings.Cut(p, "*")
	if !star {
		return p == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for i := 0; i <= len(s); i++ {
		if wild(rest, s[i:]) {
			return true
		}
	}
	return false
}

func (s *Session) showTables(ctx context.Context, st *statement, n *ast.Show) (*Result, error) {
	c, db, err := s.namespace(ctx, st, &n.In)
	if err != nil {
		return nil, err
	}
	if ok, err := hasDatabase(ctx, c, db); err != nil || !ok && !strings.EqualFold(db, GlobalTemp) {
		if err == nil {
			err = s.noDatabase(ctx, c.Name(), db).At(n.In.Pos())
		}
		return nil, err
	}
	entries, err := s.entries(ctx, c.Name(), db)
	if err != nil {
		return nil, err
	}
	extended := n.Kind == ast.ShowTableExtended
	var rows [][]types.Datum
	for _, e := range entries {
		if !matches(n.Pattern, e.Name) || n.Kind == ast.ShowViews && !e.IsView {
			continue
		}
		r := []types.Datum{e.Database, e.Name, e.IsTemp}
		if extended {
			info, err := s.information(ctx, st, c, e)
			if err != nil {
				return nil, err
			}
			r = append(r, info)
		}
		rows = append(rows, r)
	}
	return table(showSchema(n), rows...), nil
}

// information is the last column of SHOW TABLE EXTENDED.
func (s *Session) information(ctx context.Context, st *statement, c catalog.Catalog, e catalog.Entry) (string, error) {
	parts := []string{e.Name}
	if e.Database != "" {
		parts = []string{e.Database, e.Name}
		if !e.IsTemp {
			parts = append([]string{c.Name()}, parts...)
		}
	}
	d, err := s.described(ctx, st, parts)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, kv := range d.facts {
		fmt.Fprintf(&b, "%s: %s\n", kv[0], kv[1])
	}
	b.WriteString("Schema: root\n")
	for _, f := range d.schema {
		fmt.Fprintf(&b, " |-- %s: %s (nullable = %t)\n", f.Name, f.Type, f.Nullable)
	}
	b.WriteString("\n")
	return b.String(), nil
}

func (s *Session) showColumns(ctx context.Context, st *statement, n *ast.Show) (*Result, error) {
	name := n.Name
	if len(n.In.Parts) > 0 {
		if len(name.Parts) > 1 && !strings.EqualFold(name.Parts[len(name.Parts)-2], n.In.Last()) {
			return nil, sqlerr.New(sqlerr.ShowColumnsConflict, "SHOW COLUMNS with conflicting namespaces: %s != %s.", quote(n.In.Parts), quote(name.Parts[:len(name.Parts)-1])).At(n.In.Pos())
		}
		name.Parts = append(append([]string(nil), n.In.Parts...), name.Last())
	}
	parts, err := s.parts(ctx, st, &name)
	if err != nil {
		return nil, err
	}
	d, err := s.described(ctx, st, parts)
	if err != nil {
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	var names []string
	for _, f := range d.schema {
		names = append(names, f.Name)
	}
	return list(n, names, nil), nil
}

func (s *Session) showFunctions(ctx context.Context, n *ast.Show) *Result {
	var names []string
	if n.Scope != "USER" {
		for _, d := range s.cfg.Functions.Defs() {
			names = append(append(names, d.Name), d.Aliases...)
		}
		names = append(names, "!=", "<>", "and", "between", "case", "in", "not", "or", "range")
	}
	if n.Scope != "SYSTEM" {
		s.mu.Lock()
		for k := range s.funcs {
			names = append(names, k)
		}
		s.mu.Unlock()
		names = append(names, s.storedNames(ctx)...)
	}
	sort.Strings(names)
	pattern := n.Pattern
	if pattern == nil && len(n.Name.Parts) > 0 {
		last := n.Name.Last()
		pattern = &last
	}
	return list(n, slices.Compact(names), pattern)
}

// showPartitions lists the partitions that hold files.
func (s *Session) showPartitions(ctx context.Context, st *statement, n *ast.Show) (*Result, error) {
	t, tb, err := s.table(ctx, st, &n.Name, "SHOW PARTITIONS")
	if err != nil {
		return nil, err
	}
	places := tb.PartitionColumns()
	if len(places) == 0 {
		return nil, sqlerr.New(sqlerr.PartitionSchemaEmpty, "Operation not allowed: SHOW PARTITIONS. Table %s is not a partitioned table: the partition schema is empty.", quote(t.parts)).At(n.Name.Pos())
	}
	if err := t.reads(ctx, places); err != nil {
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	only, err := s.partition(ctx, st, tb, n.Partition, t)
	if err != nil {
		return nil, err
	}
	names, err := partitions(ctx, st, tb, only)
	if err != nil {
		return nil, err
	}
	return list(n, names, nil), nil
}

func (s *Session) showProperties(ctx context.Context, st *statement, n *ast.Show) (*Result, error) {
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	d, err := s.described(ctx, st, parts)
	if err != nil {
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	if n.Key != "" {
		v, ok := d.info.Properties[n.Key]
		if !ok {
			v = fmt.Sprintf("Table %s does not have property: %s", strings.Join(d.path, "."), n.Key)
		}
		return table(showSchema(n), row(n.Key, v)), nil
	}
	var rows [][]types.Datum
	for _, k := range sortedKeys(d.info.Properties) {
		rows = append(rows, row(k, d.info.Properties[k]))
	}
	return table(showSchema(n), rows...), nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// showCreate runs SHOW CREATE TABLE.
func (s *Session) showCreate(ctx context.Context, st *statement, n *ast.Show) (*Result, error) {
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	if s.tempView(parts) != nil {
		return nil, sqlerr.New(sqlerr.UnsupportedShowCreateTemp, "Unsupported a SHOW CREATE TABLE command. The command is not supported on a temporary view %s.", quote(parts)).At(n.Name.Pos())
	}
	d, err := s.described(ctx, st, parts)
	if err != nil {
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	if d.view != nil && d.view.SQL == "" {
		return nil, sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: User does not have MANAGE on TABLE %s.", quote(d.path)).At(n.Name.Pos())
	}
	return table(showSchema(n), row(d.createStatement())), nil
}

// createStatement writes the statement that would make the table or view again.
func (d *description) createStatement() string {
	var b strings.Builder
	name := make([]string, len(d.path))
	for i, p := range d.path {
		name[i] = ast.QuoteIdent(p)
	}
	word := "TABLE"
	if d.view != nil {
		word = "VIEW"
	}
	fmt.Fprintf(&b, "CREATE %s %s (\n", word, strings.Join(name, "."))
	for i, f := range d.schema {
		b.WriteString("  " + ast.QuoteIdent(f.Name))
		if d.view == nil {
			b.WriteString(" " + f.Type.SQL())
			if !f.Nullable {
				b.WriteString(" NOT NULL")
			}
			if i < len(d.info.ColumnDefaults) && d.info.ColumnDefaults[i] != "" {
				b.WriteString(" DEFAULT " + d.info.ColumnDefaults[i])
			}
		}
		if c := d.comment(i); c != "" {
			b.WriteString(" COMMENT " + ast.QuoteString(c))
		}
		if d.rules != nil && d.rules.Masks[strings.ToLower(f.Name)] != nil {
			m := d.rules.Masks[strings.ToLower(f.Name)]
			b.WriteString(" MASK " + ruleText(m, "USING COLUMNS", m.Columns[1:]))
		}
		if i < len(d.schema)-1 {
			b.WriteString(",")
		}
		b.WriteString("\n")
	}
	b.WriteString(")\n")
	if d.view != nil {
		if d.view.Comment != "" {
			b.WriteString("COMMENT " + ast.QuoteString(d.view.Comment) + "\n")
		}
		b.WriteString("AS " + d.view.SQL + "\n")
		return b.String()
	}
	b.WriteString("USING " + d.info.Provider + "\n")
	pairs := func(word string, m map[string]string) {
		if len(m) == 0 {
			return
		}
		b.WriteString(word + " (\n")
		for i, k := range sortedKeys(m) {
			if i > 0 {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, "  %s = %s", ast.QuoteString(k), ast.QuoteString(m[k]))
		}
		b.WriteString(")\n")
	}
	pairs("OPTIONS", d.info.Options)
	if len(d.partitions) > 0 {
		var by []string
		for _, i := range d.partitions {
			by = append(by, ast.QuoteIdent(d.schema[i].Name))
		}
		b.WriteString("PARTITIONED BY (" + strings.Join(by, ", ") + ")\n")
	}
	if !d.info.Managed && d.info.Location != "" {
		b.WriteString("LOCATION " + ast.QuoteString(d.info.Location) + "\n")
	}
	if d.info.Comment != "" {
		b.WriteString("COMMENT " + ast.QuoteString(d.info.Comment) + "\n")
	}
	pairs("TBLPROPERTIES", d.info.Properties)
	if d.rules != nil && d.rules.RowFilter != nil {
		b.WriteString("WITH ROW FILTER " + ruleText(d.rules.RowFilter, "ON", d.rules.RowFilter.Columns) + "\n")
	}
	return b.String()
}
