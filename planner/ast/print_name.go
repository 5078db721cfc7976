package ast

import (
	"strings"
	"sync"
)

// upperCalls are the functions Spark names in upper case.
var upperCalls = wordSet(`acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot csc degrees dense_rank exp expm1 floor hypot
log log10 log1p log2 percent_rank pi power radians rank regexp regexp_like rlike sec signum sin sinh spark_partition_id sqrt tan tanh`)

// castCalls are the functions named after types. They are casts nobody asked
// for by that name, which Spark leaves out of names.
var castCalls = wordSet(`boolean tinyint smallint int bigint float double decimal date timestamp binary string`)

// defaultArgs are the arguments Spark fills in and shows, by function and
// number of arguments given.
var defaultArgs = sync.OnceValue(func() map[string]map[int]string {
	return map[string]map[int]string{
		"lag": {1: "1, NULL", 2: "NULL"}, "lead": {1: "1, NULL", 2: "NULL"}, "split": {2: "-1"},
		"substring": {2: "2147483647"}, "substr": {2: "2147483647"}, "locate": {2: "1"}, "position": {2: "1"}, "overlay": {3: "-1"},
		"round": {1: "0"}, "bround": {1: "0"}, "replace": {2: ""}, "listagg": {1: "NULL"}, "string_agg": {1: "NULL"}, "regexp_replace": {3: "1"},
		"regexp_extract": {2: "1"}, "regexp_extract_all": {2: "1"}, "regexp_instr": {2: "0"}, "percentile": {2: "1"},
		"approx_percentile": {2: "10000"}, "percentile_approx": {2: "10000"}, "make_ym_interval": {0: "0, 0", 1: "0"},
		"make_dt_interval": {0: "0, 0, 0, 0.000000", 1: "0, 0, 0.000000", 2: "0, 0.000000", 3: "0.000000"},
		"months_between":   {2: "true"}, "lpad": {2: " "}, "rpad": {2: " "}, "str_to_map": {1: ",, :", 2: ":"},
	}
})

// specialName writes the calls whose column name does not look like a call, and
// reports whether e is one.
func (p *printer) specialName(name string, e *Func) bool {
	switch n := len(e.Args); {
	case name == "if" && n == 3:
		p.put("(IF(")
		p.exprs(e.Args)
		p.put("))")
	case name == "isnull" && n == 1, name == "isnotnull" && n == 1:
		p.predicate(&IsNull{X: e.Args[0], Not: name == "isnotnull"})
	case name == "positive" && n == 1:
		p.unary(&Unary{Op: OpPos, X: e.Args[0]})
	case name == "like" && n == 2:
		p.like(&LikeExpr{X: e.Args[0], Pattern: e.Args[1]})
	case name == "trim" && n == 2:
		p.form(&Trim{Chars: e.Args[0], X: e.Args[1]})
	case (name == "extract" || name == "datepart") && n == 2:
		p.put(name, "(")
		p.expr(e.Args[0])
		p.put(" FROM ")
		p.expr(e.Args[1])
		p.put(")")
	case name == "div" && n == 2:
		p.binary(&Binary{Op: OpIntDiv, L: e.Args[0], R: e.Args[1]})
	case castCalls()[name] && n == 1:
		p.expr(e.Args[0])
	default:
		return false
	}
	return true
}

// callName is the name of a function in a column name.
func callName(name string, args int) string {
	if upperCalls()[name] && !((name == "ceil" || name == "floor") && args > 1) {
		return strings.ToUpper(name)
	}
	return name
}
