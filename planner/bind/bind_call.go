package bind

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

func itoa(n int) string { return strconv.Itoa(n) }

// function binds a call of any kind.
func (b *binder) function(s *site, e *ast.Func) (expr.Expr, error) {
	parts, err := b.nameParts(&e.Name)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(parts[len(parts)-1])
	if b.res != nil {
		f, err := b.res.Function(b.ctx, parts)
		if err != nil {
			return nil, sqlerr.At(err, e.Pos())
		}
		if f != nil && !f.Table {
			return b.inlineFunction(s, e, f)
		}
	}
	if x, done, err := b.member(s, e, name); done || err != nil {
		return x, err
	}
	if x, done, err := b.special(s, e, name); done || err != nil {
		return x, err
	}
	def := b.lookupFunction(parts)
	if def == nil {
		if e.Over != nil && (name == "grouping" || name == "grouping_id") {
			return nil, sqlerr.New(sqlerr.WindowNotAggregate, "Expression \"%s\" not supported within a window function.", ast.ColumnName(e, nil)).At(e.Pos())
		}
		return nil, b.noRoutine(parts, e.Pos())
	}
	args, err := b.arrange(e, def)
	if err != nil {
		return nil, err
	}
	switch {
	case def.Kind == function.Generator:
		return nil, generatorHere(s, e)
	case e.Over != nil:
		return b.windowCall(s, e, def, args)
	case def.Kind == function.Aggregate:
		return b.aggregate(s, e, def, args)
	case def.Kind == function.Window:
		return nil, sqlerr.New(sqlerr.WindowWithoutOver, "Window function %s requires an OVER clause.", name).At(e.Pos())
	case e.Distinct || e.Filter != nil || len(e.WithinGroup) > 0:
		return nil, sqlerr.New(sqlerr.InvalidSQLDistinct, "The function `%s` does not support DISTINCT, FILTER or WITHIN GROUP.", name).At(e.Pos())
	case e.IgnoreNulls || e.RespectNulls:
		return nil, sqlerr.New(sqlerr.InvalidSQLDistinct, "The function `%s` does not support IGNORE NULLS or RESPECT NULLS.", name).At(e.Pos())
	}
	xs, err := b.arguments(s, args)
	if err != nil {
		return nil, err
	}
	return b.callDef(s, def, name, xs, args, e.Pos())
}

// lookupFunction finds a built-in by its name, which may be qualified by the
// places where Spark keeps them.
func (b *binder) lookupFunction(parts []string) *function.Def {
	switch n := len(parts); {
	case n == 1:
	case n == 2 && (strings.EqualFold(parts[0], "builtin") || strings.EqualFold(parts[0], "session")):
	case n == 3 && strings.EqualFold(parts[0], "system") && strings.EqualFold(parts[1], "builtin"):
	default:
		return nil
	}
	return b.env.Functions.Lookup(parts[len(parts)-1])
}

func (b *binder) noRoutine(parts []string, pos int) error {
	err := sqlerr.New(sqlerr.UnresolvedRoutine, "Cannot resolve routine %s.", quotePath(parts)).At(pos)
	var names []string
	for _, d := range b.env.Functions.Defs() {
		if d.Name[0] >= 'a' {
			names = append(names, d.Name)
		}
	}
	name := strings.ToLower(parts[len(parts)-1])
	if near := sqlerr.Nearest(name, names, 1); len(near) > 0 && sqlerr.Near(name, near[0]) {
		err = err.WithHint("Did you mean %s?", near[0])
	}
	return err
}

