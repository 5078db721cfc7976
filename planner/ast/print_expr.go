package ast

import (
	"fmt"
	"strconv"
	"strings"
)

func (p *printer) expr(e Expr) {
	if p.hook != nil {
		if s, ok := p.hook(e); ok {
			p.put(s)
			return
		}
	}
	switch e := e.(type) {
	case *Literal:
		p.literal(e)
	case *Interval:
		p.interval(e)
	case *Column:
		if p.names {
			p.put(e.Name.Last())
		} else {
			p.name(e.Name)
		}
	case *Star:
		p.star(e)
	case *Param:
		switch {
		case e.Name != "":
			p.put(":", e.Name)
		case e.Numbered:
			p.put("$", strconv.Itoa(e.Index+1))
		default:
			p.put("?")
		}
	case *Unary:
		p.unary(e)
	case *Binary:
		p.binary(e)
	case *Case:
		p.caseExpr(e)
	case *Cast:
		if e.Try {
			p.put("TRY_")
		}
		p.put("CAST(")
		p.expr(e.X)
		p.put(" AS ")
		p.typeName(e.Type)
		p.put(")")
	case *Func:
		p.call(e)
	default:
		if !p.predicate(e) {
			p.form(e)
		}
	}
}

// predicate writes the nodes that test something.
func (p *printer) predicate(e Expr) bool {
	switch e := e.(type) {
	case *IsNull:
		p.put("(")
		p.expr(e.X)
		p.put(" IS ")
		if e.Not {
			p.put("NOT ")
		}
		if e.Unknown && !p.names {
			p.put("UNKNOWN)")
		} else {
			p.put("NULL)")
		}
	case *Between:
		if p.names {
			p.put("between(")
			p.exprs([]Expr{e.X, e.Lo, e.Hi})
		} else {
			p.put("(")
			p.expr(e.X)
			p.put(" BETWEEN ")
			p.expr(e.Lo)
			p.put(" AND ")
			p.expr(e.Hi)
		}
		p.put(")")
	case *In:
		p.put("(")
		p.expr(e.X)
		p.put(" IN (")
		p.exprs(e.List)
		p.put("))")
	case *InQuery:
		p.put("(")
		p.expr(e.X)
		p.put(" IN (")
		if p.names {
			p.put("listquery()")
		} else {
			p.query(e.Query)
		}
		p.put("))")
	case *LikeExpr:
		p.like(e)
	case *LikeMany:
		p.put("(")
		p.expr(e.X)
		if e.Not {
			p.put(" NOT")
		}
		p.put(" ", e.Kind.String())
		if e.All {
			p.put(" ALL (")
		} else {
			p.put(" ANY (")
		}
		p.exprs(e.Patterns)
		p.put("))")
	case *Exists:
		if p.names {
			p.put("exists()")
		} else {
			p.put("EXISTS (")
			p.query(e.Query)
			p.put(")")
		}
	default:
		return false
	}
	return true
}

// form writes the remaining nodes: accessors and the forms with words of their own.
func (p *printer) form(e Expr) {
	switch e := e.(type) {
	case *NamedArg:
		p.ident(e.Name)
		p.put(" => ")
		p.expr(e.Value)
	case *TableArg:
		p.put("TABLE (")
		p.query(e.Query)
		p.put(")")
	case *Lambda:
		p.lambda(e)
	case *Extract:
		if p.names {
			p.put("extract(", e.Field, " FROM ")
		} else {
			p.put("EXTRACT(", e.Field, " FROM ")
		}
		p.expr(e.X)
		p.put(")")
	case *Trim:
		if p.names && e.Chars == nil {
			p.put([...]string{"trim(", "ltrim(", "rtrim("}[e.Side])
			p.expr(e.X)
			p.put(")")
			return
		}
		p.put("TRIM(", e.Side.String(), " ")
		if e.Chars != nil {
			p.expr(e.Chars)
			p.put(" ")
		}
		p.put("FROM ")
		p.expr(e.X)
		p.put(")")
	case *Subscript:
		p.primary(e.X)
		p.put("[")
		p.expr(e.Index)
		p.put("]")
	case *FieldAccess:
		if _, ok := e.X.(*Column); ok && !p.names {
			p.put("(")
			p.expr(e.X)
			p.put(")")
		} else {
			p.primary(e.X)
		}
		p.put(".")
		if p.names {
			p.put(e.Field)
		} else {
			p.ident(e.Field)
		}
	case *Row:
		p.row(e)
	case *Subquery:
		if p.names {
			p.put("scalarsubquery()")
		} else {
			p.put("(")
			p.query(e.Query)
			p.put(")")
		}
	default:
		panic(fmt.Sprintf("ast: no way to print %T", e))
	}
}

