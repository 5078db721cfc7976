package optimize

import (
	"context"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/logical"
)

// TestBarrier looks which conditions pass a Barrier: those that cannot fail, on
// columns that are not computed below it.
func TestBarrier(t *testing.T) {
	w := newWorld(t, ruleTables, map[string]int64{"t": 1000, "big": 1000, "dim": 50})
	n := w.bind(t, "SELECT id FROM (SELECT id, a, upper(s) AS u FROM t WHERE b > 7) q WHERE id = 3 AND 10 / a > 1 AND u = 'X' AND a IN (1, 2)")
	done := false
	n = tree.MapChildren(n, func(c logical.Node) logical.Node {
		f, ok := c.(*logical.Filter)
		if !ok {
			return c
		}
		done = true
		return &logical.Filter{Input: &logical.Barrier{Input: f.Input}, Pred: f.Pred}
	})
	if !done {
		t.Fatalf("there is no filter where one was expected:\n%s", logical.Format(n))
	}
	out, err := Optimize(context.Background(), n, options(t, map[string]int{}))
	if err != nil {
		t.Fatal(err)
	}
	text := logical.Format(out)
	above, below, ok := strings.Cut(text, "Barrier")
	if !ok {
		t.Fatalf("the barrier has gone:\n%s", text)
	}
	for _, c := range []string{"/", "'X'"} {
		if !strings.Contains(above, c) || strings.Contains(below, c) {
			t.Errorf("%s is not above the barrier:\n%s", c, text)
		}
	}
	for _, c := range []string{"id#1 = 3", "IN (1, 2)", "> 7"} {
		if strings.Contains(above, c) || !strings.Contains(below, c) {
			t.Errorf("%s is not below the barrier:\n%s", c, text)
		}
	}
}
