package bind

import (
	"slices"
	"strings"

	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// recurrence is a recursive CTE while its step is bound: what a reference to
// its name sees.
type recurrence struct {
	key  int32
	cols []*expr.Column
	used bool
}

// mentions reports whether n refers to a table by the name of d, from where no
// inner WITH hides it.
func mentions(n ast.Node, d *ast.CTE) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TableRef:
			found = found || names(&n.Name, d)
		case *ast.TableBody:
			found = found || names(&n.Name, d)
		case *ast.Query:
			if len(n.With) > 0 {
				found = found || mentionsWith(n, d)
				return false
			}
		}
		return !found
	})
	return found
}

func names(n *ast.Name, d *ast.CTE) bool {
	return len(n.Parts) == 1 && strings.EqualFold(n.Parts[0], d.Name)
}

func mentionsWith(q *ast.Query, d *ast.CTE) bool {
	for i := range q.With {
		same := strings.EqualFold(q.With[i].Name, d.Name)
		if !(same && q.Recursive) && mentions(&q.With[i], d) {
			return true
		}
		if same {
			return false
		}
	}
	rest := *q
	rest.With = nil
	return mentions(&rest, d)
}

// recursive binds the query of a recursive CTE: anchor UNION [ALL] step. around
// are the definitions its parts see besides.
func (b *binder) recursive(sc *cteScope, own *frame, around *cteScope) (*relation, error) {
	d := sc.cte
	q, u, err := unionOf(d)
	if err != nil {
		return nil, err
	}
	if err := b.enter(d.Query.Pos()); err != nil {
		return nil, err
	}
	defer b.leave()
	body, err := b.with(q.With, q.Recursive, own, around)
	if err != nil {
		return nil, err
	}
	anchor, err := b.operand(u.L, own, body)
	if err != nil {
		return nil, err
	}
	n := &logical.Recursive{Name: d.Name, Distinct: !u.All, Limit: -1, Pos: b.at(d.Pos())}
	if err := b.recursionLimits(n, d); err != nil {
		return nil, err
	}
	if len(d.Columns) > 0 {
		if err := renameFields(anchor, d.Columns, d.Pos()); err != nil {
			return nil, err
		}
	}
	b.lastKey++
	n.Key, n.Anchor = b.lastKey, anchor.plan
	out := &relation{plan: n}
	for _, f := range anchor.fields {
		if n.Distinct && !comparable(f.col.T, true) {
			return nil, sqlerr.New(sqlerr.UnsupportedSetType, "The feature is not supported: UNION needs to compare the column `%s` of type %q.", f.name, f.col.T.SQL()).At(u.Pos())
		}
		c := b.newColumn(f.name, f.col.T.Loose(), true)
		n.Cols = append(n.Cols, c)
		out.fields = append(out.fields, field{col: c, name: f.name})
	}
	inner := &cteScope{parent: body, cte: d, frame: sc.frame, loop: &recurrence{key: n.Key, cols: n.Cols}}
	step, err := b.operand(u.R, own, inner)
	if err != nil {
		return nil, err
	}
	if !inner.loop.used { // an inner WITH had the name
		sc.recursive = false
		return b.query(d.Query, own, around)
	}
	if n.Step, err = b.stepColumns(step, n, u); err != nil {
		return nil, err
	}
	if len(own.outer) > 0 {
		return nil, sqlerr.New(sqlerr.OuterColumnNotAllowed, "Unsupported subquery expression: Accessing outer query column is not allowed in the recursive CTE `%s`.", d.Name).At(d.Pos())
	}
	return out, recursionPlace(n.Step, n.Key, d)
}

// unionOf is the union that a recursive query is, and the query around it.
func unionOf(d *ast.CTE) (*ast.Query, *ast.SetOp, error) {
	fail := func() (*ast.Query, *ast.SetOp, error) {
		return nil, nil, sqlerr.New(sqlerr.RecursiveCTE, "Invalid recursive definition found. Recursive queries must contain an UNION or an UNION ALL statement with 2 children. The first child needs to be the anchor term without any recursive references. Any top level inner CTE must not contain self references.").At(d.Pos())
	}
	q := d.Query
	for q.With == nil && isBare(q) {
		inner, ok := q.Body.(*ast.Query)
		if !ok {
			break
		}
		q = inner
	}
	u, ok := q.Body.(*ast.SetOp)
	if !ok || u.Kind != ast.Union || u.ByName || !isBare(q) || mentions(u.L, d) {
		return fail()
	}
	for i := range q.With {
		if mentions(&q.With[i], d) {
			return fail()
		}
	}
	return q, u, nil
}

// isBare reports whether q is its body and nothing more, WITH apart.
func isBare(q *ast.Query) bool {
	return q.OrderBy == nil && q.OrderAll == nil && q.SortBy == nil && q.DistributeBy == nil && q.ClusterBy == nil &&
		q.Limit == nil && !q.LimitAll && q.Offset == nil
}

