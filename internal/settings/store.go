package settings

import (
	"maps"
	"os"
	"sort"
	"strings"
	"sync"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Snapshot is the settings of one query. It is immutable; nil holds defaults.
type Snapshot struct {
	set map[string]string // canonical key → value, only what differs from the table
}

func (s *Snapshot) value(row *Setting) string {
	if s != nil {
		if v, ok := s.set[row.Key]; ok {
			return v
		}
	}
	return row.Default
}

// Lookup returns the value of any key and whether it has one: a row of the
// table always does, another key only if it was set.
func (s *Snapshot) Lookup(key string) (string, bool) {
	if row := Lookup(key); row != nil {
		return s.value(row), true
	}
	if s == nil {
		return "", false
	}
	v, ok := s.set[key]
	return v, ok
}

// Get is Lookup without the question whether there is a value.
func (s *Snapshot) Get(key string) string {
	v, _ := s.Lookup(key)
	return v
}

// Pairs lists what was set, sorted by key.
func (s *Snapshot) Pairs() [][2]string {
	if s == nil {
		return nil
	}
	out := make([][2]string, 0, len(s.set))
	for k, v := range s.set {
		out = append(out, [2]string{k, v})
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0] < out[j][0] })
	return out
}

// Equal reports whether both hold the same settings.
func (s *Snapshot) Equal(o *Snapshot) bool { return s == o || maps.Equal(s.Map(), o.Map()) }

// Map is what was set, for descriptions sent to executors; New reads it.
func (s *Snapshot) Map() map[string]string {
	if s == nil {
		return nil
	}
	return maps.Clone(s.set)
}

// With returns a snapshot in which key has a checked value.
func (s *Snapshot) With(key, value string) (*Snapshot, error) {
	st := Store{cur: s}
	if err := st.Set(key, value); err != nil {
		return nil, err
	}
	return st.cur, nil
}

// Of makes a snapshot from pairs as Map gave them; values that do not fit are
// dropped, and so are keys that Set refuses. Every task makes one, so it is quick.
func Of(pairs map[string]string) *Snapshot {
	m := make(map[string]string, len(pairs))
	for k, v := range pairs {
		row := Lookup(k)
		if row == nil {
			if !refused(k) {
				m[k] = v
			}
			continue
		}
		if v, err := row.normal(v); err == nil {
			m[row.Key] = v
		}
	}
	return &Snapshot{set: m}
}

// refused reports whether a key that is not in the table is an error: it is
// neither one of Spark's nor of another system's, which have a dot.
func refused(key string) bool {
	return !strings.Contains(key, ".") || strings.HasPrefix(strings.ToLower(key), "volley.")
}

// Store is the settings of a session. It is safe for concurrent use, and its
// zero value holds defaults.
type Store struct {
	mu   sync.Mutex
	cur  *Snapshot
	base *Snapshot // what RESET goes back to
}

// NewStore returns a Store that starts from base, to which RESET goes back.
func NewStore(base *Snapshot) *Store { return &Store{cur: base, base: base} }

// Snapshot returns the settings as they are now.
func (st *Store) Snapshot() *Snapshot {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.cur
}

// Set checks and stores a value. A key that is neither in the table nor one of
// Spark's, or of another system's (it has a dot), is UNKNOWN_SETTING.
func (st *Store) Set(key, value string) error {
	row := Lookup(key)
	if row == nil {
		if refused(key) {
			return unknown(key)
		}
		st.change(func(m map[string]string) { m[key] = value })
		return nil
	}
	v, err := row.normal(value)
	if err != nil {
		return err
	}
	st.change(func(m map[string]string) { m[row.Key] = v })
	return nil
}

// Reset gives key its first value again; an unknown key is no error.
func (st *Store) Reset(key string) {
	if row := Lookup(key); row != nil {
		key = row.Key
	}
	st.change(func(m map[string]string) {
		delete(m, key)
		if st.base != nil {
			if v, ok := st.base.set[key]; ok {
				m[key] = v
			}
		}
	})
}

// ResetAll gives all keys their first values again.
func (st *Store) ResetAll() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.cur = st.base
}

func (st *Store) change(f func(map[string]string)) {
	st.mu.Lock()
	defer st.mu.Unlock()
	m := map[string]string{}
	if st.cur != nil {
		maps.Copy(m, st.cur.set)
	}
	f(m)
	st.cur = &Snapshot{set: m}
}

// FromEnv makes a snapshot from the environment variables that Setting.Env names.
func FromEnv() (*Snapshot, error) {
	var st Store
	for _, s := range table {
		if v, ok := os.LookupEnv(s.Env()); ok {
			if err := st.Set(s.Key, v); err != nil {
				return nil, err
			}
		}
	}
	return st.Snapshot(), nil
}

func unknown(key string) error {
	e := sqlerr.New(sqlerr.UnknownSetting, "There is no setting called %q.", key)
	if near := Meant(key); near != "" {
		e = e.WithHint("Did you mean %s?", near)
	}
	return e
}

// Meant is the key that a user who wrote another one, which is not in the
// table, may well have meant; empty if none is near.
func Meant(key string) string {
	keys := make([]string, len(table))
	for i, s := range table {
		keys[i] = s.Key
	}
	if near := sqlerr.Nearest(key, keys, 1); len(near) > 0 && sqlerr.Near(strings.TrimPrefix(key, "spark.sql."), strings.TrimPrefix(near[0], "spark.sql.")) {
		return near[0]
	}
	return ""
}
