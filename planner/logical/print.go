package logical

import (
	"fmt"
	"strings"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/outline"
)

// Format writes the plan as an indented tree, columns as name#id. Plans
// inside subquery expressions follow below the tree, numbered in order of
// their places.
func Format(n Node) string {
	var b strings.Builder
	b.WriteString(outline.Format(n, outline.Options[Node]{IDs: true, Field: scanField}))
	num := 0
	var subs func(n Node)
	subs = func(n Node) {
		for _, e := range Exprs(n) {
			tree.Walk(e, func(e expr.Expr) bool {
				if p := SubPlan(e); p != nil {
					num++
					fmt.Fprintf(&b, "subquery %d:\n", num)
					for _, line := range strings.SplitAfter(strings.TrimSuffix(Format(p), "\n"), "\n") {
						b.WriteString("  " + line)
					}
					b.WriteString("\n")
				}
				return true
			})
		}
		for _, c := range tree.Children(n) {
			subs(c)
		}
	}
	subs(n)
	return b.String()
}

// SubPlan is the plan of a subquery expression, nil for other expressions.
func SubPlan(e expr.Expr) Node {
	var p expr.Plan
	switch e := e.(type) {
	case *expr.ScalarSubquery:
		p = e.Plan
	case *expr.Exists:
		p = e.Plan
	case *expr.InSubquery:
		p = e.Plan
	}
	n, _ := p.(Node)
	return n
}

func scanField(n Node, name string, v any) (string, bool) {
	switch v := v.(type) {
	case JoinKind:
		return v.String(), true
	case SetOpKind:
		return v.String(), true
	case AggMode:
		if v == Complete {
			return "", true
		}
		return v.String(), true
	}
	switch n := n.(type) {
	case *Scan:
		return "", name == "Source" || name == "Table"
	case *Join:
		return "", name == "HintLeft"
	case *TopK:
		switch name {
		case "Func":
			return fmt.Sprintf("keep=%s <= %d", v, n.K), true
		case "K":
			return "", true
		}
	case *Recursive:
		if limit, ok := v.(int64); ok && limit < 0 {
			return "", true
		}
	case *Limit:
		if count, ok := v.(int64); ok && name == "Count" && count < 0 {
			return "", true
		}
	}
	return "", false
}

func (k SetOpKind) String() string { return [...]string{"Union", "Intersect", "Except"}[k] }
