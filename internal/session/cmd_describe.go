package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// description is what is known of a table or view of any kind.
type description struct {
	path       []string
	schema     types.Schema
	partitions []int
	info       catalog.Info
	view       *catalog.View
	temp       bool
	// rules has the row filter and masks, if the user may know them; else nil.
	rules *catalog.Access
	// facts are the lines of DESCRIBE EXTENDED.
	facts [][2]string
}

func (d *description) comment(i int) string {
	if i < len(d.info.ColumnComments) {
		return d.info.ColumnComments[i]
	}
	return ""
}

// described describes the table or view called parts.
func (s *Session) described(ctx context.Context, st *statement, parts []string) (*description, error) {
	d := &description{path: parts}
	if v := s.tempView(parts); v != nil {
		d.temp = true
		schema, err := s.viewColumns(ctx, st, parts)
		if err != nil {
			return nil, err
		}
		d.schema = schema
		d.facts = [][2]string{{"Table", v.name}, {"Type", "VIEW"}, {"View Text", v.text}}
		return d, nil
	}
	cat, db := s.Current()
	c, database, name, err := s.locate(cat, db, parts)
	if err != nil {
		return nil, err
	}
	t := &target{cat: c, db: database, name: name, parts: parts}
	tb, v, err := t.lookup(ctx)
	if err != nil {
		return nil, err
	}
	d.path = []string{c.Name(), database, name}
	fact := func(k, v string) {
		if v != "" {
			d.facts = append(d.facts, [2]string{k, v})
		}
	}
	fact("Catalog", c.Name())
	fact("Database", database)
	fact("Table", name)
	if v != nil {
		d.view, d.schema = v, v.Schema
		if d.schema == nil {
			if d.schema, err = s.viewColumns(ctx, st, parts); err != nil {
				return nil, err
			}
		}
		d.info = catalog.Info{Provider: "view", Comment: v.Comment}
		fact("Type", "VIEW")
		fact("Comment", v.Comment)
		fact("View Text", v.SQL)
		return d, nil
	}
	d.schema, d.partitions, d.info = tb.Schema(), tb.PartitionColumns(), tb.Info()
	fact("Owner", s.owner(ctx, c.Name(), catalog.Securable{Database: database, Name: name}, d.info.Owner))
	if d.info.Created > 0 {
		fact("Created Time", time.UnixMicro(d.info.Created).In(settings.TimeZone(st.snap)).Format("2006-01-02 15:04:05"))
	}
	fact("Type", map[bool]string{true: "MANAGED", false: "EXTERNAL"}[d.info.Managed])
	fact("Provider", d.info.Provider)
	fact("Comment", d.info.Comment)
	fact("Table Properties", pairsText(d.info.Properties))
	fact("Location", d.info.Location)
	fact("Storage Properties", pairsText(d.info.Options))
	if d.rules, err = rulesOf(ctx, c, database, name); err != nil {
		return nil, err
	}
	if d.rules == nil {
		return d, nil
	}
	if f := d.rules.RowFilter; f != nil {
		fact("Row Filter", ruleText(f, "ON", f.Columns))
	}
	for _, f := range d.schema {
		if m := d.rules.Masks[strings.ToLower(f.Name)]; m != nil {
			fact("Mask of "+f.Name, ruleText(m, "USING COLUMNS", m.Columns[1:]))
		}
	}
	return d, nil
}

