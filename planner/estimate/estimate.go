// Package estimate guesses how many rows logical plans give, and how many
// distinct values their columns have, from catalog statistics and rules of
// thumb. The optimizer orders joins by it, lowering picks build sides.
//
// Guesses are never errors: without statistics there are defaults. Rows are at
// least a small positive number, so that products and quotients stay sane.
package estimate

import (
	"context"
	"math"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Defaults where nothing is known.
const (
	unknownRows   = 100_000 // of a table without statistics
	bytesPerRow   = 100     // of a file whose rows are not counted
	unknownWidth  = 16      // bytes a value
	selDefault    = 0.25    // of a condition nobody understands
	selRange      = 1.0 / 3 // of a comparison with something unknown
	selLike       = 0.1
	generatedRows = 5 // rows a generator makes of one
	recursionRows = 10
	recurrence    = 1000 // rows of a level of a recursion
)

// Column describes the values of a column in a relation.
type Column struct {
	// Distinct is the number of different values, at least 1.
	Distinct float64
	// Min and Max bound the values as numbers, if Bounded.
	Min, Max float64
	Bounded  bool
	// Measure marks amounts and the like, whose values crowd in a part of their range.
	Measure bool
	// Table numbers the table use the column is of (0: none), which has TableRows
	// rows: no more combinations of its columns exist.
	Table     int
	TableRows float64
	// Nulls is the fraction of NULLs.
	Nulls float64
	// Width is the mean bytes a value takes.
	Width float64
}

// Relation describes the output of a plan.
type Relation struct {
	Rows float64
	// Base is the number of rows before any filter, for tables and what is
	// derived from one table row by row; Rows for others. Columns keep the
	// distinct values they had then as Domain.
	Base   float64
	Cols   map[expr.ColID]Column
	Domain map[expr.ColID]float64
}

// Column returns what is known of a column, or a guess.
func (r *Relation) Column(id expr.ColID) Column {
	if c, ok := r.Cols[id]; ok {
		return c
	}
	return Column{Distinct: guess(r.Rows), Width: unknownWidth}
}

// DomainOf is the number of distinct values of a column before filtering.
func (r *Relation) DomainOf(id expr.ColID) float64 {
	if d, ok := r.Domain[id]; ok {
		return d
	}
	return r.Column(id).Distinct
}

// Width is the bytes a row of the columns in need takes.
func (r *Relation) Width(need expr.ColSet) float64 {
	w := 8.0
	for _, id := range need.IDs() {
		if c, ok := r.Cols[id]; ok {
			w += c.Width
		}
	}
	return w
}

// guess is the number of distinct values of a column nothing is known of.
func guess(rows float64) float64 { return math.Max(1, math.Min(rows, math.Max(rows/10, 200))) }

// Estimator estimates plans and remembers what it found. It belongs to one query.
type Estimator struct {
	ctx   context.Context
	seen  map[logical.Node]*Relation
	stats map[catalog.Table]*catalog.Stats
	scans int
	// defined are the With plans by key.
	defined map[int32]logical.Node
}

// New makes an estimator. ctx bounds the reading of statistics.
func New(ctx context.Context) *Estimator {
	return &Estimator{ctx: ctx, seen: map[logical.Node]*Relation{}, stats: map[catalog.Table]*catalog.Stats{}}
}

// Rows estimates the rows of n.
func (e *Estimator) Rows(n logical.Node) float64 { return e.Relation(n).Rows }

// Relation estimates n.
func (e *Estimator) Relation(n logical.Node) *Relation {
	if r, ok := e.seen[n]; ok {
		return r
	}
	r := e.relation(n)
	if !(r.Rows >= 0) || math.IsInf(r.Rows, 0) {
		r.Rows = unknownRows
	}
	e.seen[n] = r
	return r
}

func (e *Estimator) relation(n logical.Node) *Relation {
	switch n := n.(type) {
	case *logical.Scan:
		return e.scan(n)
	case *logical.Values:
		return plain(float64(len(n.Rows)), n.Cols)
	case *logical.Feed:
		return plain(unknownRows, n.Cols)
	case *logical.Range:
		rows := math.Max(0, math.Ceil(float64(n.End-n.Start)/float64(n.Step)))
		r := plain(rows, nil)
		r.Cols[n.Col.ID] = Column{Distinct: math.Max(rows, 1), Min: float64(n.Start), Max: float64(n.End), Bounded: n.Step > 0, Width: 8}
		return r
	case *logical.Filter:
		return e.Relation(n.Input).Filter(expr.Conjuncts(n.Pred))
	case *logical.Project:
		return e.project(n)
	case *logical.Aggregate:
		return e.aggregate(n)
	case *logical.Window:
		in := e.Relation(n.Input)
		r := in.clone()
		for _, c := range n.Calls {
			r.Cols[c.Col.ID] = Column{Distinct: guess(r.Rows), Width: width(c.Col.T)}
			if w := c.Expr.(*expr.WindowCall); ranking[w.Agg.Func] {
				r.Cols[c.Col.ID] = ranks(math.Max(1, in.Rows/in.Groups(w.Partition)))
			}
		}
		return r
	case *logical.TopK:
		return e.topk(n)
	case *logical.Join:
		return e.join(n)
	case *logical.Sort:
		return e.Relation(n.Input)
	case *logical.Limit:
		in := e.Relation(n.Input)
		if n.Count < 0 || float64(n.Count) >= in.Rows {
			return in
		}
		return in.scale(float64(n.Count) / math.Max(in.Rows, 1))
	case *logical.SetOp:
		return e.setOp(n)
	case *logical.Shared:
		return e.again(n.Plan, n.From, n.Cols)
	case *logical.Repartition:
		return e.Relation(n.Input)
	case *logical.With:
		return e.Relation(n.Input)
	case *logical.Use:
		if in := e.defined[n.Key]; in != nil {
			return e.again(in, in.Columns(), n.Cols)
		}
	case *logical.Recurrence:
		return plain(recurrence, n.Cols)
	case *logical.Recursive:
		in := e.Relation(n.Anchor)
		r := plain(in.Rows*recursionRows, n.Cols)
		r.Base = in.Base
		return r
	case *logical.Generate:
		r := e.Relation(n.Input).clone()
		r.Rows *= generatedRows
		r.Base = r.Rows
		for _, c := range n.Cols {
			r.Cols[c.ID] = Column{Distinct: guess(r.Rows), Width: width(c.T)}
		}
		return r
	case *logical.Barrier:
		return e.Relation(n.Input)
	case *logical.Sample:
		return e.Relation(n.Input).scale(n.Fraction)
	}
	return plain(unknownRows, n.Columns())
}

// ranking are the functions that count the rows of a partition up to a row, in one way or another.
var ranking = map[string]bool{"row_number": true, "rank": true, "dense_rank": true}

// ranks describes the numbers 1 … n.
func ranks(n float64) Column { return Column{Distinct: n, Min: 1, Max: n, Bounded: true, Width: 4} }

// topk keeps K rows a partition, or all where there are fewer. All partitions are kept.
func (e *Estimator) topk(n *logical.TopK) *Relation {
	in := e.Relation(n.Input)
	groups := in.Groups(n.Partition)
	rows := math.Min(in.Rows, groups*float64(n.K))
	r := in.scale(rows / math.Max(in.Rows, 1))
	for _, p := range n.Partition {
		if c, ok := p.(*expr.Column); ok {
			x := in.Column(c.ID)
			x.Distinct = math.Max(1, math.Min(x.Distinct, rows))
			r.Cols[c.ID] = x
		}
	}
	for _, c := range n.Calls {
		r.Cols[c.Col.ID] = ranks(math.Max(1, math.Min(float64(n.K), rows/groups)))
	}
	return r
}

// again is a plan read under other column identities.
func (e *Estimator) again(n logical.Node, from, cols []*expr.Column) *Relation {
	in := e.Relation(n)
	r := plain(in.Rows, nil)
	r.Base = in.Base
	for i, c := range cols {
		r.Cols[c.ID] = in.Column(from[i].ID)
		r.Domain[c.ID] = in.DomainOf(from[i].ID)
	}
	return r
}

// Define says what Use nodes of a key read.
func (e *Estimator) Define(key int32, n logical.Node) {
	if e.defined == nil {
		e.defined = map[int32]logical.Node{}
	}
	e.defined[key] = n
}

// plain is a relation of which only the number of rows is known.
func plain(rows float64, cols []*expr.Column) *Relation {
	r := &Relation{Rows: rows, Base: rows, Cols: map[expr.ColID]Column{}, Domain: map[expr.ColID]float64{}}
	for _, c := range cols {
		r.Cols[c.ID] = Column{Distinct: byType(c.T, guess(rows)), Width: width(c.T)}
	}
	return r
}

func byType(t types.Type, distinct float64) float64 {
	switch t.Kind {
	case types.Bool:
		return math.Min(distinct, 2)
	case types.Int8:
		return math.Min(distinct, 256)
	}
	return distinct
}

func width(t types.Type) float64 {
	if t.Kind == types.String || t.Kind == types.Binary {
		return 2 * unknownWidth
	}
	if t.Kind.IsNested() {
		return 4 * unknownWidth
	}
	return math.Max(1, float64(t.Storage().Width()))
}

func (r *Relation) clone() *Relation {
	c := &Relation{Rows: r.Rows, Base: r.Base, Cols: make(map[expr.ColID]Column, len(r.Cols)), Domain: make(map[expr.ColID]float64, len(r.Domain))}
	for id, x := range r.Cols {
		c.Cols[id] = x
	}
	for id, d := range r.Domain {
		c.Domain[id] = d
	}
	return c
}

// scale keeps a fraction of the rows. Columns lose distinct values as a random choice of rows would make them.
func (r *Relation) scale(f float64) *Relation {
	f = math.Max(0, math.Min(1, f))
	c := r.clone()
	for id, x := range c.Cols {
		if _, ok := c.Domain[id]; !ok {
			c.Domain[id] = x.Distinct
		}
		x.Distinct = keep(x.Distinct, r.Rows, f)
		c.Cols[id] = x
	}
	c.Rows = r.Rows * f
	return c
}

// keep is how many of d distinct values among rows are left when a fraction f of rows is chosen.
func keep(d, rows, f float64) float64 {
	if f >= 1 || d <= 1 {
		return math.Max(d, 1)
	}
	per := math.Max(rows/d, 1)
	left := d * (1 - math.Pow(1-f, per))
	return math.Max(1, math.Min(left, rows*f))
}

func (e *Estimator) project(n *logical.Project) *Relation {
	in := e.Relation(n.Input)
	r := &Relation{Rows: in.Rows, Base: in.Base, Cols: map[expr.ColID]Column{}, Domain: map[expr.ColID]float64{}}
	for _, x := range n.Exprs {
		r.Cols[x.Col.ID] = in.expr(x.Expr)
		if c, ok := x.Expr.(*expr.Column); ok {
			if d, ok := in.Domain[c.ID]; ok {
				r.Domain[x.Col.ID] = d
			}
		}
	}
	return r
}

// expr describes the values of an expression.
func (r *Relation) expr(e expr.Expr) Column {
	switch e := e.(type) {
	case *expr.Column:
		return r.Column(e.ID)
	case *expr.Literal:
		c := Column{Distinct: 1, Width: width(e.T)}
		if v, ok := number(e.Value, e.T); ok {
			c.Min, c.Max, c.Bounded = v, v, true
		}
		if e.Value == nil {
			c.Nulls = 1
		}
		return c
	case *expr.Cast:
		c := r.expr(e.Arg)
		c.Width = width(e.To)
		return c
	}
	d := 1.0
	for _, id := range expr.Used(e).IDs() {
		d *= r.Column(id).Distinct
	}
	if c, ok := e.(*expr.Call); ok && !arithmetic[c.Func] {
		d = math.Sqrt(d) // most functions say less than their arguments
	}
	return Column{Distinct: byType(e.Type(), math.Max(1, math.Min(d, math.Max(r.Rows, 1)))), Width: width(e.Type())}
}

// arithmetic are functions with about as many results as arguments.
var arithmetic = map[string]bool{"+": true, "-": true, "*": true, "/": true, "||": true, "concat": true, "negative": true}

func (e *Estimator) aggregate(n *logical.Aggregate) *Relation {
	in := e.Relation(n.Input)
	sets := n.Sets
	if sets == nil {
		all := make([]int, len(n.Keys))
		for i := range all {
			all[i] = i
		}
		sets = [][]int{all}
	}
	rows := 0.0
	for _, s := range sets {
		exprs := make([]expr.Expr, len(s))
		for i, k := range s {
			exprs[i] = n.Keys[k].Expr
		}
		rows += in.Groups(exprs)
	}
	r := &Relation{Rows: rows, Base: rows, Cols: map[expr.ColID]Column{}, Domain: map[expr.ColID]float64{}}
	for _, k := range n.Keys {
		c := in.expr(k.Expr)
		c.Distinct = math.Max(1, math.Min(c.Distinct, rows))
		r.Cols[k.Col.ID] = c
		// A key keeps its domain: groups are of the rows that are left, but
		// other tables may hold all of its values.
		if col, ok := k.Expr.(*expr.Column); ok {
			r.Domain[k.Col.ID] = in.DomainOf(col.ID)
			if len(n.Keys) == 1 {
				r.Base = in.DomainOf(col.ID)
			}
		}
	}
	for _, a := range n.Aggs {
		r.Cols[a.Col.ID] = Column{Distinct: guess(rows), Width: width(a.Col.T)}
	}
	if n.Mode == logical.Partial {
		for _, cols := range n.States {
			for _, c := range cols {
				r.Cols[c.ID] = Column{Distinct: guess(rows), Width: width(c.T)}
			}
		}
	}
	return r
}

// Groups estimates the number of different combinations of some expressions.
// Columns are seldom independent, so each further one counts less.
func (r *Relation) Groups(keys []expr.Expr) float64 {
	if len(keys) == 0 {
		return 1
	}
	var ds []float64
	byTable := map[int][]float64{}
	rows := map[int]float64{}
	for _, k := range keys {
		c := r.expr(k)
		if c.Table == 0 {
			ds = append(ds, c.Distinct)
			continue
		}
		byTable[c.Table] = append(byTable[c.Table], c.Distinct)
		rows[c.Table] = c.TableRows
	}
	for t, own := range byTable {
		ds = append(ds, math.Min(combine(own), math.Max(rows[t], 1)))
	}
	return math.Max(1, math.Min(combine(ds), r.Rows))
}

func (e *Estimator) setOp(n *logical.SetOp) *Relation {
	r := plain(0, nil)
	for i, in := range n.Inputs {
		x := e.Relation(in)
		cols := in.Columns()
		switch {
		case n.Kind == logical.Union || i == 0:
			r.Rows += x.Rows
		case n.Kind == logical.Intersect:
			r.Rows = math.Min(r.Rows, x.Rows)
		}
		if n.Kind != logical.Union && i > 0 {
			continue
		}
		for j, c := range n.Cols {
			a, b := r.Cols[c.ID], x.Column(cols[j].ID)
			if i == 0 {
				r.Cols[c.ID] = b
				continue
			}
			a.Bounded = a.Bounded && b.Bounded
			a.Min, a.Max = math.Min(a.Min, b.Min), math.Max(a.Max, b.Max)
			a.Distinct = math.Max(a.Distinct, b.Distinct)
			r.Cols[c.ID] = a
		}
	}
	r.Base = r.Rows
	return r
}

// Distinct estimates the different values an expression has over n.
func (e *Estimator) Distinct(n logical.Node, x expr.Expr) float64 {
	r := e.Relation(n)
	return math.Min(r.expr(x).Distinct, math.Max(r.Rows, 1))
}

// Groups estimates the different combinations of some expressions over n.
func (e *Estimator) Groups(n logical.Node, keys []expr.Expr) float64 {
	return e.Relation(n).Groups(keys)
}

// Bytes estimates the size of the columns of n that are in need.
func (e *Estimator) Bytes(n logical.Node, need expr.ColSet) float64 {
	r := e.Relation(n)
	return r.Rows * r.Width(need)
}

// Domain estimates the different values an expression had in its table before any filter.
func (e *Estimator) Domain(n logical.Node, x expr.Expr) float64 { return e.Relation(n).domain(x) }
