// Package join matches rows of two inputs. A [Join] (hash join) or [Loop]
// (nested loops) is what the pipelines of one physical node share:
//
//	build side ops ──► Build (Sink)
//	                     │ After
//	probe side ops ──► Probe (Operator) ──► … downstream
//	                     │ After
//	                   Unmatched (Source) ──► … the same downstream
//
// The build side of a HashJoin is Left if BuildLeft, else Right; of a LoopJoin
// always Right. The probe pipeline runs After the build pipeline. Unmatched
// is nil for most kinds; where it is not, it must run after every thread has
// finished probing, and its batches join those of the probe. All batches have the columns
// of the node's Schema. The Build sink's Close releases the table, so it must come last.
//
// # How it works
//
// Build rows (package row) hold the next row of the same key, the hash, the
// keys and the columns that come out or that the residual condition reads, in the
// order they came. Finish enters them in parallel, by compare and swap, into a directory
// indexed by the high bits of the hash, or, where a single integer key is
// dense, into an array indexed by the key. A batch is probed in passes,
// which leave the first build row of each probe row. Build columns are
// gathered last. Probe columns come out as they came in, under a selection, unless rows repeat.
//
// # With too little memory
//
// A builder that is refused memory moves its rows to files, divided by the
// first bits of their hash (pile.go), and sends there what follows. If one did, Finish moves all rows,
// Break says so, and the probe side is divided in the same way by a sink before a source joins
// part by part (grace_read.go):
//
//	build side ops ──► Build ──► files      probe side ops ──► sink ──► files
//	                               └───────────┬──────────────────────────┘
//	                                        source ──► … downstream
package join

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

type rowPtr = unsafe.Pointer

// Join is the shared state of one hash join in one task.
type Join struct {
	env     *flow.Env
	node    *physical.HashJoin
	account *mem.Account
	plan
	table   table
	collide bool // for tests: every hash is zero
	loop    bool // made by NewLoop
	part    bool // a part of a join on disk (grace_read.go)
	facts   *facts

	graceOnce sync.Once
	grace     *grace // the rows on disk, nil if the build side is in memory
}

// facts are about all rows of a join, also where a Join is only a part of one.
type facts struct {
	// Of the build side, once it is complete: some key was NULL, how many rows can match.
	hasNull bool
	rows    int
	// Of the probe side, for null-aware joins that build left: there was a row, and one with a NULL key.
	probed, probedNull atomic.Bool
}

// plan is what the kind of join and the side that is built mean.
type plan struct {
	buildKeys, probeKeys []expr.Expr
	nullSafe             []bool
	buildAt, probeAt     int // place of the side's first column in Left ++ Right
	buildCols, probeCols int

	pairs      bool // matching rows come out side by side
	probeOuter bool // probe rows without a match come out
	buildOuter bool // build rows without a match come out, after probing
	flags      bool // build rows remember that they matched
	single     bool
	// Semi, Anti and Mark: rows of one side, with, without, or told if, they match.
	semi, anti, mark bool
	keepNull         bool // build rows with a NULL key are kept
	first            bool // only the first build row of a key is kept

	layout *row.Layout
	hashAt int // 0: rows hold no hash
	flagAt int
	stored []int // build columns that have a place in rows beside the keys
	place  []int // build column → column of layout, -1: none
	out    []output
	needs  []output // what the residual reads, at Index of Left ++ Right
}

// output is a column of the result (or of the residual's input).
type output struct {
	kind  outputKind
	at    int // column of the probe batch, or of layout
	typ   types.Type
	index int // in Left ++ Right
}

type outputKind uint8

const (
	fromProbe outputKind = iota
	fromBuild
	theMark
)

// Rows begin with the address of the next row of the key. The hash follows,
// unless it is quickly computed again, then whether a match was found, if anybody asks.
const nextAt = 0

// New prepares the join n.
func New(env *flow.Env, n *physical.HashJoin) (*Join, error) {
	return (&Join{env: env, node: n, facts: &facts{}}).prepare(fmt.Sprintf("HashJoin %d", n.Info.ID))
}

func (j *Join) prepare(name string) (*Join, error) {
	env := j.env
	root := env.Account
	if root == nil {
		root = mem.NewAccount("task", 0)
	}
	j.account = root.Child(name, 0)
	j.sides()
	if err := j.kinds(); err != nil {
		return nil, err
	}
	j.columns()
	j.table.init(j)
	if _, err := j.newProbe(); err != nil {
		return nil, err
	}
	_, err := j.newBuilder()
	return j, err
}

