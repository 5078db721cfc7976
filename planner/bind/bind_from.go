package bind

import (
	"hash/fnv"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/parse"
)

// relation binds an item of FROM.
func (b *binder) relation(r ast.Relation, fr *frame, ctes *cteScope) (*relation, error) {
	if err := b.enter(r.Pos()); err != nil {
		return nil, err
	}
	defer b.leave()
	switch r := r.(type) {
	case *ast.TableRef:
		return b.tableRef(r, fr, ctes)
	case *ast.FileRef:
		t, err := b.file("", r.Path, nil, r)
		if err != nil {
			return nil, over(err, r)
		}
		return aliased(b.scan(t, r.Path), r.Alias)
	case *ast.SubqueryRef:
		return b.subqueryRef(r, fr, ctes)
	case *ast.FuncRef:
		return b.tableFunction(r, nil, fr, ctes)
	case *ast.Parens:
		rel, err := b.relation(r.Input, fr, ctes)
		if err != nil || r.Alias == nil {
			return rel, err
		}
		return aliased(b.narrow(rel), r.Alias)
	case *ast.Join:
		return b.join(r, fr, ctes)
	case *ast.LateralView:
		return b.lateralView(r, fr, ctes)
	case *ast.Sample:
		return b.sample(r, fr, ctes)
	case *ast.Pivot:
		return b.pivot(r, fr, ctes)
	case *ast.Unpivot:
		return b.unpivot(r, fr, ctes)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "The binder does not know %T.", r).At(r.Pos())
}

// aliased gives a relation the name of its alias, and its columns theirs.
func aliased(rel *relation, a *ast.Alias) (*relation, error) {
	if a == nil {
		return rel, nil
	}
	out := &relation{plan: rel.plan, fields: append([]field(nil), rel.fields...)}
	if a.Name != "" {
		for i := range out.fields {
			out.fields[i].qual = []string{a.Name}
		}
	}
	if len(a.Columns) > 0 {
		return out, renameFields(out, a.Columns, a.Pos())
	}
	return out, nil
}

func (b *binder) subqueryRef(r *ast.SubqueryRef, fr *frame, ctes *cteScope) (*relation, error) {
	rel, err := b.query(r.Query, fr, ctes)
	if err != nil {
		return nil, err
	}
	if r.Open {
		return aliased(rel, r.Alias)
	}
	rel = b.narrow(rel)
	for i := range rel.fields {
		rel.fields[i].qual = nil
	}
	if v, ok := r.Query.Body.(*ast.Values); ok && r.Alias != nil && len(r.Alias.Columns) > 0 && len(r.Alias.Columns) != len(rel.fields) {
		return nil, sqlerr.New(sqlerr.InlineTableColumns, "Invalid inline table: expected %d columns but found %d columns in row 0.", len(r.Alias.Columns), len(rel.fields)).At(v.Pos())
	}
	return aliased(rel, r.Alias)
}

// tableRef finds a name: a CTE, a table or view, or files by their format.
func (b *binder) tableRef(r *ast.TableRef, fr *frame, ctes *cteScope) (*relation, error) {
	parts, err := b.nameParts(&r.Name)
	if err != nil {
		return nil, err
	}
	if r.AsOf != nil {
		return nil, sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: Table %s does not support time travel.", quotePath(parts)).At(r.AsOf.Pos())
	}
	if len(parts) == 1 {
		if sc := b.findCTE(ctes, parts[0]); sc != nil {
			rel, err := b.cte(sc, fr, r.Pos())
			if err != nil {
				return nil, err
			}
			out := &relation{plan: rel.plan, fields: append([]field(nil), rel.fields...)}
			for i := range out.fields {
				out.fields[i].qual = []string{parts[0]}
			}
			return aliased(out, r.Alias)
		}
	}
	if b.res == nil {
		return nil, over(tableNotFound(parts), &r.Name)
	}
	t, v, err := b.res.Relation(b.ctx, parts)
	if err != nil {
		if len(parts) != 2 || !sqlerr.Is(err, sqlerr.TableOrViewNotFound) || !b.res.HasFormat(parts[0]) {
			return nil, over(err, &r.Name)
		}
		options, oerr := b.options(r.Options)
		if oerr != nil {
			return nil, oerr
		}
		if t, err = b.file(parts[0], parts[1], options, &r.Name); err != nil {
			return nil, err
		}
		rel := b.scan(t, strings.Join(parts, "."))
		for i := range rel.fields {
			rel.fields[i].qual = parts
		}
		return aliased(rel, r.Alias)
	}
	if v != nil {
		rel, err := b.view(v, r.Name.Pos())
		if err != nil {
			return nil, err
		}
		return aliased(rel, r.Alias)
	}
	name := parts[len(parts)-1]
	if r.Alias != nil && r.Alias.Name != "" {
		name = r.Alias.Name
	}
	return aliased(b.scan(t, name), r.Alias)
}

