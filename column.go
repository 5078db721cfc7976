package volley

import (
	"strconv"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
)

// Column is an expression over the rows of a DataFrame. It is immutable.
// Where a method takes any, a Column stands for itself and another Go value
// for a literal (see Lit).
type Column struct {
	// make builds the expression for the DataFrame it is used in.
	make    func(*scope) ast.Expr
	alias   string
	aliases []string
	// when is set while the expression is a CASE that takes further branches.
	when *caseWhen
	// call is set for calls that Over, Filter and Distinct complete.
	call func(*scope) *ast.Func
	desc bool
	null ast.NullOrder
}

type caseWhen struct {
	whens []whenThen
	other *Column
}

type whenThen struct{ cond, then Column }

func column(f func(*scope) ast.Expr) Column { return Column{make: f} }

func fixed(x ast.Expr) Column { return column(func(*scope) ast.Expr { return x }) }

func broken(err error) Column {
	return column(func(s *scope) ast.Expr { s.fail(err); return null() })
}

// Col is a column by name, such as "price", "sales.price" or "`odd name`", a
// field of a struct, or "*".
func Col(name string) Column {
	if name == "*" {
		return fixed(&ast.Star{})
	}
	n, err := parseName(name)
	if err != nil {
		return broken(err)
	}
	if q := len(n.Parts) - 1; q > 0 && n.Parts[q] == "*" {
		return fixed(&ast.Star{Qualifier: n.Parts[:q]})
	}
	return fixed(ast.Col(n.Parts...))
}

// Lit is a Go value as a literal: nil, booleans, integers, floats, string,
// []byte, Decimal, Date, time.Time (TIMESTAMP), LocalTime, time.Duration
// (day-time interval), TimeOfDay, Months, and slices, maps and structs of them. A Column
// is returned as it is.
func Lit(v any) Column {
	if c, ok := v.(Column); ok {
		return c
	}
	x, err := literal(v)
	if err != nil {
		return broken(err)
	}
	return fixed(x)
}

// Expr is an expression in SQL, possibly with "AS name".
func Expr(sql string) Column {
	it, err := parseItem(sql)
	if err != nil {
		return broken(err)
	}
	c := fixed(it.Expr)
	c.alias, c.aliases = it.Alias, it.Aliases
	return c
}

// parseName reads a dotted name, whose last part may be *.
func parseName(name string) (ast.Name, error) {
	if n := len(name); n > 2 && name[n-2:] == ".*" {
		q, err := parseName(name[:n-2])
		return ast.N(append(q.Parts, "*")...), err
	}
	n, err := parse.Name(name)
	if err != nil {
		return ast.N(name), placed(err, name)
	}
	return ast.N(n.Parts...), nil
}

// parseItem reads an item of a select list.
func parseItem(sql string) (ast.SelectItem, error) {
	const head = "SELECT "
	st, err := parse.Statement(head + sql)
	if err != nil {
		return ast.SelectItem{}, placed(err, head+sql)
	}
	if q, ok := st.(*ast.Query); ok && q.OrderBy == nil && q.Limit == nil && q.With == nil {
		if sel, ok := q.Body.(*ast.Select); ok && len(sel.Items) == 1 && sel.From == nil && sel.Where == nil && sel.GroupBy == nil {
			return sel.Items[0], nil
		}
	}
	return ast.SelectItem{}, sqlerr.New(sqlerr.ParseSyntaxError, "%q is not one expression.", sql)
}

// placed gives an error the text that its position is in.
func placed(err error, text string) error {
	if e := sqlerr.As(err); e != nil && e.Source == "" {
		e.Source = text
	}
	return err
}

// named is a column from a name or a Column: what functions and DataFrame
// methods take where a string names a column.
func named(v any) Column {
	if s, ok := v.(string); ok {
		return Col(s)
	}
	return Lit(v)
}

func (c Column) expr(s *scope) ast.Expr {
	if c.make == nil {
		s.fail(sqlerr.New(sqlerr.InvalidParameterValue, "The zero Column has no expression; make columns with Col, Lit, Expr or Call."))
		return null()
	}
	return c.make(s)
}

func (c Column) item(s *scope) ast.SelectItem {
	return ast.SelectItem{Expr: c.expr(s), Alias: c.alias, Aliases: c.aliases}
}

func (c Column) sortItem(s *scope) ast.SortItem {
	return ast.SortItem{X: c.expr(s), Desc: c.desc, Nulls: c.null}
}

func (c Column) bin(op ast.BinaryOp, v any) Column {
	r := Lit(v)
	return column(func(s *scope) ast.Expr { return ast.Bin(op, c.expr(s), r.expr(s)) })
}

