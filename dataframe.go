package volley

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// stage is how far the SELECT of a DataFrame is filled in. A method that comes
// later in SQL's order fills in the same SELECT, another stands on it as a subquery.
type stage uint8

const (
	stageFrom     stage = iota // SELECT * FROM …
	stageWhere                 // … WHERE …
	stageSelect                // items, GROUP BY
	stageDistinct              // DISTINCT, or a set operation: only ORDER BY and LIMIT may follow
	stageOrder
	stageOffset
	stageLimit
)

// DataFrame is a query that has not run. It is immutable and safe for
// concurrent use; its methods return new ones.
type DataFrame struct {
	s     *Session
	id    int64
	q     *ast.Query
	stage stage
	// owners gives, for this DataFrame and those it is made from, the qualifier
	// their columns have in q; empty: none is needed.
	owners map[int64]string
	// ambiguous are DataFrames that are in q more than once.
	ambiguous map[int64]bool
	// quals are the qualifiers columns of q may have.
	quals []string
	// cover is the qualifier that all columns of q have, if there is one.
	cover string
	// named says that Alias gave one of quals.
	named bool
	// text is what q was parsed from, if it is all of q.
	text string
	// none says that there are no columns: the result of a command.
	none bool
	err  error
}

var frames atomic.Int64

// scope is the DataFrame an expression is used in, while it is built.
type scope struct {
	owners    map[int64]string
	ambiguous map[int64]bool
	err       error
}

func (s *scope) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (df *DataFrame) scope() *scope {
	return &scope{owners: df.owners, ambiguous: df.ambiguous, err: df.err}
}

func (s *Session) failed(err error) *DataFrame {
	return &DataFrame{s: s, id: frames.Add(1), q: &ast.Query{Body: &ast.Select{Items: star()}}, err: err}
}

func star() []ast.SelectItem { return []ast.SelectItem{{Expr: &ast.Star{}}} }

// from is the DataFrame of all columns of a relation whose columns have the qualifier.
func (s *Session) from(r ast.Relation, qualifier string) *DataFrame {
	df := s.of(&ast.Query{Body: &ast.Select{Items: star(), From: r}}, stageFrom)
	if qualifier != "" {
		df.cover, df.quals = qualifier, []string{qualifier}
	}
	return df
}

// of is the DataFrame of a whole query.
func (s *Session) of(q *ast.Query, at stage) *DataFrame {
	id := frames.Add(1)
	return &DataFrame{s: s, id: id, q: q, stage: at, owners: map[int64]string{id: ""}}
}

// Col is the column of this DataFrame, also where another one has a column of
// the same name: after a join it tells the sides apart. In DataFrames made
// from this one it is their column of the name.
func (df *DataFrame) Col(name string) Column {
	n, err := parseName(name)
	if err != nil {
		return broken(err)
	}
	return column(func(s *scope) ast.Expr {
		if s.ambiguous[df.id] {
			s.fail(sqlerr.New(sqlerr.AmbiguousReference, "Column %s is ambiguous, because the DataFrame it belongs to is joined with itself.", name).
				WithHint("Give both sides a name with Alias, and use Col(\"name.column\")."))
		}
		if q := s.owners[df.id]; q != "" {
			return ast.Col(append([]string{q}, n.Parts...)...)
		}
		return ast.Col(n.Parts...)
	})
}

// Err is the first mistake in the calls that made the DataFrame, or nil. Names
// are looked up later, by Schema and by actions.
func (df *DataFrame) Err() error { return public(df.err) }

// SQL is the query as text. Subqueries that keep the qualifiers of their
// columns look like others in it.
func (df *DataFrame) SQL() string { return ast.SQL(df.q) }

// edit returns a copy whose SELECT may be filled in from the stage on, standing
// on df as a subquery where that is necessary.
func (df *DataFrame) edit(need stage) (*DataFrame, *ast.Select) {
	out := *df
	out.id, out.owners, out.text = frames.Add(1), maps.Clone(df.owners), ""
	if out.owners == nil {
		out.owners = map[int64]string{}
	}
	out.owners[out.id] = df.owners[df.id]
	if df.none && df.err == nil {
		out.err = sqlerr.New(sqlerr.InvalidParameterValue, "The result of a command without columns has none to work with.")
	}
	q := *df.q
	out.q = &q
	if sel, ok := q.Body.(*ast.Select); ok && df.stage <= need {
		copied := *sel
		q.Body = &copied
		return &out, &copied
	}
	sel := &ast.Select{Items: star(), From: &ast.SubqueryRef{Query: df.q, Open: true}}
	out.q = &ast.Query{Body: sel}
	out.stage = stageFrom
	return &out, sel
}

