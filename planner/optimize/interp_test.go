package optimize

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// interp runs logical plans as they read, one row at a time, subqueries once a
// row: slow, and simple enough to be believed. Optimized plans are checked against it.
type interp struct {
	t    testing.TB
	reg  *function.Registry
	rows map[string][][]types.Datum // of tables, by name
}

type env map[expr.ColID]types.Datum

func (e env) with(cols []*expr.Column, row []types.Datum) env {
	out := make(env, len(e)+len(cols))
	for k, v := range e {
		out[k] = v
	}
	for i, c := range cols {
		out[c.ID] = row[i]
	}
	return out
}

// errTooMany stands for SCALAR_SUBQUERY_TOO_MANY_ROWS.
type errTooMany struct{}

func (in *interp) eval(e expr.Expr, en env) types.Datum {
	closed := tree.Map(e, func(e expr.Expr) expr.Expr {
		switch e := e.(type) {
		case *expr.Column:
			v, ok := en[e.ID]
			if !ok {
				in.t.Fatalf("column %s#%d is not there", e.Name, e.ID)
			}
			return &expr.Literal{Value: v, T: e.T}
		case *expr.ScalarSubquery:
			rows := in.run(e.Plan.(logical.Node), en)
			if len(rows) > 1 {
				panic(errTooMany{})
			}
			if len(rows) == 0 {
				return expr.NullOf(e.T)
			}
			return &expr.Literal{Value: rows[0][0], T: e.T}
		case *expr.Exists:
			return &expr.Literal{Value: len(in.run(e.Plan.(logical.Node), en)) > 0, T: types.BoolType}
		case *expr.InSubquery:
			return in.in(e, en)
		}
		return e
	})
	lit, err := eval.Fold(context.Background(), in.reg, folding(), closed)
	if err != nil {
		in.t.Fatalf("%v in %s", err, expr.StringIDs(e))
	}
	return lit.Value
}

// in is x IN (q), three-valued. Its Args are literals by now.
func (in *interp) in(e *expr.InSubquery, en env) expr.Expr {
	result := expr.False
	for _, r := range in.run(e.Plan.(logical.Node), en) {
		var eq []expr.Expr
		for i, a := range e.Args {
			eq = append(eq, &expr.Compare{Op: expr.Eq, Left: a, Right: &expr.Literal{Value: r[i], T: a.Type()}})
		}
		switch in.eval(expr.Conj(eq...), nil) {
		case true:
			return expr.True
		case nil:
			result = expr.NullBool
		}
	}
	return result
}

func (in *interp) run(n logical.Node, en env) [][]types.Datum {
	switch n := n.(type) {
	case *logical.Scan:
		var out [][]types.Datum
		for _, r := range in.rows[n.Table.Name().Table] {
			row := make([]types.Datum, len(n.Cols))
			for i, s := range n.Source {
				row[i] = r[s]
			}
			if in.pass(n.Filters, en.with(n.Cols, row)) {
				out = append(out, row)
			}
		}
		return out
	case *logical.Values:
		var out [][]types.Datum
		for _, r := range n.Rows {
			row := make([]types.Datum, len(r))
			for i, e := range r {
				row[i] = in.eval(e, en)
			}
			out = append(out, row)
		}
		return out
	case *logical.Project:
		return in.each(n.Input, en, func(e env, _ []types.Datum) [][]types.Datum {
			row := make([]types.Datum, len(n.Exprs))
			for i, x := range n.Exprs {
				row[i] = in.eval(x.Expr, e)
			}
			return [][]types.Datum{row}
		})
	case *logical.Filter:
		return in.each(n.Input, en, func(e env, row []types.Datum) [][]types.Datum {
			if in.eval(n.Pred, e) == true {
				return [][]types.Datum{row}
			}
			return nil
		})
	case *logical.Join:
		right := in.run(n.Right, en)
		return in.join(n, en, func(env) [][]types.Datum { return right })
	case *logical.Apply:
		j := &logical.Join{Left: n.Left, Right: n.Right, Kind: n.Kind, Cond: n.Cond, NullAware: n.NullAware, MarkCol: n.MarkCol}
		return in.join(j, en, func(e env) [][]types.Datum { return in.run(n.Right, e) })
	case *logical.Aggregate:
		return in.aggregate(n, en)
	case *logical.Window:
		return in.window(n, en)
	case *logical.TopK:
		return in.topk(n, en)
	case *logical.Sort:
		rows := in.run(n.Input, en)
		in.sort(rows, n.Input.Columns(), n.Keys, en)
		return rows
	case *logical.Limit:
		rows := in.run(n.Input, en)
		rows = rows[min(int(n.Offset), len(rows)):]
		if n.Count >= 0 {
			rows = rows[:min(int(n.Count), len(rows))]
		}
		return rows
	case *logical.SetOp:
		return in.setOp(n, en)
	case *logical.Shared:
		rows := in.run(n.Plan, en)
		cols := n.Plan.Columns()
		out := make([][]types.Datum, len(rows))
		for i, r := range rows {
			for _, f := range n.From {
				out[i] = append(out[i], r[slices.IndexFunc(cols, func(c *expr.Column) bool { return c.ID == f.ID })])
			}
		}
		return out
	}
	in.t.Fatalf("no interpretation of %T", n)
	return nil
}

