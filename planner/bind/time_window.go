package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/ast"
)

// timeWindow rewrites GROUP BY window(time, duration, …): the rows of the
// input come with a column `window`, a row for each window they are in, which
// takes the place of equal calls in GROUP BY and the select list. It returns
// sel itself if there is no such call.
func (b *binder) timeWindow(sel *ast.Select) *ast.Select {
	if sel.GroupBy == nil || sel.From == nil {
		return sel
	}
	var call *ast.Func
	items := append([]ast.Grouping(nil), sel.GroupBy.Items...)
	for i := range items {
		f := windowCall(items[i].Expr)
		if f == nil || call != nil && ast.ColumnName(f, nil) != ast.ColumnName(call, nil) {
			continue
		}
		call = f
		items[i].Expr = windowColumn(f)
	}
	if call == nil {
		return sel
	}
	out, group := *sel, *sel.GroupBy
	group.Items = items
	out.GroupBy = &group
	out.From = &ast.LateralView{Span: call.Span, Input: sel.From, Func: call, Columns: []string{"window"}}
	out.Items = append([]ast.SelectItem(nil), sel.Items...)
	for i := range out.Items {
		out.Items[i].Expr = tree.Map(out.Items[i].Expr, func(e ast.Expr) ast.Expr {
			if f := windowCall(e); f != nil && ast.ColumnName(f, nil) == ast.ColumnName(call, nil) {
				return windowColumn(f)
			}
			return e
		})
	}
	return &out
}

func windowColumn(f *ast.Func) ast.Expr {
	return &ast.Column{Span: f.Span, Name: ast.N("window")}
}

// windowCall is e as a call of the function window, or nil.
func windowCall(e ast.Expr) *ast.Func {
	f, ok := e.(*ast.Func)
	if !ok || f.Over != nil || len(f.Name.Parts) != 1 || !strings.EqualFold(f.Name.Parts[0], "window") {
		return nil
	}
	return f
}
