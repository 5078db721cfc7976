package bind

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Target is the table an INSERT writes, and how the statement names its columns.
type Target struct {
	Name   []string
	Schema types.Schema
	// Columns is INSERT INTO t (columns); ByName matches the query's columns by name.
	Columns []string
	ByName  bool
	// Static are the constant values of PARTITION (k = v), by place in Schema.
	Static map[int]ast.Expr
	// Defaults are the columns' DEFAULT expressions by place, nil for NULL.
	Defaults []ast.Expr
	Pos      int
}

// Insert binds the query of an INSERT to the columns of its target: in the
// target's order, of its types, with the conversions that the store
// assignment policy allows. values are the static partition values.
func Insert(ctx context.Context, env *Env, q *ast.Query, t *Target) (p *Plan, values map[int]types.Datum, err error) {
	b := newBinder(ctx, env)
	defer func() { err = b.places.Locate(err) }()
	if env.Batch != nil {
		b.batchOf, _ = q.Body.(*ast.Select)
	}
	rel, err := b.query(withDefaults(q, t), &frame{}, nil)
	if err != nil {
		return nil, nil, err
	}
	return b.insert(b.narrow(rel), t)
}

// insert brings a relation into the form of the target.
func (b *binder) insert(rel *relation, t *Target) (p *Plan, values map[int]types.Datum, err error) {
	from, err := b.assign(rel, t)
	if err != nil {
		return nil, nil, err
	}
	proj := &logical.Project{Input: rel.plan}
	values = map[int]types.Datum{}
	var cols []*expr.Column
	for i, c := range t.Schema {
		var x expr.Expr
		switch {
		case from[i] >= 0:
			f := rel.fields[from[i]]
			if x, err = b.store(f.col, c, t); err != nil {
				return nil, nil, err
			}
		case t.Static[i] != nil:
			l, err := b.partitionValue(t.Static[i], c)
			if err != nil {
				return nil, nil, err
			}
			values[i], x = l.Value, l
		default:
			if x, err = b.defaultValue(t, i); err != nil {
				return nil, nil, err
			}
		}
		if !c.Nullable && isNullLiteral(x) {
			return nil, nil, sqlerr.New(sqlerr.NotNullViolation, "NULL value appeared in non-nullable field: `%s`.", c.Name).At(t.Pos)
		}
		col := b.newColumn(c.Name, x.Type(), x.Nullable())
		proj.Exprs = append(proj.Exprs, logical.Named{Col: col, Expr: x})
		cols = append(cols, col)
	}
	p = b.plan(proj)
	p.Columns = cols
	return p, values, nil
}

func isNullLiteral(e expr.Expr) bool {
	l, ok := e.(*expr.Literal)
	return ok && l.Value == nil
}

// assign says for each column of the target which column of the query it gets, -1 for none.
func (b *binder) assign(rel *relation, t *Target) ([]int, error) {
	from := make([]int, len(t.Schema))
	var open []int // columns to fill by position
	for i := range from {
		from[i] = -1
		if _, static := t.Static[i]; !static {
			open = append(open, i)
		}
	}
	name := quotePath(t.Name)
	if t.ByName {
		return from, b.assignByName(rel, t, from)
	}
	if t.Columns != nil {
		open = open[:0]
		seen := map[int]bool{}
		for _, c := range t.Columns {
			i := t.Schema.Index(c)
			if i < 0 {
				var fields []field
				for _, f := range t.Schema {
					fields = append(fields, field{name: f.Name})
				}
				return nil, b.unresolved(&scope{fields: fields}, []string{c}, t.Pos)
			}
			if seen[i] {
				return nil, sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists. Choose another name or rename the existing column.", c).At(t.Pos)
			}
			if _, static := t.Static[i]; static {
				return nil, sqlerr.New(sqlerr.StaticPartitionInList, "Static partition column `%s` is also specified in the column list.", c).At(t.Pos)
			}
			seen[i] = true
			open = append(open, i)
		}
	}
	if len(rel.fields) != len(open) {
		cond := sqlerr.InsertArityMany
		why := "too many data columns"
		if len(rel.fields) < len(open) {
			cond, why = sqlerr.InsertArityFew, "not enough data columns"
		}
		var want, have []string
		for _, i := range open {
			want = append(want, "`"+t.Schema[i].Name+"`")
		}
		for _, f := range rel.fields {
			have = append(have, "`"+f.name+"`")
		}
		return nil, sqlerr.New(cond, "Cannot write to %s, the reason is %s: Table columns: %s. Data columns: %s.", name, why, strings.Join(want, ", "), strings.Join(have, ", ")).At(t.Pos)
	}
	for k, i := range open {
		from[i] = k
	}
	return from, nil
}

