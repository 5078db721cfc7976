package schema

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// ddl reads schemas as from_json and its like take them: a type (ARRAY<INT>, STRUCT<a: INT>)
// or columns (a INT, b STRING NOT NULL). Executors read them too, so the
// statement parser, which they do not have, is not used.
type ddl struct {
	s     string
	at    int
	depth int
	// What was met and is no type of a schema: an unknown name, CHAR or VARCHAR.
	unknown, sized string
}

// Parse reads a whole schema, as DDL or in the JSON form of data types.
func Parse(s string) (types.Type, error) {
	if strings.TrimSpace(s) == "" {
		return types.Type{}, sqlerr.New(sqlerr.ParseEmptyStatement, "Syntax error, unexpected empty schema.")
	}
	if strings.HasPrefix(strings.TrimSpace(s), "{") {
		t, err := fromJSON(s)
		if sqlerr.As(err) != nil {
			return t, err
		}
		if err != nil {
			return t, badSchema(s)
		}
		return t, nil
	}
	one := &ddl{s: s}
	if t, ok := one.whole(); ok {
		return t, nil
	}
	p := &ddl{s: s}
	fields, ok := p.fields()
	switch {
	case ok && p.end():
		return types.StructType(fields...), nil
	case p.sized != "" || one.sized != "":
		return types.Type{}, sqlerr.New(sqlerr.CharVarcharAsString, "The char/varchar type can't be used in the table schema. Use STRING.")
	case p.unknown != "":
		return types.Type{}, sqlerr.New(sqlerr.UnsupportedDatatype, "Unsupported data type \"%s\".", strings.ToUpper(p.unknown))
	case one.unknown != "" && one.end():
		return types.Type{}, sqlerr.New(sqlerr.UnsupportedDatatype, "Unsupported data type \"%s\".", strings.ToUpper(one.unknown))
	}
	return types.Type{}, badSchema(s)
}

func badSchema(s string) error {
	return sqlerr.New(sqlerr.ParseSyntaxError, "Syntax error in the schema \"%s\".", s)
}

func (p *ddl) blank() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *ddl) end() bool {
	p.blank()
	return p.at == len(p.s)
}

func (p *ddl) take(c byte) bool {
	p.blank()
	if p.at < len(p.s) && p.s[p.at] == c {
		p.at++
		return true
	}
	return false
}

// word reads a name, which may stand in backquotes.
func (p *ddl) word() (string, bool) {
	p.blank()
	if p.take('`') {
		var b strings.Builder
		for p.at < len(p.s) {
			c := p.s[p.at]
			p.at++
			if c == '`' {
				if p.at < len(p.s) && p.s[p.at] == '`' {
					p.at++
				} else {
					return b.String(), true
				}
			}
			b.WriteByte(c)
		}
		return "", false
	}
	start := p.at
	for p.at < len(p.s) && (p.s[p.at] == '_' || p.s[p.at] >= 0x80 || p.s[p.at]-'0' <= 9 || p.s[p.at]|0x20 >= 'a' && p.s[p.at]|0x20 <= 'z') {
		p.at++
	}
	return p.s[start:p.at], p.at > start
}

// keyword takes a word if it is next.
func (p *ddl) keyword(w string) bool {
	at := p.at
	if got, ok := p.word(); ok && strings.EqualFold(got, w) {
		return true
	}
	p.at = at
	return false
}

func (p *ddl) fields() ([]types.Field, bool) {
	var out []types.Field
	for {
		name, ok := p.word()
		if !ok {
			return nil, false
		}
		p.take(':')
		t, ok := p.typ()
		if !ok {
			return nil, false
		}
		f := types.Field{Name: name, Type: t, Nullable: true}
		if p.keyword("NOT") {
			if !p.keyword("NULL") {
				return nil, false
			}
			f.Nullable = false
		}
		if p.keyword("COMMENT") && !p.text() {
			return nil, false
		}
		out = append(out, f)
		if !p.take(',') {
			return out, true
		}
	}
}

// text passes over a quoted string.
func (p *ddl) text() bool {
	p.blank()
	if p.at >= len(p.s) || p.s[p.at] != '\'' && p.s[p.at] != '"' {
		return false
	}
	end := strings.IndexByte(p.s[p.at+1:], p.s[p.at])
	p.at += end + 2
	return end >= 0
}

