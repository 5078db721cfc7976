package join

import (
	"context"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// pairs are matches: probe rows by number, build rows by pointer.
type pairs struct {
	probe []uint16
	build []rowPtr
	keep  []uint16 // those that pass the residual
	rows  []uint16 // probe of those
	ptrs  []rowPtr // build of those
}

// follow yields all matches of keys that are not unique in the build side.
func (p *probe) follow(ctx context.Context, b *vec.Batch, sel []uint16) error {
	j, x, limit := p.join, &p.pairs, max(p.join.env.BatchSize, 1)
	x.rows, x.ptrs = x.rows[:0], x.ptrs[:0]
	miss := p.rest[:0]
	for _, r := range sel {
		q := p.heads[r]
		if q == nil {
			miss = append(miss, r)
			continue
		}
		if j.flags {
			for f := q; f != nil && !j.flag(f); f = next(f) {
			}
		}
		for ; q != nil; q = next(q) {
			if x.rows, x.ptrs = append(x.rows, r), append(x.ptrs, q); len(x.rows) < limit {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.emitPairs(b); err != nil {
				return err
			}
			x.rows, x.ptrs = x.rows[:0], x.ptrs[:0]
		}
	}
	p.rest = miss
	if len(x.rows) > 0 {
		if err := p.emitPairs(b); err != nil {
			return err
		}
	}
	if j.probeOuter && len(miss) > 0 {
		return p.emitAt(b, miss, nil, miss)
	}
	return nil
}

// chains follows all build rows of each probe row, tests the residual, keeps
// account of who matched, and yields what the kind of join asks for.
func (p *probe) chains(ctx context.Context, b *vec.Batch, sel []uint16) error {
	j := p.join
	p.carry.start(p, sel)
	if j.loop && len(sel) >= minAcross {
		return p.across(ctx, b, sel)
	}
	for _, r := range sel {
		for q := p.heads[r]; q != nil; q = next(q) {
			if err := p.pair(ctx, b, r, q, p.accept); err != nil {
				return err
			}
		}
	}
	if err := p.testPairs(ctx, b, p.accept); err != nil {
		return err
	}
	return p.conclude(ctx, b, sel)
}

// conclude yields what is known of the rows sel when all their pairs were seen.
func (p *probe) conclude(ctx context.Context, b *vec.Batch, sel []uint16) error {
	j := p.join
	if !j.pairs && j.node.BuildLeft {
		return nil // Unmatched tells
	}
	if j.node.NullAware && p.test != nil && !j.loop {
		if err := p.doubts(ctx, b, sel); err != nil {
			return err
		}
	}
	if p.carry.later(p, sel) {
		return nil
	}
	switch {
	case !j.pairs:
		return p.decide(b, sel, func(r uint16) bool { return p.matched[r] })
	case j.probeOuter:
		miss := p.rest[:0]
		for _, r := range sel {
			if !p.matched[r] {
				miss = append(miss, r)
			}
		}
		p.rest = miss
		if len(miss) > 0 {
			return p.emitAt(b, miss, nil, miss)
		}
	}
	return nil
}

// pair adds a candidate; a full list is tested first.
func (p *probe) pair(ctx context.Context, b *vec.Batch, r uint16, q rowPtr, f func(*vec.Batch) error) error {
	if len(p.pairs.probe) >= max(p.join.env.BatchSize, 1) {
		if err := p.testPairs(ctx, b, f); err != nil {
			return err
		}
	}
	p.pairs.probe, p.pairs.build = append(p.pairs.probe, r), append(p.pairs.build, q)
	return nil
}

// testPairs leaves the pairs that pass the residual in rows and ptrs, and gives them to f.
func (p *probe) testPairs(ctx context.Context, b *vec.Batch, f func(*vec.Batch) error) error {
	x := &p.pairs
	n := len(x.probe)
	if n == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	x.rows, x.ptrs = append(x.rows[:0], x.probe...), append(x.ptrs[:0], x.build...)
	x.probe, x.build = x.probe[:0], x.build[:0]
	if p.test != nil {
		for i, o := range p.join.needs {
			v := &p.testOwn[i]
			p.testIn[o.index] = v
			if o.kind == fromProbe {
				vec.Gather(v, b.Cols[o.at], x.rows)
			} else {
				p.join.layout.Gather(o.at, x.ptrs, v)
			}
		}
		keep, err := p.selectTrue(n, vec.Identity[:n], func(k uint16) uint16 { return x.rows[k] })
		if err != nil {
			return err
		}
		for i, k := range keep {
			x.rows[i], x.ptrs[i] = x.rows[k], x.ptrs[k]
		}
		x.rows, x.ptrs = x.rows[:len(keep)], x.ptrs[:len(keep)]
	}
	if len(x.rows) == 0 {
		return nil
	}
	return f(b)
}

// selectTrue evaluates the condition on rows sel of testIn and returns those
// where it is true. In a null-aware loop, probe rows where it is NULL are in doubt.
func (p *probe) selectTrue(n int, sel []uint16, probe func(uint16) uint16) ([]uint16, error) {
	x := &p.pairs
	var err error
	if !p.join.loop || !p.join.node.NullAware {
		x.keep, err = p.test.Select(p.testIn, n, sel, x.keep)
		return x.keep, err
	}
	v, err := p.test.Eval(p.testIn, n, sel)
	if err != nil {
		return nil, err
	}
	x.keep = x.keep[:0]
	for _, k := range sel {
		switch {
		case v.Null(int(k)):
			p.unknown[probe(k)] = true
		case vec.Data[bool](v.Base())[v.Index(int(k))]:
			x.keep = append(x.keep, k)
		}
	}
	return x.keep, nil
}

// accept takes note of true matches and yields them if pairs come out.
func (p *probe) accept(b *vec.Batch) error {
	j, x := p.join, &p.pairs
	for i, r := range x.rows {
		twice := false
		if j.flags {
			twice = j.flag(x.ptrs[i])
		}
		if j.single && (p.matched[r] && !j.node.BuildLeft || twice && j.node.BuildLeft) {
			return sqlerr.New(sqlerr.RowTooMany, "More than one row returned by a subquery used as an expression.").At(int(j.node.Pos))
		}
		p.matched[r] = true
	}
	if !j.pairs {
		return nil
	}
	return p.emitPairs(b)
}

// emitPairs yields the pairs of rows and ptrs.
func (p *probe) emitPairs(b *vec.Batch) error {
	j, x := p.join, &p.pairs
	for i, o := range j.out {
		v := &p.spare[i]
		p.out.Cols[i] = v
		if o.kind == fromProbe {
			vec.Gather(v, b.Cols[o.at], x.rows)
		} else {
			j.layout.Gather(o.at, x.ptrs, v)
		}
	}
	p.out.N, p.out.Sel = len(x.rows), nil
	return p.send(&p.out)
}

// doubts finds the rows of a null-aware join that match nothing but for which
// the comparison with some build row is NULL and the rest of the condition is true.
func (p *probe) doubts(ctx context.Context, b *vec.Batch, sel []uint16) error {
	doubt := func(*vec.Batch) error {
		for _, r := range p.pairs.rows {
			p.unknown[r] = true
		}
		return nil
	}
	for _, r := range sel {
		if p.matched[r] {
			continue
		}
		all := p.keys[0].Null(int(r))
		if err := p.join.table.each(all, func(q rowPtr) error {
			if p.unknown[r] {
				return nil
			}
			return p.pair(ctx, b, r, q, doubt)
		}); err != nil {
			return err
		}
	}
	return p.testPairs(ctx, b, doubt)
}

// each visits the rows that have a NULL key, and with all set the others too.
func (t *table) each(all bool, f func(rowPtr) error) error {
	size := t.join.layout.Size
	visit := func(x *part) error {
		for _, s := range x.segs {
			for i := range s.n {
				if err := f(rowAt(s.base, i*size)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, b := range t.builders {
		if err := visit(&b.loose); err != nil {
			return err
		}
		if !all {
			continue
		}
		if err := visit(&b.kept); err != nil {
			return err
		}
	}
	return nil
}

// decide yields the rows of a Semi, Anti or Mark join that built right.
func (p *probe) decide(b *vec.Batch, sel []uint16, matched func(uint16) bool) error {
	j := p.join
	aware := j.node.NullAware
	// Without a residual, every row without a match is in doubt if some build
	// key is NULL, and rows with a NULL key are if there is any build row.
	unknown := func(r uint16) bool {
		switch {
		case !aware:
			return false
		case p.test != nil:
			return p.unknown[r]
		}
		return j.facts.hasNull || j.facts.rows > 0 && p.keys[0].Null(int(r))
	}
	if j.mark {
		v := p.mark
		v.Reset(types.BoolType)
		v.Resize(b.N)
		d := vec.Data[bool](v)
		for _, r := range sel {
			if d[r] = matched(r); !d[r] && unknown(r) {
				v.SetNull(int(r))
			}
		}
		return p.emitAt(b, sel, nil, nil)
	}
	keep := p.some[:0]
	for _, r := range sel {
		if matched(r) == j.semi && (j.semi || !unknown(r)) {
			keep = append(keep, r)
		}
	}
	p.some = keep
	if len(keep) == 0 {
		return nil
	}
	return p.emitAt(b, keep, nil, nil)
}
