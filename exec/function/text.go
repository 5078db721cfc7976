package function

import (
	"fmt"
	"strings"

	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// CallText is a call as error messages show it: "upper(a)", "(a + 1)".
func CallText(name string, args []expr.Expr) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = Text(a)
	}
	symbol := name != "" && !(name[0] >= 'a' && name[0] <= 'z' || name[0] == '_') || name == "div"
	switch {
	case symbol && len(parts) == 2:
		return "(" + parts[0] + " " + name + " " + parts[1] + ")"
	case symbol && len(parts) == 1:
		return "(" + name + " " + parts[0] + ")"
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

// Text is an expression as error messages show it. Implicit casts are left out.
func Text(e expr.Expr) string {
	switch e := e.(type) {
	case *expr.Column:
		return e.Name
	case *expr.Ref:
		return e.Name
	case *expr.LambdaVar:
		return e.Name
	case *expr.Literal:
		if e.Value == nil {
			return "NULL"
		}
		if x, ok := e.Value.(types.Int128); ok {
			return decimalText(x, int(e.T.S))
		}
		return fmt.Sprint(e.Value)
	case *expr.Call:
		return CallText(e.Func, e.Args)
	case *expr.Cast:
		if e.Implicit {
			return Text(e.Arg)
		}
		return "CAST(" + Text(e.Arg) + " AS " + e.To.SQL() + ")"
	case *expr.Compare:
		return "(" + Text(e.Left) + " " + e.Op.String() + " " + Text(e.Right) + ")"
	case *expr.And:
		return joined(e.Args, " AND ")
	case *expr.Or:
		return joined(e.Args, " OR ")
	case *expr.Not:
		return "(NOT " + Text(e.Arg) + ")"
	case *expr.IsNull:
		return "(" + Text(e.Arg) + " IS NULL)"
	case *expr.Agg:
		return CallText(e.Func, e.Args)
	}
	return "expression"
}

func joined(es []expr.Expr, sep string) string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = Text(e)
	}
	return "(" + strings.Join(parts, sep) + ")"
}

// decimalText is x / 10^scale in plain digits.
func decimalText(x types.Int128, scale int) string {
	s := x.String()
	if scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}
