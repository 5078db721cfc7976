package expr

import (
	"testing"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
)

func TestTree(t *testing.T) {
	a := &Column{ID: 1, Name: "a", T: types.Int64Type}
	b := &Column{ID: 2, Name: "b", T: types.Int64Type}
	e := Expr(&Case{
		Whens: []When{{Cond: &Compare{Op: Lt, Left: a, Right: b}, Then: a}},
		Else:  &Call{Func: "+", Args: []Expr{a, b}, T: types.Int64Type},
		T:     types.Int64Type,
	})
	if n := len(tree.Children(e)); n != 3 {
		t.Errorf("case has %d children, want 3", n)
	}
	count := 0
	tree.Walk(e, func(Expr) bool { count++; return true })
	if count != 8 {
		t.Errorf("walked %d nodes, want 8", count)
	}
	if got := tree.Map(e, func(x Expr) Expr { return x }); got != e {
		t.Error("a mapping that changes nothing must return the node itself")
	}
	swapped := tree.Map(e, func(x Expr) Expr {
		if x == Expr(a) {
			return b
		}
		return x
	})
	if tree.Equal(swapped, e) || e.(*Case).Whens[0].Then != Expr(a) {
		t.Error("mapping must copy, not write")
	}
	back := tree.Map(swapped, func(x Expr) Expr {
		if c, ok := x.(*Compare); ok {
			return &Compare{Op: c.Op, Left: &Column{ID: 1, Name: "a", T: types.Int64Type, Pos: 77}, Right: b}
		}
		return x
	})
	if tree.Equal(back, e) {
		t.Error("different trees compare equal")
	}
	again := &Case{Whens: []When{{Cond: &Compare{Op: Lt, Left: &Column{ID: 1, Name: "a", T: types.Int64Type, Pos: 9}, Right: b}, Then: a}}, Else: e.(*Case).Else, T: types.Int64Type}
	if tree.Hash(again) != tree.Hash(e) || tree.Hash(back) == tree.Hash(e) {
		t.Error("hashes must be as trees compare")
	}
	if !tree.Equal(&Column{ID: 1, Pos: 5}, &Column{ID: 1, Pos: 9}) {
		t.Error("positions must not count")
	}
}
