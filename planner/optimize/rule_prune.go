package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// PruneColumns leaves out columns that nothing above reads. A shared plan
// keeps what any of its uses reads.
var PruneColumns = OnPlan("PruneColumns", func(q *Query, root logical.Node) logical.Node {
	p := &pruner{need: map[int32]expr.ColSet{}, plans: map[int32]logical.Node{}}
	out := withColumns(p.prune(root, output(root)), root.Columns())
	done := map[int32]logical.Node{}
	for k := p.last; k > 0; k-- {
		if plan := p.plans[k]; plan != nil {
			done[k] = p.prune(plan, p.need[k])
		}
	}
	if len(done) == 0 {
		return out
	}
	// Uses stand in the main plan and in shared plans of larger keys.
	for k := int32(1); k <= p.last; k++ {
		if done[k] != nil {
			done[k] = replaceShared(done[k], p, done)
		}
	}
	return replaceShared(out, p, done)
})

type pruner struct {
	need  map[int32]expr.ColSet // by key: columns of the shared plan
	plans map[int32]logical.Node
	last  int32
}

func replaceShared(n logical.Node, p *pruner, done map[int32]logical.Node) logical.Node {
	if s, ok := n.(*logical.Shared); ok {
		out := &logical.Shared{Key: s.Key, Plan: done[s.Key]}
		for i, c := range s.From {
			if p.need[s.Key].Has(c.ID) {
				out.From = append(out.From, c)
				out.Cols = append(out.Cols, s.Cols[i])
			}
		}
		return out
	}
	return tree.MapChildren(n, func(c logical.Node) logical.Node { return replaceShared(c, p, done) })
}

// prune returns n with at least the columns of need that it has.
func (p *pruner) prune(n logical.Node, need expr.ColSet) logical.Node {
	switch x := n.(type) {
	case *logical.Scan:
		need = need.Union(expr.Used(x.Filters...))
		s := *x
		s.Cols, s.Source = nil, nil
		for i, c := range x.Cols {
			if need.Has(c.ID) {
				s.Cols, s.Source = append(s.Cols, c), append(s.Source, x.Source[i])
			}
		}
		if len(s.Cols) == len(x.Cols) {
			return n
		}
		return &s
	case *logical.Values:
		return pruneValues(x, need)
	case *logical.Project:
		var kept []logical.Named
		var used expr.ColSet
		for _, e := range x.Exprs {
			if need.Has(e.Col.ID) {
				kept = append(kept, e)
				used.UsedColumns(e.Expr)
			}
		}
		in := p.prune(x.Input, used)
		if in == x.Input && len(kept) == len(x.Exprs) {
			return n
		}
		return &logical.Project{Input: in, Exprs: kept}
	case *logical.Aggregate:
		return p.aggregate(x, need)
	case *logical.Window:
		return p.window(x, need)
	case *logical.TopK:
		return p.topk(x, need)
	case *logical.SetOp:
		return p.setOp(x, need)
	case *logical.Shared:
		set := p.need[x.Key].Clone()
		for i, c := range x.Cols {
			if need.Has(c.ID) {
				set.Add(x.From[i].ID)
			}
		}
		p.need[x.Key], p.plans[x.Key], p.last = set, x.Plan, max(p.last, x.Key)
		return n
	case *logical.Recursive: // its parts correspond by place
		r := *x
		r.Anchor, r.Step = p.whole(x.Anchor), p.whole(x.Step)
		return &r
	case *logical.Write:
		cols := x.Input.Columns()
		w := *x
		w.Input = withColumns(p.prune(x.Input, expr.ColumnIDs(cols)), cols)
		return &w
	}
	used := need.Clone()
	for _, e := range logical.Exprs(n) {
		used.UsedColumns(e)
	}
	return tree.MapChildren(n, func(c logical.Node) logical.Node { return p.prune(c, used) })
}