// primary writes e so that a [ or . may follow it.
func (p *printer) primary(e Expr) {
	switch e.(type) {
	case *Literal, *Interval, *Lambda:
		if !p.names {
			p.put("(")
			p.expr(e)
			p.put(")")
			return
		}
	}
	p.expr(e)
}

func (p *printer) star(e *Star) {
	for _, q := range e.Qualifier {
		p.ident(q)
		p.put(".")
	}
	p.put("*")
	if len(e.Except) > 0 {
		p.put(" EXCEPT (")
		p.namesOf(e.Except)
		p.put(")")
	}
	if len(e.Replace) > 0 {
		p.put(" REPLACE (")
		p.items(e.Replace)
		p.put(")")
	}
}

func (p *printer) unary(e *Unary) {
	if e.Op == OpBitNot && p.names {
		p.put("~")
		p.expr(e.X)
		return
	}
	p.put([...]string{"(NOT ", "(- ", "(+ ", "(~ "}[e.Op])
	if lit, ok := e.X.(*Literal); ok && !p.names && e.Op == OpNeg && lit.Kind >= LitInt && lit.Kind <= LitDecimal {
		p.put("(") // or the sign would become a part of the number
		p.expr(e.X)
		p.put(")")
	} else {
		p.expr(e.X)
	}
	p.put(")")
}

func (p *printer) binary(e *Binary) {
	open, op, end := "(", " "+e.Op.String()+" ", ")"
	if p.names {
		switch e.Op {
		case OpConcat:
			open, op = "concat(", ", "
		case OpNotEq:
			open, op, end = "(NOT (", " = ", "))"
		}
	}
	p.put(open)
	p.expr(e.L)
	p.put(op)
	p.expr(e.R)
	p.put(end)
}

func (p *printer) like(e *LikeExpr) {
	if p.names && e.Kind != Like {
		p.put([...]string{ILike: "ilike", RLike: "RLIKE"}[e.Kind], "(")
		p.exprs([]Expr{e.X, e.Pattern})
		if e.Escape != "" {
			p.put(", ", e.Escape)
		}
		p.put(")")
		return
	}
	if !p.names {
		p.put("(")
	}
	p.expr(e.X)
	p.put(" ", e.Kind.String(), " ")
	p.expr(e.Pattern)
	if e.Escape != "" {
		p.put(" ESCAPE ", QuoteString(e.Escape))
	}
	if !p.names {
		p.put(")")
	}
}

func (p *printer) caseExpr(e *Case) {
	p.put("CASE")
	if e.Operand != nil && !p.names {
		p.put(" ")
		p.expr(e.Operand)
	}
	for _, w := range e.Whens {
		p.put(" WHEN ")
		if e.Operand != nil && p.names {
			p.binary(&Binary{Op: OpEq, L: e.Operand, R: w.Cond})
		} else {
			p.expr(w.Cond)
		}
		p.put(" THEN ")
		p.expr(w.Then)
	}
	if e.Else != nil {
		p.put(" ELSE ")
		p.expr(e.Else)
	}
	p.put(" END")
}

func (p *printer) lambda(e *Lambda) {
	if !p.names {
		p.put("(")
		p.idents(e.Params)
		p.put(") -> ")
		p.expr(e.Body)
		return
	}
	const variable = "namedlambdavariable()"
	hook := p.hook
	p.hook = func(x Expr) (string, bool) {
		if c, ok := x.(*Column); ok && len(c.Name.Parts) > 0 {
			for _, param := range e.Params {
				if strings.EqualFold(param, c.Name.Parts[0]) {
					return variable + strings.Join(append([]string{""}, c.Name.Parts[1:]...), "."), true
				}
			}
		}
		if hook != nil {
			return hook(x)
		}
		return "", false
	}
	p.put("lambdafunction(")
	p.expr(e.Body)
	p.hook = hook
	for range e.Params {
		p.put(", ", variable)
	}
	p.put(")")
}

func (p *printer) row(e *Row) {
	if !p.names {
		p.put("(")
		p.items(e.Items)
		p.put(")")
		return
	}
	p.put("named_struct(")
	for i, it := range e.Items {
		if i > 0 {
			p.put(", ")
		}
		switch c, ok := it.Expr.(*Column); {
		case it.Alias != "":
			p.put(it.Alias)
		case ok:
			p.put(c.Name.Last())
		default:
			p.put("col", strconv.Itoa(i+1))
		}
		p.put(", ")
		p.expr(it.Expr)
	}
	p.put(")")
}

