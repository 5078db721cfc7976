package lower

import (
	"context"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// table is a catalog table that plans one split and records what it was asked.
type table struct {
	name   string
	schema types.Schema
	rows   int64
}

func (t *table) Name() catalog.Name      { return catalog.Name{Table: t.name} }
func (t *table) Schema() types.Schema    { return t.schema }
func (t *table) PartitionColumns() []int { return nil }
func (t *table) Info() catalog.Info      { return catalog.Info{} }
func (t *table) Stats(context.Context) (*catalog.Stats, error) {
	return &catalog.Stats{Rows: t.rows}, nil
}

func (t *table) Scan(_ context.Context, cols []int, _ []expr.Expr, _ catalog.Evaluate) (*catalog.Scan, error) {
	return &catalog.Scan{
		Format: "test", Schema: t.schema, Cols: cols,
		Splits: []catalog.Split{{Path: t.name, Rows: t.rows}}, Stats: catalog.Stats{Rows: t.rows},
	}, nil
}

// builder makes logical plans by hand.
type builder struct{ next expr.ColID }

func (b *builder) col(name string, t types.Type) *expr.Column {
	b.next++
	return &expr.Column{ID: b.next, Name: name, T: t, Null: true}
}

func (b *builder) scan(name string, rows int64, cols ...string) *logical.Scan {
	t := &table{name: name, rows: rows}
	s := &logical.Scan{Table: t, Name: name}
	for i, c := range cols {
		t.schema = append(t.schema, types.Field{Name: c, Type: types.Int64Type, Nullable: true})
		s.Cols = append(s.Cols, b.col(c, types.Int64Type))
		s.Source = append(s.Source, i)
	}
	return s
}

func cmp(op expr.CompareOp, l, r expr.Expr) expr.Expr {
	return &expr.Compare{Op: op, Left: l, Right: r}
}

func num(i int64) expr.Expr { return &expr.Literal{Value: i, T: types.Int64Type} }

func mustLower(t *testing.T, n logical.Node) physical.Node {
	t.Helper()
	p, err := Lower(context.Background(), n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestScanReadsOnlyWhatIsNeeded(t *testing.T) {
	var b builder
	s := b.scan("t", 10, "a", "b", "c", "d")
	s.Filters = []expr.Expr{cmp(expr.Gt, s.Cols[3], num(5))}
	p := mustLower(t, &logical.Project{Input: s, Exprs: []logical.Named{{Col: b.col("x", types.Int64Type), Expr: s.Cols[1]}}})
	proj, ok := p.(*physical.Project)
	if !ok {
		t.Fatalf("got %T", p)
	}
	if n := proj.Schema(); len(n) != 1 || n[0].Name != "x" {
		t.Errorf("schema %v", n)
	}
	scan := proj.Input.(*physical.Scan)
	if c := scan.Scan.Cols; len(c) != 2 || c[0] != 1 || c[1] != 3 {
		t.Errorf("scan reads %v, want b and d", c)
	}
	if r := scan.Filters[0].(*expr.Compare).Left.(*expr.Ref); r.Index != 1 || r.Name != "d" {
		t.Errorf("filter reads %+v", r)
	}
}

func TestJoinKeysResidualAndEmit(t *testing.T) {
	var b builder
	l, r := b.scan("l", 10, "a", "b"), b.scan("r", 1000, "c", "d")
	j := &logical.Join{Left: l, Right: r, Kind: logical.Inner, Cond: expr.Conj(
		cmp(expr.Eq, r.Cols[0], l.Cols[0]), cmp(expr.Lt, l.Cols[1], r.Cols[1]))}
	p := mustLower(t, &logical.Project{Input: j, Exprs: []logical.Named{{Col: r.Cols[1], Expr: r.Cols[1]}}})
	h, ok := p.(*physical.HashJoin)
	if !ok {
		t.Fatalf("got %T, want a HashJoin that emits one column", p)
	}
	if !h.BuildLeft || len(h.LeftKeys) != 1 || len(h.Emit) != 1 || h.Emit[0] != 3 {
		t.Errorf("got %+v", h)
	}
	res := h.Residual.(*expr.Compare)
	if res.Left.(*expr.Ref).Index != 1 || res.Right.(*expr.Ref).Index != 3 {
		t.Errorf("residual %+v %+v", res.Left, res.Right)
	}
}

func TestNotInUsesNullAwareKey(t *testing.T) {
	var b builder
	l, r := b.scan("l", 10, "a", "b"), b.scan("r", 10, "c", "d")
	eq, corr := cmp(expr.Eq, l.Cols[0], r.Cols[0]), cmp(expr.Eq, l.Cols[1], r.Cols[1])
	p := mustLower(t, &logical.Join{Left: l, Right: r, Kind: logical.Anti, NullAware: true, Cond: eq})
	if h := p.(*physical.HashJoin); !h.NullAware || h.Residual != nil {
		t.Errorf("single key: %+v", h)
	}
	// With a correlation, the equality of NOT IN may be NULL and must stay a residual.
	wrapped := cmp(expr.NullSafeEq, corr, expr.True)
	p = mustLower(t, &logical.Join{Left: l, Right: r, Kind: logical.Anti, NullAware: true, Cond: expr.Conj(eq, wrapped)})
	h := p.(*physical.HashJoin)
	if h.NullAware || len(h.LeftKeys) != 1 || h.LeftKeys[0].(*expr.Ref).Name != "b" || h.Residual == nil {
		t.Errorf("correlated: %+v", h)
	}
}

func TestLimitBecomesTopN(t *testing.T) {
	var b builder
	s := b.scan("t", 10, "a", "b")
	sorted := &logical.Sort{Input: s, Keys: []expr.SortKey{{Expr: s.Cols[1]}}}
	proj := &logical.Project{Input: sorted, Exprs: []logical.Named{{Col: s.Cols[0], Expr: s.Cols[0]}}}
	p := mustLower(t, &logical.Limit{Input: proj, Count: 3, Offset: 2}).(*physical.Project)
	if n := p.Input.(*physical.Sort); n.Limit != 3 || n.Offset != 2 {
		t.Errorf("got %+v", n)
	}
}

func TestGroupingSetsExpand(t *testing.T) {
	var b builder
	s := b.scan("t", 10, "a", "b", "c")
	n := &logical.Aggregate{
		Input: s,
		Keys:  []logical.Named{{Col: b.col("a", types.Int64Type), Expr: s.Cols[0]}, {Col: b.col("b", types.Int64Type), Expr: s.Cols[1]}},
		Aggs:  []logical.Named{{Col: b.col("n", types.Int64Type), Expr: &expr.Agg{Func: "sum", Args: []expr.Expr{s.Cols[0]}, T: types.Int64Type}}},
		Sets:  [][]int{{0, 1}, {0}, {0}, {}},
	}
	p := mustLower(t, n)
	if got := len(p.Schema()); got != 3 {
		t.Fatalf("%d columns come out, want 3", got)
	}
	agg := p.(*physical.Project).Input.(*physical.HashAggregate)
	if len(agg.Keys) != 4 {
		t.Errorf("%d keys, want a, b, grouping id and position", len(agg.Keys))
	}
	e := agg.Input.(*physical.Expand)
	if len(e.Projections) != 4 || agg.Aggs[0].Args[0].(*expr.Ref).Index != 4 {
		t.Errorf("expand %+v", e)
	}
	last := e.Projections[3]
	if last[2].(*expr.Literal).Value != int64(3) || last[0].(*expr.Literal).Value != nil {
		t.Errorf("the row of () is %v", last)
	}
	// Two equal sets keep their rows apart.
	if a, b := e.Projections[1][3], e.Projections[2][3]; a.(*expr.Literal).Value == b.(*expr.Literal).Value {
		t.Error("repeated sets fall together")
	}
}
