package expr

import (
	"fmt"
	"strings"
)

// String writes e as SQL on one line, columns by name. It reads as the
// expression means: operators bind as written, functions have their canonical
// names, implicit casts are left out.
func String(e Expr) string {
	p := printer{}
	p.expr(e, lowest)
	return p.b.String()
}

// StringIDs is String with columns as name#id, which tells columns of one name apart.
func StringIDs(e Expr) string {
	p := printer{ids: true}
	p.expr(e, lowest)
	return p.b.String()
}

// KeyString writes a sort key; NULLS is shown where it is not the default (first for ascending keys).
func KeyString(k SortKey, ids bool) string {
	p := printer{ids: ids}
	p.key(k)
	return p.b.String()
}

type printer struct {
	b   strings.Builder
	ids bool
}

// Binding strengths: an operand is put in parentheses if it binds less than its place demands.
const (
	lowest = iota
	orLevel
	andLevel
	notLevel
	compareLevel
	bitOrLevel
	bitXorLevel
	bitAndLevel
	shiftLevel
	addLevel
	mulLevel
	unaryLevel
)

var infix = map[string]int{
	"+": addLevel, "-": addLevel, "*": mulLevel, "/": mulLevel, "%": mulLevel, "div": mulLevel, "||": addLevel,
	"|": bitOrLevel, "^": bitXorLevel, "&": bitAndLevel, "<<": shiftLevel, ">>": shiftLevel, ">>>": shiftLevel,
	"like": compareLevel, "ilike": compareLevel, "rlike": compareLevel,
}

func (p *printer) put(ss ...string) {
	for _, s := range ss {
		p.b.WriteString(s)
	}
}

// open writes a parenthesis if an operator of strength own stands where at is demanded.
func (p *printer) open(own, at int) func() {
	if own < at {
		p.put("(")
		return func() { p.put(")") }
	}
	return func() {}
}

func (p *printer) list(es []Expr) {
	for i, e := range es {
		if i > 0 {
			p.put(", ")
		}
		p.expr(e, lowest)
	}
}

func (p *printer) joined(es []Expr, sep string, own, at int) {
	defer p.open(own, at)()
	for i, e := range es {
		if i > 0 {
			p.put(sep)
		}
		p.expr(e, own+1)
	}
}

func (p *printer) expr(e Expr, at int) {
	switch e := e.(type) {
	case nil:
		p.put("NULL")
	case *Column:
		p.put(Ident(e.Name))
		if p.ids {
			fmt.Fprintf(&p.b, "#%d", e.ID)
		}
	case *Ref:
		if e.Name == "" {
			fmt.Fprintf(&p.b, "`$%d`", e.Index)
		} else {
			p.put(Ident(e.Name))
		}
	case *Literal:
		p.put(LiteralSQL(e.Value, e.T))
	case *Param:
		p.put(":", e.Name)
	case *Compare:
		defer p.open(compareLevel, at)()
		p.expr(e.Left, compareLevel+1)
		p.put(" ", e.Op.String(), " ")
		p.expr(e.Right, compareLevel+1)
	case *And:
		p.joined(e.Args, " AND ", andLevel, at)
	case *Or:
		p.joined(e.Args, " OR ", orLevel, at)
	case *Not:
		p.not(e, at)
	case *IsNull:
		defer p.open(compareLevel, at)()
		p.expr(e.Arg, compareLevel+1)
		p.put(" IS NULL")
	case *In:
		p.in(e, false, at)
	case *Cast:
		p.cast(e, at)
	case *Case:
		p.caseWhen(e)
	case *Call:
		p.call(e, at)
	case *Lambda:
		p.put("(")
		for i, v := range e.Params {
			if i > 0 {
				p.put(", ")
			}
			p.put(Ident(v.Name))
		}
		p.put(") -> ")
		p.expr(e.Body, lowest)
	case *LambdaVar:
		p.put(Ident(e.Name))
	case *Agg:
		p.agg(e)
	case *WindowCall:
		p.window(e)
	case *ScalarSubquery:
		p.put("(<subquery>)")
	case *Exists:
		p.put("EXISTS (<subquery>)")
	case *InSubquery:
		defer p.open(compareLevel, at)()
		p.put("(")
		p.list(e.Args)
		p.put(") IN (<subquery>)")
	default:
		panic(fmt.Sprintf("expr: no way to print %T", e))
	}
}

