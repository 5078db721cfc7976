package recurse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Every row is new once, whatever batches it comes in, and all memory is given back.
func TestRowSet(t *testing.T) {
	ts := []types.Type{types.Int64Type, types.StringType, types.Float64Type, types.ArrayType(types.Int32Type, true)}
	for _, width := range []int{0, 1, 2, 4} {
		account := mem.NewAccount("test", 0)
		s := newRowSet(ts[:width], account)
		known := map[string]bool{}
		r := rand.New(rand.NewPCG(1, uint64(width)))
		for range 60 {
			b := &vec.Batch{N: r.IntN(900)}
			cols := make([][]types.Datum, width)
			var text []string
			for i := range b.N {
				row := []types.Datum{int64(r.IntN(2000)), strings.Repeat("x", r.IntN(40)), []float64{0, math.Copysign(0, -1), math.NaN(), 1}[r.IntN(4)], []types.Datum{int64(r.IntN(2)), nil}[:r.IntN(3)]}
				key := ""
				for c := range width {
					if r.IntN(10) == 0 {
						row[c] = nil
					}
					if f, ok := row[c].(float64); ok && f == 0 {
						key += "|0"
					} else {
						key += fmt.Sprintf("|%v", row[c])
					}
					cols[c] = append(cols[c], row[c])
				}
				text = append(text, key)
				if r.IntN(3) > 0 {
					b.Sel = append(b.Sel, uint16(i))
				}
			}
			if b.Sel == nil {
				b.Sel = []uint16{}
			}
			for c := range cols {
				b.Cols = append(b.Cols, vec.FromDatums(ts[c], cols[c]...))
			}
			fresh, err := s.add(b)
			if err != nil {
				t.Fatal(err)
			}
			var want []uint16
			for _, i := range b.Selection() {
				if !known[text[i]] {
					known[text[i]] = true
					want = append(want, i)
				}
			}
			// Which of equal rows of one batch is the new one does not matter.
			if len(fresh) != len(want) {
				t.Fatalf("%d columns: %d new rows, want %d", width, len(fresh), len(want))
			}
			for i := range fresh {
				if i > 0 && fresh[i-1] >= fresh[i] {
					t.Fatal("rows are not in ascending order")
				}
			}
		}
		s.close()
		if n := account.Used(); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
	}
}

// A refused reservation is an error that leaves the set as it was.
func TestRowSetOutOfMemory(t *testing.T) {
	account := mem.NewAccount("test", 200<<10)
	s := newRowSet([]types.Type{types.Int64Type}, account)
	defer s.close()
	n := 0
	for {
		vals := make([]types.Datum, 1000)
		for i := range vals {
			vals[i] = int64(n + i)
		}
		b := &vec.Batch{N: len(vals), Cols: []*vec.Vec{vec.FromDatums(types.Int64Type, vals...)}}
		if _, err := s.add(b); err != nil {
			break
		}
		if n += len(vals); n > 1<<20 {
			t.Fatal("no limit is kept")
		}
	}
}
