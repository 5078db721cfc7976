package eval

import (
	"strings"

	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// dictNode is an expression that depends on one column. Where that column is
// dictionary encoded, the expression is computed once for every entry that a selected row
// uses, and remembered while batches keep coming with that dictionary; an
// entry nobody selects can raise no error.
type dictNode struct {
	plain node
	k     compiler
	e     expr.Expr
	ref   int
	typ   types.Type

	program *Program // of e over one column; made when first needed
	id      uint64
	known   []byte   // a state an entry
	left    int      // entries of codes that are unknown
	vals    *vec.Vec // result of each known entry
	todo    []int32
	gather  vec.Vec
	cols    [1]*vec.Vec
	shifted []int32
	out     vec.Vec
	// For text results, which stay dictionary encoded: the distinct results and
	// the code of each entry's.
	result *vec.Dictionary
	codes  []int32
	byText map[string]int32
}

// The states of an entry.
const (
	unknown byte = 0
	isNull  byte = 1
	isValue byte = 2
	isTrue  byte = 4 // a value, and true
)

func newDictNode(k *compiler, plain node, e expr.Expr, ref *expr.Ref) *dictNode {
	return &dictNode{plain: plain, k: compiler{reg: k.reg, ctx: k.ctx}, e: e, ref: ref.Index, typ: e.Type()}
}

func (n *dictNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	col := f.cols[n.ref]
	if col.Enc != vec.Dict {
		return n.plain.eval(f, sel)
	}
	codes, off, err := n.learn(f, col, sel)
	if err != nil {
		return nil, err
	}
	if n.result != nil {
		return n.text(f, codes, off, sel), nil
	}
	n.out.Reset(n.typ)
	n.out.Resize(f.n)
	switch n.typ.Storage() {
	case types.StoreBool, types.StoreInt8:
		look[int8](&n.out, n.vals, off, codes, sel)
	case types.StoreInt16:
		look[int16](&n.out, n.vals, off, codes, sel)
	case types.StoreInt32, types.StoreFloat32:
		look[int32](&n.out, n.vals, off, codes, sel)
	case types.StoreInt64, types.StoreFloat64:
		look[int64](&n.out, n.vals, off, codes, sel)
	case types.StoreInt128, types.StoreInterval:
		look[types.Int128](&n.out, n.vals, off, codes, sel)
	}
	n.nulls(off, codes, sel)
	return &n.out, nil
}

func look[T vec.Elem](out, vals *vec.Vec, off int, codes []int32, sel []uint16) {
	o, v := vec.Data[T](out), vec.Data[T](vals)[off:]
	for _, i := range sel {
		o[i] = v[codes[i]]
	}
}

func (n *dictNode) nulls(off int, codes []int32, sel []uint16) {
	if n.vals.Valid == nil {
		return
	}
	known := n.known[off:]
	for _, i := range sel {
		if known[codes[i]] == isNull {
			n.out.SetNull(int(i))
		}
	}
}

// text makes the result a dictionary vector of the distinct results.
func (n *dictNode) text(f *frame, codes []int32, off int, sel []uint16) *vec.Vec {
	n.out.Reset(types.Int32Type)
	n.out.Resize(f.n)
	o, results := vec.Data[int32](&n.out), n.codes[off:]
	for _, i := range sel {
		o[i] = results[codes[i]]
	}
	n.nulls(off, codes, sel)
	valid := n.out.Valid
	n.out.SetDict(n.result, o)
	n.out.Type, n.out.Valid = n.typ, valid
	return &n.out
}

func (n *dictNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	col := f.cols[n.ref]
	if col.Enc != vec.Dict {
		return pass(n.plain, f, sel, out)
	}
	codes, off, err := n.learn(f, col, sel)
	if err != nil {
		return nil, err
	}
	if cap(out) < len(sel) {
		out = make([]uint16, len(sel))
	}
	out = out[:len(sel)]
	known, k := n.known[off:], 0
	if len(sel) == len(codes) {
		for i, c := range codes {
			out[k] = uint16(i)
			k += int(known[c] >> 2)
		}
		return out[:k], nil
	}
	for _, i := range sel {
		out[k] = i
		k += int(known[codes[i]] >> 2)
	}
	return out[:k], nil
}

// learn computes the entries that rows of sel use and that are not known yet.
// It returns the rows' codes and what must be added to them to find an entry:
// entry 0 stands for NULL, entry c+1 for code c.
func (n *dictNode) learn(f *frame, col *vec.Vec, sel []uint16) (codes []int32, off int, err error) {
	d := col.Dict
	if n.program == nil || n.id != d.ID {
		if err := n.reset(d.ID); err != nil {
			return nil, 0, err
		}
	}
	if size := d.Values.Len() + 1; len(n.known) < size {
		n.left += size - max(len(n.known), 1)
		n.known = append(n.known, make([]byte, size-len(n.known))...)
		n.vals.Extend(size - n.vals.Len())
		if n.result != nil {
			n.codes = append(n.codes, make([]int32, size-len(n.codes))...)
		}
	}
	codes, off = col.Codes(), 1
	if col.Valid != nil {
		off = 0
		if cap(n.shifted) < f.n {
			n.shifted = make([]int32, f.n)
		}
		n.shifted = n.shifted[:f.n]
		for _, i := range sel {
			n.shifted[i] = (codes[i] + 1) * int32(col.Valid[i>>6]>>(i&63)&1)
		}
		codes = n.shifted
	}
	return codes, off, n.missing(d.Values, codes, off, sel)
}

// missing computes the entries of sel that are not known.
func (n *dictNode) missing(values *vec.Vec, codes []int32, off int, sel []uint16) error {
	if n.left == 0 && (off == 1 || n.known[0] != unknown) {
		return nil
	}
	known := n.known[off:]
	todo := n.todo[:0]
	for _, i := range sel {
		if c := codes[i]; known[c] == unknown {
			known[c] = isNull
			todo = append(todo, c+int32(off))
		}
	}
	n.todo = todo
	for len(todo) > 0 {
		part := todo[:min(len(todo), vec.DefaultSize)]
		if err := n.compute(values, part); err != nil {
			for _, c := range todo {
				n.known[c] = unknown
			}
			return err
		}
		for _, c := range part {
			if c > 0 {
				n.left--
			}
		}
		todo = todo[len(part):]
	}
	return nil
}

func (n *dictNode) reset(id uint64) error {
	if n.program == nil {
		e := tree.Map(n.e, func(x expr.Expr) expr.Expr {
			if r, ok := x.(*expr.Ref); ok {
				return &expr.Ref{Index: 0, Name: r.Name, T: r.T, Null: r.Null}
			}
			return x
		})
		var err error
		if n.program, err = compileFlat(n.k.reg, n.k.ctx, e); err != nil {
			return err
		}
	}
	n.id, n.known, n.codes, n.left = id, n.known[:0], n.codes[:0], 0
	n.vals = vec.New(n.typ, 0)
	if n.typ.Storage() == types.StoreString {
		n.byText = map[string]int32{}
		n.result = vec.NewDictionary(vec.New(n.typ, 0))
	}
	return nil
}

// compute evaluates the program for some entries and files the results.
func (n *dictNode) compute(values *vec.Vec, entries []int32) error {
	n.gather.Reset(values.Type)
	n.gather.Resize(len(entries))
	for j, c := range entries {
		if c == 0 {
			n.gather.SetNull(j)
			continue
		}
		kernel.CopyRow(&n.gather, j, values, int(c-1))
	}
	n.cols[0] = &n.gather
	res, err := n.program.Eval(n.cols[:], len(entries), nil)
	if err != nil {
		return err
	}
	for j, c := range entries {
		if res.Null(j) {
			n.vals.SetNull(int(c))
			continue
		}
		n.known[c] = isValue
		if n.result != nil {
			n.codes[c] = n.intern(vec.Data[string](res.Base())[res.Index(j)])
			continue
		}
		kernel.CopyRow(n.vals, int(c), res, j)
		if n.typ.Kind == types.Bool && vec.Data[bool](n.vals)[c] {
			n.known[c] = isTrue
		}
	}
	return nil
}

func (n *dictNode) intern(s string) int32 {
	if c, ok := n.byText[s]; ok {
		return c
	}
	s = strings.Clone(s)
	c := int32(n.result.Values.Extend(1))
	vec.Data[string](n.result.Values)[c] = s
	n.byText[s] = c
	return c
}
