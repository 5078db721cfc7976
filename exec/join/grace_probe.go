package join

import (
	"context"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Break tells, once the build side is complete, that it did not fit in memory
// (nil else): the probe side must then be written by the sink before the source
// gives all rows of the join, those of Unmatched too.
func (j *Join) Break() (flow.Sink, flow.Source) {
	if j.grace == nil {
		return nil, nil
	}
	return (*graceSink)(j.grace), &graceSource{grace: j.grace}
}

// extraKeys are the probe keys that are no columns: their values are stored behind the columns.
func (j *Join) extraKeys() []expr.Expr {
	var out []expr.Expr
	for _, k := range j.probeKeys {
		if _, ok := k.(*expr.Ref); !ok {
			out = append(out, k)
		}
	}
	return out
}

func (j *Join) probeTypes() []types.Type {
	side := j.node.Left
	if j.node.BuildLeft {
		side = j.node.Right
	}
	var ts []types.Type
	for _, f := range side.Schema() {
		ts = append(ts, f.Type)
	}
	for _, k := range j.extraKeys() {
		ts = append(ts, k.Type())
	}
	return ts
}

// storedKeys are the keys of a batch that was read back.
func (j *Join) storedKeys(cols, keys []*vec.Vec) []*vec.Vec {
	extra := j.probeCols
	keys = keys[:0]
	for _, k := range j.probeKeys {
		if r, ok := k.(*expr.Ref); ok {
			keys = append(keys, cols[r.Index])
			continue
		}
		keys = append(keys, cols[extra])
		extra++
	}
	return keys
}

// lonely reports whether probe rows that match nothing matter.
func (j *Join) lonely() bool { return j.probeOuter || (j.anti || j.mark) && !j.node.BuildLeft }

// graceSink divides the probe side.
type graceSink grace

// Drain implements flow.Sink.
func (s *graceSink) Drain(ctx context.Context, _ int, in vec.Stream) error {
	g := (*grace)(s)
	j := g.join
	extra, err := eval.CompileSet(j.env.Functions, j.env.Context, j.extraKeys())
	if err != nil {
		return err
	}
	d := j.divide(&g.probe)
	defer d.close()
	k := newKeyed(g)
	for b, err := range in {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		vals, err := extra.Eval(b.Cols, b.N, b.Sel)
		if err != nil {
			return err
		}
		k.cols = append(append(k.cols[:0], b.Cols...), vals...)
		if err := k.divide(d, k.cols, b.N, b.Selection(), 0); err != nil {
			return err
		}
	}
	return d.finish()
}

// Finish implements flow.Sink.
func (s *graceSink) Finish(context.Context, flow.Parallel) error { return nil }

// Close implements flow.Sink.
func (s *graceSink) Close() {}

// keyed computes the parts of probe rows for one thread.
type keyed struct {
	grace     *grace
	cols      []*vec.Vec
	keys      []*vec.Vec
	preps     []row.Prep
	hash      []uint64
	some, nul []uint16
	turn      uint8
}

func newKeyed(g *grace) *keyed {
	return &keyed{grace: g, preps: make([]row.Prep, len(g.join.probeKeys))}
}

// divide adds the rows sel of stored columns that can come out to d.
func (k *keyed) divide(d *division, cols []*vec.Vec, n int, sel []uint16, level uint) error {
	g := k.grace
	j := g.join
	k.keys = j.storedKeys(cols, k.keys)
	for i, v := range k.keys {
		k.keys[i] = k.preps[i].Key(v, sel)
	}
	if n > len(k.hash) {
		k.hash = make([]uint64, max(n, vec.DefaultSize))
	}
	match, null := splitNull(k.keys, j.nullSafe, sel, &k.some, &k.nul)
	j.sawProbe(len(null) > 0)
	hashKeys(j, k.keys, match, k.hash)
	to, lonely := d.room(n), j.lonely()
	for _, r := range match {
		to[r] = g.partOf(k.hash[r], level)
	}
	for _, r := range null {
		to[r] = 0
		if g.parts > 1 { // they match nothing anywhere
			to[r], k.turn = k.turn%fanout, k.turn+1
		}
	}
	if len(null) > 0 && !lonely {
		sel = match
	}
	return d.add(cols, sel)
}
