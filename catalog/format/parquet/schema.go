package parquet

import (
	"fmt"
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/types"
)

// node is a field of the file's schema seen as a SQL value: the groups that
// only carry repetition (LIST, MAP and their legacy forms) are folded away.
type node struct {
	name     string
	typ      types.Type
	nullable bool
	// def is the definition level from which on the value is not null.
	def int
	// rep and itemDef are set for lists and maps: the repetition level of a
	// further item, and the definition level from which on there is an item.
	rep, itemDef int
	// kids are the element of an array, key and value of a map, the fields of a struct.
	kids []*node
	leaf *leaf
	// bad says why the field cannot be read, "" if it can.
	bad string
}

// leaf is a primitive column of the file.
type leaf struct {
	schemaElement
	ordinal        int
	path           []string
	maxDef, maxRep int
	typ            types.Type
	// ordered says that the newer min and max of statistics may be trusted.
	ordered bool
	// legacy says that dates and times are of the hybrid calendar, times as read in zone.
	legacy bool
	zone   *time.Location
}

// maxDepth bounds nesting of groups; levels are bytes.
const maxDepth = 200

// schemaTree is the file's schema with its leaves in file order.
type schemaTree struct {
	root   []*node
	leaves []*leaf
}

type schemaParser struct {
	elems  []schemaElement
	next   int
	leaves []*leaf
	order  []bool
	binary bool // plain binary is string
}

// group is a parsed element with its children, before lists and maps are folded.
type group struct {
	e    schemaElement
	kids []*group
	leaf *leaf
	// def and rep are the levels of this element, its own repetition included.
	def, rep int
}

func parseSchema(m *fileMeta, opts settings) (*schemaTree, error) {
	if len(m.schema) == 0 {
		return nil, fmt.Errorf("the schema is empty")
	}
	p := &schemaParser{elems: m.schema, order: m.typeOrder, binary: opts.binaryAsString}
	root, err := p.group(0, 0, nil)
	if err != nil {
		return nil, err
	}
	if p.next != len(p.elems) {
		return nil, fmt.Errorf("the schema has %d elements, its groups only %d", len(p.elems), p.next)
	}
	t := &schemaTree{leaves: p.leaves}
	for _, k := range root.kids {
		t.root = append(t.root, p.fold(k, 0))
	}
	t.takeIntervals(m)
	t.markLegacy(m, opts.zone)
	return t, nil
}

// group takes the next element with everything below it.
func (p *schemaParser) group(def, rep int, path []string) (*group, error) {
	if p.next >= len(p.elems) {
		return nil, fmt.Errorf("a group of the schema has more children than there are elements")
	}
	g := &group{e: p.elems[p.next]}
	if p.next > 0 {
		switch g.e.repetition {
		case repRequired:
		case repOptional:
			def++
		case repRepeated:
			def, rep = def+1, rep+1
		default:
			return nil, fmt.Errorf("column %q has the unknown repetition %d", g.e.name, g.e.repetition)
		}
		path = append(path[:len(path):len(path)], g.e.name)
	}
	p.next++
	g.def, g.rep = def, rep
	if len(path) > maxDepth {
		return nil, fmt.Errorf("the schema is nested more than %d levels deep", maxDepth)
	}
	if g.e.phys >= 0 && g.e.children <= 0 {
		if g.e.phys > physFixed {
			return nil, fmt.Errorf("column %q has the unknown physical type %d", g.e.name, g.e.phys)
		}
		if g.e.phys == physFixed && (g.e.typeLen <= 0 || g.e.typeLen > 1<<24) {
			return nil, fmt.Errorf("column %q has the invalid fixed length %d", g.e.name, g.e.typeLen)
		}
		g.leaf = &leaf{schemaElement: g.e, ordinal: len(p.leaves), path: path, maxDef: def, maxRep: rep}
		g.leaf.ordered = len(p.leaves) < len(p.order) && p.order[len(p.leaves)]
		p.leaves = append(p.leaves, g.leaf)
		return g, nil
	}
	if g.e.children < 0 || g.e.children > len(p.elems)-p.next {
		return nil, fmt.Errorf("group %q has %d children, more than the schema", g.e.name, g.e.children)
	}
	for range g.e.children {
		k, err := p.group(def, rep, path)
		if err != nil {
			return nil, err
		}
		g.kids = append(g.kids, k)
	}
	return g, nil
}

