package join

import (
	"context"
	"unsafe"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// builder writes one thread's build rows.
type builder struct {
	join    *Join
	arena   *mem.Arena
	heap    row.Heap
	kept    part      // rows that can match, in the order they came
	loose   part      // rows with a NULL key, which match nothing
	disk    *division // where rows go once memory was short, else nil
	matches int       // rows that can match, in memory and on disk
	rows    int       // with those of loose
	hasNull bool      // a row with a NULL key was seen, kept or not
	nulls   []bool    // by column of the layout: some value is NULL
	ranges  []keyRange
	batches int // for ForceSpill
	// Of rows read back: all have the hash first, and the bytes reserved for a directory.
	alike    bool
	first    uint64
	reserved int64

	progs *eval.Set
	preps []row.Prep // keys, then stored columns
	keys  []*vec.Vec
	cols  []*vec.Vec // prepared columns of the layout
	hash  []uint64
	ptrs  []rowPtr
	sel   []uint16
	null  []uint16
}

// part is a list of segments of rows.
type part struct {
	segs []segment
	cur  rowPtr
	left int
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
	if !j.part { // which reads keys, and evaluates none
		b.progs, err = eval.CompileSet(j.env.Functions, j.env.Context, j.buildKeys)
	}
	b.preps = make([]row.Prep, len(j.layout.Types))
	b.keys = make([]*vec.Vec, len(j.buildKeys))
	b.cols = make([]*vec.Vec, len(j.layout.Types))
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
	j.facts.hasNull, j.facts.rows = j.table.hasNull, j.table.rows
	return j.publish(ctx)
}

func (s *buildSink) Close() {
	s.table.close()
	s.grace.close()
	s.account.Close()
}

func (b *builder) add(in *vec.Batch) error {
	j, sel := b.join, in.Selection()
	b.size(in.N)
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
	if !j.keepNull {
		null = nil
	}
	if err := b.keep(in, sel, false); err != nil {
		return err
	}
	if err := b.keep(in, null, true); err != nil {
		return err
	}
	if b.batches++; j.env.ForceSpill && b.batches%3 == 0 && b.disk == nil {
		return b.toDisk()
	}
	return nil
}

func (b *builder) size(n int) {
	if n > len(b.hash) {
		n = max(n, vec.DefaultSize)
		b.hash, b.ptrs = make([]uint64, n), make([]rowPtr, n)
	}
}

// keep takes rows sel of a batch whose keys are prepared into memory, or to
// disk if memory is or has been short.
func (b *builder) keep(in *vec.Batch, sel []uint16, loose bool) error {
	if len(sel) == 0 {
		return nil
	}
	j, nk := b.join, copy(b.cols, b.keys)
	for i, c := range j.stored {
		b.cols[nk+i] = b.preps[nk+i].Payload(in.Cols[c], sel)
	}
	b.rows += len(sel)
	if !loose {
		b.matches += len(sel)
	}
	if b.disk == nil {
		err := b.write(sel, loose)
		if !sqlerr.Is(err, sqlerr.MemoryLimit) {
			return err
		}
		if err := b.toDisk(); err != nil {
			return err
		}
	}
	return b.spill(sel, loose)
}

// write makes rows of rows sel of the prepared columns.
func (b *builder) write(sel []uint16, loose bool) error {
	j, l := b.join, b.join.layout
	if err := b.arena.Ensure(len(sel)*l.Size + row.Need(b.cols, sel)); err != nil {
		return err
	}
	if j.hashAt > 0 {
		hashKeys(j, b.cols[:len(b.keys)], sel, b.hash)
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
	for c, v := range b.cols {
		b.nulls[c] = b.nulls[c] || v.Valid != nil
		l.Scatter(c, v, sel, b.ptrs, &b.heap)
	}
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
