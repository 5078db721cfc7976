package volley

import (
	"context"
	"reflect"
	"strings"

	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// Named are values for :name markers.
type Named map[string]any

// SQL is a statement. A query is checked now and runs when an action asks for
// its rows; any other statement runs now, and the DataFrame holds what it gave.
//
// args are the values of ? markers in order, or one Named for :name markers.
// They are Go values as Lit takes them.
func (s *Session) SQL(ctx context.Context, text string, args ...any) (*DataFrame, error) {
	st, text, err := s.inner.Parse(text)
	if err != nil {
		return nil, public(err)
	}
	if err := bindArgs(st, args); err != nil {
		return nil, public(placed(err, text))
	}
	q, ok := st.(*ast.Query)
	if !ok {
		df, err := s.command(ctx, st, text, len(args) == 0)
		return df, public(placed(err, text))
	}
	if _, err := s.inner.Schema(ctx, q); err != nil {
		return nil, public(placed(err, text))
	}
	df := s.of(q, stageLimit)
	df.text = text
	return df, nil
}

// command runs a statement that is no query and keeps its rows.
func (s *Session) command(ctx context.Context, st ast.Statement, text string, whole bool) (*DataFrame, error) {
	var res *session.Result
	var err error
	if whole { // with its text, which views and errors keep
		res, err = s.inner.Run(ctx, text, session.Params{})
	} else {
		res, err = s.inner.Execute(ctx, st, session.Params{})
	}
	if err != nil {
		return nil, err
	}
	rows, err := res.Collect()
	if err != nil {
		return nil, err
	}
	if len(res.Schema) == 0 {
		df := s.of(&ast.Query{Body: &ast.Select{Items: star()}}, stageLimit)
		df.none = true
		return df, nil
	}
	return s.values(res.Schema, len(rows), func(r, c int) (ast.Expr, error) {
		v, err := goValue(rows[r][c], res.Schema[c].Type, zone(res.Settings))
		if err != nil {
			return nil, err
		}
		return literal(v)
	}), nil
}

// values is a DataFrame of constant rows of a schema.
func (s *Session) values(schema types.Schema, n int, at func(r, c int) (ast.Expr, error)) *DataFrame {
	vs := &ast.Values{}
	for r := range n {
		row := make([]ast.Expr, len(schema))
		for c := range schema {
			x, err := at(r, c)
			if err != nil {
				return s.failed(err)
			}
			row[c] = x
		}
		vs.Rows = append(vs.Rows, row)
	}
	if n == 0 { // VALUES must have a row
		row := make([]ast.Expr, len(schema))
		for c := range row {
			row[c] = null()
		}
		vs.Rows = append(vs.Rows, row)
	}
	alias := &ast.Alias{Name: "_rows"}
	sel := &ast.Select{From: &ast.SubqueryRef{Query: &ast.Query{Body: vs}, Alias: alias}}
	for _, f := range schema {
		alias.Columns = append(alias.Columns, f.Name)
		sel.Items = append(sel.Items, ast.SelectItem{Expr: &ast.Cast{X: ast.Col(f.Name), Type: ast.T(f.Type)}, Alias: f.Name})
	}
	if n == 0 {
		sel.Where = ast.Bool(false)
	}
	return s.of(&ast.Query{Body: sel}, stageSelect)
}

var exprType = reflect.TypeFor[ast.Expr]()

// bindArgs puts literals in the place of parameter markers. The tree must be
// nobody else's.
func bindArgs(st ast.Statement, args []any) error {
	named := map[string]any{}
	positional := args
	if len(args) == 1 {
		switch m := args[0].(type) {
		case Named:
			named, positional = m, nil
		case map[string]any:
			named, positional = m, nil
		}
	}
	lower := make(map[string]any, len(named))
	for k, v := range named {
		lower[strings.ToLower(k)] = v
	}
	b := binding{positional: positional, named: lower}
	b.walk(reflect.ValueOf(st))
	if b.err == nil && b.used < len(positional) && len(positional) > 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "The statement has %d parameter markers, but %d values were given.", b.used, len(positional))
	}
	return b.err
}

type binding struct {
	positional []any
	named      map[string]any
	used       int
	err        error
}

func (b *binding) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if p, ok := v.Interface().(*ast.Param); ok && v.Type() == exprType && v.CanSet() {
			if x := b.value(p); x != nil {
				v.Set(reflect.ValueOf(x))
			}
			return
		}
		b.walk(v.Elem())
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct && strings.HasSuffix(v.Elem().Type().PkgPath(), "planner/ast") {
			b.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			b.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Name != "Span" {
				b.walk(v.Field(i))
			}
		}
	}
}

func (b *binding) value(p *ast.Param) ast.Expr {
	var v any
	ok := false
	if p.Name == "" {
		if ok = p.Index < len(b.positional); ok {
			v = b.positional[p.Index]
			b.used = max(b.used, p.Index+1)
		}
	} else {
		v, ok = b.named[strings.ToLower(p.Name)]
	}
	if !ok {
		return nil // the binder says that it is missing, and where
	}
	if c, isColumn := v.(Column); isColumn {
		sc := &scope{}
		x := c.expr(sc)
		if sc.err != nil && b.err == nil {
			b.err = sc.err
		}
		return x
	}
	x, err := literal(v)
	if err != nil {
		if e := sqlerr.As(err); e != nil {
			err = e.At(p.Pos())
		}
		if b.err == nil {
			b.err = err
		}
		return nil
	}
	return x
}
