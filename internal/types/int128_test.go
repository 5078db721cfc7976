package types

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func randInt128(r *rand.Rand) Int128 {
	x := Int128{r.Uint64(), int64(r.Uint64())}
	s := r.IntN(127)
	b := new(big.Int).Rsh(x.Big(), uint(s))
	y, _ := Int128FromBig(b)
	return y
}

func TestInt128AgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200000 {
		x, y := randInt128(r), randInt128(r)
		bx, by := x.Big(), y.Big()
		check := func(op string, got Int128, ok bool, want *big.Int) {
			t.Helper()
			w, fits := Int128FromBig(want)
			if min := new(big.Int).Lsh(big.NewInt(-1), 127); want.Cmp(min) == 0 {
				return
			}
			if ok != fits || ok && got != w {
				t.Fatalf("%v %s %v = %v, %v; want %v", x, op, y, got, ok, want)
			}
		}
		s, ok := x.Add(y)
		check("+", s, ok, new(big.Int).Add(bx, by))
		s, ok = x.Sub(y)
		check("-", s, ok, new(big.Int).Sub(bx, by))
		s, ok = x.Mul(y)
		check("*", s, ok, new(big.Int).Mul(bx, by))
		if y.Sign() != 0 {
			q, m := x.QuoRem(y)
			bq, bm := new(big.Int).QuoRem(bx, by, new(big.Int))
			check("/", q, true, bq)
			check("%", m, true, bm)
		}
		if x.Cmp(y) != bx.Cmp(by) {
			t.Fatalf("cmp %v %v", x, y)
		}
	}
}
