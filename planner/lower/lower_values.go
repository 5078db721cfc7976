package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// Rows from which on a generated or literal table is made by several tasks.
const (
	spreadRange  = 1 << 16
	spreadValues = 1 << 12
)

// ranges is a generated table.
func (l *lowerer) ranges(n *logical.Range) *plan {
	node := &physical.Range{Info: l.info(), Name: n.Col.Name, Start: n.Start, End: n.End, Step: n.Step}
	p := &plan{node: node, cols: []*expr.Column{n.Col}}
	if l.opts.Partitions > 1 && l.est.Rows(n) >= spreadRange {
		node.Spread, p.dist.kind = true, spread
	}
	return p
}

// values is a literal table. Rows with expressions that could not be folded
// become projections of a single row without columns.
func (l *lowerer) values(n *logical.Values) (*plan, error) {
	names := make([]string, len(n.Cols))
	for i, c := range n.Cols {
		names[i] = c.Name
	}
	var inputs []physical.Node
	var literal [][]expr.Expr
	flush := func() {
		if len(literal) > 0 {
			inputs = append(inputs, &physical.Values{Info: l.info(), Cols: schema(n.Cols), Rows: literal})
			literal = nil
		}
	}
	for _, row := range n.Rows {
		if allLiterals(row) {
			literal = append(literal, row)
			continue
		}
		flush()
		one := &physical.Values{Info: l.info(), Rows: [][]expr.Expr{{}}}
		inputs = append(inputs, &physical.Project{Info: l.info(), Input: one, Exprs: row, Names: names})
	}
	flush()
	p := &plan{cols: n.Cols}
	switch len(inputs) {
	case 0:
		p.node = &physical.Values{Info: l.info(), Cols: schema(n.Cols)}
	case 1:
		p.node = inputs[0]
		if v, ok := p.node.(*physical.Values); ok && l.opts.Partitions > 1 && len(v.Rows) >= spreadValues {
			v.Spread, p.dist.kind = true, spread
		}
	default:
		p.node = &physical.Union{Info: l.info(), Inputs: inputs, Names: names}
	}
	p.node.Meta().Est = float64(len(n.Rows))
	return p, nil
}

func allLiterals(row []expr.Expr) bool {
	for _, e := range row {
		if _, ok := e.(*expr.Literal); !ok {
			return false
		}
	}
	return true
}
