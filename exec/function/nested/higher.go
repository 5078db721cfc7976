package nested

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// elements gathers the elements of the rows of a batch, so that a lambda runs
// once over all of them. It keeps its memory between batches.
type elements struct {
	idx   []int32
	rows  []uint16
	place []int32 // index of each element in its list
	cols  [2]vec.Vec
}

// inParts calls f with parts of sel whose rows have, in list vectors vs, not
// many more than stopEvery elements together, so that a batch of long lists neither takes
// much memory at once nor runs on when nobody waits for it. What f puts into
// the lists of out is held to what there is room for.
func inParts(c *build.Context, vs []*vec.Vec, sel []uint16, out *vec.Vec, f func(part []uint16) error) error {
	for len(sel) > 0 {
		if err := c.Stopped(); err != nil {
			return err
		}
		n, all := 0, 0
		for n < len(sel) && all < stopEvery {
			for _, v := range vs {
				lo, hi := build.Elements(v, int(sel[n]))
				all += hi - lo
			}
			n++
		}
		if err := f(sel[:n]); err != nil {
			return err
		}
		if err := build.Held(c, out); err != nil {
			return err
		}
		sel = sel[n:]
	}
	return nil
}

// collect reads rows sel of list vector v.
func (e *elements) collect(v *vec.Vec, sel []uint16) {
	e.idx, e.rows, e.place = e.idx[:0], e.rows[:0], e.place[:0]
	for _, row := range sel {
		lo, hi := build.Elements(v, int(row))
		for k := lo; k < hi; k++ {
			e.idx, e.rows, e.place = append(e.idx, int32(k)), append(e.rows, row), append(e.place, int32(k-lo))
		}
	}
	for f, k := range v.Base().Kids {
		vec.Gather(&e.cols[f], k, e.idx)
	}
}

// indexes is the vector of the elements' places, for lambdas of (x, i).
func (e *elements) indexes() *vec.Vec {
	v := &vec.Vec{Type: i32}
	vec.SetData(v, e.place)
	return v
}

func field(name string, t types.Type, null bool) types.Field {
	return types.Field{Name: name, Type: t, Nullable: null}
}

// higher makes the overload of a function of an array or map (and lambdas).
func higher(c *function.Call, result types.Type, params []types.Type, lambda func(i int) []types.Field, k func(call *expr.Call, ls []function.Lambda) (function.Kernel, error)) *function.Overload {
	return &function.Overload{
		Params: params, Result: result, Nulls: function.NullOut, Higher: k,
		Lambda: func(i int, _ []types.Type) []types.Field { return lambda(i) },
	}
}

// lifting resolves with f after turning the arguments at places that are no
// lambdas into ones without parameters: transform(xs, 1) is transform(xs, x -> 1).
func lifting(f build.Resolver, places ...int) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		lift := func(args []expr.Expr) []expr.Expr {
			var out []expr.Expr
			for _, i := range places {
				if i >= len(args) {
					continue
				}
				if _, ok := args[i].(*expr.Lambda); !ok {
					if out == nil {
						out = append(out, args...)
					}
					out[i] = &expr.Lambda{Body: args[i]}
				}
			}
			return out
		}
		lifted := lift(c.Args)
		if lifted == nil {
			return f(c)
		}
		call := *c
		call.Args = lifted
		o, err := f(&call)
		if err != nil {
			return nil, err
		}
		for _, i := range places {
			if i < len(c.Args) && i < len(o.Params) {
				o.Params[i] = c.Args[i].Type()
			}
		}
		name := c.Name
		o.Rewrite = func(args []expr.Expr) (expr.Expr, error) {
			return &expr.Call{Func: name, Args: lift(args), T: o.Result, Null: true, Pos: sqlerr.NoPos}, nil
		}
		return o, nil
	}
}

// lambdaAt checks that argument i is a lambda. The binder counts its parameters.
func lambdaAt(c *function.Call, i int) (*expr.Lambda, error) {
	l, ok := c.Args[i].(*expr.Lambda)
	if !ok {
		return nil, sqlerr.New(sqlerr.UnexpectedInputType, "Cannot resolve \"%s\" due to data type mismatch: The parameter %d requires a lambda function, however it has the type \"%s\".", function.CallText(c.Name, c.Args), i+1, c.Args[i].Type().SQL())
	}
	return l, nil
}

// predicate refuses lambdas that do not return a boolean.
func predicate(c *function.Call, i int) error {
	if t := c.Args[i].Type(); t.Kind != types.Bool && t.Kind != types.Null {
		return build.WrongType(c, i, `"BOOLEAN"`)
	}
	return nil
}

