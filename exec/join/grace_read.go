package join

import (
	"context"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// graceSource gives the rows of a join on disk, part by part. Threads share the parts.
//
// A part whose build rows fit in memory is a small hash join. One that does
// not is divided by the next bits of the hash. Where that does not help, since
// all its keys hash alike, or is not possible, the part is joined in rounds: some
// build rows after the others meet all probe rows, and what became of each probe row is carried on.
type graceSource struct {
	grace *grace
	next  atomic.Int64
}

// Open implements flow.Source.
func (s *graceSource) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		w, err := newGraceWorker(s.grace, yield)
		for err == nil {
			k := int(s.next.Add(1)) - 1
			g := s.grace
			switch {
			case k < g.parts:
				err = w.part(ctx, &g.build, &g.probe, k, 0)
			case k == fanout && g.parts > 1:
				err = w.loose(ctx, &g.build)
			case k > fanout:
				return
			}
		}
		if err != errStop {
			yield(nil, err)
		}
	}
}

// graceWorker joins parts on one thread.
type graceWorker struct {
	grace *grace
	probe *probe
	rest  *rest
	keys  []*vec.Vec
	yield func(*vec.Batch, error) bool
}

func newGraceWorker(g *grace, yield func(*vec.Batch, error) bool) (*graceWorker, error) {
	w := &graceWorker{grace: g, yield: yield, rest: newRest(g.join)}
	var err error
	if w.probe, err = g.join.newProbe(); err != nil {
		return nil, err
	}
	w.probe.yield = yield
	return w, nil
}

// sub is the join of a part of j's rows.
func (j *Join) sub(level uint) *Join {
	s := &Join{env: j.env, node: j.node, account: j.account, plan: j.plan, collide: j.collide, loop: j.loop, facts: j.facts, part: true}
	s.table.init(s)
	s.table.pre = level * levelBits
	return s
}

// part joins part k of two piles that were divided level times before.
func (w *graceWorker) part(ctx context.Context, build, probe *pile, k int, level uint) error {
	g, j := w.grace, w.grace.join
	parts := []int{k}
	if g.parts == 1 {
		parts = []int{k, fanout}
	}
	rows, probed := 0, probe.rows(k)
	for _, p := range parts {
		rows += build.rows(p)
	}
	if rows == 0 && !j.lonely() || probed == 0 && !j.flags {
		return nil
	}
	in := build.reader(parts...)
	var held *carry
	var heldBytes int64
	if j.probeOuter || !j.pairs && !j.node.BuildLeft { // what a round finds out about a probe row matters in others
		heldBytes = int64(2 * 8 * vec.Words(probed))
		if err := j.account.Reserve(heldBytes); err != nil {
			return err
		}
		defer j.account.Release(heldBytes)
	}
	for round := 0; ; round++ {
		sub := j.sub(level + 1)
		b, err := sub.newBuilder()
		if err != nil {
			return err
		}
		sub.table.adopt(b)
		full, err := w.load(ctx, b, in, level)
		if err == nil && full && round == 0 && g.parts > 1 && level+1 < w.deepest() && !b.alike {
			b.release()
			sub.table.close()
			return w.deeper(ctx, build, probe, k, level)
		}
		if full && held == nil && heldBytes > 0 {
			held = &carry{matched: make(vec.Bitmap, vec.Words(probed)), unknown: make(vec.Bitmap, vec.Words(probed))}
		}
		if err == nil {
			err = w.round(ctx, sub, b, probe, k, held, !full)
		}
		b.release()
		sub.table.close()
		if err != nil || !full {
			return err
		}
	}
}

// Limits by which tests with forced spilling get to all there is.
const (
	forcedPart   = 64
	forcedRound  = 16
	forcedLevels = 2
)

func (w *graceWorker) deepest() uint {
	if w.grace.join.env.ForceSpill {
		return forcedLevels
	}
	return maxLevel
}

