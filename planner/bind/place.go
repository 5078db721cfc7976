package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// at is what expressions made for the node at pos keep as their place: the
// number of a place with its extent and text if more is known than an offset.
func (b *binder) at(pos int) int32 {
	if pos < 0 {
		return int32(pos)
	}
	end := 0
	if b.cur != nil && b.cur.Pos() == pos {
		end = b.cur.End()
	}
	if end == 0 && b.text == nil {
		return int32(pos)
	}
	return b.place(sqlerr.Place{Text: b.text, From: pos, To: end})
}

// here is the place of the expression that is being bound, for what has none of its own.
func (b *binder) here() int32 {
	if b.cur == nil {
		return sqlerr.NoPos
	}
	return b.at(b.cur.Pos())
}

func (b *binder) place(p sqlerr.Place) int32 {
	if n := len(b.places); n == 0 || b.places[n-1] != p {
		b.places = append(b.places, p)
	}
	return int32(sqlerr.Number(len(b.places) - 1))
}

// reading makes t the text that positions are in, until the function it
// returns is called; t is nil for the statement.
func (b *binder) reading(t *sqlerr.Text) func() {
	text, cur := b.text, b.cur
	b.text, b.cur = t, nil
	return func() { b.text, b.cur = text, cur }
}

// placed gives the calls and casts of an expression that a function was
// rewritten to the place of the call. Its arguments, args, have places.
func (b *binder) placed(e expr.Expr, args []expr.Expr) expr.Expr {
	pos := b.here()
	if pos == sqlerr.NoPos {
		return e
	}
	var fill func(e expr.Expr) expr.Expr
	fill = func(e expr.Expr) expr.Expr {
		for _, a := range args {
			if e == a {
				return e
			}
		}
		switch x := e.(type) {
		case *expr.Call:
			if x.Pos == sqlerr.NoPos {
				c := *x
				c.Pos = pos
				e = &c
			}
		case *expr.Cast:
			if x.Pos == sqlerr.NoPos {
				c := *x
				c.Pos = pos
				e = &c
			}
		case *expr.Case, *expr.Compare, *expr.And, *expr.Or, *expr.Not, *expr.IsNull:
		default:
			return e
		}
		return mapChildren(e, fill)
	}
	return fill(e)
}

// viewText is the text of a view for the places in it.
func viewText(v *View) *sqlerr.Text {
	return &sqlerr.Text{Object: "VIEW " + strings.Join(v.Name, "."), Source: v.SQL, Base: v.Base, Secret: v.Guarded}
}

// over places an error about a node.
func over(err error, n ast.Node) error { return sqlerr.Over(err, n.Pos(), n.End()) }