// special binds the calls that are nodes of their own or need their
// arguments' text.
func (b *binder) special(s *site, e *ast.Func, name string) (expr.Expr, bool, error) {
	if e.Over != nil {
		return nil, false, nil
	}
	if l := b.sessionName(name); l != nil && len(e.Args) == 0 {
		return l, true, nil
	}
	switch name {
	case "grouping", "grouping_id":
		x, err := b.grouping(s, e, name)
		return x, true, err
	case "isnull", "isnotnull":
		if len(e.Args) == 1 {
			x, err := b.expr(s, e.Args[0])
			if err != nil {
				return nil, true, err
			}
			return negateIf(name == "isnotnull", &expr.IsNull{Arg: x}), true, nil
		}
	case "smallint", "tinyint", "int", "bigint", "float", "double", "decimal", "boolean", "string", "binary", "date", "timestamp", "time":
		if len(e.Args) == 1 && !isNamed(e.Args[0]) {
			c := &ast.Cast{Span: e.Span, X: e.Args[0], Type: ast.T(castFunctions[name])}
			x, err := b.cast(s, c)
			if _, column := c.X.(*ast.Column); !column { // Spark names the cast of a column after the column
				b.texts[e] = ast.ColumnName(c, b.textOf)
			}
			return x, true, err
		}
	case "not":
		if len(e.Args) == 1 {
			x, err := b.unary(s, &ast.Unary{Span: e.Span, Op: ast.OpNot, X: e.Args[0]})
			return x, true, err
		}
	}
	return nil, false, nil
}

// castFunctions are types that may be called: int(x) is CAST(x AS INT).
var castFunctions = map[string]types.Type{
	"tinyint": types.Int8Type, "smallint": types.Int16Type, "int": types.Int32Type, "bigint": types.Int64Type,
	"float": types.Float32Type, "double": types.Float64Type, "decimal": types.DecimalType(10, 0), "boolean": types.BoolType,
	"string": types.StringType, "binary": types.BinaryType, "date": types.DateType, "timestamp": types.TimestampType,
	"time": types.TimeType(types.MaxTimePrecision),
}

// sessionName is the value of a call that names part of the session.
func (b *binder) sessionName(name string) expr.Expr {
	c := b.env.Context
	var v string
	switch {
	case c == nil:
		return nil
	case name == "current_catalog":
		v = c.Catalog
	case name == "current_database", name == "current_schema":
		v = c.Database
	case name == "current_user", name == "user", name == "session_user":
		v = c.User
	default:
		return nil
	}
	return &expr.Literal{Value: v, T: types.StringType}
}

// arrange puts named arguments in their places by the parameter names of the
// function's documentation ("str[, upperChar, lowerChar]").
func (b *binder) arrange(e *ast.Func, def *function.Def) ([]ast.Expr, error) {
	named := false
	for _, a := range e.Args {
		if _, ok := a.(*ast.NamedArg); ok {
			named = true
		}
	}
	if !named {
		return e.Args, nil
	}
	params, required := parameterNames(def.Args)
	if len(params) == 0 {
		return nil, sqlerr.New(sqlerr.NamedParamsUnsupported, "Named parameters are not supported for function `%s`; please retry the query with positional arguments to the function call instead.", def.Name).At(e.Pos())
	}
	out := make([]ast.Expr, len(params))
	seenName := ""
	last := 0
	for i, a := range e.Args {
		na, ok := a.(*ast.NamedArg)
		if !ok {
			if seenName != "" {
				return nil, sqlerr.New(sqlerr.UnexpectedPositional, "Cannot invoke routine `%s` because it contains positional argument(s) following the named argument assigned to `%s`; please rearrange them.", def.Name, seenName).At(a.Pos())
			}
			if i >= len(params) {
				return e.Args, nil // the function reports the number
			}
			out[i], last = a, i+1
			continue
		}
		seenName = na.Name
		at := -1
		for j, p := range params {
			if strings.EqualFold(p, na.Name) {
				at = j
			}
		}
		switch {
		case at < 0:
			err := sqlerr.New(sqlerr.UnrecognizedParameter, "Cannot invoke routine `%s` because the routine call included a named argument reference for the argument named `%s`, but this routine does not include any signature containing an argument with this name.", def.Name, na.Name).At(a.Pos())
			if near := sqlerr.Nearest(na.Name, params, 1); len(near) > 0 {
				err = err.WithHint("Did you mean %s?", near[0])
			}
			return nil, err
		case out[at] != nil && at < i && !isNamed(e.Args[at]):
			return nil, sqlerr.New(sqlerr.PositionalAndNamed, "Call to routine `%s` is invalid because it includes multiple argument assignments to the same parameter name `%s`: a positional argument and a named argument both referred to it.", def.Name, na.Name).At(a.Pos())
		case out[at] != nil:
			return nil, sqlerr.New(sqlerr.DoubleNamedArgument, "Call to routine `%s` is invalid because it includes multiple argument assignments to the same parameter name `%s`.", def.Name, na.Name).At(a.Pos())
		}
		out[at], last = na.Value, max(last, at+1)
	}
	for i := range last {
		if out[i] != nil {
			continue
		}
		if i < required {
			return nil, sqlerr.New(sqlerr.RequiredParameter, "Cannot invoke routine `%s` because the parameter named `%s` is required, but the routine call did not supply a value.", def.Name, params[i]).At(e.Pos())
		}
		out[i] = defaultArg
		if v, ok := def.Defaults[params[i]]; ok {
			out[i] = &ast.Literal{Kind: ast.LitString, Text: v}
		}
	}
	return out[:last], nil
}

