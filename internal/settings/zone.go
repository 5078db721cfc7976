package settings

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

var zones sync.Map // name → *time.Location

// Zone returns the time zone called name: one of the IANA database, Z, UTC,
// GMT or UT with or without an offset, or an offset such as +1, +01:30 and
// -08:00:15, at most 18 hours. Any other name is INVALID_TIMEZONE.
func Zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, ok := offsetZone(name)
	if !ok && name != "" && !strings.EqualFold(name, "local") {
		var err error
		z, err = time.LoadLocation(name)
		ok = err == nil
	}
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidTimezone, "The timezone: %s is invalid. The timezone must be either a region-based zone ID or a zone offset.", name).
			WithHint("Region IDs have the form 'area/city', such as 'America/Los_Angeles'; offsets the form '(+|-)HH:mm', such as '-08:00'.")
	}
	zones.Store(name, z)
	return z, nil
}

func offsetZone(name string) (*time.Location, bool) {
	s := name
	for _, p := range []string{"UTC", "GMT", "UT", "Z"} {
		if s == p {
			return time.UTC, true
		}
		if p != "Z" && strings.HasPrefix(s, p) {
			s = s[len(p):]
			break
		}
	}
	if len(s) < 2 || s[0] != '+' && s[0] != '-' {
		return nil, false
	}
	parts := strings.Split(s[1:], ":")
	if len(parts) == 1 && len(s) > 3 { // +0130, +013015
		d := s[1:]
		if len(d)%2 != 0 || len(d) > 6 {
			return nil, false
		}
		parts = nil
		for ; d != ""; d = d[2:] {
			parts = append(parts, d[:2])
		}
	}
	if len(parts) > 3 {
		return nil, false
	}
	secs := 0
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || len(p) > 2 || i > 0 && (len(p) != 2 || n > 59) {
			return nil, false
		}
		secs += n * [...]int{3600, 60, 1}[i]
	}
	if secs > 18*3600 {
		return nil, false
	}
	if s[0] == '-' {
		secs = -secs
	}
	if secs == 0 {
		return time.UTC, true
	}
	return time.FixedZone(offsetName(secs), secs), true
}

func offsetName(secs int) string {
	sign := '+'
	if secs < 0 {
		sign, secs = '-', -secs
	}
	out := fmt.Sprintf("%c%02d:%02d", sign, secs/3600, secs/60%60)
	if s := secs % 60; s != 0 {
		out += fmt.Sprintf(":%02d", s)
	}
	return out
}
