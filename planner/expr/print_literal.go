package expr

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/types"
)

// LiteralSQL writes a value of type t as a SQL literal of that type.
// Instants are written in UTC.
func LiteralSQL(v types.Datum, t types.Type) string {
	switch v := v.(type) {
	case nil:
		if t.Kind == types.Null {
			return "NULL"
		}
		return "CAST(NULL AS " + t.SQL() + ")"
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	case int64:
		return integerSQL(v, t)
	case float64:
		return floatSQL(v, t)
	case types.Int128:
		return decimalSQL(v, t)
	case string:
		if t.Kind == types.Binary {
			return "X'" + strings.ToUpper(hex.EncodeToString([]byte(v))) + "'"
		}
		return quote(v)
	case types.CalendarInterval:
		return fmt.Sprintf("INTERVAL '%d months %d days %d microseconds'", v.Months, v.Days, v.Micros)
	case []types.Datum:
		var parts []string
		for i, d := range v {
			if t.Kind == types.Struct {
				f := t.Children()[i]
				parts = append(parts, quote(f.Name)+", "+LiteralSQL(d, f.Type))
			} else {
				parts = append(parts, LiteralSQL(d, t.Elem()))
			}
		}
		if t.Kind == types.Struct {
			return "named_struct(" + strings.Join(parts, ", ") + ")"
		}
		return "array(" + strings.Join(parts, ", ") + ")"
	case types.MapDatum:
		var parts []string
		for i := range v.Keys {
			parts = append(parts, LiteralSQL(v.Keys[i], t.Key()), LiteralSQL(v.Values[i], t.Value()))
		}
		return "map(" + strings.Join(parts, ", ") + ")"
	}
	return fmt.Sprintf("<%T>", v)
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", `\0`).Replace(s) + "'"
}

func integerSQL(v int64, t types.Type) string {
	n := strconv.FormatInt(v, 10)
	switch t.Kind {
	case types.Int8:
		return n + "Y"
	case types.Int16:
		return n + "S"
	case types.Int64:
		return n + "L"
	case types.Date:
		return "DATE '" + time.Unix(v*86400, 0).UTC().Format("2006-01-02") + "'"
	case types.Timestamp:
		return "TIMESTAMP '" + stamp(v) + "Z'"
	case types.TimestampNTZ:
		return "TIMESTAMP_NTZ '" + stamp(v) + "'"
	case types.Time:
		return "TIME '" + time.Unix(0, v).UTC().Format("15:04:05.999999999") + "'"
	case types.YearMonth:
		sign, m := sign(v)
		return fmt.Sprintf("INTERVAL '%s%d-%d' YEAR TO MONTH", sign, m/12, m%12)
	case types.DayTime:
		sign, us := sign(v)
		s := us / 1e6
		return fmt.Sprintf("INTERVAL '%s%d %02d:%02d:%02d.%06d' DAY TO SECOND", sign, s/86400, s/3600%24, s/60%60, s%60, us%1e6)
	}
	return n
}

func sign(v int64) (string, uint64) {
	if v < 0 {
		return "-", uint64(-v)
	}
	return "", uint64(v)
}

func stamp(us int64) string {
	return strings.TrimSuffix(time.UnixMicro(us).UTC().Format("2006-01-02 15:04:05.000000"), ".000000")
}

func floatSQL(v float64, t types.Type) string {
	bits, suffix := 64, "D"
	if t.Kind == types.Float32 {
		bits, suffix = 32, "F"
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		word := map[bool]string{true: "NaN", false: "Infinity"}[math.IsNaN(v)]
		if math.IsInf(v, -1) {
			word = "-Infinity"
		}
		return "CAST('" + word + "' AS " + t.SQL() + ")"
	}
	return strconv.FormatFloat(v, 'G', -1, bits) + suffix
}

func decimalSQL(v types.Int128, t types.Type) string {
	s := v.String()
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	if scale := int(t.S); scale > 0 {
		if len(s) <= scale {
			s = strings.Repeat("0", scale-len(s)+1) + s
		}
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	return sign + s + "BD"
}