// defaultArg stands for an optional parameter that a later named argument
// skips and that has no default: functions with named parameters take NULL for "not given".
var defaultArg = &ast.Literal{Kind: ast.LitNull}

func isNamed(e ast.Expr) bool {
	_, ok := e.(*ast.NamedArg)
	return ok
}

// parameterNames reads "str, len[, pad]": names, and how many are required.
// Forms that are no plain list of names ("expr1, expr2, …") give none.
func parameterNames(args string) (names []string, required int) {
	head, _, _ := strings.Cut(args, "[")
	for _, p := range strings.Split(strings.NewReplacer("[", "", "]", "").Replace(args), ",") {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		for _, c := range p {
			if c != '_' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') {
				return nil, 0
			}
		}
		names = append(names, p)
	}
	for _, p := range strings.Split(head, ",") {
		if strings.TrimSpace(p) != "" {
			required++
		}
	}
	return names, required
}

// arguments binds the arguments of a call; * stands for all columns. Lambdas
// are left as nil for callDef.
func (b *binder) arguments(s *site, args []ast.Expr) ([]expr.Expr, error) {
	out := make([]expr.Expr, 0, len(args))
	for _, a := range args {
		switch a := a.(type) {
		case *ast.Lambda:
			out = append(out, nil)
		case *ast.Star:
			items, err := b.star(s, a)
			if err != nil {
				return nil, err
			}
			for _, it := range items {
				out = append(out, it.expr)
			}
		default:
			x, err := b.expr(s, a)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// call calls a built-in by name on bound arguments.
func (b *binder) call(name string, args []expr.Expr, pos int) (expr.Expr, error) {
	def := b.env.Functions.Lookup(name)
	if def == nil {
		return nil, b.noRoutine([]string{name}, pos)
	}
	return b.callDef(nil, def, name, args, nil, pos)
}

// callDef resolves the overload of a scalar call and casts its arguments.
// Where args is nil, surface holds the lambda.
func (b *binder) callDef(s *site, def *function.Def, name string, args []expr.Expr, surface []ast.Expr, pos int) (expr.Expr, error) {
	ov, err := b.overload(s, def, name, args, surface, pos, false)
	if err != nil {
		return nil, err
	}
	if ov.Rewrite != nil {
		args = b.convert(args, ov.Params)
		x, err := b.rewritten(ov, args)
		if err != nil {
			return nil, sqlerr.At(err, pos)
		}
		return b.placed(x, args), nil
	}
	c := &expr.Call{Func: def.Name, Args: b.convert(args, ov.Params), T: ov.Result, Pos: b.at(pos)}
	c.Null = resultNull(ov, c.Args)
	return c, nil
}

// overload resolves a call. Lambdas in it are bound first, once the function
// has said what their parameters are.
func (b *binder) overload(s *site, def *function.Def, name string, args []expr.Expr, surface []ast.Expr, pos int, distinct bool) (*function.Overload, error) {
	c := &function.Call{Name: name, Args: args, ANSI: b.ansi, Distinct: distinct, TimeZone: settings.TimeZone(b.set), Setting: b.set.Get, Fold: b.argument}
	b.unsteady = b.unsteady || def.Volatility != function.Immutable
	lambdas := false
	for i, a := range args {
		if a == nil {
			lambdas = true
			args[i] = pendingLambda(surface[i].(*ast.Lambda))
		}
	}
	ov, err := b.resolveCall(def, c)
	if err != nil {
		return nil, sqlerr.At(err, pos)
	}
	if !lambdas {
		return ov, nil
	}
	if ov.Lambda == nil {
		return nil, sqlerr.New(sqlerr.InvalidLambdaCall, "A lambda function should only be used in a higher order function. However, its class is %s, which is not a higher order function.", name).At(pos)
	}
	ts := c.Types()
	for i, p := range ov.Params {
		if _, ok := args[i].(*expr.Lambda); !ok && p.Kind != types.Null {
			ts[i] = p
		}
	}
	for i := range args {
		if _, ok := args[i].(*expr.Lambda); !ok {
			continue
		}
		l, err := b.lambda(s, surface[i].(*ast.Lambda), ov.Lambda(i, ts))
		if err != nil {
			return nil, err
		}
		args[i] = l
		ts[i] = l.Type()
	}
	ov, err = b.resolveCall(def, c)
	return ov, sqlerr.At(err, pos)
}

// pendingLambda stands for a lambda whose parameters have no types yet.
func pendingLambda(l *ast.Lambda) *expr.Lambda {
	p := &expr.Lambda{Body: expr.NullOf(types.NullType)}
	for _, n := range l.Params {
		p.Params = append(p.Params, expr.LambdaVar{Name: n, Null: true})
	}
	return p
}

// lambda binds the body of a lambda with parameters of the given types.
func (b *binder) lambda(s *site, l *ast.Lambda, params []types.Field) (*expr.Lambda, error) {
	if len(l.Params) > len(params) || len(l.Params) == 0 {
		return nil, sqlerr.New(sqlerr.InvalidLambdaArgs, "A higher order function expects %d arguments, but got %d.", len(params), len(l.Params)).At(l.Pos())
	}
	out := &expr.Lambda{}
	for i, n := range l.Params {
		for _, m := range l.Params[:i] {
			if b.same(n, m) {
				return nil, sqlerr.New(sqlerr.InvalidLambdaNames, "The lambda function has duplicate arguments %s.", strings.Join(l.Params, ", ")).At(l.Pos())
			}
		}
		b.lastLambda++
		out.Params = append(out.Params, expr.LambdaVar{ID: b.lastLambda, Name: n, T: params[i].Type, Null: params[i].Nullable})
	}
	inner := s.within(func(s *site) { s.lambda = &lambdaScope{parent: s.lambda, vars: out.Params} })
	var err error
	out.Body, err = b.expr(inner, l.Body)
	return out, err
}

// convert casts arguments to the parameters of an overload.
func (b *binder) convert(args []expr.Expr, params []types.Type) []expr.Expr {
	out := make([]expr.Expr, len(args))
	for i, a := range args {
		if _, ok := a.(*expr.Lambda); !ok && i < len(params) {
			a = b.implicit(a, params[i])
		}
		out[i] = a
	}
	return out
}

func resultNull(ov *function.Overload, args []expr.Expr) bool {
	switch {
	case ov.NotNull:
		return false
	case ov.Nulls != function.NullIn:
		return true
	}
	for _, a := range args {
		if a.Nullable() {
			return true
		}
	}
	return false
}
