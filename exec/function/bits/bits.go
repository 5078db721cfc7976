// Package bits defines shifts, counts of bits and the functions that hash
// values: digests of bytes (md5, sha, crc32) and Spark's Murmur3 and xxHash64 of
// any values, bit for bit.
package bits

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash/crc32"
	mathbits "math/bits"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var (
	i32  = types.Int32Type
	i64  = types.Int64Type
	text = types.StringType
	bin  = types.BinaryType
)

func def(name, family, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: family, Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func also(d function.Def, aliases ...string) function.Def {
	d.Aliases = aliases
	return d
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// Defs lists the family.
func Defs() []function.Def {
	return append(append(crypt(), bitmaps()...), []function.Def{
		also(def("<<", "bitwise", "base, shiftAmount", "Shifts the bits of base to the left.", shift(func(a int32, n int32) int32 { return a << (uint32(n) & 31) }, func(a int64, n int32) int64 { return a << (uint32(n) & 63) }),
			ex("SELECT 1 << 3", "8")), "shiftleft"),
		also(def(">>", "bitwise", "base, shiftAmount", "Shifts the bits of base to the right, keeping its sign.", shift(func(a int32, n int32) int32 { return a >> (uint32(n) & 31) }, func(a int64, n int32) int64 { return a >> (uint32(n) & 63) }),
			ex("SELECT -8 >> 1", "-4")), "shiftright"),
		also(def(">>>", "bitwise", "base, shiftAmount", "Shifts the bits of base to the right, filling up with zeros.", shift(func(a int32, n int32) int32 { return int32(uint32(a) >> (uint32(n) & 31)) }, func(a int64, n int32) int64 { return int64(uint64(a) >> (uint32(n) & 63)) }),
			ex("SELECT -1 >>> 28", "15")), "shiftrightunsigned"),
		def("bit_count", "bitwise", "expr", "Returns the number of bits that are set in an integer or boolean.", count, ex("SELECT bit_count(7)", "3")),
		also(def("bit_get", "bitwise", "expr, pos", "Returns the bit at place pos, from 0 on the right.", get, ex("SELECT bit_get(11, 2)", "0")), "getbit"),
		def("crc32", "hash", "expr", "Returns the CRC-32 of a string or binary value.", build.Func(build.Fixed(i64, bin), build.Unary(func(s string) int64 { return int64(crc32.ChecksumIEEE([]byte(s))) })), ex("SELECT crc32('Spark')", "1557323817")),
		def("md5", "hash", "expr", "Returns the MD5 digest of a string or binary value in hexadecimal digits.", build.Func(build.Fixed(text, bin), build.Unary(func(s string) string {
			d := md5.Sum([]byte(s))
			return hex.EncodeToString(d[:])
		})), ex("SELECT md5('Spark')", "8cde774d6f7333752ed72cacddb05126")),
		also(def("sha", "hash", "expr", "Returns the SHA-1 digest of a string or binary value in hexadecimal digits.", build.Func(build.Fixed(text, bin), build.Unary(func(s string) string {
			d := sha1.Sum([]byte(s))
			return hex.EncodeToString(d[:])
		})), ex("SELECT sha1('Spark')", "85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c")), "sha1"),
		def("sha2", "hash", "expr, bitLength", "Returns the SHA-2 digest of 224, 256, 384 or 512 bits (0 is 256) in hexadecimal digits; NULL for other lengths.", build.Func(build.Fixed(text, bin, i32), build.BinaryE(sha2), build.NullOut),
			ex("SELECT sha2('Spark', 256)", "529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b")),
		def("hash", "hash", "expr1, expr2, …", "Returns a 32-bit hash of the arguments: Spark's Murmur3.", hashing(i32, murmur{}), ex("SELECT hash('Spark', array(123), 2)", "-1321691492")),
		def("xxhash64", "hash", "expr1, expr2, …", "Returns a 64-bit hash of the arguments: Spark's xxHash64.", hashing(i64, xx{}), ex("SELECT xxhash64('Spark', array(123), 2)", "5602566077635097486")),
	}...)
}

// shift takes INT or BIGINT; smaller integers become INT.
func shift(small func(a, n int32) int32, big func(a int64, n int32) int64) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 2, 2); err != nil {
			return nil, err
		}
		if k := c.Args[0].Type().Kind; k == types.Int64 {
			return build.Func(build.Fixed(i64, i64, i32), build.Binary(big))(c)
		}
		return build.Func(build.Fixed(i32, i32, i32), build.Binary(small))(c)
	}
}

func count(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 1 && c.Args[0].Type().Kind == types.Bool {
		return build.Func(build.Fixed(i32, types.BoolType), build.Unary(func(b bool) int32 {
			if b {
				return 1
			}
			return 0
		}))(c)
	}
	if len(c.Args) == 1 && c.Args[0].Type().Kind == types.String {
		return nil, build.WrongType(c, 0, `("INTEGRAL" or "BOOLEAN")`)
	}
	return build.Func(build.Result(func([]types.Type) (types.Type, error) { return i32, nil }, 1, build.AnyInteger), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		vec.Data[int32](out)[row] = int32(mathbits.OnesCount64(uint64(intAt(args[0], row))))
		return nil
	}))(c)
}

func get(c *function.Call) (*function.Overload, error) {
	return build.Func(build.Result(func([]types.Type) (types.Type, error) { return types.Int8Type, nil }, 2, build.AnyInteger, i32), func(call *expr.Call) (function.Kernel, error) {
		size := int64(call.Args[0].Type().Storage().Width() * 8)
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			pos := intAt(args[1], row)
			if pos < 0 || pos >= size {
				return sqlerr.New(sqlerr.BitPosition, "The value of parameter(s) `pos` in `%s` is invalid: expects an integer value in [0, %d), but got %d.", call.Func, size, pos)
			}
			vec.Data[int8](out)[row] = int8(intAt(args[0], row) >> uint(pos) & 1)
			return nil
		}), nil
	})(c)
}

func intAt(v *vec.Vec, row int) int64 {
	b, i := v.Base(), v.Index(row)
	switch b.Type.Storage() {
	case types.StoreInt8:
		return int64(vec.Data[int8](b)[i])
	case types.StoreInt16:
		return int64(vec.Data[int16](b)[i])
	case types.StoreInt32:
		return int64(vec.Data[int32](b)[i])
	}
	return vec.Data[int64](b)[i]
}

func sha2(_ *build.Context, s string, length int32) (string, error) {
	b := []byte(s)
	switch length {
	case 224:
		d := sha256.Sum224(b)
		return hex.EncodeToString(d[:]), nil
	case 0, 256:
		d := sha256.Sum256(b)
		return hex.EncodeToString(d[:]), nil
	case 384:
		d := sha512.Sum384(b)
		return hex.EncodeToString(d[:]), nil
	case 512:
		d := sha512.Sum512(b)
		return hex.EncodeToString(d[:]), nil
	}
	return "", build.Null
}
