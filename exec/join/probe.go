package join

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// probe matches one thread's probe batches.
type probe struct {
	join    *Join
	progs   *eval.Set
	preps   []row.Prep
	keys    []*vec.Vec
	hash    []uint64
	heads   []rowPtr // by row of the batch: the first build row of its key, or nil
	at      []uint32
	entries []uint64
	sel     []uint16
	null    []uint16 // rows with a NULL key
	cand    []uint16
	again   [2][]uint16

	pairs   pairs
	matched []bool // by row of the batch, where pairs are tested by the residual
	unknown []bool // … it is NULL whether the row matches
	some    []uint16
	rest    []uint16
	out     vec.Batch
	own     []vec.Vec // for columns of out that are not borrowed
	spare   []vec.Vec // for a second batch out of one input batch
	mark    *vec.Vec
	test    *eval.Program
	testIn  []*vec.Vec
	testOwn []vec.Vec
	carry   *carry
	yield   func(*vec.Batch, error) bool
}

// errStop ends a stream whose consumer has had enough.
var errStop = sqlerr.New(sqlerr.InternalError, "the consumer stopped")

func (j *Join) newProbe() (*probe, error) {
	p := &probe{join: j, preps: make([]row.Prep, len(j.probeKeys)), keys: make([]*vec.Vec, len(j.probeKeys))}
	var err error
	if p.progs, err = eval.CompileSet(j.env.Functions, j.env.Context, j.probeKeys); err != nil {
		return nil, err
	}
	if j.node.Residual != nil {
		if p.test, err = eval.Compile(j.env.Functions, j.env.Context, j.node.Residual); err != nil {
			return nil, err
		}
	}
	p.out.Cols = make([]*vec.Vec, len(j.out))
	p.own, p.spare = make([]vec.Vec, len(j.out)), make([]vec.Vec, len(j.out))
	p.testIn, p.testOwn = make([]*vec.Vec, j.buildCols+j.probeCols), make([]vec.Vec, len(j.needs))
	p.mark = &vec.Vec{}
	return p, nil
}

// Probe is the operator of one thread of the probe side.
func (j *Join) Probe(int) (flow.Operator, error) { return j.newProbe() }

