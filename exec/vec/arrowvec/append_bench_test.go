package arrowvec

import (
	"fmt"
	"testing"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// BenchmarkAppend appends a batch of texts again and again: texts of their
// own, some of them long, and texts of a dictionary.
func BenchmarkAppend(b *testing.B) {
	const rows = 2048
	texts := func(n int, f string) *vec.Vec {
		v := &vec.Vec{Type: types.Type{Kind: types.String}}
		s := make([]string, n)
		for i := range s {
			s[i] = fmt.Sprintf(f, i*7919%1000003)
		}
		vec.SetData(v, s)
		return v
	}
	dict := &vec.Vec{Type: types.Type{Kind: types.String}}
	codes := make([]int32, rows)
	for i := range codes {
		codes[i] = int32(i * 31 % 50)
	}
	dict.SetDict(&vec.Dictionary{ID: 1, Values: texts(50, "name %d")}, codes)
	for _, c := range []struct {
		name string
		v    *vec.Vec
	}{{"short", texts(rows, "%d")}, {"middle", texts(rows, "number %d")}, {"long", texts(rows, "the number is %d and no other")}, {"dictionary", dict}} {
		b.Run(c.name, func(b *testing.B) {
			a := NewAppender(nil, types.Schema{{Name: "t", Type: types.Type{Kind: types.String}}})
			batch := &vec.Batch{Cols: []*vec.Vec{c.v}, N: rows}
			for b.Loop() {
				if _, err := a.Append(batch, 0); err != nil {
					b.Fatal(err)
				}
				if a.Rows() >= 16*rows {
					a.Record().Release()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
