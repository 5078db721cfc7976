package ast_test

import (
	"testing"

	"github.com/volley-sql/volley/planner/ast"
)

func TestInspectFindsEveryNode(t *testing.T) {
	inner := &ast.Query{Body: &ast.Select{Items: []ast.SelectItem{{Expr: ast.Col("deep")}}}}
	q := &ast.Query{
		With: []ast.CTE{{Name: "c", Query: &ast.Query{Body: &ast.Values{Rows: [][]ast.Expr{{ast.Col("cte")}}}}}},
		Body: &ast.Select{
			Items: []ast.SelectItem{{Expr: &ast.Case{Whens: []ast.When{{Cond: ast.Col("when"), Then: ast.Col("then")}}}}},
			From: &ast.Join{
				L: &ast.TableRef{Name: ast.N("t")}, R: &ast.SubqueryRef{Query: inner}, On: ast.Bin(ast.OpEq, ast.Col("l"), ast.Col("r")),
			},
			GroupBy: &ast.GroupBy{Items: []ast.Grouping{{Kind: ast.GroupRollup, Items: []ast.Grouping{{Expr: ast.Col("roll")}}}}},
		},
		OrderBy: []ast.SortItem{{X: ast.Col("order")}},
	}
	seen := map[string]bool{}
	ast.Walk(q, func(n ast.Node) {
		if c, ok := n.(*ast.Column); ok {
			seen[c.Name.Last()] = true
		}
	})
	for _, want := range []string{"deep", "cte", "when", "then", "l", "r", "roll", "order"} {
		if !seen[want] {
			t.Errorf("column %s was not visited", want)
		}
	}
	n := 0
	ast.Inspect(q, func(x ast.Node) bool {
		if _, ok := x.(*ast.Column); ok {
			n++
		}
		_, sub := x.(*ast.SubqueryRef)
		return !sub
	})
	if n != len(seen)-1 {
		t.Errorf("with the subquery cut off %d columns were visited, want %d", n, len(seen)-1)
	}
}

func TestSpanOfBuiltNodes(t *testing.T) {
	if p := ast.Col("a").Pos(); p != -1 {
		t.Errorf("a node without text is at %d, want -1", p)
	}
	if s := ast.At(0, 3); s.Pos() != 0 || s.End() != 3 {
		t.Errorf("At(0, 3) is [%d, %d)", s.Pos(), s.End())
	}
}
