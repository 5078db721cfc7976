package rowop_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/exec/rowop"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// t_explode makes a row of every element of an array.
func generators(t testing.TB) *function.Registry {
	r, err := function.New([]function.Def{{Name: "t_explode", Kind: function.Generator, Resolve: func(c *function.Call) (*function.Overload, error) {
		return &function.Overload{Generate: func(*expr.Call) (function.Generate, error) {
			return func(_ *function.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
				d := args[0].Get(row)
				if d == nil {
					return 0, nil
				}
				items := d.([]types.Datum)
				if len(items) == 7 {
					return 0, sqlerr.New(sqlerr.InvalidParameterValue, "seven")
				}
				outs[0].AppendDatums(items)
				return len(items), nil
			}, nil
		}}, nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGenerate(t *testing.T) {
	list := types.ArrayType(types.StringType, true)
	var rows [][]types.Datum
	var want, outer []string
	for i := range 300 {
		var items types.Datum
		name := fmt.Sprint("row", i)
		switch i % 5 {
		case 0:
		case 1:
			items = []types.Datum{}
		default:
			n := i % 6
			if i == 122 {
				n = 130 // more than a small batch
			}
			l := make([]types.Datum, n)
			for j := range l {
				if l[j] = fmt.Sprint(i, ".", j); j%4 == 3 {
					l[j] = nil
				}
				want = append(want, name+"|"+plantest.Cell(l[j]))
			}
			items = l
		}
		if items == nil || len(items.([]types.Datum)) == 0 {
			outer = append(outer, name+"|NULL")
		}
		rows = append(rows, []types.Datum{name, items})
	}
	in := plantest.Table([]types.Type{types.StringType, list}, rows...)
	for _, keep := range []bool{false, true} {
		g := &physical.Generate{
			Info: plantest.Info(), Input: in, Outer: keep, Call: &expr.Call{Func: "t_explode", Args: []expr.Expr{plantest.Ref(in, 1)}},
			Cols: types.Schema{{Name: "item", Type: types.StringType, Nullable: true}},
		}
		p := &physical.Project{Info: plantest.Info(), Input: g, Exprs: []expr.Expr{plantest.Ref(g, 0), plantest.Ref(g, 2)}, Names: []string{"a", "b"}}
		all := want
		if keep {
			all = slices.Concat(want, outer)
		}
		slices.Sort(all)
		for _, w := range plantest.Worlds {
			env := plantest.Env(t, w)
			env.Functions = generators(t)
			got, err := plantest.RowsIn(t, env, p)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			plantest.Diff(t, got, all)
		}
	}
	seven := plantest.Table([]types.Type{list}, []types.Datum{make([]types.Datum, 7)})
	g := &physical.Generate{Info: plantest.Info(), Input: seven, Call: &expr.Call{Func: "t_explode", Args: []expr.Expr{plantest.Ref(seven, 0)}}, Cols: types.Schema{{Name: "x", Type: types.StringType}}}
	env := plantest.Env(t, plantest.Worlds[0])
	env.Functions = generators(t)
	if _, err := plantest.RowsIn(t, env, g); !sqlerr.Is(err, sqlerr.InvalidParameterValue) {
		t.Errorf("got %v", err)
	}
}

// A predicate that may fail runs after those that guard it, however the
// others are ordered.
func TestGuards(t *testing.T) {
	in := plantest.Range(20000)
	id := plantest.Ref(in, 0)
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	call := func(name string, args ...expr.Expr) expr.Expr {
		o, err := reg.Lookup(name).Resolve(&function.Call{Name: name, Args: args, ANSI: true})
		if err != nil {
			t.Fatal(err)
		}
		return &expr.Call{Func: name, Args: args, T: o.Result, Null: true}
	}
	// 100 div (id % 10) is an error where id % 10 = 0; the guard is id % 10 computed below.
	p := &physical.Project{Info: plantest.Info(), Input: in, Exprs: []expr.Expr{id, call("%", id, plantest.Int(10))}, Names: []string{"id", "m"}}
	id, m := plantest.Ref(p, 0), plantest.Ref(p, 1)
	guard := plantest.Compare(expr.Ne, m, plantest.Int(0))
	risky := plantest.Compare(expr.Ge, call("div", plantest.Int(100), m), plantest.Int(50))
	cheap := plantest.Compare(expr.Lt, id, plantest.Int(15000))
	var want []string
	for i := range 15000 {
		if i%10 == 1 || i%10 == 2 {
			want = append(want, fmt.Sprintf("%d|%d", i, i%10))
		}
	}
	for _, preds := range [][]expr.Expr{{guard, risky, cheap}, {cheap, guard, risky}, {guard, cheap, risky}} {
		plantest.Test(t, &physical.Filter{Info: plantest.Info(), Input: p, Preds: preds}, want, false)
	}
	unguarded := &physical.Filter{Info: plantest.Info(), Input: p, Preds: []expr.Expr{risky, cheap}}
	if _, err := plantest.Rows(t, plantest.Worlds[0], unguarded); !sqlerr.Is(err, sqlerr.DivideByZero) {
		t.Errorf("got %v", err)
	}
	if rowop.CannotFail(risky) || !rowop.CannotFail(guard) {
		t.Error("the division is the one that can fail")
	}
}

func TestValuesAreEvaluated(t *testing.T) {
	v := &physical.Values{Info: plantest.Info(), Cols: types.Schema{{Name: "a", Type: types.Int64Type}, {Name: "b", Type: types.StringType, Nullable: true}}}
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	args := []expr.Expr{plantest.Int(20), plantest.Int(22)}
	o, err := reg.Lookup("+").Resolve(&function.Call{Name: "+", Args: args, ANSI: true})
	if err != nil {
		t.Fatal(err)
	}
	v.Rows = [][]expr.Expr{{&expr.Call{Func: "+", Args: args, T: o.Result}, expr.NullOf(types.StringType)}, {plantest.Int(1), &expr.Literal{Value: "x", T: types.StringType}}}
	plantest.Test(t, v, strings.Fields("42|NULL 1|x"), false)
}