func (in *interp) pass(conds []expr.Expr, e env) bool {
	for _, c := range conds {
		if in.eval(c, e) != true {
			return false
		}
	}
	return true
}

func (in *interp) each(n logical.Node, en env, f func(env, []types.Datum) [][]types.Datum) [][]types.Datum {
	cols := n.Columns()
	var out [][]types.Datum
	for _, r := range in.run(n, en) {
		out = append(out, f(en.with(cols, r), r)...)
	}
	return out
}

func (in *interp) join(n *logical.Join, en env, right func(env) [][]types.Datum) [][]types.Datum {
	lcols, rcols := n.Left.Columns(), n.Right.Columns()
	var out [][]types.Datum
	matchedRight := map[int]bool{}
	var rightRows [][]types.Datum
	for _, l := range in.run(n.Left, en) {
		le := en.with(lcols, l)
		rightRows = right(le)
		found, null := 0, false
		var pairs [][]types.Datum
		for i, r := range rightRows {
			v := types.Datum(true)
			if n.Cond != nil {
				v = in.eval(n.Cond, le.with(rcols, r))
			}
			if v == true {
				found++
				matchedRight[i] = true
				pairs = append(pairs, append(slices.Clone(l), r...))
			}
			null = null || v == nil
		}
		fill := append(slices.Clone(l), make([]types.Datum, len(rcols))...)
		switch n.Kind {
		case logical.Inner, logical.Cross, logical.Right:
			out = append(out, pairs...)
		case logical.Left, logical.Full, logical.Single:
			if n.Kind == logical.Single && found > 1 {
				panic(errTooMany{})
			}
			if found == 0 {
				pairs = [][]types.Datum{fill}
			}
			out = append(out, pairs...)
		case logical.Semi:
			if found > 0 {
				out = append(out, l)
			}
		case logical.Anti:
			if found == 0 && !(n.NullAware && null) {
				out = append(out, l)
			}
		case logical.Mark:
			mark := types.Datum(found > 0)
			if found == 0 && null && n.NullAware {
				mark = nil
			}
			out = append(out, append(slices.Clone(l), mark))
		}
	}
	if n.Kind == logical.Right || n.Kind == logical.Full {
		for i, r := range in.run(n.Right, en) {
			if !matchedRight[i] {
				out = append(out, append(make([]types.Datum, len(lcols)), r...))
			}
		}
	}
	return out
}

func text(row []types.Datum) string { return fmt.Sprint(row) }

