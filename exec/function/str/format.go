package str

import (
	"math"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func forms() []function.Def {
	masking := def("mask", "str[, upperChar, lowerChar, digitChar, otherChar]", "Returns str with letters replaced by X and x and digits by n, or by the given characters; NULL leaves characters as they are.", mask, ex("SELECT mask('AbCD123-@$#')", "XxXXnnn-@$#"), ex("SELECT mask('AbCD123-@$#', 'Q', 'q')", "QqQQnnn-@$#"), ex("SELECT mask('AbCD123-@$#', otherChar => 'o')", "XxXXnnnoooo"))
	masking.Defaults = map[string]string{"upperChar": "X", "lowerChar": "x", "digitChar": "n"}
	return []function.Def{
		also(def("format_string", "strfmt, obj, …", "Returns the arguments put into a format in the style of printf.", formatString, ex("SELECT format_string('Hello World %d %s', 100, 'days')", "Hello World 100 days")), "printf"),
		def("format_number", "expr1, expr2", "Returns a number with thousands separated, rounded to expr2 places (half to even).", formatNumber, ex("SELECT format_number(12332.123456, 4)", "12,332.1235")),
		masking,
		def("luhn_check", "str", "Returns whether a string of digits passes the Luhn check.", build.Func(build.Fixed(types.BoolType, s), build.Unary(luhn)), ex("SELECT luhn_check('8112189876')", "true")),
		def("parse_url", "url, partToExtract[, key]", "Returns a part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO; for QUERY, the value of key if given.", parseURL(false), ex("SELECT parse_url('http://spark.apache.org/path?query=1', 'HOST')", "spark.apache.org"), ex("SELECT parse_url('http://spark.apache.org/path?query=1', 'QUERY', 'query')", "1")),
		def("try_parse_url", "url, partToExtract[, key]", "As parse_url, but NULL for a text that is no URL.", parseURL(true), ex("SELECT try_parse_url('inva lid://spark.apache.org/path?query=1', 'QUERY')", "NULL")),
	}
}

func formatString(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, -1); err != nil {
		return nil, err
	}
	params := c.Types()
	params[0] = s
	ts := append([]types.Type{}, params[1:]...)
	return &function.Overload{Params: params, Result: s, Nulls: function.NullOwn, Kernel: build.Datums(func(x *build.Context, args []types.Datum) (types.Datum, error) {
		if args[0] == nil {
			return nil, nil
		}
		return printf(x, args[0].(string), args[1:], ts)
	})}, nil
}

func badFormat(f string) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "The value of parameter(s) `strfmt` in `format_string` is invalid: %s.", f)
}

// maxWidth is the most characters of one format specifier, maxPlaces the most
// decimal places of format_number. Other engines have no such limits; nobody needs more.
const (
	maxWidth  = 1_000_000
	maxPlaces = 10_000
)

// group puts commas between thousands of the integral digits in v.
func group(v string) string {
	start := strings.IndexFunc(v, unicode.IsDigit)
	if start < 0 {
		return v
	}
	end := start
	for end < len(v) && v[end] >= '0' && v[end] <= '9' {
		end++
	}
	digits := v[start:end]
	var b strings.Builder
	for k := range len(digits) {
		if k > 0 && (len(digits)-k)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[k])
	}
	return v[:start] + b.String() + v[end:]
}

func formatNumber(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	t, ok := build.Param(c.Args[0].Type(), build.AnyNumeric, c.ANSI)
	if !ok {
		return nil, build.WrongType(c, 0, build.Describe(build.AnyNumeric))
	}
	p := i
	if c.Args[1].Type().Kind == types.String {
		p = s
	}
	return &function.Overload{Params: []types.Type{t, p}, Result: s, Nulls: function.NullOut, Kernel: build.Datums(func(x *build.Context, args []types.Datum) (types.Datum, error) {
		places, least, comma := 0, 0, true
		switch d := args[1].(type) {
		case int64:
			if d < 0 {
				return nil, nil
			}
			if d > maxPlaces {
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "`format_number` writes up to %d decimal places, not %d.", maxPlaces, d)
			}
			places, least = int(d), int(d)
		case string:
			whole, frac, _ := strings.Cut(d, ".")
			comma = d == "" || strings.Contains(whole, ",")
			places, least = strings.Count(frac, "#")+strings.Count(frac, "0"), strings.Count(frac, "0")
		}
		var r *big.Rat
		switch n := args[0].(type) {
		case int64:
			r = new(big.Rat).SetInt64(n)
		case float64:
			if math.IsNaN(n) {
				return "NaN", nil
			}
			if math.IsInf(n, 0) {
				return map[bool]string{true: "∞", false: "-∞"}[n > 0], nil
			}
			r, _ = new(big.Rat).SetString(strconv.FormatFloat(n, 'f', -1, 64))
		case types.Int128:
			r = new(big.Rat).SetFrac(n.Big(), types.Pow10[t.S].Big())
		}
		out := halfEven(r, places)
		for cut := places - least; cut > 0 && strings.HasSuffix(out, "0"); cut-- {
			out = out[:len(out)-1]
		}
		out = strings.TrimSuffix(out, ".")
		if comma {
			out = group(out)
		}
		return out, x.Make("format_number", int64(len(out)))
	})}, nil
}

