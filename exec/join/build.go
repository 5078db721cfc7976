package join

import (
	"context"
	"unsafe"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
)

// builder writes one thread's build rows.
type builder struct {
	join    *Join
	arena   *mem.Arena
	heap    row.Heap
	kept    part // rows that can match, in the order they came
	loose   part // rows with a NULL key, which match nothing
	rows    int
	hasNull bool   // a row with a NULL key was seen, kept or not
	nulls   []bool // by column of the layout: some value is NULL
	ranges  []keyRange

	progs *eval.Set
	preps []row.Prep // keys, then stored columns
	keys  []*vec.Vec
	hash  []uint64
	ptrs  []rowPtr
	sel   []uint16
	null  []uint16
}

// part is a list of segments of rows; n counts all of them.
type part struct {
	segs []segment
	cur  rowPtr
	left int
	n    int
}

// segmentBytes is the size segments grow to.
const segmentBytes = 64 << 10

type segment struct {
	base rowPtr
	n    int
}

func (j *Join) newBuilder() (*builder, error) {
	b := &builder{join: j, arena: mem.NewArena(j.account)}
	b.heap.Arena = b.arena
	var err error
	b.progs, err = eval.CompileSet(j.env.Functions, j.env.Context, j.buildKeys)
	b.preps = make([]row.Prep, len(j.layout.Types))
	b.keys = make([]*vec.Vec, len(j.buildKeys))
	b.nulls = make([]bool, len(j.layout.Types))
	b.ranges = make([]keyRange, len(j.buildKeys))
	return b, err
}

// Build is the sink of the build side.
func (j *Join) Build() flow.Sink { return (*buildSink)(j) }

type buildSink Join

func (s *buildSink) Drain(ctx context.Context, _ int, in vec.Stream) error {
	j := (*Join)(s)
	b, err := j.newBuilder()
	if err != nil {
		return err
	}
	j.table.adopt(b)
	for batch, err := range in {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if batch.Rows() == 0 {
			continue
		}
		if err := b.add(batch); err != nil {
			return err
		}
	}
	return nil
}

// Finish makes the table ready for probing and publishes runtime filters.
func (s *buildSink) Finish(ctx context.Context, par flow.Parallel) error {
	j := (*Join)(s)
	if err := j.table.finish(ctx, par); err != nil {
		return err
	}
	return j.publish(ctx)
}

func (s *buildSink) Close() {
	s.table.close()
	s.account.Close()
}

func (b *builder) add(in *vec.Batch) error {
	j, sel := b.join, in.Selection()
	if in.N > len(b.hash) {
		n := max(in.N, vec.DefaultSize)
		b.hash, b.ptrs = make([]uint64, n), make([]rowPtr, n)
	}
	keys, err := b.progs.Eval(in.Cols, in.N, in.Sel)
	if err != nil {
		return err
	}
	for i, v := range keys {
		b.keys[i] = b.preps[i].Key(v, sel)
	}
	sel, null := splitNull(b.keys, j.nullSafe, sel, &b.sel, &b.null)
	b.hasNull = b.hasNull || len(null) > 0
	for i, k := range b.keys {
		b.ranges[i].add(k, sel)
	}
	if j.hashAt > 0 {
		hashKeys(j, b.keys, sel, b.hash)
	}
	if !j.keepNull {
		null = nil
	}
	if err := b.write(in, sel, false); err != nil {
		return err
	}
	return b.write(in, null, true)
}

// write stores rows sel of a batch whose keys are prepared and hashed.
func (b *builder) write(in *vec.Batch, sel []uint16, loose bool) error {
	if len(sel) == 0 {
		return nil
	}
	j, l := b.join, b.join.layout
	nk := len(b.keys)
	cols := append(b.keys[:nk:nk], make([]*vec.Vec, len(j.stored))...)
	for i, c := range j.stored {
		cols[nk+i] = b.preps[nk+i].Payload(in.Cols[c], sel)
	}
	if err := b.arena.Ensure(len(sel)*l.Size + row.Need(cols, sel)); err != nil {
		return err
	}
	p := &b.kept
	if loose {
		p = &b.loose
	}
	for _, r := range sel {
		b.ptrs[r] = b.newRow(p)
		if j.hashAt > 0 {
			*(*uint64)(unsafe.Add(b.ptrs[r], j.hashAt)) = b.hash[r]
		}
	}
	for c, v := range cols {
		b.nulls[c] = b.nulls[c] || v.Valid != nil
		l.Scatter(c, v, sel, b.ptrs, &b.heap)
	}
	b.rows += len(sel)
	return nil
}

func (b *builder) newRow(p *part) rowPtr {
	l := b.join.layout
	if p.left == 0 {
		n := 4
		if k := len(p.segs); k > 0 {
			n = min(2*p.segs[k-1].n, max(4, segmentBytes/l.Size))
		}
		p.cur, p.left = b.arena.Alloc(n*l.Size), n
		p.segs = append(p.segs, segment{base: p.cur})
	}
	r := p.cur
	p.cur = unsafe.Add(r, l.Size)
	p.left--
	p.n++
	p.segs[len(p.segs)-1].n++
	*(*uint64)(unsafe.Add(r, nextAt)) = 0
	if b.join.flags {
		*(*uint64)(unsafe.Add(r, b.join.flagAt)) = 0
	}
	l.Clear(r)
	return r
}

// splitNull parts the rows of sel that have a NULL in a key that matches no NULL.
func splitNull(keys []*vec.Vec, safe []bool, sel []uint16, some, null *[]uint16) ([]uint16, []uint16) {
	*null = (*null)[:0]
	for i, k := range keys {
		if safe[i] || !hasNulls(k) {
			continue
		}
		kept := (*some)[:0]
		if cap(kept) < len(sel) {
			kept = make([]uint16, 0, max(len(sel), vec.DefaultSize))
		}
		for _, r := range sel {
			if k.Null(int(r)) {
				*null = append(*null, r)
			} else {
				kept = append(kept, r)
			}
		}
		*some, sel = kept, kept
	}
	return sel, *null
}

func hashKeys(j *Join, keys []*vec.Vec, sel []uint16, out []uint64) {
	row.Hash(keys, sel, out)
	if j.collide {
		clear(out)
	}
}
