package session

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/parse"
)

// A table of which not all is there for everybody is read through a view that
// is made for the occasion:
//
//	SELECT a, mask(b, a) AS b FROM t WHERE filter(a)
//
// Its names mean what ruleResolver says: the table itself, and the functions
// of its rules.

// ruled is the view through which a table with rules, or of which the user may
// read some columns alone, is read.
func (r *resolver) ruled(rd *guard.Reading) (*bind.View, error) {
	schema := rd.Table.Schema()
	n := rd.Table.Name()
	res := &ruleResolver{table: rd.Table, functions: map[string]*bind.Function{}}
	secret := !r.s.viewer.Everything() && !(r.as == r.s.viewer && rd.Manages)
	call := func(name string, rule *catalog.Rule) (ast.Expr, error) {
		f, err := r.rule(name, rule, secret)
		if err != nil {
			return nil, err
		}
		res.functions[name] = f
		c := ast.Call(name)
		for _, col := range rule.Columns {
			c.Args = append(c.Args, ast.Col(col))
		}
		return c, nil
	}
	sel := &ast.Select{From: &ast.TableRef{Name: ast.N(n.Table)}}
	v := &bind.View{
		Name: []string{n.Catalog, n.Database, n.Table}, Query: &ast.Query{Body: sel}, Resolver: res, Settings: r.s.cfg.Settings,
		Guarded: secret,
	}
	for i, f := range schema {
		if rd.Columns != nil && !slices.Contains(rd.Columns, i) {
			continue
		}
		item := ast.SelectItem{Expr: ast.Col(f.Name), Alias: f.Name}
		if m := rd.Access.Masks[strings.ToLower(f.Name)]; m != nil {
			x, err := call(maskPrefix+strings.ToLower(f.Name), m)
			if err != nil {
				return nil, err
			}
			item.Expr = x
			f.Nullable = true
		}
		sel.Items = append(sel.Items, item)
		v.Schema = append(v.Schema, f)
	}
	if rule := rd.Access.RowFilter; rule != nil {
		x, err := call(filterName, rule)
		if err != nil {
			return nil, err
		}
		sel.Where = x
	}
	return v, nil
}

// The names of the functions of rules begin with a sign that no function's does.
const (
	filterName = " row filter"
	maskPrefix = " mask of "
)

// rule is a row filter or mask as a function called name. secret says that the
// user may not know what it does.
func (r *resolver) rule(name string, rule *catalog.Rule, secret bool) (*bind.Function, error) {
	st, err := parse.Statement(rule.Definition)
	f, ok := st.(*ast.CreateFunction)
	if err != nil || !ok {
		return nil, sqlerr.New(sqlerr.AccessInvalidRule, "The definition of %s cannot be read.", rule.Name)
	}
	return &bind.Function{
		Name: name, Params: f.Params, Returns: f.Returns, Body: f.Body, Query: f.Query,
		Resolver: &resolver{s: r.s, catalog: rule.Catalog, database: rule.Database, as: r.s.viewer.Rule(rule), asked: r.asked, calls: r.calls, sealed: true},
		Text:     &sqlerr.Text{Object: "ROW FILTER OR MASK " + rule.Name, Source: rule.Definition, Secret: secret},
	}, nil
}

// ruleResolver is the world of the view that a table with rules is read through.
type ruleResolver struct {
	table     catalog.Table
	functions map[string]*bind.Function
}

// Relation implements bind.Resolver.
func (r *ruleResolver) Relation(context.Context, []string) (catalog.Table, *bind.View, error) {
	return r.table, nil, nil
}

// File implements bind.Resolver.
func (r *ruleResolver) File(_ context.Context, _, path string, _ map[string]string) (catalog.Table, error) {
	return nil, sqlerr.New(sqlerr.FileNotFound, "Path does not exist: %s.", path)
}

// HasFormat implements bind.Resolver.
func (r *ruleResolver) HasFormat(string) bool { return false }

// Variable implements bind.Resolver.
func (r *ruleResolver) Variable([]string) *expr.Literal { return nil }

// Function implements bind.Resolver.
func (r *ruleResolver) Function(_ context.Context, name []string) (*bind.Function, error) {
	return r.functions[name[len(name)-1]], nil
}

// alterRights runs what ALTER TABLE does to owners, row filters and masks; ok
// is false for other actions.
func (s *Session) alterRights(ctx context.Context, st *statement, n *ast.AlterTable, t *target) (r *Result, err error, ok bool) {
	switch a := n.Action.(type) {
	case *ast.SetOwner:
		err = s.setOwner(ctx, st, ast.Securable{Span: n.Name.Span, Name: n.Name}, a.To)
	case *ast.SetRowFilter:
		err = s.setRowFilter(ctx, st, n, t, a)
	case *ast.SetMask:
		err = s.setMask(ctx, st, n, t, a)
	default:
		return nil, nil, false
	}
	return empty(), sqlerr.At(err, n.Pos()), true
}

