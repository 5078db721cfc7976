package math

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// conv reads digits as far as they fit from_base as an unsigned 64-bit number
// (the largest one if they overflow), as Hive and Spark do.
func conv(c *build.Context, num string, from, to int32) (string, error) {
	base := to
	if base < 0 {
		base = -base
	}
	if from < 2 || from > 36 || base < 2 || base > 36 || num == "" {
		return "", build.Null
	}
	num = strings.TrimSpace(num)
	neg := strings.HasPrefix(num, "-")
	num = strings.TrimPrefix(num, "-")
	var v uint64
	for _, ch := range []byte(num) {
		d := digit(ch)
		if d < 0 || d >= int(from) {
			break
		}
		hi, lo := bits.Mul64(v, uint64(from))
		sum, carry := bits.Add64(lo, uint64(d), 0)
		if hi != 0 || carry != 0 {
			if c.ANSI {
				return "", overflow("conv()")
			}
			v = math.MaxUint64
			break
		}
		v = sum
	}
	if neg && to > 0 {
		if int64(v) < 0 {
			v = math.MaxUint64
		} else {
			v = -v
		}
	}
	sign := ""
	if to < 0 {
		if int64(v) < 0 {
			v = -v
			neg = true
		}
		if neg {
			sign = "-"
		}
	}
	return sign + strings.ToUpper(strconv.FormatUint(v, int(base))), nil
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// widthBucketOf takes numbers, or intervals of one kind.
func widthBucketOf(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 4 {
		switch c.Args[0].Type().Kind {
		case types.YearMonth:
			return build.Func(build.Fixed(i64, types.YearMonthType, types.YearMonthType, types.YearMonthType, i64), build.Rows(widthBucket[int32]), build.NullOut)(c)
		case types.DayTime:
			return build.Func(build.Fixed(i64, types.DayTimeType, types.DayTimeType, types.DayTimeType, i64), build.Rows(widthBucket[int64]), build.NullOut)(c)
		}
	}
	return build.Func(build.Fixed(i64, f64, f64, f64, i64), build.Rows(widthBucket[float64]), build.NullOut)(c)
}

func widthBucket[T int32 | int64 | float64](_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	at := func(k int) float64 { return float64(build.At[T](args[k], row)) }
	v, lo, hi, n := at(0), at(1), at(2), build.At[int64](args[3], row)
	if n <= 0 || n == math.MaxInt64 || math.IsNaN(v) || lo == hi || math.IsNaN(lo) || math.IsNaN(hi) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return build.Null
	}
	least, most := min(lo, hi), max(lo, hi)
	var bucket int64
	switch {
	case lo < hi && v < least:
		bucket = 0
	case lo < hi && v >= most:
		bucket = n + 1
	case lo < hi:
		bucket = int64(float64(n)*(v-least)/(most-least)) + 1
	case v > most:
		bucket = 0
	case v <= least:
		bucket = n + 1
	default:
		bucket = int64(float64(n)*(most-v)/(most-least)) + 1
	}
	vec.Data[int64](out)[row] = bucket
	return nil
}