// overArray resolves a function of an array and a lambda of its elements (and,
// if most is 2, their places). The kernel made by k gets the elements collected.
func overArray(result func(c *function.Call, t types.Type) (types.Type, error), most int, k func(ls function.Lambda) func(e *elements, args []*vec.Vec, sel []uint16, out *vec.Vec) error) build.Resolver {
	return lifting(arity(2, 2, func(c *function.Call) (*function.Overload, error) {
		t, err := arrayArg(c, 0)
		if err != nil {
			return nil, err
		}
		if c.Args[0].Type().Kind == types.Null {
			return nil, build.WrongType(c, 0, build.Describe(build.AnyArray))
		}
		if _, err := lambdaAt(c, 1); err != nil {
			return nil, err
		}
		r, err := result(c, t)
		if err != nil {
			return nil, err
		}
		return higher(c, r, []types.Type{t, {}}, func(int) []types.Field {
			return []types.Field{field("x", t.Elem(), nullable(t)), field("i", i32, false)}[:most]
		}, func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
			var e elements
			f := k(ls[1])
			return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				return inParts(c, args[:1], sel, out, func(part []uint16) error {
					e.collect(args[0], part)
					return f(&e, args, part, out)
				})
			}, nil
		}), nil
	}), 1)
}

// run evaluates a lambda over collected elements.
func run(l function.Lambda, e *elements) (*vec.Vec, error) {
	ps := []*vec.Vec{&e.cols[0]}
	if l.Params() == 2 {
		ps = append(ps, e.indexes())
	}
	return l.Eval(ps, e.rows)
}

func truth(v *vec.Vec, i int) bool { return !v.Null(i) && boolAt(v, i) }

// testInTurn is exists (stop true) or forall with the elements of each row in
// turn, up to the one that decides.
func testInTurn(l function.Lambda, e *elements, list *vec.Vec, sel []uint16, stop bool, out *vec.Vec) error {
	open := append([]uint16{}, sel...)
	for _, row := range sel {
		vec.Data[bool](out)[row] = !stop
	}
	null := map[uint16]bool{}
	for k := 0; len(open) > 0; k++ {
		e.idx, e.rows = e.idx[:0], e.rows[:0]
		for _, row := range open {
			if lo, hi := build.Elements(list, int(row)); lo+k < hi {
				e.idx, e.rows = append(e.idx, int32(lo+k)), append(e.rows, row)
			}
		}
		if open = open[:0]; len(e.rows) == 0 {
			break
		}
		vec.Gather(&e.cols[0], list.Base().Kids[0], e.idx)
		r, err := l.Eval([]*vec.Vec{&e.cols[0]}, e.rows)
		if err != nil {
			return err
		}
		for i, row := range e.rows {
			switch {
			case r.Null(i):
				null[row] = true
			case boolAt(r, i) == stop:
				vec.Data[bool](out)[row] = stop
				delete(null, row)
				continue
			}
			open = append(open, row)
		}
	}
	for row := range null {
		out.SetNull(int(row))
	}
	return nil
}

