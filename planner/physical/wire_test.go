package physical

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// filler puts a different value into every field it meets.
type filler struct {
	n    int
	rand *rand.Rand
}

var data = []types.Datum{
	true, false, int64(-5), int64(math.MinInt64), 2.5, math.Inf(-1),
	types.Int128{Hi: -1, Lo: 7},
	"text", "",
	types.CalendarInterval{Months: -3, Days: 4, Micros: 5},
	[]types.Datum{nil, int64(1), []types.Datum{"x"}},
	types.MapDatum{Keys: []types.Datum{"a", "b"}, Values: []types.Datum{nil, int64(2)}},
}

func (f *filler) fill(v reflect.Value, depth int) {
	f.n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n%100) - 50)
	case reflect.Uint8:
		v.SetUint(1) // a value every enumeration has
	case reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n))
	case reflect.Float64:
		v.SetFloat(float64(f.n) / 8)
	case reflect.String:
		v.SetString(fmt.Sprint("s", f.n))
	case reflect.Slice:
		s := reflect.MakeSlice(v.Type(), 2, 2)
		for i := range 2 {
			f.fill(s.Index(i), depth+1)
		}
		v.Set(s)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			k, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(k, depth)
			f.fill(x, depth)
			v.SetMapIndex(k, x)
		}
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Slice && depth > 8 { // nested types end somewhere
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), depth+1)
		}
	case reflect.Interface:
		v.Set(f.value(v.Type(), depth))
	default:
		panic(v.Type())
	}
}

func (f *filler) value(t reflect.Type, depth int) reflect.Value {
	switch t {
	case reflect.TypeFor[Node]():
		if depth > 2 {
			return reflect.ValueOf(&Range{Info: Meta{ID: int32(f.n), Est: 1}, Name: "r", Step: 1})
		}
		n := reflect.New(reflect.TypeOf(Nodes[f.rand.IntN(len(Nodes))]).Elem())
		f.fill(n.Elem(), depth+1)
		return n
	case reflect.TypeFor[expr.Expr]():
		if depth > 4 {
			return reflect.ValueOf(&expr.Ref{Index: f.n, Name: "c", T: types.Int64Type})
		}
		n := reflect.New(reflect.TypeOf(sendable[f.rand.IntN(len(sendable))]).Elem())
		f.fill(n.Elem(), depth+1)
		return n
	}
	return reflect.ValueOf(data[f.n%len(data)])
}

// sendable are the expressions that occur in physical plans: all but subqueries.
var sendable = func() (out []expr.Expr) {
	for _, e := range expr.Nodes {
		if _, ok := reflect.TypeOf(e).Elem().FieldByName("Outer"); !ok {
			out = append(out, e)
		}
	}
	return out
}()

// samples are plans in which every field of every node type is set.
func samples() []Node {
	f := &filler{rand: rand.New(rand.NewPCG(1, 2))}
	var out []Node
	for _, n := range Nodes {
		v := reflect.New(reflect.TypeOf(n).Elem())
		f.fill(v.Elem(), 0)
		out = append(out, v.Interface().(Node))
	}
	for _, e := range sendable {
		v := reflect.New(reflect.TypeOf(e).Elem())
		f.fill(v.Elem(), 0)
		out = append(out, &Filter{Input: &Range{Step: 1}, Preds: []expr.Expr{v.Interface().(expr.Expr)}})
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for _, n := range samples() {
		b, err := Encode(n)
		if err != nil {
			t.Errorf("%T: %v", n, err)
			continue
		}
		got, err := Decode(b)
		if err != nil {
			t.Errorf("%T: %v", n, err)
			continue
		}
		if !reflect.DeepEqual(got, n) {
			t.Errorf("%T: got %s want %s", n, Line(got), Line(n))
		}
		again, _ := Encode(got)
		if !bytes.Equal(again, b) {
			t.Errorf("%T: encoding is not stable", n)
		}
		for i := range b { // a message that ends too early is an error, not a panic
			if _, err := Decode(b[:i]); err == nil {
				t.Fatalf("%T: %d of %d bytes decode", n, i, len(b))
			}
		}
		if _, err := Decode(append(b, 0)); err == nil {
			t.Errorf("%T: bytes after the end were not noticed", n)
		}
	}
}

func TestSharedNodesStayShared(t *testing.T) {
	in := &Range{Name: "r", End: 10, Step: 1}
	s := &Shared{Key: 1, Input: in}
	b, err := Encode(&Union{Inputs: []Node{s, s}, Names: []string{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if u := got.(*Union); u.Inputs[0] != u.Inputs[1] {
		t.Error("a node that was reached twice came back as two")
	}
}

// A small message must not stand for a plan that no walk can finish.
func TestDoublingIsRefused(t *testing.T) {
	n := Node(&Range{Name: "r", Step: 1})
	for range 60 {
		n = &Union{Inputs: []Node{n, n}, Names: []string{"r"}}
	}
	b, err := Encode(n)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(b); err == nil {
		t.Errorf("%d bytes stand for 2^60 nodes and were taken", len(b))
	}
}

func TestMissingInputIsRefused(t *testing.T) {
	b, err := Encode(&Limit{Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(b); err == nil {
		t.Error("a Limit without input was taken")
	}
}

func FuzzDecode(f *testing.F) {
	for _, n := range samples() {
		b, err := Encode(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Decode(b)
		if err != nil {
			return
		}
		tree.Walk(n, func(Node) bool { return true })
		again, err := Encode(n)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(again)
		if err != nil {
			t.Fatalf("a decoded plan does not survive encoding: %v", err)
		}
		if third, err := Encode(m); err != nil || !bytes.Equal(again, third) {
			t.Fatalf("a decoded plan changes with encoding: %v", err)
		}
	})
}