func (j *Join) sides() {
	n, nl := j.node, len(j.node.Left.Schema())
	nr := len(n.Right.Schema())
	j.nullSafe = n.NullSafe
	if len(j.nullSafe) < len(n.LeftKeys) {
		j.nullSafe = make([]bool, len(n.LeftKeys))
		copy(j.nullSafe, n.NullSafe)
	}
	if n.BuildLeft {
		j.buildKeys, j.probeKeys = n.LeftKeys, n.RightKeys
		j.buildAt, j.buildCols, j.probeAt, j.probeCols = 0, nl, nl, nr
	} else {
		j.buildKeys, j.probeKeys = n.RightKeys, n.LeftKeys
		j.buildAt, j.buildCols, j.probeAt, j.probeCols = nl, nr, 0, nl
	}
}

func (j *Join) kinds() error {
	n := j.node
	switch n.Kind {
	case physical.Inner, physical.Cross:
		j.pairs = true
	case physical.Left, physical.Single:
		j.pairs, j.single = true, n.Kind == physical.Single
		j.probeOuter, j.buildOuter = !n.BuildLeft, n.BuildLeft
	case physical.Right:
		j.pairs, j.probeOuter, j.buildOuter = true, n.BuildLeft, !n.BuildLeft
	case physical.Full:
		j.pairs, j.probeOuter, j.buildOuter = true, true, true
	case physical.Semi:
		j.semi = true
	case physical.Anti:
		j.anti = true
	case physical.Mark:
		j.mark = true
	default:
		return sqlerr.New(sqlerr.InternalError, "unknown join kind %d", n.Kind)
	}
	if n.NullAware && len(n.LeftKeys) != 1 && !j.loop {
		return sqlerr.New(sqlerr.InternalError, "a null-aware join has one key, not %d", len(n.LeftKeys))
	}
	if n.NullAware && n.BuildLeft && n.Residual != nil {
		return sqlerr.New(sqlerr.InternalError, "a null-aware join with a residual condition builds its right side")
	}
	j.flags = j.buildOuter || n.BuildLeft && !j.pairs
	j.keepNull = j.buildOuter || n.BuildLeft && (j.anti || j.mark) || n.NullAware && n.Residual != nil
	j.first = !j.pairs && !n.BuildLeft && n.Residual == nil
	return nil
}

// columns lays out build rows and says where results come from.
func (j *Join) columns() {
	n := j.node
	build, probe := n.Right.Schema(), n.Left.Schema()
	if n.BuildLeft {
		build, probe = probe, build
	}
	j.place = make([]int, j.buildCols)
	for i := range j.place {
		j.place[i] = -1
	}
	ts := make([]types.Type, 0, len(j.buildKeys))
	for i, k := range j.buildKeys {
		ts = append(ts, k.Type())
		// A key that is a column need not be stored twice, unless as a key it is normalized.
		if r, ok := k.(*expr.Ref); ok && !k.Type().Kind.IsFloat() && !k.Type().Kind.IsNested() {
			j.place[r.Index] = i
		}
	}
	at := func(p int) output {
		if p == j.buildCols+j.probeCols {
			return output{kind: theMark, typ: types.BoolType}
		}
		if i := p - j.probeAt; i >= 0 && i < j.probeCols {
			return output{kind: fromProbe, at: i, typ: probe[i].Type, index: p}
		}
		i := p - j.buildAt
		if j.place[i] < 0 {
			j.place[i] = len(ts)
			j.stored = append(j.stored, i)
			ts = append(ts, build[i].Type)
		}
		return output{kind: fromBuild, at: j.place[i], typ: build[i].Type, index: p}
	}
	for _, p := range n.Emit {
		j.out = append(j.out, at(p))
	}
	seen := map[int]bool{}
	if n.Residual != nil {
		tree.Walk(n.Residual, func(e expr.Expr) bool {
			if r, ok := e.(*expr.Ref); ok && !seen[r.Index] {
				seen[r.Index] = true
				j.needs = append(j.needs, at(r.Index))
			}
			return true
		})
	}
	head := nextAt + 8
	if len(j.buildKeys) != 1 || !integer(j.buildKeys[0].Type()) || j.collide {
		j.hashAt = head
		head += 8
	}
	if j.flags {
		j.flagAt = head
		head += 8
	}
	j.layout = row.NewLayout(head, ts, nil, len(j.buildKeys), 0)
}