func (b *binder) assignByName(rel *relation, t *Target, from []int) error {
	for k, f := range rel.fields {
		i := t.Schema.Index(f.name)
		_, static := t.Static[i]
		if i < 0 || static {
			return sqlerr.New(sqlerr.IncompatibleDataExtra, "Cannot write incompatible data for the table %s: Cannot write extra columns `%s`.", quotePath(t.Name), f.name).At(t.Pos)
		}
		if from[i] >= 0 {
			return sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists. Choose another name or rename the existing column.", f.name).At(t.Pos)
		}
		from[i] = k
	}
	return nil
}

// store converts a column of the query to one of the table.
func (b *binder) store(x expr.Expr, c types.Field, t *Target) (expr.Expr, error) {
	if x.Type().SameShape(c.Type) {
		return x, nil
	}
	b.learn(x, c.Type)
	policy := settings.StoreAssignment.Get(b.set)
	mode := expr.CastANSI
	ok := storable(x.Type(), c.Type)
	switch policy {
	case "LEGACY":
		ok, mode = cast.Allowed(x.Type(), c.Type, expr.CastLegacy), expr.CastLegacy
	case "STRICT":
		ok = coerce.CanUpCast(x.Type(), c.Type)
	}
	if !ok {
		return nil, sqlerr.New(sqlerr.IncompatibleDataCast, "Cannot write incompatible data for the table %s: Cannot safely cast `%s` %q to %q.", quotePath(t.Name), c.Name, x.Type().SQL(), c.Type.SQL()).At(t.Pos)
	}
	if l, isLit := x.(*expr.Literal); isLit {
		if v, ok := widened(l, c.Type); ok {
			return &expr.Literal{Value: v, T: c.Type}, nil
		}
	}
	// NULLs that nested fields of the table do not take are found when they are written.
	place := sqlerr.Place{From: t.Pos, Overflow: "Fail to assign a value of \"" + x.Type().SQL() + "\" type to the \"" + c.Type.SQL() +
		"\" type column or variable `" + c.Name + "` due to an overflow."}
	return &expr.Cast{Arg: x, To: c.Type.Loose(), Mode: mode, Pos: b.place(place), Implicit: true}, nil
}

// storable reports whether the standard's store assignment converts from to
// to: numbers to numbers, anything flat to text, dates to timestamps and back.
func storable(from, to types.Type) bool {
	f, t := from.Kind, to.Kind
	switch {
	case f == types.Null, from.SameShape(to):
		return true
	case f.IsNumeric() && t.IsNumeric():
		return true
	case t == types.String:
		return !f.IsNested() && f != types.Binary
	case f.IsDatetime() && t.IsDatetime(), f == types.Time && t == types.Time:
		return true
	case f == t && f.IsInterval():
		return true
	case f == t && f.IsNested() && len(from.Children()) == len(to.Children()):
		for i, a := range from.Children() {
			if !storable(a.Type, to.Children()[i].Type) {
				return false
			}
		}
		return true
	}
	return false
}

// partitionValue folds the value of PARTITION (k = v) to the column's type.
func (b *binder) partitionValue(e ast.Expr, c types.Field) (*expr.Literal, error) {
	x, err := b.expr(&site{sc: &scope{frame: &frame{}}, clause: "PARTITION"}, e)
	if err != nil {
		return nil, err
	}
	if !cast.Allowed(x.Type(), c.Type, b.castMode()) {
		return nil, cast.Check(x.Type(), c.Type, b.castMode(), ast.ColumnName(e, nil))
	}
	return b.constant(b.implicit(x, c.Type), e.Pos(), "partition value")
}

