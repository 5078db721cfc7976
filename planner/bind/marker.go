package bind

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// Parameter is a parameter of a statement: the markers of one name, or of one
// place. Its type is VOID while nothing tells it.
type Parameter struct {
	// Name is empty for ? and $1.
	Name string
	Type types.Type
}

// Parameters lists the parameters of a statement: those by place, then those by
// name in order of appearance.
func Parameters(st ast.Statement) []Parameter {
	places := 0
	var names []Parameter
	seen := map[string]bool{}
	ast.Walk(st, func(n ast.Node) {
		p, ok := n.(*ast.Param)
		switch {
		case !ok:
		case p.Name == "":
			places = max(places, p.Index+1)
		case !seen[p.Name]:
			seen[p.Name] = true
			names = append(names, Parameter{Name: p.Name, Type: types.NullType})
		}
	})
	out := make([]Parameter, places, places+len(names))
	for i := range out {
		out[i].Type = types.NullType
	}
	return append(out, names...)
}

// Markers let a statement be bound before its parameters have values. Each
// marker is then a NULL: of the parameter's type if that is known, else of
// none. Wherever a NULL of no type is converted, the context says what type the
// parameter has; that is noted.
//
//	a > ?   ──► compare converts NULL to the type of a ──► learn(marker, type of a)
//
// A VOID column that a marker is behind (VALUES (?), SELECT ? in a subquery) is
// looked through once the whole statement is bound.
type Markers struct {
	// given are the parameters as they were before, params with what was learnt.
	given, params []Parameter
	ansi          bool
	// of are the literals that stand for parameters without type, by the number of the parameter.
	of map[*expr.Literal]int
	// stands are all literals that stand for parameters.
	stands map[*expr.Literal]bool
	// columns are VOID columns that were converted, and to what.
	columns []wanted
}

type wanted struct {
	col expr.ColID
	t   types.Type
}

// NewMarkers stands for parameters; those of type VOID are to be learnt about.
func NewMarkers(params []Parameter) *Markers {
	return &Markers{given: params, params: append([]Parameter(nil), params...), of: map[*expr.Literal]int{}, stands: map[*expr.Literal]bool{}}
}

// Parameters are the parameters with what was learnt while binding.
func (m *Markers) Parameters() []Parameter { return m.params }

// Index is the number of a marker's parameter, -1 if there is none.
func (m *Markers) Index(e *ast.Param) int {
	if e.Name == "" {
		if e.Index < len(m.params) && m.params[e.Index].Name == "" {
			return e.Index
		}
		return -1
	}
	for i, p := range m.params {
		if p.Name == e.Name {
			return i
		}
	}
	return -1
}

// marker is what stands for a marker in the plan, nil if it is unknown.
func (m *Markers) marker(e *ast.Param) *expr.Literal {
	i := m.Index(e)
	if i < 0 {
		return nil
	}
	l := expr.NullOf(m.given[i].Type)
	m.stands[l] = true
	if l.T.Kind == types.Null {
		m.of[l] = i
	}
	return l
}

// learn notes that e, which has no type, is converted to t. The parameters in
// it are of that type then.
func (m *Markers) learn(e expr.Expr, t types.Type) {
	if t.Kind == types.Null {
		return
	}
	switch e := e.(type) {
	case *expr.Literal:
		i, ok := m.of[e]
		if !ok {
			return
		}
		p := &m.params[i]
		if u, ok := coerce.Common(p.Type, t, m.ansi); ok {
			p.Type = u
		}
	case *expr.Column:
		if e.T.Kind == types.Null {
			m.columns = append(m.columns, wanted{e.ID, t})
		}
	case *expr.Case:
		for _, w := range e.Whens {
			m.learn(w.Then, t)
		}
		if e.Else != nil {
			m.learn(e.Else, t)
		}
	case *expr.Agg:
		m.learnAgg(e, t)
	case *expr.WindowCall:
		m.learnAgg(e.Agg, t)
	case *expr.ScalarSubquery:
		if cols := e.Plan.(logical.Node).Columns(); len(cols) == 1 {
			m.learn(cols[0], t)
		}
	case *expr.Call:
		m.learnCall(e, t)
	}
}