func pairsText(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	var parts []string
	for _, k := range sortedKeys(m) {
		parts = append(parts, k+"="+m[k])
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// describeColumns is what DESCRIBE gives.
func describeColumns(n *ast.Describe) types.Schema {
	switch {
	case n.Kind == ast.ObjFunction:
		return strs("function_desc")
	case n.Kind == ast.ObjDatabase, n.Kind != ast.ObjQuery && len(n.Column.Parts) > 0:
		return strs("info_name", "info_value")
	}
	return describeSchema
}

// describe runs DESCRIBE.
func (s *Session) describe(ctx context.Context, st *statement, n *ast.Describe) (*Result, error) {
	switch n.Kind {
	case ast.ObjDatabase:
		return s.describeDatabase(ctx, st, n)
	case ast.ObjFunction:
		return s.describeFunction(ctx, st, n)
	case ast.ObjQuery:
		p, err := bind.Query(ctx, s.env(st), n.Query)
		if err != nil {
			return nil, err
		}
		return table(describeSchema, columnRows(&description{schema: p.Schema()})...), nil
	}
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	d, err := s.described(ctx, st, parts)
	if err != nil {
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	if len(n.Column.Parts) > 0 {
		return describeColumn(d, n)
	}
	rows := columnRows(d)
	if len(d.partitions) > 0 {
		rows = append(rows, row("# Partition Information", "", ""), row("# col_name", "data_type", "comment"))
		all := columnRows(d)
		for _, i := range d.partitions {
			rows = append(rows, all[i])
		}
	}
	if n.Extended && !d.temp {
		rows = append(rows, row("", "", ""), row("# Detailed Table Information", "", ""))
		for _, f := range d.facts {
			rows = append(rows, row(f[0], f[1], ""))
		}
	}
	return table(describeSchema, rows...), nil
}

var describeSchema = types.Schema{
	{Name: "col_name", Type: types.StringType},
	{Name: "data_type", Type: types.StringType},
	{Name: "comment", Type: types.StringType, Nullable: true},
}

func columnRows(d *description) [][]types.Datum {
	var rows [][]types.Datum
	for i, f := range d.schema {
		r := []types.Datum{f.Name, f.Type.String(), nil}
		if c := d.comment(i); c != "" {
			r[2] = c
		}
		rows = append(rows, r)
	}
	return rows
}

func describeColumn(d *description, n *ast.Describe) (*Result, error) {
	i := d.schema.Index(n.Column.Last())
	if i < 0 || len(n.Column.Parts) > 1 {
		var names []string
		for _, f := range d.schema {
			names = append(names, f.Name)
		}
		err := sqlerr.New(sqlerr.UnresolvedColumn, "A column, variable, or function parameter with name %s cannot be resolved.", quote(n.Column.Parts)).At(n.Column.Pos())
		return nil, err.WithHint("Did you mean one of the following? [%s].", strings.Join(sqlerr.Nearest(n.Column.Last(), names, 5), ", "))
	}
	comment := d.comment(i)
	if comment == "" {
		comment = "NULL"
	}
	return table(describeColumns(n),
		row("col_name", d.schema[i].Name), row("data_type", d.schema[i].Type.String()), row("comment", comment)), nil
}

func (s *Session) describeDatabase(ctx context.Context, st *statement, n *ast.Describe) (*Result, error) {
	c, name, err := s.namespace(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	d, err := c.DescribeDatabase(ctx, name)
	if err != nil {
		if sqlerr.Is(err, sqlerr.SchemaNotFound) {
			return nil, s.noDatabase(ctx, c.Name(), name).At(n.Name.Pos())
		}
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	rows := [][]types.Datum{
		row("Catalog Name", c.Name()), row("Namespace Name", d.Name), row("Comment", d.Comment),
		row("Location", d.Location), row("Owner", s.owner(ctx, c.Name(), catalog.Securable{Database: name}, s.cfg.User)),
	}
	if n.Extended {
		var parts []string
		for _, k := range sortedKeys(d.Properties) {
			parts = append(parts, "("+k+","+d.Properties[k]+")")
		}
		text := ""
		if len(parts) > 0 {
			text = "(" + strings.Join(parts, ", ") + ")"
		}
		rows = append(rows, row("Properties", text))
	}
	return table(describeColumns(n), rows...), nil
}

// describeFunction runs DESCRIBE FUNCTION from the function's own definition.
func (s *Session) describeFunction(ctx context.Context, st *statement, n *ast.Describe) (*Result, error) {
	name := strings.ToLower(n.Name.Last())
	lines := []string{}
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	f, err := s.env(st).Resolver.Function(ctx, parts)
	if err != nil {
		return nil, sqlerr.At(err, n.Name.Pos())
	}
	if f != nil {
		var params []string
		for _, p := range f.Params {
			params = append(params, p.Name.Last()+" "+p.Type.Type.SQL())
		}
		lines = append(lines, "Function: "+f.Name, "Type:     SCALAR", "Input:    "+strings.Join(params, ", "))
		if f.Returns != nil {
			lines = append(lines, "Returns:  "+f.Returns.Type.SQL())
		}
		if f.Body != nil && !f.Guarded {
			lines = append(lines, "Body:     "+ast.SQL(f.Body))
		}
	} else {
		d := s.cfg.Functions.Lookup(name)
		if d == nil {
			err := sqlerr.New(sqlerr.UnresolvedRoutine, "Cannot resolve routine %s.", quote(n.Name.Parts)).At(n.Name.Pos())
			var names []string
			for _, d := range s.cfg.Functions.Defs() {
				names = append(names, d.Name)
			}
			if near := sqlerr.Nearest(name, names, 1); len(near) > 0 && sqlerr.Near(name, near[0]) {
				err = err.WithHint("Did you mean %s?", near[0])
			}
			return nil, err
		}
		lines = functionLines(d, n.Extended)
	}
	var rows [][]types.Datum
	for _, l := range lines {
		rows = append(rows, row(l))
	}
	return table(describeColumns(n), rows...), nil
}

func functionLines(d *function.Def, extended bool) []string {
	lines := []string{"Function: " + d.Name, fmt.Sprintf("Usage: %s(%s) - %s", d.Name, d.Args, d.Doc)}
	if len(d.Aliases) > 0 {
		lines = append(lines, "Aliases: "+strings.Join(d.Aliases, ", "))
	}
	if !extended {
		return lines
	}
	var b strings.Builder
	b.WriteString("Extended Usage:\n    Examples:\n")
	for _, x := range d.Examples {
		fmt.Fprintf(&b, "      > %s;\n", x.SQL)
		for l := range strings.Lines(x.Want) {
			b.WriteString("       " + strings.TrimRight(l, "\n") + "\n")
		}
	}
	fmt.Fprintf(&b, "\n    Since: %s\n", d.Since)
	return append(lines, b.String())
}
