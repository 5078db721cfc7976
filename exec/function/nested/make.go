package nested

import (
	"strconv"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func constructors() []function.Def {
	return []function.Def{
		def("array", "expr, …", "Returns an array of the arguments, cast to their common type.", array,
			ex("SELECT array(1, 2, 3)", "[1,2,3]"), ex("SELECT array()", "[]")),
		def("map", "key0, value0, key1, value1, …", "Returns a map of the given pairs. Keys must not be NULL nor stand twice.", mapOf,
			ex("SELECT map(1.0, '2', 3.0, '4')", `{1.0:"2",3.0:"4"}`)),
		def("named_struct", "name1, val1, name2, val2, …", "Returns a struct of the given field names and values.", namedStruct,
			ex("SELECT named_struct('a', 1, 'b', 2)", `{"a":1,"b":2}`)),
		def("struct", "col1, col2, col3, …", "Returns a struct of the arguments; fields take the names of columns, else col1, col2 ….", structOf,
			ex("SELECT struct(1, 2, 3)", `{"col1":1,"col2":2,"col3":3}`)),
	}
}

func anyNull(es []expr.Expr) bool {
	for _, e := range es {
		if e.Nullable() {
			return true
		}
	}
	return false
}

func array(c *function.Call) (*function.Overload, error) {
	t, ok := coerce.CommonAll(c.Types(), c.ANSI)
	if !ok {
		return nil, build.DiffTypes(c)
	}
	o := over(types.ArrayType(t, anyNull(c.Args)), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		kid := out.Kids[0]
		off := kid.Extend(len(args))
		for k, a := range args {
			kernel.CopyRow(kid, off+k, a, row)
		}
		setList(out, row, off)
		return nil
	}))
	for range c.Args {
		o.Params = append(o.Params, t)
	}
	o.Nulls, o.NotNull = function.NullOwn, true
	return o, nil
}

// mapOf casts keys and values to their common types.
func mapOf(c *function.Call) (*function.Overload, error) {
	if len(c.Args)%2 != 0 {
		return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `map` requires 2n (n > 0) parameters but the actual number is %d.", len(c.Args))
	}
	var ks, vs []expr.Expr
	var kt, vt []types.Type
	for i := 0; i < len(c.Args); i += 2 {
		ks, vs = append(ks, c.Args[i]), append(vs, c.Args[i+1])
		kt, vt = append(kt, c.Args[i].Type()), append(vt, c.Args[i+1].Type())
	}
	key, ok := coerce.CommonAll(kt, c.ANSI)
	value, ok2 := coerce.CommonAll(vt, c.ANSI)
	if !ok || !ok2 {
		bad, which := ks, "keys"
		if ok {
			bad, which = vs, "values"
		}
		return nil, sqlerr.New(sqlerr.CreateMapDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: The given %s of function `map` should all be the same type, but they are %s.",
			function.CallText(c.Name, c.Args), which, typeList(bad))
	}
	if err := keyType(c, key); err != nil {
		return nil, err
	}
	dedup := policy(c)
	o := over(types.MapType(key, value, anyNull(vs)), func(*expr.Call) (function.Kernel, error) {
		b := newMapBuilder(dedup)
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			b.start(out)
			for k := 0; k < len(args); k += 2 {
				if err := b.add(args[k], row, args[k+1], row); err != nil {
					return err
				}
			}
			b.finish(row)
			return nil
		}), nil
	})
	for range ks {
		o.Params = append(o.Params, key, value)
	}
	o.Nulls, o.NotNull = function.NullOwn, true
	return o, nil
}

func typeList(es []expr.Expr) string {
	s := "["
	for i, e := range es {
		if i > 0 {
			s += ", "
		}
		s += `"` + e.Type().SQL() + `"`
	}
	return s + "]"
}

// keyType refuses maps as keys of maps.
func keyType(c *function.Call, t types.Type) error {
	if !hasMap(t) {
		return nil
	}
	return sqlerr.New(sqlerr.InvalidNullMapKey, "Cannot resolve \"%s\" due to data type mismatch: The key of map cannot be/contain \"MAP\".", function.CallText(c.Name, c.Args))
}

func hasMap(t types.Type) bool {
	if t.Kind == types.Map {
		return true
	}
	for _, f := range t.Children() {
		if hasMap(f.Type) {
			return true
		}
	}
	return false
}