// Plus is c + v.
func (c Column) Plus(v any) Column { return c.bin(ast.OpAdd, v) }

// Minus is c - v.
func (c Column) Minus(v any) Column { return c.bin(ast.OpSub, v) }

// Mul is c * v.
func (c Column) Mul(v any) Column { return c.bin(ast.OpMul, v) }

// Div is c / v. Of integers it is a double.
func (c Column) Div(v any) Column { return c.bin(ast.OpDiv, v) }

// Mod is c % v.
func (c Column) Mod(v any) Column { return c.bin(ast.OpMod, v) }

// Eq is c = v.
func (c Column) Eq(v any) Column { return c.bin(ast.OpEq, v) }

// Neq is c != v.
func (c Column) Neq(v any) Column { return c.bin(ast.OpNotEq, v) }

// Lt is c < v.
func (c Column) Lt(v any) Column { return c.bin(ast.OpLt, v) }

// Leq is c <= v.
func (c Column) Leq(v any) Column { return c.bin(ast.OpLtEq, v) }

// Gt is c > v.
func (c Column) Gt(v any) Column { return c.bin(ast.OpGt, v) }

// Geq is c >= v.
func (c Column) Geq(v any) Column { return c.bin(ast.OpGtEq, v) }

// EqNullSafe is c <=> v: true for two NULLs, never NULL.
func (c Column) EqNullSafe(v any) Column { return c.bin(ast.OpNullSafeEq, v) }

// And is c AND v.
func (c Column) And(v any) Column { return c.bin(ast.OpAnd, v) }

// Or is c OR v.
func (c Column) Or(v any) Column { return c.bin(ast.OpOr, v) }

// BitAnd is c & v.
func (c Column) BitAnd(v any) Column { return c.bin(ast.OpBitAnd, v) }

// BitOr is c | v.
func (c Column) BitOr(v any) Column { return c.bin(ast.OpBitOr, v) }

// BitXor is c ^ v.
func (c Column) BitXor(v any) Column { return c.bin(ast.OpBitXor, v) }

// Not is NOT c.
func (c Column) Not() Column {
	return column(func(s *scope) ast.Expr { return ast.Not(c.expr(s)) })
}

// Neg is -c.
func (c Column) Neg() Column {
	return column(func(s *scope) ast.Expr { return &ast.Unary{Op: ast.OpNeg, X: c.expr(s)} })
}

// IsNull is c IS NULL.
func (c Column) IsNull() Column {
	return column(func(s *scope) ast.Expr { return &ast.IsNull{X: c.expr(s)} })
}

// IsNotNull is c IS NOT NULL.
func (c Column) IsNotNull() Column {
	return column(func(s *scope) ast.Expr { return &ast.IsNull{X: c.expr(s), Not: true} })
}

// IsNaN is isnan(c).
func (c Column) IsNaN() Column { return Call("isnan", c) }

// Between is c BETWEEN lo AND hi.
func (c Column) Between(lo, hi any) Column {
	l, h := Lit(lo), Lit(hi)
	return column(func(s *scope) ast.Expr { return &ast.Between{X: c.expr(s), Lo: l.expr(s), Hi: h.expr(s)} })
}

// In is c IN (values).
func (c Column) In(values ...any) Column {
	return column(func(s *scope) ast.Expr {
		in := &ast.In{X: c.expr(s)}
		for _, v := range values {
			in.List = append(in.List, Lit(v).expr(s))
		}
		if len(in.List) == 0 { // IN () is false, NULL for NULL
			return ast.Bin(ast.OpAnd, &ast.IsNull{X: in.X, Not: true}, ast.Bool(false))
		}
		return in
	})
}

func (c Column) like(kind ast.LikeKind, pattern any) Column {
	p := Lit(pattern)
	return column(func(s *scope) ast.Expr { return &ast.LikeExpr{Kind: kind, X: c.expr(s), Pattern: p.expr(s)} })
}

// Like is c LIKE pattern.
func (c Column) Like(pattern any) Column { return c.like(ast.Like, pattern) }

// ILike is c ILIKE pattern: LIKE that does not tell cases apart.
func (c Column) ILike(pattern any) Column { return c.like(ast.ILike, pattern) }

// RLike is c RLIKE pattern, a regular expression.
func (c Column) RLike(pattern any) Column { return c.like(ast.RLike, pattern) }

// StartsWith, EndsWith and Contains are the SQL functions of these names.
func (c Column) StartsWith(v any) Column { return Call("startswith", c, v) }

