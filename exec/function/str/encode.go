package str

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func encodings() []function.Def {
	b := types.BinaryType
	unhexed := build.UnaryE(func(_ *build.Context, v string) (string, error) {
		r, ok := unhex(v)
		if !ok {
			return "", build.Null
		}
		return r, nil
	})
	uuid := def("uuid", "[seed]", "Returns a random universally unique identifier.", newUUID, ex("SELECT length(uuid())", "36"))
	uuid.Volatility = function.Volatile
	return []function.Def{
		def("hex", "expr", "Returns a number, string or binary value in hexadecimal digits.", toHex, ex("SELECT hex(17)", "11"), ex("SELECT hex('Spark SQL')", "537061726B2053514C")),
		def("unhex", "expr", "Returns the bytes of hexadecimal digits, NULL if expr has other characters.", build.Func(build.Fixed(b, s), unhexed, build.NullOut), ex("SELECT decode(unhex('537061726B2053514C'), 'UTF-8')", "Spark SQL")),
		def("base64", "bin", "Returns bytes in base 64.", build.Func(build.Fixed(s, b), build.Unary(func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) })), ex("SELECT base64('Spark SQL')", "U3BhcmsgU1FM")),
		def("unbase64", "str", "Returns the bytes of a text in base 64.", build.Func(build.Fixed(b, s), build.UnaryE(func(_ *build.Context, v string) (string, error) { return unbase64(v, false) })), ex("SELECT unbase64('U3BhcmsgU1FM')", "Spark SQL")),
		def("to_binary", "str[, fmt]", "Returns the bytes of a text by a format: hex, utf-8 or base64.", toBinary(false), ex("SELECT to_binary('abc', 'utf-8')", "abc")),
		def("try_to_binary", "str[, fmt]", "As to_binary, but NULL for a text that is not of the format.", toBinary(true), ex("SELECT try_to_binary('a!', 'base64')", "NULL")),
		def("encode", "str, charset", "Returns the bytes of a string in a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE, UTF-16, UTF-32.", build.Func(build.Fixed(b, s, s), coding("encode", charsets.encode)), ex("SELECT encode('abc', 'utf-8')", "abc")),
		def("decode", "bin, charset | expr, search, result[, search, result …][, default]", "Returns the string that bytes are in a character set; or the result that goes with the search equal to expr.", decodeAny, ex("SELECT decode(encode('abc', 'utf-8'), 'utf-8')", "abc"), ex("SELECT decode(2, 1, 'Southlake', 2, 'San Francisco', 'None')", "San Francisco")),
		uuid,
		def("url_encode", "str", "Returns a text as application/x-www-form-urlencoded.", build.Func(build.Fixed(s, s), build.Unary(formEncode)), ex("SELECT url_encode('https://spark.apache.org')", "https%3A%2F%2Fspark.apache.org")),
		def("url_decode", "str", "Returns the text that was encoded as application/x-www-form-urlencoded.", build.Func(build.Fixed(s, s), build.UnaryE(func(_ *build.Context, v string) (string, error) {
			r, err := url.QueryUnescape(v)
			if err != nil {
				return "", sqlerr.New(sqlerr.CannotDecodeURL, "The provided URL cannot be decoded: %s. Please ensure that the URL is properly formatted and try again.", v)
			}
			return r, nil
		})), ex("SELECT url_decode('https%3A%2F%2Fspark.apache.org')", "https://spark.apache.org")),
		def("try_url_decode", "str", "As url_decode, but NULL for a text that was not so encoded.", build.Func(build.Fixed(s, s), build.UnaryE(func(_ *build.Context, v string) (string, error) {
			r, err := url.QueryUnescape(v)
			if err != nil {
				return "", build.Null
			}
			return r, nil
		}), build.NullOut), ex("SELECT try_url_decode('http%3A%2F%2Fspark.apache.org')", "http://spark.apache.org")),
		def("is_valid_utf8", "str", "Returns whether a string is well-formed UTF-8.", build.Func(build.Fixed(types.BoolType, s), build.Unary(utf8.ValidString)), ex("SELECT is_valid_utf8('Spark')", "true")),
		def("make_valid_utf8", "str", "Returns a string with malformed bytes replaced by U+FFFD.", build.Func(build.Fixed(s, s), build.Unary(makeValid)), ex("SELECT make_valid_utf8('Spark')", "Spark")),
		def("validate_utf8", "str", "Returns the string, or an error if it is no well-formed UTF-8.", build.Func(build.Fixed(s, s), build.UnaryE(func(_ *build.Context, v string) (string, error) {
			if !utf8.ValidString(v) {
				return "", sqlerr.New(sqlerr.InvalidUTF8, "Invalid UTF8 byte sequence found in string: %s.", escaped(v))
			}
			return v, nil
		})), ex("SELECT validate_utf8('Spark')", "Spark")),
		def("try_validate_utf8", "str", "Returns the string, or NULL if it is no well-formed UTF-8.", build.Func(build.Fixed(s, s), build.UnaryE(func(_ *build.Context, v string) (string, error) {
			if !utf8.ValidString(v) {
				return "", build.Null
			}
			return v, nil
		}), build.NullOut), ex("SELECT try_validate_utf8('Spark')", "Spark")),
	}
}

