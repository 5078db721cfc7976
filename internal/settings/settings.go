// Package settings is the one table of settings: key, type, default, doc and
// release. SET, RESET, SHOW, command-line flags, environment variables and the
// reference page derive from it. A session holds a Store; each query sees an
// immutable Snapshot of it.
//
// Keys compare without regard to case. A volley.* key may be written with
// spark.sql. before it. Keys that begin with spark. and are not in the table
// are kept and shown but mean nothing, as in Spark.
package settings

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Kind is the type of a setting's value.
type Kind uint8

// The kinds.
const (
	KindText Kind = iota
	KindBool
	KindInt
	KindBytes // a number with an optional unit: 10m, 1g
	KindEnum
	KindZone
	KindTime // a number with an optional unit: 500ms, 120s, 2min
)

func (k Kind) String() string {
	return [...]string{"text", "boolean", "integer", "number of bytes", "choice", "time zone", "length of time"}[k]
}

// Setting is one row of the table.
type Setting struct {
	Key     string
	Kind    Kind
	Default string
	Doc     string
	Since   string
	Values  []string // of KindEnum
	Min     int64    // of KindInt and KindBytes
	Max     int64    // of KindInt
}

var table []*Setting

func add(s Setting) *Setting {
	p := &s
	table = append(table, p)
	return p
}