// learnCall looks into calls that keep their arguments' types: of structs and
// arrays by parts, of others (coalesce, if …) where they have no type themselves.
func (m *Markers) learnCall(e *expr.Call, t types.Type) {
	switch {
	case e.Func == "named_struct" && t.Kind == types.Struct && len(e.Args) == 2*len(t.Children()):
		for i, f := range t.Children() {
			m.learn(e.Args[2*i+1], f.Type)
		}
	case e.Func == "array" && t.Kind == types.Array:
		for _, a := range e.Args {
			m.learn(a, t.Elem())
		}
	case e.T.Kind == types.Null:
		for _, a := range e.Args {
			if a.Type().Kind == types.Null {
				m.learn(a, t)
			}
		}
	}
}

// learnAgg looks into calls such as max, which are of the type of their argument.
func (m *Markers) learnAgg(e *expr.Agg, t types.Type) {
	if e.T.Kind == types.Null && len(e.Args) > 0 {
		m.learn(e.Args[0], t)
	}
}

// settle looks through the VOID columns of a plan.
func (m *Markers) settle(plan logical.Node) {
	if len(m.columns) == 0 {
		return
	}
	from := map[expr.ColID][]expr.Expr{}
	defined(plan, from)
	done := map[wanted]bool{}
	for len(m.columns) > 0 {
		w := m.columns[0]
		m.columns = m.columns[1:]
		if done[w] {
			continue
		}
		done[w] = true
		for _, e := range from[w.col] {
			m.learn(e, w.t)
		}
	}
}

// defined collects what the columns made in a plan are made of, subqueries included.
func defined(plan logical.Node, from map[expr.ColID][]expr.Expr) {
	add := func(c *expr.Column, e expr.Expr) {
		if x, same := e.(*expr.Column); !same || x.ID != c.ID {
			from[c.ID] = append(from[c.ID], e)
		}
	}
	tree.Walk(plan, func(n logical.Node) bool {
		switch n := n.(type) {
		case *logical.Project:
			for _, x := range n.Exprs {
				add(x.Col, x.Expr)
			}
		case *logical.Aggregate:
			for _, x := range n.Keys {
				add(x.Col, x.Expr)
			}
			for _, x := range n.Aggs {
				add(x.Col, x.Expr)
			}
		case *logical.Window:
			for _, x := range n.Calls {
				add(x.Col, x.Expr)
			}
		case *logical.Values:
			for _, row := range n.Rows {
				for i, e := range row {
					add(n.Cols[i], e)
				}
			}
		case *logical.SetOp:
			for _, in := range n.Inputs {
				for i, c := range in.Columns() {
					add(n.Cols[i], c)
				}
			}
		}
		for _, e := range tree.In[expr.Expr](n) {
			walk(e, func(e expr.Expr) bool {
				switch e := e.(type) {
				case *expr.ScalarSubquery:
					defined(e.Plan.(logical.Node), from)
				case *expr.Exists:
					defined(e.Plan.(logical.Node), from)
				case *expr.InSubquery:
					defined(e.Plan.(logical.Node), from)
				}
				return true
			})
		}
		return true
	})
}

// learn notes a conversion of something without type, if there are markers.
func (b *binder) learn(e expr.Expr, t types.Type) {
	if m := b.env.Markers; m != nil {
		m.ansi = b.ansi
		m.learn(e, t)
	}
}

// standIn is a value for a marker where a plan cannot do without one, such as
// the count of LIMIT; nil if e is no marker. An unknown type becomes t.
func (b *binder) standIn(e expr.Expr, t types.Type) *expr.Literal {
	l, ok := e.(*expr.Literal)
	if !ok || b.env.Markers == nil || !b.env.Markers.stands[l] {
		return nil
	}
	if l.T.Kind == types.Null {
		b.learn(l, t)
		return some(t)
	}
	return some(l.T)
}

