package optimize

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// ShareSubplans finds subplans that are equal but for the identity of their
// columns, as the uses of a WITH query are, and has each computed once.
var ShareSubplans = OnPlan("ShareSubplans", func(q *Query, root logical.Node) logical.Node {
	s := &sharer{
		q: q, classes: map[string]int{}, class: map[logical.Node]int{}, uses: map[int]int{}, entered: map[int]bool{},
		first: map[int]*logical.Shared{}, reads: map[logical.Node]float64{},
	}
	s.classify(root)
	walkAll(root, func(n logical.Node) {
		if n, ok := n.(*logical.Shared); ok {
			s.key = max(s.key, n.Key)
		}
	})
	s.count(root)
	return s.rewrite(root)
})

// shareLimit is the largest estimated size in bytes of a result that is kept to be read again.
const shareLimit = 512 << 20

// shareWork is the least number of rows read for which it is worth to keep a
// result instead of computing it again.
const shareWork = 1000

type sharer struct {
	q       *Query
	classes map[string]int       // description of a node over the classes of its inputs -> class
	class   map[logical.Node]int // negative: like no other
	uses    map[int]int
	entered map[int]bool
	first   map[int]*logical.Shared
	key     int32
	reads   map[logical.Node]float64
}

// classify numbers the subtrees of n so that equal ones have equal numbers.
func (s *sharer) classify(n logical.Node) int {
	d := describer{at: map[expr.ColID]string{}}
	d.b.WriteString(reflect.TypeOf(n).Elem().Name())
	unique := false
	for i, c := range tree.Children(n) {
		k := s.classify(c)
		unique = unique || k < 0
		fmt.Fprintf(&d.b, " %d", k)
		for j, col := range c.Columns() {
			d.at[col.ID] = fmt.Sprintf("%d.%d", i, j)
		}
	}
	for _, e := range logical.Exprs(n) {
		unique = unique || e != nil && s.q.volatile(e)
	}
	switch n.(type) {
	case *logical.Sample, *logical.Write, *logical.Shared, *logical.Recursive, *logical.Recurrence:
		unique = true
	}
	k := -1 - len(s.class)
	if !unique {
		for i, c := range defines(n) {
			if _, ok := d.at[c.ID]; !ok {
				d.at[c.ID] = fmt.Sprintf("new%d", i)
			}
		}
		v := reflect.ValueOf(n).Elem()
		for i := range v.NumField() {
			d.b.WriteString(";")
			d.value(v.Field(i))
		}
		text := d.b.String()
		var ok bool
		if k, ok = s.classes[text]; !ok {
			k = len(s.classes) + 1
			s.classes[text] = k
		}
	}
	s.class[n] = k
	return k
}

// describer writes the fields of a node, columns by where they come from.
type describer struct {
	b  strings.Builder
	at map[expr.ColID]string
}

func (d *describer) value(v reflect.Value) {
	switch x := v.Interface().(type) {
	case logical.Node, []logical.Node: // by class
		return
	case types.Type:
		d.b.WriteString(x.SQL())
		return
	case *expr.Column:
		if x == nil {
			return
		}
		if at, ok := d.at[x.ID]; ok {
			d.b.WriteString(at)
		} else {
			fmt.Fprintf(&d.b, "#%d", x.ID)
		}
		d.b.WriteString(x.T.SQL())
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			d.b.WriteString("nil")
			return
		}
		if t, ok := v.Interface().(interface{ Schema() types.Schema }); ok { // a table
			if table, ok := t.(catalog.Table); ok && table.Name().Table != "" {
				info := table.Info()
				fmt.Fprintf(&d.b, "%T%q%q%q", t, table.Name().String(), info.Location, fmt.Sprint(info.Options))
			} else {
				fmt.Fprintf(&d.b, "%T%p", t, t)
			}
			return
		}
		fmt.Fprintf(&d.b, "%T", v.Interface())
		d.value(v.Elem())
	case reflect.Pointer:
		if !v.IsNil() {
			d.value(v.Elem())
		}
	case reflect.Struct:
		d.b.WriteString("{")
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name == "Pos" || f.Name == "Name" && v.Type() == reflect.TypeFor[logical.Scan]() {
				continue
			}
			d.value(v.Field(i))
			d.b.WriteString(",")
		}
		d.b.WriteString("}")
	case reflect.Slice:
		fmt.Fprintf(&d.b, "%d[", v.Len())
		for i := range v.Len() {
			d.value(v.Index(i))
			d.b.WriteString(",")
		}
		d.b.WriteString("]")
	default:
		fmt.Fprintf(&d.b, "%q", fmt.Sprint(v.Interface()))
	}
}

