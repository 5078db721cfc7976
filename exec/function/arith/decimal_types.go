package arith

import (
	"github.com/volley-sql/volley/internal/types"
)

// The result types of decimal arithmetic are those of Spark, which took them
// from Hive and SQL Server: exact if 38 digits do, else digits of the fraction
// are given up, but not below 6.

func adjust(p, s int) types.Type {
	if p <= types.MaxPrecision {
		return types.DecimalType(p, s)
	}
	whole := p - s
	least := min(s, 6)
	return types.DecimalType(types.MaxPrecision, max(types.MaxPrecision-whole, least))
}

// SumType is the type of a + b and a - b.
func SumType(a, b types.Type) types.Type {
	s := max(int(a.S), int(b.S))
	return adjust(max(int(a.P)-int(a.S), int(b.P)-int(b.S))+s+1, s)
}

// ProductType is the type of a * b.
func ProductType(a, b types.Type) types.Type {
	return adjust(int(a.P)+int(b.P)+1, int(a.S)+int(b.S))
}

// QuotientType is the type of a / b.
func QuotientType(a, b types.Type) types.Type {
	s := max(6, int(a.S)+int(b.P)+1)
	return adjust(int(a.P)-int(a.S)+int(b.S)+s, s)
}

// RemainderType is the type of a % b.
func RemainderType(a, b types.Type) types.Type {
	s := max(int(a.S), int(b.S))
	return adjust(min(int(a.P)-int(a.S), int(b.P)-int(b.S))+s, s)
}
