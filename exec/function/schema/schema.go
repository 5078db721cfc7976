// Package schema reads the constant arguments that from_json, from_csv,
// from_xml and their like share: schemas as text, and options as a map.
package schema

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Options reads argument i of c, which may be left out: a call of map() with
// texts. Keys are put into lower case; of equal ones the last counts.
func Options(c *function.Call, i int) (map[string]string, error) {
	out := map[string]string{}
	if i >= len(c.Args) {
		return out, nil
	}
	arg := c.Args[i]
	for {
		k, ok := arg.(*expr.Cast)
		if !ok {
			break
		}
		arg = k.Arg
	}
	if call, ok := arg.(*expr.Call); ok && call.Func != "map" {
		return nil, noMap()
	}
	t := arg.Type()
	if t.Kind != types.Map {
		return nil, noMap()
	}
	if l, ok := arg.(*expr.Call); ok && len(l.Args) == 0 {
		return out, nil
	}
	if t.Key().Kind != types.String || t.Value().Kind != types.String && t.Value().Kind != types.Null {
		return nil, noText(t)
	}
	// map() refuses equal keys, of which options take the last: it is not evaluated.
	if call, ok := arg.(*expr.Call); ok {
		for j := 0; j+1 < len(call.Args); j += 2 {
			inner := *c
			inner.Args = call.Args[j : j+2]
			k, err := inner.Constant(0)
			if err != nil {
				return nil, err
			}
			v, err := inner.Constant(1)
			if err != nil {
				return nil, err
			}
			if k == nil || v == nil || !put(out, k.Value, v.Value) {
				return nil, noText(t)
			}
		}
		return out, nil
	}
	l, ok := arg.(*expr.Literal)
	if !ok || l.Value == nil {
		return nil, noMap()
	}
	m := l.Value.(types.MapDatum)
	for j, k := range m.Keys {
		if !put(out, k, m.Values[j]) {
			return nil, noText(t)
		}
	}
	return out, nil
}

func put(out map[string]string, k, v types.Datum) bool {
	ks, ok := k.(string)
	vs, ok2 := v.(string)
	out[strings.ToLower(ks)] = vs
	return ok && ok2
}

func noMap() error {
	return sqlerr.New(sqlerr.OptionsNonMap, "Invalid options: Must use the `map()` function for options.")
}

func noText(t types.Type) error {
	return sqlerr.New(sqlerr.OptionsNonString, "Invalid options: A type of keys and values in `map()` must be string, but got \"%s\".", t.SQL())
}

// Arg reads the schema that argument i of c is: a type, or columns as a table has them. All of it is nullable.
func Arg(c *function.Call, i int) (types.Type, error) {
	l, err := c.Constant(i)
	if err != nil {
		return types.Type{}, err
	}
	var s string
	ok := l != nil
	if ok {
		s, ok = l.Value.(string)
	}
	if !ok || l.T.Kind != types.String {
		return types.Type{}, sqlerr.New(sqlerr.SchemaNonString, "The input schema \"%s\" is not a valid schema string. The input expression must be string literal and not null.", function.Text(c.Args[i]))
	}
	t, err := Parse(s)
	return Nullable(t), err
}

// Nullable is t with everything in it nullable: texts may lack any field.
func Nullable(t types.Type) types.Type {
	if t.Fields == nil {
		return t
	}
	fields := append([]types.Field{}, t.Children()...)
	for i := range fields {
		fields[i].Type = Nullable(fields[i].Type)
		fields[i].Nullable = t.Kind != types.Map || i == 1
	}
	t.Fields = &fields
	return t
}

// Corrupt is the place of the field that takes records that do not fit, -1 if
// the schema has none. The field must be a STRING.
func Corrupt(fields []types.Field, opts map[string]string) (int, error) {
	name := opts["columnnameofcorruptrecord"]
	if name == "" {
		name = "_corrupt_record"
	}
	i := types.Schema(fields).Index(name)
	if i >= 0 && fields[i].Type.Kind != types.String {
		return i, sqlerr.New(sqlerr.CorruptRecordType, "The column `%s` for corrupt records must have the nullable STRING type, but got \"%s\".", name, fields[i].Type.SQL())
	}
	return i, nil
}

// Mode is the option mode of a function: FAILFAST or not. DROPMALFORMED is an error.
func Mode(c *function.Call, opts map[string]string) (failFast bool, err error) {
	switch mode := strings.ToUpper(opts["mode"]); mode {
	case "DROPMALFORMED":
		return false, sqlerr.New(sqlerr.ParseModeUnsupported, "The function `%s` doesn't support the %s mode. Acceptable modes are PERMISSIVE and FAILFAST.", c.Name, mode)
	case "FAILFAST":
		return true, nil
	}
	return false, nil
}

// Legacy reports whether patterns are those of Spark 2.
func Legacy(setting func(string) string) bool {
	return setting != nil && strings.EqualFold(setting("spark.sql.legacy.timeParserPolicy"), "LEGACY")
}

// BinaryStyle is how binary values are written, as textvalue.BinaryText takes it; empty: as text.
func BinaryStyle(setting func(string) string) string {
	if setting == nil {
		return ""
	}
	return setting("spark.sql.binaryOutputStyle")
}

// Sample is the constant text of which schema_of_json and its like find the
// schema; what names it in messages.
func Sample(c *function.Call, what string) (string, error) {
	l, err := c.Constant(0)
	if err != nil {
		return "", err
	}
	t := c.Args[0].Type()
	switch {
	case t.Kind != types.String && t.Kind != types.Null:
		return "", build.WrongType(c, 0, `"STRING"`)
	case l == nil:
		return "", build.NonFoldable(c, 0, what, `"STRING"`)
	case l.Value == nil:
		return "", sqlerr.New(sqlerr.UnexpectedNull, "Cannot resolve \"%s\" due to data type mismatch: The %s must not be null.", function.CallText(c.Name, c.Args), what)
	}
	return l.Value.(string), nil
}

// Name is the overload of a call whose result is the name of a schema.
func Name(c *function.Call, t types.Type) *function.Overload {
	name := t.SQL()
	return &function.Overload{Params: c.Types(), Result: types.StringType, NotNull: true, Rewrite: func([]expr.Expr) (expr.Expr, error) {
		return &expr.Literal{Value: name, T: types.StringType}, nil
	}}
}
