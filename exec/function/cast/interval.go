package cast

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var (
	monthUnits = []string{"YEAR", "MONTH"}
	dayUnits   = []string{"DAY", "HOUR", "MINUTE", "SECOND"}
)

// intervalUnit is one unit of the interval's last field, in months or microseconds.
func intervalUnit(t types.Type) int64 {
	if t.Kind == types.YearMonth {
		return [...]int64{12, 1}[t.S]
	}
	return [...]int64{calendar.MicrosPerDay, calendar.MicrosPerHour, calendar.MicrosPerMinute, calendar.MicrosPerSecond}[t.S]
}

// intervalSQL is an interval as the literal Spark shows: INTERVAL '1-2' YEAR TO MONTH.
func intervalSQL(t types.Type, v int64) string {
	sign := ""
	u := uint64(v)
	if v < 0 {
		sign, u = "-", -uint64(v)
	}
	names := dayUnits
	var body string
	if t.Kind == types.YearMonth {
		names = monthUnits
		switch {
		case t.P == types.FieldMonth:
			body = strconv.FormatUint(u, 10)
		case t.S == types.FieldYear:
			body = strconv.FormatUint(u/12, 10)
		default:
			body = fmt.Sprintf("%d-%d", u/12, u%12)
		}
	} else {
		body = dayTimeBody(t, u)
	}
	s := "INTERVAL '" + sign + body + "' " + names[t.P]
	if t.P != t.S {
		s += " TO " + names[t.S]
	}
	return s
}

func dayTimeBody(t types.Type, u uint64) string {
	var b strings.Builder
	units := [...]uint64{uint64(calendar.MicrosPerDay), uint64(calendar.MicrosPerHour), uint64(calendar.MicrosPerMinute), uint64(calendar.MicrosPerSecond)}
	for f := t.P; f <= t.S; f++ {
		n := u / units[f]
		u %= units[f]
		if f > t.P {
			b.WriteByte(" ::"[f-1])
		}
		if f == types.FieldDay {
			fmt.Fprintf(&b, "%d", n)
		} else {
			fmt.Fprintf(&b, "%02d", n)
		}
		if f == types.FieldSecond && u > 0 {
			b.WriteString("." + strings.TrimRight(fmt.Sprintf("%06d", u), "0"))
		}
	}
	return b.String()
}

func appendYearMonth(b []byte, v int64) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	return fmt.Appendf(b, "%d-%d", v/12, v%12)
}

func appendDayTime(b []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		b, u = append(b, '-'), -uint64(v)
	}
	s := u / 1e6
	return fmt.Appendf(b, "%d %02d:%02d:%02d.%09d", s/86400, s/3600%24, s/60%60, s%60, u%1e6*1000)
}

