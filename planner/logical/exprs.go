package logical

import "github.com/volley-sql/volley/planner/expr"

// Exprs lists the expressions n evaluates, in field order. Unlike
// tree.In[expr.Expr] it leaves out the columns n defines.
func Exprs(n Node) []expr.Expr {
	var out []expr.Expr
	add := func(e expr.Expr) expr.Expr {
		out = append(out, e)
		return e
	}
	MapExprs(n, add)
	return out
}

// MapExprs returns n with every expression it evaluates replaced by f of it,
// n itself if f changed none. f must keep the kind of expression where the
// node demands one: Agg in Aggregate, WindowCall in Window, Call in Generate.
func MapExprs(n Node, f func(expr.Expr) expr.Expr) Node {
	switch n := n.(type) {
	case *Scan:
		if es, changed := mapExprs(n.Filters, f); changed {
			c := *n
			c.Filters = es
			return &c
		}
	case *Values:
		var rows [][]expr.Expr
		for i, r := range n.Rows {
			if es, changed := mapExprs(r, f); changed {
				if rows == nil {
					rows = append(rows, n.Rows...)
				}
				rows[i] = es
			}
		}
		if rows != nil {
			return &Values{Cols: n.Cols, Rows: rows}
		}
	case *Project:
		if ns, changed := mapNamed(n.Exprs, f); changed {
			return &Project{Input: n.Input, Exprs: ns}
		}
	case *Filter:
		if e := f(n.Pred); e != n.Pred {
			return &Filter{Input: n.Input, Pred: e}
		}
	case *Aggregate:
		keys, ck := mapNamed(n.Keys, f)
		aggs, ca := mapNamed(n.Aggs, f)
		states, cs := n.States, false
		if n.Mode == Final {
			states, cs = mapStates(n.States, f)
		}
		if ck || ca || cs {
			c := *n
			c.Keys, c.Aggs, c.States = keys, aggs, states
			return &c
		}
	case *Window:
		if ns, changed := mapNamed(n.Calls, f); changed {
			return &Window{Input: n.Input, Calls: ns}
		}
	case *TopK:
		parts, cp := mapExprs(n.Partition, f)
		keys, ck := MapKeys(n.Order, f)
		calls, cc := mapNamed(n.Calls, f)
		if cp || ck || cc {
			c := *n
			c.Partition, c.Order, c.Calls = parts, keys, calls
			return &c
		}
	case *Join:
		if n.Cond != nil {
			if e := f(n.Cond); e != n.Cond {
				c := *n
				c.Cond = e
				return &c
			}
		}
	case *Apply:
		if n.Cond != nil {
			if e := f(n.Cond); e != n.Cond {
				c := *n
				c.Cond = e
				return &c
			}
		}
	case *Sort:
		if ks, changed := MapKeys(n.Keys, f); changed {
			return &Sort{Input: n.Input, Keys: ks}
		}
	case *Repartition:
		if es, changed := mapExprs(n.Keys, f); changed {
			c := *n
			c.Keys = es
			return &c
		}
	case *Generate:
		if e := f(n.Call); e != expr.Expr(n.Call) {
			c := *n
			c.Call = e.(*expr.Call)
			return &c
		}
	}
	return n
}

// MapKeys maps the expressions of sort keys and reports whether one changed.
func MapKeys(ks []expr.SortKey, f func(expr.Expr) expr.Expr) ([]expr.SortKey, bool) {
	var out []expr.SortKey
	for i, k := range ks {
		if e := f(k.Expr); e != k.Expr {
			if out == nil {
				out = append(out, ks...)
			}
			out[i].Expr = e
		}
	}
	if out == nil {
		return ks, false
	}
	return out, true
}

func mapExprs(es []expr.Expr, f func(expr.Expr) expr.Expr) ([]expr.Expr, bool) {
	var out []expr.Expr
	for i, e := range es {
		if m := f(e); m != e {
			if out == nil {
				out = append(out, es...)
			}
			out[i] = m
		}
	}
	if out == nil {
		return es, false
	}
	return out, true
}

// mapStates maps state columns; f must make columns of them.
func mapStates(states [][]*expr.Column, f func(expr.Expr) expr.Expr) ([][]*expr.Column, bool) {
	out, changed := make([][]*expr.Column, len(states)), false
	for i, cols := range states {
		for _, c := range cols {
			m := f(c).(*expr.Column)
			out[i], changed = append(out[i], m), changed || m != c
		}
	}
	if !changed {
		return states, false
	}
	return out, true
}

func mapNamed(ns []Named, f func(expr.Expr) expr.Expr) ([]Named, bool) {
	var out []Named
	for i, n := range ns {
		if m := f(n.Expr); m != n.Expr {
			if out == nil {
				out = append(out, ns...)
			}
			out[i].Expr = m
		}
	}
	if out == nil {
		return ns, false
	}
	return out, true
}