// done records what building expressions found wrong.
func (df *DataFrame) done(s *scope, at stage) *DataFrame {
	df.err = s.err
	df.stage = max(df.stage, at)
	return df
}

// Select computes columns: names, "*", or Columns.
func (df *DataFrame) Select(cols ...any) *DataFrame { return df.project(namedAll(cols)) }

// SelectExpr is Select with expressions in SQL: "price * 2 AS double_price".
func (df *DataFrame) SelectExpr(exprs ...string) *DataFrame {
	cols := make([]Column, len(exprs))
	for i, e := range exprs {
		cols[i] = Expr(e)
	}
	return df.project(cols)
}

func (df *DataFrame) project(cols []Column) *DataFrame {
	sc := df.scope()
	out, sel := df.edit(stageWhere)
	sel.Items = nil
	for _, c := range cols {
		sel.Items = append(sel.Items, c.item(sc))
	}
	if len(cols) == 0 {
		sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "Select needs a column."))
		sel.Items = star()
	}
	out.cover = ""
	return out.done(sc, stageSelect)
}

// Filter keeps the rows for which cond, a boolean Column or SQL text, is true.
func (df *DataFrame) Filter(cond any) *DataFrame {
	c, ok := cond.(Column)
	if text, isText := cond.(string); isText {
		c, ok = Expr(text), true
	}
	sc := df.scope()
	out, sel := df.edit(stageWhere)
	if !ok {
		sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "A filter is a Column or SQL text, not a %T.", cond))
	}
	x := c.expr(sc)
	if sel.Where != nil {
		x = ast.Bin(ast.OpAnd, sel.Where, x)
	}
	sel.Where = x
	return out.done(sc, stageWhere)
}

// Where is Filter.
func (df *DataFrame) Where(cond any) *DataFrame { return df.Filter(cond) }

// WithColumn adds a column, or replaces the one of the name.
func (df *DataFrame) WithColumn(name string, c Column) *DataFrame {
	schema, err := df.schema()
	if err != nil {
		return df.s.failed(err)
	}
	sc := df.scope()
	out, sel := df.edit(stageWhere)
	it := ast.SelectItem{Expr: c.expr(sc), Alias: name}
	if i := schema.Index(name); i >= 0 {
		it.Alias = schema[i].Name
		sel.Items = []ast.SelectItem{{Expr: &ast.Star{Replace: []ast.SelectItem{it}}}}
	} else {
		sel.Items = append(star(), it)
	}
	out.cover = ""
	return out.done(sc, stageSelect)
}

// WithColumns adds columns, each named by As, or replaces those of the names.
// They are computed side by side: none sees another.
func (df *DataFrame) WithColumns(cols ...Column) *DataFrame {
	schema, err := df.schema()
	if err != nil {
		return df.s.failed(err)
	}
	sc := df.scope()
	out, sel := df.edit(stageWhere)
	all := &ast.Star{}
	sel.Items = []ast.SelectItem{{Expr: all}}
	for _, c := range cols {
		it := c.item(sc)
		if it.Alias == "" {
			sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "WithColumns needs columns with names: give them by As."))
		}
		if i := schema.Index(it.Alias); i >= 0 {
			it.Alias = schema[i].Name
			all.Replace = append(all.Replace, it)
		} else {
			sel.Items = append(sel.Items, it)
		}
	}
	out.cover = ""
	return out.done(sc, stageSelect)
}

// Transform is f(df), to write own steps in a chain of calls.
func (df *DataFrame) Transform(f func(*DataFrame) *DataFrame) *DataFrame { return f(df) }

// Sample keeps about a fraction (between 0 and 1) of the rows, chosen at random. The
// same seed chooses the same rows of the same input.
func (df *DataFrame) Sample(fraction float64, seed int64) *DataFrame {
	if !(fraction >= 0 && fraction <= 1) {
		return df.s.failed(sqlerr.New(sqlerr.InvalidParameterValue, "A sample is a fraction between 0 and 1 of the rows, not %v.", fraction))
	}
	return df.Filter(Call("rand", seed).Lt(fraction))
}

