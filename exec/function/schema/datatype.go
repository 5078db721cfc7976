package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/volley-sql/volley/internal/types"
)

// fromJSON reads the JSON form of Spark's data types:
// {"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}}]}.
func fromJSON(text string) (types.Type, error) {
	var d dataType
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return types.Type{}, err
	}
	return d.t, nil
}

type dataType struct{ t types.Type }

// names are the flat types whose JSON name is not the one of DDL.
var names = map[string]string{"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}

// UnmarshalJSON reads a type by name or as an object.
func (d *dataType) UnmarshalJSON(b []byte) error {
	var name string
	if json.Unmarshal(b, &name) == nil {
		if n, ok := names[name]; ok {
			name = n
		}
		t, err := Parse(name)
		if err != nil {
			return err
		}
		d.t = t
		return nil
	}
	var o struct {
		Type   string
		Fields []struct {
			Name     string
			Type     dataType
			Nullable bool
		}
		ElementType, KeyType, ValueType dataType
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	switch strings.ToLower(o.Type) {
	case "struct":
		fields := make([]types.Field, len(o.Fields))
		for i, f := range o.Fields {
			fields[i] = types.Field{Name: f.Name, Type: f.Type.t, Nullable: f.Nullable}
		}
		d.t = types.StructType(fields...)
	case "array":
		d.t = types.ArrayType(o.ElementType.t, true)
	case "map":
		d.t = types.MapType(o.KeyType.t, o.ValueType.t, true)
	default:
		return fmt.Errorf("%q is no type", o.Type)
	}
	return nil
}

// whole reads a type that is all of the text.
func (p *ddl) whole() (types.Type, bool) {
	t, ok := p.typ()
	return t, ok && p.end()
}