// fold makes the SQL view of g; def is the level of what contains it.
func (p *schemaParser) fold(g *group, def int) *node {
	if g.e.repetition == repRepeated {
		// Repeated without LIST or MAP around it: a required array of required elements.
		elem := p.single(g)
		return &node{
			name: g.e.name, typ: types.ArrayType(elem.typ, elem.nullable), def: def, rep: g.rep, itemDef: g.def,
			kids: []*node{elem}, bad: elem.bad,
		}
	}
	n := p.single(g)
	n.nullable = g.e.repetition == repOptional
	return n
}

// single makes the view of one value of g, leaving its own repetition to the caller.
func (p *schemaParser) single(g *group) *node {
	n := &node{name: g.e.name, def: g.def}
	if g.leaf != nil {
		n.leaf = g.leaf
		n.typ, n.bad = leafType(&g.leaf.schemaElement, p.binary)
		g.leaf.typ = n.typ
		return n
	}
	isList := g.e.logical == logList || g.e.converted == convList
	isMap := g.e.logical == logMap || g.e.converted == convMap || g.e.converted == convMapKeyValue
	if (isList || isMap) && len(g.kids) == 1 && g.kids[0].e.repetition == repRepeated {
		item := g.kids[0]
		n.rep, n.itemDef = item.rep, item.def
		if isMap && len(item.kids) == 2 {
			k, v := p.fold(item.kids[0], item.def), p.fold(item.kids[1], item.def)
			n.kids, n.typ, n.bad = []*node{k, v}, types.MapType(k.typ, v.typ, v.nullable), k.bad+v.bad
			return n
		}
		var elem *node
		if isMap && len(item.kids) == 1 || isList && wrapsElement(g, item) {
			elem = p.fold(item.kids[0], item.def)
		} else {
			elem = p.single(item)
		}
		n.kids, n.typ, n.bad = []*node{elem}, types.ArrayType(elem.typ, elem.nullable), elem.bad
		return n
	}
	if len(g.kids) == 0 {
		n.bad = "a group without fields"
	}
	var fields []types.Field
	for _, k := range g.kids {
		f := p.fold(k, g.def)
		n.kids = append(n.kids, f)
		fields = append(fields, types.Field{Name: f.name, Type: f.typ, Nullable: f.nullable})
		if f.bad != "" && n.bad == "" {
			n.bad = f.bad
		}
	}
	n.typ = types.StructType(fields...)
	return n
}

// wrapsElement tells the three-level list, whose repeated group only wraps the
// element, from the two-level ones, where the repeated field is the element
// (the backward-compatibility rules of Parquet's LogicalTypes).
func wrapsElement(list, item *group) bool {
	return item.leaf == nil && len(item.kids) == 1 &&
		item.e.name != "array" && item.e.name != list.e.name+"_tuple" &&
		item.kids[0].e.repetition != repRepeated
}

// leafType is the SQL type of a primitive column, or why it has none. It fills
// in the logical type where only the older annotation is given. Unsigned
// integers are widened, UUID is its text.
func leafType(e *schemaElement, binaryAsString bool) (types.Type, string) {
	kind := annotation(e)
	e.logical = kind
	switch e.phys {
	case physBool:
		return types.BoolType, ""
	case physFloat:
		return types.Float32Type, ""
	case physDouble:
		return types.Float64Type, ""
	case physInt96:
		return types.TimestampType, ""
	case physInt32, physInt64:
		return integerType(e, kind)
	}
	switch kind {
	case logDecimal:
		return decimalType(e)
	case logString, logEnum, logJSON:
		return types.StringType, ""
	case logUUID:
		if e.phys == physFixed && e.typeLen == 16 {
			return types.StringType, ""
		}
	case logFloat16:
		if e.phys == physFixed && e.typeLen == 2 {
			return types.Float32Type, ""
		}
	case logNull:
		return types.NullType, ""
	}
	if e.converted == convInterval && e.phys == physFixed && e.typeLen == 12 {
		return types.IntervalType, ""
	}
	if binaryAsString && e.phys == physBytes && e.logical == 0 && e.converted == convNone {
		return types.StringType, ""
	}
	return types.BinaryType, ""
}

