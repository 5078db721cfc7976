package bind

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// generator is a bound call of a function that makes rows.
type generator struct {
	call  *expr.Call
	cols  []*expr.Column
	outer bool // rows that make none are kept, with NULLs
}

func (g *generator) node(in logical.Node) logical.Node {
	return &logical.Generate{Input: in, Call: g.call, Cols: g.cols, Outer: g.outer}
}

// generatorDef returns the definition if f calls a generator, and whether it
// is the _outer form of it.
func (b *binder) generatorDef(f *ast.Func) (*function.Def, bool) {
	if len(f.Name.Parts) == 0 || f.Name.Expr != nil || f.Over != nil {
		return nil, false
	}
	name := strings.ToLower(f.Name.Last())
	base, outer := strings.CutSuffix(name, "_outer")
	if outer {
		if d := b.env.Functions.Lookup(base); d != nil && d.Kind == function.Generator {
			return d, true
		}
	}
	if d := b.lookupFunction(f.Name.Parts); d != nil && d.Kind == function.Generator {
		return d, outer
	}
	return nil, false
}

// generator binds a call of a generator at s.
func (b *binder) generator(s *site, f *ast.Func, def *function.Def, outer bool) (*generator, error) {
	args, err := b.arrange(f, def)
	if err != nil {
		return nil, err
	}
	inner := s.within(func(s *site) { s.clause = "generator" })
	xs, err := b.arguments(inner, args)
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if t, ok := a.(*ast.TableArg); ok {
			return nil, sqlerr.New(sqlerr.UnexpectedInputType, "The parameter %d of %s takes no table.", i+1, def.Name).At(t.Pos())
		}
	}
	ov, err := b.overload(inner, def, def.Name, xs, args, f.Pos(), false)
	if err != nil {
		return nil, err
	}
	g := &generator{outer: outer, call: &expr.Call{Func: def.Name, Args: b.convert(xs, ov.Params), T: ov.Result, Null: true, Pos: b.at(f.Pos())}}
	if len(ov.Columns) > 0 && g.call.T.Kind == types.Null {
		g.call.T = types.ArrayType(types.StructType(ov.Columns...), true)
	}
	for _, c := range ov.Columns {
		g.cols = append(g.cols, b.newColumn(c.Name, c.Type, c.Nullable || outer))
	}
	return g, nil
}

// generatorItem binds a generator as an item of the select list: one column
// for each of its outputs.
func (s *selection) generatorItem(at *site, a *ast.SelectItem, f *ast.Func, def *function.Def, outer bool) error {
	if s.gen != nil {
		return sqlerr.New(sqlerr.MultiGenerator, "The generator is not supported: only one generator allowed per SELECT clause but found 2: %s.", ast.ColumnName(f, nil)).At(f.Pos())
	}
	g, err := s.b.generator(at, f, def, outer)
	if err != nil {
		return err
	}
	s.gen = g
	names := a.Aliases
	if a.Alias != "" {
		names = []string{a.Alias}
	}
	if len(names) > 0 && len(names) != len(g.cols) {
		return sqlerr.New(sqlerr.UdtfAliasMismatch, "The number of aliases supplied in the AS clause does not match the number of columns output by the UDTF. Expected %d aliases, but got %s.", len(g.cols), strings.Join(names, ",")).At(a.Pos())
	}
	for i, c := range g.cols {
		it := &item{name: c.Name, expr: c, ref: s.b.newID(), pos: a.Pos(), alias: len(names) > 0}
		if it.alias {
			it.name = names[i]
		}
		s.block.add(it)
	}
	return nil
}

// lateralView binds LATERAL VIEW generator(…) table AS columns.
func (b *binder) lateralView(r *ast.LateralView, fr *frame, ctes *cteScope) (*relation, error) {
	in := &relation{plan: oneRow()}
	if r.Input != nil {
		var err error
		if in, err = b.relation(r.Input, fr, ctes); err != nil {
			return nil, err
		}
	}
	def, outer := b.generatorDef(r.Func)
	if def == nil {
		if b.lookupFunction(r.Func.Name.Parts) == nil {
			return nil, b.noRoutine(r.Func.Name.Parts, r.Func.Pos())
		}
		return nil, sqlerr.New(sqlerr.NotGenerator, "The generator is not supported: %s is expected to be a generator. However, its class is a scalar function.", r.Func.Name.Last()).At(r.Func.Pos())
	}
	g, err := b.generator(&site{sc: &scope{frame: fr, fields: in.fields, ctes: ctes}, clause: "generator"}, r.Func, def, outer || r.Outer)
	if err != nil {
		return nil, err
	}
	return b.generated(in, g, &ast.Alias{Span: r.Span, Name: r.Table, Columns: r.Columns}, r.Pos())
}

// generated is a relation of the columns of in and those of a generator.
func (b *binder) generated(in *relation, g *generator, a *ast.Alias, pos int) (*relation, error) {
	out := &relation{plan: g.node(in.plan), fields: append([]field(nil), in.fields...)}
	own := &relation{}
	for _, c := range g.cols {
		own.fields = append(own.fields, field{col: c, name: c.Name})
	}
	if a != nil {
		if len(a.Columns) > 0 && len(a.Columns) != len(g.cols) {
			return nil, sqlerr.New(sqlerr.NumTableAliases, "Number of given aliases does not match number of output columns. Number of aliases: %d; number of output columns: %d.", len(a.Columns), len(g.cols)).At(pos)
		}
		var err error
		if own, err = aliased(own, a); err != nil {
			return nil, err
		}
	}
	out.fields = append(out.fields, own.fields...)
	return out, nil
}

