package json

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/function/schema"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func fromJSON(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	if k := c.Args[0].Type().Kind; k != types.String && k != types.Null {
		return nil, build.WrongType(c, 0, `"STRING"`)
	}
	t, err := schema.Arg(c, 1)
	if err != nil {
		return nil, err
	}
	opts, err := schema.Options(c, 2)
	if err != nil {
		return nil, err
	}
	mode := strings.ToUpper(opts["mode"])
	if mode != "" && mode != "PERMISSIVE" && mode != "FAILFAST" {
		return nil, sqlerr.New(sqlerr.ParseModeUnsupported, "The function `from_json` doesn't support the %s mode. Acceptable modes are PERMISSIVE and FAILFAST.", mode)
	}
	if t.Kind != types.Struct && t.Kind != types.Array && t.Kind != types.Map {
		return nil, sqlerr.New(sqlerr.InvalidJSONSchema, "Input schema \"%s\" must be a struct, an array, a map or a variant.", t.SQL())
	}
	r, err := newReader(opts)
	if err != nil {
		return nil, err
	}
	corrupt := opts["columnnameofcorruptrecord"]
	if corrupt == "" {
		corrupt = "_corrupt_record"
	}
	params := c.Types()
	params[0] = text
	return &function.Overload{Params: params, Result: t, Nulls: function.NullOut, Kernel: build.Datums(func(x *build.Context, args []types.Datum) (types.Datum, error) {
		s := args[0].(string)
		if strings.TrimSpace(s) == "" {
			return nil, nil
		}
		r.zone = x.TimeZone
		d, ok := r.root(s, t)
		if ok {
			return d, nil
		}
		if mode == "FAILFAST" {
			return nil, sqlerr.New(sqlerr.MalformedRecord, "Malformed records are detected in record parsing: %s. Parse Mode: FAILFAST.", s)
		}
		if t.Kind == types.Struct {
			row, is := d.([]types.Datum)
			if !is {
				row = make([]types.Datum, len(t.Children()))
			}
			if i := types.Schema(t.Children()).Index(corrupt); i >= 0 {
				row[i] = s
			}
			return row, nil
		}
		return nil, nil
	})}, nil
}

// reader converts JSON values to SQL values.
type reader struct {
	zone        *time.Location
	date, stamp *calendar.Pattern
	primitives  bool // everything is text
}

func newReader(o map[string]string) (*reader, error) {
	r := &reader{primitives: strings.EqualFold(o["primitivesasstring"], "true")}
	for key, to := range map[string]**calendar.Pattern{"dateformat": &r.date, "timestampformat": &r.stamp} {
		if f := o[key]; f != "" {
			p, err := calendar.CompilePattern(f, calendar.Use{Reading: true})
			if err != nil {
				return nil, err
			}
			*to = p
		}
	}
	return r, nil
}

// root converts a whole text. Where it is no JSON or a field does not fit, ok
// is false and d holds what could be read.
func (r *reader) root(s string, t types.Type) (d types.Datum, ok bool) {
	v, _, good := parseText(s)
	if !good {
		return nil, false
	}
	if t.Kind == types.Struct && v.kind == 'a' {
		if len(v.list) == 0 {
			return nil, true
		}
		if len(v.list) > 1 {
			return nil, false
		}
		v = v.list[0]
	}
	if t.Kind == types.Array && v.kind == 'o' && t.Elem().Kind == types.Struct {
		v = &value{kind: 'a', list: []*value{v}}
	}
	return r.convert(v, t)
}

