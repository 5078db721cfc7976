// Package calendar does the arithmetic of the proleptic Gregorian calendar
// and of time zones, as Java's java.time and so Spark do it. Days count from
// 1970-01-01; instants and wall-clock times are microseconds from
// 1970-01-01 00:00, of UTC or of the wall.
package calendar

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

// Microseconds per unit.
const (
	MicrosPerSecond int64 = 1_000_000
	MicrosPerMinute       = 60 * MicrosPerSecond
	MicrosPerHour         = 60 * MicrosPerMinute
	MicrosPerDay          = 24 * MicrosPerHour
)

// Days returns the day number of a civil date. Month must be 1..12; day may
// be outside its month and then counts on.
func Days(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	mp := int64((month + 9) % 12)
	doy := (153*mp+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// Civil returns the date of a day number.
func Civil(days int64) (year, month, day int) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp) + 3
	if month > 12 {
		month -= 12
	}
	year = int(yoe + era*400)
	if month <= 2 {
		year++
	}
	return year, month, day
}

// IsLeap and DaysIn describe years and months.
func IsLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func DaysIn(year, month int) int {
	switch month {
	case 2:
		if IsLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// AddMonths adds months to a day number; a day past the end of the month it
// lands in becomes that month's last.
func AddMonths(days int64, months int) int64 {
	y, m, d := Civil(days)
	t := int64(y)*12 + int64(m-1) + int64(months)
	y, m = int(floorDiv(t, 12)), int(floorMod(t, 12))+1
	return Days(y, m, min(d, DaysIn(y, m)))
}

// Split cuts a wall-clock time into its day and the microseconds of that day.
func Split(local int64) (days, micros int64) {
	days = floorDiv(local, MicrosPerDay)
	return days, local - days*MicrosPerDay
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// Offset is the offset of loc from UTC, in microseconds, at an instant.
func Offset(loc *time.Location, micros int64) int64 {
	if loc == nil || loc == time.UTC {
		return 0
	}
	_, off := time.Unix(floorDiv(micros, MicrosPerSecond), 0).In(loc).Zone()
	return int64(off) * MicrosPerSecond
}

// ToLocal is the wall-clock time in loc at an instant.
func ToLocal(loc *time.Location, micros int64) int64 { return micros + Offset(loc, micros) }

// FromLocal is the instant of a wall-clock time in loc. A time that clocks
// show twice is the earlier one; one that they skip is moved on by the gap.
func FromLocal(loc *time.Location, local int64) int64 {
	if loc == nil || loc == time.UTC {
		return local
	}
	before, after := Offset(loc, local-MicrosPerDay), Offset(loc, local+MicrosPerDay)
	if before != after && Offset(loc, local-before) != before && Offset(loc, local-after) == after {
		return local - after
	}
	return local - before
}

var zones sync.Map // name -> *time.Location

// Zone finds a time zone by Spark's names: a region (Europe/Paris), UTC, GMT,
// Z, an offset (+1, -08:00, +01:30:15), or one after UTC, GMT or UT.
func Zone(name string) (*time.Location, error) {
	if l, ok := zones.Load(name); ok {
		return l.(*time.Location), nil
	}
	l, err := findZone(strings.TrimSpace(name))
	if err != nil {
		return nil, err
	}
	zones.Store(name, l)
	return l, nil
}

// shortZones are java.time's short names.
var shortZones = map[string]string{
	"ACT": "Australia/Darwin", "AET": "Australia/Sydney", "AGT": "America/Argentina/Buenos_Aires", "ART": "Africa/Cairo",
	"AST": "America/Anchorage", "BET": "America/Sao_Paulo", "BST": "Asia/Dhaka", "CAT": "Africa/Harare",
	"CNT": "America/St_Johns", "CST": "America/Chicago", "CTT": "Asia/Shanghai", "EAT": "Africa/Addis_Ababa",
	"ECT": "Europe/Paris", "IET": "America/Indiana/Indianapolis", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo",
	"MIT": "Pacific/Apia", "NET": "Asia/Yerevan", "NST": "Pacific/Auckland", "PLT": "Asia/Karachi",
	"PNT": "America/Phoenix", "PRT": "America/Puerto_Rico", "PST": "America/Los_Angeles", "SST": "Pacific/Guadalcanal",
	"VST": "Asia/Ho_Chi_Minh", "EST": "-05:00", "MST": "-07:00", "HST": "-10:00",
}

func findZone(name string) (*time.Location, error) {
	switch name {
	case "Z", "UTC", "GMT", "UT", "Etc/UTC", "+0", "-0":
		return time.UTC, nil
	case "":
		return nil, fmt.Errorf("empty time zone")
	}
	if s, ok := shortZones[name]; ok {
		name = s
	}
	rest := name
	for _, p := range []string{"UTC", "GMT", "UT"} {
		if strings.HasPrefix(name, p) && len(name) > len(p) && (name[len(p)] == '+' || name[len(p)] == '-') {
			rest = name[len(p):]
			break
		}
	}
	if rest[0] == '+' || rest[0] == '-' {
		secs, ok := parseOffset(rest)
		if !ok {
			return nil, fmt.Errorf("unknown time zone %s", name)
		}
		if secs == 0 {
			return time.UTC, nil
		}
		return time.FixedZone(name, secs), nil
	}
	if name == "Local" || strings.ContainsAny(name, `\ `) || strings.Contains(name, "..") || name[0] == '/' {
		return nil, fmt.Errorf("unknown time zone %s", name)
	}
	return time.LoadLocation(name)
}

// parseOffset reads +h, +hh, +hhmm, +hh:mm, +h:m, +hhmmss and +hh:mm:ss.
func parseOffset(s string) (int, bool) {
	sign := 1
	if s[0] == '-' {
		sign = -1
	}
	s = s[1:]
	var parts []string
	if strings.Contains(s, ":") {
		parts = strings.Split(s, ":")
	} else {
		for len(s) > 2 {
			parts, s = append(parts, s[:2]), s[2:]
		}
		parts = append(parts, s)
	}
	if len(parts) > 3 {
		return 0, false
	}
	secs, unit := 0, 3600
	for i, p := range parts {
		if len(p) == 0 || len(p) > 2 || strings.Trim(p, "0123456789") != "" {
			return 0, false
		}
		n := 0
		for _, c := range p {
			n = n*10 + int(c-'0')
		}
		if i > 0 && n > 59 {
			return 0, false
		}
		secs += n * unit
		unit /= 60
	}
	return sign * secs, secs <= 18*3600
}

// AppendDate writes a date as yyyy-MM-dd; years of more than four digits get
// a sign.
func AppendDate(b []byte, days int64) []byte {
	y, m, d := Civil(days)
	b = AppendYear(b, y)
	return append(b, '-', byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

// AppendYear writes a year of at least four digits.
func AppendYear(b []byte, y int) []byte {
	switch {
	case y > 9999:
		return fmt.Appendf(b, "+%d", y)
	case y < 0:
		return fmt.Appendf(b, "-%04d", -y)
	}
	return append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10))
}

// AppendWall writes a wall-clock time as yyyy-MM-dd HH:mm:ss with the digits of
// the fraction that matter.
func AppendWall(b []byte, local int64) []byte {
	days, us := Split(local)
	b = append(AppendDate(b, days), ' ')
	return AppendTime(b, us)
}

// AppendTime writes microseconds of a day as HH:mm:ss[.ffffff].
func AppendTime(b []byte, us int64) []byte {
	s, f := int(us/MicrosPerSecond), int(us%MicrosPerSecond)
	h, m := s/3600, s/60%60
	s %= 60
	b = append(b, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
	if f == 0 {
		return b
	}
	b = append(b, '.')
	for d := 100000; f > 0; d /= 10 {
		b = append(b, byte('0'+f/d))
		f %= d
	}
	return b
}

// AddMicros is the sum of two times, and whether it fits.
func AddMicros(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

// MaxDay and MinDay bound dates whose midnight is a time in microseconds.
const (
	MaxDay = math.MaxInt64 / MicrosPerDay
	MinDay = math.MinInt64 / MicrosPerDay
)
