package str

import (
	"encoding/base32"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
)

func base32s() []function.Def {
	return []function.Def{
		def("to_base32", "bin", "Returns bytes in base 32.", build.Func(build.Fixed(s, types.BinaryType), build.Unary(func(v string) string { return base32.StdEncoding.EncodeToString([]byte(v)) })), ex("SELECT to_base32('foobar')", "MZXW6YTBOI======")),
		def("from_base32", "str", "Returns the bytes of a text in base 32; characters that are not of it are passed over.", build.Func(build.Fixed(types.BinaryType, s), build.Unary(fromBase32)), ex("SELECT from_base32('MZXW6YTBOI======')", "foobar")),
	}
}

func fromBase32(v string) string {
	digits := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z' || c >= '2' && c <= '7':
			return c
		}
		return -1
	}, v)
	out := make([]byte, len(digits))
	n, _ := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(out, []byte(digits)) // what is before an incomplete end
	return string(out[:n])
}