func (r *reader) convert(v *value, t types.Type) (types.Datum, bool) {
	if v.kind == 'n' {
		return nil, true
	}
	switch t.Kind {
	case types.Struct:
		if v.kind != 'o' {
			return nil, false
		}
		row, all := make([]types.Datum, len(t.Children())), true
		for i, f := range t.Children() {
			if x := v.get(f.Name); x != nil {
				d, ok := r.convert(x, f.Type)
				row[i], all = d, all && ok
			}
		}
		return row, all
	case types.Array:
		if v.kind != 'a' {
			return nil, false
		}
		out, all := make([]types.Datum, len(v.list)), true
		for i, x := range v.list {
			d, ok := r.convert(x, t.Elem())
			out[i], all = d, all && ok
		}
		return out, all
	case types.Map:
		if v.kind != 'o' {
			return nil, false
		}
		var m types.MapDatum
		all := true
		for i, x := range v.list {
			k, ok := r.convert(&value{kind: 's', text: v.keys[i]}, t.Key())
			d, ok2 := r.convert(x, t.Value())
			if k == nil {
				return nil, false
			}
			all = all && ok && ok2
			m.Keys, m.Values = append(m.Keys, k), append(m.Values, d)
		}
		return m, all
	}
	d := r.scalar(v, t)
	return d, d != nil
}

// scalar converts to a flat type; nil says that the value does not fit.
func (r *reader) scalar(v *value, t types.Type) types.Datum {
	switch k := t.Kind; {
	case k == types.String:
		return v.plain()
	case k == types.Bool:
		if v.kind == 'b' {
			return v.text == "true"
		}
	case k.IsInteger():
		if v.kind == '0' {
			if n, err := strconv.ParseInt(v.text, 10, t.Storage().Width()*8); err == nil {
				return n
			}
		}
	case k.IsFloat():
		if v.kind == 's' {
			switch v.text {
			case "NaN":
				return math.NaN()
			case "Infinity", "+Infinity", "INF", "+INF":
				return math.Inf(1)
			case "-Infinity", "-INF":
				return math.Inf(-1)
			}
			return nil
		}
		if v.kind == '0' {
			if f, err := strconv.ParseFloat(v.text, t.Storage().Width()*8); err == nil || math.IsInf(f, 0) {
				return f
			}
		}
	case k == types.Decimal:
		if v.kind == '0' || v.kind == 's' {
			return decimal(v.text, t)
		}
	case k == types.Date:
		if v.kind == 's' {
			return r.dateOf(v.text)
		}
	case k == types.Timestamp, k == types.TimestampNTZ:
		return r.stampOf(v, k)
	case k == types.Binary:
		if v.kind == 's' {
			if b, err := base64.StdEncoding.DecodeString(v.text); err == nil {
				return string(b)
			}
		}
	}
	return nil
}

func decimal(s string, t types.Type) types.Datum {
	if len(s) > 100 {
		return nil
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if n, err := strconv.Atoi(s[i+1:]); err != nil || n > 100 || n < -100 {
			return nil
		}
	}
	rat, ok := new(big.Rat).SetString(s)
	if !ok || strings.ContainsAny(s, "/_xX") {
		return nil
	}
	n := new(big.Int).Mul(rat.Num(), types.Pow10[t.S].Big())
	neg := n.Sign() < 0
	n.Abs(n)
	q, rest := new(big.Int).QuoRem(n, rat.Denom(), new(big.Int))
	if rest.Lsh(rest, 1).Cmp(rat.Denom()) >= 0 {
		q.Add(q, big.NewInt(1))
	}
	if neg {
		q.Neg(q)
	}
	x, fits := types.Int128FromBig(q)
	if !fits || !x.Fits(int(t.P)) {
		return nil
	}
	return x
}

func (r *reader) dateOf(s string) types.Datum {
	if r.date != nil {
		st, ok := r.date.Parse(s)
		if !ok {
			return nil
		}
		d, _ := calendar.Split(st.Local)
		return d
	}
	if d, ok := calendar.ParseDate(s); ok {
		return d
	}
	return nil
}

