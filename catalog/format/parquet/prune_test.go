package parquet

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func ref(i int, t types.Type) *expr.Ref             { return &expr.Ref{Index: i, T: t, Null: true} }
func lit(t types.Type, d types.Datum) *expr.Literal { return &expr.Literal{Value: d, T: t} }
func cmpExpr(op expr.CompareOp, l, r expr.Expr) expr.Expr {
	return &expr.Compare{Op: op, Left: l, Right: r}
}

// TestMay states what facts about a column do and do not rule out.
func TestMay(t *testing.T) {
	i, f, s := types.Int64Type, types.Float64Type, types.StringType
	ints := &facts{min: int64(10), max: int64(20), rows: 100, nulls: 0}
	floats := &facts{min: 1.0, max: 2.0, rows: 100, nulls: -1}
	words := &facts{min: "b", max: "d", rows: 100, nulls: 3}
	nulls := &facts{rows: 100, nulls: 100}
	same := &facts{min: int64(7), max: int64(7), rows: 100, nulls: 0}
	for _, c := range []struct {
		fx   *facts
		e    expr.Expr
		want bool
	}{
		{ints, cmpExpr(expr.Eq, ref(0, i), lit(i, int64(10))), true},
		{ints, cmpExpr(expr.Eq, ref(0, i), lit(i, int64(9))), false},
		{ints, cmpExpr(expr.Eq, lit(i, int64(21)), ref(0, i)), false},
		{ints, cmpExpr(expr.Lt, ref(0, i), lit(i, int64(10))), false},
		{ints, cmpExpr(expr.Le, ref(0, i), lit(i, int64(10))), true},
		{ints, cmpExpr(expr.Gt, lit(i, int64(10)), ref(0, i)), false}, // 10 > x
		{ints, cmpExpr(expr.Gt, ref(0, i), lit(i, int64(20))), false},
		{ints, cmpExpr(expr.Ge, ref(0, i), lit(i, int64(20))), true},
		{ints, cmpExpr(expr.Ne, ref(0, i), lit(i, int64(10))), true},
		{same, cmpExpr(expr.Ne, ref(0, i), lit(i, int64(7))), false},
		{ints, &expr.Not{Arg: cmpExpr(expr.Ge, ref(0, i), lit(i, int64(10)))}, false},
		{ints, cmpExpr(expr.Eq, ref(0, i), lit(i, nil)), false},
		{ints, cmpExpr(expr.NullSafeEq, ref(0, i), lit(i, nil)), false},
		{words, cmpExpr(expr.NullSafeEq, ref(0, s), lit(s, nil)), true},
		{ints, &expr.In{Arg: ref(0, i), List: []expr.Expr{lit(i, int64(1)), lit(i, nil), lit(i, int64(30))}}, false},
		{ints, &expr.In{Arg: ref(0, i), List: []expr.Expr{lit(i, int64(1)), lit(i, int64(15))}}, true},
		{ints, &expr.And{Args: []expr.Expr{cmpExpr(expr.Gt, ref(0, i), lit(i, int64(5))), cmpExpr(expr.Lt, ref(0, i), lit(i, int64(8)))}}, false},
		{ints, &expr.Or{Args: []expr.Expr{cmpExpr(expr.Lt, ref(0, i), lit(i, int64(8))), cmpExpr(expr.Gt, ref(0, i), lit(i, int64(15)))}}, true},
		{ints, &expr.IsNull{Arg: ref(0, i)}, false},
		{words, &expr.IsNull{Arg: ref(0, s)}, true},
		{nulls, &expr.Not{Arg: &expr.IsNull{Arg: ref(0, i)}}, false},
		{nulls, cmpExpr(expr.Ne, ref(0, i), lit(i, int64(1))), false},
		// NaN is above every number and in no maximum.
		{floats, cmpExpr(expr.Gt, ref(0, f), lit(f, 5.0)), true},
		{floats, cmpExpr(expr.Lt, ref(0, f), lit(f, 1.0)), false},
		{floats, cmpExpr(expr.Eq, ref(0, f), lit(f, 5.0)), false},
		{floats, cmpExpr(expr.Eq, ref(0, f), lit(f, math.NaN())), true},
		{words, cmpExpr(expr.Lt, ref(0, s), lit(s, "b")), false},
		{words, cmpExpr(expr.Eq, ref(0, s), lit(s, "dd")), false},
		{nil, cmpExpr(expr.Eq, ref(0, i), lit(i, int64(1))), true},
		{ints, expr.False, false},
		{ints, expr.NullBool, false},
	} {
		if got := may(c.e, func(int) *facts { return c.fx }); got != c.want {
			t.Errorf("%+v of %+v: %v", c.e, c.fx, got)
		}
	}
}