// ruleTable finds the table of a rule and the guard its rights are changed through.
func (s *Session) ruleTable(ctx context.Context, st *statement, n *ast.AlterTable, t *target) (guard.Guard, catalog.Table, error) {
	if err := s.outside("changes of row filters and masks"); err != nil {
		return guard.Guard{}, nil, err
	}
	_, tb, err := s.table(ctx, st, &n.Name, "ALTER TABLE")
	if err != nil {
		return guard.Guard{}, nil, err
	}
	by, err := s.actor()
	if err != nil {
		return guard.Guard{}, nil, err
	}
	return by.Over(s.catalogIn(t.cat.Name())), tb, nil
}

func (s *Session) setRowFilter(ctx context.Context, st *statement, n *ast.AlterTable, t *target, a *ast.SetRowFilter) error {
	g, tb, err := s.ruleTable(ctx, st, n, t)
	if err != nil {
		return err
	}
	var rule *catalog.Rule
	if !a.Drop {
		if rule, err = s.newRule(ctx, st, tb.Schema(), &a.Function, a.Columns, types.BoolType); err != nil {
			return err
		}
	}
	return g.SetRules(ctx, catalog.Securable{Database: t.db, Name: t.name}, func(acc *catalog.Access) error {
		acc.RowFilter = rule
		return nil
	})
}

func (s *Session) setMask(ctx context.Context, st *statement, n *ast.AlterTable, t *target, a *ast.SetMask) error {
	g, tb, err := s.ruleTable(ctx, st, n, t)
	if err != nil {
		return err
	}
	i := tb.Schema().Index(a.Column.Last())
	if i < 0 || len(a.Column.Parts) > 1 {
		return noColumn(tb.Schema(), a.Column.Last()).At(a.Column.Pos())
	}
	col := tb.Schema()[i]
	var rule *catalog.Rule
	if !a.Drop {
		if rule, err = s.newRule(ctx, st, tb.Schema(), &a.Function, append([]string{col.Name}, a.Using...), col.Type); err != nil {
			return err
		}
	}
	return g.SetRules(ctx, catalog.Securable{Database: t.db, Name: t.name}, func(acc *catalog.Access) error {
		k := strings.ToLower(col.Name)
		if rule == nil {
			delete(acc.Masks, k)
			return nil
		}
		if acc.Masks == nil {
			acc.Masks = map[string]*catalog.Rule{}
		}
		acc.Masks[k] = rule
		return nil
	})
}

// firstRules are the row filter and the masks that a CREATE TABLE gives a table
// of columns, nil if it gives none.
func (s *Session) firstRules(ctx context.Context, st *statement, n *ast.CreateTable, table types.Schema) (*catalog.Access, error) {
	acc := &catalog.Access{}
	defs := slices.Clone(n.Columns)
	for _, p := range n.PartitionBy {
		if p.Column != nil {
			defs = append(defs, *p.Column)
		}
	}
	for _, d := range defs {
		if d.Mask == nil {
			continue
		}
		col := table[table.Index(d.Name.Last())]
		rule, err := s.newRule(ctx, st, table, &d.Mask.Function, append([]string{col.Name}, d.Mask.Using...), col.Type)
		if err != nil {
			return nil, err
		}
		if acc.Masks == nil {
			acc.Masks = map[string]*catalog.Rule{}
		}
		acc.Masks[strings.ToLower(col.Name)] = rule
	}
	if f := n.RowFilter; f != nil {
		if len(table) == 0 {
			return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: a row filter on a table whose columns the files tell.").At(f.Pos()).
				WithHint("List the columns, or set the filter with ALTER TABLE.")
		}
		rule, err := s.newRule(ctx, st, table, &f.Function, f.Columns, types.BoolType)
		if err != nil {
			return nil, err
		}
		acc.RowFilter = rule
	}
	if acc.RowFilter == nil && acc.Masks == nil {
		return nil, nil
	}
	return acc, s.outside("row filters and masks")
}

func noColumn(columns types.Schema, name string) *sqlerr.Error {
	var names []string
	for _, f := range columns {
		names = append(names, f.Name)
	}
	return sqlerr.New(sqlerr.UnresolvedColumn, "A column, variable, or function parameter with name %s cannot be resolved.", quote([]string{name})).
		WithHint("Did you mean one of the following? [%s].", strings.Join(sqlerr.Nearest(name, names, 5), ", "))
}

