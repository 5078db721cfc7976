// Package eval compiles typed expressions to programs over vectors.
//
//	expr.Expr ── Compile ──► Program ── Eval, Select ──► vectors, selections
//
// A program is a tree of nodes bound once to kernels (exec/kernel) and to the
// functions of a registry; nothing is looked up per batch. What the package
// promises:
//
//   - An expression is evaluated only for rows that are selected and reach it:
//     AND, OR, CASE and coalesce narrow the selection row by row, so that
//     an error arises only where SQL says it does.
//   - Constants stay constant vectors; an expression over one dictionary-encoded
//     column is computed once per dictionary entry that a selected row uses.
//   - Equal sub-expressions of a Set are computed once per batch.
//   - In the steady state nothing is allocated per batch but what functions
//     allocate for their results.
//
// Choosing overloads and inserting casts is the binder's work; here every
// type is final. The functions themselves are in exec/function.
package eval

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Program is one compiled expression. It belongs to one thread.
type Program struct {
	set  *Set
	root node
	t    types.Type
}

// Type is the type of the program's results.
func (p *Program) Type() types.Type { return p.t }

// Set is several expressions compiled together. It belongs to one thread.
type Set struct {
	roots []node
	outs  []*vec.Vec
	f     frame
}

// Compile compiles e, whose columns are expr.Refs, ordinals into the columns
// given to Eval.
func Compile(reg *function.Registry, c *function.Context, e expr.Expr) (*Program, error) {
	s, err := CompileSet(reg, c, []expr.Expr{e})
	if err != nil {
		return nil, err
	}
	return &Program{set: s, root: s.roots[0], t: e.Type()}, nil
}

// CompileSet compiles the expressions of a projection: what they have in
// common is computed once.
func CompileSet(reg *function.Registry, c *function.Context, es []expr.Expr) (*Set, error) {
	k := newCompiler(reg, c, es)
	s := &Set{outs: make([]*vec.Vec, len(es))}
	s.f.ctx = *c
	for _, e := range es {
		n, err := k.compile(e)
		if err != nil {
			return nil, err
		}
		s.roots = append(s.roots, n)
	}
	return s, nil
}

// Eval evaluates the program for the rows sel (nil: all) of n rows of cols. The
// result has n rows and is valid at sel; it may have any encoding. It belongs
// to the program until its next Eval, or is one of cols itself.
func (p *Program) Eval(cols []*vec.Vec, n int, sel []uint16) (*vec.Vec, error) {
	f := p.set.begin(cols, n)
	if sel == nil {
		sel = vec.Identity[:n]
	}
	return p.root.eval(f, sel)
}

// Select evaluates a boolean program as a filter: it appends the rows of sel
// (nil: all) where it is true to out[:0]. out must not overlap sel.
func (p *Program) Select(cols []*vec.Vec, n int, sel, out []uint16) ([]uint16, error) {
	f := p.set.begin(cols, n)
	if sel == nil {
		sel = vec.Identity[:n]
	}
	got, err := pass(p.root, f, sel, out)
	if err != nil {
		return nil, err
	}
	if len(got) > 0 && &got[0] == &sel[0] {
		got = append(out[:0], got...)
	}
	return got, nil
}

// Eval evaluates all expressions for the rows sel (nil: all) of n rows of
// cols. The slice and the vectors, as those of Program.Eval, belong to the set
// until its next Eval.
func (s *Set) Eval(cols []*vec.Vec, n int, sel []uint16) ([]*vec.Vec, error) {
	f := s.begin(cols, n)
	if sel == nil {
		sel = vec.Identity[:n]
	}
	for i, r := range s.roots {
		v, err := r.eval(f, sel)
		if err != nil {
			return nil, err
		}
		s.outs[i] = v
	}
	return s.outs, nil
}

func (s *Set) begin(cols []*vec.Vec, n int) *frame {
	f := &s.f
	f.cols, f.n = cols, n
	f.epoch++
	f.scopes = append(f.scopes[:0], 0)
	return f
}

// frame is the batch under evaluation and the scratch of a set's nodes.
type frame struct {
	ctx   function.Context // its own, since a context counts what a call makes
	cols  []*vec.Vec
	n     int
	epoch uint64
	// scopes are the selections being evaluated, each a part of the one before;
	// a number stands for one of them. Shared nodes remember in which they ran.
	scopes []uint32
	last   uint32
	free   [][]uint16
}

// enter begins the evaluation under a narrower selection, leave ends it.
func (f *frame) enter() {
	f.last++
	f.scopes = append(f.scopes, f.last)
}

func (f *frame) leave() { f.scopes = f.scopes[:len(f.scopes)-1] }

// within reports whether what was computed in scope covers the current selection.
func (f *frame) within(scope uint32) bool {
	for i := len(f.scopes) - 1; i >= 0; i-- {
		if f.scopes[i] == scope {
			return true
		}
	}
	return false
}

// take lends an empty selection with room for the batch; give returns it.
func (f *frame) take() []uint16 {
	if k := len(f.free); k > 0 {
		s := f.free[k-1]
		f.free = f.free[:k-1]
		if cap(s) >= f.n {
			return s[:0]
		}
	}
	return make([]uint16, 0, max(f.n, vec.DefaultSize))
}

func (f *frame) give(s []uint16) { f.free = append(f.free, s) }

// node is a compiled expression. eval returns a vector of f.n rows, valid at
// sel, which is ascending and not nil; it stays as it is until the node is
// evaluated again.
type node interface {
	eval(f *frame, sel []uint16) (*vec.Vec, error)
}

// filter is a boolean node that selects rows faster than it makes booleans.
type filter interface {
	// pass writes the rows of sel for which the node is true to out[:0], which
	// does not overlap sel, and returns them (or sel itself).
	pass(f *frame, sel, out []uint16) ([]uint16, error)
}
