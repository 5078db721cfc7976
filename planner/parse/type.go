package parse

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

var flatTypes = map[string]types.Type{
	"BOOLEAN": types.BoolType, "TINYINT": types.Int8Type, "BYTE": types.Int8Type, "SMALLINT": types.Int16Type, "SHORT": types.Int16Type,
	"INT": types.Int32Type, "INTEGER": types.Int32Type, "BIGINT": types.Int64Type, "LONG": types.Int64Type,
	"FLOAT": types.Float32Type, "REAL": types.Float32Type, "DOUBLE": types.Float64Type, "DATE": types.DateType,
	"TIMESTAMP": types.TimestampType, "TIMESTAMP_LTZ": types.TimestampType, "TIMESTAMP_NTZ": types.TimestampNTZType,
	"STRING": types.StringType, "BINARY": types.BinaryType, "VOID": types.NullType,
	"DECIMAL": types.DecimalType(10, 0), "DEC": types.DecimalType(10, 0), "NUMERIC": types.DecimalType(10, 0),
}

// typeName parses a type.
func (p *parser) typeName() ast.TypeName {
	pos := p.tok.pos
	t := ast.TypeName{}
	if !p.enter() {
		p.leave()
		return t
	}
	defer p.leave()
	if p.tok.kind != tIdent {
		p.unexpected("a type")
		return t
	}
	word := p.advance()
	name := strings.ToUpper(p.text(word))
	switch name {
	case "ARRAY", "MAP", "STRUCT":
		t.Type = p.nested(word, name)
	case "INTERVAL":
		t.Type = p.intervalType()
	case "CHAR", "CHARACTER", "VARCHAR":
		t.Type = types.StringType
		t.Char = ast.CharType
		if name == "VARCHAR" {
			t.Char = ast.VarcharType
		}
		if !p.is("(") {
			p.failAt(word.pos, sqlerr.DatatypeMissingSize, "DataType \"%s\" requires a length parameter, for example \"%s\"(10). Please specify the length.", name, name)
		}
		t.Len = p.typeParams(name, 1)[0]
	case "DECIMAL", "DEC", "NUMERIC":
		t.Type = p.decimalType(name)
	case "TIME":
		t.Type = p.timeType()
	default:
		flat, ok := flatTypes[name]
		if !ok {
			p.failAt(word.pos, sqlerr.UnsupportedDatatype, "Unsupported data type \"%s\".", name)
		}
		t.Type = flat
		if name == "DOUBLE" {
			p.accept("PRECISION")
		}
		if p.accept("COLLATE") {
			p.name()
		}
	}
	t.Span = p.from(pos)
	return t
}

// timeType parses what follows TIME: (precision), WITHOUT TIME ZONE.
func (p *parser) timeType() types.Type {
	n := types.MaxTimePrecision
	if p.is("(") {
		pos := p.tok.pos
		n = p.typeParams("TIME", 1)[0]
		if n > types.MaxTimePrecision {
			p.failAt(pos, sqlerr.TimePrecision, "The seconds precision %d of the TIME data type is out of the supported range [0, %d].", n, types.MaxTimePrecision)
			n = types.MaxTimePrecision
		}
	}
	if p.accept("WITHOUT") {
		p.expect("TIME")
		p.expect("ZONE")
	}
	return types.TimeType(n)
}

// typeParams parses (n, …) of at most count numbers; missing ones are 0.
func (p *parser) typeParams(name string, count int) []int {
	out := make([]int, count)
	p.expect("(")
	for i := range out {
		if i > 0 && !p.accept(",") {
			break
		}
		t := p.tok
		if t.kind != tInt {
			p.unexpected("a number")
			return out
		}
		n, err := strconv.Atoi(p.text(p.advance()))
		if err != nil {
			p.failAt(t.pos, sqlerr.UnsupportedDatatype, "The parameter %s of the type \"%s\" is out of range.", p.text(t), name)
		}
		out[i] = n
	}
	p.expect(")")
	return out
}

func (p *parser) decimalType(name string) types.Type {
	if !p.is("(") {
		return flatTypes[name]
	}
	pos := p.tok.pos
	ps := p.typeParams(name, 2)
	switch {
	case ps[0] > types.MaxPrecision:
		p.failAt(pos, sqlerr.DecimalPrecision, "Decimal precision %d exceeds max precision %d.", ps[0], types.MaxPrecision)
	case ps[1] > ps[0]:
		p.failAt(pos, sqlerr.DecimalScale, "Decimal scale (%d) cannot be greater than precision (%d).", ps[1], ps[0])
	}
	return types.DecimalType(ps[0], ps[1])
}

// nested parses the element types of ARRAY, MAP and STRUCT.
func (p *parser) nested(word token, name string) types.Type {
	if p.is("<>") && name == "STRUCT" {
		p.advance()
		return types.StructType()
	}
	if !p.is("<") {
		p.failAt(word.pos, map[string]*sqlerr.Condition{"ARRAY": sqlerr.IncompleteArray, "MAP": sqlerr.IncompleteMap, "STRUCT": sqlerr.IncompleteStruct}[name],
			"The definition of the type \"%s\" is incomplete: its element types in <> are missing.", name)
		return types.NullType
	}
	p.advance()
	var t types.Type
	switch name {
	case "ARRAY":
		t = types.ArrayType(p.typeName().Type, true)
	case "MAP":
		key := p.typeName().Type
		p.expect(",")
		t = types.MapType(key, p.typeName().Type, true)
	default:
		if p.is(">") {
			t = types.StructType()
		} else {
			t = types.StructType(commas(p, p.structField)...)
		}
	}
	p.expect(">")
	return t
}

func (p *parser) structField() types.Field {
	f := types.Field{Name: p.ident(), Nullable: true}
	p.accept(":")
	f.Type = p.typeName().Type
	if p.accept("NOT", "NULL") {
		f.Nullable = false
	}
	if p.accept("COMMENT") {
		p.str()
	}
	return f
}

// intervalType parses what follows INTERVAL in a type.
func (p *parser) intervalType() types.Type {
	from := p.unit(p.tok)
	field, months, ok := intervalField(from)
	if !ok {
		return types.IntervalType
	}
	pos := p.advance().pos
	t := types.Type{Kind: types.DayTime, P: field, S: field}
	if months {
		t.Kind = types.YearMonth
	}
	if !p.accept("TO") {
		return t
	}
	to, months2, ok := intervalField(p.unit(p.tok))
	if !ok || months2 != months || to <= field {
		p.failAt(pos, sqlerr.InvalidIntervalFields, "Intervals FROM %s TO %s are not supported.", from, strings.ToUpper(p.text(p.tok)))
		return t
	}
	p.advance()
	t.S = to
	return t
}

// intervalField is the field of an interval type that the unit names.
func intervalField(u ast.IntervalUnit) (field uint8, months, ok bool) {
	switch u {
	case ast.UnitYear:
		return types.FieldYear, true, true
	case ast.UnitMonth:
		return types.FieldMonth, true, true
	case ast.UnitDay:
		return types.FieldDay, false, true
	case ast.UnitHour:
		return types.FieldHour, false, true
	case ast.UnitMinute:
		return types.FieldMinute, false, true
	case ast.UnitSecond:
		return types.FieldSecond, false, true
	}
	return 0, false, false
}
