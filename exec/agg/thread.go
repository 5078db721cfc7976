package agg

import (
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// thread is what one thread needs to add its batches.
type thread struct {
	agg      *Agg
	cols     []*vec.Vec // values of Agg.inputs
	plain    evaluation // of inputs without a FILTER
	where    []filtered // of the others, by FILTER
	calls    []callInput
	sets     []setInput
	preps    []row.Prep
	keys     []*vec.Vec
	all      []uint16 // rows of the batch at hand
	prepared bool     // keys are those of the batch at hand

	table *table   // of the groups
	dists []*table // of the distinct values, by set
	work  work
	one   rowPtr // the group of an aggregation without keys
	fast  *direct
	count int // batches, for ForceSpill
}

// evaluation is inputs that are evaluated for the same rows.
type evaluation struct {
	places []int // in Agg.inputs
	set    *eval.Set
}

// filtered is the inputs behind one FILTER.
type filtered struct {
	evaluation
	filter expr.Expr
	test   *eval.Program
	kept   []uint16 // rows that pass
}

// callInput is a call's place among what the thread evaluates.
type callInput struct {
	filter int // in where, -1: none
	args   []*vec.Vec
}

type setInput struct {
	filter int
	preps  []row.Prep
	keys   []*vec.Vec
}

// work is scratch for finding groups, by row of a batch.
type work struct {
	hash  []uint64
	ptrs  []rowPtr
	slots []rowPtr
}

func (a *Agg) newThread() (*thread, error) {
	t := &thread{agg: a, cols: make([]*vec.Vec, len(a.inputs))}
	err := t.compile()
	if err != nil {
		return nil, err
	}
	for _, c := range a.main.calls {
		k := callInput{args: make([]*vec.Vec, len(c.args))}
		k.filter = t.filter(c.where)
		t.calls = append(t.calls, k)
	}
	for _, s := range a.sets {
		n := len(a.main.keys) + len(s.args)
		k := setInput{preps: make([]row.Prep, n), keys: make([]*vec.Vec, n)}
		k.filter = t.filter(s.filter)
		t.sets = append(t.sets, k)
	}
	t.preps, t.keys = make([]row.Prep, len(a.main.keys)), make([]*vec.Vec, len(a.main.keys))
	t.work = work{hash: make([]uint64, vec.DefaultSize), ptrs: make([]rowPtr, vec.DefaultSize)}
	return t, nil
}

// compile compiles the inputs and filters.
func (t *thread) compile() error {
	env := t.agg.env
	var err error
	compile := func(e *evaluation) error {
		es := make([]expr.Expr, len(e.places))
		for i, x := range e.places {
			es[i] = t.agg.inputs[x].e
		}
		e.set, err = eval.CompileSet(env.Functions, env.Context, es)
		return err
	}
	add := func(f expr.Expr) error {
		if f == nil || t.filter(f) >= 0 {
			return nil
		}
		w := filtered{filter: f}
		if w.test, err = eval.Compile(env.Functions, env.Context, f); err != nil {
			return err
		}
		t.where = append(t.where, w)
		return nil
	}
	for _, c := range t.agg.main.calls {
		if err := add(c.where); err != nil {
			return err
		}
	}
	for _, s := range t.agg.sets {
		if err := add(s.filter); err != nil {
			return err
		}
	}
	for i, x := range t.agg.inputs {
		e := &t.plain
		if f := t.filter(x.filter); f >= 0 {
			e = &t.where[f].evaluation
		}
		e.places = append(e.places, i)
	}
	if err := compile(&t.plain); err != nil {
		return err
	}
	for i := range t.where {
		if err := compile(&t.where[i].evaluation); err != nil {
			return err
		}
	}
	return nil
}

// filter returns the place of f in t.where, -1 if it is not there.
func (t *thread) filter(f expr.Expr) int {
	for i, w := range t.where {
		if f != nil && tree.Equal(w.filter, f) {
			return i
		}
	}
	return -1
}

// open makes the thread's tables, which the cores then own.
func (t *thread) open() error {
	g, err := t.agg.main.newTable()
	if err != nil {
		return err
	}
	t.use(g)
	for _, s := range t.agg.sets {
		d, err := s.core.newTable()
		if err != nil {
			return err
		}
		t.dists = append(t.dists, d)
	}
	return nil
}

// use makes g the table of the thread's groups.
func (t *thread) use(g *table) {
	t.table, t.fast = g, newDirect(t)
	g.moving = t.fast.forget
}

func (c *core) newTable() (*table, error) {
	t, err := newTable(c, 0)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.tables = append(c.tables, t)
	c.mu.Unlock()
	return t, nil
}

// add takes in a batch.
func (t *thread) add(b *vec.Batch) error {
	sel := b.Selection()
	if err := t.eval(b, sel); err != nil {
		return err
	}
	t.work.size(b.N)
	t.all = sel
	if err := t.group(sel); err != nil {
		return err
	}
	for i := range t.sets {
		if err := t.addDistinct(i, sel); err != nil {
			return err
		}
	}
	if t.count++; t.agg.env.ForceSpill && t.count%3 == 0 && t.table.canSpill() {
		return t.table.spill()
	}
	return nil
}

func (w *work) size(n int) {
	if n > len(w.hash) {
		w.hash, w.ptrs = make([]uint64, n), make([]rowPtr, n)
	}
}

// eval computes all expressions and filters of a batch.
func (t *thread) eval(b *vec.Batch, sel []uint16) error {
	if err := t.values(&t.plain, b, sel); err != nil {
		return err
	}
	for i := range t.where {
		w := &t.where[i]
		var err error
		if w.kept, err = w.test.Select(b.Cols, b.N, sel, w.kept); err != nil {
			return err
		}
		if w.kept == nil {
			w.kept = []uint16{} // nil means all rows
		}
		if err := t.values(&w.evaluation, b, w.kept); err != nil {
			return err
		}
	}
	t.prepared = false
	for i, c := range t.agg.main.calls {
		for j, x := range c.args {
			t.calls[i].args[j] = t.cols[x]
		}
	}
	return nil
}

// prepare prepares the keys of rows sel. Numbered keys do not need it.
func (t *thread) prepare(sel []uint16) {
	if t.prepared {
		return
	}
	for i := range t.keys {
		t.keys[i] = t.preps[i].Key(t.cols[i], sel)
	}
	t.prepared = true
}

// values evaluates some inputs for rows sel.
func (t *thread) values(e *evaluation, b *vec.Batch, sel []uint16) error {
	vs, err := e.set.Eval(b.Cols, b.N, sel)
	if err != nil {
		return err
	}
	for i, x := range e.places {
		t.cols[x] = vs[i]
	}
	return nil
}

func (t *thread) rows(filter int, sel []uint16) []uint16 {
	if filter < 0 {
		return sel
	}
	return t.where[filter].kept
}

// group adds the rows of sel to their groups, DISTINCT calls aside.
func (t *thread) group(sel []uint16) error {
	if len(t.keys) == 0 {
		return t.ungrouped(sel)
	}
	if ok, err := t.fast.group(sel); ok || err != nil {
		return err
	}
	t.prepare(sel)
	if err := t.locate(t.table, t.keys, sel); err != nil {
		return err
	}
	for i, c := range t.agg.main.calls {
		if c.set >= 0 {
			continue
		}
		if err := t.update(i, c, t.rows(t.calls[i].filter, sel)); err != nil {
			return err
		}
	}
	return t.table.extraMemory()
}

// locate finds in g the group of every row of sel. If there is no room, all
// tables of the thread are spilled.
func (t *thread) locate(g *table, keys []*vec.Vec, sel []uint16) error {
	for i, k := range keys {
		if k.Valid != nil && !g.core.nulls[i] {
			return sqlerr.New(sqlerr.InternalError, "key %d of an aggregation is NULL and was said not to be", i)
		}
	}
	hashKeys(g.core, keys, sel, t.work.hash)
	if err := g.room(keys, sel); err != nil {
		for _, x := range append(t.dists, t.table) {
			if !x.canSpill() {
				continue
			}
			if err := x.spill(); err != nil {
				return err
			}
		}
		if err := g.room(keys, sel); err != nil {
			return err
		}
	}
	g.find(keys, t.work.hash, sel, t.work.ptrs)
	return nil
}

func hashKeys(c *core, keys []*vec.Vec, sel []uint16, out []uint64) {
	row.Hash(keys, sel, out)
	if c.agg.collide {
		clear(out)
	}
}

// update adds rows sel to call i, at the groups found for them.
func (t *thread) update(i int, c *call, sel []uint16) error {
	slots := t.work.slots[:0]
	for _, r := range sel {
		slots = append(slots, rowAt(t.work.ptrs[r], c.off))
	}
	t.work.slots = slots
	ctx, acc, args := t.agg.env.Context, t.table.accs[i], t.calls[i].args
	if t.agg.node.Mode == physical.Final {
		return c.at(acc.Load(ctx, slots, args, sel))
	}
	return c.at(acc.Update(ctx, slots, args, sel))
}

// ungrouped adds the rows of sel to the only group.
func (t *thread) ungrouped(sel []uint16) error {
	t.single()
	ctx := t.agg.env.Context
	for i, c := range t.agg.main.calls {
		if c.set >= 0 {
			continue
		}
		rows := t.rows(t.calls[i].filter, sel)
		if t.agg.node.Mode == physical.Final {
			for _, r := range rows {
				t.work.ptrs[r] = t.one
			}
			if err := t.update(i, c, rows); err != nil {
				return err
			}
			continue
		}
		if err := t.table.accs[i].UpdateOne(ctx, rowAt(t.one, c.off), t.calls[i].args, rows); err != nil {
			return c.at(err)
		}
	}
	return t.table.extraMemory()
}

// single makes sure that the group of an aggregation without keys is there.
func (t *thread) single() {
	if t.one == nil {
		t.one = t.table.newRow(0)
	}
}

func (c *call) at(err error) error {
	if err == nil {
		return nil
	}
	return sqlerr.At(err, int(c.agg.Pos))
}
