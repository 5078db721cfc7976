package nested

import (
	"testing"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// TestWindowBounds: every window holds its time, windows begin slide apart,
// and there are as many as overlap; times before 1970 too.
func TestWindowBounds(t *testing.T) {
	lit := func(v string) expr.Expr { return &expr.Literal{Value: v, T: types.StringType} }
	for _, c := range []struct {
		size, slide, start string
		bySize, bySlide    int64 // microseconds
		windows            int   // -1: it depends on the time
	}{
		{"10 seconds", "10 seconds", "0 seconds", 10e6, 10e6, 1},
		{"10 seconds", "5 seconds", "3 seconds", 10e6, 5e6, 2},
		{"10 seconds", "4 seconds", "-1 seconds", 10e6, 4e6, -1},
		{"2 days", "1 day", "0 days", 2 * 86400e6, 86400e6, 2},
	} {
		args := []expr.Expr{&expr.Column{T: types.TimestampType}, lit(c.size), lit(c.slide), lit(c.start)}
		o, err := window(&function.Call{Name: "window", Args: args, ANSI: true})
		if err != nil {
			t.Fatal(err)
		}
		gen, err := o.Generate(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int64{0, 1, 4_999_999, 5_000_000, 1_609_459_200_000_000, -1, -5_000_000, -86_400_000_001} {
			out := vec.New(o.Columns[0].Type, 0)
			n, err := gen(&build.Context{}, []*vec.Vec{vec.FromDatums(types.TimestampType, at)}, 0, []*vec.Vec{out})
			if err != nil {
				t.Fatal(err)
			}
			if c.windows >= 0 && n != c.windows {
				t.Errorf("%d is in %d windows of %+v", at, n, c)
			}
			for i := range n {
				w := out.Get(i).([]types.Datum)
				start, end := w[0].(int64), w[1].(int64)
				if at < start || at >= end || end-start != c.bySize {
					t.Errorf("%d is not in window %d … %d of %+v", at, start, end, c)
				}
				if i > 0 && out.Get(i - 1).([]types.Datum)[0].(int64)-start != c.bySlide {
					t.Errorf("windows of %d are not %d apart", at, c.bySlide)
				}
			}
		}
	}
}
