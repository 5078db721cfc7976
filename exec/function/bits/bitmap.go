package bits

import (
	mathbits "math/bits"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
)

// bitmapBits is how many numbers a bitmap of bitmap_construct_agg covers.
const bitmapBits = 8 * 4096

func bitmaps() []function.Def {
	return []function.Def{
		def("bitmap_bit_position", "bitwise", "expr", "Returns the place of a number in its bitmap: 0 to 32767.", build.Func(build.Fixed(i64, i64), build.Unary(func(x int64) int64 {
			if x > 0 {
				return (x - 1) % bitmapBits
			}
			return -(x % bitmapBits)
		})), ex("SELECT bitmap_bit_position(123)", "122")),
		def("bitmap_bucket_number", "bitwise", "expr", "Returns the number of the bitmap a number belongs to.", build.Func(build.Fixed(i64, i64), build.Unary(func(x int64) int64 {
			if x > 0 {
				return 1 + (x-1)/bitmapBits
			}
			return x / bitmapBits
		})), ex("SELECT bitmap_bucket_number(123)", "1")),
		def("bitmap_count", "bitwise", "bitmap", "Returns the number of bits set in a bitmap.", build.Func(build.Fixed(i64, bin), build.Unary(func(s string) int64 {
			n := 0
			for i := range len(s) {
				n += mathbits.OnesCount8(s[i])
			}
			return int64(n)
		})), ex("SELECT bitmap_count(X'1010')", "2")),
	}
}