// EndsWith is endswith(c, v).
func (c Column) EndsWith(v any) Column { return Call("endswith", c, v) }

// Contains is contains(c, v).
func (c Column) Contains(v any) Column { return Call("contains", c, v) }

// Cast is CAST(c AS type), with the type in SQL: "int", "decimal(12, 2)", "array<string>".
func (c Column) Cast(sqlType string) Column { return c.cast(sqlType, false) }

// TryCast is TRY_CAST(c AS type): NULL where a value does not fit.
func (c Column) TryCast(sqlType string) Column { return c.cast(sqlType, true) }

func (c Column) cast(sqlType string, try bool) Column {
	t, err := parse.Type(sqlType)
	if err != nil {
		return broken(placed(err, sqlType))
	}
	return column(func(s *scope) ast.Expr { return &ast.Cast{X: c.expr(s), Type: ast.T(t), Try: try} })
}

// As names the column. Several names are for functions that give several columns.
func (c Column) As(names ...string) Column {
	c.alias, c.aliases = "", nil
	if len(names) == 1 {
		c.alias = names[0]
	} else {
		c.aliases = names
	}
	return c
}

// Alias is As.
func (c Column) Alias(names ...string) Column { return c.As(names...) }

// Asc sorts ascending, NULLs first.
func (c Column) Asc() Column { return c.sorted(false, ast.NullsDefault) }

// AscNullsLast sorts ascending, NULLs last.
func (c Column) AscNullsLast() Column { return c.sorted(false, ast.NullsLast) }

// AscNullsFirst sorts ascending, NULLs first.
func (c Column) AscNullsFirst() Column { return c.sorted(false, ast.NullsFirst) }

// Desc sorts descending, NULLs last.
func (c Column) Desc() Column { return c.sorted(true, ast.NullsDefault) }

// DescNullsFirst sorts descending, NULLs first.
func (c Column) DescNullsFirst() Column { return c.sorted(true, ast.NullsFirst) }

// DescNullsLast sorts descending, NULLs last.
func (c Column) DescNullsLast() Column { return c.sorted(true, ast.NullsLast) }

func (c Column) sorted(desc bool, n ast.NullOrder) Column {
	c.desc, c.null = desc, n
	return c
}

// Substr is substring(c, pos, length); positions begin with 1.
func (c Column) Substr(pos, length any) Column { return Call("substring", c, pos, length) }

// GetItem is c[key]: an element of an array, from 0, or of a map.
func (c Column) GetItem(key any) Column {
	k := Lit(key)
	return column(func(s *scope) ast.Expr { return &ast.Subscript{X: c.expr(s), Index: k.expr(s)} })
}

// GetField is the field of a struct.
func (c Column) GetField(name string) Column {
	return column(func(s *scope) ast.Expr {
		x := c.expr(s)
		if col, ok := x.(*ast.Column); ok {
			return ast.Col(append(append([]string(nil), col.Name.Parts...), name)...)
		}
		return &ast.FieldAccess{X: x, Field: name}
	})
}

// When begins CASE WHEN cond THEN value; When and Otherwise of the result go on.
func When(cond Column, value any) Column {
	return caseOf(&caseWhen{whens: []whenThen{{cond, Lit(value)}}})
}

// When adds a branch to what the function When began.
func (c Column) When(cond Column, value any) Column {
	if c.when == nil || c.when.other != nil {
		return broken(sqlerr.New(sqlerr.InvalidParameterValue, "When can only follow When."))
	}
	return caseOf(&caseWhen{whens: append(append([]whenThen(nil), c.when.whens...), whenThen{cond, Lit(value)})})
}

// Otherwise is the ELSE of what the function When began.
func (c Column) Otherwise(value any) Column {
	if c.when == nil || c.when.other != nil {
		return broken(sqlerr.New(sqlerr.InvalidParameterValue, "Otherwise can only follow When, once."))
	}
	v := Lit(value)
	return caseOf(&caseWhen{whens: c.when.whens, other: &v})
}

func caseOf(w *caseWhen) Column {
	c := column(func(s *scope) ast.Expr {
		x := &ast.Case{}
		for _, b := range w.whens {
			x.Whens = append(x.Whens, ast.When{Cond: b.cond.expr(s), Then: b.then.expr(s)})
		}
		if w.other != nil {
			x.Else = w.other.expr(s)
		}
		return x
	})
	c.when = w
	return c
}

// Over makes a window function of a call, such as Rank().Over(Window()…).
func (c Column) Over(w WindowSpec) Column {
	return c.completed(func(s *scope, f *ast.Func) { f.Over = w.window(s) })
}