// WithColumnRenamed gives a column another name. Without such a column nothing changes.
func (df *DataFrame) WithColumnRenamed(from, to string) *DataFrame {
	schema, err := df.schema()
	if err != nil {
		return df.s.failed(err)
	}
	names, found := make([]string, len(schema)), false
	for i, f := range schema {
		names[i] = f.Name
		if strings.EqualFold(f.Name, from) {
			names[i], found = to, true
		}
	}
	if !found {
		return df
	}
	return df.ToDF(names...)
}

// ToDF names all columns anew.
func (df *DataFrame) ToDF(names ...string) *DataFrame {
	alias := df.fresh(nil)
	out := df.s.from(&ast.SubqueryRef{Query: df.q, Alias: &ast.Alias{Name: alias, Columns: names}}, alias)
	out.adopt(df, alias)
	return out
}

// adopt makes the columns of df, and of what it is made from, those of out under a qualifier.
func (df *DataFrame) adopt(of *DataFrame, qualifier string) {
	for id := range of.owners {
		df.owners[id] = qualifier
	}
	df.owners[df.id], df.ambiguous, df.err = qualifier, of.ambiguous, of.err
}

// Drop leaves out columns, names or Columns of a DataFrame. Names that are not there are no error.
func (df *DataFrame) Drop(cols ...any) *DataFrame {
	schema, err := df.schema()
	if err != nil {
		return df.s.failed(err)
	}
	sc := df.scope()
	x := &ast.Star{}
	for _, c := range namedAll(cols) {
		col, ok := c.expr(sc).(*ast.Column)
		if !ok {
			sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "Drop takes names of columns, not expressions."))
			continue
		}
		if schema.Index(col.Name.Last()) >= 0 {
			x.Except = append(x.Except, col.Name)
		}
	}
	if len(x.Except) == 0 && sc.err == nil {
		return df
	}
	out, sel := df.edit(stageWhere)
	sel.Items = []ast.SelectItem{{Expr: x}}
	return out.done(sc, stageSelect)
}

// OrderBy sorts by columns, names or Columns such as Col("x").Desc().
func (df *DataFrame) OrderBy(cols ...any) *DataFrame {
	sc := df.scope()
	out := df.tail(stageDistinct)
	for _, c := range namedAll(cols) {
		out.q.OrderBy = append(out.q.OrderBy, c.sortItem(sc))
	}
	return out.done(sc, stageOrder)
}

// Sort is OrderBy.
func (df *DataFrame) Sort(cols ...any) *DataFrame { return df.OrderBy(cols...) }

// tail is edit for what follows any body of a query.
func (df *DataFrame) tail(need stage) *DataFrame {
	out, _ := df.edit(need)
	if _, ok := df.q.Body.(*ast.Select); !ok && df.stage <= need && !df.none {
		q := *df.q
		out.q, out.stage = &q, df.stage
	}
	return out
}

// Limit keeps the first n rows.
func (df *DataFrame) Limit(n int) *DataFrame {
	out := df.tail(stageOffset)
	out.q.Limit = number(ast.LitInt, fmt.Sprint(n))
	return out.done(df.scopeOf(out), stageLimit)
}

// Offset leaves out the first n rows.
func (df *DataFrame) Offset(n int) *DataFrame {
	out := df.tail(stageOrder)
	out.q.Offset = number(ast.LitInt, fmt.Sprint(n))
	return out.done(df.scopeOf(out), stageOffset)
}

func (df *DataFrame) scopeOf(out *DataFrame) *scope { return &scope{err: out.err} }

// Distinct keeps one of rows that are alike.
func (df *DataFrame) Distinct() *DataFrame {
	out, sel := df.edit(stageSelect)
	sel.Distinct = true
	return out.done(df.scopeOf(out), stageDistinct)
}

// DropDuplicates keeps one row, any, of those alike in the columns; without
// columns it is Distinct.
func (df *DataFrame) DropDuplicates(cols ...string) *DataFrame {
	if len(cols) == 0 {
		return df.Distinct()
	}
	sc := df.scope()
	out, sel := df.edit(stageWhere)
	w := Window()
	for _, c := range cols {
		w = w.PartitionBy(c).OrderBy(c)
	}
	sel.Qualify = RowNumber().Over(w).Eq(1).expr(sc)
	return out.done(sc, stageDistinct)
}

