package settings

import (
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

func TestSetAndSnapshot(t *testing.T) {
	st := NewStore(nil)
	before := st.Snapshot()
	for _, kv := range [][2]string{
		{"spark.sql.ANSI.enabled", "FALSE"},
		{"spark.sql.volley.execution.batchSize", " 3 "},
		{"sql.dialect", "MySQL"},
		{"spark.sql.session.timeZone", "+02:00"},
		{"spark.some.other", "x"},
		{"volley.execution.memory", "2g"},
	} {
		if err := st.Set(kv[0], kv[1]); err != nil {
			t.Fatalf("SET %s: %v", kv[0], err)
		}
	}
	s := st.Snapshot()
	if ANSI.Get(s) || BatchSize.Get(s) != 3 || Dialect.Get(s) != "mysql" || s.Get("spark.some.other") != "x" || Memory.Get(s) != 2<<30 {
		t.Errorf("settings are %v", s.Pairs())
	}
	if !ANSI.Get(before) || BatchSize.Get(before) != 2048 {
		t.Error("a snapshot changed")
	}
	if _, off := time.Unix(0, 0).In(TimeZone(s)).Zone(); off != 7200 {
		t.Errorf("offset is %d seconds", off)
	}
	if again := Of(s.Map()); again.Get("volley.execution.batchSize") != "3" {
		t.Error("a map does not make the same snapshot")
	}
	st.Reset("VOLLEY.execution.batchsize")
	if BatchSize.Get(st.Snapshot()) != 2048 {
		t.Error("RESET did nothing")
	}
}

func TestBadValues(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       *sqlerr.Condition
	}{
		{"spark.sql.ansi.enabled", "yes", sqlerr.InvalidConfValue},
		{"volley.execution.batchSize", "0", sqlerr.InvalidConfRequirement},
		{"volley.execution.batchSize", "many", sqlerr.InvalidConfValue},
		{"spark.sql.session.timeZone", "Mars/Base", sqlerr.InvalidConfZone},
		{"spark.sql.session.timeZone", "+19:00", sqlerr.InvalidConfZone},
		{"volley.execution.memory", "9999999t", sqlerr.InvalidConfValue},
		{"volley.execution.batchSise", "1", sqlerr.UnknownSetting},
		{"nonsense", "1", sqlerr.UnknownSetting},
	} {
		if err := NewStore(nil).Set(c.key, c.value); !sqlerr.Is(err, c.want) {
			t.Errorf("SET %s = %s: %v, want %s", c.key, c.value, err, c.want.Name)
		}
	}
	if err := NewStore(nil).Set("volley.execution.batchSise", "1"); !strings.Contains(err.Error(), "volley.execution.batchSize") {
		t.Errorf("no suggestion in %v", err)
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Table() {
		if seen[s.Env()] || s.Doc == "" || s.Since == "" {
			t.Errorf("row %s has a name that is taken, or no doc or release", s.Key)
		}
		seen[s.Env()] = true
		if _, err := s.normal(s.Default); err != nil {
			t.Errorf("default of %s: %v", s.Key, err)
		}
	}
}

func TestZones(t *testing.T) {
	for name, secs := range map[string]int{"UTC": 0, "Z": 0, "GMT+3": 10800, "+1": 3600, "-08:00": -28800, "+0130": 5400, "+01:02:03": 3723} {
		z, err := Zone(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, off := time.Unix(0, 0).In(z).Zone(); off != secs {
			t.Errorf("%s is %d seconds, want %d", name, off, secs)
		}
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]time.Duration{"120s": 2 * time.Minute, "5": 5 * time.Second, "10 ms": 10 * time.Millisecond, "2min": 2 * time.Minute, "1h": time.Hour} {
		s, err := (*Snapshot)(nil).With("spark.network.timeout", text)
		if err != nil || NetworkTimeout.Get(s) != want {
			t.Errorf("%q: %v, error %v", text, NetworkTimeout.Get(s), err)
		}
	}
	for _, text := range []string{"", "s", "-1s", "10 parsecs", "0", "99999999999999999d"} {
		if _, err := (*Snapshot)(nil).With("spark.network.timeout", text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
