// Package partition knows how values of partition columns are spelled in
// folder names (day=2026-11-21/store=3): Spark's and Hive's convention.
package partition

import (
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Folder is the path of the folder for values of the columns cols, one level
// a column: "day=2026-11-21/store=3". Timestamps are spelled in zone loc.
func Folder(cols types.Schema, values []types.Datum, loc *time.Location) (string, error) {
	var b strings.Builder
	for i, c := range cols {
		if i > 0 {
			b.WriteByte('/')
		}
		text, err := Format(values[i], c.Type, loc)
		if err != nil {
			return "", err
		}
		b.WriteString(Escape(c.Name))
		b.WriteByte('=')
		b.WriteString(text)
	}
	return b.String(), nil
}

// Format is the escaped text of one value. NULL and the empty string are both Null.
func Format(d types.Datum, t types.Type, loc *time.Location) (string, error) {
	if d == nil || d == "" {
		return Null, nil
	}
	var b []byte
	switch t.Kind {
	case types.String, types.Binary:
		return Escape(d.(string)), nil
	case types.Bool:
		if d.(bool) {
			return "true", nil
		}
		return "false", nil
	case types.Int8, types.Int16, types.Int32, types.Int64:
		b = strconv.AppendInt(nil, d.(int64), 10)
	case types.Float32, types.Float64:
		b = textvalue.AppendFloat(nil, d.(float64), 8*t.Storage().Width())
	case types.Decimal:
		b = textvalue.AppendDecimal(nil, d.(types.Int128), int(t.S))
	case types.Date:
		b = textvalue.AppendDate(nil, int32(d.(int64)))
	case types.Timestamp:
		b = textvalue.AppendTimestamp(nil, textvalue.FromInstant(d.(int64), loc))
	case types.TimestampNTZ:
		b = textvalue.AppendTimestamp(nil, d.(int64))
	case types.Time:
		b = textvalue.AppendTime(nil, d.(int64))
	default:
		return "", sqlerr.New(sqlerr.UnsupportedDatatype, "Cannot use %s for a partition column.", t.SQL())
	}
	return Escape(string(b)), nil
}

// Parse reads a folder value as a datum of type t.
func Parse(s string, t types.Type, loc *time.Location) (types.Datum, bool) {
	if s == Null {
		return nil, true
	}
	switch t.Kind {
	case types.String, types.Binary:
		return s, true
	case types.Bool:
		switch strings.ToLower(s) {
		case "true", "t", "yes", "y", "1":
			return true, true
		case "false", "f", "no", "n", "0":
			return false, true
		}
	case types.Int8, types.Int16, types.Int32, types.Int64:
		return datum(textvalue.ParseInt(s, 8*t.Storage().Width()))
	case types.Float32, types.Float64:
		return datum(textvalue.ParseFloat(s, 8*t.Storage().Width()))
	case types.Decimal:
		return datum(textvalue.ParseDecimal(s, int(t.P), int(t.S)))
	case types.Date:
		d, ok := textvalue.ParseDate(s)
		return int64(d), ok
	case types.Timestamp, types.TimestampNTZ:
		if t.Kind == types.TimestampNTZ {
			loc = time.UTC
		}
		us, _, ok := textvalue.ParseTimestamp(s, loc)
		return us, ok
	case types.Time:
		return datum(textvalue.ParseTime(s, t.P))
	}
	return nil, false
}

func datum[T any](v T, ok bool) (types.Datum, bool) { return v, ok }
