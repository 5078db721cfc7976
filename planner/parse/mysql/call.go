package mysql

import (
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/volley-sql/volley/planner/ast"
)

// renamed are MySQL's functions that Spark calls otherwise and that take the
// same arguments.
var renamed = map[string]string{
	"database": "current_database", "schema": "current_database", "length": "octet_length", "curdate": "current_date",
	"current_date": "current_date", "now": "current_timestamp", "sysdate": "current_timestamp", "localtime": "current_timestamp",
	"utc_timestamp": "current_timestamp", "character_length": "char_length", "std": "stddev_pop", "stddev": "stddev_pop", "variance": "var_pop",
	"adddate": "date_add", "subdate": "date_sub", "dayofmonth": "day", "json_length": "json_array_length",
}

func (t *translator) call(e *sqlparser.FuncExpr) ast.Expr {
	name := e.Name.Lowered()
	f := &ast.Func{Name: ast.N(name), Distinct: e.Distinct}
	if q := e.Qualifier.String(); q != "" {
		f.Name.Parts = []string{q, e.Name.String()}
	} else if r, ok := renamed[name]; ok {
		f.Name = ast.N(r)
	}
	for _, a := range e.Exprs {
		switch a := a.(type) {
		case *sqlparser.AliasedExpr:
			f.Args = append(f.Args, t.expr(a.Expr))
		case *sqlparser.StarExpr:
			f.Args = append(f.Args, t.star(a))
		default:
			t.fail("the arguments of %s", name)
		}
	}
	return t.special(name, f)
}

// special rewrites the calls whose meaning or arguments differ.
func (t *translator) special(name string, f *ast.Func) ast.Expr {
	switch {
	case name == "mod" && len(f.Args) == 2:
		return ast.Bin(ast.OpMod, f.Args[0], divisor(f.Args[1]))
	case (name == "date_add" || name == "adddate" || name == "date_sub" || name == "subdate") && len(f.Args) == 2:
		if !interval(f.Args[1]) {
			return f
		}
		if strings.HasPrefix(name, "sub") || name == "date_sub" {
			return ast.Bin(ast.OpSub, f.Args[0], f.Args[1])
		}
		return ast.Bin(ast.OpAdd, f.Args[0], f.Args[1])
	case name == "date_format" && len(f.Args) == 2:
		lit, ok := f.Args[1].(*ast.Literal)
		if !ok || lit.Kind != ast.LitString {
			t.fail("DATE_FORMAT with a pattern that is not a literal")
		}
		f.Args[1] = ast.Str(t.datePattern(lit.Text))
	}
	return f
}

func interval(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Interval:
		return true
	case *ast.Func:
		return strings.HasPrefix(e.Name.Last(), "make_") && strings.HasSuffix(e.Name.Last(), "_interval")
	}
	return false
}

// dateLetters maps the specifiers of MySQL's DATE_FORMAT to Spark's patterns.
var dateLetters = map[byte]string{
	'Y': "yyyy", 'y': "yy", 'm': "MM", 'c': "M", 'd': "dd", 'e': "d", 'H': "HH", 'k': "H", 'h': "hh", 'I': "hh", 'l': "h", 'i': "mm",
	's': "ss", 'S': "ss", 'f': "SSSSSS", 'p': "a", 'M': "MMMM", 'b': "MMM", 'W': "EEEE", 'a': "EEE", 'j': "DDD", 'T': "HH:mm:ss", 'r': "hh:mm:ss a", '%': "%",
}

// datePattern rewrites a DATE_FORMAT pattern; letters that stand for
// themselves come in quotes.
func (t *translator) datePattern(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && i+1 < len(s):
			i++
			p, ok := dateLetters[s[i]]
			if !ok {
				t.fail("%%%c in DATE_FORMAT", s[i])
			}
			b.WriteString(p)
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			b.WriteString("'" + string(c) + "'")
		case c == '\'':
			b.WriteString("''")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// groupConcat translates GROUP_CONCAT to listagg.
func (t *translator) groupConcat(e *sqlparser.GroupConcatExpr) ast.Expr {
	var args []ast.Expr
	for _, a := range e.Exprs {
		x, ok := a.(*sqlparser.AliasedExpr)
		if !ok {
			t.fail("GROUP_CONCAT(*)")
		}
		args = append(args, t.expr(x.Expr))
	}
	x := args[0]
	if len(args) > 1 {
		x = ast.Call("concat", args...)
	} else {
		x = &ast.Cast{X: x, Type: stringType}
	}
	f := ast.Call("listagg", x, ast.Str(separator(e.Separator)))
	f.Distinct = e.Distinct != ""
	f.WithinGroup = t.orderBy(e.OrderBy)
	return f
}

// separator takes the quotes and the word off sqlparser's text of a SEPARATOR.
func separator(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "separator ")
	if s == "" {
		return ","
	}
	if len(s) >= 2 && s[0] == '\'' {
		s = s[1 : len(s)-1]
	}
	return s
}

// unitFunctions say how to make an interval of n units when n is no literal.
var unitFunctions = map[string]func(n ast.Expr) ast.Expr{
	"year":   func(n ast.Expr) ast.Expr { return ast.Call("make_ym_interval", n) },
	"month":  func(n ast.Expr) ast.Expr { return ast.Call("make_ym_interval", zero(), n) },
	"day":    func(n ast.Expr) ast.Expr { return ast.Call("make_dt_interval", n) },
	"hour":   func(n ast.Expr) ast.Expr { return ast.Call("make_dt_interval", zero(), n) },
	"minute": func(n ast.Expr) ast.Expr { return ast.Call("make_dt_interval", zero(), zero(), n) },
	"second": func(n ast.Expr) ast.Expr { return ast.Call("make_dt_interval", zero(), zero(), zero(), n) },
}

func zero() ast.Expr { return &ast.Literal{Kind: ast.LitInt, Text: "0"} }

// interval translates INTERVAL n unit.
func (t *translator) interval(e *sqlparser.IntervalExpr) ast.Expr {
	unit := strings.ToLower(e.Unit)
	n := t.expr(e.Expr)
	lit, literal := n.(*ast.Literal)
	literal = literal && (lit.Kind == ast.LitInt || lit.Kind == ast.LitString || lit.Kind == ast.LitDecimal)
	if unit == "quarter" || !literal {
		if unit == "quarter" {
			unit, n = "month", ast.Bin(ast.OpMul, n, &ast.Literal{Kind: ast.LitInt, Text: "3"})
		}
		if unit == "week" {
			unit, n = "day", ast.Bin(ast.OpMul, n, &ast.Literal{Kind: ast.LitInt, Text: "7"})
		}
		build, ok := unitFunctions[unit]
		if !ok {
			t.fail("INTERVAL with the unit %s", strconv.Quote(e.Unit))
		}
		return build(n)
	}
	u := ast.ParseUnit(unit)
	if u == ast.UnitNone {
		t.fail("INTERVAL with the unit %s", strconv.Quote(e.Unit))
	}
	i := &ast.Interval{Parts: []ast.IntervalPart{{Value: lit.Text, Unit: u}}}
	if _, _, err := i.Value(); err != nil {
		panic(err)
	}
	return i
}
