package calendar

import (
	"testing"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func stamp(t testing.TB, s string) int64 {
	t.Helper()
	st, ok := ParseStamp(s)
	if !ok {
		t.Fatalf("%q is no timestamp", s)
	}
	return FromLocal(st.Zone, st.Local)
}

// The answers are Spark's (date_format in America/Los_Angeles).
func TestWrite(t *testing.T) {
	old, new := "1582-06-01 03:33:33.123Z", "2018-11-17 13:33:33.5Z"
	cases := []struct {
		at, pattern, want string
		legacy            bool
	}{
		{old, "G GGGG", "AD Anno Domini", false},
		{"-0004-01-01 12:00:00Z", "y yyyy G GGGG", "5 0005 BC Before Christ", false},
		{"+12345-01-01 12:00:00Z", "y yy yyyy yyyyyy", "12345 45 +12345 012345", false},
		{"-0004-01-01 12:00:00Z", "y yy yyyy", "-4 04 -0004", false},
		{old, "E EEEE", "Mon Monday", false},
		{old, "E EEEE u", "Thu Thursday 4", true},
		{old, "F", "3", false},
		{old, "XXX XXXX XXXXX", "-07:52 -075258 -07:52:58", false},
		{old, "Z ZZZZ ZZZZZ O OOOO", "-0752 GMT-07:52:58 -07:52:58 GMT-7:52:58 GMT-07:52:58", false},
		{old, "X XX XXX Z ZZZZZ", "-08 -0800 -08:00 -0800 -0800", true},
		{new, "S SSS SSSSSSSSS", "5 500 500000000", false},
		{new, "S SSS SSSSSS", "500 500 000500", true},
		{new, "Q QQ QQQ QQQQ q", "4 04 Q4 4th quarter 4", false},
		{new, "h K k H a z zzzz VV x", "5 5 5 5 AM PST Pacific Standard Time America/Los_Angeles -08", false},
		{new, "[yyyy-MM-dd]", "2018-11-17", false},
		{new, "[yyyy-MM-dd]", "[2018-11-17]", true},
		{new, "D DDD w W Y", "321 321 46 3 2018", true},
		{"2019-12-31 20:00:00Z", "w YYYY", "1 2020", true},
		{new, "'it''s' ''yy''", "it's '18'", false},
	}
	la := zone(t, "America/Los_Angeles")
	for _, c := range cases {
		p, err := CompilePattern(c.pattern, Use{Legacy: c.legacy})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := string(p.Append(nil, stamp(t, c.at), la)); got != c.want {
			t.Errorf("%s by %q is %q, want %q", c.at, c.pattern, got, c.want)
		}
	}
}

// The answers are Spark's; "" is a text that cannot be read.
func TestRead(t *testing.T) {
	cases := []struct {
		text, pattern, want string
		legacy              bool
	}{
		{"1", "y", "0001-01-01 00:00:00", false},
		{"-1999", "yyyy", "-1999-01-01 00:00:00", false},
		{"+12345", "yyyy", "+12345-01-01 00:00:00", false},
		{"12345", "yyyy", "", false},
		{"99", "yy", "2099-01-01 00:00:00", false},
		{"99", "yy", "1999-01-01 00:00:00", true},
		{"009999", "y", "9999-01-01 00:00:00", true},
		{"20180102 1", "yyyyMMdd H", "2018-01-02 01:00:00", false},
		{"2020-365", "yyyy-DDD", "2020-12-30 00:00:00", false},
		{"12-31-365", "MM-dd-DDD", "1970-12-31 00:00:00", false},
		{"30-365", "dd-DDD", "", false},
		{"366", "D", "", false},
		{"2018-11-17 12 pm", "yyyy-MM-dd h a", "2018-11-17 12:00:00", false},
		{"2018-11-17 PM", "yyyy-MM-dd a", "2018-11-17 12:00:00", false},
		{"13 am", "H a", "", false},
		{"-5 BC", "y G", "", false},
		{"5 BC", "y G", "-0004-01-01 00:00:00", false},
		{"5 Before Christ", "y GGGG", "-0004-01-01 00:00:00", false},
		{"10:11:12.12", "HH:mm:ss.SSSSSS", "1970-01-01 10:11:12.12", false},
		{"10:11:12.1234567", "HH:mm:ss.SSSSSS", "", false},
		{"10:11:12.", "HH:mm:ss.SSSSSS", "", false},
		{"22 11", "dd dd", "", false}, // one field, two values
		{"22 22", "dd dd", "1970-01-22 00:00:00", false},
		{"26/oCt/2015", "dd/MMM/yyyy", "2015-10-26 00:00:00", false},
		{"2019-10-06 10:11", "yyyy-MM-dd[ HH:mm[:ss]]", "2019-10-06 10:11:00", false},
		{"2019-10-06 and more", "yyyy-MM-dd", "", false},
		{"2019-10-06 and more", "yyyy-MM-dd", "2019-10-06 00:00:00", true},
		{"2020-2-31", "yyyy-M-d", "", true},
		{"10:11:12 1", "HH:mm:ss S", "1970-01-01 10:11:12.001", true},
		{"Friday 22 05 2020", "EEEE dd MM yyyy", "2020-05-22 00:00:00", true},
	}
	for _, c := range cases {
		p, err := CompilePattern(c.pattern, Use{Reading: true, Legacy: c.legacy})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		st, ok := p.Parse(c.text)
		got := ""
		if ok {
			got = string(AppendWall(nil, st.Local))
		}
		if got != c.want {
			t.Errorf("%q by %q is %q, want %q", c.text, c.pattern, got, c.want)
		}
	}
}

func TestReadZone(t *testing.T) {
	for text, pattern := range map[string]string{
		"2019-10-06 10:11 -0800":               "yyyy-MM-dd HH:mm Z",
		"2019-10-06 10:11 -08:00":              "yyyy-MM-dd HH:mm XXX",
		"2019-10-06 10:11 GMT-08:00":           "yyyy-MM-dd HH:mm OOOO",
		"2019-10-06 11:11 America/Los_Angeles": "yyyy-MM-dd HH:mm VV",
		"2019-10-06 10:11[Etc/GMT+8]":          "yyyy-MM-dd HH:mm'['VV']'",
		"2019-10-06 18:11 Z":                   "yyyy-MM-dd HH:mm X",
		"2019-10-06 18:11 UTC":                 "yyyy-MM-dd HH:mm z",
		"2019-10-06 18:11 GMT":                 "yyyy-MM-dd HH:mm ZZZZ",
		"2019-10-06 19:41:12 +01:30:12":        "yyyy-MM-dd HH:mm:ss XXXXX",
	} {
		p, err := CompilePattern(pattern, Use{Reading: true})
		if err != nil {
			t.Fatal(err)
		}
		st, ok := p.Parse(text)
		if !ok || !st.HasZone || FromLocal(st.Zone, st.Local) != stamp(t, "2019-10-06 18:11:00Z") {
			t.Errorf("%q by %q: %v, %v", text, pattern, st, ok)
		}
	}
}

func TestFaults(t *testing.T) {
	cases := []struct {
		pattern string
		use     Use
		want    *sqlerr.Condition
	}{
		{"GGGGG", Use{}, sqlerr.PatternRecognition},
		{"yyyyyyy", Use{}, sqlerr.PatternRecognition},
		{"qqqqq", Use{}, sqlerr.PatternLength},
		{"FF", Use{}, sqlerr.PatternRecognition},
		{"SSSSSSSSSS", Use{}, sqlerr.PatternRecognition},
		{"V", Use{}, sqlerr.PatternSuggestion},
		{"XXXXXX", Use{}, sqlerr.PatternSuggestion},
		{"A", Use{}, sqlerr.InvalidDatetimePattern},
		{"Y", Use{}, sqlerr.PatternRecognition},
		{"e", Use{}, sqlerr.WeekBasedPattern},
		{"I", Use{}, sqlerr.PatternSuggestion},
		{"E", Use{Reading: true}, sqlerr.PatternRecognition},
		{"q", Use{Reading: true}, sqlerr.InvalidDatetimePattern},
		{"E", Use{Reading: true, Local: true}, sqlerr.PatternSuggestion},
		{"[", Use{}, nil},
		{"]", Use{}, sqlerr.PatternRecognition},
		{"'", Use{}, sqlerr.PatternSuggestion},
		{"q", Use{Legacy: true}, sqlerr.PatternSuggestion},
		{"XXXX", Use{Legacy: true}, sqlerr.PatternSuggestion},
		{"GGGGG", Use{Legacy: true}, nil},
	}
	for _, c := range cases {
		_, err := CompilePattern(c.pattern, c.use)
		if c.want == nil {
			if err != nil {
				t.Errorf("%q: %v", c.pattern, err)
			}
		} else if !sqlerr.Is(err, c.want) {
			t.Errorf("%q: %v, want %s", c.pattern, err, c.want.Name)
		}
	}
}

// A pattern that writes all of a time reads what it wrote, and nothing panics.
func FuzzPattern(f *testing.F) {
	f.Add("yyyy-MM-dd HH:mm:ss.SSSSSS", "2018-11-17 13:33:33.5", int64(1))
	f.Add("[G yy]''MMM[d", "AD 18'nov", int64(-1<<40))
	f.Add("EEEE D w u X", "Monday 1", int64(1)<<50)
	all, err := CompilePattern("yyyyyy-MM-dd HH:mm:ss.SSSSSS", Use{Reading: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pattern, text string, at int64) {
		for _, use := range []Use{{}, {Reading: true}, {Legacy: true}, {Reading: true, Legacy: true}} {
			p, err := CompilePattern(pattern, use)
			if err != nil {
				continue
			}
			p.Append(nil, at, nil)
			p.Parse(text)
		}
		written := string(all.Append(nil, at, nil))
		if st, ok := all.Parse(written); !ok || st.Local != at {
			t.Fatalf("%d is written %s and read as %v, %v", at, written, st, ok)
		}
	})
}
