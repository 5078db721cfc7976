package bind

import (
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// grouping collects the Aggregate node of a block: the keys of GROUP BY and
// the aggregate calls found in the expressions above it.
type grouping struct {
	b    *binder
	all  bool // GROUP BY ALL
	keys []logical.Named
	// canon are the keys in the form in which they are compared.
	canon     []expr.Expr
	sets      [][]int // nil: one set of all keys
	gid       *expr.Column
	aggs      []logical.Named
	canonAggs []expr.Expr

	input expr.ColSet // columns below the Aggregate
	// beyond is the scope that an error suggests names of while HAVING and
	// ORDER BY are rewritten: there a column that is no key does not exist.
	beyond *scope
	err    error
}

// groupBy binds GROUP BY.
func (s *selection) groupBy() error {
	g := s.sel.GroupBy
	if g == nil {
		return nil
	}
	if s.sel.Pipe == ast.PipeAggregate {
		return s.pipeKeys(g)
	}
	s.group = &grouping{b: s.b}
	if g.All {
		if !s.names("all") {
			return s.groupByAll(g)
		}
		g = &ast.GroupBy{Span: g.Span, Items: []ast.Grouping{{Span: g.Span, Expr: &ast.Column{Span: g.Span, Name: ast.N("all")}}}}
	}
	for _, k := range g.Keys {
		if _, err := s.groupExpr(k); err != nil {
			return err
		}
	}
	sets := [][]int{{}}
	plain := true
	for i := range g.Items {
		item, err := s.groupItem(&g.Items[i])
		if err != nil {
			return err
		}
		plain = plain && g.Items[i].Kind <= ast.GroupList
		if len(sets)*len(item) > 65536 {
			return sqlerr.New(sqlerr.StatementTooComplex, "GROUP BY has more than 65536 grouping sets.").At(g.Pos())
		}
		var product [][]int
		for _, a := range sets {
			for _, c := range item {
				product = append(product, union(a, c))
			}
		}
		sets = product
	}
	if !plain {
		s.group.sets = sets
		s.group.gid = s.b.newColumn("grouping_id", types.Int64Type, false)
		s.separate()
	}
	for _, k := range s.group.keys {
		s.block.keys.UsedColumns(k.Expr)
	}
	return nil
}

// separate gives every key a column of its own: with grouping sets a key is
// not its input column, since it is NULL in some sets.
func (s *selection) separate() {
	g := s.group
	for i := range g.keys {
		null := g.keys[i].Expr.Nullable()
		for _, set := range g.sets {
			null = null || !contains(set, i)
		}
		g.keys[i].Col = s.b.newColumn(g.keys[i].Col.Name, g.keys[i].Expr.Type(), null)
	}
}

func contains(set []int, k int) bool {
	for _, x := range set {
		if x == k {
			return true
		}
	}
	return false
}

func union(a, b []int) []int {
	out := append([]int(nil), a...)
	for _, k := range b {
		if !contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// groupItem binds an item of GROUP BY to its grouping sets.
func (s *selection) groupItem(it *ast.Grouping) ([][]int, error) {
	switch it.Kind {
	case ast.GroupExpr:
		k, err := s.groupExpr(it.Expr)
		return [][]int{k}, err
	case ast.GroupList:
		set, err := s.groupList(it.Items)
		return [][]int{set}, err
	case ast.GroupSets:
		var out [][]int
		for i := range it.Items {
			sets, err := s.groupItem(&it.Items[i])
			if err != nil {
				return nil, err
			}
			out = append(out, sets...)
		}
		return out, nil
	}
	parts := make([][]int, len(it.Items))
	for i := range it.Items {
		sets, err := s.groupItem(&it.Items[i])
		if err != nil {
			return nil, err
		}
		parts[i] = sets[0]
	}
	if it.Kind == ast.GroupRollup {
		var out [][]int
		for n := len(parts); n >= 0; n-- {
			set := []int{}
			for _, p := range parts[:n] {
				set = union(set, p)
			}
			out = append(out, set)
		}
		return out, nil
	}
	if len(parts) > 16 {
		return nil, sqlerr.New(sqlerr.StatementTooComplex, "CUBE of more than 16 expressions makes too many grouping sets.").At(it.Pos())
	}
	var out [][]int
	for mask := 1<<len(parts) - 1; mask >= 0; mask-- {
		set := []int{}
		for i, p := range parts {
			if mask>>(len(parts)-1-i)&1 == 1 {
				set = union(set, p)
			}
		}
		out = append(out, set)
	}
	return out, nil
}

func (s *selection) groupList(items []ast.Grouping) ([]int, error) {
	set := []int{}
	for i := range items {
		k, err := s.groupExpr(items[i].Expr)
		if err != nil {
			return nil, err
		}
		set = union(set, k)
	}
	return set, nil
}

// groupExpr binds a grouping expression: a place in the select list, an
// expression over the input or over aliases of the select list. A row in
// parentheses is its items.
func (s *selection) groupExpr(e ast.Expr) ([]int, error) {
	b := s.b
	if n, ok := b.ordinal(e, settings.GroupByOrdinal); ok {
		if n < 1 || n > len(s.block.items) {
			return nil, sqlerr.New(sqlerr.GroupByPosOutOfRange, "GROUP BY position %d is not in select list (valid range is [1, %d]).", n, len(s.block.items)).At(e.Pos())
		}
		it := s.block.items[n-1]
		if hasAgg(it.expr) {
			return nil, sqlerr.New(sqlerr.GroupByPosAggregate, "GROUP BY %d refers to an expression %s that contains an aggregate function. Aggregate functions are not allowed in GROUP BY.", n, it.name).At(e.Pos())
		}
		if has(it.expr, isWindow) {
			return nil, sqlerr.New(sqlerr.UnsupportedExprOperator, "GROUP BY %d refers to an expression with a window function.", n).At(e.Pos())
		}
		return s.addKey(it.expr, it.name, e.Pos())
	}
	order := inputOnly
	if settings.GroupByAliases.Get(b.set) {
		order = inputFirst
	}
	at := s.site("GROUP BY", order, false, false)
	x, err := b.expr(at, e)
	if err != nil {
		return nil, err
	}
	return s.addKey(x, b.itemName(e), e.Pos())
}

// addKey adds a key unless it is there already.
func (s *selection) addKey(x expr.Expr, name string, pos int) ([]int, error) {
	g := s.group
	if at, lca := s.lateral(x); lca {
		return nil, sqlerr.New(sqlerr.LcaInGroupBy, "The feature is not supported: Referencing a lateral column alias via GROUP BY alias/ALL is not supported yet.").At(max(at, pos))
	}
	x = s.block.inline(x)
	if has(x, isWindow) {
		return nil, sqlerr.New(sqlerr.UnsupportedExprOperator, "GROUP BY cannot use the window function in %s.", name).At(pos)
	}
	if has(x, isAgg) {
		return nil, sqlerr.New(sqlerr.GroupByAggregate, "Aggregate functions are not allowed in GROUP BY, but found %s.", name).At(pos)
	}
	if !comparable(x.Type(), true) {
		return nil, sqlerr.New(sqlerr.GroupExprNotOrderable, "The expression %s cannot be used as a grouping expression because its data type %q is not an orderable data type.", name, x.Type().SQL()).At(pos)
	}
	c := canonical(x)
	for i, k := range g.canon {
		if tree.Equal(k, c) {
			return []int{i}, nil
		}
	}
	col, ok := x.(*expr.Column)
	if ok {
		col = named(col, name)
	} else {
		col = s.b.newColumn(name, x.Type(), x.Nullable())
	}
	g.keys = append(g.keys, logical.Named{Col: col, Expr: x})
	g.canon = append(g.canon, c)
	return []int{len(g.keys) - 1}, nil
}

// lateral reports whether x is (an alias for) an item that itself refers to
// another item.
func (s *selection) lateral(x expr.Expr) (int, bool) {
	found := false
	walk(x, func(x expr.Expr) bool {
		if c, ok := x.(*expr.Column); ok {
			if it := s.block.refs[c.ID]; it != nil {
				walk(it.expr, func(y expr.Expr) bool {
					if d, ok := y.(*expr.Column); ok && s.block.refs[d.ID] != nil {
						found = true
					}
					return !found
				})
			}
		}
		return !found
	})
	return sqlerr.NoPos, found
}

// groupByAll groups by the items that hold no aggregate or window call.
func (s *selection) groupByAll(g *ast.GroupBy) error {
	s.group.all = true
	for _, it := range s.block.items {
		if has(it.expr, func(e expr.Expr) bool { return isAgg(e) || isWindow(e) }) {
			continue
		}
		if has(it.expr, func(e expr.Expr) bool { c, ok := e.(*expr.Column); return ok && s.block.refs[c.ID] != nil }) {
			return sqlerr.New(sqlerr.LcaInGroupBy, "The feature is not supported: Referencing a lateral column alias via GROUP BY alias/ALL is not supported yet.").At(it.pos)
		}
		if _, err := s.addKey(it.expr, it.name, g.Pos()); err != nil {
			return err
		}
		s.block.keys.UsedColumns(it.expr)
	}
	return nil
}

// canonical orders the operands of commutative operators, so that a + b and
// b + a are one key.
func canonical(e expr.Expr) expr.Expr {
	return tree.Map(e, func(x expr.Expr) expr.Expr {
		switch x := x.(type) {
		case *expr.Column:
			return &expr.Column{ID: x.ID, T: x.T}
		case *expr.Call:
			if (x.Func == "+" || x.Func == "*") && len(x.Args) == 2 && weight(x.Args[0]) > weight(x.Args[1]) {
				return &expr.Call{Func: x.Func, Args: []expr.Expr{x.Args[1], x.Args[0]}, T: x.T, Null: x.Null}
			}
		case *expr.Compare:
			if (x.Op == expr.Eq || x.Op == expr.Ne || x.Op == expr.NullSafeEq) && weight(x.Left) > weight(x.Right) {
				return &expr.Compare{Op: x.Op, Left: x.Right, Right: x.Left}
			}
		}
		return x
	})
}

// weight orders operands for canonical: by their first column.
func weight(e expr.Expr) expr.ColID {
	var id expr.ColID
	walk(e, func(x expr.Expr) bool {
		if c, ok := x.(*expr.Column); ok && id == 0 {
			id = c.ID
		}
		return id == 0
	})
	return id
}

// rewrite turns an expression over the input into one over the Aggregate's
// output: keys and aggregate calls become columns. What is neither sets g.err.
func (g *grouping) rewrite(e expr.Expr) expr.Expr {
	return replace(e, func(x expr.Expr) (expr.Expr, bool) {
		if g.err != nil {
			return x, true
		}
		if c := g.key(x); c != nil {
			return c, true
		}
		switch x := x.(type) {
		case *expr.Column:
			if g.input.Has(x.ID) {
				g.missing(x.Name, int(x.Pos))
			}
			return x, true
		case *expr.Agg:
			return g.agg(x), true
		case *expr.WindowCall:
			return mapWindow(x, g.rewrite), true
		case *expr.Call:
			if x.Func == "grouping" || x.Func == "grouping_id" {
				return g.groupingCall(x), true
			}
		case *expr.ScalarSubquery:
			return rename(x, g.outer(x.Outer, int(x.Pos))), true
		case *expr.Exists:
			return rename(x, g.outer(x.Outer, sqlerr.NoPos)), true
		case *expr.InSubquery:
			args := make([]expr.Expr, len(x.Args))
			for i, a := range x.Args {
				args[i] = g.rewrite(a)
			}
			y := rename(&expr.InSubquery{Plan: x.Plan, Outer: x.Outer, Pos: x.Pos}, g.outer(x.Outer, int(x.Pos))).(*expr.InSubquery)
			return &expr.InSubquery{Args: args, Plan: y.Plan, Outer: y.Outer, Pos: y.Pos}, true
		}
		return nil, false
	})
}

// key returns the column of the key that x is, or nil.
func (g *grouping) key(x expr.Expr) expr.Expr {
	c, plain := x.(*expr.Column)
	if _, ok := x.(*expr.Literal); ok || len(g.keys) == 0 {
		return nil
	}
	var canon expr.Expr
	for i := range g.keys {
		k, plainKey := g.keys[i].Expr.(*expr.Column)
		if plain != plainKey {
			continue
		}
		if plain {
			if k.ID == c.ID {
				return &expr.Column{ID: g.keys[i].Col.ID, Name: c.Name, T: c.T, Null: g.keys[i].Col.Null, Pos: c.Pos}
			}
			continue
		}
		if canon == nil {
			canon = canonical(x)
		}
		if tree.Equal(g.canon[i], canon) {
			return g.keys[i].Col
		}
	}
	return nil
}

func (g *grouping) agg(a *expr.Agg) expr.Expr {
	c := canonical(a)
	for i, k := range g.canonAggs {
		if tree.Equal(k, c) {
			return g.aggs[i].Col
		}
	}
	col := g.b.newColumn(a.Func, a.T, a.Null)
	g.aggs = append(g.aggs, logical.Named{Col: col, Expr: a})
	g.canonAggs = append(g.canonAggs, c)
	return col
}

// outer maps outer columns of a subquery to the keys they must be.
func (g *grouping) outer(ids []expr.ColID, pos int) map[expr.ColID]*expr.Column {
	to := map[expr.ColID]*expr.Column{}
	for _, id := range ids {
		if !g.input.Has(id) {
			continue
		}
		c, _ := g.key(&expr.Column{ID: id}).(*expr.Column)
		if c == nil {
			g.missing("used in a subquery", pos)
			return nil
		}
		for i := range g.keys {
			if g.keys[i].Col.ID == c.ID {
				to[id] = g.keys[i].Col
			}
		}
	}
	return to
}

func (g *grouping) missing(name string, pos int) {
	switch {
	case g.err != nil:
	case g.beyond != nil:
		g.err = g.b.unresolved(g.beyond, []string{name}, pos)
	case g.all:
		g.err = sqlerr.New(sqlerr.UnresolvedAllInGroupBy, "Cannot infer grouping columns for GROUP BY ALL based on the select clause. Please explicitly specify the grouping columns.").At(pos)
	case len(g.keys) == 0 && g.sets == nil:
		g.err = sqlerr.New(sqlerr.MissingGroupBy, "The query does not include a GROUP BY clause, but the column `%s` stands outside of an aggregate function.", name).
			At(pos).WithHint("Add GROUP BY or turn it into a window function using OVER clauses.")
	default:
		g.err = sqlerr.New(sqlerr.MissingAggregation, "The non-aggregating expression \"%s\" is based on columns which are not participating in the GROUP BY clause.", name).
			At(pos).WithHint("Add the columns or the expression to the GROUP BY, aggregate the expression, or use \"any_value(%s)\" if you do not care which of the values within a group is returned.", name)
	}
}

func (g *grouping) node(in logical.Node) logical.Node {
	return &logical.Aggregate{Input: in, Keys: g.keys, Aggs: g.aggs, Sets: g.sets, GroupingID: g.gid}
}

// grouping binds grouping(x) and grouping_id(…): calls that rewrite resolves.
func (b *binder) grouping(s *site, e *ast.Func, name string) (expr.Expr, error) {
	if !s.agg || s.inAgg {
		return nil, misplacedAggregate(s, e)
	}
	args, err := b.exprs(s.within(func(s *site) { s.inAgg = true }), e.Args)
	if err != nil {
		return nil, err
	}
	t := types.Int64Type
	if name == "grouping" {
		t = types.Int8Type
		if len(args) != 1 {
			return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `grouping` requires 1 parameters but the actual number is %d.", len(args)).At(e.Pos())
		}
	}
	if s.block == nil || s.block.sel == nil || s.block.sel.GroupBy == nil {
		return nil, sqlerr.New(sqlerr.UnsupportedGrouping, "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.").At(e.Pos())
	}
	return &expr.Call{Func: name, Args: args, T: t, Pos: b.at(e.Pos())}, nil
}

// groupingCall computes grouping() and grouping_id() from the bits of the
// Aggregate's GroupingID.
func (g *grouping) groupingCall(c *expr.Call) expr.Expr {
	fail := func(cond *sqlerr.Condition, format string, args ...any) expr.Expr {
		g.err = sqlerr.New(cond, format, args...).At(int(c.Pos))
		return c
	}
	if g.gid == nil {
		return fail(sqlerr.UnsupportedGrouping, "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.")
	}
	places := make([]int, len(c.Args))
	for i, a := range c.Args {
		places[i] = -1
		for j := range g.keys {
			if tree.Equal(g.canon[j], canonical(a)) {
				places[i] = j
			}
		}
		if places[i] < 0 {
			if c.Func == "grouping" {
				return fail(sqlerr.GroupingColumnMismatch, "Column of grouping (%s) can't be found in grouping columns.", textOf(a))
			}
			return fail(sqlerr.GroupingIDMismatch, "Columns of grouping_id do not match the grouping columns.")
		}
	}
	if c.Func == "grouping" {
		bit, err := g.bit(places[0], int(c.Pos))
		if err != nil {
			g.err = err
			return c
		}
		return &expr.Cast{Arg: bit, To: types.Int8Type, Mode: expr.CastLegacy, Pos: c.Pos, Implicit: true}
	}
	if len(places) == 0 {
		return g.gid
	}
	if len(places) != len(g.keys) {
		return fail(sqlerr.GroupingIDMismatch, "Columns of grouping_id do not match the grouping columns.")
	}
	for i, p := range places {
		if p != i {
			return fail(sqlerr.GroupingIDMismatch, "Columns of grouping_id do not match the grouping columns.")
		}
	}
	return g.gid
}

// bit is 1 in rows of sets without key i, else 0.
func (g *grouping) bit(i, pos int) (expr.Expr, error) {
	shift := &expr.Literal{Value: int64(len(g.keys) - 1 - i), T: types.Int32Type}
	x, err := g.b.call(">>", []expr.Expr{g.gid, shift}, pos)
	if err != nil {
		return nil, err
	}
	return g.b.call("&", []expr.Expr{x, &expr.Literal{Value: int64(1), T: types.Int64Type}}, pos)
}

func textOf(e expr.Expr) string {
	if c, ok := e.(*expr.Column); ok {
		return c.Name
	}
	return "expression"
}