func tableNotFound(parts []string) *sqlerr.Error {
	return sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quotePath(parts))
}

// options folds WITH (key = value) to text.
func (b *binder) options(ps []ast.Property) (map[string]string, error) {
	if len(ps) == 0 {
		return nil, nil
	}
	m := map[string]string{}
	for _, p := range ps {
		if p.Value == nil {
			m[p.Key] = ""
			continue
		}
		l, err := Scalar(b.ctx, b.env, p.Value)
		if err != nil {
			return nil, err
		}
		if l.Value != nil {
			text, _ := b.literalText(l)
			m[p.Key] = text
		}
	}
	return m, nil
}

func (b *binder) file(format, path string, options map[string]string, n ast.Node) (catalog.Table, error) {
	if path == "" {
		return nil, sqlerr.New(sqlerr.InvalidEmptyLocation, "The location name cannot be empty string, but `` was given.").At(n.Pos())
	}
	if b.res == nil {
		return nil, sqlerr.New(sqlerr.FileNotFound, "Path does not exist: %s.", path).At(n.Pos())
	}
	t, err := b.res.File(b.ctx, format, path, options)
	return t, over(err, n)
}

// scan reads all columns of a table; the optimizer leaves out what is not used.
func (b *binder) scan(t catalog.Table, name string) *relation {
	s := &logical.Scan{Table: t, Name: name}
	rel := &relation{plan: s}
	tn := t.Name()
	var qual []string
	for _, p := range []string{tn.Catalog, tn.Database, tn.Table} {
		if p != "" {
			qual = append(qual, p)
		}
	}
	for i, f := range t.Schema() {
		c := b.newColumn(f.Name, f.Type, f.Nullable)
		s.Cols = append(s.Cols, c)
		s.Source = append(s.Source, i)
		rel.fields = append(rel.fields, field{col: c, name: f.Name, qual: qual})
	}
	known := false
	for _, o := range b.tables {
		known = known || o == t
	}
	if !known {
		b.tables = append(b.tables, t)
	}
	return rel
}

// view binds the query of a view in the world of its creation.
func (b *binder) view(v *View, pos int) (*relation, error) {
	name := strings.ToLower(strings.Join(v.Name, "."))
	for _, o := range b.views {
		if o == name {
			return nil, sqlerr.New(sqlerr.RecursiveView, "Recursive view %s detected (cycle: %s -> %s).", quotePath(v.Name), strings.Join(b.views, " -> "), name).At(pos)
		}
	}
	if err := b.enter(pos); err != nil {
		return nil, err
	}
	defer b.leave()
	q := v.Query
	if q == nil {
		var err error
		if q, err = viewQuery(v); err != nil {
			return nil, err
		}
	}
	res, set, fn, text := b.res, b.set, b.fn, viewText(v)
	b.views = append(b.views, name)
	leave := b.reading(text)
	defer func() {
		leave()
		b.res, b.fn = res, fn
		b.use(set)
		b.views = b.views[:len(b.views)-1]
	}()
	if v.Resolver != nil {
		b.res = v.Resolver
	}
	if v.Settings != nil {
		b.use(v.Settings)
	}
	b.fn = nil
	rel, err := b.query(q, &frame{}, nil)
	if err != nil {
		if v.Guarded {
			return nil, sqlerr.Over(sqlerr.Conceal(err, text.Object), pos, 0)
		}
		return nil, sqlerr.Within(err, text)
	}
	rel, err = b.viewColumns(v, b.narrow(rel), pos)
	if err == nil && v.Guarded {
		b.guarded = true
		rel.plan = &logical.Barrier{Input: rel.plan, Sealed: v.Sealed}
	}
	return rel, err
}

// viewQuery parses the text of a view.
func viewQuery(v *View) (*ast.Query, error) {
	st, err := parse.Statement(v.SQL)
	if err != nil {
		if e := sqlerr.As(err); e != nil {
			e.Source = ""
		}
		return nil, sqlerr.Within(err, viewText(v))
	}
	q, ok := st.(*ast.Query)
	if !ok {
		return nil, sqlerr.New(sqlerr.InternalError, "The text of view %s is not a query.", quotePath(v.Name))
	}
	return q, nil
}

