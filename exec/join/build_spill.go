package join

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// grace is a join whose build side did not fit in memory: both sides are
// divided by the hash of their keys into files, then joined a part at a time (grace_read.go).
type grace struct {
	join         *Join
	parts        int // 1: not divided, since every row must meet every other
	build, probe pile
}

// parted reports whether rows that match have equal hashes and need not meet others.
func (j *Join) parted() bool { return !j.loop && (!j.node.NullAware || j.node.Residual == nil) }

// onDisk returns the grace of j, made on first use.
func (j *Join) onDisk() *grace {
	j.graceOnce.Do(func() {
		g := &grace{join: j, parts: 1}
		if j.parted() {
			g.parts = fanout
		}
		g.build.types = stored(j.layout.Types)
		g.probe.types = j.probeTypes()
		j.grace = g
	})
	return j.grace
}

// stored are the types of columns in files: nested values of rows stay encoded.
func stored(ts []types.Type) []types.Type {
	out := make([]types.Type, len(ts))
	for i, t := range ts {
		out[i] = t
		if t.Kind.IsNested() {
			out[i] = types.BinaryType
		}
	}
	return out
}

func (g *grace) close() {
	if g != nil {
		g.build.close()
		g.probe.close()
	}
}

// partOf is the part of a row at a level of division.
func (g *grace) partOf(hash uint64, level uint) uint8 {
	if g.parts == 1 {
		return 0
	}
	return uint8(hash << (level * levelBits) >> (64 - levelBits))
}

// toDisk moves the rows of b to disk, where those that follow go too.
func (b *builder) toDisk() error {
	j := b.join
	g := j.onDisk()
	b.disk = j.divide(&g.build)
	var rows []rowPtr
	for _, x := range []struct {
		p     *part
		loose bool
	}{{&b.kept, false}, {&b.loose, true}} {
		for _, s := range x.p.segs {
			for i := range s.n {
				if rows = append(rows, rowAt(s.base, i*j.layout.Size)); len(rows) == vec.DefaultSize {
					if err := b.moveRows(rows, x.loose); err != nil {
						return err
					}
					rows = rows[:0]
				}
			}
		}
		if err := b.moveRows(rows, x.loose); err != nil {
			return err
		}
		rows = rows[:0]
		*x.p = part{}
	}
	b.arena.Free()
	b.heap.Reset()
	return nil
}

func (b *builder) moveRows(rows []rowPtr, loose bool) error {
	if len(rows) == 0 {
		return nil
	}
	j := b.join
	cols := make([]*vec.Vec, len(j.layout.Types))
	for c := range cols {
		cols[c] = &vec.Vec{}
		j.layout.GatherRaw(c, rows, cols[c])
	}
	to := b.disk.room(len(rows))
	for i, q := range rows {
		to[i] = fanout
		if !loose {
			to[i] = j.grace.partOf(j.hash(q), 0)
		}
	}
	return b.disk.add(raw(cols, j.grace.build.types), vec.Identity[:len(rows)])
}

// spill sends rows sel of the prepared columns to disk.
func (b *builder) spill(sel []uint16, loose bool) error {
	j, to := b.join, b.disk.room(len(b.hash))
	if !loose {
		hashKeys(j, b.cols[:len(b.keys)], sel, b.hash)
	}
	for _, r := range sel {
		to[r] = fanout
		if !loose {
			to[r] = j.grace.partOf(b.hash[r], 0)
		}
	}
	return b.disk.add(raw(b.cols, j.grace.build.types), sel)
}

// raw gives prepared columns the types they have in files.
func raw(cols []*vec.Vec, ts []types.Type) []*vec.Vec {
	out := make([]*vec.Vec, len(cols))
	for i, v := range cols {
		out[i] = v
		if v.Type.Kind.IsNested() {
			out[i] = &vec.Vec{}
			out[i].Share(v)
			out[i].Type = ts[i]
			out[i].Kids = nil
		}
	}
	return out
}

// toDisk moves what all threads still hold and ends writing.
func (t *table) toDisk(ctx context.Context, par flow.Parallel) error {
	return par(ctx, len(t.builders), func(_ context.Context, _, i int) error {
		b := t.builders[i]
		if b.disk == nil {
			if err := b.toDisk(); err != nil {
				return err
			}
		}
		return b.disk.finish()
	})
}