// Table lists all settings, sorted by key.
func Table() []*Setting {
	out := append([]*Setting(nil), table...)
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

var byKey = sync.OnceValue(func() map[string]*Setting {
	m := make(map[string]*Setting, len(table))
	for _, s := range table {
		m[strings.ToLower(s.Key)] = s
	}
	return m
})

// Lookup returns the setting called key, or nil.
func Lookup(key string) *Setting {
	k := strings.ToLower(key)
	if s := byKey()[k]; s != nil {
		return s
	}
	return byKey()[strings.TrimPrefix(k, "spark.sql.")]
}

// Env is the environment variable that sets s: VOLLEY_ and the key in upper
// case with underscores.
func (s *Setting) Env() string {
	key := strings.TrimPrefix(s.Key, "volley.")
	return "VOLLEY_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

// normal checks a value and returns it as it is stored.
func (s *Setting) normal(value string) (string, error) {
	v := strings.TrimSpace(value)
	bad := func() error {
		return sqlerr.New(sqlerr.InvalidConfValue, "The value '%s' of the setting %q is not a valid %s.", value, s.Key, s.Kind)
	}
	outside := func(format string, args ...any) error {
		return sqlerr.New(sqlerr.InvalidConfRequirement, "The value '%s' of the setting %q is invalid.", value, s.Key).WithHint(format, args...)
	}
	switch s.Kind {
	case KindBool:
		l := strings.ToLower(v)
		if l != "true" && l != "false" {
			return "", bad()
		}
		return l, nil
	case KindInt:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "", bad()
		}
		if n < s.Min || n > s.Max {
			return "", outside("It must be between %d and %d.", s.Min, s.Max)
		}
	case KindBytes:
		n, ok := parseBytes(v)
		if !ok {
			return "", bad().(*sqlerr.Error).WithHint("Write a whole number with a unit, such as 512m or 4g.")
		}
		if n < s.Min {
			return "", outside("It must be at least %d.", s.Min)
		}
	case KindEnum:
		for _, x := range s.Values {
			if strings.EqualFold(x, v) {
				return x, nil
			}
		}
		return "", sqlerr.New(sqlerr.InvalidConfOption, "The value '%s' of the setting %q is invalid. It should be one of %s.", value, s.Key, strings.Join(s.Values, ", "))
	case KindTime:
		if d, ok := parseTime(v); !ok || d < time.Millisecond {
			return "", bad().(*sqlerr.Error).WithHint("Write a whole number with a unit, such as 500ms, 120s or 2min.")
		}
	case KindZone:
		if v != "" {
			if _, err := Zone(v); err != nil {
				return "", sqlerr.New(sqlerr.InvalidConfZone, "The value '%s' of the setting %q is invalid. Cannot resolve the given timezone.", value, s.Key).
					WithHint("%s", sqlerr.As(err).Hint)
			}
		}
	}
	return v, nil
}

// byteUnits are the units of sizes as powers of two.
var byteUnits = map[string]uint{
	"": 0, "b": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20,
	"g": 30, "gb": 30, "gib": 30, "t": 40, "tb": 40, "tib": 40,
}

// parseBytes reads a number of bytes with an optional unit (b, k, m, g, t, each
// also with b or ib after it).
func parseBytes(v string) (int64, bool) {
	i := 0
	for i < len(v) && (v[i] >= '0' && v[i] <= '9' || i == 0 && v[i] == '-') {
		i++
	}
	n, err := strconv.ParseInt(v[:i], 10, 64)
	if err != nil {
		return 0, false
	}
	shift, ok := byteUnits[strings.ToLower(strings.TrimSpace(v[i:]))]
	if !ok || n > math.MaxInt64>>shift {
		return 0, false
	}
	return n << shift, true
}

// parseTime reads a length of time with an optional unit, which is seconds if there is none.
func parseTime(v string) (time.Duration, bool) {
	i := 0
	for i < len(v) && v[i] >= '0' && v[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(v[:i], 10, 64)
	unit, ok := map[string]time.Duration{
		"us": time.Microsecond, "ms": time.Millisecond, "": time.Second, "s": time.Second,
		"m": time.Minute, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}[strings.ToLower(strings.TrimSpace(v[i:]))]
	if err != nil || !ok || n > int64(math.MaxInt64/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// Typed getters: the variables of the table.
type (
	// Bool is a boolean setting.
	Bool struct{ *Setting }
	// Int is an integer setting or a number of bytes.
	Int struct{ *Setting }
	// Time is a length of time.
	Time struct{ *Setting }
	// Text is any other setting.
	Text struct{ *Setting }
)

func newBool(key, def, since, doc string) Bool {
	return Bool{add(Setting{Key: key, Kind: KindBool, Default: def, Since: since, Doc: doc})}
}

func newInt(key, def string, lo, hi int64, since, doc string) Int {
	return Int{add(Setting{Key: key, Kind: KindInt, Default: def, Since: since, Doc: doc, Min: lo, Max: hi})}
}

func newBytes(key, def string, lo int64, since, doc string) Int {
	return Int{add(Setting{Key: key, Kind: KindBytes, Default: def, Since: since, Doc: doc, Min: lo})}
}

func newTime(key, def, since, doc string) Time {
	return Time{add(Setting{Key: key, Kind: KindTime, Default: def, Since: since, Doc: doc})}
}

func newText(key, def, since, doc string) Text {
	return Text{add(Setting{Key: key, Kind: KindText, Default: def, Since: since, Doc: doc})}
}

func newEnum(key, def, since, doc string, values ...string) Text {
	return Text{add(Setting{Key: key, Kind: KindEnum, Default: def, Since: since, Doc: doc, Values: values})}
}

func newZone(key, def, since, doc string) Text {
	return Text{add(Setting{Key: key, Kind: KindZone, Default: def, Since: since, Doc: doc})}
}

// Get returns the value in s; nil is a snapshot of defaults.
func (b Bool) Get(s *Snapshot) bool { return s.value(b.Setting) == "true" }

// Get returns the value in s; nil is a snapshot of defaults.
func (i Int) Get(s *Snapshot) int64 {
	n, _ := parseBytes(s.value(i.Setting))
	return n
}

// Get returns the value in s; nil is a snapshot of defaults.
func (t Time) Get(s *Snapshot) time.Duration {
	d, _ := parseTime(s.value(t.Setting))
	return d
}

// Get returns the value in s; nil is a snapshot of defaults.
func (t Text) Get(s *Snapshot) string { return s.value(t.Setting) }

// TimeZone is the session's time zone in s.
func TimeZone(s *Snapshot) *time.Location {
	name := SessionTimeZone.Get(s)
	if name == "" {
		return time.Local
	}
	loc, err := Zone(name)
	if err != nil { // Set refuses such names
		return time.UTC
	}
	return loc
}
