package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/parse"
)

// column resolves a name: a lambda parameter, a column of the input or of the
// select list (in the order the site says), a column of an enclosing query, a
// function without parentheses, a session variable. What follows the column's
// own name is a path into a struct.
func (b *binder) column(s *site, e *ast.Column) (expr.Expr, error) {
	parts, err := b.nameParts(&e.Name)
	if err != nil {
		return nil, err
	}
	if v := b.lambdaVar(s.lambda, parts[0]); v != nil {
		return b.field(e, v, v.Name, parts[1:])
	}
	x, n, err := b.resolve(s, parts, e.Pos())
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return b.field(e, x, parts[n-1], parts[n:])
	}
	if p, n := b.parameter(s.sc, parts); n > 0 {
		return b.field(e, p, parts[n-1], parts[n:])
	}
	if x, err := b.bareFunction(s, e, parts); x != nil || err != nil {
		return x, err
	}
	if b.res != nil {
		for n := len(parts); n > 0; n-- {
			if l := b.res.Variable(parts[:n]); l != nil {
				return b.field(e, l, parts[n-1], parts[n:])
			}
		}
	}
	return nil, b.unresolved(s.visible(), parts, e.Pos())
}

// visible is the scope whose names an error suggests: for ORDER BY the output
// and the input.
func (s *site) visible() *scope {
	if s.order != outputFirst || s.block == nil {
		return s.sc
	}
	sc := &scope{}
	for _, it := range s.block.items {
		sc.fields = append(sc.fields, field{name: it.name, qual: it.qual})
	}
	sc.fields = append(sc.fields, s.sc.fields...)
	return sc
}

// nameParts is the name, IDENTIFIER(…) evaluated.
func (b *binder) nameParts(n *ast.Name) ([]string, error) {
	if n.Expr == nil {
		return n.Parts, nil
	}
	x, err := b.expr(&site{sc: &scope{frame: &frame{}}, clause: "IDENTIFIER"}, n.Expr)
	if err != nil {
		return nil, err
	}
	if b.standIn(x, types.StringType) != nil {
		return nil, unnamed(n.Expr)
	}
	l, err := b.constant(x, n.Expr.Pos(), "argument of IDENTIFIER")
	if err != nil {
		return nil, err
	}
	text, ok := l.Value.(string)
	if !ok {
		return nil, sqlerr.New(sqlerr.NotConstantString, "The expression of IDENTIFIER must be a constant string which is not NULL.").At(n.Expr.Pos())
	}
	name, err := parse.Name(text)
	if err != nil {
		return nil, sqlerr.New(sqlerr.InvalidIdentifier, "The argument of IDENTIFIER is not a name: %s.", ast.QuoteString(text)).At(n.Expr.Pos())
	}
	return append(name.Parts, n.Parts...), nil
}

// resolve finds the column parts begin with by the order of the site. n is the
// number of parts that name it, 0 if nothing does.
func (b *binder) resolve(s *site, parts []string, pos int) (x expr.Expr, n int, err error) {
	order := s.order
	if s.inAgg && order != inputOnly {
		order = inputFirst
	}
	if order == outputFirst {
		if x, n, err = s.block.output(b, parts, pos); n > 0 || err != nil {
			return b.aliased(s, x), n, err
		}
	}
	f, n, err := b.local(s.sc, parts, pos)
	if err != nil {
		return nil, 0, err
	}
	if n > 0 && (order != keyFirst || s.block.groups(f.col.ID)) {
		return reference(f, parts[n-1], pos), n, nil
	}
	if order == inputFirst || order == keyFirst {
		x, m, err := s.block.alias(b, parts, pos)
		if err != nil && n == 0 {
			return nil, 0, err
		}
		if m > 0 && err == nil {
			s.usedAlias = true
			return b.aliased(s, x), m, nil
		}
	}
	if n > 0 {
		return reference(f, parts[n-1], pos), n, nil
	}
	if f, n, err = b.lookup(s.sc, parts, pos); n == 0 || err != nil {
		return nil, 0, err
	}
	return reference(f, parts[n-1], pos), n, nil
}

// aliased is a reference to an item of the select list as the site can use
// it: where the item itself will not have been computed, its expression.
func (b *binder) aliased(s *site, x expr.Expr) expr.Expr {
	if x == nil || s.block == nil || !s.inAgg && !s.inWindow && s.order != keyFirst && s.clause != "QUALIFY" {
		return x
	}
	return s.block.inline(x)
}

// field follows a path of names into structs, and notes how Spark names the result.
func (b *binder) field(e *ast.Column, x expr.Expr, name string, path []string) (expr.Expr, error) {
	if len(path) == 0 {
		return x, nil
	}
	b.texts[e] = name + "." + strings.Join(path, ".")
	return b.path(x, path, e.Pos())
}

// path is x.a.b: fields of structs, of structs in arrays, or values of maps by key.
func (b *binder) path(x expr.Expr, path []string, pos int) (expr.Expr, error) {
	for _, name := range path {
		t := x.Type()
		if t.Kind == types.Map {
			key := b.implicit(&expr.Literal{Value: name, T: types.StringType}, t.Key())
			v, err := b.call("getitem", []expr.Expr{x, key}, pos)
			if err != nil {
				return nil, err
			}
			x = v
			continue
		}
		st := t
		if t.Kind == types.Array {
			st = t.Elem()
		}
		if st.Kind != types.Struct {
			return nil, sqlerr.New(sqlerr.InvalidExtractBase, "Can't extract a value from a value of type %q. Need a complex type [STRUCT, ARRAY, MAP].", t.SQL()).At(pos)
		}
		i, err := b.structField(st, name, pos)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			var names []string
			for _, f := range st.Children() {
				names = append(names, "`"+f.Name+"`")
			}
			return nil, sqlerr.New(sqlerr.FieldNotFound, "No such struct field `%s` in %s.", name, strings.Join(names, ", ")).At(pos)
		}
		if x, err = b.call("getfield", []expr.Expr{x, &expr.Literal{Value: st.Children()[i].Name, T: types.StringType}}, pos); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// bare are the functions that need no parentheses.
var bare = map[string]string{
	"current_date": "current_date", "current_timestamp": "current_timestamp", "current_time": "current_time",
	"localtimestamp": "localtimestamp", "localtime": "localtime", "current_user": "current_user", "user": "current_user", "session_user": "session_user",
	"current_catalog": "current_catalog", "current_database": "current_database", "current_schema": "current_schema",
	"grouping__id": "grouping_id",
}

func (b *binder) bareFunction(s *site, e *ast.Column, parts []string) (expr.Expr, error) {
	if len(parts) != 1 {
		return nil, nil
	}
	name, ok := bare[strings.ToLower(parts[0])]
	if !ok {
		return nil, nil
	}
	f := &ast.Func{Span: e.Span, Name: ast.N(name)}
	if name != "grouping_id" {
		b.texts[e] = ast.ColumnName(f, nil)
	}
	return b.function(s, f)
}
