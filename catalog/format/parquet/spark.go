package parquet

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/internal/types"
)

// What Spark notes beside the schema, and what of it changes how values are read.
const (
	sparkSchema   = "org.apache.spark.sql.parquet.row.metadata"
	sparkVersion  = "org.apache.spark.version"
	sparkLegacy   = "org.apache.spark.legacyDateTime"
	sparkLegacy96 = "org.apache.spark.legacyINT96"
	sparkZone     = "org.apache.spark.timeZone"
)

func (m *fileMeta) note(key string) (value string, ok bool) {
	for _, kv := range m.keyValues {
		if kv.key == key {
			return kv.value, true
		}
	}
	return "", false
}

// olderThan reports whether the file is by a Spark before major.minor. Files
// whose writer does not say are not.
func (m *fileMeta) olderThan(major, minor int) bool {
	v, ok := m.note(sparkVersion)
	if !ok {
		return false
	}
	parts := strings.SplitN(v, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (a < major || a == major && b < minor)
}

// markLegacy tells the leaves whose dates and times are of the hybrid calendar
// that Spark used before 3.0 (3.1 for INT96), and after it on demand.
func (t *schemaTree) markLegacy(m *fileMeta, session string) {
	_, legacy := m.note(sparkLegacy)
	_, legacy96 := m.note(sparkLegacy96)
	legacy, legacy96 = legacy || m.olderThan(3, 0), legacy96 || m.olderThan(3, 1)
	if !legacy && !legacy96 {
		return
	}
	name, ok := m.note(sparkZone)
	if !ok {
		name = session
	}
	zone, err := textvalue.ZoneOf(map[string]string{textvalue.SessionZone: name})
	if err != nil {
		zone = time.UTC
	}
	for _, l := range t.leaves {
		switch {
		case l.phys == physInt96:
			l.legacy = legacy96
		case l.typ.Kind == types.Date || l.typ.Kind == types.Timestamp:
			l.legacy = legacy
		}
		if l.legacy {
			l.zone = zone
		}
	}
}

// sparkField is a field of Spark's schema in JSON; Type is a name or an object.
type sparkField struct {
	Name     string         `json:"name"`
	Type     any            `json:"type"`
	Nullable bool           `json:"nullable"`
	Metadata map[string]any `json:"metadata"`
}

type sparkStruct struct {
	Type   string       `json:"type"`
	Fields []sparkField `json:"fields"`
}

// takeIntervals gives columns that are plain integers in the file the interval
// types that Spark's schema names for them.
func (t *schemaTree) takeIntervals(m *fileMeta) {
	text, ok := m.note(sparkSchema)
	if !ok || !strings.Contains(text, "interval") {
		return
	}
	var s sparkStruct
	if json.Unmarshal([]byte(text), &s) != nil {
		return // a note is no reason to refuse the file
	}
	for _, f := range s.Fields {
		for _, n := range t.root {
			if n.name == f.Name {
				n.takeInterval(f.Type)
			}
		}
	}
}

func (n *node) takeInterval(t any) {
	switch t := t.(type) {
	case string:
		iv, ok := intervalOf(t)
		if n.leaf == nil || !ok || n.leaf.logical != 0 || n.leaf.converted != convNone {
			return
		}
		if iv.Kind == types.YearMonth && n.leaf.phys == physInt32 || iv.Kind == types.DayTime && n.leaf.phys == physInt64 {
			n.typ, n.leaf.typ = iv, iv
		}
	case map[string]any:
		switch {
		case n.typ.Kind == types.Array && len(n.kids) == 1:
			n.kids[0].takeInterval(t["elementType"])
			n.typ = types.ArrayType(n.kids[0].typ, n.kids[0].nullable)
		case n.typ.Kind == types.Map && len(n.kids) == 2:
			n.kids[0].takeInterval(t["keyType"])
			n.kids[1].takeInterval(t["valueType"])
			n.typ = types.MapType(n.kids[0].typ, n.kids[1].typ, n.kids[1].nullable)
		case n.typ.Kind == types.Struct:
			fields, _ := t["fields"].([]any)
			for _, f := range fields {
				f, _ := f.(map[string]any)
				for _, k := range n.kids {
					if k.name == f["name"] {
						k.takeInterval(f["type"])
					}
				}
			}
			n.typ = types.StructType(nodeFields(n.kids)...)
		}
	}
}

var intervalFields = map[string]struct {
	kind  types.Kind
	field uint8
}{
	"year": {types.YearMonth, types.FieldYear}, "month": {types.YearMonth, types.FieldMonth}, "day": {types.DayTime, types.FieldDay},
	"hour": {types.DayTime, types.FieldHour}, "minute": {types.DayTime, types.FieldMinute}, "second": {types.DayTime, types.FieldSecond},
}

// intervalOf reads "interval day to second" or "interval month".
func intervalOf(name string) (types.Type, bool) {
	rest, ok := strings.CutPrefix(name, "interval ")
	if !ok {
		return types.Type{}, false
	}
	from, to, ok := strings.Cut(rest, " to ")
	if !ok {
		to = from
	}
	a, ok1 := intervalFields[from]
	b, ok2 := intervalFields[to]
	if !ok1 || !ok2 || a.kind != b.kind || a.field > b.field {
		return types.Type{}, false
	}
	return types.Type{Kind: a.kind, P: a.field, S: b.field}, true
}

// sparkNames are Spark's names in JSON where they differ from those in SQL.
var sparkNames = map[types.Kind]string{
	types.Int8: "byte", types.Int16: "short", types.Int32: "integer", types.Int64: "long", types.Null: "void",
}

// sparkType is a type as Spark's JSON has it.
func sparkType(t types.Type) any {
	switch t.Kind {
	case types.Array:
		return map[string]any{"type": "array", "elementType": sparkType(t.Elem()), "containsNull": t.Children()[0].Nullable}
	case types.Map:
		return map[string]any{"type": "map", "keyType": sparkType(t.Key()), "valueType": sparkType(t.Value()), "valueContainsNull": t.Children()[1].Nullable}
	case types.Struct:
		return sparkStruct{Type: "struct", Fields: sparkFields(t.Children())}
	}
	if n, ok := sparkNames[t.Kind]; ok {
		return n
	}
	return strings.ToLower(t.SQL())
}

func sparkFields(fields []types.Field) []sparkField {
	out := make([]sparkField, len(fields))
	for i, f := range fields {
		out[i] = sparkField{Name: f.Name, Type: sparkType(f.Type), Nullable: true, Metadata: map[string]any{}}
	}
	return out
}

// schemaNote is the schema as Spark notes it, "" where the Parquet types say all there is.
func schemaNote(schema types.Schema) string {
	if !holdsInterval(schema) {
		return ""
	}
	b, err := json.Marshal(sparkStruct{Type: "struct", Fields: sparkFields(schema)})
	if err != nil {
		return ""
	}
	return string(b)
}

func holdsInterval(fields []types.Field) bool {
	for _, f := range fields {
		if f.Type.Kind.IsInterval() || holdsInterval(f.Type.Children()) {
			return true
		}
	}
	return false
}
