package parquet

import (
	"time"

	"github.com/volley-sql/volley/internal/calendar"
)

// Spark before 3.0 counted days in the hybrid calendar: the Julian one before
// 15 October 1582, the Gregorian one from then on. A date is to read as it was
// written, so the day number is taken apart in the one calendar and put
// together again in the other.

// gregorianStart is the day number of 15 October 1582.
const gregorianStart = -141427

// rebaseDay gives the day number of the date that day is in the hybrid calendar.
func rebaseDay(day int64) int64 {
	if day >= gregorianStart {
		return day
	}
	y, m, d := julian(day)
	// The 29th of February of a year that is no leap year here is the 1st of March.
	return calendar.Days(y, m, 1) + int64(d-1)
}

// julian is the date of a day number in the Julian calendar. Years begin on
// the first of March while reckoning, and come in fours.
func julian(day int64) (year, month, dayOfMonth int) {
	n := day + 719470 // days since 1 March of the year 0
	four := floorDiv(n, 1461)
	rest := n - four*1461
	y := min(rest/365, 3)
	rest -= 365 * y
	m := (5*rest + 2) / 153
	d := int(rest-(153*m+2)/5) + 1
	year, month = int(4*four+y), int(m)+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, d
}

// rebaseMicros gives the instant whose reading in the zone is the one that us
// has in the hybrid calendar. Before 1900 that calendar knew one offset for
// each zone, the standard one of later times; here zones have their mean solar time.
func rebaseMicros(us int64, zone *time.Location) int64 {
	const first = -2208988800 * 1_000_000 // 1900-01-01
	if us >= first+calendar.MicrosPerDay {
		return us
	}
	days, tod := calendar.Split(us + standardOffset(zone))
	return calendar.FromLocal(zone, rebaseDay(days)*calendar.MicrosPerDay+tod)
}

// standardOffset is the offset of a zone in 1900 or, where the zone had none
// yet, its winter time of 1970, in microseconds.
func standardOffset(zone *time.Location) int64 {
	for _, at := range []time.Time{time.Date(1970, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(1970, 7, 1, 12, 0, 0, 0, time.UTC)} {
		if at = at.In(zone); !at.IsDST() {
			_, secs := at.Zone()
			return int64(secs) * 1_000_000
		}
	}
	return 0
}

func rebaseDays(days []int32) error {
	for i, d := range days {
		days[i] = int32(rebaseDay(int64(d)))
	}
	return nil
}

func rebaseStamps(us []int64, zone *time.Location) {
	for i, x := range us {
		us[i] = rebaseMicros(x, zone)
	}
}
