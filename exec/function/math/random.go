package math

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func random() []function.Def {
	volatile := func(d function.Def) function.Def {
		d.Volatility = function.Volatile
		return d
	}
	return []function.Def{
		volatile(also(def("rand", "[seed]", "Returns random doubles, uniform in [0, 1). A seed makes them the same in every run of a task.", rand64((*xorShift).nextDouble),
			ex("SELECT rand(0) < 1", "true")), "random")),
		volatile(def("randn", "[seed]", "Returns random doubles of the standard normal distribution.", rand64((*xorShift).nextGaussian), ex("SELECT randn(0) < 100", "true"))),
		volatile(def("uniform", "min, max[, seed]", "Returns random numbers between two constants, of their type: integers if both are.", uniform, ex("SELECT uniform(10, 20, 0) > 0", "true"))),
		volatile(def("randstr", "length[, seed]", "Returns random strings of digits and letters, of a constant length.", randomText, ex("SELECT length(randstr(5, 0))", "5"))),
	}
}

// rand64 draws from Spark's generator, seeded by the argument plus the task's partition.
func rand64(next func(*xorShift) float64) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 0, 1); err != nil {
			return nil, err
		}
		o := &function.Overload{Result: f64, NotNull: true, Nulls: function.NullOwn}
		if len(c.Args) == 1 {
			o.Params = []types.Type{i64}
		}
		o.Kernel = func(*expr.Call) (function.Kernel, error) {
			var g generator
			return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				o := vec.Data[float64](out)
				for _, i := range sel {
					o[i] = next(g.of(c, args, int(i)))
				}
				return nil
			}, nil
		}
		return o, nil
	}
}

func seed(args []*vec.Vec, row int) int64 {
	if len(args) == 0 {
		return rand.Int64()
	}
	if args[0].Null(row) {
		return 0
	}
	v := build.ViewOf[int64](args[0])
	return v.At(row)
}

// xorShift is the XORShift generator (Marsaglia 2003) with the seeding and
// scaling of java.util.Random, which Spark's rand uses.
type xorShift struct {
	state    int64
	spare    float64
	hasSpare bool
}

func newXorShift(seed int64) *xorShift { return &xorShift{state: hashSeed(seed)} }

// hashSeed spreads a seed by MurmurHash3 of its 8 bytes, the highest first.
func hashSeed(seed int64) int64 {
	var b [8]byte
	for k := range 8 {
		b[k] = byte(uint64(seed) >> (56 - 8*k))
	}
	low := murmurBytes(b[:], 0x3c074a61)
	high := murmurBytes(b[:], low)
	return int64(uint64(high)<<32 | uint64(low))
}

// murmurBytes is MurmurHash3 (32 bit) of a whole number of words.
func murmurBytes(b []byte, h uint32) uint32 {
	for k := 0; k+4 <= len(b); k += 4 {
		w := uint32(b[k]) | uint32(b[k+1])<<8 | uint32(b[k+2])<<16 | uint32(b[k+3])<<24
		w *= 0xcc9e2d51
		w = bits.RotateLeft32(w, 15) * 0x1b873593
		h = bits.RotateLeft32(h^w, 13)*5 + 0xe6546b64
	}
	h ^= uint32(len(b))
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

func (g *xorShift) next(n uint) int32 {
	s := g.state ^ g.state<<21
	s ^= int64(uint64(s) >> 35)
	s ^= s << 4
	g.state = s
	return int32(s & (1<<n - 1))
}

func (g *xorShift) nextDouble() float64 {
	return float64(int64(g.next(26))<<27+int64(g.next(27))) / (1 << 53)
}

func (g *xorShift) nextGaussian() float64 {
	if g.hasSpare {
		g.hasSpare = false
		return g.spare
	}
	for {
		a, b := 2*g.nextDouble()-1, 2*g.nextDouble()-1
		s := a*a + b*b
		if s >= 1 || s == 0 {
			continue
		}
		f := math.Sqrt(-2 * math.Log(s) / s)
		g.spare, g.hasSpare = b*f, true
		return a * f
	}
}
