package bind

import (
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// item is one column of a select list.
type item struct {
	name string
	// alias says that the name was given with AS.
	alias bool
	// qual is kept for items that are plain columns, so that ORDER BY t.a finds a.
	qual []string
	// extracted items took their name from a field of a struct; a column of
	// that name goes first.
	extracted bool
	// expr is over columns of the input, with aggregate and window calls
	// inside, and may refer to other items by their ref.
	expr expr.Expr
	pos  int
	// ref is the column that stands for this item in expressions until the
	// block is assembled; col is the output column then.
	ref expr.ColID
	col *expr.Column
}

func (it *item) reference(pos int) *expr.Column {
	return &expr.Column{ID: it.ref, Name: it.name, T: it.expr.Type(), Null: it.expr.Nullable(), Pos: int32(pos)}
}

// block is the select list of a query block while the block is bound.
type block struct {
	sel   *ast.Select
	items []*item
	refs  map[expr.ColID]*item
	// complete is set once all items are bound: before, only aliases to the left can be named.
	complete bool
	keys     expr.ColSet // input columns that grouping expressions use
}

func (bl *block) add(it *item) {
	bl.items = append(bl.items, it)
	bl.refs[it.ref] = it
}

// groups reports whether a column of the input is part of GROUP BY.
func (bl *block) groups(id expr.ColID) bool { return bl.keys.Has(id) }

// alias finds an item by its name: while the list is being bound an item with
// AS to the left of the current one, later any. n is 0 if there is none.
func (bl *block) alias(b *binder, parts []string, pos int) (expr.Expr, int, error) {
	if bl == nil || !bl.complete && !settings.LateralColumnAlias.Get(b.set) {
		return nil, 0, nil
	}
	var found *item
	for _, it := range bl.items {
		if !it.alias && !bl.complete || !b.same(it.name, parts[0]) {
			continue
		}
		if found != nil && !tree.Equal(found.expr, it.expr) {
			if !bl.complete {
				return nil, 0, sqlerr.New(sqlerr.AmbiguousLateralAlias, "Lateral column alias `%s` is ambiguous.", parts[0]).At(pos)
			}
			if it.extracted {
				continue
			}
			if !found.extracted {
				return nil, 0, sqlerr.New(sqlerr.AmbiguousReference, "Reference %s is ambiguous: several columns of the select list have that name.", quotePath(parts)).At(pos)
			}
		}
		if found == nil || found.extracted {
			found = it
		}
	}
	if found == nil {
		return nil, 0, nil
	}
	return found.reference(pos), 1, nil
}

// output finds the item parts begin with as ORDER BY sees it.
func (bl *block) output(b *binder, parts []string, pos int) (expr.Expr, int, error) {
	for k := min(3, len(parts)-1); k >= 0; k-- {
		var found []*item
		for _, it := range bl.items {
			if !b.same(it.name, parts[k]) || !b.qualified(it.qual, parts[:k]) {
				continue
			}
			known := false
			for _, f := range found {
				known = known || tree.Equal(f.expr, it.expr)
			}
			if !known {
				found = append(found, it)
			}
		}
		if len(found) > 1 {
			var own []*item
			for _, it := range found {
				if !it.extracted {
					own = append(own, it)
				}
			}
			found = own
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0].reference(pos), k + 1, nil
		default:
			return nil, 0, sqlerr.New(sqlerr.AmbiguousReference, "Reference %s is ambiguous: several columns of the select list have that name.", quotePath(parts)).At(pos)
		}
	}
	return nil, 0, nil
}

// inline replaces references to items by their expressions.
func (bl *block) inline(e expr.Expr) expr.Expr {
	return replace(e, func(x expr.Expr) (expr.Expr, bool) {
		if c, ok := x.(*expr.Column); ok {
			if it := bl.refs[c.ID]; it != nil {
				return bl.inline(it.expr), true
			}
		}
		return nil, false
	})
}