// filtered reads columns of a file with filters pushed down and evaluated by
// the reader; it returns the rows and how many values were decoded into batches.
func filtered(t *testing.T, f store.File, schema types.Schema, batch int, filters ...expr.Expr) (rows [][]types.Datum, seen int) {
	t.Helper()
	ctx, st := context.Background(), local.New()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	var progs []*eval.Program
	for _, e := range filters {
		p, err := eval.Compile(reg, &function.Context{ANSI: true}, e)
		if err != nil {
			t.Fatal(err)
		}
		progs = append(progs, p)
	}
	var bufs [2][]uint16
	turn := 0
	req := format.ReadRequest{
		Store: st, Schema: schema, Filters: filters, BatchSize: batch, Dictionaries: &format.Dictionaries{},
		Select: func(cols []*vec.Vec, n, i int, sel []uint16) ([]uint16, error) {
			if i == 0 {
				seen += n
			}
			turn ^= 1
			var err error
			bufs[turn], err = progs[i].Select(cols, n, sel, bufs[turn])
			return bufs[turn], err
		},
	}
	for i := range schema {
		req.Cols = append(req.Cols, i)
	}
	splits, err := Format{}.Splits(ctx, st, f, schema, filters, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows = make([][]types.Datum, len(schema))
	for _, sp := range splits {
		req.Split = sp
		s, err := Format{}.Open(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range s {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range b.Selection() {
				for c, v := range b.Cols {
					rows[c] = append(rows[c], clone(v.Get(int(r))))
				}
			}
		}
	}
	return rows, seen
}

// TestSkipping reads with filters and counts what had to be looked at.
func TestSkipping(t *testing.T) {
	const rows = 260_000
	schema := types.Schema{
		{Name: "k", Type: types.Int64Type, Nullable: true},  // ascending
		{Name: "s", Type: types.StringType, Nullable: true}, // few values, and nulls
		{Name: "d", Type: types.DecimalType(12, 2), Nullable: true},
		{Name: "l", Type: types.ArrayType(types.Int32Type, true), Nullable: true},
		{Name: "u", Type: types.StringType, Nullable: true}, // all different: no dictionary
	}
	cols := make([][]types.Datum, len(schema))
	for i := range rows {
		word := types.Datum(fmt.Sprint("word ", i%10))
		if i%13 == 0 {
			word = nil
		}
		cols[0] = append(cols[0], int64(i))
		cols[1] = append(cols[1], word)
		cols[2] = append(cols[2], types.Int128From(int64(i*7)))
		cols[3] = append(cols[3], []types.Datum{int64(i), nil}[:i%3])
		cols[4] = append(cols[4], fmt.Sprintf("%032d", i))
	}
	for c := range cols[3] {
		if cols[3][c] == nil {
			t.Fatal("unexpected null list")
		}
	}
	f := writeRows(t, schema, nil, 2048, cols...)
	k, s := ref(0, types.Int64Type), ref(1, types.StringType)
	for _, c := range []struct {
		name    string
		filters []expr.Expr
		keep    func(i int) bool
		most    int // rows looked at
	}{
		{"a page", []expr.Expr{cmpExpr(expr.Eq, k, lit(types.Int64Type, int64(150_001)))}, func(i int) bool { return i == 150_001 }, 65_000},
		{
			"a range over row groups",
			[]expr.Expr{cmpExpr(expr.Ge, k, lit(types.Int64Type, int64(122_000))), cmpExpr(expr.Lt, k, lit(types.Int64Type, int64(123_500)))},
			func(i int) bool { return i >= 122_000 && i < 123_500 }, 125_000,
		},
		{
			"rows here and there",
			[]expr.Expr{cmpExpr(expr.Eq, s, lit(types.StringType, "word 3")), cmpExpr(expr.Lt, k, lit(types.Int64Type, int64(50_000)))},
			func(i int) bool { return i < 50_000 && i%10 == 3 && i%13 != 0 }, 62_000,
		},
		{"nulls", []expr.Expr{&expr.IsNull{Arg: s}}, func(i int) bool { return i%13 == 0 }, rows},
		{"nothing", []expr.Expr{cmpExpr(expr.Eq, s, lit(types.StringType, "word"))}, func(i int) bool { return false }, 0},
		{"not in the dictionary", []expr.Expr{cmpExpr(expr.Eq, s, lit(types.StringType, "word 33"))}, func(i int) bool { return false }, rows},
	} {
		for _, batch := range []int{100, 2048} {
			got, seen := filtered(t, f, schema, batch, c.filters...)
			for col := range cols {
				var want []types.Datum
				for i := range rows {
					if c.keep(i) {
						want = append(want, cols[col][i])
					}
				}
				if !reflect.DeepEqual(got[col], want) {
					t.Errorf("%s: column %s differs: %d rows, want %d", c.name, schema[col].Name, len(got[col]), len(want))
				}
			}
			if seen > c.most {
				t.Errorf("%s: looked at %d rows, want at most %d", c.name, seen, c.most)
			}
		}
	}
}

// TestBloomFilters asks the filters other writers left.
func TestBloomFilters(t *testing.T) {
	for _, f := range corpus(t, "parquet-testing") {
		ff, err := openFile(t.Context(), local.New(), f, settings{})
		if err != nil {
			continue
		}
		got, schema, err := readRows(f, nil, 1000)
		if err != nil {
			continue
		}
		h, err := local.New().Open(t.Context(), f.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range ff.tree.leaves {
			m := &ff.meta.groups[0].columns[l.ordinal]
			if m.bloomOff == 0 || len(ff.meta.groups) != 1 || l.maxRep > 0 || len(l.path) != 1 {
				continue
			}
			p := newPruner(ff, schema, nil, []expr.Expr{expr.True})
			p.h = h
			col := schema.Index(l.path[0])
			for _, d := range got[col] {
				if d != nil && p.absent(m, l, d, schema[col].Type) {
					t.Errorf("%s: %v is said to be absent", f.Path, d)
				}
			}
			missing := 0
			for i := range 100 {
				if p.absent(m, l, fmt.Sprint("no such value ", i), types.StringType) {
					missing++
				}
			}
			if l.typ.Kind == types.String && missing < 90 {
				t.Errorf("%s: the filter knows only %d of 100 strangers", f.Path, missing)
			}
		}
		h.Close()
	}
}

// TestStableCodes: equal strings have equal codes in all row groups a thread reads.
func TestStableCodes(t *testing.T) {
	schema := types.Schema{{Name: "s", Type: types.StringType, Nullable: true}}
	var col []types.Datum
	for i := range 1000 {
		col = append(col, fmt.Sprint((i*i+i/100)%17))
	}
	f := writeRows(t, schema, format.Options{"row_group_size": "90"}, 100, col)
	ctx, st := context.Background(), local.New()
	splits, _ := Format{}.Splits(ctx, st, f, schema, nil, nil)
	codes, ids, held := map[string]int32{}, map[uint64]bool{}, []*vec.Dictionary{}
	dicts := &format.Dictionaries{}
	for range 2 {
		for _, sp := range splits {
			s, err := Format{}.Open(ctx, format.ReadRequest{Store: st, Split: sp, Schema: schema, Cols: []int{0}, BatchSize: 64, Dictionaries: dicts})
			if err != nil {
				t.Fatal(err)
			}
			for b, err := range s {
				if err != nil {
					t.Fatal(err)
				}
				v := b.Cols[0]
				if v.Enc != vec.Dict {
					t.Fatal("not dictionary encoded")
				}
				ids[v.Dict.ID] = true
				held = append(held, v.Dict)
				for i, c := range v.Codes() {
					s := v.Get(i).(string)
					if old, ok := codes[s]; ok && old != c {
						t.Fatalf("%q is %d and %d", s, old, c)
					}
					codes[clone(s).(string)] = c
				}
			}
		}
	}
	if len(ids) != 1 || len(codes) != 17 {
		t.Error(ids, codes)
	}
	for _, d := range held {
		for c, s := range vec.Data[string](d.Values) {
			if codes[s] != int32(c) {
				t.Fatalf("an older dictionary changed: %q at %d", s, c)
			}
		}
	}
}
