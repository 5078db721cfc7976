package exchange

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// copies is a Reader of one channel with frames of one row each. Attempt i at
// it has the rows rows[i] and is gone after cut[i] of them; -1: it is whole.
type copies struct {
	*network
	rows [][]int
	cut  []int
}

func (c *copies) Read(_ context.Context, l Location) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i, x := range c.rows[l.Attempt] {
			if c.cut[l.Attempt] == i {
				break
			}
			f := c.frame(l.Key, x)
			stamp(f, l.Identity(), i)
			if !yield(f, nil) {
				return
			}
		}
		if c.cut[l.Attempt] >= 0 {
			yield(nil, GoneError(l))
		}
	}
}

// TestResume: of a channel that is lost on the way and made again every row
// comes once, or there is an error.
func TestResume(t *testing.T) {
	rows := []int{5, 6, 7, 8, 9}
	for name, c := range map[string]struct {
		copies
		want    []int64
		changed bool
	}{
		"lost before the first row":  {copies{nil, [][]int{rows, rows}, []int{0, -1}}, []int64{5, 6, 7, 8, 9}, false},
		"lost on the way":            {copies{nil, [][]int{rows, rows}, []int{3, -1}}, []int64{5, 6, 7, 8, 9}, false},
		"lost at its end":            {copies{nil, [][]int{rows, rows}, []int{5, -1}}, []int64{5, 6, 7, 8, 9}, false},
		"lost again, earlier":        {copies{nil, [][]int{rows, rows, rows}, []int{3, 1, -1}}, []int64{5, 6, 7, 8, 9}, false},
		"lost again, later":          {copies{nil, [][]int{rows, rows, rows}, []int{1, 4, -1}}, []int64{5, 6, 7, 8, 9}, false},
		"another order":              {copies{nil, [][]int{rows, {5, 7, 6, 8, 9}}, []int{3, -1}}, []int64{5, 6, 7}, true},
		"another order, before rows": {copies{nil, [][]int{rows, {9, 7, 6, 8, 5}}, []int{0, -1}}, []int64{9, 7, 6, 8, 5}, false},
		"another order, afterwards":  {copies{nil, [][]int{rows, {5, 6, 7, 9, 8}}, []int{3, -1}}, []int64{5, 6, 7, 9, 8}, false},
		"fewer rows":                 {copies{nil, [][]int{rows, {5, 6}}, []int{3, -1}}, []int64{5, 6, 7}, true},
	} {
		for _, ahead := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", ahead ", ahead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := c.copies
					r.network = &network{size: 10}
					relocate := func(_ context.Context, l Location, _ error) (Location, error) {
						l.Attempt++
						return l, nil
					}
					s := NewSource(schema, &r, locations(1), relocate, mem.NewAccount("a", 0))
					if ahead {
						s.FetchAhead()
					}
					var got []int64
					var failure error
					for b, err := range s.Open(t.Context(), 0) {
						if failure = err; err != nil {
							continue
						}
						got = append(got, vec.Data[int64](b.Cols[0])[0])
					}
					if !slices.Equal(got, c.want) || sqlerr.Is(failure, sqlerr.ResultChanged) != c.changed || failure != nil != c.changed {
						t.Errorf("%v, error %v; want %v", got, failure, c.want)
					}
				})
			})
		}
	}
}
