package lower

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/estimate"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// distinct is an aggregation with DISTINCT calls whose rows are in several
// tasks. Rows are made distinct in the keys and the arguments first, in every
// task before they move, then the calls are ordinary aggregates of what is left:
//
//	keys, arguments ─Partial─► exchange ─Final─► keys, arguments, each once ─► by keys
//
// Where calls have several sets of arguments, or there are calls without
// DISTINCT, a row goes through the first step once a set, with the other sets' arguments
// NULL and a number saying which set it is for. The multiplied rows do not leave
// the task, and not even its pipeline, before they are grouped. Calls without
// DISTINCT are set 0: their results are ready after the first Final, in the one
// group a key has of set 0.
type distinct struct {
	l     *lowerer
	in    *plan
	keys  []logical.Named
	aggs  []logical.Named
	sets  []*distinctSet
	of    []int // by agg: its set, -1 for those without DISTINCT
	plain []logical.Named
	next  expr.ColID
	few   bool // groups by the keys alone: fewer than keep the tasks busy
}

// distinctSet is what some calls with equal arguments and filter have in common.
type distinctSet struct {
	call   *expr.Agg // the first of them
	cols   []*expr.Column
	values []expr.Expr // of cols, over the input
	mark   *expr.Column
}

// distinct returns nil if the calls are not all of kinds that this can do.
func (l *lowerer) distinct(in *plan, keys, aggs []logical.Named) *distinct {
	if l.opts.Functions == nil {
		return nil
	}
	d := &distinct{l: l, in: in, keys: keys, aggs: aggs, next: hiddenColumn - 30_000}
	for _, a := range aggs {
		g := a.Expr.(*expr.Agg)
		if len(g.Order) > 0 {
			return nil
		}
		if !g.Distinct {
			if len(keys) == 0 && !g.Null && zero(g) == nil {
				return nil // its result for no rows at all is not known here
			}
			d.of = append(d.of, -1)
			d.plain = append(d.plain, logical.Named{Col: d.column(a.Col.Name, g.T), Expr: g})
			continue
		}
		d.of = append(d.of, d.set(g))
	}
	if len(keys) == 0 && !d.numbered() && len(d.sets[0].cols) == 0 {
		return nil
	}
	return d
}

// zero is the result for no rows of an aggregate that then is not NULL; nil if it is not known.
func zero(g *expr.Agg) expr.Expr {
	switch g.Func {
	case "count", "count_if", "regr_count":
		return &expr.Literal{Value: int64(0), T: g.T}
	}
	return nil
}

func (d *distinct) column(name string, t types.Type) *expr.Column {
	d.next--
	return &expr.Column{ID: d.next, Name: name, T: t, Null: true}
}

// set returns the number of the set of a call, a new one if there is none yet.
func (d *distinct) set(g *expr.Agg) int {
	for i, s := range d.sets {
		if tree.Equal(s.call.Args, g.Args) && tree.Equal(s.call.Filter, g.Filter) {
			return i
		}
	}
	s := &distinctSet{call: g}
	if g.Filter != nil {
		s.mark = d.column("filter", types.BoolType)
	}
	for _, a := range g.Args {
		if _, ok := a.(*expr.Literal); ok {
			continue // some functions want to see it
		}
		s.cols = append(s.cols, d.column("arg", a.Type()))
		if g.Filter != nil { // rows left out by the filter must not fail
			a = &expr.Case{Whens: []expr.When{{Cond: g.Filter, Then: a}}, T: a.Type()}
		}
		s.values = append(s.values, a)
	}
	d.sets = append(d.sets, s)
	return len(d.sets) - 1
}

// numbered reports whether rows are there once a set.
func (d *distinct) numbered() bool { return len(d.sets) > 1 || len(d.plain) > 0 }

// Bounds of when rows are made distinct before they move.
const (
	busyGroups     = 8   // a task: with fewer groups by the keys alone tasks would idle
	distinctShrink = 0.5 // the share of rows that may be left
)