var flatTypes = map[string]types.Type{
	"boolean": types.BoolType, "tinyint": types.Int8Type, "byte": types.Int8Type, "smallint": types.Int16Type, "short": types.Int16Type,
	"int": types.Int32Type, "integer": types.Int32Type, "bigint": types.Int64Type, "long": types.Int64Type, "float": types.Float32Type, "real": types.Float32Type,
	"double": types.Float64Type, "string": types.StringType, "binary": types.BinaryType, "date": types.DateType,
	"timestamp": types.TimestampType, "timestamp_ltz": types.TimestampType, "timestamp_ntz": types.TimestampNTZType, "void": types.NullType,
	"decimal": types.DecimalType(10, 0), "dec": types.DecimalType(10, 0), "numeric": types.DecimalType(10, 0),
}

func (p *ddl) typ() (types.Type, bool) {
	if p.depth++; p.depth > 200 {
		return types.Type{}, false
	}
	defer func() { p.depth-- }()
	name, ok := p.word()
	if !ok {
		return types.Type{}, false
	}
	switch name = strings.ToLower(name); name {
	case "array":
		if !p.take('<') {
			return types.Type{}, false
		}
		e, ok := p.typ()
		return types.ArrayType(e, true), ok && p.take('>')
	case "map":
		if !p.take('<') {
			return types.Type{}, false
		}
		k, ok := p.typ()
		if !ok || !p.take(',') {
			return types.Type{}, false
		}
		v, ok := p.typ()
		return types.MapType(k, v, true), ok && p.take('>')
	case "struct":
		if !p.take('<') {
			return types.Type{}, false
		}
		if p.take('>') {
			return types.StructType(), true
		}
		fields, ok := p.fields()
		return types.StructType(fields...), ok && p.take('>')
	case "interval":
		return p.interval()
	case "time":
		return p.time()
	}
	t, ok := flatTypes[name]
	switch {
	case name == "char", name == "character", name == "varchar":
		p.sized = name
		return t, false
	case !ok && name != "geometry" && name != "geography": // these want a system of coordinates
		p.unknown = name
		return t, false
	case !ok || !p.take('('):
		return t, ok
	}
	return p.digits(t)
}

// time reads what follows TIME: (precision), WITHOUT TIME ZONE.
func (p *ddl) time() (types.Type, bool) {
	n := types.MaxTimePrecision
	if p.take('(') {
		w, ok := p.word()
		v, err := strconv.Atoi(w)
		if !ok || err != nil || v < 0 || v > types.MaxTimePrecision || !p.take(')') {
			return types.Type{}, false
		}
		n = v
	}
	if p.keyword("WITHOUT") && !(p.keyword("TIME") && p.keyword("ZONE")) {
		return types.Type{}, false
	}
	return types.TimeType(n), true
}

// digits reads what follows the parenthesis of decimal(p[, s]).
func (p *ddl) digits(t types.Type) (types.Type, bool) {
	if t.Kind != types.Decimal {
		return t, false
	}
	var n [2]int
	for count := 0; ; count++ {
		w, ok := p.word()
		v, err := strconv.Atoi(w)
		if !ok || err != nil || count == 2 {
			return t, false
		}
		n[count] = v
		if p.take(')') {
			break
		}
		if !p.take(',') {
			return t, false
		}
	}
	return types.DecimalType(n[0], n[1]), n[0] >= 1 && n[0] <= types.MaxPrecision && n[1] >= 0 && n[1] <= n[0]
}

func (p *ddl) interval() (types.Type, bool) {
	places := map[string][2]uint8{"year": {0, 0}, "month": {0, 1}, "day": {1, 0}, "hour": {1, 1}, "minute": {1, 2}, "second": {1, 3}}
	at := p.at
	w, ok := p.word()
	from, is := places[strings.ToLower(w)]
	if !ok || !is {
		p.at = at
		return types.IntervalType, true
	}
	to := from
	if p.keyword("TO") {
		w, _ := p.word()
		if to, is = places[strings.ToLower(w)]; !is || to[0] != from[0] || to[1] <= from[1] {
			return types.Type{}, false
		}
	}
	k := types.YearMonth
	if from[0] == 1 {
		k = types.DayTime
	}
	return types.Type{Kind: k, P: from[1], S: to[1]}, true
}