func escaped(v string) string {
	var b strings.Builder
	for k := range len(v) {
		fmt.Fprintf(&b, "\\x%02X", v[k])
	}
	return b.String()
}

// makeValid replaces each maximal malformed part by one U+FFFD.
func makeValid(v string) string {
	if utf8.ValidString(v) {
		return v
	}
	var b strings.Builder
	for v != "" {
		r, n := utf8.DecodeRuneInString(v)
		if r == utf8.RuneError && n == 1 {
			n = malformed(v)
			b.WriteString("\uFFFD")
		} else {
			b.WriteString(v[:n])
		}
		v = v[n:]
	}
	return b.String()
}

// malformed is the length of the malformed sequence at the start of v: the
// longest start of a well-formed one, at least a byte.
func malformed(v string) int {
	c := v[0]
	lo, hi, need := byte(0x80), byte(0xBF), 0
	switch {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c >= 0xE0 && c <= 0xEF:
		need = 2
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		need = 3
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	}
	n := 1
	for n <= need && n < len(v) && v[n] >= lo && v[n] <= hi {
		lo, hi = 0x80, 0xBF
		n++
	}
	return n
}

func toHex(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 1 && (c.Args[0].Type().Kind == types.String || c.Args[0].Type().Kind == types.Binary) {
		return build.Func(build.Fixed(s, c.Args[0].Type()), build.Unary(func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) }))(c)
	}
	return build.Func(build.Fixed(s, types.Int64Type), build.Unary(func(n int64) string { return strings.ToUpper(strconv.FormatUint(uint64(n), 16)) }))(c)
}

func unhex(v string) (string, bool) {
	if len(v)%2 != 0 {
		v = "0" + v
	}
	b, err := hex.DecodeString(v)
	return string(b), err == nil
}

func invalidInput(v, format string) error {
	return sqlerr.New(sqlerr.ConversionInvalid, "The value '%s' (\"STRING\") cannot be converted to \"BINARY\" because it is malformed. Correct the value as per the syntax, or change its format. Use `try_to_binary` to tolerate malformed input and return NULL instead.", v)
}

// unbase64 reads base 64; strict refuses what a MIME decoder skips.
func unbase64(v string, strict bool) (string, error) {
	var b strings.Builder
	pads := 0
	for k := range len(v) {
		switch c := v[k]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			if pads > 0 && strict {
				return "", invalidInput(v, "base64")
			}
			if pads == 0 {
				b.WriteByte(c)
			}
		case c == '=':
			if strict && pads > 0 && v[k-1] != '=' {
				return "", invalidInput(v, "base64")
			}
			pads++
		case strict && c != ' ' && c != '\t' && c != '\n' && c != '\r':
			return "", invalidInput(v, "base64")
		}
	}
	t := b.String()
	if strict && pads > 0 && (len(t)+pads)%4 != 0 || strict && pads > 2 || len(t)%4 == 1 {
		return "", invalidInput(v, "base64")
	}
	out, err := base64.RawStdEncoding.DecodeString(t)
	if err != nil {
		return "", invalidInput(v, "base64")
	}
	return string(out), nil
}

func toBinary(try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 2 {
			l, err := c.Constant(1)
			switch {
			case err != nil:
				return nil, err
			case l == nil:
				return nil, build.NonFoldable(c, 1, "fmt", `"STRING"`)
			case l.Value != nil:
				f, isText := l.Value.(string)
				if up := strings.ToLower(f); !isText || up != "hex" && up != "utf-8" && up != "utf8" && up != "base64" {
					if isText && try {
						return &function.Overload{Params: c.Types(), Result: types.BinaryType, Nulls: function.NullOut, Rewrite: func([]expr.Expr) (expr.Expr, error) { return expr.NullOf(types.BinaryType), nil }}, nil
					}
					return nil, sqlerr.New(sqlerr.InvalidArgValue, "Cannot resolve \"%s\" due to data type mismatch: The `fmt` value must to be a case-insensitive \"STRING\" literal of 'hex', 'utf-8', 'utf8', or 'base64', but got \"%s\".", function.CallText(c.Name, c.Args), function.Text(l))
				}
			}
		}
		return build.Func(build.Optional(types.BinaryType, 1, s, s), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			v, f := textAt(args[0], row), "hex"
			if len(args) == 2 {
				f = strings.ToLower(textAt(args[1], row))
			}
			var r string
			var err error
			switch f {
			case "base64":
				r, err = unbase64(v, true)
			case "hex":
				var ok bool
				if r, ok = unhex(v); !ok {
					err = invalidInput(v, f)
				}
			default:
				r = v
			}
			if err != nil && try {
				return build.Null
			}
			setString(out, row, r)
			return err
		}), build.NullOut)(c)
	}
}