// some is a value of a type: 1, an empty string, true, the first day of the epoch.
func some(t types.Type) *expr.Literal {
	l := &expr.Literal{T: t}
	switch t.Kind {
	case types.Bool:
		l.Value = true
	case types.Float32, types.Float64:
		l.Value = 0.5 // every percentile function takes it
	case types.String, types.Binary:
		l.Value = ""
	case types.Decimal:
		l.Value = types.Int128From(0)
	case types.Int8, types.Int16, types.Int32, types.Int64:
		l.Value = int64(1)
	case types.Date, types.Timestamp, types.TimestampNTZ, types.YearMonth, types.DayTime:
		l.Value = int64(0)
	}
	return l
}

// resolveCall resolves a call. Functions that want a constant do not take the
// NULLs that stand for parameters: they are asked again with values, of their
// type or of the first that fits.
func (b *binder) resolveCall(def *function.Def, c *function.Call) (*function.Overload, error) {
	if rounding[def.Name] && len(c.Args) == 2 && b.standIn(c.Args[1], types.Int32Type) != nil {
		// The more digits the wider is the type, up to that of the number: all results fit into it.
		again := *c
		again.Args = []expr.Expr{c.Args[0], &expr.Literal{Value: int64(types.MaxPrecision), T: types.Int32Type}}
		return def.Resolve(&again)
	}
	ov, err := def.Resolve(c)
	if err == nil || b.env.Markers == nil {
		return ov, err
	}
	args := c.Args
	for _, t := range []types.Type{types.Int32Type, types.Float64Type, types.StringType} {
		again := *c
		again.Args = make([]expr.Expr, len(args))
		found := false
		for i, a := range args {
			again.Args[i] = a
			if l, ok := a.(*expr.Literal); ok && b.env.Markers.stands[l] {
				found = true
				if l.T.Kind != types.Null {
					again.Args[i] = some(l.T)
				} else {
					again.Args[i] = some(t)
				}
			}
		}
		if !found {
			break
		}
		if ov, e := def.Resolve(&again); e == nil {
			return ov, nil
		}
	}
	return nil, err
}

// rounding are the functions whose result type depends on the value of their second argument.
var rounding = map[string]bool{"round": true, "bround": true, "ceil": true, "floor": true}

// rewritten has a call become another expression. Functions convert arguments
// on their own there, and a NULL is lost when it is converted: markers go in as
// Params, and what they were cast to is learnt from what comes out.
func (b *binder) rewritten(ov *function.Overload, args []expr.Expr) (expr.Expr, error) {
	m := b.env.Markers
	probes := map[*expr.Param]*expr.Literal{}
	probed := args
	for i, a := range args {
		l, ok := a.(*expr.Literal)
		if !ok || m == nil {
			continue
		}
		if _, untyped := m.of[l]; !untyped {
			continue
		}
		if len(probes) == 0 {
			probed = append([]expr.Expr(nil), args...)
		}
		p := &expr.Param{T: l.T, Pos: sqlerr.NoPos}
		probes[p], probed[i] = l, p
	}
	x, err := ov.Rewrite(probed)
	if err != nil || len(probes) == 0 {
		return x, err
	}
	return replace(x, func(e expr.Expr) (expr.Expr, bool) {
		switch e := e.(type) {
		case *expr.Param:
			return probes[e], true
		case *expr.Cast:
			if p, ok := e.Arg.(*expr.Param); ok {
				m.learn(probes[p], e.To)
				return expr.NullOf(e.To), true
			}
		}
		return nil, false
	}), nil
}

// unnamed is the error of a name that a parameter is to give.
func unnamed(e ast.Expr) error {
	return sqlerr.New(sqlerr.UnboundParameter, "The name that IDENTIFIER is given as a parameter must be known when the statement is prepared.").At(e.Pos()).
		WithHint("Write the name into the statement.")
}