// count counts how often each class is used, entering each class once: what
// is inside a shared plan is there once.
func (s *sharer) count(n logical.Node) {
	k := s.class[n]
	s.uses[k]++
	if k > 0 && s.worth(n) {
		if s.entered[k] {
			return
		}
		s.entered[k] = true
	}
	for _, c := range reached(n) {
		s.count(c)
	}
}

// reached are the inputs of n in which plans may be shared with others: not
// the step of a recursion, which runs many times, nor plans that are shared already.
func reached(n logical.Node) []logical.Node {
	switch n := n.(type) {
	case *logical.Recursive:
		return []logical.Node{n.Anchor}
	case *logical.Shared:
		return nil
	}
	return tree.Children(n)
}

// worth reports whether reading n's rows again is cheaper than computing them again.
func (s *sharer) worth(n logical.Node) bool {
	switch n.(type) {
	case *logical.Aggregate, *logical.Join, *logical.Window, *logical.TopK:
	case *logical.Project, *logical.Filter, *logical.SetOp, *logical.Sort, *logical.Limit:
		heavy := false
		for _, c := range tree.Children(n) {
			heavy = heavy || s.worth(c)
		}
		if !heavy {
			return false
		}
	default:
		return false
	}
	r, read := s.q.est.Relation(n), s.read(n)
	if !grouped(n) && r.Rows > 0.2*read { // joins with small tables run again as fast as their rows are read
		return false
	}
	return r.Rows*r.Width(output(n)) <= shareLimit && read >= shareWork
}

// grouped reports whether rows of n come from an aggregation or window.
func grouped(n logical.Node) bool {
	switch n.(type) {
	case *logical.Aggregate, *logical.Window, *logical.TopK:
		return true
	}
	for _, c := range tree.Children(n) {
		if grouped(c) {
			return true
		}
	}
	return false
}

// read is how many rows of tables a plan reads, about.
func (s *sharer) read(n logical.Node) float64 {
	if r, ok := s.reads[n]; ok {
		return r
	}
	rows := 0.0
	if _, ok := n.(*logical.Scan); ok {
		rows = s.q.est.Relation(n).Base
	}
	for _, c := range tree.Children(n) {
		rows += s.read(c)
	}
	s.reads[n] = rows
	return rows
}

func (s *sharer) rewrite(n logical.Node) logical.Node {
	k := s.class[n]
	if k < 0 || s.uses[k] < 2 || !s.worth(n) {
		in := reached(n)
		return tree.MapChildren(n, func(c logical.Node) logical.Node {
			if !slices.Contains(in, c) {
				return c
			}
			return s.rewrite(c)
		})
	}
	cols := n.Columns()
	use := &logical.Shared{}
	if f := s.first[k]; f != nil {
		// The rewritten plan of the first use; columns correspond by place.
		use.Key, use.Plan, use.From = f.Key, f.Plan, f.From
	} else {
		use.Plan = tree.MapChildren(n, s.rewrite) // inner keys first
		s.key++
		use.Key, use.From = s.key, use.Plan.Columns()
		s.first[k] = use
	}
	// The first use needs columns of its own, too: From names those inside.
	use.Cols = cols
	return use
}