// viewColumns gives a view's columns their names and the types they had when
// it was made. Columns that its tables got since are left out.
func (b *binder) viewColumns(v *View, rel *relation, pos int) (*relation, error) {
	if v.Schema != nil {
		p := &logical.Project{Input: rel.plan}
		out := &relation{plan: p}
		changed := len(v.Schema) != len(rel.fields)
		for i, want := range v.Schema {
			var f *field
			if v.Columns == nil {
				for j := range rel.fields {
					if strings.EqualFold(rel.fields[j].name, want.Name) && (f == nil || j == i) {
						f = &rel.fields[j]
					}
				}
			} else if i < len(rel.fields) {
				f = &rel.fields[i]
			}
			if f == nil {
				return nil, sqlerr.New(sqlerr.IncompatibleViewSchema, "The SQL query of view %s has an incompatible schema change and column `%s` cannot be resolved.", quotePath(v.Name), want.Name).
					At(pos).WithHint("Create the view again by CREATE OR REPLACE VIEW.")
			}
			x := expr.Expr(f.col)
			col := named(f.col, want.Name)
			if !f.col.T.SameShape(want.Type) {
				if !b.castable(f.col.T, want.Type) {
					return nil, sqlerr.New(sqlerr.CannotUpCast, "Cannot up cast column `%s` of view %s from %q to %q.", want.Name, quotePath(v.Name), f.col.T.SQL(), want.Type.SQL()).At(pos)
				}
				x = b.implicit(f.col, want.Type)
				col = b.newColumn(want.Name, want.Type, x.Nullable())
				changed = true
			}
			changed = changed || f.col.ID != rel.fields[min(i, len(rel.fields)-1)].col.ID
			p.Exprs = append(p.Exprs, logical.Named{Col: col, Expr: x})
			out.fields = append(out.fields, field{col: col, name: want.Name})
		}
		if !changed {
			out.plan = rel.plan
		}
		rel = out
	}
	if v.Columns != nil {
		if err := renameFields(rel, v.Columns, pos); err != nil {
			return nil, err
		}
	}
	for i := range rel.fields {
		rel.fields[i].qual = v.Name
	}
	return rel, nil
}

// sample binds TABLESAMPLE.
func (b *binder) sample(r *ast.Sample, fr *frame, ctes *cteScope) (*relation, error) {
	rel, err := b.relation(r.Input, fr, ctes)
	if err != nil {
		return nil, err
	}
	out := &relation{fields: rel.fields}
	if r.Kind == ast.SampleRows {
		n, err := b.count(r.N, "limit")
		if err != nil {
			return nil, err
		}
		out.plan = &logical.Limit{Input: rel.plan, Count: n}
		return out, nil
	}
	n, err := b.double(r.N)
	if err != nil {
		return nil, err
	}
	s := &logical.Sample{Input: rel.plan, Fraction: n / 100, Seed: seedOf(r)}
	if r.Kind == ast.SampleBucket {
		of, err := b.double(r.Of)
		if err != nil {
			return nil, err
		}
		if of <= 0 {
			return nil, sqlerr.New(sqlerr.SampleFraction, "Sampling fraction (bucket %v out of %v) must be on interval [0, 1].", n, of).At(r.Pos())
		}
		s.Fraction = n / of
	}
	if s.Fraction < 0 || s.Fraction > 1 {
		return nil, sqlerr.New(sqlerr.SampleFraction, "Sampling fraction (%v) must be on interval [0, 1].", s.Fraction).At(r.Pos())
	}
	if r.Seed != nil {
		x, err := b.double(r.Seed)
		if err != nil {
			return nil, err
		}
		s.Seed = int64(x)
	}
	out.plan = s
	return out, nil
}

// seedOf is the seed of a sample without REPEATABLE: by its place, so that a
// statement gives the same rows whenever it is run.
func seedOf(r *ast.Sample) int64 {
	h := fnv.New32a()
	h.Write([]byte(itoa(r.Pos())))
	return int64(h.Sum32())
}

// double folds a numeric constant.
func (b *binder) double(e ast.Expr) (float64, error) {
	x, err := b.expr(&site{sc: &scope{frame: &frame{}}, clause: "TABLESAMPLE"}, e)
	if err != nil {
		return 0, err
	}
	if l := b.standIn(x, types.Float64Type); l != nil {
		x = l
	}
	l, err := b.constant(x, e.Pos(), "TABLESAMPLE argument")
	if err != nil {
		return 0, err
	}
	switch v := l.Value.(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case types.Int128:
		f := v.Float64()
		for range l.T.S {
			f /= 10
		}
		return f, nil
	}
	return 0, sqlerr.New(sqlerr.UnexpectedInputType, "A number is required here, not %q.", l.T.SQL()).At(e.Pos())
}