// newRule makes a rule of a function, which is one of the session's or of the
// engine's: its definition as it is now. It is bound once, so that what is
// wrong with it is an error here and not where the table is read.
func (s *Session) newRule(ctx context.Context, st *statement, table types.Schema, function *ast.Name, columns []string, result types.Type) (*catalog.Rule, error) {
	parts, err := s.parts(ctx, st, function)
	if err != nil {
		return nil, err
	}
	by, err := s.actor()
	if err != nil {
		return nil, err
	}
	cat, db := s.Current()
	rule := &catalog.Rule{Name: parts[len(parts)-1], Catalog: cat, Database: db, By: by.Principal()}
	def := &ast.CreateFunction{Name: ast.N(rule.Name)}
	args := &ast.Func{Name: ast.N(rule.Name)}
	var fields types.Schema
	for k, c := range columns {
		i := table.Index(c)
		if i < 0 {
			return nil, noColumn(table, c).At(function.Pos())
		}
		f := table[i]
		rule.Columns = append(rule.Columns, f.Name)
		fields = append(fields, f)
		p := "arg" + strconv.Itoa(k+1)
		def.Params = append(def.Params, ast.ColumnDef{Name: ast.N(p), Type: ast.T(f.Type)})
		args.Args = append(args.Args, ast.Col(p))
	}
	def.Body = args
	env := s.env(st)
	f, err := env.Resolver.Function(ctx, parts)
	if err != nil {
		return nil, sqlerr.At(err, function.Pos())
	}
	if f != nil {
		if f.Table {
			return nil, sqlerr.New(sqlerr.AccessInvalidRule, "The function %s gives a table; a row filter or mask is a function of one value.", quote(parts)).At(function.Pos())
		}
		if in, ok := f.Resolver.(*resolver); ok && in.stored {
			rule.Catalog, rule.Database, rule.By = in.catalog, in.database, catalog.Principal{}
			if in.as != nil {
				rule.By = in.as.Principal()
			}
		}
		def = &ast.CreateFunction{Name: ast.N(rule.Name), Params: f.Params, Returns: f.Returns, Body: f.Body, Query: f.Query}
	}
	rule.Definition = ast.SQL(def)
	res := &resolver{s: s, catalog: rule.Catalog, database: rule.Database, as: s.viewer, sealed: true}
	if s.viewer != nil && rule.By != s.viewer.Principal() {
		res.as = s.viewer.Rule(rule)
	}
	if err := checkRule(ctx, env, res, rule, fields, result); err != nil {
		return nil, sqlerr.Over(err, function.Pos(), function.End())
	}
	return rule, nil
}

// checkRule binds a rule over columns of a table.
func checkRule(ctx context.Context, env *bind.Env, res *resolver, rule *catalog.Rule, fields types.Schema, result types.Type) error {
	st, err := parse.Statement(rule.Definition)
	if err != nil {
		return err
	}
	f := st.(*ast.CreateFunction)
	call := &ast.Func{Name: ast.N(rule.Name)}
	for _, c := range rule.Columns {
		call.Args = append(call.Args, ast.Col(c))
	}
	e := *env
	e.Resolver = &ruleResolver{functions: map[string]*bind.Function{
		rule.Name: {Name: rule.Name, Params: f.Params, Returns: f.Returns, Body: f.Body, Query: f.Query, Resolver: res, Text: &sqlerr.Text{Object: "FUNCTION " + rule.Name, Source: rule.Definition}},
	}}
	got, err := bind.Value(ctx, &e, fields, call)
	if err != nil {
		return err
	}
	if !got.SameShape(result) && got.Kind != types.Null {
		return sqlerr.New(sqlerr.AccessInvalidRule, "The function %s gives %q, and not %q.", quote([]string{rule.Name}), got.SQL(), result.SQL())
	}
	return nil
}

// rulesOf are the row filter and masks of a table, nil if the user may not know them.
func rulesOf(ctx context.Context, c catalog.Catalog, db, name string) (*catalog.Access, error) {
	switch c := c.(type) {
	case guard.Guard:
		return c.Rules(ctx, db, name)
	case catalog.Secured:
		return c.Access(ctx, catalog.Securable{Database: db, Name: name})
	}
	return nil, nil
}

// ruleText is a rule as CREATE TABLE has it, without ROW FILTER or MASK.
func ruleText(r *catalog.Rule, word string, columns []string) string {
	text := ast.QuoteIdent(r.Name)
	if len(columns) == 0 && word != "ON" {
		return text
	}
	cols := make([]string, len(columns))
	for i, c := range columns {
		cols[i] = ast.QuoteIdent(c)
	}
	return text + " " + word + " (" + strings.Join(cols, ", ") + ")"
}