func namedStruct(c *function.Call) (*function.Overload, error) {
	if len(c.Args)%2 != 0 || len(c.Args) == 0 {
		return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `named_struct` requires 2n (n > 0) parameters but the actual number is %d.", len(c.Args))
	}
	o := &function.Overload{Nulls: function.NullOwn, NotNull: true}
	var fields []types.Field
	for i := 0; i < len(c.Args); i += 2 {
		name, ok := c.Args[i].(*expr.Literal)
		if !ok {
			return nil, build.NonFoldable(c, i, "name", `"STRING"`)
		}
		s, ok := name.Value.(string)
		if !ok {
			if name.Value == nil {
				return nil, sqlerr.New(sqlerr.UnexpectedNull, "Cannot resolve \"%s\" due to data type mismatch: The name must not be null.", function.CallText(c.Name, c.Args))
			}
			return nil, build.WrongType(c, i, `"STRING"`)
		}
		v := c.Args[i+1]
		fields = append(fields, types.Field{Name: s, Type: v.Type(), Nullable: v.Nullable()})
		o.Params = append(o.Params, text, v.Type())
	}
	o.Result = types.StructType(fields...)
	o.Kernel = func(*expr.Call) (function.Kernel, error) {
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			for f, k := range out.Kids {
				kernel.Scatter(k, args[2*f+1], sel)
			}
			return nil
		}, nil
	}
	return o, nil
}

// structOf is named_struct with the names that Spark gives.
func structOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, -1); err != nil {
		return nil, err
	}
	call := *c
	call.Name, call.Args = "named_struct", make([]expr.Expr, 0, 2*len(c.Args))
	for i, a := range c.Args {
		call.Args = append(call.Args, &expr.Literal{Value: nameOf(a, i), T: text}, a)
	}
	o, err := namedStruct(&call)
	if err != nil {
		return nil, err
	}
	return &function.Overload{Params: c.Types(), Result: o.Result, NotNull: true, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
		named := make([]expr.Expr, 0, 2*len(args))
		for i, a := range args {
			named = append(named, call.Args[2*i], a)
		}
		return &expr.Call{Func: "named_struct", Args: named, T: o.Result, Pos: sqlerr.NoPos}, nil
	}}, nil
}

func nameOf(e expr.Expr, i int) string {
	if n, ok := named(e); ok {
		return n
	}
	return "col" + strconv.Itoa(i+1)
}

// named is the name of an expression that has one: a column, a lambda's
// parameter, a field of a struct.
func named(e expr.Expr) (string, bool) {
	switch e := e.(type) {
	case *expr.Column:
		return e.Name, true
	case *expr.Ref:
		return e.Name, true
	case *expr.LambdaVar:
		return e.Name, true
	case *expr.Call:
		if e.Func == "getfield" && isText(e.Args[1]) {
			return e.Args[1].(*expr.Literal).Value.(string), true
		}
	}
	return "", false
}

// policy is what functions that make maps do with a key that comes twice.
func policy(c *function.Call) bool {
	return c.Setting != nil && (c.Setting("spark.sql.mapKeyDedupPolicy") == "LAST_WIN" || c.Setting("spark.sql.mapKeyDedupPolicy") == "last_win")
}

// mapBuilder writes maps to a vector, entry by entry, watching for keys that
// come twice.
type mapBuilder struct {
	lastWins bool
	out      *vec.Vec
	off      int
	seen     *seen
}

func newMapBuilder(lastWins bool) *mapBuilder {
	return &mapBuilder{lastWins: lastWins, seen: newSeen()}
}

func (b *mapBuilder) start(out *vec.Vec) {
	b.out, b.off = out, out.Kids[0].Len()
	b.seen.reset()
}

// add appends the entry of row ki of keys and row vi of values.
func (b *mapBuilder) add(keys *vec.Vec, ki int, values *vec.Vec, vi int) error {
	if keys.Null(ki) {
		return sqlerr.New(sqlerr.NullMapKey, "Cannot use null as map key.")
	}
	k, v := b.out.Kids[0], b.out.Kids[1]
	at, fresh := b.seen.add(keys, ki, int32(k.Len()))
	if !fresh {
		if !b.lastWins {
			return sqlerr.New(sqlerr.DuplicatedMapKey, "Duplicate map key %s was found, please check the input data.", show(keys, ki)).
				WithHint("If you want to remove the duplicated keys, you can set \"spark.sql.mapKeyDedupPolicy\" to \"LAST_WIN\" so that the key inserted at last takes precedence.")
		}
		kernel.CopyRow(v, int(at), values, vi)
		return nil
	}
	n := k.Extend(1)
	v.Extend(1)
	kernel.CopyRow(k, n, keys, ki)
	normalize(k, n)
	kernel.CopyRow(v, n, values, vi)
	return nil
}

func (b *mapBuilder) finish(row int) { setList(b.out, row, b.off) }
