package serve

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/bind"
)

// arrowSchema is the schema of rows as clients get it: with metadata that tell
// drivers the SQL type of a column and where it comes from.
func arrowSchema(s types.Schema, origins []bind.Origin) *arrow.Schema {
	fields := arrowvec.Schema(s).Fields()
	for i, f := range s {
		var from bind.Origin
		if i < len(origins) {
			from = origins[i]
		}
		fields[i].Metadata = columnMetadata(f.Type, from)
	}
	return arrow.NewSchema(fields, nil)
}

// columnMetadata is what Flight SQL lets a server say of a column.
func columnMetadata(t types.Type, from bind.Origin) arrow.Metadata {
	var keys, values []string
	put := func(k, v string) { keys, values = append(keys, k), append(values, v) }
	flag := func(k string, v bool) {
		if v {
			put(k, "1")
		} else {
			put(k, "0")
		}
	}
	if from.Table != nil {
		n := from.Table.Name()
		for _, kv := range [][2]string{{flightsql.CatalogNameKey, n.Catalog}, {flightsql.SchemaNameKey, n.Database}, {flightsql.TableNameKey, n.Table}} {
			if kv[1] != "" && n.Catalog != "" { // files that a statement names are no table
				put(kv[0], kv[1])
			}
		}
	}
	put(flightsql.TypeNameKey, typeName(t))
	if p, s, ok := digits(t); ok {
		put(flightsql.PrecisionKey, strconv.Itoa(p))
		put(flightsql.ScaleKey, strconv.Itoa(s))
	}
	flag(flightsql.IsAutoIncrementKey, false)
	flag(flightsql.IsCaseSensitiveKey, t.Kind == types.String)
	flag(flightsql.IsReadOnlyKey, from.Table == nil)
	flag(flightsql.IsSearchableKey, !t.Kind.IsNested())
	if from.Table != nil {
		if c := from.Table.Info().ColumnComments; from.Column < len(c) && c[from.Column] != "" {
			put(flightsql.RemarksKey, c[from.Column])
		}
	}
	return arrow.NewMetadata(keys, values)
}

// typeName is the name of a type as GetXdbcTypeInfo lists it; nested types have
// their own in full.
func typeName(t types.Type) string {
	switch t.Kind {
	case types.Decimal:
		return "DECIMAL"
	case types.YearMonth, types.DayTime, types.Interval:
		return "INTERVAL"
	case types.Time:
		return "TIME"
	}
	return t.SQL()
}

// digits are the precision and scale of a type that has them, in decimal digits.
func digits(t types.Type) (precision, scale int, ok bool) {
	switch t.Kind {
	case types.Decimal:
		return int(t.P), int(t.S), true
	case types.Int8:
		return 3, 0, true
	case types.Int16:
		return 5, 0, true
	case types.Int32:
		return 10, 0, true
	case types.Int64:
		return 19, 0, true
	case types.Float32:
		return 7, 0, true
	case types.Float64:
		return 15, 0, true
	case types.Timestamp, types.TimestampNTZ:
		return 26, 6, true
	case types.Date:
		return 10, 0, true
	case types.Time: // hh:mm:ss, and the digits of the fraction behind a point
		if t.P == 0 {
			return 8, 0, true
		}
		return 9 + int(t.P), int(t.P), true
	}
	return 0, 0, false
}