func (in *interp) aggregate(n *logical.Aggregate, en env) [][]types.Datum {
	rows := in.run(n.Input, en)
	cols := n.Input.Columns()
	sets := n.Sets
	if sets == nil {
		all := make([]int, len(n.Keys))
		for i := range all {
			all[i] = i
		}
		sets = [][]int{all}
	}
	var out [][]types.Datum
	for _, set := range sets {
		groups := map[string][]env{}
		keys := map[string][]types.Datum{}
		var order []string
		for _, r := range rows {
			e := en.with(cols, r)
			key := make([]types.Datum, len(n.Keys))
			for _, i := range set {
				key[i] = in.eval(n.Keys[i].Expr, e)
			}
			k := text(key)
			if groups[k] == nil {
				order = append(order, k)
				keys[k] = key
			}
			groups[k] = append(groups[k], e)
		}
		if len(n.Keys) == 0 && len(order) == 0 {
			order = append(order, "")
		}
		for _, k := range order {
			row := slices.Clone(keys[k])
			for i, a := range n.Aggs {
				call := a.Expr.(*expr.Agg)
				switch n.Mode {
				case logical.Partial:
					row = append(row, in.state(call, groups[k]))
					row = append(row, make([]types.Datum, len(n.States[i])-1)...)
				case logical.Final:
					row = append(row, in.final(call, n.States[i][0].ID, groups[k]))
				default:
					row = append(row, in.agg(call, groups[k]))
				}
			}
			if n.GroupingID != nil {
				id := int64(1)<<len(n.Keys) - 1
				for _, i := range set {
					id &^= 1 << (len(n.Keys) - 1 - i)
				}
				row = append(row, id)
			}
			out = append(out, row)
		}
	}
	return out
}

// kept are the rows that pass the FILTER of a.
func (in *interp) kept(a *expr.Agg, group []env) []env {
	if a.Filter == nil {
		return group
	}
	var rows []env
	for _, e := range group {
		if in.eval(a.Filter, e) == true {
			rows = append(rows, e)
		}
	}
	return rows
}

// final aggregates the arguments in the states of a group.
func (in *interp) final(a *expr.Agg, state expr.ColID, group []env) types.Datum {
	const first = 1 << 20 // no plan has so many columns
	c := *a
	c.Filter, c.Args = nil, nil
	for i, x := range a.Args {
		c.Args = append(c.Args, &expr.Column{ID: first + expr.ColID(i), T: x.Type(), Null: true})
	}
	var rows []env
	for _, e := range in.kept(a, group) {
		for _, args := range e[state].([][]types.Datum) {
			row := env{}
			for i, v := range args {
				row[first+expr.ColID(i)] = v
			}
			rows = append(rows, row)
		}
	}
	return in.agg(&c, rows)
}

// state is the arguments of a in all rows that pass its FILTER.
func (in *interp) state(a *expr.Agg, group []env) [][]types.Datum {
	out := [][]types.Datum{}
	for _, e := range in.kept(a, group) {
		args := make([]types.Datum, len(a.Args))
		for i, x := range a.Args {
			args[i] = in.eval(x, e)
		}
		out = append(out, args)
	}
	return out
}

func (in *interp) agg(a *expr.Agg, group []env) types.Datum {
	seen := map[string]bool{}
	var count, sum int64
	var least, most types.Datum
	for _, e := range group {
		if a.Filter != nil && in.eval(a.Filter, e) != true {
			continue
		}
		var args []types.Datum
		null := false
		for _, x := range a.Args {
			args = append(args, in.eval(x, e))
			null = null || args[len(args)-1] == nil
		}
		if null || a.Distinct && seen[text(args)] {
			continue
		}
		seen[text(args)] = true
		count++
		if len(args) > 0 {
			v, ok := args[0].(int64)
			if !ok {
				continue
			}
			sum += v
			if least == nil || v < least.(int64) {
				least = v
			}
			if most == nil || v > most.(int64) {
				most = v
			}
		}
	}
	switch a.Func {
	case "count":
		return count
	case "sum":
		if count > 0 {
			return sum
		}
		return nil
	case "min":
		return least
	case "max":
		return most
	}
	in.t.Fatalf("no interpretation of %s", a.Func)
	return nil
}

func (in *interp) sort(rows [][]types.Datum, cols []*expr.Column, keys []expr.SortKey, en env) {
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := en.with(cols, rows[i]), en.with(cols, rows[j])
		for _, k := range keys {
			x, y := in.eval(k.Expr, a), in.eval(k.Expr, b)
			switch {
			case x == nil && y == nil:
			case x == nil || y == nil:
				return (x == nil) == k.NullsFirst
			default:
				if c := cmp.Compare(x.(int64), y.(int64)); c != 0 {
					return (c < 0) != k.Desc
				}
			}
		}
		return false
	})
}