func badCharset(function, set string) error {
	return sqlerr.New(sqlerr.Charset, "The value of parameter(s) `charset` in `%s` is invalid: expects one of the 'iso-8859-1', 'us-ascii', 'utf-16', 'utf-16be', 'utf-16le', 'utf-32', 'utf-8', but got %s.", function, set)
}

func badCoding(function, set string) error {
	return sqlerr.New(sqlerr.MalformedCoding, "Invalid value found when performing `%s` with %s", function, set)
}

func encode(v, set string) (string, error) {
	up := strings.ToUpper(set)
	limit := rune(0x10ffff)
	switch up {
	case "UTF-8":
		return v, nil
	case "US-ASCII":
		limit = 0x7f
	case "ISO-8859-1":
		limit = 0xff
	case "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32":
	default:
		return "", badCharset("encode", set)
	}
	var b []byte
	if up == "UTF-16" && v != "" {
		b = append(b, 0xfe, 0xff)
	}
	for _, r := range v {
		if r > limit {
			return "", badCoding("encode", set)
		}
		switch up {
		case "UTF-32":
			b = append(b, byte(r>>24), byte(r>>16), byte(r>>8), byte(r))
		case "UTF-16", "UTF-16BE", "UTF-16LE":
			for _, u := range utf16.AppendRune(nil, r) {
				if up == "UTF-16LE" {
					b = append(b, byte(u), byte(u>>8))
				} else {
					b = append(b, byte(u>>8), byte(u))
				}
			}
		default:
			b = append(b, byte(r))
		}
	}
	return string(b), nil
}

func decode(v, set string) (string, error) {
	up := strings.ToUpper(set)
	switch up {
	case "UTF-8":
		if !utf8.ValidString(v) {
			return "", badCoding("decode", set)
		}
		return v, nil
	case "US-ASCII", "ISO-8859-1":
		out := make([]rune, len(v))
		for k := range len(v) {
			if up == "US-ASCII" && v[k] >= 0x80 {
				return "", badCoding("decode", set)
			}
			out[k] = rune(v[k])
		}
		return string(out), nil
	case "UTF-32":
		var out []rune
		for ; len(v) >= 4; v = v[4:] {
			r := rune(v[0])<<24 | rune(v[1])<<16 | rune(v[2])<<8 | rune(v[3])
			if r == 0xfeff && out == nil {
				continue
			}
			out = append(out, r)
		}
		if v != "" {
			return "", badCoding("decode", set)
		}
		return string(out), nil
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		little := up == "UTF-16LE"
		if up == "UTF-16" && len(v) >= 2 {
			if v[0] == 0xff && v[1] == 0xfe {
				little, v = true, v[2:]
			} else if v[0] == 0xfe && v[1] == 0xff {
				v = v[2:]
			}
		}
		if len(v)%2 != 0 {
			return "", badCoding("decode", set)
		}
		units := make([]uint16, len(v)/2)
		for k := range units {
			hi, lo := v[2*k], v[2*k+1]
			if little {
				hi, lo = lo, hi
			}
			units[k] = uint16(hi)<<8 | uint16(lo)
		}
		return string(utf16.Decode(units)), nil
	}
	return "", badCharset("decode", set)
}

// decodeAny is decode(bytes, charset), or a choice among results, as CASE.
func decodeAny(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, -1); err != nil {
		return nil, err
	}
	if len(c.Args) == 2 {
		return build.Func(build.Fixed(s, types.BinaryType, s), coding("decode", charsets.decode))(c)
	}
	return choice(c)
}

func newUUID(c *function.Call) (*function.Overload, error) {
	seeded := build.Func(build.Optional(s, 0, types.Int64Type), func(call *expr.Call) (function.Kernel, error) {
		var r *rand.Rand
		return func(x *build.Context, _ []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if r == nil {
				seed := rand.Uint64()
				if len(call.Args) == 1 {
					if l, ok := call.Args[0].(*expr.Literal); ok {
						if n, ok := l.Value.(int64); ok {
							seed = uint64(n)
						}
					}
				}
				r = rand.New(rand.NewPCG(seed, uint64(x.Partition)))
			}
			for _, i := range sel {
				hi, lo := r.Uint64()&^0xf000|0x4000, r.Uint64()&^(3<<62)|1<<63
				setString(out, int(i), fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&(1<<48-1)))
			}
			return nil
		}, nil
	})
	return seeded(c)
}

// formEncode escapes as Java's URLEncoder: letters, digits and .-*_ stay, a space is +.
func formEncode(v string) string {
	var b strings.Builder
	for k := range len(v) {
		switch c := v[k]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-', c == '*', c == '_':
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
