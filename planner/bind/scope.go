package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// field is a column that can be named.
type field struct {
	col  *expr.Column
	name string
	// qual is the path that may stand before the name, outermost part first:
	// catalog, database, table or just an alias.
	qual []string
	// hidden columns are reached only with their qualifier: the key of the
	// other side of a USING join.
	hidden bool
}

// relation is a plan with the names of its columns, in the order of *.
type relation struct {
	plan   logical.Node
	fields []field
}

// columnsOf makes the fields of a plan, all under one qualifier.
func columnsOf(n logical.Node, qual ...string) []field {
	cols := n.Columns()
	fs := make([]field, len(cols))
	for i, c := range cols {
		fs[i] = field{col: c, name: c.Name, qual: qual}
	}
	return fs
}

// frame is the border of a subquery: what is outside, and which of its
// columns are used inside.
type frame struct {
	parent *scope // nil for a statement
	outer  []expr.ColID
	seen   expr.ColSet
}

func (f *frame) use(id expr.ColID) {
	if !f.seen.Has(id) {
		f.seen.Add(id)
		f.outer = append(f.outer, id)
	}
}

// scope is what column names mean at one place of a query block.
type scope struct {
	frame  *frame
	fields []field
	ctes   *cteScope
	index  map[string][]int // fields by lower-case name, made for wide scopes
}

const wide = 24

// candidates calls f with the fields whose name is name, in order.
func (b *binder) candidates(sc *scope, name string, f func(*field)) {
	if len(sc.fields) > wide && sc.index == nil {
		sc.index = make(map[string][]int, len(sc.fields))
		for i := range sc.fields {
			k := strings.ToLower(sc.fields[i].name)
			sc.index[k] = append(sc.index[k], i)
		}
	}
	if sc.index != nil {
		for _, i := range sc.index[strings.ToLower(name)] {
			if b.same(sc.fields[i].name, name) {
				f(&sc.fields[i])
			}
		}
		return
	}
	for i := range sc.fields {
		if b.same(sc.fields[i].name, name) {
			f(&sc.fields[i])
		}
	}
}

// same compares two names as the session says.
func (b *binder) same(a, c string) bool {
	return a == c || b.fold && strings.EqualFold(a, c)
}

// qualified reports whether path may stand before a name whose full
// qualifier is qual: it is the end of it.
func (b *binder) qualified(qual, path []string) bool {
	if len(path) > len(qual) {
		return false
	}
	tail := qual[len(qual)-len(path):]
	for i := range path {
		if !strings.EqualFold(tail[i], path[i]) {
			return false
		}
	}
	return true
}

// local looks parts up in sc alone: the field they begin with, and how many
// of the parts name it (the rest is a path into a struct). n is 0 if there is
// none. Longer qualifiers win over shorter ones, visible columns over hidden.
func (b *binder) local(sc *scope, parts []string, pos int) (f *field, n int, err error) {
	for _, hidden := range []bool{false, true} {
		for k := min(3, len(parts)-1); k >= 0; k-- {
			if hidden && k == 0 {
				continue
			}
			var found []*field
			b.candidates(sc, parts[k], func(c *field) {
				if c.hidden != hidden || !b.qualified(c.qual, parts[:k]) {
					return
				}
				for _, o := range found {
					if o.col.ID == c.col.ID {
						return
					}
				}
				found = append(found, c)
			})
			if len(found) == 1 {
				return found[0], k + 1, nil
			}
			if len(found) > 1 {
				return nil, 0, ambiguous(parts, found, pos)
			}
		}
	}
	return nil, 0, nil
}

// lookup is local with the scopes of enclosing queries after it. A column of
// one of them is noted as used by every subquery in between.
func (b *binder) lookup(sc *scope, parts []string, pos int) (*field, int, error) {
	f, n, err := b.local(sc, parts, pos)
	if n > 0 || err != nil || sc.frame == nil || sc.frame.parent == nil {
		return f, n, err
	}
	f, n, err = b.lookup(sc.frame.parent, parts, pos)
	if n > 0 {
		sc.frame.use(f.col.ID)
	}
	return f, n, err
}

func ambiguous(parts []string, found []*field, pos int) error {
	var options []string
	for _, f := range found {
		options = append(options, quotePath(append(append([]string(nil), f.qual...), f.name)))
	}
	return sqlerr.New(sqlerr.AmbiguousReference, "Reference %s is ambiguous, could be: [%s].", quotePath(parts), strings.Join(options, ", ")).At(pos)
}

// unresolved is the error about a name that means nothing in sc.
func (b *binder) unresolved(sc *scope, parts []string, pos int) error {
	what := quotePath(parts)
	var names, shown []string
	for _, f := range sc.fields {
		if !f.hidden {
			short := f.name
			if len(f.qual) > 0 && len(parts) > 1 {
				short = f.qual[len(f.qual)-1] + "." + f.name
			}
			names = append(names, short)
		}
	}
	near := sqlerr.Nearest(strings.Join(parts, "."), names, 5)
	if len(near) == 0 {
		return sqlerr.New(sqlerr.UnresolvedColumnPlain, "A column, variable, or function parameter with name %s cannot be resolved.", what).At(pos)
	}
	for _, n := range near {
		shown = append(shown, quotePath(strings.SplitN(n, ".", 2)))
	}
	return sqlerr.New(sqlerr.UnresolvedColumn, "A column, variable, or function parameter with name %s cannot be resolved.", what).
		At(pos).WithHint("Did you mean one of the following? [%s].", strings.Join(shown, ", "))
}

func quotePath(parts []string) string {
	q := make([]string, len(parts))
	for i, p := range parts {
		q[i] = "`" + strings.ReplaceAll(p, "`", "``") + "`"
	}
	return strings.Join(q, ".")
}

// reference is an expression for the column of a field.
func reference(f *field, name string, pos int) *expr.Column {
	return &expr.Column{ID: f.col.ID, Name: name, T: f.col.T, Null: f.col.Null, Pos: int32(pos)}
}

// structField returns the place of a struct's field called name, or -1; two
// are ambiguous.
func (b *binder) structField(t types.Type, name string, pos int) (int, error) {
	at := -1
	for i, f := range t.Children() {
		if b.same(f.Name, name) {
			if at >= 0 {
				return -1, sqlerr.New(sqlerr.AmbiguousFieldReference, "Ambiguous reference to the field `%s`.", name).At(pos)
			}
			at = i
		}
	}
	return at, nil
}
