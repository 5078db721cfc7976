package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// query binds a query inside the frame fr, with the CTEs of the queries around it.
func (b *binder) query(q *ast.Query, fr *frame, ctes *cteScope) (*relation, error) {
	if err := b.enter(q.Pos()); err != nil {
		return nil, err
	}
	defer b.leave()
	ctes, err := b.with(q.With, q.Recursive, fr, ctes)
	if err != nil {
		return nil, err
	}
	var rel *relation
	if sel, ok := q.Body.(*ast.Select); ok {
		rel, err = b.selectBlock(sel, q, fr, ctes)
	} else if rel, err = b.body(q.Body, fr, ctes); err == nil {
		rel, err = b.sorted(rel, q, fr, ctes)
	}
	if err != nil {
		return nil, err
	}
	if len(q.DistributeBy) > 0 {
		at := &site{sc: &scope{frame: fr, fields: rel.fields, ctes: ctes}, clause: "DISTRIBUTE BY"}
		if _, err := b.exprs(at, q.DistributeBy); err != nil && len(rel.fields) > 0 {
			if _, ok := q.Body.(*ast.Select); !ok {
				return nil, err
			}
		}
	}
	return b.limited(rel, q)
}

// body binds what stands under ORDER BY.
func (b *binder) body(body ast.Body, fr *frame, ctes *cteScope) (*relation, error) {
	switch body := body.(type) {
	case *ast.Select:
		return b.selectBlock(body, nil, fr, ctes)
	case *ast.Query:
		return b.query(body, fr, ctes)
	case *ast.SetOp:
		return b.setOp(body, fr, ctes)
	case *ast.Values:
		return b.values(body, fr, ctes)
	case *ast.TableBody:
		return b.relation(&ast.TableRef{Span: body.Span, Name: body.Name}, fr, ctes)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "The binder does not know %T.", body).At(body.Pos())
}

// cteScope is a chain of WITH definitions, the innermost and latest first.
type cteScope struct {
	parent *cteScope // what the definition's own query sees
	cte    *ast.CTE
	frame  *frame
	// first is the relation bound at the definition; the first reference takes
	// it, later ones bind a copy with columns of their own.
	first *relation
	// outer are the columns of enclosing queries the definition uses.
	outer []expr.ColID
	// loop is what the name means inside the step of a recursive CTE, nil outside.
	loop *recurrence
	// recursive says that the definition refers to itself.
	recursive bool
	// key is the number of the With plan that all references share, 0 if each
	// has a plan of its own; cols are that plan's columns.
	key  int32
	cols []*expr.Column
}

// with adds the definitions of a WITH clause. Each sees those before it, and
// is bound at once, so that errors in unused ones are found.
func (b *binder) with(defs []ast.CTE, recursive bool, fr *frame, ctes *cteScope) (*cteScope, error) {
	policy := settings.CTEPrecedence.Get(b.set)
	for i := range defs {
		d := &defs[i]
		for j := range i {
			if strings.EqualFold(defs[j].Name, d.Name) {
				return nil, sqlerr.New(sqlerr.DuplicatedCTE, "CTE definition can't have duplicate names: `%s`.", d.Name).At(d.Pos())
			}
		}
		if outer := b.findCTE(ctes, d.Name); outer != nil && policy != "CORRECTED" {
			if policy == "LEGACY" {
				continue
			}
			return nil, sqlerr.New(sqlerr.AmbiguousNestedCTE, "Name `%s` is ambiguous in nested CTE. Please set \"spark.sql.legacy.ctePrecedencePolicy\" to \"CORRECTED\" so that name defined in inner CTE takes precedence.", d.Name).At(d.Pos())
		}
		sc := &cteScope{parent: ctes, cte: d, frame: fr, recursive: recursive && mentions(d.Query, d)}
		rel, err := b.cteBody(sc, fr, ctes)
		if err != nil {
			return nil, err
		}
		b.share(sc, rel)
		sc.first = rel
		ctes = sc
	}
	return ctes, nil
}