// worth reports whether to do it: if groups are too few to be shared out as
// they are, or if it leaves few enough rows.
func (d *distinct) worth(rel *estimate.Relation, keys []expr.Expr) bool {
	d.few = len(d.keys) == 0 || rel == nil || rel.Groups(keys) < busyGroups*float64(d.l.opts.Partitions)
	if d.few {
		return true
	}
	left := 0.0
	for _, s := range d.sets {
		left += rel.Groups(append(append([]expr.Expr(nil), keys...), s.call.Args...))
	}
	return left < distinctShrink*rel.Rows
}

// lower makes the plan.
func (d *distinct) lower() (*plan, error) {
	rows, keys, number, err := d.rows()
	if err != nil {
		return nil, err
	}
	first, err := d.l.partial(rows, keys, d.plain)
	if err != nil {
		return nil, err
	}
	if d.few {
		first.exchange(len(keys))
	} else {
		first.exchange(len(d.keys))
	}
	p := first.final()
	p.node.Meta().Est = -1
	calls := d.calls(number)
	byKeys := make([]logical.Named, len(d.keys))
	for i, k := range d.keys {
		byKeys[i] = logical.Named{Col: k.Col, Expr: keys[i].Col}
	}
	if d.few {
		p, err = d.l.twoSteps(p, byKeys, calls, nil)
	} else if p, err = d.l.complete(p, byKeys, calls); err == nil {
		p.dist = hashedBy(columnIDs(columnsOf(byKeys)))
	}
	if err != nil {
		return nil, err
	}
	return d.defaults(p)
}

// columnsOf are the columns that results have.
func columnsOf(ns []logical.Named) []expr.Expr {
	out := make([]expr.Expr, len(ns))
	for i, n := range ns {
		out[i] = n.Col
	}
	return out
}

// rows is the input of the first step, with the keys to group it by: those of
// the query, the number of the set if there is one, and the sets' columns.
func (d *distinct) rows() (p *plan, keys []logical.Named, number *expr.Column, err error) {
	p = &plan{dist: distribution{kind: spread}}
	group := func(c *expr.Column) {
		p.cols = append(p.cols, c)
		keys = append(keys, logical.Named{Col: c, Expr: c})
	}
	var keyValues []expr.Expr
	for _, k := range d.keys {
		group(d.column(k.Col.Name, k.Col.T))
		keyValues = append(keyValues, k.Expr)
	}
	if d.numbered() {
		number = d.column("set", types.Int32Type)
		group(number)
	}
	for _, s := range d.sets {
		for _, c := range s.cols {
			group(c)
		}
		if s.mark != nil {
			group(s.mark)
		}
	}
	var carried expr.ColSet
	for _, a := range d.plain {
		carried.UsedColumns(a.Expr)
	}
	grouped := len(p.cols)
	for _, c := range d.in.cols {
		if carried.Has(c.ID) {
			own := *c
			own.Null = true
			p.cols = append(p.cols, &own)
		}
	}
	if number == nil {
		p.node, err = d.project(keyValues, p.cols)
		return p, keys, nil, err
	}
	node := &physical.Expand{Info: d.l.info(), Input: d.in.node, Cols: schema(p.cols)}
	p.node = node
	for s := 0; s <= len(d.sets); s++ {
		if s == 0 && len(d.plain) == 0 {
			continue
		}
		row, err := d.projection(s, keyValues, p.cols, grouped)
		if err != nil {
			return nil, nil, nil, err
		}
		node.Projections = append(node.Projections, row)
	}
	return p, keys, number, nil
}

