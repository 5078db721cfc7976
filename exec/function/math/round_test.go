package math

import (
	"math/big"
	"testing"
)

func TestRoundFloat(t *testing.T) {
	for _, c := range []struct {
		x    float64
		n    int
		m    mode
		want float64
	}{
		{0.575, 2, halfUp, 0.58},
		{2.5, 0, halfUp, 3},
		{-2.5, 0, halfUp, -3},
		{2.5, 0, halfEven, 2},
		{3.5, 0, halfEven, 4},
		{123.456, -1, halfUp, 120},
		{155, -1, halfUp, 160},
		{1e300, 2, halfUp, 1e300},
		{1.005, 2, halfUp, 1.01},
		{0.4, 0, halfUp, 0},
	} {
		if got := roundFloat(c.x, 64, c.n, c.m); got != c.want {
			t.Errorf("round(%v, %d) = %v, want %v", c.x, c.n, got, c.want)
		}
	}
}

func TestRoundCompact(t *testing.T) {
	for v := int64(-300); v <= 300; v++ {
		for _, m := range []mode{halfUp, halfEven, up, down} {
			want := roundBig(bigOf(v), 2, m).Int64()
			if got := roundCompact(v, 100, m); got != want {
				t.Errorf("mode %d: %d/100 = %d, want %d", m, v, got, want)
			}
		}
	}
}

func bigOf(v int64) *big.Int { return big.NewInt(v) }
