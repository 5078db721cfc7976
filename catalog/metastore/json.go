package metastore

import (
	"encoding/json"
	"fmt"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
)

// The stored form of records spells types by name, so that files written today
// are read by later versions whatever becomes of the numbers in package types.

type fieldJSON struct {
	Name     string   `json:"name"`
	Type     typeJSON `json:"type"`
	Nullable bool     `json:"nullable"`
}

type typeJSON struct {
	Kind   string      `json:"kind"`
	P      uint8       `json:"p,omitempty"`
	S      uint8       `json:"s,omitempty"`
	Fields []fieldJSON `json:"fields,omitempty"`
}

var kindNames = map[types.Kind]string{
	types.Null: "void", types.Bool: "boolean", types.Int8: "tinyint", types.Int16: "smallint", types.Int32: "int", types.Int64: "bigint",
	types.Float32: "float", types.Float64: "double", types.Decimal: "decimal", types.String: "string", types.Binary: "binary",
	types.Date: "date", types.Timestamp: "timestamp", types.TimestampNTZ: "timestamp_ntz", types.Time: "time", types.YearMonth: "interval year to month",
	types.DayTime: "interval day to second", types.Interval: "interval", types.Array: "array", types.Map: "map", types.Struct: "struct",
}

func fieldsOut(fs []types.Field) []fieldJSON {
	out := make([]fieldJSON, len(fs))
	for i, f := range fs {
		out[i] = fieldJSON{f.Name, typeJSON{Kind: kindNames[f.Type.Kind], P: f.Type.P, S: f.Type.S, Fields: fieldsOut(f.Type.Children())}, f.Nullable}
	}
	return out
}

func fieldsIn(fs []fieldJSON) ([]types.Field, error) {
	out := make([]types.Field, len(fs))
	for i, f := range fs {
		t := types.Type{P: f.Type.P, S: f.Type.S}
		found := false
		for k, n := range kindNames {
			if n == f.Type.Kind {
				t.Kind, found = k, true
			}
		}
		if !found {
			return nil, fmt.Errorf("column %s has the unknown type %q", f.Name, f.Type.Kind)
		}
		if t.Kind.IsNested() {
			kids, err := fieldsIn(f.Type.Fields)
			if err != nil {
				return nil, err
			}
			if want := map[types.Kind]int{types.Array: 1, types.Map: 2}[t.Kind]; want > 0 && len(kids) != want {
				return nil, fmt.Errorf("column %s of type %s has %d parts", f.Name, f.Type.Kind, len(kids))
			}
			t.Fields = &kids
		}
		out[i] = types.Field{Name: f.Name, Type: t, Nullable: f.Nullable}
	}
	return out, nil
}

type objectJSON struct {
	Table   *TableRecord    `json:"table,omitempty"`
	View    *catalog.View   `json:"view,omitempty"`
	Columns []fieldJSON     `json:"columns"`
	Access  *catalog.Access `json:"access,omitempty"`
}

// Encode is the stored form of an object.
func Encode(o *Object) ([]byte, error) {
	out := objectJSON{Access: o.Access}
	if o.Table != nil {
		t := *o.Table
		out.Columns, t.Spec.Schema = fieldsOut(t.Spec.Schema), nil
		out.Table = &t
	} else {
		v := *o.View
		out.Columns, v.Schema = fieldsOut(v.Schema), nil
		out.View = &v
	}
	return json.MarshalIndent(out, "", " ")
}

// Decode reads the stored form.
func Decode(data []byte) (*Object, error) {
	var in objectJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	cols, err := fieldsIn(in.Columns)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Table != nil:
		in.Table.Spec.Schema = cols
	case in.View != nil:
		in.View.Schema = cols
	default:
		return nil, fmt.Errorf("neither a table nor a view")
	}
	return &Object{Table: in.Table, View: in.View, Access: in.Access}, nil
}
