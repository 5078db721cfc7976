// Package bind gives names and types to a syntax tree: it makes the typed
// logical plan of a query. It is the only place that reads the catalog, the
// registry of functions and the definitions of views; nothing after it sees a
// name that could mean two things.
//
//	ast.Query ──► scopes of FROM ──► typed expressions ──► logical.Node
//	                 │                    │
//	              Resolver           function.Registry
//
// A query block is bound in the order its clauses mean: FROM, WHERE, the
// select list, GROUP BY, HAVING, QUALIFY and ORDER BY over columns of the
// input, with aggregate and window calls still inside the expressions; then
// these are taken out into Aggregate and Window nodes. Implicit casts are
// written out. Subqueries stay inside expressions, with the list of outer
// columns they use; planner/optimize turns them into joins.
//
// What it leaves to others: running statements that are not queries
// (internal/session), constant folding beyond what typing needs, and any
// choice about how a plan is run.
package bind

import (
	"context"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Resolver finds what names outside the statement mean. The session is one.
type Resolver interface {
	// Relation returns the table or view of a name as written: exactly one is
	// not nil, else the error has the condition TABLE_OR_VIEW_NOT_FOUND.
	Relation(ctx context.Context, name []string) (catalog.Table, *View, error)
	// File returns files as a table. An empty format is told by the path.
	File(ctx context.Context, format, path string, options map[string]string) (catalog.Table, error)
	// HasFormat reports whether parquet.`path` names files of a format.
	HasFormat(name string) bool
	// Variable returns the value of a session variable, nil if there is none.
	Variable(name []string) *expr.Literal
	// Function returns a function defined in SQL, nil if there is none.
	Function(ctx context.Context, name []string) (*Function, error)
}

// View is a stored query as the binder expands it.
type View struct {
	// Name is how the view is called in messages, and what qualifies its columns.
	Name []string
	// Query, or else the text SQL, is the definition. With both, SQL is the
	// text of Query, whose positions count it from Base.
	Query *ast.Query
	SQL   string
	Base  int
	// Columns are the names given in CREATE VIEW, nil if it gave none.
	Columns []string
	// Schema is what the definition gave when the view was made; nil: not recorded.
	Schema types.Schema
	// Resolver is the world of the view's creation (its current database); nil: the query's own.
	Resolver Resolver
	Settings *settings.Snapshot
	// Owner is with whose rights the definition reads, where there are rights.
	Owner string
	// Guarded says that whoever binds may not know the definition, nor anything
	// of the rows it leaves out: nothing that may fail goes below it, and its
	// errors are concealed. Sealed: nor may the tables below it be named.
	Guarded, Sealed bool
}

// Function is a function defined by CREATE FUNCTION: an expression or, with
// Table, a query over its parameters.
type Function struct {
	Name     string
	Params   []ast.ColumnDef
	Returns  *ast.TypeName
	Body     ast.Expr
	Query    *ast.Query
	Table    bool
	Resolver Resolver
	// Text is the definition, for places in it; may be nil.
	Text *sqlerr.Text
	// Guarded says that whoever binds may not know the definition.
	Guarded bool
}

// Params are the values of parameter markers: by place for ?, by name for :name.
type Params struct {
	Positional []*expr.Literal
	Named      map[string]*expr.Literal
}

// Env is the world a statement is bound in.
type Env struct {
	Functions *function.Registry
	Resolver  Resolver
	Settings  *settings.Snapshot
	Params    Params
	// Markers, if not nil, stand for parameters that have no values yet; Params is not looked at then.
	Markers *Markers
	// Batch, if not nil, gives parameters many values: see there.
	Batch *Batch
	// Context is what calls see that are folded while binding: time zone,
	// start of the query, user.
	Context *function.Context
	// Views are the names of views whose definition is being bound: a
	// reference to one of them is RECURSIVE_VIEW.
	Views []string
	// Roles are the roles of the session's user; nil: there are none.
	Roles func(ctx context.Context) ([]string, error)
}

// Plan is a bound query.
type Plan struct {
	Node logical.Node
	// Columns are the output columns in order, with the names users see.
	Columns []*expr.Column
	// Tables are the tables the plan reads, each once.
	Tables []catalog.Table
	// shared are plans that Node's Use nodes refer to.
	shared logical.With
	// Places are what positions in the plan's expressions refer to, and with
	// them those of errors while it runs.
	Places sqlerr.Places
	// Unsteady says that the plan holds what may be different another time: the
	// time itself, the seed of a random number.
	Unsteady bool
	// Guarded says that the plan holds what whoever bound it may not know.
	Guarded bool
	last    expr.ColID // the highest id in use
}

// Root is the whole plan: Node under the plans that its CTEs share.
func (p *Plan) Root() logical.Node {
	if len(p.shared.Plans) == 0 {
		return p.Node
	}
	w := p.shared
	w.Input = p.Node
	return &w
}

// Schema describes the output of the plan.
func (p *Plan) Schema() types.Schema {
	s := make(types.Schema, len(p.Columns))
	for i, c := range p.Columns {
		s[i] = types.Field{Name: c.Name, Type: c.T, Nullable: c.Null}
	}
	return s
}

// Query binds a query.
func Query(ctx context.Context, env *Env, q *ast.Query) (*Plan, error) {
	b := newBinder(ctx, env)
	rel, err := b.query(q, &frame{}, nil)
	if err != nil {
		return nil, b.places.Locate(err)
	}
	return b.finish(rel), nil
}

// finish makes the output of rel that of a whole query: its visible columns.
func (b *binder) finish(rel *relation) *Plan {
	rel = b.narrow(rel)
	p := b.plan(rel.plan)
	for _, f := range rel.fields {
		p.Columns = append(p.Columns, named(f.col, f.name))
	}
	return p
}

// plan makes a plan of all that was bound; its columns are the caller's affair.
func (b *binder) plan(n logical.Node) *Plan {
	if m := b.env.Markers; m != nil {
		m.settle(n)
		for _, s := range b.shared.Plans {
			m.settle(s)
		}
	}
	return &Plan{Node: n, Tables: b.tables, Unsteady: b.unsteady, Guarded: b.guarded, shared: b.shared, Places: b.places, last: b.lastCol}
}

// Scalar binds an expression without columns (the value of SET VARIABLE, a
// DEFAULT, an option) and folds it to a literal.
func Scalar(ctx context.Context, env *Env, e ast.Expr) (*expr.Literal, error) {
	b := newBinder(ctx, env)
	x, err := b.expr(&site{sc: &scope{frame: &frame{}}, clause: "expression"}, e)
	if err != nil {
		return nil, b.places.Locate(err)
	}
	l, err := b.constant(x, e.Pos(), "expression")
	return l, b.places.Locate(err)
}

// NameOf returns the parts of a name, IDENTIFIER(…) evaluated.
func NameOf(ctx context.Context, env *Env, n *ast.Name) ([]string, error) {
	b := newBinder(ctx, env)
	parts, err := b.nameParts(n)
	return parts, b.places.Locate(err)
}

// Cast binds the implicit or store conversion of a literal to a type.
func Cast(ctx context.Context, env *Env, l *expr.Literal, to types.Type) (*expr.Literal, error) {
	b := newBinder(ctx, env)
	out, err := b.constant(b.implicit(l, to), sqlerr.NoPos, "value")
	return out, b.places.Locate(err)
}

// Condition binds a boolean expression over the columns of a table, as the
// row filter of INSERT … REPLACE WHERE or the expression of a constraint.
func Condition(ctx context.Context, env *Env, cols types.Schema, e ast.Expr) (expr.Expr, []*expr.Column, error) {
	b := newBinder(ctx, env)
	sc := &scope{frame: &frame{}}
	var out []*expr.Column
	for _, f := range cols {
		c := b.newColumn(f.Name, f.Type, f.Nullable)
		out = append(out, c)
		sc.fields = append(sc.fields, field{col: c, name: f.Name})
	}
	x, err := b.condition(&site{sc: sc, clause: "WHERE"}, e)
	return x, out, b.places.Locate(err)
}

// Value binds an expression over columns and returns its type.
func Value(ctx context.Context, env *Env, cols types.Schema, e ast.Expr) (types.Type, error) {
	b := newBinder(ctx, env)
	sc := &scope{frame: &frame{}}
	for _, f := range cols {
		sc.fields = append(sc.fields, field{col: b.newColumn(f.Name, f.Type, f.Nullable), name: f.Name})
	}
	x, err := b.expr(&site{sc: sc, clause: "expression"}, e)
	if err != nil {
		return types.Type{}, b.places.Locate(err)
	}
	return x.Type(), nil
}

type binder struct {
	ctx  context.Context
	env  *Env
	res  Resolver
	set  *settings.Snapshot
	ansi bool
	fold bool // compare names without regard to case

	lastCol    expr.ColID
	lastLambda int32
	// shared are the plans of CTEs that all references share, by keys of their own.
	shared  logical.With
	lastKey int32
	hints   map[*ast.Join]joinHint
	// views are the names of the views being expanded, outermost first.
	views []string
	// text is the definition of a view or function that is being bound, nil in
	// the statement itself; cur is the expression that is.
	text   *sqlerr.Text
	cur    ast.Expr
	places sqlerr.Places
	depth  int
	// fn is the SQL function whose body is being bound, nil outside.
	fn *fnScope
	// nodes counts relations and query blocks, to stop what CTEs of CTEs multiply.
	nodes  int
	tables []catalog.Table
	// unsteady and guarded: see Plan.
	unsteady, guarded bool
	// batch are the columns of the Batch for the row of VALUES being bound.
	batch []field
	// batchOf is the block of an INSERT … SELECT that is bound over a Batch.
	batchOf *ast.Select
	// texts are how ast nodes print in column names where the tree alone does not tell.
	texts map[ast.Node]string
}

const (
	maxDepth = 10_000 // nested query blocks, relations and views
	maxNodes = 40_000 // relations and query blocks of one statement, copies of CTEs included
)

func newBinder(ctx context.Context, env *Env) *binder {
	b := &binder{ctx: ctx, env: env, res: env.Resolver, texts: map[ast.Node]string{}, hints: map[*ast.Join]joinHint{}, views: env.Views}
	b.use(env.Settings)
	return b
}

func (b *binder) use(s *settings.Snapshot) {
	b.set = s
	b.ansi = settings.ANSI.Get(s)
	b.fold = !settings.CaseSensitive.Get(s)
}

// enter counts a query block or relation and checks limits and cancellation;
// leave must follow where it gave no error.
func (b *binder) enter(pos int) error {
	b.depth++
	b.nodes++
	if b.depth > maxDepth {
		return sqlerr.New(sqlerr.StatementTooComplex, "Queries nest deeper than %d levels.", maxDepth).At(pos)
	}
	if b.nodes > maxNodes {
		return sqlerr.New(sqlerr.StatementTooComplex, "The statement has more than %d query blocks once its CTEs and views are expanded.", maxNodes).At(pos)
	}
	return sqlerr.Cancellation(b.ctx)
}

func (b *binder) leave() { b.depth-- }

func (b *binder) newID() expr.ColID {
	b.lastCol++
	return b.lastCol
}

func (b *binder) newColumn(name string, t types.Type, null bool) *expr.Column {
	return &expr.Column{ID: b.newID(), Name: name, T: t, Null: null, Pos: sqlerr.NoPos}
}

func named(c *expr.Column, name string) *expr.Column {
	if c.Name == name {
		return c
	}
	d := *c
	d.Name = name
	return &d
}