// topk is a window and a filter.
func (in *interp) topk(n *logical.TopK, en env) [][]types.Datum {
	call := func(f string) logical.Named {
		return logical.Named{Expr: &expr.WindowCall{Agg: &expr.Agg{Func: f}, Partition: n.Partition, Order: n.Order}}
	}
	rows := in.window(&logical.Window{Input: n.Input, Calls: append([]logical.Named{call(n.Func)}, n.Calls...)}, en)
	width := len(n.Input.Columns())
	var out [][]types.Datum
	for _, r := range rows {
		if r[width].(int64) <= n.K {
			out = append(out, append(slices.Clone(r[:width]), r[width+1:]...))
		}
	}
	return out
}

// window knows ranks and aggregates over whole partitions or up to the current row.
func (in *interp) window(n *logical.Window, en env) [][]types.Datum {
	rows := in.run(n.Input, en)
	cols := n.Input.Columns()
	if len(rows) == 0 {
		return nil
	}
	out := make([][]types.Datum, len(rows))
	in.sort(rows, cols, n.Calls[0].Expr.(*expr.WindowCall).Order, en)
	for i := range rows {
		out[i] = slices.Clone(rows[i])
	}
	for _, c := range n.Calls {
		w := c.Expr.(*expr.WindowCall)
		parts := map[string][]int{}
		for i, r := range rows {
			e := en.with(cols, r)
			var key []types.Datum
			for _, p := range w.Partition {
				key = append(key, in.eval(p, e))
			}
			parts[text(key)] = append(parts[text(key)], i)
		}
		for _, part := range parts {
			var group []env
			for _, i := range part {
				group = append(group, en.with(cols, rows[i]))
			}
			out = in.number(w, part, group, out)
		}
	}
	return out
}

// number appends the values of w for the rows part of a partition, which are in order.
func (in *interp) number(w *expr.WindowCall, part []int, group []env, out [][]types.Datum) [][]types.Datum {
	peer := func(a, b int) bool {
		for _, k := range w.Order {
			if in.eval(k.Expr, group[a]) != in.eval(k.Expr, group[b]) {
				return false
			}
		}
		return true
	}
	rank, dense := 0, 0
	for k, i := range part {
		if k == 0 || !peer(k-1, k) {
			rank, dense = k+1, dense+1
		}
		from, to := 0, len(group)
		if w.Frame.End.Kind == expr.CurrentRow {
			for to = k + 1; w.Frame.Unit == expr.Range && to < len(group) && peer(k, to); to++ {
			}
		}
		if w.Frame.Start.Kind == expr.Preceding {
			from = max(0, k-int(w.Frame.Start.Offset.(*expr.Literal).Value.(int64)))
		}
		var v types.Datum
		switch w.Agg.Func {
		case "row_number":
			v = int64(k + 1)
		case "rank":
			v = int64(rank)
		case "dense_rank":
			v = int64(dense)
		case "lag":
			if k > 0 {
				v = in.eval(w.Agg.Args[0], group[k-1])
			}
		default:
			v = in.agg(w.Agg, group[from:to])
		}
		out[i] = append(out[i], v)
	}
	return out
}

func (in *interp) setOp(n *logical.SetOp, en env) [][]types.Datum {
	var all [][][]types.Datum
	for _, x := range n.Inputs {
		all = append(all, in.run(x, en))
	}
	var out [][]types.Datum
	switch n.Kind {
	case logical.Union:
		for _, rows := range all {
			out = append(out, rows...)
		}
	default:
		have := map[string]int{}
		for _, r := range all[1] {
			have[text(r)]++
		}
		for _, r := range all[0] {
			k := text(r)
			in := have[k] > 0
			if n.All {
				have[k]--
			}
			if in == (n.Kind == logical.Intersect) {
				out = append(out, r)
			}
		}
	}
	if n.All {
		return out
	}
	seen := map[string]bool{}
	var distinct [][]types.Datum
	for _, r := range out {
		if !seen[text(r)] {
			seen[text(r)] = true
			distinct = append(distinct, r)
		}
	}
	return distinct
}

// result runs a plan and gives its rows as sorted text, or the name of an error.
func (in *interp) result(n logical.Node) (out string) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(errTooMany); !ok {
				panic(r)
			}
			out = "too many rows"
		}
	}()
	var lines []string
	for _, r := range in.run(n, nil) {
		lines = append(lines, text(r))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
