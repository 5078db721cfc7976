// Package topk keeps the first rows of every partition: what a window of
// row_number, rank or dense_rank with a filter on it comes to. A [TopK] is what
// the pipelines of one physical.TopK share:
//
//	complete:  … input ops ──► Sink        Source ──► … downstream
//	                           └── After ──┘
//	Partial:   … input ops ──► Operator ──► … downstream, one pipeline
//
// Every thread has a bag: rows (package row) of partition keys, columns and
// normalized order keys, as they came, and for each an item of its hash and the
// head of its order key, in 256 parts by hash. A part that has grown is
// reduced: its items are grouped in a directory that fits the cache, and rows
// past the K-th of their group are dropped. Where many are, the keys of the
// K-th rows are remembered, so that later rows need not be stored at all
// (bounds.go). At the end one part of all bags at a time is reduced, and the
// source hands out the rows that are left.
//
// A refused reservation writes the thread's rows to disk by part. Parts are
// then read back one by one, and split by further bits of the hash if they
// must. The Partial operator passes on what its bag holds instead.
//
// Unless they were on disk, rows come out about as they came: those of a thread in
// their order, and a thread takes its own first. So rows that lay side by side in
// a file still do, which operators above make use of. Among equals row_number keeps any.
package topk

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// rowPtr points at a row of a bag.
type rowPtr = unsafe.Pointer

// rank is a ranking function.
type rank uint8

const (
	rowNumber rank = iota
	rankOf
	denseRank
)

var ranks = map[string]rank{"row_number": rowNumber, "rank": rankOf, "dense_rank": denseRank}

// TopK is the shared state of one physical.TopK in one task.
type TopK struct {
	env     *flow.Env
	node    *physical.TopK
	account *mem.Account
	by      rank
	k       int
	calls   []rank

	// layout is that of rows. Head: the hash, unless word. Columns: the
	// partition keys, input columns, strings of the order. Tail: the order's key.
	layout *row.Layout
	keys   int
	word   bool  // the only key has 8 bytes, and its hash is computed again where needed
	key    int   // where a word lies in a row
	stored []int // input columns behind the keys
	places []int // of output columns of the input in the layout
	text   bool  // some columns are kept as strings
	texts  []int // by item of the order: its string's place in the layout, -1: none

	share   int64 // bytes a thread's bag may hold before it spills, 0: as many as there are
	collide bool  // for tests: every hash is zero

	mu      sync.Mutex
	threads []*thread
	runs    []*run
	next    atomic.Int64 // part on disk
}

// New prepares n and reports what cannot run.
func New(env *flow.Env, n *physical.TopK) (*TopK, error) {
	return (&TopK{env: env, node: n}).prepare()
}

func (t *TopK) prepare() (*TopK, error) {
	n := t.node
	var ok bool
	if t.by, ok = ranks[n.Func]; !ok || n.K < 1 || int64(int32(n.K)) != n.K {
		return nil, sqlerr.New(sqlerr.InternalError, "a TopK of %s <= %d", n.Func, n.K)
	}
	t.k = int(n.K)
	for _, c := range n.Calls {
		r, ok := ranks[c.Agg.Func]
		if !ok {
			return nil, sqlerr.New(sqlerr.InternalError, "a TopK cannot compute %s", c.Agg.Func)
		}
		t.calls = append(t.calls, r)
	}
	t.account = t.env.Account.Child("TopK", 0)
	t.share = t.account.Limit() / int64(max(t.env.Threads, 1)) * 7 / 10
	t.threads = make([]*thread, max(t.env.Threads, 1))
	return t, t.layOut()
}

// layOut decides where the columns of a row are kept.
func (t *TopK) layOut() error {
	n := t.node
	var ts []types.Type
	var nulls []bool
	add := func(typ types.Type, null bool) int {
		ts, nulls = append(ts, typ), append(nulls, null || typ.Kind == types.Null)
		return len(ts) - 1
	}
	schema := n.Input.Schema()
	at := make([]int, len(schema)) // of input columns in the layout
	for i := range at {
		at[i] = -1
	}
	for _, e := range n.Partition {
		place := add(e.Type(), e.Nullable())
		// A float as a key is not the float that it was; nor is a nested value.
		if r, ok := e.(*expr.Ref); ok && !e.Type().Kind.IsFloat() && !e.Type().Kind.IsNested() {
			at[r.Index] = place
		}
	}
	t.keys = len(ts)
	for _, i := range n.Emit {
		if at[i] < 0 {
			at[i] = add(schema[i].Type, schema[i].Nullable)
			t.stored = append(t.stored, i)
		}
		t.places = append(t.places, at[i])
	}
	keys, err := sort.NewKeys(t.env, n.Order)
	if err != nil {
		return err
	}
	for i, o := range n.Order {
		place := -1
		if keys.Tie(i) {
			if r, ok := o.Expr.(*expr.Ref); ok {
				place = at[r.Index]
			}
			if place < 0 {
				place = add(o.Expr.Type(), o.Expr.Nullable())
			}
		}
		t.texts = append(t.texts, place)
	}
	for _, typ := range ts {
		s := typ.Storage()
		t.text = t.text || s == types.StoreString || s == types.StoreList || s == types.StoreStruct
	}
	head := 8
	t.word = t.keys == 1 && ts[0].Storage().Width() == 8 && !ts[0].Kind.IsNested() && !t.collide
	if t.word {
		head = 0
	}
	t.layout = row.NewLayout(head, ts, nulls, t.keys, keys.Stride())
	if t.word {
		t.key = t.layout.Offset(0)
	}
	return nil
}

// hash returns the hash of the partition keys of p. NULL hashes as 0 does.
func (t *TopK) hash(p rowPtr) uint64 {
	if t.word {
		return row.Word(*(*uint64)(unsafe.Add(p, t.key)))
	}
	return *(*uint64)(p)
}

// Sink is the end of the input's pipeline.
func (t *TopK) Sink() flow.Sink { return sink{t} }

// Source is the start of the pipeline that reads the result.
func (t *TopK) Source() flow.Source { return source{t} }

type sink struct{ t *TopK }

// Drain implements flow.Sink.
func (s sink) Drain(ctx context.Context, i int, in vec.Stream) error {
	th, err := s.t.newThread(ctx)
	if err != nil {
		return err
	}
	s.t.threads[i] = th
	for b, err := range in {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := th.add(b); err != nil {
			return err
		}
	}
	return nil
}

// Finish implements flow.Sink. If some rows are on disk, all go there.
func (s sink) Finish(ctx context.Context, par flow.Parallel) error {
	t := s.t
	for _, th := range t.threads {
		if th != nil {
			th.bounds.close()
		}
	}
	if len(t.runs) == 0 {
		err := t.number()
		if err == nil {
			return t.settle(ctx, par)
		}
		if !sqlerr.Is(err, sqlerr.MemoryLimit) {
			return err
		}
	}
	return par(ctx, len(t.threads), func(ctx context.Context, _, i int) error {
		th := t.threads[i]
		if th == nil {
			return nil
		}
		th.ctx = ctx
		return th.spill()
	})
}

// Close implements flow.Sink.
func (s sink) Close() {
	for _, th := range s.t.threads {
		if th != nil {
			th.close()
		}
	}
	for _, r := range s.t.runs {
		r.close()
	}
	s.t.threads, s.t.runs = nil, nil
	s.t.account.Close()
}
