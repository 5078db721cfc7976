package parquet

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// fields are the top-level columns of the file as SQL sees them.
func (t *schemaTree) fields() []types.Field {
	out := make([]types.Field, len(t.root))
	for i, n := range t.root {
		out[i] = types.Field{Name: n.name, Type: n.typ, Nullable: n.nullable}
	}
	return out
}

func nodeFields(nodes []*node) []types.Field { return (&schemaTree{root: nodes}).fields() }

// mismatch is the error for a column of the file that cannot be read as the table's type.
func mismatch(path, column string, want types.Type, n *node) error {
	have := n.typ.String()
	if n.bad != "" {
		have = n.bad
	}
	return sqlerr.New(sqlerr.FileReadParquetType,
		"Encountered error while reading file %s. Data type mismatches when reading Parquet column [%s]. Expected type %s, actual Parquet type %s.", path, column, want, have)
}

// newShape lays the table's type over a node of the file. newColumn makes the reader of a leaf.
func newShape(path, name string, n *node, typ types.Type, newColumn func(*leaf) (*column, error)) (*shape, error) {
	s := &shape{node: n, typ: typ}
	if n == nil {
		return s, nil
	}
	if n.bad != "" {
		return nil, mismatch(path, name, typ, n)
	}
	var err error
	if !typ.Kind.IsNested() || n.leaf != nil {
		if n.leaf == nil || !widens(n.typ, typ) {
			return nil, mismatch(path, name, typ, n)
		}
		s.col, err = newColumn(n.leaf)
		return s, err
	}
	if n.typ.Kind != typ.Kind {
		return nil, mismatch(path, name, typ, n)
	}
	want := typ.Children()
	for i, f := range want {
		kid := (*node)(nil)
		if typ.Kind != types.Struct {
			kid = n.kids[i]
		} else if j := match(nodeFields(n.kids), f.Name, rank(want, i)); j >= 0 {
			kid = n.kids[j]
		}
		k, err := newShape(path, name+"."+f.Name, kid, f.Type, newColumn)
		if err != nil {
			return nil, err
		}
		s.kids = append(s.kids, k)
	}
	if s.first() == nil {
		// None of the struct's fields is in the file, or none is wanted: some
		// leaf must still tell where the struct is null.
		l := n
		for l.leaf == nil {
			l = l.kids[0]
		}
		s.probe = &shape{node: l, typ: l.typ}
		s.probe.col, err = newColumn(l.leaf)
	}
	return s, err
}

// output is one column of the batches a reader makes.
type output struct {
	// One of them is set, or neither: the file lacks the column.
	flat  *column
	shape *shape

	want  types.Type
	place int  // in the table's schema
	conv  bool // the file's type is widened
	tmp   vec.Vec
	v     vec.Vec
	have  bool // v holds the current batch

	filter bool // a filter looks at it
	loaded bool // its chunks of the current row group are in memory
}

func (o *output) columns(f func(*column)) {
	switch {
	case o.flat != nil:
		f(o.flat)
	case o.shape != nil:
		o.shape.leaves(func(l *shape) { f(l.col) })
	}
}

func (o *output) skip(n int) { o.columns(func(c *column) { c.skip(n) }) }

// read makes v the next n rows, of which only those in sel will be looked at.
func (o *output) read(n int, sel []uint16) error {
	o.have = true
	switch {
	case o.shape != nil:
		return o.shape.read(&o.v, n)
	case o.flat == nil:
		o.v.Reset(o.want)
		o.v.SetConst(n)
		if o.want.Kind != types.Null {
			o.v.SetNull(0)
		}
		return nil
	case o.conv:
		if err := o.flat.read(&o.tmp, n, nil); err != nil {
			return err
		}
		return widen(&o.v, o.want, &o.tmp)
	}
	if err := o.flat.read(&o.v, n, sel); err != nil {
		return err
	}
	o.v.Type = o.want
	return nil
}
