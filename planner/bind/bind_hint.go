package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/logical"
)

// joinHint is what /*+ … */ says of a join: the strategy, and the side it was said of.
type joinHint struct {
	strategy string
	left     bool
}

// strategies are the join hints by their names, stronger ones with larger ranks.
var strategies = map[string]struct {
	name string
	rank int
}{
	"BROADCAST": {logical.HintBroadcast, 4}, "BROADCASTJOIN": {logical.HintBroadcast, 4}, "MAPJOIN": {logical.HintBroadcast, 4},
	"MERGE": {logical.HintMerge, 3}, "SHUFFLE_MERGE": {logical.HintMerge, 3}, "MERGEJOIN": {logical.HintMerge, 3},
	"SHUFFLE_HASH": {logical.HintHash, 2}, "SHUFFLE_REPLICATE_NL": {logical.HintLoop, 1},
}

// hintJoins notes the join hints of a block for the joins of its FROM. A hint
// is for the join that a relation of its name is an operand of; names that
// are none of the block's relations are ignored, as unknown hints are.
func (b *binder) hintJoins(sel *ast.Select) {
	wanted := map[string]string{}
	for _, h := range sel.Hints {
		s, ok := strategies[strings.ToUpper(h.Name)]
		if !ok {
			continue
		}
		for _, a := range h.Args {
			if c, ok := a.(*ast.Column); ok && len(c.Name.Parts) > 0 {
				k := strings.ToLower(c.Name.Last())
				if strategies[wanted[k]].rank < s.rank {
					wanted[k] = s.name
				}
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	ast.Inspect(sel.From, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Query, ast.Expr: // a block of its own
			return false
		case *ast.Join:
			l, r := wanted[operandName(n.L)], wanted[operandName(n.R)]
			if strategies[r].rank >= strategies[l].rank && r != "" {
				b.hints[n] = joinHint{strategy: r}
			} else if l != "" {
				b.hints[n] = joinHint{strategy: l, left: true}
			}
		}
		return true
	})
}

// operandName is the name of a relation in lower case, empty for joins.
func operandName(r ast.Relation) string {
	name := func(a *ast.Alias, own string) string {
		if a != nil && a.Name != "" {
			own = a.Name
		}
		return strings.ToLower(own)
	}
	switch r := r.(type) {
	case *ast.TableRef:
		return name(r.Alias, r.Name.Last())
	case *ast.FileRef:
		return name(r.Alias, "")
	case *ast.SubqueryRef:
		return name(r.Alias, "")
	case *ast.FuncRef:
		return name(r.Alias, "")
	case *ast.Parens:
		if r.Alias == nil {
			return operandName(r.Input)
		}
		return name(r.Alias, "")
	case *ast.Sample:
		return operandName(r.Input)
	case *ast.LateralView:
		return operandName(r.Input)
	case *ast.Pivot:
		return name(r.Alias, "")
	case *ast.Unpivot:
		return name(r.Alias, "")
	}
	return ""
}

// partitioned puts what the partitioning hints of a block ask for over its plan.
func (b *binder) partitioned(rel *relation, sel *ast.Select) (*relation, error) {
	for _, h := range sel.Hints {
		name := strings.ToUpper(h.Name)
		switch name {
		case "COALESCE", "REPARTITION", "REPARTITION_BY_RANGE", "REBALANCE":
		default:
			continue
		}
		n := &logical.Repartition{Input: rel.plan, Hint: name}
		args := h.Args
		if len(args) > 0 {
			if l, ok := args[0].(*ast.Literal); ok && l.Kind == ast.LitInt {
				count, err := b.count(args[0], "limit")
				if err != nil {
					return nil, err
				}
				if n.Count, args = count, args[1:]; count < 1 {
					return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s Hint expects a partition number of at least 1, but got %d.", name, count).At(h.Pos())
				}
			}
		}
		if name == "COALESCE" && (n.Count == 0 || len(args) > 0) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "COALESCE Hint expects a partition number as a parameter.").At(h.Pos())
		}
		at := &site{sc: &scope{frame: &frame{}, fields: rel.fields}, clause: "hint"}
		for _, a := range args {
			if _, ok := a.(*ast.Column); !ok {
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s Hint parameter should include columns, but %s found.", name, ast.ColumnName(a, nil)).At(a.Pos())
			}
			x, err := b.expr(at, a)
			if err != nil {
				return nil, err
			}
			if !comparable(x.Type(), true) {
				return nil, sqlerr.New(sqlerr.GroupExprNotOrderable, "The hint %s cannot divide rows by a column of type %q.", name, x.Type().SQL()).At(a.Pos())
			}
			n.Keys = append(n.Keys, x)
		}
		rel = &relation{plan: n, fields: rel.fields}
	}
	return rel, nil
}