// operand binds one side of a set operation.
func (b *binder) operand(body ast.Body, fr *frame, ctes *cteScope) (*relation, error) {
	if err := b.enter(body.Pos()); err != nil {
		return nil, err
	}
	defer b.leave()
	rel, err := b.body(body, fr, ctes)
	if err != nil {
		return nil, err
	}
	return b.narrow(rel), nil
}

func (b *binder) recursionLimits(n *logical.Recursive, d *ast.CTE) error {
	n.MaxLevel, n.MaxRows = settings.RecursionLevels.Get(b.set), settings.RecursionRows.Get(b.set)
	if d.MaxDepth == nil {
		return nil
	}
	v, err := b.count(d.MaxDepth, "limit")
	n.MaxLevel = v
	return err
}

// stepColumns gives the step the types of the anchor. Only conversions that
// lose nothing are made: the anchor alone decides the types.
func (b *binder) stepColumns(step *relation, n *logical.Recursive, u *ast.SetOp) (logical.Node, error) {
	if len(step.fields) != len(n.Cols) {
		return nil, sqlerr.New(sqlerr.NumColumnsMismatch, "UNION can only be performed on inputs with the same number of columns, but the first input has %d columns and the second input has %d columns.",
			len(n.Cols), len(step.fields)).At(u.Pos())
	}
	ts := make([]types.Type, len(n.Cols))
	for i, f := range step.fields {
		ts[i] = n.Cols[i].T
		if !f.col.T.SameShape(ts[i]) && !(f.col.T.Kind == types.Null || coerce.CanUpCast(f.col.T, ts[i]) && ts[i].Kind != types.String) {
			return nil, sqlerr.New(sqlerr.MergeTypes, "Failed to merge incompatible data types %q and %q. Please check the data types of the columns being merged and ensure that they are compatible. If necessary, consider casting the columns to compatible data types before attempting the merge.",
				ts[i].SQL(), f.col.T.SQL()).At(u.R.Pos()).WithHint("The types of `%s` are those of the anchor; cast the column %d of one side.", n.Name, i+1)
		}
	}
	return b.castColumns(step, ts), nil
}

// self is a reference to the recursive CTE from within its step.
func (b *binder) self(sc *cteScope) *relation {
	sc.loop.used = true
	r := &logical.Recurrence{Name: sc.cte.Name, Key: sc.loop.key}
	rel := &relation{plan: r}
	for _, c := range sc.loop.cols {
		d := b.newColumn(c.Name, c.T, c.Null)
		r.Cols = append(r.Cols, d)
		rel.fields = append(rel.fields, field{col: d, name: c.Name})
	}
	return rel
}

// recursionPlace refuses references where rows of the level before are not
// enough to tell the result: in aggregates, windows, and on the side of an
// outer, semi or anti join whose absence counts.
func recursionPlace(step logical.Node, key int32, d *ast.CTE) error {
	bad := false
	has := func(n logical.Node) bool { return refersTo(n, key) }
	var check func(n logical.Node)
	check = func(n logical.Node) {
		switch n := n.(type) {
		case *logical.Aggregate:
			bad = bad || (len(n.Aggs) > 0 || n.Sets != nil) && has(n.Input)
		case *logical.Window:
			bad = bad || has(n.Input)
		case *logical.Join:
			bad = bad || badSide(n.Kind, n.Left, n.Right, has)
		case *logical.Apply:
			bad = bad || badSide(n.Kind, n.Left, n.Right, has)
		case *logical.SetOp:
			bad = bad || n.Kind == logical.Except && slices.ContainsFunc(n.Inputs[1:], has)
		}
		for _, c := range append(tree.Children(n), subPlans(n)...) {
			check(c)
		}
	}
	check(step)
	if !bad {
		return nil
	}
	return sqlerr.New(sqlerr.RecursiveReferencePlace, "Invalid recursive reference found inside WITH RECURSIVE clause. Recursive references cannot be used on the right side of left outer/semi/anti joins, on the left side of right outer joins, in full outer joins, in aggregates, and in subquery expressions.").At(d.Pos())
}

func badSide(k logical.JoinKind, l, r logical.Node, has func(logical.Node) bool) bool {
	switch k {
	case logical.Left, logical.Semi, logical.Anti:
		return has(r)
	case logical.Right:
		return has(l)
	case logical.Full:
		return has(l) || has(r)
	}
	return false
}

// subPlans are the plans of the subquery expressions of n.
func subPlans(n logical.Node) []logical.Node {
	var out []logical.Node
	for _, e := range logical.Exprs(n) {
		walk(e, func(e expr.Expr) bool {
			if p := logical.SubPlan(e); p != nil {
				out = append(out, p)
			}
			return true
		})
	}
	return out
}

// refersTo reports whether a plan has a reference to the recursion key (0: to any).
func refersTo(n logical.Node, key int32) bool {
	if r, ok := n.(*logical.Recurrence); ok && (key == 0 || r.Key == key) {
		return true
	}
	for _, c := range append(tree.Children(n), subPlans(n)...) {
		if refersTo(c, key) {
			return true
		}
	}
	return false
}
