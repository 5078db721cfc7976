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

// Append writes the wall-clock time of an instant in zone by the pattern.
func (p *Pattern) Append(b []byte, instant int64, zone *time.Location) []byte {
	if zone == nil {
		zone = time.UTC
	}
	off := Offset(zone, instant)
	days, us := Split(instant + off)
	c := clock{days: days, secs: int(us / MicrosPerSecond), micros: int(us % MicrosPerSecond), offset: int(off / MicrosPerSecond), zone: zone, instant: instant}
	c.year, c.month, c.day = Civil(days)
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

func pad(b []byte, v, width int) []byte {
	s := strconv.Itoa(v)
	for k := len(s); k < width; k++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

func (c *clock) field(b []byte, it *patternItem) []byte {
	switch it.letter {
	case 'G':
		era := "AD"
		if c.year <= 0 {
			era = "BC"
		}
		return append(b, era...)
	case 'y':
		y := c.year
		if y <= 0 {
			y = 1 - y
		}
		if it.n == 2 {
			return pad(b, y%100, 2)
		}
		if it.n >= 4 && len(strconv.Itoa(y)) > it.n {
			b = append(b, '+')
		}
		return pad(b, y, it.n)
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
		switch it.n {
		case 3:
			return append(b, longMonths[c.month-1][:3]...)
		case 4:
			return append(b, longMonths[c.month-1]...)
		}
		return pad(b, c.month, it.n)
	case 'E':
		day := longDays[floorMod(c.days+3, 7)]
		if it.n < 4 {
			day = day[:3]
		}
		return append(b, day...)
	case 'F':
		return pad(b, (c.day-1)/7+1, 1)
	case 'd':
		return pad(b, c.day, it.n)
	case 'D':
		return pad(b, int(c.days-Days(c.year, 1, 1))+1, it.n)
	}
	return c.timeField(b, it)
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
		nanos := strconv.Itoa(1_000_000_000 + c.micros*1000)
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
	off := c.offset
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	h, m, s := off/3600, off/60%60, off%60
	switch it.letter {
	case 'V':
		if c.zone == time.UTC {
			return append(b, "UTC"...)
		}
		return append(b, c.zone.String()...)
	case 'z':
		return append(b, zoneName(c.zone, c.instant, it.n == 4)...)
	case 'O':
		b = append(b, "GMT"...)
		if c.offset == 0 {
			return b
		}
		if it.n == 4 {
			return pad(append(pad(append(b, sign), h, 2), ':'), m, 2)
		}
		b = pad(append(b, sign), h, 1)
		if m != 0 {
			b = pad(append(b, ':'), m, 2)
		}
		return b
	case 'Z':
		switch {
		case it.n < 4:
			return pad(pad(append(b, sign), h, 2), m, 2)
		case it.n == 4:
			b = append(b, "GMT"...)
			if c.offset == 0 {
				return b
			}
			return pad(append(pad(append(b, sign), h, 2), ':'), m, 2)
		}
	}
	if c.offset == 0 && it.letter != 'x' {
		return append(b, 'Z')
	}
	b = pad(append(b, sign), h, 2)
	if it.n == 1 && m == 0 {
		return b
	}
	colon := it.n == 3 || it.n == 5
	if colon {
		b = append(b, ':')
	}
	b = pad(b, m, 2)
	if it.n >= 4 && s != 0 {
		if colon {
			b = append(b, ':')
		}
		b = pad(b, s, 2)
	}
	return b
}

// fullZones are the English names of zones whose short names say which they are.
var fullZones = map[string]string{
	"PST": "Pacific Standard Time", "PDT": "Pacific Daylight Time", "MST": "Mountain Standard Time", "MDT": "Mountain Daylight Time",
	"CST": "Central Standard Time", "CDT": "Central Daylight Time", "EST": "Eastern Standard Time", "EDT": "Eastern Daylight Time",
	"UTC": "Coordinated Universal Time", "GMT": "Greenwich Mean Time", "CET": "Central European Standard Time", "CEST": "Central European Summer Time",
	"JST": "Japan Standard Time", "IST": "India Standard Time", "BST": "British Summer Time", "EET": "Eastern European Standard Time", "EEST": "Eastern European Summer Time",
}

func zoneName(loc *time.Location, instant int64, full bool) string {
	name, _ := time.UnixMicro(instant).In(loc).Zone()
	if name == "LMT" { // before standard time: the name of the zone's winter time
		name, _ = time.Date(2000, 1, 1, 0, 0, 0, 0, loc).Zone()
	}
	if full && fullZones[name] != "" {
		return fullZones[name]
	}
	return name
}
