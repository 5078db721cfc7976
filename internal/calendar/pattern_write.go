package calendar

import (
	"strconv"
	"time"
)

// clock is a time taken apart for writing.
type clock struct {
	year, month, day     int
	days                 int64
	secs, micros, offset int
	zone                 *time.Location
	instant              int64
}

// Append writes the wall-clock time of an instant in zone (nil: UTC) by the pattern.
func (p *Pattern) Append(b []byte, instant int64, zone *time.Location) []byte {
	if zone == nil {
		zone = time.UTC
	}
	off := Offset(zone, instant)
	days, us := Split(instant + off)
	c := clock{days: days, secs: int(us / MicrosPerSecond), micros: int(us % MicrosPerSecond), offset: int(off / MicrosPerSecond), zone: zone, instant: instant}
	c.year, c.month, c.day = Civil(days)
	if p.legacy {
		return c.legacyItems(b, p.items)
	}
	return c.items(b, p.items)
}

func (c *clock) items(b []byte, items []patternItem) []byte {
	for i := range items {
		switch it := &items[i]; {
		case it.sub != nil:
			b = c.items(b, it.sub)
		case it.letter == 0:
			b = append(b, it.lit...)
		default:
			b = c.field(b, it)
		}
	}
	return b
}

// pad writes v, which is not negative, with at least width digits.
func pad(b []byte, v, width int) []byte {
	var buf [20]byte
	s := strconv.AppendInt(buf[:0], int64(v), 10)
	for k := len(s); k < width; k++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

func (c *clock) field(b []byte, it *patternItem) []byte {
	switch it.letter {
	case 'G':
		return c.era(b, it.n)
	case 'y', 'u':
		return c.yearField(b, it)
	case 'Q', 'q':
		q := (c.month-1)/3 + 1
		switch it.n {
		case 3:
			return append(b, 'Q', byte('0'+q))
		case 4:
			return append(b, [...]string{"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"}[q-1]...)
		}
		return pad(b, q, it.n)
	case 'M', 'L':
		return c.monthField(b, it.n)
	case 'E':
		return append(b, dayName(floorMod(c.days+3, 7), it.n)...)
	case 'F': // the day in a week that begins with the month
		return pad(b, (c.day-1)%7+1, 1)
	case 'd':
		return pad(b, c.day, it.n)
	case 'D':
		return pad(b, int(c.days-Days(c.year, 1, 1))+1, it.n)
	}
	return c.timeField(b, it)
}

func (c *clock) era(b []byte, n int) []byte {
	long := n == 4
	switch {
	case c.year > 0 && long:
		return append(b, "Anno Domini"...)
	case c.year > 0:
		return append(b, "AD"...)
	case long:
		return append(b, "Before Christ"...)
	}
	return append(b, "BC"...)
}

func (c *clock) yearField(b []byte, it *patternItem) []byte {
	y, sign := c.year, false
	switch {
	case y <= 0 && it.letter == 'y':
		y = 1 - y
	case y < 0:
		y, sign = -y, true
	}
	switch {
	case it.n == 2:
		return pad(b, y%100, 2)
	case sign:
		b = append(b, '-')
	case it.n >= 4 && y >= pow10(it.n):
		b = append(b, '+')
	}
	return pad(b, y, it.n)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

func (c *clock) monthField(b []byte, n int) []byte {
	switch {
	case n == 3:
		return append(b, longMonths[c.month-1][:3]...)
	case n > 3:
		return append(b, longMonths[c.month-1]...)
	}
	return pad(b, c.month, n)
}

// dayName is the name of a day of the week, 0 for Monday.
func dayName(day int64, n int) string {
	if n < 4 {
		return longDays[day][:3]
	}
	return longDays[day]
}

func (c *clock) timeField(b []byte, it *patternItem) []byte {
	hour := c.secs / 3600
	switch it.letter {
	case 'H':
		return pad(b, hour, it.n)
	case 'k':
		return pad(b, (hour+23)%24+1, it.n)
	case 'h':
		return pad(b, (hour+11)%12+1, it.n)
	case 'K':
		return pad(b, hour%12, it.n)
	case 'm':
		return pad(b, c.secs/60%60, it.n)
	case 's':
		return pad(b, c.secs%60, it.n)
	case 'S':
		var buf [20]byte
		nanos := strconv.AppendInt(buf[:0], int64(1_000_000_000+c.micros*1000), 10)
		return append(b, nanos[1:1+it.n]...)
	case 'a':
		if hour >= 12 {
			return append(b, "PM"...)
		}
		return append(b, "AM"...)
	}
	return c.zoneField(b, it)
}

func (c *clock) zoneField(b []byte, it *patternItem) []byte {
	switch it.letter {
	case 'V':
		if c.zone == time.UTC {
			return append(b, "UTC"...)
		}
		return append(b, c.zone.String()...)
	case 'z':
		return append(b, zoneName(c.zone, c.instant, it.n == 4)...)
	case 'O':
		return c.gmt(b, it.n == 4)
	case 'Z':
		switch {
		case it.n < 4:
			return c.offsetText(b, 2)
		case it.n == 4:
			return c.gmt(b, true)
		}
	}
	if c.offset == 0 && it.letter != 'x' {
		return append(b, 'Z')
	}
	return c.offsetText(b, it.n)
}

// gmt writes the offset as GMT-8:30, full as GMT-08:30.
func (c *clock) gmt(b []byte, full bool) []byte {
	b = append(b, "GMT"...)
	if c.offset == 0 {
		return b
	}
	sign, h, m, s := c.offsetParts()
	b = append(b, sign)
	if full {
		b = pad(append(pad(b, h, 2), ':'), m, 2)
	} else if b = pad(b, h, 1); m != 0 || s != 0 {
		b = pad(append(b, ':'), m, 2)
	}
	if s != 0 {
		b = pad(append(b, ':'), s, 2)
	}
	return b
}

func (c *clock) offsetParts() (sign byte, h, m, s int) {
	off := c.offset
	sign = '+'
	if off < 0 {
		sign, off = '-', -off
	}
	return sign, off / 3600, off / 60 % 60, off % 60
}

// offsetText writes an offset in one of five forms: -08 (minutes if there are
// any), -0800, -08:00, and the last two with seconds if there are any.
func (c *clock) offsetText(b []byte, form int) []byte {
	sign, h, m, s := c.offsetParts()
	b = pad(append(b, sign), h, 2)
	if form == 1 && m == 0 {
		return b
	}
	colon := form == 3 || form == 5
	if colon {
		b = append(b, ':')
	}
	b = pad(b, m, 2)
	if form >= 4 && s != 0 {
		if colon {
			b = append(b, ':')
		}
		b = pad(b, s, 2)
	}
	return b
}
