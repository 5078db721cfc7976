package sort

import (
	"bytes"
	"unsafe"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Keys makes normalized keys for operators that keep rows in a form of their
// own. It belongs to one thread. Keys of nested types are refused.
type Keys struct {
	layout layout
	set    *eval.Set
	vals   []*vec.Vec
	coded  []byte
	one    [1]uint16 // the row of Whole
}

// NewKeys compiles the items of an order.
func NewKeys(env *flow.Env, order []expr.SortKey) (*Keys, error) {
	k := &Keys{layout: *newLayout(order)}
	es := make([]expr.Expr, len(order))
	for i, o := range order {
		es[i] = o.Expr
		if x := &k.layout.keys[i]; x.tie && x.typ.Storage() != types.StoreString {
			return nil, sqlerr.New(sqlerr.InternalError, "keys of type %s have no normalized form", x.typ)
		}
	}
	var err error
	k.set, err = eval.CompileSet(env.Functions, env.Context, es)
	return k, err
}

// Stride is the bytes of a key, a multiple of 8. The first Sure of them order
// rows by themselves: behind those they count only where the strings that did
// not fit are equal. Exact says that there are no such strings.
func (k *Keys) Stride() int { return k.layout.stride }
func (k *Keys) Sure() int   { return k.layout.sure }
func (k *Keys) Exact() bool { return k.layout.exact }

// Encode evaluates the order for rows sel of b and returns Stride bytes a row,
// in the order of sel. They and what Value returns are valid until the next call.
func (k *Keys) Encode(b *vec.Batch, sel []uint16) ([]byte, error) {
	var err error
	if k.vals, err = k.set.Eval(b.Cols, b.N, sel); err != nil {
		return nil, err
	}
	n := len(sel) * k.layout.stride
	if cap(k.coded) < n {
		k.coded = make([]byte, n)
	}
	k.coded = k.coded[:n]
	k.layout.encode(k.coded, k.vals, sel)
	return k.coded, nil
}

// Value is the column of item i.
func (k *Keys) Value(i int) *vec.Vec { return k.vals[i] }

// Tie reports whether keys may be equal although the values of item i differ.
func (k *Keys) Tie(i int) bool { return k.layout.keys[i].tie }

// Compare orders the rows a and b, whose keys are x and y: -1, 0 or 1. text
// gives the string of an item that is a Tie, which is not NULL.
func (k *Keys) Compare(x, y []byte, a, b unsafe.Pointer, text func(item int, row unsafe.Pointer) string) int {
	l := &k.layout
	if l.exact {
		return bytes.Compare(x, y)
	}
	from := 0
	for i := range l.keys {
		item := &l.keys[i]
		if !item.tie {
			continue
		}
		to := item.off + item.width
		if c := bytes.Compare(x[from:to], y[from:to]); c != 0 {
			return c
		}
		from = to
		if !item.cut(x[item.off:to]) { // nor is NULL
			continue
		}
		s, t := text(i, a), text(i, b)
		if s == t {
			continue
		}
		if (s < t) != item.desc {
			return -1
		}
		return 1
	}
	return bytes.Compare(x[from:], y[from:])
}