func (r *reader) stampOf(v *value, k types.Kind) types.Datum {
	if v.kind == '0' && k == types.Timestamp {
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			p := types.MulInt64(n, calendar.MicrosPerSecond)
			if p.IsInt64() {
				return p.Int64()
			}
		}
		return nil
	}
	if v.kind != 's' {
		return nil
	}
	var st calendar.Stamp
	var ok bool
	if r.stamp != nil {
		st, ok = r.stamp.Parse(v.text)
	} else {
		st, ok = calendar.ParseStamp(v.text)
	}
	switch {
	case !ok || st.TimeOnly:
		return nil
	case k == types.TimestampNTZ:
		return st.Local
	case st.HasZone:
		return calendar.FromLocal(st.Zone, st.Local)
	}
	return calendar.FromLocal(r.zone, st.Local)
}

func toJSON(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if !t.Kind.IsNested() {
		return nil, build.WrongType(c, 0, `("STRUCT" or "ARRAY" or "MAP")`)
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	w := &writer{keepNulls: strings.EqualFold(opts["ignorenullfields"], "false") || c.Setting != nil && opts["ignorenullfields"] == "" && strings.EqualFold(c.Setting("spark.sql.jsonGenerator.ignoreNullFields"), "false")}
	for key, to := range map[string]**calendar.Pattern{"dateformat": &w.date, "timestampformat": &w.stamp} {
		if f := opts[key]; f != "" {
			if *to, err = calendar.CompilePattern(f, calendar.Use{}); err != nil {
				return nil, err
			}
		}
	}
	return &function.Overload{Params: c.Types(), Result: text, Nulls: function.NullOut, Kernel: build.Datums(func(x *build.Context, args []types.Datum) (types.Datum, error) {
		return string(w.append(nil, args[0], t, x.TimeZone)), nil
	})}, nil
}

// writer writes SQL values as JSON.
type writer struct {
	keepNulls   bool
	date, stamp *calendar.Pattern
}

func (w *writer) append(b []byte, d types.Datum, t types.Type, zone *time.Location) []byte {
	if d == nil {
		return append(b, "null"...)
	}
	switch t.Kind {
	case types.Array:
		b = append(b, '[')
		for i, x := range d.([]types.Datum) {
			if i > 0 {
				b = append(b, ',')
			}
			b = w.append(b, x, t.Elem(), zone)
		}
		return append(b, ']')
	case types.Struct:
		b = append(b, '{')
		first := true
		for i, x := range d.([]types.Datum) {
			if x == nil && !w.keepNulls {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			f := t.Children()[i]
			b = w.append(append(appendString(b, f.Name), ':'), x, f.Type, zone)
		}
		return append(b, '}')
	case types.Map:
		m := d.(types.MapDatum)
		b = append(b, '{')
		for i, k := range m.Keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, cast.Text(k, t.Key(), zone)), ':')
			b = w.append(b, m.Values[i], t.Value(), zone)
		}
		return append(b, '}')
	case types.Binary:
		return appendString(b, base64.StdEncoding.EncodeToString([]byte(d.(string))))
	case types.Bool, types.Int8, types.Int16, types.Int32, types.Int64, types.Decimal:
		return append(b, cast.Text(d, t, zone)...)
	case types.Float32, types.Float64:
		if f := d.(float64); math.IsNaN(f) || math.IsInf(f, 0) {
			return appendString(b, cast.Text(d, t, zone))
		}
		return append(b, cast.Text(d, t, zone)...)
	case types.Timestamp, types.TimestampNTZ:
		return appendString(b, w.time(d.(int64), t.Kind, zone))
	case types.Date:
		if w.date != nil {
			return appendString(b, string(w.date.Append(nil, d.(int64)*calendar.MicrosPerDay, nil)))
		}
	}
	return appendString(b, cast.Text(d, t, zone))
}

func (w *writer) time(v int64, k types.Kind, zone *time.Location) string {
	if k == types.TimestampNTZ {
		zone = nil
	}
	p := w.stamp
	if p == nil {
		pattern := "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"
		if k == types.TimestampNTZ {
			pattern = "yyyy-MM-dd'T'HH:mm:ss.SSS"
		}
		p = calendar.MustPattern(pattern)
	}
	return string(p.Append(nil, v, zone))
}