// Alias gives the DataFrame a name, by which Col("name.column") finds its columns.
func (df *DataFrame) Alias(name string) *DataFrame {
	var r ast.Relation = &ast.SubqueryRef{Query: df.q, Alias: &ast.Alias{Name: name}}
	if df.stage == stageFrom && df.err == nil {
		if t, ok := df.q.Body.(*ast.Select).From.(*ast.TableRef); ok && (t.Alias == nil || len(t.Alias.Columns) == 0) {
			copied := *t
			copied.Alias = &ast.Alias{Name: name}
			r = &copied
		}
	}
	out := df.s.from(r, name)
	out.adopt(df, name)
	out.named = true
	return out
}

// Union is UNION ALL: the rows of both, columns matched by place.
func (df *DataFrame) Union(other *DataFrame) *DataFrame {
	return df.setOp(other, &ast.SetOp{Kind: ast.Union, All: true})
}

// UnionAll is Union.
func (df *DataFrame) UnionAll(other *DataFrame) *DataFrame { return df.Union(other) }

// UnionByName is Union with columns matched by name. With allowMissing a column
// that one side lacks is NULL there.
func (df *DataFrame) UnionByName(other *DataFrame, allowMissing bool) *DataFrame {
	return df.setOp(other, &ast.SetOp{Kind: ast.Union, All: true, ByName: true, AllowMissing: allowMissing})
}

// Intersect is INTERSECT: rows in both, each once.
func (df *DataFrame) Intersect(other *DataFrame) *DataFrame {
	return df.setOp(other, &ast.SetOp{Kind: ast.Intersect})
}

// IntersectAll is INTERSECT ALL.
func (df *DataFrame) IntersectAll(other *DataFrame) *DataFrame {
	return df.setOp(other, &ast.SetOp{Kind: ast.Intersect, All: true})
}

// Except is EXCEPT: rows of df that other has not, each once.
func (df *DataFrame) Except(other *DataFrame) *DataFrame {
	return df.setOp(other, &ast.SetOp{Kind: ast.Except})
}

// ExceptAll is EXCEPT ALL.
func (df *DataFrame) ExceptAll(other *DataFrame) *DataFrame {
	return df.setOp(other, &ast.SetOp{Kind: ast.Except, All: true})
}

func (df *DataFrame) setOp(other *DataFrame, op *ast.SetOp) *DataFrame {
	op.L, op.R = df.body(), other.body()
	out := df.s.of(&ast.Query{Body: op}, stageDistinct)
	for id := range df.owners {
		out.owners[id] = ""
	}
	out.err = cmpErr(df, other)
	return out
}

func cmpErr(l, r *DataFrame) error {
	switch {
	case l.err != nil:
		return l.err
	case r.err != nil:
		return r.err
	case l.none || r.none:
		return sqlerr.New(sqlerr.InvalidParameterValue, "The result of a command without columns has none to work with.")
	case l.s.owner != r.s.owner:
		return sqlerr.New(sqlerr.InvalidParameterValue, "The DataFrames belong to different applications.")
	}
	return nil
}

// body is df as an operand of a set operation.
func (df *DataFrame) body() ast.Body {
	q := df.q
	if len(q.With) > 0 || len(q.OrderBy) > 0 || q.OrderAll != nil || q.Limit != nil || q.Offset != nil || len(q.SortBy)+len(q.ClusterBy)+len(q.DistributeBy) > 0 {
		return q
	}
	return q.Body
}

// fresh is a qualifier that neither df nor taken has.
func (df *DataFrame) fresh(taken []string) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("_df%d", n)
		if !slices.Contains(df.quals, name) && !slices.Contains(taken, name) {
			return name
		}
	}
}

func (df *DataFrame) schema() (types.Schema, error) {
	switch {
	case df.err != nil:
		return nil, df.err
	case df.none:
		return nil, nil
	}
	s, err := df.s.inner.Schema(df.s.ctx, df.q)
	return s, df.place(err)
}

// place gives an error the text that its position is in, if there is one text.
func (df *DataFrame) place(err error) error {
	if df.text != "" {
		return placed(err, df.text)
	}
	return err
}

// Schema looks up names and types and returns the columns, without running the query.
func (df *DataFrame) Schema() (*arrow.Schema, error) {
	s, err := df.schema()
	if err != nil {
		return nil, public(err)
	}
	return arrowvec.Schema(s), nil
}

// Columns are the names of the columns.
func (df *DataFrame) Columns() ([]string, error) {
	s, err := df.schema()
	if err != nil {
		return nil, public(err)
	}
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = f.Name
	}
	return names, nil
}