// CalendarText is a legacy interval: "1 years 2 months 3 days 4 hours".
func CalendarText(v types.CalendarInterval) string {
	var parts []string
	add := func(n int64, unit string) {
		if n != 0 {
			parts = append(parts, strconv.FormatInt(n, 10)+" "+unit)
		}
	}
	add(int64(v.Months/12), "years")
	add(int64(v.Months%12), "months")
	add(int64(v.Days), "days")
	rest := v.Micros
	add(rest/calendar.MicrosPerHour, "hours")
	rest %= calendar.MicrosPerHour
	add(rest/calendar.MicrosPerMinute, "minutes")
	rest %= calendar.MicrosPerMinute
	if rest != 0 {
		s := DecimalText(types.Int128From(rest), 6)
		s = strings.TrimRight(s, "0")
		parts = append(parts, strings.TrimSuffix(s, ".")+" seconds")
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return strings.Join(parts, " ")
}

func (c conv) toInterval() build.Maker {
	switch c.to.Kind {
	case types.Interval:
		return build.UnaryE(func(_ *build.Context, s string) (types.CalendarInterval, error) {
			v, ok := ParseCalendar(s)
			if !ok { // NULL in every mode, as in Spark
				return v, build.Null
			}
			return v, nil
		})
	case types.YearMonth:
		return fromAny[int32]{
			ints: func(x *build.Context, v int64) (int32, error) {
				if c.from.Kind == types.YearMonth {
					return int32(v - v%intervalUnit(c.to)), nil
				}
				m := v * intervalUnit(c.to)
				if v > 1<<31 || v < -1<<31 || int64(int32(m)) != m {
					return 0, c.strict(c.sqlValue(v))
				}
				return int32(m), nil
			},
			decs: func(_ *build.Context, x types.Int128) (int32, error) {
				p, ok := x.Mul(types.Int128From(intervalUnit(c.to)))
				p = DivHalfUp(p, types.Pow10[c.from.S])
				if !ok || !p.IsInt64() || int64(int32(p.Int64())) != p.Int64() {
					return 0, c.strict(DecimalText(x, int(c.from.S)) + "BD")
				}
				return int32(p.Int64()), nil
			},
			text: func(_ *build.Context, s string) (int32, error) {
				v, ok := parseYearMonth(s, c.to)
				if !ok {
					return 0, c.invalid(quote(s))
				}
				return int32(v), nil
			},
		}.maker(c.from)
	}
	return fromAny[int64]{
		ints: func(_ *build.Context, v int64) (int64, error) {
			unit := intervalUnit(c.to)
			if c.from.Kind == types.DayTime {
				return v - v%unit, nil
			}
			p := types.MulInt64(v, unit)
			if !p.IsInt64() {
				return 0, c.strict(c.sqlValue(v))
			}
			return p.Int64(), nil
		},
		decs: func(_ *build.Context, x types.Int128) (int64, error) {
			p, ok := x.Mul(types.Int128From(intervalUnit(c.to)))
			p = DivHalfUp(p, types.Pow10[c.from.S])
			if !ok || !p.IsInt64() {
				return 0, c.strict(DecimalText(x, int(c.from.S)) + "BD")
			}
			if unit := intervalUnit(c.to); c.to.S < types.FieldSecond { // what is less than the last field is cut
				return p.Int64() - p.Int64()%unit, nil
			}
			return p.Int64(), nil
		},
		text: func(_ *build.Context, s string) (int64, error) {
			v, ok := parseDayTime(s, c.to)
			if !ok {
				return 0, c.invalid(quote(s))
			}
			return v, nil
		},
	}.maker(c.from)
}

// strict is an overflow that legacy mode does not forgive either.
func (c conv) strict(value string) error {
	if c.mode == expr.CastTry {
		return build.Null
	}
	return c.tooBig(value)
}

// unquote takes the literal form INTERVAL [+-]'…' FIELDS of type t apart.
func unquote(s string, t types.Type) (body string, neg, ok bool) {
	s = calendar.Trim(s)
	if len(s) < 8 || !strings.EqualFold(s[:8], "interval") {
		return s, false, true
	}
	s = strings.TrimSpace(s[8:])
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', strings.TrimSpace(s[1:])
	}
	if s == "" || s[0] != '\'' {
		return "", false, false
	}
	i := strings.IndexByte(s[1:], '\'')
	if i < 0 {
		return "", false, false
	}
	names := dayUnits
	if t.Kind == types.YearMonth {
		names = monthUnits
	}
	want := names[t.P]
	if t.P != t.S {
		want += " TO " + names[t.S]
	}
	return s[1 : 1+i], neg, strings.EqualFold(strings.Join(strings.Fields(s[2+i:]), " "), want)
}

func signed(s string) (neg bool, rest string) {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[0] == '-', s[1:]
	}
	return false, s
}

