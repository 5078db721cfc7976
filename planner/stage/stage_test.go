package stage

import (
	"reflect"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

func scan(id int32, splits ...int64) *physical.Scan {
	s := &physical.Scan{Info: physical.Meta{ID: id, Est: -1}, Table: "t", Limit: -1, Scan: catalog.Scan{
		Format: "test", Schema: types.Schema{{Name: "a", Type: types.Int64Type}}, Cols: []int{0},
	}}
	for _, n := range splits {
		s.Scan.Splits = append(s.Scan.Splits, catalog.Split{Path: "f", Length: n})
	}
	return s
}

var key = &expr.Ref{Name: "a", T: types.Int64Type}

func TestCut(t *testing.T) {
	left := &physical.Exchange{Info: physical.Meta{ID: 3, Est: -1}, Input: scan(1, 10, 20, 30), Kind: physical.Hash, Keys: []expr.Expr{key}, Partitions: 4}
	right := &physical.Exchange{Info: physical.Meta{ID: 4, Est: -1}, Input: scan(2, 5), Kind: physical.Broadcast, Partitions: 4}
	join := &physical.HashJoin{Info: physical.Meta{ID: 5, Est: -1}, Left: left, Right: right, LeftKeys: []expr.Expr{key}, RightKeys: []expr.Expr{key}, NullSafe: []bool{false}, Emit: []int{0}}
	root := &physical.Exchange{Info: physical.Meta{ID: 6, Est: -1}, Input: join, Kind: physical.Gather, Partitions: 1}
	j, err := Cut("job", root, Options{Tasks: 2, Settings: map[string]string{"k": "v"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `Stage 0: 2 tasks → Hash(a) into 4
  Scan table=t format=test columns=[a]
Stage 1: 1 task → Broadcast
  Scan table=t format=test columns=[a]
Stage 2: 4 tasks, reads stage 0 (Hash), reads stage 1 (Broadcast) → Gather
  HashJoin Inner leftKeys=[a] rightKeys=[a] emit=[a]
    StageRead cols=[a] Hash
    StageRead stage=1 cols=[a] Broadcast
Stage 3: 1 task, reads stage 2 (Gather) → result
  StageRead stage=2 cols=[a] Gather
`
	if got := Format(j); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := j.Stages[0].Splits[1]; len(got[0]) != 1 || got[0][0].Length != 30 || len(got[1]) != 2 {
		t.Errorf("splits are not balanced by bytes: %v", got)
	}
	if c, n := j.Channels(j.Stages[2].Inputs[0], 3); c != 3 || n != 1 {
		t.Errorf("task 3 reads %d channels from %d of a hash exchange", n, c)
	}
	if c, n := j.Channels(j.Stages[2].Inputs[1], 3); c != 0 || n != 1 {
		t.Errorf("task 3 reads %d channels from %d of a broadcast", n, c)
	}
	if c, n := j.Channels(Input{Stage: 0, Kind: physical.Broadcast}, 3); c != 0 || n != 4 {
		t.Errorf("task 3 reads %d channels from %d of a hash exchange as a whole", n, c)
	}
}

func TestSharedExchangeIsOneStage(t *testing.T) {
	ex := &physical.Exchange{Input: scan(1, 10), Kind: physical.Hash, Keys: []expr.Expr{key}, Partitions: 2}
	u := &physical.Union{Inputs: []physical.Node{&physical.Shared{Key: 7, Input: ex}, &physical.Shared{Key: 7, Input: ex}}, Names: []string{"a"}}
	j, err := Cut("job", u, Options{Tasks: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Stages) != 2 || len(j.Stages[1].Inputs) != 1 {
		t.Errorf("got\n%s", Format(j))
	}
}

// Rows of a literal table must not come out of every task.
func TestValuesAmongPartitionsIsAnError(t *testing.T) {
	ex := &physical.Exchange{Input: scan(1, 10), Kind: physical.Hash, Keys: []expr.Expr{key}, Partitions: 2}
	v := &physical.Values{Cols: ex.Schema(), Rows: [][]expr.Expr{{&expr.Literal{Value: int64(1), T: types.Int64Type}}}}
	if _, err := Cut("job", &physical.Union{Inputs: []physical.Node{ex, v}, Names: []string{"a"}}, Options{Tasks: 2}); err == nil {
		t.Error("no error")
	}
}

func TestTaskRoundTrip(t *testing.T) {
	ex := &physical.Exchange{Info: physical.Meta{ID: 2}, Input: scan(1, 10, 20), Kind: physical.Hash, Keys: []expr.Expr{key}, Partitions: 2}
	j, err := Cut("job", ex, Options{Tasks: 2, Settings: map[string]string{"k": "v"}})
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := j.Tasks(j.Stages[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		task.Attempt = 3
		task.Reads = []Read{{Stage: 1, Channel: 2, From: []Producer{{Partition: 1, Executor: "e", Address: "host:1"}}}}
		b, err := task.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeTask(b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, task) {
			t.Errorf("got %+v\nwant %+v", got, task)
		}
		if n, err := got.Node(); err != nil || n.(*physical.Scan).Table != "t" {
			t.Errorf("plan %v %v", n, err)
		}
	}
	if _, err := DecodeTask([]byte{1, 2, 3}); err == nil {
		t.Error("rubbish decodes")
	}
}

// TestUnsteady: what a task gives again is taken for the same only where neither chance nor order matters.
func TestUnsteady(t *testing.T) {
	s := scan(1, 10)
	agg := func(f string) physical.Node {
		return &physical.HashAggregate{Input: s, Keys: []expr.Expr{key}, KeyNames: []string{"a"}, Aggs: []*expr.Agg{{Func: f, Args: []expr.Expr{key}, T: types.Int64Type}}, AggNames: []string{"x"}}
	}
	call := func(f string) physical.Node {
		return &physical.Project{Input: s, Exprs: []expr.Expr{&expr.Call{Func: f, T: types.Int64Type}}, Names: []string{"x"}}
	}
	hash := Output{Kind: physical.Hash}
	for name, c := range map[string]struct {
		plan physical.Node
		out  Output
		want bool
	}{
		"scan":        {s, hash, false},
		"round robin": {s, Output{Kind: physical.RoundRobin}, true},
		"sum":         {agg("sum"), hash, false},
		"first":       {agg("first"), hash, true},
		"limit":       {&physical.Limit{Input: s, Count: 3}, hash, true},
		"sort":        {&physical.Sort{Input: s, Limit: -1}, hash, false},
		"top":         {&physical.Sort{Input: s, Limit: 3}, hash, true},
		"rand":        {call("rand"), hash, true},
		"abs":         {call("abs"), hash, false},
	} {
		if got := unsteady(c.plan, c.out, func(f string) bool { return f == "rand" }); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