// project is the input of the first step for a single set.
func (d *distinct) project(keyValues []expr.Expr, cols []*expr.Column) (physical.Node, error) {
	node := &physical.Project{Info: d.l.info(), Input: d.in.node}
	values := append(append([]expr.Expr(nil), keyValues...), d.sets[0].values...)
	if d.sets[0].mark != nil {
		values = append(values, d.sets[0].call.Filter)
	}
	for i, v := range values {
		e, err := d.in.refs(v)
		if err != nil {
			return nil, err
		}
		node.Exprs = append(node.Exprs, e)
		node.Names = append(node.Names, cols[i].Name)
	}
	return node, nil
}

// projection is the row of a set: 1 … for the sets, 0 for the calls without DISTINCT.
func (d *distinct) projection(set int, keyValues []expr.Expr, cols []*expr.Column, grouped int) ([]expr.Expr, error) {
	values := append([]expr.Expr(nil), keyValues...)
	values = append(values, &expr.Literal{Value: int64(set), T: types.Int32Type})
	for i, s := range d.sets {
		for k, c := range s.cols {
			if i+1 == set {
				values = append(values, s.values[k])
			} else {
				values = append(values, expr.NullOf(c.T))
			}
		}
		if s.mark == nil {
			continue
		}
		if i+1 == set {
			values = append(values, s.call.Filter)
		} else {
			values = append(values, expr.NullOf(types.BoolType))
		}
	}
	for _, c := range cols[grouped:] {
		if set == 0 {
			values = append(values, c)
		} else {
			values = append(values, expr.NullOf(c.T))
		}
	}
	out := make([]expr.Expr, len(values))
	for i, v := range values {
		e, err := d.in.refs(v)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// calls are the aggregates of the second step.
func (d *distinct) calls(number *expr.Column) []logical.Named {
	out := make([]logical.Named, len(d.aggs))
	plain := 0
	for i, a := range d.aggs {
		g := a.Expr.(*expr.Agg)
		var filter []expr.Expr
		if number != nil {
			filter = append(filter, &expr.Compare{Op: expr.Eq, Left: number, Right: &expr.Literal{Value: int64(d.of[i] + 1), T: types.Int32Type}})
		}
		if d.of[i] < 0 {
			c := d.plain[plain].Col
			plain++
			out[i] = logical.Named{Col: a.Col, Expr: &expr.Agg{Func: "first", Args: []expr.Expr{c}, Filter: expr.Conj(filter...), T: g.T, Null: true, Pos: g.Pos}}
			continue
		}
		s := d.sets[d.of[i]]
		if s.mark != nil {
			filter = append(filter, s.mark)
		}
		call := *g
		call.Distinct, call.Args, call.Filter = false, nil, expr.Conj(filter...)
		col := 0
		for _, x := range g.Args {
			if _, ok := x.(*expr.Literal); !ok {
				x = s.cols[col]
				col++
			}
			call.Args = append(call.Args, x)
		}
		out[i] = logical.Named{Col: a.Col, Expr: &call}
	}
	return out
}

// defaults puts 0 for the results of calls without DISTINCT that saw no row and then are not NULL.
func (d *distinct) defaults(p *plan) (*plan, error) {
	var zeros []int
	for i, a := range d.aggs {
		if g := a.Expr.(*expr.Agg); d.of[i] < 0 && !g.Null && len(d.keys) == 0 {
			zeros = append(zeros, i)
		}
	}
	if len(zeros) == 0 {
		return p, nil
	}
	node := &physical.Project{Info: d.l.info(), Input: p.node}
	out := &plan{node: node, dist: p.dist}
	for i, c := range p.cols {
		node.Exprs = append(node.Exprs, p.ref(i))
		node.Names = append(node.Names, c.Name)
		out.cols = append(out.cols, c)
	}
	for _, i := range zeros {
		g, at := d.aggs[i].Expr.(*expr.Agg), len(d.keys)+i
		ref := p.ref(at)
		node.Exprs[at] = &expr.Case{Whens: []expr.When{{Cond: &expr.IsNull{Arg: ref}, Then: zero(g)}}, Else: ref, T: g.T}
	}
	return out, nil
}