func parseYearMonth(s string, t types.Type) (int64, bool) {
	s, neg, ok := unquote(s, t)
	if !ok {
		return 0, false
	}
	n, s := signed(s)
	neg = neg != n
	var months int64
	switch years, rest, dash := strings.Cut(s, "-"); {
	case t.P == t.S:
		if dash {
			return 0, false
		}
		v, ok := ParseInt(s, 0, 1<<31, false)
		if !ok || s != strings.Trim(s, "+- ") {
			return 0, false
		}
		months = v * intervalUnit(t)
	case !dash:
		return 0, false
	default:
		y, ok1 := ParseInt(years, 0, 1<<31, false)
		m, ok2 := ParseInt(rest, 0, 11, false)
		if !ok1 || !ok2 {
			return 0, false
		}
		months = y*12 + m
	}
	if neg {
		months = -months
	}
	return months, int64(int32(months)) == months
}

func parseDayTime(s string, t types.Type) (int64, bool) {
	s, neg, ok := unquote(s, t)
	if !ok {
		return 0, false
	}
	n, s := signed(s)
	neg = neg != n
	var sum big.Int
	units := [...]int64{calendar.MicrosPerDay, calendar.MicrosPerHour, calendar.MicrosPerMinute, calendar.MicrosPerSecond}
	for f := t.P; f <= t.S; f++ {
		part := s
		if f < t.S {
			var found bool
			if part, s, found = strings.Cut(s, string(" ::"[f])); !found {
				return 0, false
			}
		}
		frac := ""
		if f == types.FieldSecond {
			part, frac, _ = strings.Cut(part, ".")
		}
		v, ok := ParseInt(part, 0, 1<<62, false)
		if !ok || len(frac) > 9 || strings.Trim(frac, "0123456789") != "" || f > t.P && v > [...]int64{0, 23, 59, 59}[f] {
			return 0, false
		}
		sum.Add(&sum, new(big.Int).Mul(big.NewInt(v), big.NewInt(units[f])))
		us, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
		sum.Add(&sum, big.NewInt(us))
	}
	if neg {
		sum.Neg(&sum)
	}
	return sum.Int64(), sum.IsInt64()
}

// ParseCalendar reads a legacy interval: [interval] n unit [n unit …].
func ParseCalendar(s string) (v types.CalendarInterval, ok bool) {
	words := strings.Fields(strings.ToLower(calendar.Trim(s)))
	if len(words) > 0 && words[0] == "interval" {
		words = words[1:]
	}
	var months, days, micros int64
	if len(words) == 0 {
		return v, false
	}
	for i := 0; i < len(words); i += 2 {
		w := words[i]
		if (w == "-" || w == "+") && i+1 < len(words) {
			words[i+1] = w + words[i+1]
			i++
			w = words[i]
		}
		if i+1 >= len(words) {
			return v, false
		}
		unit := strings.TrimSuffix(words[i+1], "s")
		whole, frac, dotted := strings.Cut(strings.TrimPrefix(w, "+"), ".")
		if dotted && unit != "second" {
			return v, false
		}
		neg := strings.HasPrefix(whole, "-")
		if whole == "" || whole == "-" {
			whole += "0"
		}
		n, good := ParseInt(whole, -1<<62, 1<<62, false)
		if !good || len(frac) > 9 || strings.Trim(frac, "0123456789") != "" {
			return v, false
		}
		unitMicros := map[string]int64{
			"hour": calendar.MicrosPerHour, "minute": calendar.MicrosPerMinute, "second": calendar.MicrosPerSecond, "millisecond": 1000, "microsecond": 1,
		}[unit]
		switch {
		case unit == "year":
			months += n * 12
		case unit == "month":
			months += n
		case unit == "week":
			days += n * 7
		case unit == "day":
			days += n
		case unitMicros > 0:
			p := types.MulInt64(n, unitMicros)
			us, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
			if neg {
				us = -us
			}
			micros += p.Int64() + us
			if !p.IsInt64() {
				return v, false
			}
		default:
			return v, false
		}
	}
	v = types.CalendarInterval{Months: int32(months), Days: int32(days), Micros: micros}
	return v, int64(v.Months) == months && int64(v.Days) == days
}