// annotation is the logical type, derived from the converted type if need be.
func annotation(e *schemaElement) logical {
	if e.logical != 0 {
		return e.logical
	}
	switch e.converted {
	case convUTF8:
		return logString
	case convEnum:
		return logEnum
	case convDecimal:
		return logDecimal
	case convDate:
		return logDate
	case convTimeMillis, convTimeMicros:
		e.unit = unitMillis + e.converted - convTimeMillis
		return logTime
	case convTimestampMillis, convTimestampMicros:
		e.unit, e.utc = unitMillis+e.converted-convTimestampMillis, true
		return logTimestamp
	case convUint8, convUint16, convUint32, convUint64:
		e.bits, e.signed = 8<<(e.converted-convUint8), false
		return logInt
	case convInt8, convInt16, convInt32, convInt64:
		e.bits, e.signed = 8<<(e.converted-convInt8), true
		return logInt
	case convJSON:
		return logJSON
	case convBSON:
		return logBSON
	}
	return 0
}

func integerType(e *schemaElement, kind logical) (types.Type, string) {
	plain := types.Int32Type
	if e.phys == physInt64 {
		plain = types.Int64Type
	}
	switch kind {
	case logNull:
		return types.NullType, ""
	case logDecimal:
		return decimalType(e)
	case logDate:
		if e.phys == physInt32 {
			return types.DateType, ""
		}
	case logTime:
		if e.phys == physInt32 && e.unit == unitMillis || e.phys == physInt64 && (e.unit == unitMicros || e.unit == unitNanos) {
			return types.TimeType(types.MaxTimePrecision), ""
		}
	case logTimestamp:
		if e.phys == physInt64 && e.unit >= unitMillis && e.unit <= unitNanos {
			if e.utc {
				return types.TimestampType, ""
			}
			return types.TimestampNTZType, ""
		}
	case logInt:
		if e.bits > 32 && e.phys == physInt32 {
			return plain, "an INT(64) annotation on INT32"
		}
		switch {
		case e.bits == 8 && e.signed:
			return types.Int8Type, ""
		case e.bits == 8 || e.bits == 16 && e.signed:
			return types.Int16Type, ""
		case e.bits == 16 || e.bits == 32 && e.signed:
			return types.Int32Type, ""
		case e.bits == 32:
			return types.Int64Type, ""
		case e.bits == 64 && !e.signed:
			return types.DecimalType(20, 0), ""
		}
	}
	return plain, ""
}

func decimalType(e *schemaElement) (types.Type, string) {
	if e.prec < 1 || e.prec > types.MaxPrecision || e.scale < 0 || e.scale > e.prec {
		return types.DecimalType(types.MaxPrecision, 0), fmt.Sprintf("DECIMAL(%d,%d)", e.prec, e.scale)
	}
	return types.DecimalType(e.prec, e.scale), ""
}

// String names a leaf for messages: a.b.c.
func (l *leaf) String() string { return strings.Join(l.path, ".") }

// alike reports whether a reader made for l serves m, a leaf of another file, as well.
func (l *leaf) alike(m *leaf) bool {
	return l.schemaElement == m.schemaElement && l.maxDef == m.maxDef && l.maxRep == m.maxRep && l.typ.Equal(m.typ) &&
		l.legacy == m.legacy && l.zone == m.zone
}
