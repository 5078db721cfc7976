package sort_test

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// TestWholeKeys: whole keys order rows as the values do, and cut ones never the other way round.
func TestWholeKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	normal := slices.DeleteFunc(slices.Clone(kinds), func(k struct {
		t    types.Type
		make func(r *rand.Rand) types.Datum
	},
	) bool {
		s := k.t.Storage()
		return s == types.StoreList || s == types.StoreStruct
	})
	for round := range 200 {
		const rows = 60
		var order []expr.SortKey
		table := make([][]types.Datum, rows)
		b := &vec.Batch{N: rows}
		for c := range 1 + r.IntN(3) {
			k := normal[r.IntN(len(normal))]
			if c == 0 {
				k = normal[round%len(normal)]
			}
			col := make([]types.Datum, rows)
			for i := range col {
				if col[i] = k.make(r); r.IntN(6) == 0 {
					col[i] = nil
				}
				table[i] = append(table[i], col[i])
			}
			b.Cols = append(b.Cols, vec.FromDatums(k.t, col...))
			order = append(order, expr.SortKey{Expr: &expr.Ref{Index: c, T: k.t, Null: true}, Desc: r.IntN(2) == 0, NullsFirst: r.IntN(2) == 0})
		}
		keys, err := sort.NewKeys(plantest.Env(t, plantest.Worlds[0]), order)
		if err != nil {
			t.Fatal(err)
		}
		whole, short := make([][]byte, rows), make([][]byte, rows)
		most := 1 + r.IntN(30)
		for i := range rows {
			if whole[i], err = keys.Whole(nil, b, uint16(i), 1<<20); err != nil {
				t.Fatal(err)
			}
			if short[i], err = keys.Whole([]byte("in front"), b, uint16(i), most); err != nil {
				t.Fatal(err)
			}
			if short[i] = short[i][len("in front"):]; !bytes.Equal(short[i], whole[i][:min(most, len(whole[i]))]) {
				t.Fatalf("row %d: %x is not the beginning of %x", i, short[i], whole[i])
			}
		}
		for i := range rows {
			for j := range rows {
				want := compareKeys(order, table[i], table[j])
				if got := bytes.Compare(whole[i], whole[j]); cmp.Compare(got, 0) != cmp.Compare(want, 0) {
					t.Fatalf("%v: %v against %v is %d, by the keys %x and %x it is %d", order, table[i], table[j], want, whole[i], whole[j], got)
				}
				if got := bytes.Compare(short[i], short[j]); got*want < 0 {
					t.Fatalf("%v: %v against %v is %d, by %d bytes of the keys it is %d", order, table[i], table[j], want, most, got)
				}
			}
		}
	}
}