// Run matches the batches of in.
func (p *probe) Run(ctx context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		p.yield = yield
		for b, err := range in {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && b.Rows() > 0 {
				err = p.batch(ctx, b)
			}
			if err == errStop {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

func (p *probe) batch(ctx context.Context, b *vec.Batch) error {
	keys, err := p.progs.Eval(b.Cols, b.N, b.Sel)
	if err != nil {
		return err
	}
	return p.match(ctx, b, keys)
}

// match finds and yields what the rows of b, whose keys have these values, give.
func (p *probe) match(ctx context.Context, b *vec.Batch, keys []*vec.Vec) error {
	j := p.join
	if b.N > len(p.hash) {
		n := max(b.N, vec.DefaultSize)
		p.hash, p.heads, p.at = make([]uint64, n), make([]rowPtr, n), make([]uint32, n)
		p.entries = make([]uint64, n)
		p.matched, p.unknown = make([]bool, n), make([]bool, n)
	}
	sel := b.Selection()
	for i, v := range keys {
		p.keys[i] = p.preps[i].Key(v, sel)
	}
	keyed, null := splitNull(p.keys, j.nullSafe, sel, &p.sel, &p.null)
	for _, r := range null {
		p.heads[r] = nil
	}
	j.sawProbe(len(null) > 0)
	p.find(keyed)
	switch {
	case p.carry != nil || p.test != nil || j.single && (j.flags || !j.table.unique):
		return p.chains(ctx, b, sel)
	case !j.pairs && j.flags:
		p.flagAll(keyed)
		return nil
	case j.pairs && !j.table.unique:
		return p.follow(ctx, b, sel)
	case j.pairs:
		if j.flags {
			p.flagAll(keyed)
		}
		return p.side(b, sel)
	}
	return p.decide(b, sel, func(r uint16) bool { return p.heads[r] != nil })
}

// sawProbe takes note of probe rows for null-aware joins that build left.
func (j *Join) sawProbe(null bool) {
	if j.node.NullAware && j.node.BuildLeft {
		j.facts.probed.Store(true)
		if null {
			j.facts.probedNull.Store(true)
		}
	}
}

// find sets heads for rows sel, whose keys match no NULL.
func (p *probe) find(sel []uint16) {
	t := &p.join.table
	if t.rows == 0 {
		for _, r := range sel {
			p.heads[r] = nil
		}
		return
	}
	if t.direct != nil {
		p.findDirect(sel)
		return
	}
	hashKeys(p.join, p.keys, sel, p.hash)
	p.ahead(sel)
	if len(p.keys) == 1 && t.join.layout.Word(0) && !hasNulls(p.keys[0]) && !t.nulls[0] {
		p.findWords(vec.Raw[uint64](p.keys[0]), sel)
		return
	}
	at, shift := p.at, t.shift
	for _, r := range sel {
		at[r] = uint32(p.hash[r] << t.pre >> shift)
	}
	for k := 0; len(sel) > 0; k ^= 1 {
		p.step(sel)
		eq, ne := t.join.layout.Match(p.keys, p.cand, p.heads, p.cand, p.again[k][:0])
		p.cand, p.again[k] = eq, ne
		mask := uint32(len(t.dir) - 1)
		for _, r := range ne {
			at[r] = (at[r] + 1) & mask
		}
		sel = ne
	}
}

// farDir is the size from which on a directory and its rows are not in the
// nearest caches, so that asking for them ahead pays.
const farDir = 1 << 13

// ahead asks for the directory entries of rows sel, then for the rows they point at.
func (p *probe) ahead(sel []uint16) {
	t := &p.join.table
	if len(t.dir) < farDir {
		return
	}
	at, entries, shift, pre := p.at[:len(sel)], p.entries[:len(sel)], t.shift&63, t.pre&63
	for i, r := range sel {
		at[i] = uint32(p.hash[r] << pre >> shift)
	}
	row.PrefetchAt(unsafe.Pointer(unsafe.SliceData(t.dir)), at)
	for i, x := range at {
		entries[i] = t.dir[x]
	}
	row.PrefetchRows(entries, 0)
}

// step finds the next entry that may be the key of each row, or that there is none.
func (p *probe) step(sel []uint16) {
	t := &p.join.table
	dir, mask, at := t.dir, uint32(len(t.dir)-1), p.at
	cand := p.cand[:0]
	for _, r := range sel {
		i, h := at[r], p.hash[r]
		for {
			e := dir[i]
			if e == 0 {
				p.heads[r] = nil
				break
			}
			if e>>48 == h&0xffff {
				p.heads[r] = mem.Pointer(e & address)
				cand = append(cand, r)
				break
			}
			i = (i + 1) & mask
		}
		at[r] = i
	}
	p.cand = cand
}

// findWords is find for a single key of 8 bytes without NULLs.
func (p *probe) findWords(keys []uint64, sel []uint16) {
	t := &p.join.table
	dir, mask, shift, pre := t.dir, uint64(len(t.dir)-1), t.shift&63, t.pre&63
	off := t.join.layout.Offset(0)
	heads, hash := p.heads, p.hash
	for _, r := range sel {
		h, k := hash[r], keys[r]
		i := h << pre >> shift
		for {
			e := dir[i]
			if e == 0 {
				heads[r] = nil
				break
			}
			if e>>48 == h&0xffff {
				if q := mem.Pointer(e & address); *(*uint64)(unsafe.Add(q, off)) == k {
					heads[r] = q
					break
				}
			}
			i = (i + 1) & mask
		}
	}
}

// findDirect looks keys up in the array.
func (p *probe) findDirect(sel []uint16) {
	t := &p.join.table
	switch k := p.keys[0]; k.Type.Storage().Width() {
	case 1:
		direct(vec.Raw[int8](k), sel, t.direct, t.min, p.heads)
	case 2:
		direct(vec.Raw[int16](k), sel, t.direct, t.min, p.heads)
	case 4:
		direct(vec.Raw[int32](k), sel, t.direct, t.min, p.heads)
	case 8:
		direct(vec.Raw[int64](k), sel, t.direct, t.min, p.heads)
	}
}

func direct[T int8 | int16 | int32 | int64](keys []T, sel []uint16, dir []uint64, min int64, heads []rowPtr) {
	for _, r := range sel {
		i := uint64(int64(keys[r]) - min)
		if i < uint64(len(dir)) {
			heads[r] = mem.Pointer(dir[i])
		} else {
			heads[r] = nil
		}
	}
}

// next is the next build row of the key of q.
func next(q rowPtr) rowPtr { return mem.Pointer(*(*uint64)(unsafe.Add(q, nextAt))) }

// flag marks a build row as matched and reports whether it was already.
func (j *Join) flag(q rowPtr) bool {
	f := (*uint32)(unsafe.Add(q, j.flagAt))
	if atomic.LoadUint32(f) != 0 {
		return true
	}
	return !atomic.CompareAndSwapUint32(f, 0, 1)
}

// flagAll marks all build rows of the keys of rows sel.
func (p *probe) flagAll(sel []uint16) {
	unique := p.join.table.unique
	for _, r := range sel {
		q := p.heads[r]
		if q == nil || p.join.flag(q) {
			continue // one row of the key is marked, so all are
		}
		if unique {
			continue
		}
		for q = next(q); q != nil; q = next(q) {
			p.join.flag(q)
		}
	}
}

// side yields matches of keys that are unique in the build side: probe rows
// as they are, with build columns beside them.
func (p *probe) side(b *vec.Batch, sel []uint16) error {
	hit := p.some[:0]
	miss := p.rest[:0]
	for _, r := range sel {
		if p.heads[r] != nil {
			hit = append(hit, r)
		} else {
			miss = append(miss, r)
		}
	}
	p.some, p.rest = hit, miss
	j := p.join
	if j.probeOuter {
		if len(miss) == len(sel) {
			hit = nil
		}
		return p.emitAt(b, sel, hit, miss)
	}
	if len(hit) == 0 {
		return nil
	}
	return p.emitAt(b, hit, hit, nil)
}

// emitAt yields rows sel of b: with the columns of their build rows where they
// are in hit, with NULLs where in miss.
func (p *probe) emitAt(b *vec.Batch, sel, hit, miss []uint16) error {
	l := p.join.layout
	for i, o := range p.join.out {
		switch {
		case o.kind == fromProbe:
			p.out.Cols[i] = b.Cols[o.at]
			continue
		case o.kind == theMark:
			p.out.Cols[i] = p.mark
			continue
		}
		v := &p.own[i]
		p.out.Cols[i] = v
		if len(hit) == 0 {
			v.Reset(o.typ)
			v.SetConst(b.N)
			if o.typ.Kind != 0 {
				v.SetNull(0)
			}
			continue
		}
		l.GatherAt(o.at, hit, p.heads, b.N, v)
		if o.typ.Kind == 0 {
			continue
		}
		for _, r := range miss {
			v.SetNull(int(r))
		}
	}
	p.out.N, p.out.Sel = b.N, sel
	if len(sel) == b.N {
		p.out.Sel = nil
	}
	return p.send(&p.out)
}

func (p *probe) send(b *vec.Batch) error {
	if !p.yield(b, nil) {
		return errStop
	}
	return nil
}
