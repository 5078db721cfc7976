package exec

import (
	"sync/atomic"
	"time"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// NodeMetrics is what one plan node did in a task, so far or in all.
type NodeMetrics struct {
	Node int32  // physical.Meta.ID; 0 is the consumer of the task's result
	Name string // the node's type: "HashJoin"
	// Rows, Batches and Bytes count output; Bytes is an estimate.
	Rows, Batches, Bytes int64
	// Time is spent in the node itself by all threads, waiting included, inputs and consumers excluded.
	Time time.Duration
	// Memory is the most bytes the node had reserved at a time.
	Memory int64
}

// meters measures the nodes of a task. Every thread has a clock that is always
// running for exactly one node, so a hand-over costs one reading of the time
// and times are exclusive by construction.
type meters struct {
	threads int
	clocks  []clock
	nodes   []*nodeMeter // in order of building; [0] is the consumer
	byID    map[int32]*nodeMeter
	start   time.Time
}

type nodeMeter struct {
	id    int32
	name  string
	cells []cell // one a thread
	acct  *mem.Account
}

// cell is written by one thread and read by any.
type cell struct {
	rows, batches, bytes, nanos atomic.Int64
	node                        *nodeMeter
	_                           [24]byte // a cache line each
}

// add counts what other, the meters of a step of a recursion, counted. One
// thread at a time does.
func (m *meters) add(other *meters) {
	for _, o := range other.nodes {
		n := m.byID[o.id]
		if o.id == 0 || n == nil {
			continue
		}
		to := &n.cells[0]
		for i := range o.cells {
			from := &o.cells[i]
			to.rows.Add(from.rows.Load())
			to.batches.Add(from.batches.Load())
			to.bytes.Add(from.bytes.Load())
			to.nanos.Add(from.nanos.Load())
		}
	}
}

func add(a *atomic.Int64, n int64) { a.Store(a.Load() + n) }

type clock struct {
	cur  *cell
	last time.Duration
	_    [48]byte
}

func newMeters(threads int) *meters {
	m := &meters{threads: threads, clocks: make([]clock, threads), byID: map[int32]*nodeMeter{}, start: time.Now()}
	m.node(0, "Result")
	return m
}

// node returns the meter of the node with the given id, made on first use.
func (m *meters) node(id int32, name string) *nodeMeter {
	if n := m.byID[id]; n != nil && n.name == name {
		return n
	}
	n := &nodeMeter{id: id, name: name, cells: make([]cell, m.threads)}
	for i := range n.cells {
		n.cells[i].node = n
	}
	m.nodes = append(m.nodes, n)
	m.byID[id] = n
	return n
}

// to lets the thread's clock run for c from now on and returns for what it ran before.
func (m *meters) to(thread int, c *cell) *cell {
	k := &m.clocks[thread]
	now := time.Since(m.start)
	prev := k.cur
	if prev != nil {
		add(&prev.nanos, int64(now-k.last))
	}
	k.cur, k.last = c, now
	return prev
}

// stream counts what in, the output of node n, yields on a thread.
func (m *meters) stream(n *nodeMeter, thread int, in vec.Stream) vec.Stream {
	c := &n.cells[thread]
	return func(yield func(*vec.Batch, error) bool) {
		consumer := m.to(thread, c)
		for b, err := range in {
			if err == nil {
				add(&c.rows, int64(b.Rows()))
				add(&c.batches, 1)
				add(&c.bytes, approxBytes(b))
			}
			m.to(thread, consumer)
			more := yield(b, err)
			m.to(thread, c)
			if !more || err != nil {
				break
			}
		}
		m.to(thread, consumer)
	}
}

// approxBytes estimates the bytes of b's alive rows: exactly for fixed-width
// columns, from a few rows for strings, the elements of lists left out.
func approxBytes(b *vec.Batch) int64 {
	rows := int64(b.Rows())
	var total int64
	for _, c := range b.Cols {
		s := c.Type.Storage()
		if s != types.StoreString {
			total += rows * int64(s.Width())
			continue
		}
		const sample = 4
		sel, seen := b.Selection(), int64(0)
		step := max(1, len(sel)/sample)
		var bytes int64
		for i := 0; i < len(sel); i += step {
			seen++
			if r := int(sel[i]); !c.Null(r) {
				bytes += int64(len(vec.Data[string](c.Base())[c.Index(r)]))
			}
		}
		if seen > 0 {
			total += bytes * rows / seen
		}
	}
	return total
}

// Metrics returns the state of every node, in order of building. It may be
// called at any time, from any goroutine.
func (t *Task) Metrics() []NodeMetrics {
	out := make([]NodeMetrics, 0, len(t.meters.nodes))
	for _, n := range t.meters.nodes {
		m := NodeMetrics{Node: n.id, Name: n.name}
		for i := range n.cells {
			c := &n.cells[i]
			m.Rows += c.rows.Load()
			m.Batches += c.batches.Load()
			m.Bytes += c.bytes.Load()
			m.Time += time.Duration(c.nanos.Load())
		}
		if n.acct != nil {
			m.Memory = n.acct.Peak()
		}
		out = append(out, m)
	}
	return out
}

// kind is the name of a node's type.
func kind(n physical.Node) string {
	switch n.(type) {
	case *physical.Scan:
		return "Scan"
	case *physical.Values:
		return "Values"
	case *physical.Range:
		return "Range"
	case *physical.Feed:
		return "Feed"
	case *physical.Project:
		return "Project"
	case *physical.Filter:
		return "Filter"
	case *physical.HashAggregate:
		return "HashAggregate"
	case *physical.HashJoin:
		return "HashJoin"
	case *physical.LoopJoin:
		return "LoopJoin"
	case *physical.Sort:
		return "Sort"
	case *physical.Limit:
		return "Limit"
	case *physical.Window:
		return "Window"
	case *physical.TopK:
		return "TopK"
	case *physical.Union:
		return "Union"
	case *physical.Expand:
		return "Expand"
	case *physical.Generate:
		return "Generate"
	case *physical.Sample:
		return "Sample"
	case *physical.Write:
		return "Write"
	case *physical.Prefilter:
		return "Prefilter"
	case *physical.Shared:
		return "Shared"
	case *physical.Recursive:
		return "Recursive"
	case *physical.Recurrence:
		return "Recurrence"
	case *physical.Held:
		return "Held"
	case *physical.Exchange:
		return "Exchange"
	case *physical.StageRead:
		return "StageRead"
	}
	return "Node"
}
