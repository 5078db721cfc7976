package nested

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func folds() []function.Def {
	return []function.Def{
		also(def("aggregate", "expr, start, merge[, finish]", "Returns start merged with each element in turn by merge(acc, x), then passed through finish.", lifting(aggregate, 2, 3),
			ex("SELECT aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)", "6"), ex("SELECT aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x, acc -> acc * 10)", "60")), "reduce"),
	}
}

func aggregate(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 3, 4); err != nil {
		return nil, err
	}
	t, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	acc := c.Args[1].Type()
	merge, err := lambdaAt(c, 2)
	if err != nil {
		return nil, err
	}
	if m := merge.Type(); m.Kind != types.Null && !sameType(m, acc) {
		return nil, sqlerr.New(sqlerr.UnexpectedInputType, "Cannot resolve \"%s\" due to data type mismatch: The third parameter requires the \"%s\" type, however the lambda has the type \"%s\".",
			function.CallText(c.Name, c.Args), acc.SQL(), m.SQL())
	}
	result := acc
	params := []types.Type{t, acc, {}}
	if len(c.Args) == 4 {
		if _, err := lambdaAt(c, 3); err != nil {
			return nil, err
		}
		result = c.Args[3].Type()
		params = append(params, types.Type{})
	}
	o := higher(c, result, params, func(i int) []types.Field {
		fs := []types.Field{field("acc", acc, true), field("x", t.Elem(), nullable(t))}
		if i == 3 {
			return fs[:1]
		}
		return fs
	}, func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
		f := &folder{merge: ls[2], acc: &vec.Vec{Type: acc}, next: &vec.Vec{Type: acc}, done: &vec.Vec{Type: acc}}
		if len(ls) == 4 {
			f.finish = ls[3]
		}
		return f.run, nil
	})
	o.Nulls = function.NullOwn
	return o, nil
}

// sameType is equality up to nullability and names of fields.
func sameType(a, b types.Type) bool {
	if a.Kind != b.Kind || a.P != b.P || a.S != b.S || len(a.Children()) != len(b.Children()) {
		return false
	}
	for i, f := range a.Children() {
		if !sameType(f.Type, b.Children()[i].Type) {
			return false
		}
	}
	return true
}

// folder merges the k-th elements of all rows of a batch at a time.
type folder struct {
	merge, finish   function.Lambda
	acc, next, done *vec.Vec // of the rows still at work, of the next step, of all rows
	elem            vec.Vec
	idx             []int32
	rows            []uint16
	places          []int // in sel, of the rows still at work
}

func (f *folder) run(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
	live := make([]uint16, 0, len(sel))
	for _, row := range sel {
		if args[0].Null(int(row)) {
			out.SetNull(int(row))
		} else {
			live = append(live, row)
		}
	}
	if len(live) == 0 {
		return nil
	}
	f.done.Resize(0)
	f.done.Extend(len(live))
	f.acc.Resize(0)
	f.places = f.places[:0]
	for p, row := range live {
		kernel.Append(f.acc, args[1], int(row), 1)
		f.places = append(f.places, p)
	}
	for k := 0; len(f.places) > 0; k++ {
		if err := c.Stopped(); err != nil { // a step may itself be a fold of long lists
			return err
		}
		if err := f.step(args[0], live, k); err != nil {
			return err
		}
	}
	r := f.done
	if f.finish != nil {
		var err error
		if r, err = f.finish.Eval([]*vec.Vec{f.done}, live); err != nil {
			return err
		}
	}
	for p, row := range live {
		kernel.CopyRow(out, int(row), r, p)
	}
	return nil
}

// step puts aside the rows that have no k-th element and merges it into the others.
func (f *folder) step(list *vec.Vec, live []uint16, k int) error {
	f.idx, f.rows = f.idx[:0], f.rows[:0]
	f.next.Resize(0)
	left := f.places[:0]
	for at, p := range slices.Clone(f.places) {
		lo, hi := build.Elements(list, int(live[p]))
		if lo+k >= hi {
			kernel.CopyRow(f.done, p, f.acc, at)
			continue
		}
		kernel.Append(f.next, f.acc, at, 1)
		left = append(left, p)
		f.idx, f.rows = append(f.idx, int32(lo+k)), append(f.rows, live[p])
	}
	f.places = left
	if len(left) == 0 {
		return nil
	}
	vec.Gather(&f.elem, list.Base().Kids[0], f.idx)
	r, err := f.merge.Eval([]*vec.Vec{f.next, &f.elem}, f.rows)
	if err != nil {
		return err
	}
	f.acc.Resize(0)
	kernel.Append(f.acc, r, 0, len(f.rows))
	return nil
}