// FilterWhere is the FILTER (WHERE cond) of an aggregate. Several have to hold all.
func (c Column) FilterWhere(cond Column) Column {
	return c.completed(func(s *scope, f *ast.Func) {
		x := cond.expr(s)
		if f.Filter != nil {
			x = ast.Bin(ast.OpAnd, f.Filter, x)
		}
		f.Filter = x
	})
}

// IgnoreNulls is IGNORE NULLS of a call such as First.
func (c Column) IgnoreNulls() Column {
	return c.completed(func(_ *scope, f *ast.Func) { f.IgnoreNulls = true })
}

func (c Column) completed(change func(*scope, *ast.Func)) Column {
	if c.call == nil {
		call := c.make
		c.call = func(s *scope) *ast.Func { // what Expr parsed may be a call, too
			if call != nil {
				if f, ok := call(s).(*ast.Func); ok {
					copied := *f
					return &copied
				}
			}
			s.fail(sqlerr.New(sqlerr.InvalidParameterValue, "Only a call of a function can have OVER, FILTER or IGNORE NULLS."))
			return ast.Call("null")
		}
	}
	prior := c.call
	out := calling(func(s *scope) *ast.Func {
		f := prior(s)
		change(s, f)
		return f
	})
	out.alias, out.aliases = c.alias, c.aliases
	return out
}

func calling(f func(*scope) *ast.Func) Column {
	return Column{make: func(s *scope) ast.Expr { return f(s) }, call: f}
}

// WindowSpec is what a window function looks at: partitions, their order and a
// frame. It is immutable.
type WindowSpec struct {
	partition, order []Column
	frame            *frame
}

type frame struct {
	rows     bool
	from, to Bound
}

// Bound is one end of a window's frame.
type Bound struct {
	kind   ast.BoundKind
	offset *Column
}

// The bounds that need no value.
var (
	UnboundedPreceding = Bound{kind: ast.UnboundedPreceding}
	UnboundedFollowing = Bound{kind: ast.UnboundedFollowing}
	CurrentRow         = Bound{kind: ast.CurrentRow}
)

// Preceding is v rows, or a distance v, before the current row.
func Preceding(v any) Bound { c := Lit(v); return Bound{ast.Preceding, &c} }

// Following is v rows, or a distance v, after the current row.
func Following(v any) Bound { c := Lit(v); return Bound{ast.Following, &c} }

// Window is the window of all rows.
func Window() WindowSpec { return WindowSpec{} }

// PartitionBy adds columns (names or Columns) whose values part the rows.
func (w WindowSpec) PartitionBy(cols ...any) WindowSpec {
	w.partition = append(append([]Column(nil), w.partition...), namedAll(cols)...)
	return w
}

// OrderBy adds columns (names or Columns) that order the rows of a partition.
func (w WindowSpec) OrderBy(cols ...any) WindowSpec {
	w.order = append(append([]Column(nil), w.order...), namedAll(cols)...)
	return w
}

// RowsBetween counts the frame in rows.
func (w WindowSpec) RowsBetween(from, to Bound) WindowSpec {
	w.frame = &frame{true, from, to}
	return w
}

// RangeBetween measures the frame in values of the ordering column.
func (w WindowSpec) RangeBetween(from, to Bound) WindowSpec {
	w.frame = &frame{false, from, to}
	return w
}

func (w WindowSpec) window(s *scope) *ast.Window {
	out := &ast.Window{}
	for _, c := range w.partition {
		out.PartitionBy = append(out.PartitionBy, c.expr(s))
	}
	for _, c := range w.order {
		out.OrderBy = append(out.OrderBy, c.sortItem(s))
	}
	if f := w.frame; f != nil {
		out.Frame = &ast.Frame{Rows: f.rows, Start: f.from.bound(s), Stop: f.to.bound(s)}
	}
	return out
}

func (b Bound) bound(s *scope) ast.Bound {
	out := ast.Bound{Kind: b.kind}
	if b.offset != nil {
		out.Offset = b.offset.expr(s)
		if l, ok := out.Offset.(*ast.Literal); ok && l.Kind == ast.LitBigint { // bounds of ROWS are INT
			if n, err := strconv.ParseInt(l.Text, 10, 32); err == nil {
				out.Offset = number(ast.LitInt, strconv.FormatInt(n, 10))
			}
		}
	}
	return out
}

func namedAll(cols []any) []Column {
	var out []Column
	for _, c := range cols {
		switch c := c.(type) {
		case []string:
			for _, n := range c {
				out = append(out, Col(n))
			}
		case []Column:
			out = append(out, c...)
		default:
			out = append(out, named(c))
		}
	}
	return out
}