// share makes the plan of a CTE one that all references read if it gives
// other rows each time it is run. Plans that depend on what is around them, a
// row of an outer query or a level of a recursion, cannot be shared.
func (b *binder) share(sc *cteScope, rel *relation) {
	if len(sc.outer) > 0 || !b.volatilePlan(rel.plan) || refersTo(rel.plan, 0) {
		return
	}
	b.lastKey++
	sc.key, sc.cols = b.lastKey, rel.plan.Columns()
	b.shared.Keys, b.shared.Plans = append(b.shared.Keys, sc.key), append(b.shared.Plans, rel.plan)
}

// sharedCTE is a reference to a CTE whose plan all references share.
func (b *binder) sharedCTE(sc *cteScope) *relation {
	u := &logical.Use{Key: sc.key, Name: sc.cte.Name}
	rel := &relation{plan: u}
	by := map[expr.ColID]*expr.Column{}
	for _, c := range sc.cols {
		d := b.newColumn(c.Name, c.T, c.Null)
		u.Cols, by[c.ID] = append(u.Cols, d), d
	}
	for _, f := range sc.first.fields {
		f.col = by[f.col.ID]
		rel.fields = append(rel.fields, f)
	}
	return rel
}

// cteBody binds the query of a CTE for a reference inside the frame at.
func (b *binder) cteBody(sc *cteScope, at *frame, body *cteScope) (*relation, error) {
	own := &frame{parent: sc.frame.parent}
	var rel *relation
	var err error
	if sc.recursive {
		rel, err = b.recursive(sc, own, body)
	} else {
		rel, err = b.query(sc.cte.Query, own, body)
	}
	if err != nil {
		return nil, err
	}
	sc.outer = own.outer
	sc.mark(at)
	rel = b.narrow(rel)
	if len(sc.cte.Columns) > 0 && !sc.recursive {
		if err := renameFields(rel, sc.cte.Columns, sc.cte.Pos()); err != nil {
			return nil, err
		}
	}
	return rel, nil
}

// findCTE returns the definition called name, or nil.
func (b *binder) findCTE(ctes *cteScope, name string) *cteScope {
	for ; ctes != nil; ctes = ctes.parent {
		if strings.EqualFold(ctes.cte.Name, name) {
			return ctes
		}
	}
	return nil
}

// reference to a CTE inside the frame fr.
func (b *binder) cte(sc *cteScope, fr *frame, pos int) (*relation, error) {
	switch {
	case sc.loop != nil:
		return b.self(sc), nil
	case sc.key > 0:
		return b.sharedCTE(sc), nil
	}
	if rel := sc.first; rel != nil {
		sc.first = nil
		sc.mark(fr)
		return rel, nil
	}
	if err := b.enter(pos); err != nil {
		return nil, err
	}
	defer b.leave()
	return b.cteBody(sc, fr, sc.parent)
}

// mark notes the outer columns of the CTE as used by the frames from at out
// to the one of the definition.
func (sc *cteScope) mark(at *frame) {
	for fr := at; ; fr = fr.parent.frame {
		for _, id := range sc.outer {
			fr.use(id)
		}
		if fr == sc.frame || fr.parent == nil || fr.parent.frame == nil {
			return
		}
	}
}

// narrow makes the plan's columns exactly the visible fields, in order.
func (b *binder) narrow(rel *relation) *relation {
	cols := rel.plan.Columns()
	var visible []field
	for _, f := range rel.fields {
		if !f.hidden {
			visible = append(visible, f)
		}
	}
	same := len(cols) == len(visible)
	for i := 0; same && i < len(cols); i++ {
		same = cols[i].ID == visible[i].col.ID
	}
	if same {
		return &relation{plan: rel.plan, fields: visible}
	}
	return &relation{plan: passing(rel.plan, visible), fields: visible}
}

// renameFields gives the fields of a relation new names.
func renameFields(rel *relation, names []string, pos int) error {
	if len(names) != len(rel.fields) {
		return sqlerr.New(sqlerr.AssignmentArityMismatch, "The number of columns or variables assigned or aliased: %d does not match the number of source expressions: %d.", len(names), len(rel.fields)).At(pos)
	}
	fields := make([]field, len(names))
	for i, f := range rel.fields {
		f.name = names[i]
		fields[i] = f
	}
	rel.fields = fields
	return nil
}
