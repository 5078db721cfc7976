package parquet

import (
	"math/bits"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// writeNode is a column or a part of a nested one on the way to its leaves.
type writeNode struct {
	typ types.Type
	// def is the definition level of a value that is not null; optional says
	// that the level below stands for null.
	def      int
	optional bool
	rep      int  // of a further item of an array or map
	long     bool // values may be long: strings, lists, what holds such
	kids     []*writeNode
	leaf     *leafWriter
}

// node adds the schema elements of a column and returns the writer of its values.
func (f *fileWriter) node(name string, t types.Type, repetition, def, rep int, path []string) (*writeNode, error) {
	path = append(path[:len(path):len(path)], name)
	n := &writeNode{typ: t, def: def, optional: repetition == repOptional}
	if n.optional {
		n.def++
	}
	e := schemaElement{name: name, repetition: repetition, phys: -1, children: -1, converted: convNone}
	switch t.Kind {
	case types.Struct:
		e.children = len(t.Children())
		f.schema = append(f.schema, e)
		for _, c := range t.Children() {
			k, err := f.node(c.Name, c.Type, repOptional, n.def, rep, path)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, k)
			n.long = n.long || k.long
		}
		if len(n.kids) > 0 {
			return n, nil
		}
	case types.Array, types.Map:
		n.long = true
		item := schemaElement{name: "list", repetition: repRepeated, phys: -1, children: 1, converted: convNone}
		e.children, e.logical, e.converted = 1, logList, convList
		if t.Kind == types.Map {
			item.name, item.children = "key_value", 2
			e.logical, e.converted = logMap, convMap
		}
		f.schema = append(f.schema, e, item)
		n.rep = rep + 1
		for _, c := range t.Children() {
			r := repOptional
			if c.Name == "key" && t.Kind == types.Map {
				r = repRequired
			}
			k, err := f.node(c.Name, c.Type, r, n.def+1, n.rep, append(path[:len(path):len(path)], item.name))
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, k)
		}
		return n, nil
	default:
		if physicalType(t, &e) {
			f.schema = append(f.schema, e)
			n.long = e.phys == physBytes
			n.leaf = newLeafWriter(f, e, t, n.def, rep, path)
			f.leaves = append(f.leaves, n.leaf)
			return n, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UnsupportedFormatType, "The Parquet datasource doesn't support the column `%s` of the type %q.", name, t.SQL())
}

// physicalType describes how values of a flat type are stored, false if they are not.
func physicalType(t types.Type, e *schemaElement) bool {
	switch t.Kind {
	case types.Bool:
		e.phys = physBool
	case types.Int8, types.Int16:
		e.phys, e.logical, e.signed, e.bits, e.converted = physInt32, logInt, true, 8, convInt8
		if t.Kind == types.Int16 {
			e.bits, e.converted = 16, convInt16
		}
	case types.Int32, types.YearMonth:
		e.phys = physInt32
	case types.Int64, types.DayTime:
		e.phys = physInt64
	case types.Float32:
		e.phys = physFloat
	case types.Float64:
		e.phys = physDouble
	case types.Date:
		e.phys, e.logical, e.converted = physInt32, logDate, convDate
	case types.Timestamp:
		e.phys, e.logical, e.converted, e.unit, e.utc = physInt64, logTimestamp, convTimestampMicros, unitMicros, true
	case types.TimestampNTZ:
		e.phys, e.logical, e.unit = physInt64, logTimestamp, unitMicros
	case types.Time:
		e.phys, e.logical, e.unit = physInt64, logTime, unitMicros
	case types.String:
		e.phys, e.logical, e.converted = physBytes, logString, convUTF8
	case types.Binary:
		e.phys = physBytes
	case types.Decimal:
		e.logical, e.converted, e.prec, e.scale = logDecimal, convDecimal, int(t.P), int(t.S)
		switch {
		case t.P <= 9:
			e.phys = physInt32
		case t.P <= 18:
			e.phys = physInt64
		default:
			e.phys, e.typeLen = physFixed, decimalWidth(int(t.P))
		}
	default:
		return false
	}
	return true
}

// decimalWidth is the least number of bytes whose two's complement holds a precision.
func decimalWidth(p int) int {
	x := types.Pow10[p]
	n := 64 + bits.Len64(uint64(x.Hi))
	if x.Hi == 0 {
		n = bits.Len64(x.Lo)
	}
	return (n + 1 + 7) / 8
}

// add appends the rows sel of v.
func (n *writeNode) add(v *vec.Vec, sel []uint16) error {
	if n.leaf != nil && n.leaf.maxRep == 0 && n.def == 1 {
		return n.leaf.addRows(v, sel)
	}
	for _, r := range sel {
		if err := n.shred(v, int(r), 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// shred appends one value of a nested column, which exists up to definition
// level def and begins at repetition level rep.
func (n *writeNode) shred(v *vec.Vec, row, def, rep int) error {
	if v.Null(row) {
		if !n.optional {
			return sqlerr.New(sqlerr.NullMapKey, "Cannot use null as map key.")
		}
		n.absent(def, rep)
		return nil
	}
	base, i := v.Base(), v.Index(row)
	switch {
	case n.leaf != nil:
		n.leaf.level(n.def, rep)
		return n.leaf.addValue(base, i)
	case n.typ.Kind == types.Struct:
		for k, kid := range n.kids {
			if err := kid.shred(base.Kids[k], i, n.def, rep); err != nil {
				return err
			}
		}
		return nil
	}
	l := vec.Data[vec.List](base)[i]
	if l.Len == 0 {
		for _, kid := range n.kids {
			kid.absent(n.def, rep)
		}
	}
	for j := range int(l.Len) {
		for k, kid := range n.kids {
			if err := kid.shred(base.Kids[k], int(l.Off)+j, n.def+1, rep); err != nil {
				return err
			}
		}
		rep = n.rep
	}
	return nil
}

// absent appends a place without a value to every leaf below n.
func (n *writeNode) absent(def, rep int) {
	if n.leaf != nil {
		n.leaf.level(def, rep)
		return
	}
	for _, k := range n.kids {
		k.absent(def, rep)
	}
}
