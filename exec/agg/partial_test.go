package agg

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// split makes the partial and final halves of a complete aggregation.
func split(t *testing.T, n *physical.HashAggregate) (part, final *physical.HashAggregate) {
	p, f := *n, *n
	p.Mode, f.Mode = physical.Partial, physical.Final
	a, err := New(exectest.World{Threads: 1, Size: 1}.Env(t, testRegistry()), n)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range a.main.calls {
		p.StateTypes = append(p.StateTypes, c.states...)
		p.States = append(p.States, len(c.states))
	}
	f.StateTypes, f.States = p.StateTypes, p.States
	f.Aggs = nil
	for _, a := range n.Aggs {
		c := *a
		c.Filter = nil // the partial half has seen to it
		f.Aggs = append(f.Aggs, &c)
	}
	f.Keys = nil
	for i, k := range n.Keys {
		f.Keys = append(f.Keys, &expr.Ref{Index: i, T: k.Type(), Null: k.Nullable()})
	}
	return &p, &f
}

// copied keeps the batches of a stream.
func copied(in vec.Stream) (out []*vec.Batch, err error) {
	for b, err := range in {
		if err != nil {
			return nil, err
		}
		c := &vec.Batch{N: b.N}
		for _, v := range b.Cols {
			ds := make([]types.Datum, b.N)
			for i := range ds {
				if ds[i] = v.Get(i); ds[i] != nil {
					if s, ok := ds[i].(string); ok {
						ds[i] = string([]byte(s))
					}
				}
			}
			c.Cols = append(c.Cols, vec.FromDatums(v.Type, ds...))
		}
		out = append(out, c)
	}
	return out, nil
}

func TestPartialThenFinal(t *testing.T) {
	nodes := map[string]*physical.HashAggregate{
		"no keys": node(nil, count(), sum(ref(0)), bag(ref(9))),
		"low":     node([]int{9, 2}, count(), sum(ref(0)), bag(ref(7))),
		"string":  node([]int{1}, where(count(), ref(2)), sum(ref(4))),
		"wide":    node([]int{0, 3}, count(), sum(ref(5))),
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, total := range []int{0, 700} {
		rows := make([][]types.Datum, total)
		for i := range rows {
			rows[i] = random(r, 200)
		}
		for name, n := range nodes {
			want := naive(n, rows)
			part, final := split(t, n)
			for _, w := range worlds {
				w.Limit = 0
				a, err := (&Agg{env: w.Env(t, testRegistry()), node: part, collide: w.Collide}).prepare()
				if err != nil {
					t.Fatal(err)
				}
				in := w.Batches(testTypes, rows)
				var states []*vec.Batch
				for i := range w.Threads {
					op, err := a.Operator(i)
					if err != nil {
						t.Fatal(err)
					}
					bs, err := copied(op.Run(context.Background(), exectest.Share(in, i, w.Threads)))
					if err != nil {
						t.Fatal(err)
					}
					states = append(states, bs...)
				}
				if len(n.Keys) == 0 && len(states) != w.Threads {
					t.Errorf("%+v: %d states, want one a thread", w, len(states))
				}
				if got := compute(t, w, final, states); !cmp.Equal(got, want) {
					t.Fatalf("%s, %d rows, %+v:\n%s", name, total, w, cmp.Diff(want, got))
				}
			}
		}
	}
	if _, err := New(worlds[0].Env(t, testRegistry()), &physical.HashAggregate{
		Mode: physical.Partial, Aggs: []*expr.Agg{distinctOf(count(ref(0)))}, AggNames: []string{"a"},
	}); err == nil {
		t.Error("DISTINCT in parts must be refused")
	}
}

// TestCancel: no phase goes on after its context ended.
func TestCancel(t *testing.T) {
	w := exectest.World{Threads: 1, Size: 100}
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([][]types.Datum, 2000)
	for i := range rows {
		rows[i] = random(r, 2000)
	}
	bs := w.Batches(testTypes, rows)
	a, err := New(w.Env(t, testRegistry()), node([]int{0}, bag(ref(1))))
	if err != nil {
		t.Fatal(err)
	}
	sink := a.Sink()
	defer sink.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	in := func(yield func(*vec.Batch, error) bool) {
		for _, b := range bs {
			if n++; n == 3 {
				cancel()
			}
			if !yield(b, nil) {
				return
			}
		}
	}
	if err := sink.Drain(ctx, 0, in); err != context.Canceled || n != 3 {
		t.Errorf("after %d batches: %v", n, err)
	}
	if err := sink.Finish(context.Background(), exectest.Parallel(1)); err != nil {
		t.Fatal(err)
	}
	for _, err := range a.Source().Open(ctx, 0) {
		if err != context.Canceled {
			t.Errorf("the source goes on: %v", err)
		}
	}
}

// TestMemoryLimit: what cannot spill is an error, and names the condition.
func TestMemoryLimit(t *testing.T) {
	w := exectest.World{Threads: 1, Size: 2048, Limit: 100 << 10}
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([][]types.Datum, 20000)
	for i := range rows {
		rows[i] = random(r, 2000)
	}
	a, err := New(w.Env(t, testRegistry()), node(nil, bag(ref(1))))
	if err != nil {
		t.Fatal(err)
	}
	sink := a.Sink()
	defer sink.Close()
	if err := sink.Drain(context.Background(), 0, exectest.Share(w.Batches(testTypes, rows), 0, 1)); !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Errorf("error is %v", err)
	}
}
