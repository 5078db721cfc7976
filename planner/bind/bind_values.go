package bind

import (
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// values binds VALUES (…), (…): columns col1, col2 … of the common types of
// their rows.
func (b *binder) values(v *ast.Values, fr *frame, ctes *cteScope) (*relation, error) {
	if b.env.Batch != nil {
		return b.batchValues(v, &site{sc: &scope{frame: &frame{}, ctes: ctes}, clause: "VALUES"})
	}
	n := &logical.Values{Rows: make([][]expr.Expr, len(v.Rows))}
	width := len(v.Rows[0])
	ts := make([]types.Type, width)
	null := make([]bool, width)
	at := &site{sc: &scope{frame: &frame{}, ctes: ctes}, clause: "VALUES"}
	for i, row := range v.Rows {
		if len(row) != width {
			return nil, sqlerr.New(sqlerr.InlineTableColumns, "Invalid inline table: expected %d columns but found %d columns in row %d.", width, len(row), i).At(row[0].Pos())
		}
		n.Rows[i] = make([]expr.Expr, width)
		for j, e := range row {
			x, err := b.expr(at, e)
			if err != nil {
				if c := sqlerr.As(err); c != nil && (c.Cond == sqlerr.UnresolvedColumnPlain || c.Cond == sqlerr.UnresolvedColumn) {
					return nil, b.inlineError(e)
				}
				return nil, err
			}
			if has(x, func(x expr.Expr) bool { c, ok := x.(*expr.Call); return ok && b.volatile(c) }) {
				return nil, b.inlineError(e)
			}
			t, ok := coerce.Common(ts[j], x.Type(), b.ansi)
			if !ok {
				return nil, sqlerr.New(sqlerr.InlineTableTypes, "Invalid inline table: found incompatible types in the column `col%d`: %q and %q.", j+1, ts[j].SQL(), x.Type().SQL()).At(e.Pos())
			}
			ts[j], null[j] = t, null[j] || x.Nullable()
			n.Rows[i][j] = x
		}
	}
	for j, t := range ts {
		for _, row := range n.Rows {
			row[j] = b.implicit(row[j], t)
		}
		n.Cols = append(n.Cols, b.newColumn("col"+itoa(j+1), t, null[j]))
	}
	return &relation{plan: n, fields: columnsOf(n)}, nil
}

func (b *binder) inlineError(e ast.Expr) error {
	return sqlerr.New(sqlerr.InlineTableExpression, "Invalid inline table: cannot evaluate the expression %s in inline table definition.", ast.ColumnName(e, nil)).At(e.Pos())
}
