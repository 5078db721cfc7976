package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// star expands *, t.* and s.* (the fields of a struct), without the columns
// of EXCEPT and with those of REPLACE in their places.
func (b *binder) star(s *site, e *ast.Star) ([]*item, error) {
	items, err := b.expand(s, e)
	if err != nil {
		return nil, err
	}
	if items, err = b.starExcept(items, e); err != nil {
		return nil, err
	}
	return items, b.starReplace(s, items, e)
}

func (b *binder) expand(s *site, e *ast.Star) ([]*item, error) {
	var items []*item
	add := func(f *field) {
		items = append(items, &item{name: f.name, qual: f.qual, expr: reference(f, f.name, e.Pos()), ref: b.newID(), pos: e.Pos()})
	}
	if len(e.Qualifier) == 0 {
		for i := range s.sc.fields {
			if !s.sc.fields[i].hidden {
				add(&s.sc.fields[i])
			}
		}
		if len(items) == 0 && s.block != nil && s.block.sel != nil && s.block.sel.From == nil {
			return nil, sqlerr.New(sqlerr.InvalidStar, "Invalid usage of '*': there is no FROM.").At(e.Pos())
		}
		return items, nil
	}
	var crossed []*frame
	for sc := s.sc; sc != nil && len(items) == 0; {
		for _, hidden := range []bool{true, false} {
			for i := range sc.fields {
				if f := &sc.fields[i]; f.hidden == hidden && len(f.qual) > 0 && b.qualified(f.qual, e.Qualifier) {
					add(f)
					for _, fr := range crossed {
						fr.use(f.col.ID)
					}
				}
			}
		}
		if sc.frame == nil {
			break
		}
		crossed = append(crossed, sc.frame)
		sc = sc.frame.parent
	}
	if len(items) > 0 {
		return items, nil
	}
	x, n, err := b.resolve(s, e.Qualifier, e.Pos())
	if err != nil {
		return nil, err
	}
	if n == 0 {
		var tables []string
		for _, f := range s.sc.fields {
			if t := quotePath(f.qual); len(f.qual) > 0 && (len(tables) == 0 || tables[len(tables)-1] != t) {
				tables = append(tables, t)
			}
		}
		return nil, sqlerr.New(sqlerr.UnresolvedStar, "Cannot resolve %s.* given input columns of %s.", quotePath(e.Qualifier), strings.Join(tables, ", ")).
			At(e.Pos()).WithHint("Check that the specified table or struct exists and is accessible in the input columns.")
	}
	if x, err = b.path(x, e.Qualifier[n:], e.Pos()); err != nil {
		return nil, err
	}
	if x.Type().Kind != types.Struct {
		return nil, sqlerr.New(sqlerr.UnresolvedStar, "Cannot expand %s.*: it is of type %q, not a struct.", quotePath(e.Qualifier), x.Type().SQL()).At(e.Pos())
	}
	for _, f := range x.Type().Children() {
		y, err := b.call("getfield", []expr.Expr{x, &expr.Literal{Value: f.Name, T: types.StringType}}, e.Pos())
		if err != nil {
			return nil, err
		}
		items = append(items, &item{name: f.Name, expr: y, ref: b.newID(), pos: e.Pos(), extracted: true})
	}
	return items, nil
}

// starExcept leaves out columns, or fields of struct columns.
func (b *binder) starExcept(items []*item, e *ast.Star) ([]*item, error) {
	for i, n := range e.Except {
		for _, m := range e.Except[:i] {
			if strings.EqualFold(strings.Join(n.Parts, "\x00"), strings.Join(m.Parts, "\x00")) {
				return nil, sqlerr.New(sqlerr.ExceptOverlapping, "Columns in an EXCEPT list must be distinct and non-overlapping, but got (%s).", quotePath(n.Parts)).At(n.Pos())
			}
		}
		at := -1
		path := n.Parts
		for k := min(3, len(n.Parts)-1); k >= 0 && at < 0; k-- {
			for j, it := range items {
				if b.same(it.name, n.Parts[k]) && b.qualified(it.qual, n.Parts[:k]) {
					at, path = j, n.Parts[k+1:]
					break
				}
			}
		}
		if at < 0 {
			sc := &scope{}
			for _, it := range items {
				sc.fields = append(sc.fields, field{name: it.name, qual: it.qual})
			}
			return nil, b.unresolved(sc, n.Parts, n.Pos())
		}
		if len(path) > 0 {
			x, err := b.without(items[at].expr, path, n.Pos())
			if err != nil {
				return nil, err
			}
			items[at] = &item{name: items[at].name, expr: x, ref: items[at].ref, pos: items[at].pos}
			continue
		}
		items = append(items[:at:at], items[at+1:]...)
	}
	return items, nil
}

// without is a struct without the field at path.
func (b *binder) without(x expr.Expr, path []string, pos int) (expr.Expr, error) {
	t := x.Type()
	if t.Kind != types.Struct {
		return nil, sqlerr.New(sqlerr.ExceptNested, "EXCEPT column %s was resolved and expected to be StructType, but found type %q.", quotePath(path), t.SQL()).At(pos)
	}
	drop, err := b.structField(t, path[0], pos)
	if err != nil {
		return nil, err
	}
	if drop < 0 {
		return nil, sqlerr.New(sqlerr.FieldNotFound, "No such struct field `%s`.", path[0]).At(pos)
	}
	var args []expr.Expr
	for i, f := range t.Children() {
		if i == drop && len(path) == 1 {
			continue
		}
		v, err := b.call("getfield", []expr.Expr{x, &expr.Literal{Value: f.Name, T: types.StringType}}, pos)
		if err != nil {
			return nil, err
		}
		if i == drop {
			if v, err = b.without(v, path[1:], pos); err != nil {
				return nil, err
			}
		}
		args = append(args, &expr.Literal{Value: f.Name, T: types.StringType}, v)
	}
	y, err := b.call("named_struct", args, pos)
	if err != nil || !x.Nullable() {
		return y, err
	}
	return &expr.Case{Whens: []expr.When{{Cond: &expr.IsNull{Arg: x}, Then: expr.NullOf(y.Type())}}, Else: y, T: y.Type()}, nil
}

// starReplace puts other expressions in the places of columns.
func (b *binder) starReplace(s *site, items []*item, e *ast.Star) error {
	for _, r := range e.Replace {
		at := -1
		for j, it := range items {
			if b.same(it.name, r.Alias) {
				at = j
			}
		}
		if at < 0 {
			sc := &scope{}
			for _, it := range items {
				sc.fields = append(sc.fields, field{name: it.name})
			}
			return b.unresolved(sc, []string{r.Alias}, r.Pos())
		}
		x, err := b.expr(s, r.Expr)
		if err != nil {
			return err
		}
		items[at] = &item{name: r.Alias, expr: x, ref: items[at].ref, pos: r.Pos()}
	}
	return nil
}
