package eval

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// compiler turns the expressions of one set into nodes.
type compiler struct {
	reg *function.Registry
	ctx *function.Context
	// seen holds the expressions met, by hash: equal ones share a node.
	seen map[uint64][]*shared
	// inDict is set while compiling below a dictionary node, where a second one would be of no use.
	inDict bool
}

// shared is an expression and, once compiled, its node.
type shared struct {
	e    expr.Expr
	uses int
	node node
}

func newCompiler(reg *function.Registry, c *function.Context, es []expr.Expr) *compiler {
	k := &compiler{reg: reg, ctx: c, seen: map[uint64][]*shared{}}
	for _, e := range es {
		k.count(e)
	}
	return k
}

// compileFlat is Compile for columns that are never dictionary encoded.
func compileFlat(reg *function.Registry, c *function.Context, e expr.Expr) (*Program, error) {
	k := newCompiler(reg, c, []expr.Expr{e})
	k.inDict = true
	n, err := k.compile(e)
	if err != nil {
		return nil, err
	}
	s := &Set{roots: []node{n}, outs: make([]*vec.Vec, 1)}
	s.f.ctx = *c
	return &Program{set: s, root: n, t: e.Type()}, nil
}

// count finds expressions that occur more than once. Lambda bodies are programs of their own.
func (k *compiler) count(e expr.Expr) {
	switch e.(type) {
	case *expr.Ref, *expr.Literal, *expr.Lambda:
		return
	}
	h := hashExpr(e)
	if s := k.find(h, e); s != nil {
		s.uses++
		return
	}
	k.seen[h] = append(k.seen[h], &shared{e: e, uses: 1})
	for _, c := range tree.Children(e) {
		k.count(c)
	}
}

func (k *compiler) find(h uint64, e expr.Expr) *shared {
	for _, s := range k.seen[h] {
		if tree.Equal(s.e, e) {
			return s
		}
	}
	return nil
}

// compile returns the node of e, shared with equal expressions.
func (k *compiler) compile(e expr.Expr) (node, error) {
	switch e := e.(type) {
	case *expr.Ref:
		return &refNode{index: e.Index}, nil
	case *expr.Literal:
		return newConst(e), nil
	}
	s := k.find(hashExpr(e), e)
	if s != nil && s.node != nil {
		return s.node, nil
	}
	n, err := k.wrapped(e)
	if err != nil {
		return nil, err
	}
	if s != nil && s.uses > 1 && !k.volatile(e) {
		n = &sharedNode{inner: n, scope: ^uint32(0)}
		s.node = n
	}
	return n, nil
}

// wrapped compiles e and, if it is the largest expression around that depends
// on one column only, lets dictionaries of that column be evaluated by entry.
func (k *compiler) wrapped(e expr.Expr) (node, error) {
	if k.inDict {
		return k.plain(e)
	}
	ref, ok := k.onlyRef(e)
	if !ok {
		return k.plain(e)
	}
	k.inDict = true
	n, err := k.plain(e)
	k.inDict = false
	if err != nil {
		return nil, err
	}
	return newDictNode(k, n, e, ref), nil
}

// onlyRef returns the single column e depends on, if there is just one and e
// can be evaluated for its distinct values instead of its rows.
func (k *compiler) onlyRef(e expr.Expr) (*expr.Ref, bool) {
	if e.Type().Kind.IsNested() || e.Type().Kind == types.Null || k.volatile(e) {
		return nil, false
	}
	var ref *expr.Ref
	ok := true
	tree.Walk(e, func(x expr.Expr) bool {
		switch x := x.(type) {
		case *expr.Ref:
			if ref != nil && ref.Index != x.Index {
				ok = false
			}
			ref = x
		case *expr.Lambda:
			ok = false
		}
		return ok
	})
	return ref, ok && ref != nil
}

// volatile reports whether two evaluations of e may differ.
func (k *compiler) volatile(e expr.Expr) bool {
	found := false
	tree.Walk(e, func(x expr.Expr) bool {
		if c, ok := x.(*expr.Call); ok {
			if d := k.reg.Lookup(c.Func); d != nil && d.Volatility == function.Volatile {
				found = true
			}
		}
		return !found
	})
	return found
}

func (k *compiler) plain(e expr.Expr) (node, error) {
	switch e := e.(type) {
	case *expr.Compare:
		return k.compare(e)
	case *expr.And:
		return k.and(e)
	case *expr.Or:
		args, err := k.all(e.Args)
		if err != nil {
			return nil, err
		}
		return &orNode{logic: logic{args: args, out: boolVec()}}, nil
	case *expr.Not:
		return k.not(e)
	case *expr.IsNull:
		arg, err := k.compile(e.Arg)
		if err != nil {
			return nil, err
		}
		return &isNullNode{arg: arg, out: boolVec()}, nil
	case *expr.In:
		return k.in(e)
	case *expr.Cast:
		return k.cast(e)
	case *expr.Case:
		return k.caseOf(e)
	case *expr.Call:
		return k.call(e)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "expression %T cannot be evaluated", e)
}

func (k *compiler) all(es []expr.Expr) ([]node, error) {
	ns := make([]node, len(es))
	for i, e := range es {
		n, err := k.compile(e)
		if err != nil {
			return nil, err
		}
		ns[i] = n
	}
	return ns, nil
}

// not pushes a negation down, where a node for it would be slower.
func (k *compiler) not(e *expr.Not) (node, error) {
	switch a := e.Arg.(type) {
	case *expr.Not:
		return k.compile(a.Arg)
	case *expr.Compare:
		if op, ok := a.Op.Negate(); ok {
			return k.plain(&expr.Compare{Op: op, Left: a.Left, Right: a.Right})
		}
	case *expr.IsNull:
		arg, err := k.compile(a.Arg)
		if err != nil {
			return nil, err
		}
		return &isNullNode{arg: arg, not: true, out: boolVec()}, nil
	}
	arg, err := k.compile(e.Arg)
	if err != nil {
		return nil, err
	}
	return &notNode{arg: arg, out: boolVec()}, nil
}

func boolVec() *vec.Vec { return vec.New(types.BoolType, 0) }

// refNode is an input column.
type refNode struct{ index int }

func (n *refNode) eval(f *frame, _ []uint16) (*vec.Vec, error) { return f.cols[n.index], nil }

func (n *refNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	return passVec(f.cols[n.index], sel, out), nil
}

// sharedNode computes a node that several others use once per batch. The
// result of a wider selection serves narrower ones inside it.
type sharedNode struct {
	inner node
	epoch uint64
	scope uint32
	res   *vec.Vec
}

func (n *sharedNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	if n.epoch == f.epoch && f.within(n.scope) {
		return n.res, nil
	}
	n.epoch = 0
	v, err := n.inner.eval(f, sel)
	if err != nil {
		return nil, err
	}
	n.epoch, n.scope, n.res = f.epoch, f.scopes[len(f.scopes)-1], v
	return v, nil
}
