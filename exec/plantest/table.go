package plantest

import (
	"fmt"

	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// nodeID numbers the nodes made here; plans of tests need no more than that ids differ.
var nodeID int32

// Info is a fresh node identity.
func Info() physical.Meta {
	nodeID++
	return physical.Meta{ID: nodeID, Est: -1}
}

// Table is a literal table with nullable columns c0, c1 … of the given types.
func Table(ts []types.Type, rows ...[]types.Datum) *physical.Values {
	v := &physical.Values{Info: Info()}
	for i, t := range ts {
		v.Cols = append(v.Cols, types.Field{Name: fmt.Sprint("c", i), Type: t, Nullable: true})
	}
	for _, r := range rows {
		row := make([]expr.Expr, len(ts))
		for i, d := range r {
			row[i] = &expr.Literal{Value: d, T: ts[i]}
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// Ref refers to column i of a node's output.
func Ref(n physical.Node, i int) *expr.Ref {
	f := n.Schema()[i]
	return &expr.Ref{Index: i, Name: f.Name, T: f.Type, Null: f.Nullable}
}

// Range is the integers 0 … n-1 in one column.
func Range(n int64) *physical.Range {
	return &physical.Range{Info: Info(), Name: "id", End: n, Step: 1}
}

// Int is an integer literal.
func Int(x int64) expr.Expr { return &expr.Literal{Value: x, T: types.Int64Type} }

// Compare compares two expressions.
func Compare(op expr.CompareOp, l, r expr.Expr) expr.Expr {
	return &expr.Compare{Op: op, Left: l, Right: r}
}