// UnitArgument reports whether the first argument of a three-argument call of
// the function is a unit such as MONTH without quotes. The tree holds the unit
// as a string literal.
func UnitArgument(function string) bool {
	switch strings.ToLower(function) {
	case "timestampadd", "timestampdiff", "timediff", "dateadd", "date_add", "datediff", "date_diff":
		return true
	}
	return false
}

func (p *printer) call(e *Func) {
	lower := strings.ToLower(e.Name.Last())
	switch {
	case !p.names:
		p.name(e.Name)
	case p.specialName(lower, e):
		return
	default:
		p.put(callName(lower, len(e.Args)))
	}
	p.put("(")
	if e.Distinct {
		p.put("DISTINCT ")
	}
	for i, a := range e.Args {
		if i > 0 {
			p.put(", ")
		}
		if lit, ok := a.(*Literal); ok && i == 0 && len(e.Args) == 3 && lit.Kind == LitString && UnitArgument(e.Name.Last()) {
			p.put(lit.Text)
			continue
		}
		if s, ok := a.(*Star); ok && p.names && len(s.Qualifier) == 0 && lower == "count" && !e.Distinct {
			p.put("1")
			continue
		}
		p.expr(a)
	}
	if more, ok := defaultArgs()[lower][len(e.Args)]; ok && p.names {
		p.put(", ", more)
	}
	p.put(")")
	if len(e.WithinGroup) > 0 {
		p.put(" WITHIN GROUP (ORDER BY ")
		p.sortItems(e.WithinGroup)
		p.put(")")
	}
	if e.Filter != nil {
		p.put(" FILTER (WHERE ")
		p.expr(e.Filter)
		p.put(")")
	}
	switch {
	case e.IgnoreNulls && p.names:
		p.put(" ignore nulls")
	case e.IgnoreNulls:
		p.put(" IGNORE NULLS")
	case e.RespectNulls && !p.names:
		p.put(" RESPECT NULLS")
	}
	if e.Over != nil {
		p.put(" OVER ")
		p.window(e.Over, lower)
	}
}

func (p *printer) sortItems(xs []SortItem) {
	list(p, xs, func(s SortItem) {
		if s.X == nil {
			p.put("ALL")
		} else {
			p.expr(s.X)
		}
		if s.Desc {
			p.put(" DESC")
		} else if p.names {
			p.put(" ASC")
		}
		switch first := s.Nulls == NullsFirst; {
		case s.Nulls == NullsDefault && !p.names:
		case first || s.Nulls == NullsDefault && !s.Desc:
			p.put(" NULLS FIRST")
		default:
			p.put(" NULLS LAST")
		}
	})
}

// rankLike are the functions whose frame is ROWS up to the current row when
// none is given.
var rankLike = map[string]bool{"row_number": true, "rank": true, "dense_rank": true, "percent_rank": true, "ntile": true}

// window writes a window; in names it shows the frame that function has by default.
func (p *printer) window(w *Window, function string) {
	if w.Name != "" {
		p.ident(w.Name)
		return
	}
	sep := ""
	p.put("(")
	if len(w.PartitionBy) > 0 {
		p.put("PARTITION BY ")
		p.exprs(w.PartitionBy)
		sep = " "
	}
	if len(w.OrderBy) > 0 {
		p.put(sep, "ORDER BY ")
		p.sortItems(w.OrderBy)
		sep = " "
	}
	switch {
	case w.Frame != nil:
		p.put(sep)
		p.frame(w.Frame)
	case !p.names:
	case function == "lag":
		p.put(sep, "ROWS BETWEEN -1 FOLLOWING AND -1 FOLLOWING")
	case function == "lead":
		p.put(sep, "ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING")
	case rankLike[function]:
		p.put(sep, "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")
	case len(w.OrderBy) > 0:
		p.put(sep, "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")
	default:
		p.put(sep, "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
	}
	p.put(")")
}

func (p *printer) frame(f *Frame) {
	if f.Rows {
		p.put("ROWS BETWEEN ")
	} else {
		p.put("RANGE BETWEEN ")
	}
	p.bound(f.Start)
	p.put(" AND ")
	p.bound(f.Stop)
}

func (p *printer) bound(b Bound) {
	if b.Offset != nil {
		p.expr(b.Offset)
		p.put(" ")
	}
	p.put([...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}[b.Kind])
}
