package agg

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/internal/types"
)

// rowPtr points at a row of a table.
type rowPtr = unsafe.Pointer

// core is a set of groups built by the threads of a task: the groups proper,
// or the distinct values of an argument list.
type core struct {
	agg     *Agg
	account *mem.Account
	keys    []types.Type
	calls   []*call
	layout  *row.Layout // head: hash; tail: states
	fixed   bool        // all calls are Fixed
	nulls   []bool      // by key: it may be NULL
	word    bool        // the only key is 8 bytes, and its hash is computed again where needed

	mu     sync.Mutex
	tables []*table
	runs   []*run
	next   atomic.Int64 // partition (or all of them) to read next
	whole  bool         // few rows: one thread merges all partitions at once
}

// hashHead is the bytes of the hash at the start of a row.
const hashHead = 8

func newCore(a *Agg, name string, keys []types.Type, nulls []bool, calls []*call) *core {
	c := &core{agg: a, account: a.account.Child(name, 0), keys: keys, nulls: nulls, calls: calls, fixed: true}
	tail := 0
	for _, k := range calls {
		k.off = tail
		tail += (k.size + 7) &^ 7
		c.fixed = c.fixed && k.fixed
	}
	c.word = len(keys) == 1 && keys[0].Storage().Width() == 8 && !keys[0].Kind.IsNested() && !a.collide
	head := hashHead
	if c.word {
		head = 0
	}
	c.layout = row.NewLayout(head, keys, nulls, len(keys), tail)
	for _, k := range calls {
		k.off += c.layout.Tail
	}
	return c
}

// hash returns the hash of the keys of p. NULL hashes as 0 does.
func (c *core) hash(p rowPtr) uint64 {
	if c.word {
		return row.Word(*(*uint64)(p))
	}
	return *(*uint64)(p)
}

func (c *core) accumulators() ([]function.Accumulator, error) {
	out := make([]function.Accumulator, len(c.calls))
	for i, k := range c.calls {
		var err error
		if out[i], err = k.overload.Accumulator(k.agg); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// settle prepares reading, after all rows have been added.
func (c *core) settle() error {
	rows := 0
	for _, t := range c.tables {
		if err := t.settle(len(c.runs) > 0); err != nil {
			return err
		}
		rows += t.rows
	}
	c.whole = rows <= 8192
	return nil
}

// each hands the groups to f, a batch of rows with their accumulators at a
// time, until f says to stop. The threads that call it share the partitions.
func (c *core) each(ctx context.Context, f func(rows []rowPtr, accs []function.Accumulator) (bool, error)) error {
	if len(c.runs) > 0 {
		return c.eachSpilled(ctx, c.runs, 1, &c.next, f)
	}
	m, err := newMerger(c)
	if err != nil {
		return err
	}
	defer m.close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		lo := int(c.next.Add(1)) - 1
		hi := lo + 1
		if c.whole {
			hi = parts
		}
		if lo >= parts || c.whole && lo > 0 {
			break
		}
		if err := m.merge(ctx, lo, hi); err != nil {
			return err
		}
		if more, err := m.flush(f, false); err != nil || !more {
			return err
		}
	}
	_, err = m.flush(f, true)
	return err
}

func (c *core) close() {
	for _, t := range c.tables {
		t.free()
	}
	for _, r := range c.runs {
		r.close()
	}
	c.tables, c.runs = nil, nil
	c.account.Close()
}