func (p *printer) not(e *Not, at int) {
	switch a := e.Arg.(type) {
	case *IsNull:
		defer p.open(compareLevel, at)()
		p.expr(a.Arg, compareLevel+1)
		p.put(" IS NOT NULL")
	case *In:
		p.in(a, true, at)
	default:
		defer p.open(notLevel, at)()
		p.put("NOT ")
		p.expr(e.Arg, notLevel+1)
	}
}

func (p *printer) in(e *In, not bool, at int) {
	defer p.open(compareLevel, at)()
	p.expr(e.Arg, compareLevel+1)
	if not {
		p.put(" NOT")
	}
	p.put(" IN (")
	p.list(e.List)
	p.put(")")
}

func (p *printer) cast(e *Cast, at int) {
	if e.Implicit {
		p.expr(e.Arg, at)
		return
	}
	if e.Mode == CastTry {
		p.put("TRY_")
	}
	p.put("CAST(")
	p.expr(e.Arg, lowest)
	p.put(" AS ", e.To.SQL(), ")")
}

func (p *printer) caseWhen(e *Case) {
	p.put("CASE")
	for _, w := range e.Whens {
		p.put(" WHEN ")
		p.expr(w.Cond, lowest)
		p.put(" THEN ")
		p.expr(w.Then, lowest)
	}
	if e.Else != nil {
		p.put(" ELSE ")
		p.expr(e.Else, lowest)
	}
	p.put(" END")
}

func (p *printer) call(e *Call, at int) {
	if own, ok := infix[e.Func]; ok && len(e.Args) == 2 {
		defer p.open(own, at)()
		p.expr(e.Args[0], own)
		p.put(" ", strings.ToUpper(e.Func), " ")
		p.expr(e.Args[1], own+1)
		return
	}
	if (e.Func == "-" || e.Func == "~" || e.Func == "negative") && len(e.Args) == 1 {
		op := e.Func
		if op == "negative" {
			op = "-"
		}
		defer p.open(unaryLevel, at)()
		p.put(op)
		if op == "-" {
			p.put(" ")
		}
		p.expr(e.Args[0], unaryLevel+1)
		return
	}
	p.put(Ident(e.Func), "(")
	p.list(e.Args)
	p.put(")")
}

func (p *printer) agg(e *Agg) {
	p.put(Ident(e.Func), "(")
	if e.Distinct {
		p.put("DISTINCT ")
	}
	if len(e.Args) == 0 && e.Func == "count" {
		p.put("*")
	}
	p.list(e.Args)
	p.put(")")
	if len(e.Order) > 0 {
		p.put(" WITHIN GROUP (ORDER BY ")
		p.keys(e.Order)
		p.put(")")
	}
	if e.Filter != nil {
		p.put(" FILTER (WHERE ")
		p.expr(e.Filter, lowest)
		p.put(")")
	}
	if e.IgnoreNulls {
		p.put(" IGNORE NULLS")
	}
}

func (p *printer) key(k SortKey) {
	p.expr(k.Expr, lowest)
	if k.Desc {
		p.put(" DESC")
	}
	switch {
	case k.NullsFirst && k.Desc:
		p.put(" NULLS FIRST")
	case !k.NullsFirst && !k.Desc:
		p.put(" NULLS LAST")
	}
}

func (p *printer) keys(ks []SortKey) {
	for i, k := range ks {
		if i > 0 {
			p.put(", ")
		}
		p.key(k)
	}
}

var boundNames = [...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}

func (p *printer) bound(b Bound) {
	if b.Offset != nil {
		p.expr(b.Offset, addLevel)
		p.put(" ")
	}
	p.put(boundNames[b.Kind])
}

func (p *printer) window(e *WindowCall) {
	p.agg(e.Agg)
	p.put(" OVER (")
	sep := ""
	if len(e.Partition) > 0 {
		p.put("PARTITION BY ")
		p.list(e.Partition)
		sep = " "
	}
	if len(e.Order) > 0 {
		p.put(sep, "ORDER BY ")
		p.keys(e.Order)
		sep = " "
	}
	p.put(sep, [...]string{"ROWS", "RANGE"}[e.Frame.Unit], " BETWEEN ")
	p.bound(e.Frame.Start)
	p.put(" AND ")
	p.bound(e.Frame.End)
	p.put(")")
}

// Ident quotes a name with back quotes unless it is a plain identifier.
func Ident(s string) string {
	plain := s != ""
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return "`" + strings.ReplaceAll(s, "`", "``") + "`"
}