// load reads build rows into b until there are no more or memory is short,
// which it reports. It is an error if not even one batch fits.
func (w *graceWorker) load(ctx context.Context, b *builder, in *pileReader, level uint) (full bool, err error) {
	j := b.join
	// Half of the memory is for the other operators of the pipeline.
	share := j.account.Limit() / int64(2*max(j.env.Threads, 1))
	most := 0
	if j.env.ForceSpill {
		if most = forcedPart; level+1 >= forcedLevels || w.grace.parts == 1 {
			most = forcedRound
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		part, ok, err := in.next()
		if err != nil || !ok {
			return false, err
		}
		err = j.account.Reserve(directory * int64(in.n))
		if err == nil {
			b.reserved += directory * int64(in.n)
			err = b.load(in, part == fanout)
		}
		over := share > 0 && b.arena.Bytes()+b.reserved > share || most > 0 && b.rows > most
		if sqlerr.Is(err, sqlerr.MemoryLimit) && b.rows > 0 || err == nil && over {
			if err != nil {
				in.back()
			}
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// load takes in a batch of rows that was written by a division.
func (b *builder) load(in *pileReader, loose bool) error {
	j, sel := b.join, vec.Identity[:in.n]
	b.size(in.n)
	for c, v := range in.cols {
		if c < len(b.keys) {
			b.cols[c] = b.preps[c].Key(v, sel)
		} else {
			b.cols[c] = b.preps[c].Payload(v, sel)
		}
	}
	if err := b.write(sel, loose); err != nil {
		return err
	}
	b.rows += in.n
	if loose {
		b.hasNull = true
		return nil
	}
	b.matches += in.n
	keys := b.cols[:len(b.keys)]
	for i, k := range keys {
		b.ranges[i].add(k, sel)
	}
	hashKeys(j, keys, sel, b.hash)
	if b.matches == in.n {
		b.alike, b.first = true, b.hash[0]
	}
	for _, h := range b.hash[:in.n] {
		b.alike = b.alike && h == b.first
	}
	return nil
}

// release gives back what was reserved for a directory.
func (b *builder) release() {
	b.join.account.Release(b.reserved)
	b.reserved = 0
}

// alone runs work on the calling thread.
var alone flow.Parallel = func(ctx context.Context, n int, f func(context.Context, int, int) error) error {
	for i := range n {
		if err := f(ctx, 0, i); err != nil {
			return err
		}
	}
	return nil
}

// round lets all probe rows of part k meet the build rows that b holds.
func (w *graceWorker) round(ctx context.Context, sub *Join, b *builder, probe *pile, k int, held *carry, last bool) error {
	b.release() // to the directory that is made now
	if err := sub.table.finish(ctx, alone); err != nil {
		return err
	}
	p := w.probe
	p.join, p.carry = sub, held
	if held != nil {
		held.base, held.last = 0, last
	}
	in := probe.reader(k)
	var batch vec.Batch
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		batch.Cols, batch.N = in.cols[:sub.probeCols], in.n
		w.keys = sub.storedKeys(in.cols, w.keys)
		if err := p.match(ctx, &batch, w.keys); err != nil {
			return err
		}
		if held != nil {
			held.base += in.n
		}
	}
	return w.unmatched(ctx, sub)
}

// unmatched yields what probing has told of the build rows in memory.
func (w *graceWorker) unmatched(ctx context.Context, sub *Join) error {
	if !sub.flags {
		return nil
	}
	w.rest.join = sub
	for k := 0; ; k++ {
		s, loose, ok := sub.table.segment(k)
		if !ok {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !w.rest.segment(s, loose, w.yield) {
			return errStop
		}
	}
	if !w.rest.flush(w.yield) {
		return errStop
	}
	return nil
}

// loose yields build rows with a NULL key, which match nothing.
func (w *graceWorker) loose(ctx context.Context, build *pile) error {
	if !w.grace.join.flags {
		return nil
	}
	for in, full := build.reader(fanout), true; full; {
		sub := w.grace.join.sub(0)
		b, err := sub.newBuilder()
		if err != nil {
			return err
		}
		sub.table.adopt(b)
		if full, err = w.load(ctx, b, in, 0); err == nil {
			err = w.unmatched(ctx, sub)
		}
		b.release()
		sub.table.close()
		if err != nil {
			return err
		}
	}
	return nil
}

// deeper divides part k of both piles by the next bits and joins the parts.
func (w *graceWorker) deeper(ctx context.Context, build, probe *pile, k int, level uint) error {
	level++
	b, p := &pile{types: build.types}, &pile{types: probe.types}
	defer b.close()
	defer p.close()
	if err := w.divideBuild(ctx, build.reader(k), b, level); err != nil {
		return err
	}
	d := w.grace.join.divide(p)
	defer d.close()
	keyed := newKeyed(w.grace)
	in := probe.reader(k)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := keyed.divide(d, in.cols, in.n, vec.Identity[:in.n], level); err != nil {
			return err
		}
	}
	if err := d.finish(); err != nil {
		return err
	}
	for i := range fanout {
		if err := w.part(ctx, b, p, i, level); err != nil {
			return err
		}
	}
	return nil
}

func (w *graceWorker) divideBuild(ctx context.Context, in *pileReader, out *pile, level uint) error {
	j := w.grace.join
	d := j.divide(out)
	defer d.close()
	preps := make([]row.Prep, len(j.buildKeys))
	keys := make([]*vec.Vec, len(preps))
	hash := make([]uint64, vec.DefaultSize)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			return d.finish()
		}
		sel := vec.Identity[:in.n]
		for i := range keys {
			keys[i] = preps[i].Key(in.cols[i], sel)
		}
		hashKeys(j, keys, sel, hash)
		to := d.room(in.n)
		for _, r := range sel {
			to[r] = w.grace.partOf(hash[r], level)
		}
		if err := d.add(in.cols, sel); err != nil {
			return err
		}
	}
}