// halfEven is a number with places digits after the point, ties to the even digit.
func halfEven(r *big.Rat, places int) string {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	n := new(big.Int).Mul(new(big.Int).Abs(r.Num()), scale)
	q, rest := new(big.Int).QuoRem(n, r.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(r.Denom()) {
	case 1:
		q.Add(q, big.NewInt(1))
	case 0:
		if q.Bit(0) == 1 {
			q.Add(q, big.NewInt(1))
		}
	}
	out := q.String()
	if need := places + 1 - len(out); need > 0 {
		out = strings.Repeat("0", need) + out
	}
	if places > 0 {
		out = out[:len(out)-places] + "." + out[len(out)-places:]
	}
	if r.Sign() < 0 && q.Sign() != 0 {
		out = "-" + out
	}
	return out
}

func mask(c *function.Call) (*function.Overload, error) {
	return build.Func(build.Optional(s, 1, s, s, s, s, s), build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		if args[0].Null(row) {
			return build.Null
		}
		by := [4]rune{'X', 'x', 'n', -1}
		for k := 1; k < len(args); k++ {
			by[k-1] = -1
			if !args[k].Null(row) {
				for _, r := range textAt(args[k], row) {
					by[k-1] = r
					break
				}
			}
		}
		masked := strings.Map(func(r rune) rune {
			k := 3
			switch {
			case unicode.IsUpper(r):
				k = 0
			case unicode.IsLower(r):
				k = 1
			case unicode.IsDigit(r):
				k = 2
			}
			if by[k] < 0 {
				return r
			}
			return by[k]
		}, textAt(args[0], row))
		setString(out, row, masked)
		return c.Make("mask", int64(len(masked)))
	}), build.NullOwn)(c)
}

func luhn(v string) bool {
	sum := 0
	for k := range len(v) {
		c := v[len(v)-1-k]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if k%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return v != "" && sum%10 == 0
}

func parseURL(try bool) build.Resolver {
	return build.Func(build.Optional(s, 2, s, s, s), func(*expr.Call) (function.Kernel, error) {
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			raw := textAt(args[0], row)
			u, err := url.Parse(raw)
			if err != nil || strings.ContainsAny(raw, " <>\"{}|\\^`") {
				if try || !x.ANSI {
					return build.Null
				}
				return sqlerr.New(sqlerr.InvalidURL, "The url is invalid: %s. Use `try_parse_url` to tolerate invalid URL and return NULL instead.", raw)
			}
			r, ok := urlPart(u, textAt(args[1], row))
			if len(args) == 3 {
				if textAt(args[1], row) != "QUERY" {
					return build.Null
				}
				ok = false
				for pair := range strings.SplitSeq(u.RawQuery, "&") {
					if k, v, has := strings.Cut(pair, "="); has && k == textAt(args[2], row) {
						r, ok = v, true
						break
					}
				}
			}
			if !ok {
				return build.Null
			}
			setString(out, row, r)
			return nil
		}), nil
	}, build.NullOut)
}

func urlPart(u *url.URL, part string) (string, bool) {
	user := u.User.String()
	switch part {
	case "HOST":
		if host := u.Hostname(); strings.Contains(host, ":") { // IPv6
			return "[" + host + "]", true
		}
		return u.Hostname(), u.Hostname() != ""
	case "PATH":
		return u.EscapedPath(), u.Opaque == ""
	case "QUERY":
		return u.RawQuery, u.RawQuery != "" || u.ForceQuery
	case "REF":
		return u.EscapedFragment(), u.Fragment != ""
	case "PROTOCOL":
		return u.Scheme, u.Scheme != ""
	case "FILE":
		if u.RawQuery != "" {
			return u.EscapedPath() + "?" + u.RawQuery, true
		}
		return u.EscapedPath(), u.Opaque == ""
	case "AUTHORITY":
		if user != "" {
			return user + "@" + u.Host, true
		}
		return u.Host, u.Host != ""
	case "USERINFO":
		return user, user != ""
	}
	return "", false
}
