package volley

// Initcap is initcap(col): each word begins with a capital.
func Initcap(col any) Column { return Call("initcap", named(col)) }

// Ltrim is ltrim(col): without spaces at the beginning.
func Ltrim(col any) Column { return Call("ltrim", named(col)) }

// Rtrim is rtrim(col): without spaces at the end.
func Rtrim(col any) Column { return Call("rtrim", named(col)) }

// Lpad fills a string up to length characters with pad at its beginning, or cuts it.
func Lpad(col any, length int, pad string) Column { return Call("lpad", named(col), length, pad) }

// Rpad fills a string up to length characters with pad at its end, or cuts it.
func Rpad(col any, length int, pad string) Column { return Call("rpad", named(col), length, pad) }

// RegexpExtract is the group (0: all) of the first match of pattern, "" if there is none.
func RegexpExtract(col any, pattern string, group int) Column {
	return Call("regexp_extract", named(col), pattern, group)
}

// Replace puts with in the place of search wherever it is.
func Replace(col any, search, with string) Column { return Call("replace", named(col), search, with) }

// Instr is the place of substr, from 1, or 0 if it is not there.
func Instr(col any, substr string) Column { return Call("instr", named(col), substr) }

// Pow is pow(col, exponent).
func Pow(col, exponent any) Column { return Call("pow", named(col), exponent) }

// Exp is exp(col).
func Exp(col any) Column { return Call("exp", named(col)) }

// Ln is ln(col), the natural logarithm.
func Ln(col any) Column { return Call("ln", named(col)) }

// Rand is a random number from 0 up to 1; the same seed gives the same numbers.
func Rand(seed int64) Column { return Call("rand", seed) }

// CurrentDate is current_date(), the day the query begins in the session's time zone.
func CurrentDate() Column { return Call("current_date") }

// CurrentTimestamp is current_timestamp(), the time the query begins.
func CurrentTimestamp() Column { return Call("current_timestamp") }

// Hour is hour(col).
func Hour(col any) Column { return Call("hour", named(col)) }

// Minute is minute(col).
func Minute(col any) Column { return Call("minute", named(col)) }

// Second is second(col).
func Second(col any) Column { return Call("second", named(col)) }

// Quarter is quarter(col), from 1.
func Quarter(col any) Column { return Call("quarter", named(col)) }

// WeekOfYear is weekofyear(col) of ISO 8601.
func WeekOfYear(col any) Column { return Call("weekofyear", named(col)) }

// DayOfWeek is dayofweek(col): 1 is Sunday.
func DayOfWeek(col any) Column { return Call("dayofweek", named(col)) }

// LastDay is last_day(col): that of its month.
func LastDay(col any) Column { return Call("last_day", named(col)) }

// AddMonths is add_months(col, months).
func AddMonths(col any, months any) Column { return Call("add_months", named(col), months) }

// DateSub is date_sub(col, days).
func DateSub(col any, days any) Column { return Call("date_sub", named(col), days) }

// DateTrunc cuts a timestamp to a unit such as "month" or "hour".
func DateTrunc(unit string, col any) Column { return Call("date_trunc", unit, named(col)) }

// Size is size(col): the number of elements of an array or map.
func Size(col any) Column { return Call("size", named(col)) }

// ArrayContains is array_contains(col, value).
func ArrayContains(col, value any) Column { return Call("array_contains", named(col), value) }

// ExplodeOuter is Explode with a row of NULL where there are no elements.
func ExplodeOuter(col any) Column { return Call("explode_outer", named(col)) }

// PosExplode is Explode with the place of each element, from 0.
func PosExplode(col any) Column { return Call("posexplode", named(col)) }

// NullIf is nullif(a, b): NULL where they are equal.
func NullIf(a, b any) Column { return Call("nullif", named(a), b) }

// ApproxCountDistinct is approx_count_distinct(col).
func ApproxCountDistinct(col any) Column { return Call("approx_count_distinct", named(col)) }

// Median is median(col).
func Median(col any) Column { return Call("median", named(col)) }

// PercentRank is percent_rank(), for Over.
func PercentRank() Column { return Call("percent_rank") }

// CumeDist is cume_dist(), for Over.
func CumeDist() Column { return Call("cume_dist") }