func higherArrays() []function.Def {
	test := func(name string, stop bool) build.Resolver {
		return overArray(func(c *function.Call, _ types.Type) (types.Type, error) { return flag, predicate(c, 1) }, 1,
			func(l function.Lambda) func(*elements, []*vec.Vec, []uint16, *vec.Vec) error {
				return func(e *elements, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
					r, err := run(l, e)
					if err != nil { // perhaps of an element that is not looked at
						return testInTurn(l, e, args[0], sel, stop, out)
					}
					at := 0
					for _, row := range sel {
						lo, hi := build.Elements(args[0], int(row))
						hit, null := false, false
						for end := at + hi - lo; at < end; at++ {
							if r.Null(at) {
								null = true
							} else if boolAt(r, at) == stop {
								hit = true
							}
						}
						vec.Data[bool](out)[row] = hit == stop
						if !hit && null {
							out.SetNull(int(row))
						}
					}
					return nil
				}
			})
	}
	return []function.Def{
		def("transform", "expr, func", "Returns the array of what func makes of each element; func may take the element's place, from 0, too.", overArray(func(c *function.Call, _ types.Type) (types.Type, error) {
			return types.ArrayType(c.Args[1].Type(), c.Args[1].Nullable()), nil
		}, 2, func(l function.Lambda) func(*elements, []*vec.Vec, []uint16, *vec.Vec) error {
			return func(e *elements, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				r, err := run(l, e)
				if err != nil {
					return err
				}
				off := out.Kids[0].Len()
				kernel.Append(out.Kids[0], r, 0, len(e.rows))
				for _, row := range sel {
					lo, hi := build.Elements(args[0], int(row))
					vec.Data[vec.List](out)[row] = vec.List{Off: int32(off), Len: int32(hi - lo)}
					off += hi - lo
				}
				return nil
			}
		}), ex("SELECT transform(array(1, 2, 3), x -> x + 1)", "[2,3,4]"), ex("SELECT transform(array(1, 2, 3), (x, i) -> x + i)", "[1,3,5]")),
		def("filter", "expr, func", "Returns the elements of an array for which func is true; func may take the element's place, from 0, too.", overArray(func(c *function.Call, t types.Type) (types.Type, error) {
			return t, predicate(c, 1)
		}, 2, func(l function.Lambda) func(*elements, []*vec.Vec, []uint16, *vec.Vec) error {
			return func(e *elements, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				r, err := run(l, e)
				if err != nil {
					return err
				}
				at, kid := 0, out.Kids[0]
				for _, row := range sel {
					lo, hi := build.Elements(args[0], int(row))
					off := kid.Len()
					for end := at + hi - lo; at < end; at++ {
						if truth(r, at) {
							kernel.CopyRow(kid, kid.Extend(1), &e.cols[0], at)
						}
					}
					setList(out, int(row), off)
				}
				return nil
			}
		}), ex("SELECT filter(array(1, 2, 3), x -> x % 2 == 1)", "[1,3]"), ex("SELECT filter(array(0, 2, 3), (x, i) -> x > i)", "[2,3]")),
		def("exists", "expr, pred", "Returns whether pred is true for an element; NULL if it is for none but NULL for one.", test("exists", true),
			ex("SELECT exists(array(1, 2, 3), x -> x % 2 == 0)", "true"), ex("SELECT exists(array(1, NULL, 3), x -> x % 2 == 0)", "NULL")),
		def("forall", "expr, pred", "Returns whether pred is true for all elements; NULL if it is false for none but NULL for one.", test("forall", false),
			ex("SELECT forall(array(1, 2, 3), x -> x % 2 == 0)", "false"), ex("SELECT forall(array(2, NULL, 8), x -> x % 2 == 0)", "NULL")),
		def("zip_with", "left, right, func", "Returns the array of what func makes of the elements at each place of two arrays; the shorter one is filled up with NULL.", lifting(arity(3, 3, zipWith), 2),
			ex("SELECT zip_with(array(1, 2, 3), array('a', 'b', 'c'), (x, y) -> (y, x))", `[{"y":"a","x":1},{"y":"b","x":2},{"y":"c","x":3}]`), ex("SELECT zip_with(array(1, 2), array(3, 4), (x, y) -> x + y)", "[4,6]")),
	}
}

func zipWith(c *function.Call) (*function.Overload, error) {
	a, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	b, err := arrayArg(c, 1)
	if err != nil {
		return nil, err
	}
	l, err := lambdaAt(c, 2)
	if err != nil {
		return nil, err
	}
	if n := len(l.Params); n == 1 {
		return nil, sqlerr.New(sqlerr.InvalidLambdaArgs, "A higher order function expects 2 arguments, but got %d.", len(l.Params))
	}
	return higher(c, types.ArrayType(c.Args[2].Type(), c.Args[2].Nullable()), []types.Type{a, b, {}}, func(int) []types.Field {
		return []types.Field{field("x", a.Elem(), true), field("y", b.Elem(), true)}
	}, func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
		sides := []*vec.Vec{{Type: a.Elem()}, {Type: b.Elem()}}
		var rows []uint16
		part := func(args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			rows = rows[:0]
			sizes := make([]int, len(sel))
			for p, row := range sel {
				sizes[p] = max(listAt(args[0], int(row)).len(), listAt(args[1], int(row)).len())
				for range sizes[p] {
					rows = append(rows, row)
				}
			}
			for s, v := range sides {
				v.Resize(0)
				v.Extend(len(rows))
				at := 0
				for p, row := range sel {
					l := listAt(args[s], int(row))
					for k := range sizes[p] {
						if k < l.len() {
							kernel.CopyRow(v, at, l.elem(), l.lo+k)
						} else if v.Type.Kind != types.Null {
							v.SetNull(at)
						}
						at++
					}
				}
			}
			r, err := ls[2].Eval(sides, rows)
			if err != nil {
				return err
			}
			off := out.Kids[0].Len()
			kernel.Append(out.Kids[0], r, 0, len(rows))
			for p, row := range sel {
				vec.Data[vec.List](out)[row] = vec.List{Off: int32(off), Len: int32(sizes[p])}
				off += sizes[p]
			}
			return nil
		}
		return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			return inParts(c, args[:2], sel, out, func(sel []uint16) error { return part(args, sel, out) })
		}, nil
	}), nil
}
