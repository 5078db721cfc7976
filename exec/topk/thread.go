package topk

import (
	"context"
	"unsafe"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
)

// thread is what one thread needs to take in its batches.
type thread struct {
	t      *TopK
	ctx    context.Context
	set    *eval.Set // the partition keys
	order  *sort.Keys
	preps  []row.Prep
	cols   []*vec.Vec // of the layout
	hash   []uint64
	ptrs   []rowPtr
	bag    *bag
	bounds *bounds
	red    *reducer
	// relieve empties the bag when there is no memory.
	relieve func() error
}

// forcedBag is how many rows a bag has when spilling is forced, for tests.
const forcedBag = 100

func (t *TopK) newThread(ctx context.Context) (*thread, error) {
	th := &thread{t: t, ctx: ctx, preps: make([]row.Prep, len(t.layout.Types)), cols: make([]*vec.Vec, len(t.layout.Types))}
	var err error
	if th.set, err = eval.CompileSet(t.env.Functions, t.env.Context, t.node.Partition); err != nil {
		return nil, err
	}
	if th.order, err = sort.NewKeys(t.env, t.node.Order); err != nil {
		return nil, err
	}
	if th.red, err = newReducer(t); err != nil {
		return nil, err
	}
	th.red.learns = true
	th.bag, th.bounds = newBag(t, 0), newBounds(t)
	th.relieve = th.spill
	return th, nil
}

func (th *thread) close() {
	th.bag.free()
	th.bounds.close()
	th.red.close()
}

// add takes in a batch.
func (th *thread) add(b *vec.Batch) error {
	t, sel := th.t, b.Selection()
	if len(sel) == 0 {
		return nil
	}
	if err := th.keys(b, sel); err != nil {
		return err
	}
	coded, err := th.order.Encode(b, sel)
	if err != nil {
		return err
	}
	stride := th.order.Stride()
	sel, coded = th.bounds.pass(th.cols[:t.keys], th.hash, sel, coded, stride, th.order.Sure(), th.order.Exact())
	if len(sel) == 0 {
		return nil
	}
	th.payload(b, sel)
	if err := th.room(sel); err != nil {
		return err
	}
	g, l := th.bag, t.layout
	first := uint32(g.n)
	for _, r := range sel {
		p := g.newRow()
		l.Clear(p)
		if !t.word {
			*(*uint64)(p) = th.hash[r]
		}
		th.ptrs[r] = p
	}
	for c, v := range th.cols {
		l.Scatter(c, v, sel, th.ptrs, &g.heap)
	}
	for i, r := range sel {
		key := unsafe.Add(th.ptrs[r], l.Tail)
		for j := 0; j < stride; j += 8 {
			*(*uint64)(unsafe.Add(key, j)) = *(*uint64)(unsafe.Pointer(&coded[i*stride+j]))
		}
		g.put(th.hash[r], prefix(key), first+uint32(i))
	}
	if t.text {
		for _, r := range sel {
			g.long += int64(l.Long(th.ptrs[r]))
		}
	}
	if g.over {
		g.over = false
		if err := th.reduceDue(); err != nil {
			return err
		}
	}
	if t.env.ForceSpill && g.alive >= forcedBag {
		return th.relieve()
	}
	return nil
}

// keys evaluates and hashes the partition keys.
func (th *thread) keys(b *vec.Batch, sel []uint16) error {
	t := th.t
	vals, err := th.set.Eval(b.Cols, b.N, sel)
	if err != nil {
		return err
	}
	for i, v := range vals {
		th.cols[i] = th.preps[i].Key(v, sel)
	}
	if b.N > len(th.hash) {
		n := max(b.N, vec.DefaultSize)
		th.hash, th.ptrs = make([]uint64, n), make([]rowPtr, n)
	}
	row.Hash(th.cols[:t.keys], sel, th.hash)
	if t.collide {
		clear(th.hash)
	}
	return nil
}

// payload prepares the other columns of the layout.
func (th *thread) payload(b *vec.Batch, sel []uint16) {
	t := th.t
	at := t.keys
	put := func(v *vec.Vec) {
		th.cols[at] = th.preps[at].Payload(v, sel)
		at++
	}
	for _, c := range t.stored {
		put(b.Cols[c])
	}
	for i, place := range t.texts {
		if place >= t.keys+len(t.stored) {
			put(th.order.Value(i))
		}
	}
}

// room reserves memory for rows sel of cols, of which nothing is in the bag yet.
func (th *thread) room(sel []uint16) error {
	g, long := th.bag, row.Need(th.cols, sel)
	if s := th.t.share; s <= 0 || g.alive == 0 || g.bytes() <= s {
		err := g.room(len(sel), long)
		if err == nil || g.alive == 0 {
			return err
		}
	}
	if err := th.relieve(); err != nil {
		return err
	}
	return g.room(len(sel), long)
}

// reduceDue reduces the parts that have grown enough.
func (th *thread) reduceDue() error {
	for i := range th.bag.parts {
		if p := &th.bag.parts[i]; p.rows >= p.due {
			if err := th.reduce(i); err != nil {
				return err
			}
		}
	}
	th.bag.compact()
	return nil
}

// reduceAll reduces all parts.
func (th *thread) reduceAll() error {
	for i := range th.bag.parts {
		if p := &th.bag.parts[i]; p.rows > 1 {
			if err := th.reduce(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// reduce drops the rows of a part that are not among the first K.
func (th *thread) reduce(i int) error {
	r, p := th.red, &th.bag.parts[i]
	r.collect()
	r.add(th.bag, i)
	if err := r.run(th.ctx, th.bag.level, false); err != nil {
		return err
	}
	n, gone := len(r.rows), 0
	for _, d := range r.dead {
		if d {
			gone++
		}
	}
	if 2*gone >= n {
		th.bounds.learn(r.full)
	}
	if gone > 0 {
		th.bag.drop(p, r.dead)
	}
	// Where few rows go it is tried again only when the part is much larger.
	p.due = 4 * p.rows
	if 4*gone >= n {
		p.due = max(firstDue, 2*p.rows)
	}
	return nil
}
