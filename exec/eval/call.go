package eval

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
)

func (k *compiler) call(e *expr.Call) (node, error) {
	d := k.reg.Lookup(e.Func)
	if d == nil || d.Kind != function.Scalar {
		return nil, sqlerr.New(sqlerr.InternalError, "there is no scalar function %s", e.Func).At(int(e.Pos))
	}
	o, err := d.Resolve(&function.Call{Name: e.Func, Args: e.Args, ANSI: k.ctx.ANSI, TimeZone: k.ctx.TimeZone, Setting: k.ctx.Setting})
	if err != nil {
		return nil, sqlerr.At(err, int(e.Pos))
	}
	if o.Rewrite != nil {
		r, err := o.Rewrite(e.Args)
		if err != nil {
			return nil, sqlerr.At(err, int(e.Pos))
		}
		return k.compile(r)
	}
	if d.Name == "coalesce" {
		args, err := k.all(e.Args)
		if err != nil {
			return nil, err
		}
		return &coalesceNode{args: args, out: &vec.Vec{Type: e.T}}, nil
	}
	n := &callNode{nulls: o.Nulls, pos: int(e.Pos), out: &vec.Vec{Type: e.T}, fold: d.Volatility != function.Volatile}
	n.args = make([]node, len(e.Args))
	n.vecs, n.ones = make([]*vec.Vec, len(e.Args)), make([]vec.Vec, len(e.Args))
	lambdas := make([]function.Lambda, len(e.Args))
	for i, a := range e.Args {
		if l, ok := a.(*expr.Lambda); ok {
			if lambdas[i], err = k.lambda(l, n); err != nil {
				return nil, err
			}
			n.fold = false
			continue
		}
		if n.args[i], err = k.compile(a); err != nil {
			return nil, err
		}
	}
	if o.Higher != nil {
		n.kernel, err = o.Higher(e, lambdas)
	} else {
		n.kernel, err = o.Kernel(e)
	}
	if err != nil {
		return nil, sqlerr.At(err, int(e.Pos))
	}
	return n, nil
}

func (k *compiler) cast(e *expr.Cast) (node, error) {
	from := e.Arg.Type()
	if from.SameShape(e.To) {
		return k.compile(e.Arg)
	}
	kn, err := cast.Kernel(from, e.To, e.Mode)
	if err != nil {
		return nil, sqlerr.At(err, int(e.Pos))
	}
	arg, err := k.compile(e.Arg)
	if err != nil {
		return nil, err
	}
	return &callNode{
		args: []node{arg}, vecs: make([]*vec.Vec, 1), ones: make([]vec.Vec, 1), kernel: kn, nulls: function.NullOut,
		pos: int(e.Pos), out: &vec.Vec{Type: e.To}, fold: true,
	}, nil
}

// callNode applies a kernel. NULL arguments are dealt with before it runs,
// unless the function wants to see them.
type callNode struct {
	args   []node // nil for lambdas
	vecs   []*vec.Vec
	ones   []vec.Vec // constant arguments cut to one row
	kernel function.Kernel
	nulls  function.Nulls
	pos    int
	// fold says that equal arguments give equal results, so that constant
	// arguments give a constant.
	fold  bool
	out   *vec.Vec
	valid vec.Bitmap
	// frame is the frame under evaluation, for lambdas.
	frame *frame
}

var firstRow = []uint16{0}

func (n *callNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	constant := n.fold
	for i, a := range n.args {
		if a == nil {
			continue
		}
		v, err := a.eval(f, sel)
		if err != nil {
			if v, err = n.spared(f, sel, i, err); err != nil || v == n.out {
				return v, err
			}
		}
		n.vecs[i] = v
		constant = constant && v.Enc == vec.Const
	}
	rows := f.n
	if constant && len(sel) > 0 {
		rows, sel = 1, firstRow
		for i, v := range n.vecs {
			n.ones[i].Share(v)
			n.ones[i].SetLen(1)
			n.vecs[i] = &n.ones[i]
		}
	}
	n.out.Resize(rows)
	n.frame = f
	if err := n.run(f, rows, sel); err != nil {
		return nil, sqlerr.At(err, n.pos)
	}
	if rows != f.n {
		n.out.Enc = vec.Const
		n.out.SetLen(f.n)
	}
	return n.out, nil
}

// spared deals with the error of argument i. An argument is not evaluated for
// rows where one before it is NULL, nor at all beside a constant NULL: if that
// is why it failed, it is evaluated for the other rows. The result is n.out
// if the call is NULL for all of them.
func (n *callNode) spared(f *frame, sel []uint16, i int, err error) (*vec.Vec, error) {
	if n.nulls == function.NullOwn {
		return nil, err
	}
	live := make([]uint16, 0, len(sel))
	for _, r := range sel {
		null := false
		for _, v := range n.vecs[:i] {
			null = null || v != nil && v.Null(int(r))
		}
		if !null {
			live = append(live, r)
		}
	}
	none := len(live) == 0
	for _, a := range n.args[i+1:] {
		if a == nil || none {
			continue
		}
		if v, err := a.eval(f, sel); err == nil && v.Enc == vec.Const && v.Null(0) {
			none = true
		}
	}
	switch {
	case none:
		n.out.Resize(f.n)
		setAllNull(n.out, sel)
		return n.out, nil
	case len(live) == len(sel):
		return nil, err
	}
	return n.args[i].eval(f, live)
}

func (n *callNode) run(f *frame, rows int, sel []uint16) error {
	f.ctx.Begin()
	if n.nulls == function.NullOwn {
		if len(sel) == 0 {
			return nil
		}
		return n.kernel(&f.ctx, n.vecs, sel, n.out)
	}
	b, none := argsValid(n.vecs, rows, &n.valid)
	if none {
		setAllNull(n.out, sel)
		return nil
	}
	if b == nil {
		if len(sel) == 0 {
			return nil
		}
		return n.kernel(&f.ctx, n.vecs, sel, n.out)
	}
	tmp := f.take()
	defer f.give(tmp)
	if live := kernel.Valid(b, rows, sel, tmp); len(live) > 0 {
		if err := n.kernel(&f.ctx, n.vecs, live, n.out); err != nil {
			return err
		}
	}
	if n.out.Valid == nil {
		n.out.Valid = b
		return nil
	}
	for w := range vec.Words(rows) {
		n.out.Valid[w] &= b[w]
	}
	return nil
}