// defaultValue is what a column gets that the statement does not mention.
func (b *binder) defaultValue(t *Target, i int) (expr.Expr, error) {
	c := t.Schema[i]
	if i >= len(t.Defaults) || t.Defaults[i] == nil {
		if !c.Nullable || t.ByName && settings.StoreAssignment.Get(b.set) == "STRICT" {
			return nil, sqlerr.New(sqlerr.IncompatibleDataMissing, "Cannot write incompatible data for the table %s: Cannot find data for the output column `%s`.", quotePath(t.Name), c.Name).At(t.Pos)
		}
		return expr.NullOf(c.Type), nil
	}
	x, err := b.expr(&site{sc: &scope{frame: &frame{}}, clause: "DEFAULT"}, t.Defaults[i])
	if err != nil {
		return nil, err
	}
	return b.implicit(x, c.Type), nil
}

// withDefaults puts the DEFAULT expressions of columns in the place of the
// word DEFAULT in VALUES.
func withDefaults(q *ast.Query, t *Target) *ast.Query {
	v, ok := q.Body.(*ast.Values)
	if !ok || t.ByName {
		return q
	}
	var order []int
	if t.Columns != nil {
		for _, c := range t.Columns {
			order = append(order, t.Schema.Index(c))
		}
	} else {
		for i := range t.Schema {
			if _, static := t.Static[i]; !static {
				order = append(order, i)
			}
		}
	}
	var rows [][]ast.Expr
	for r, row := range v.Rows {
		for k, e := range row {
			c, ok := e.(*ast.Column)
			if !ok || len(c.Name.Parts) != 1 || !strings.EqualFold(c.Name.Parts[0], "default") || k >= len(order) || order[k] < 0 {
				continue
			}
			if rows == nil {
				rows = append(rows, v.Rows...)
			}
			if &rows[r][0] == &v.Rows[r][0] {
				rows[r] = append([]ast.Expr(nil), row...)
			}
			var d ast.Expr = &ast.Literal{Span: c.Span, Kind: ast.LitNull}
			if i := order[k]; i < len(t.Defaults) && t.Defaults[i] != nil {
				d = t.Defaults[i]
			}
			rows[r][k] = d
		}
	}
	if rows == nil {
		return q
	}
	c := *q
	c.Body = &ast.Values{Span: v.Span, Rows: rows}
	return &c
}

// Write is p's rows on their way to files.
func (p *Plan) Write(t catalog.WriteTarget) *Plan {
	w := &logical.Write{Input: p.Node, Target: t}
	for i, f := range []types.Field{
		{Name: "path", Type: types.StringType},
		{Name: "rows", Type: types.Int64Type},
		{Name: "bytes", Type: types.Int64Type},
		{Name: "partition", Type: types.StringType},
	} {
		w.Cols = append(w.Cols, &expr.Column{ID: p.last + expr.ColID(i) + 1, Name: f.Name, T: f.Type, Pos: sqlerr.NoPos})
	}
	return &Plan{Node: w, Columns: w.Cols, Tables: p.Tables, Unsteady: p.Unsteady, Guarded: p.Guarded, shared: p.shared, Places: p.Places, last: p.last + 4}
}

// Arrange returns p with its columns in another order.
func (p *Plan) Arrange(order []int) *Plan {
	proj := &logical.Project{Input: p.Node}
	out := &Plan{Node: proj, Tables: p.Tables, Unsteady: p.Unsteady, Guarded: p.Guarded, shared: p.shared, Places: p.Places, last: p.last}
	for _, i := range order {
		c := p.Columns[i]
		proj.Exprs = append(proj.Exprs, logical.Named{Col: c, Expr: c})
		out.Columns = append(out.Columns, c)
	}
	return out
}