// whole prunes below n, whose own columns all are needed.
func (p *pruner) whole(n logical.Node) logical.Node {
	cols := n.Columns()
	return withColumns(p.prune(n, expr.ColumnIDs(cols)), cols)
}

func pruneValues(x *logical.Values, need expr.ColSet) logical.Node {
	var keep []int
	v := &logical.Values{}
	for i, c := range x.Cols {
		if need.Has(c.ID) {
			keep = append(keep, i)
			v.Cols = append(v.Cols, c)
		}
	}
	if len(keep) == len(x.Cols) {
		return x
	}
	for _, r := range x.Rows {
		row := make([]expr.Expr, len(keep))
		for j, i := range keep {
			row[j] = r[i]
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (p *pruner) aggregate(x *logical.Aggregate, need expr.ColSet) logical.Node {
	a := *x
	a.Aggs, a.States = nil, nil
	var used expr.ColSet
	for _, k := range x.Keys {
		used.UsedColumns(k.Expr)
	}
	for i, e := range x.Aggs {
		wanted := need.Has(e.Col.ID)
		if x.Mode == logical.Partial {
			wanted = expr.ColumnIDs(x.States[i]).Intersects(need)
		}
		if !wanted {
			continue
		}
		a.Aggs = append(a.Aggs, e)
		used.UsedColumns(e.Expr)
		if x.Mode != logical.Complete {
			a.States = append(a.States, x.States[i])
		}
		if x.Mode == logical.Final {
			used.AddAll(expr.ColumnIDs(x.States[i]))
		}
	}
	if x.GroupingID != nil && !need.Has(x.GroupingID.ID) {
		a.GroupingID = nil
	}
	a.Input = p.prune(x.Input, used)
	if a.Input == x.Input && len(a.Aggs) == len(x.Aggs) && a.GroupingID == x.GroupingID {
		return x
	}
	return &a
}

func (p *pruner) window(x *logical.Window, need expr.ColSet) logical.Node {
	used := need.Clone()
	w := &logical.Window{}
	for _, c := range x.Calls {
		if need.Has(c.Col.ID) {
			w.Calls = append(w.Calls, c)
			used.UsedColumns(c.Expr)
		}
	}
	w.Input = p.prune(x.Input, used)
	switch {
	case len(w.Calls) == 0:
		return w.Input
	case w.Input == x.Input && len(w.Calls) == len(x.Calls):
		return x
	}
	return w
}

func (p *pruner) topk(x *logical.TopK, need expr.ColSet) logical.Node {
	k := *x
	k.Calls = nil
	for _, c := range x.Calls {
		if need.Has(c.Col.ID) {
			k.Calls = append(k.Calls, c)
		}
	}
	used := need.Clone()
	for _, e := range logical.Exprs(&k) {
		used.UsedColumns(e)
	}
	k.Input = p.prune(x.Input, used)
	if k.Input == x.Input && len(k.Calls) == len(x.Calls) {
		return x
	}
	return &k
}

// setOp prunes a UNION ALL column by column; the others compare whole rows.
func (p *pruner) setOp(x *logical.SetOp, need expr.ColSet) logical.Node {
	var keep []int
	s := *x
	s.Cols = nil
	for i, c := range x.Cols {
		if need.Has(c.ID) || !x.All || x.Kind != logical.Union {
			keep = append(keep, i)
			s.Cols = append(s.Cols, c)
		}
	}
	s.Inputs = make([]logical.Node, len(x.Inputs))
	changed := len(keep) < len(x.Cols)
	for i, in := range x.Inputs {
		all := in.Columns()
		cols := make([]*expr.Column, len(keep))
		for j, k := range keep {
			cols[j] = all[k]
		}
		s.Inputs[i] = withColumns(p.prune(in, expr.ColumnIDs(cols)), cols)
		changed = changed || s.Inputs[i] != in
	}
	if !changed {
		return x
	}
	return &s
}
