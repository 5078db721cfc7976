package math

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
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

func widthBucket(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	at := func(k int) float64 {
		v := build.ViewOf[float64](args[k])
		return v.At(row)
	}
	counts := build.ViewOf[int64](args[3])
	v, lo, hi, n := at(0), at(1), at(2), counts.At(row)
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