// tableFunction binds a function in FROM. lateral is the scope of what stands
// before a LATERAL one, nil for others.
func (b *binder) tableFunction(r *ast.FuncRef, lateral *scope, fr *frame, ctes *cteScope) (*relation, error) {
	f := r.Func
	parts, err := b.nameParts(&f.Name)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(parts[len(parts)-1])
	sc := &scope{frame: fr, ctes: ctes}
	if lateral != nil {
		sc = lateral
	}
	if b.res != nil {
		fn, err := b.res.Function(b.ctx, parts)
		if err != nil {
			return nil, sqlerr.At(err, f.Pos())
		}
		if fn != nil && fn.Table {
			return b.sqlTable(r, fn, sc, fr)
		}
	}
	if name == "range" {
		return b.rangeFunction(r, sc)
	}
	def, outer := b.generatorDef(f)
	if def == nil {
		return nil, sqlerr.New(sqlerr.UnresolvableTableFunction, "Could not resolve %s to a table-valued function. Please make sure that %s is defined as a table-valued function and that all required parameters are provided correctly.", quotePath(parts), quotePath(parts)).
			At(f.Pos()).WithHint("If it is a scalar function, call it in SELECT.")
	}
	g, err := b.generator(&site{sc: sc, clause: "generator"}, f, def, outer)
	if err != nil {
		return nil, err
	}
	return b.generated(&relation{plan: oneRow()}, g, r.Alias, r.Pos())
}

// rangeFunction binds range([start,] end [, step [, partitions]]).
func (b *binder) rangeFunction(r *ast.FuncRef, sc *scope) (*relation, error) {
	f := r.Func
	if len(f.Args) < 1 || len(f.Args) > 4 {
		return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `range` requires [1, 2, 3, 4] parameters but the actual number is %d.", len(f.Args)).At(f.Pos())
	}
	vals := make([]int64, len(f.Args))
	for i, a := range f.Args {
		if na, ok := a.(*ast.NamedArg); ok {
			return nil, sqlerr.New(sqlerr.NamedParamsUnsupported, "Named parameters are not supported for function `range`; please retry the query with positional arguments to the function call instead.").At(na.Pos())
		}
		x, err := b.expr(&site{sc: sc, clause: "range"}, a)
		if err != nil {
			return nil, err
		}
		if !isLiteral(x) && !b.foldable(x) {
			return nil, sqlerr.New(sqlerr.NonFoldable, "The function `range` requires the parameter %d to be a foldable expression of the type \"BIGINT\", but the actual argument is a non-foldable.", i+1).At(a.Pos())
		}
		if l := b.standIn(x, types.Int64Type); l != nil {
			x = l
		}
		l, err := b.constant(x, a.Pos(), "argument of range")
		if err != nil {
			return nil, err
		}
		if l.Value == nil || !l.T.Kind.IsNumeric() && l.T.Kind != types.String {
			return nil, sqlerr.New(sqlerr.TableOperationUnknown, "The parameter %d of function `range` requires the \"BIGINT\" type, however it has the type %q.", i+1, l.T.SQL()).At(a.Pos())
		}
		if l, err = b.constant(b.implicit(l, types.Int64Type), a.Pos(), "argument of range"); err != nil {
			return nil, err
		}
		vals[i] = l.Value.(int64)
	}
	n := &logical.Range{Col: b.newColumn("id", types.Int64Type, false), Step: 1}
	switch len(vals) {
	case 1:
		n.End = vals[0]
	default:
		n.Start, n.End = vals[0], vals[1]
		if len(vals) > 2 {
			n.Step = vals[2]
		}
	}
	if n.Step == 0 {
		return nil, sqlerr.New(sqlerr.FailedFunctionCall, "Failed preparing of the function `range` for call. Please, double check function's arguments: step cannot be 0.").At(f.Pos())
	}
	if r.Alias != nil && len(r.Alias.Columns) > 1 {
		return nil, sqlerr.New(sqlerr.NumTableAliases, "Number of given aliases does not match number of output columns. Function name: `range`; number of aliases: %d; number of output columns: 1.", len(r.Alias.Columns)).At(r.Pos())
	}
	return aliased(&relation{plan: n, fields: columnsOf(n)}, r.Alias)
}

// sqlTable expands a table function defined in SQL.
func (b *binder) sqlTable(r *ast.FuncRef, fn *Function, sc *scope, fr *frame) (rel *relation, err error) {
	err = b.inFunction(&site{sc: sc, clause: "arguments of " + fn.Name}, r.Func, fn, func(*scope) error {
		q, qerr := b.query(fn.Query, b.fn.frame, nil)
		if qerr == nil {
			rel = b.narrow(q)
			for i := range rel.fields {
				rel.fields[i].qual = []string{fn.Name}
			}
		}
		return qerr
	})
	if err != nil {
		return nil, err
	}
	return aliased(rel, r.Alias)
}
