package physical

import (
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func exprSchema(names []string, es []expr.Expr) types.Schema {
	s := make(types.Schema, len(es))
	for i, e := range es {
		s[i] = types.Field{Name: names[i], Type: e.Type(), Nullable: e.Nullable()}
	}
	return s
}

func (n *Scan) Schema() types.Schema {
	s := make(types.Schema, len(n.Scan.Cols))
	for i, c := range n.Scan.Cols {
		s[i] = n.Scan.Schema[c]
	}
	return s
}

func (n *Values) Schema() types.Schema { return n.Cols }
func (n *Feed) Schema() types.Schema   { return n.Cols }
func (n *Range) Schema() types.Schema {
	return types.Schema{{Name: n.Name, Type: types.Int64Type}}
}
func (n *Project) Schema() types.Schema    { return exprSchema(n.Names, n.Exprs) }
func (n *Filter) Schema() types.Schema     { return n.Input.Schema() }
func (n *Sort) Schema() types.Schema       { return n.Input.Schema() }
func (n *Limit) Schema() types.Schema      { return n.Input.Schema() }
func (n *Expand) Schema() types.Schema     { return n.Cols }
func (n *Sample) Schema() types.Schema     { return n.Input.Schema() }
func (n *Prefilter) Schema() types.Schema  { return n.Input.Schema() }
func (n *Shared) Schema() types.Schema     { return n.Input.Schema() }
func (n *Exchange) Schema() types.Schema   { return n.Input.Schema() }
func (n *StageRead) Schema() types.Schema  { return n.Cols }
func (n *Recursive) Schema() types.Schema  { return n.Cols }
func (n *Recurrence) Schema() types.Schema { return n.Cols }
func (n *Held) Schema() types.Schema       { return n.Input.Schema() }

func (n *HashAggregate) Schema() types.Schema {
	s := exprSchema(n.KeyNames, n.Keys)
	if n.Mode == Partial {
		for _, t := range n.StateTypes {
			s = append(s, types.Field{Name: "state", Type: t, Nullable: true})
		}
		return s
	}
	for i, a := range n.Aggs {
		s = append(s, types.Field{Name: n.AggNames[i], Type: a.T, Nullable: a.Null})
	}
	return s
}

// joined is Left ++ Right (++ mark) of a join with nullability by kind.
func joined(l, r Node, k JoinKind, mark string) types.Schema {
	var s types.Schema
	for _, f := range l.Schema() {
		f.Nullable = f.Nullable || k == Right || k == Full
		s = append(s, f)
	}
	for _, f := range r.Schema() {
		f.Nullable = f.Nullable || k == Left || k == Full || k == Single
		s = append(s, f)
	}
	if k == Mark {
		s = append(s, types.Field{Name: mark, Type: types.BoolType, Nullable: true})
	}
	return s
}

func emit(all types.Schema, places []int) types.Schema {
	s := make(types.Schema, len(places))
	for i, p := range places {
		s[i] = all[p]
	}
	return s
}

func (n *HashJoin) Schema() types.Schema {
	return emit(joined(n.Left, n.Right, n.Kind, n.MarkName), n.Emit)
}

func (n *LoopJoin) Schema() types.Schema {
	return emit(joined(n.Left, n.Right, n.Kind, n.MarkName), n.Emit)
}

func (n *Window) Schema() types.Schema {
	s := append(types.Schema(nil), n.Input.Schema()...)
	for i, c := range n.Calls {
		s = append(s, types.Field{Name: n.Names[i], Type: c.Type(), Nullable: c.Nullable()})
	}
	return s
}

func (n *TopK) Schema() types.Schema {
	s := emit(n.Input.Schema(), n.Emit)
	for i, c := range n.Calls {
		s = append(s, types.Field{Name: n.Names[i], Type: c.Type(), Nullable: c.Nullable()})
	}
	return s
}

func (n *Union) Schema() types.Schema {
	s := append(types.Schema(nil), n.Inputs[0].Schema()...)
	for i := range s {
		s[i].Name = n.Names[i]
		for _, in := range n.Inputs[1:] {
			s[i].Nullable = s[i].Nullable || in.Schema()[i].Nullable
		}
	}
	return s
}

func (n *Generate) Schema() types.Schema {
	return append(append(types.Schema(nil), n.Input.Schema()...), n.Cols...)
}

// WriteSchema is the output of Write.
var WriteSchema = types.Schema{
	{Name: "path", Type: types.StringType},
	{Name: "rows", Type: types.Int64Type},
	{Name: "bytes", Type: types.Int64Type},
	{Name: "partition", Type: types.StringType},
}

func (n *Write) Schema() types.Schema { return WriteSchema }

func (n *Scan) Meta() *Meta          { return &n.Info }
func (n *Values) Meta() *Meta        { return &n.Info }
func (n *Range) Meta() *Meta         { return &n.Info }
func (n *Feed) Meta() *Meta          { return &n.Info }
func (n *Project) Meta() *Meta       { return &n.Info }
func (n *Filter) Meta() *Meta        { return &n.Info }
func (n *HashAggregate) Meta() *Meta { return &n.Info }
func (n *HashJoin) Meta() *Meta      { return &n.Info }
func (n *LoopJoin) Meta() *Meta      { return &n.Info }
func (n *Sort) Meta() *Meta          { return &n.Info }
func (n *Limit) Meta() *Meta         { return &n.Info }
func (n *Window) Meta() *Meta        { return &n.Info }
func (n *TopK) Meta() *Meta          { return &n.Info }
func (n *Union) Meta() *Meta         { return &n.Info }
func (n *Expand) Meta() *Meta        { return &n.Info }
func (n *Generate) Meta() *Meta      { return &n.Info }
func (n *Sample) Meta() *Meta        { return &n.Info }
func (n *Write) Meta() *Meta         { return &n.Info }
func (n *Prefilter) Meta() *Meta     { return &n.Info }
func (n *Shared) Meta() *Meta        { return &n.Info }
func (n *Recursive) Meta() *Meta     { return &n.Info }
func (n *Recurrence) Meta() *Meta    { return &n.Info }
func (n *Held) Meta() *Meta          { return &n.Info }
func (n *Exchange) Meta() *Meta      { return &n.Info }
func (n *StageRead) Meta() *Meta     { return &n.Info }

func (*Scan) sealed()          {}
func (*Values) sealed()        {}
func (*Range) sealed()         {}
func (*Feed) sealed()          {}
func (*Project) sealed()       {}
func (*Filter) sealed()        {}
func (*HashAggregate) sealed() {}
func (*HashJoin) sealed()      {}
func (*LoopJoin) sealed()      {}
func (*Sort) sealed()          {}
func (*Limit) sealed()         {}
func (*Window) sealed()        {}
func (*TopK) sealed()          {}
func (*Union) sealed()         {}
func (*Expand) sealed()        {}
func (*Generate) sealed()      {}
func (*Sample) sealed()        {}
func (*Write) sealed()         {}
func (*Prefilter) sealed()     {}
func (*Shared) sealed()        {}
func (*Recursive) sealed()     {}
func (*Recurrence) sealed()    {}
func (*Held) sealed()          {}
func (*Exchange) sealed()      {}
func (*StageRead) sealed()     {}

// Nodes lists one zero value of every node type, for the wire form and tests
// that must cover all of them.
var Nodes = []Node{
	&Scan{}, &Values{}, &Range{}, &Project{}, &Filter{}, &HashAggregate{}, &HashJoin{}, &LoopJoin{}, &Sort{}, &Limit{},
	&Window{}, &TopK{}, &Union{}, &Expand{}, &Generate{}, &Sample{}, &Write{}, &Prefilter{}, &Shared{}, &Recursive{}, &Recurrence{}, &Held{}, &Exchange{}, &StageRead{}, &Feed{},
}
