package app

import "testing"

func TestAvailable(t *testing.T) {
	const info = "MemTotal:       24675340 kB\nMemFree:         1000 kB\n"
	for _, c := range []struct {
		info, group string
		want        int64
	}{
		{info, "max\n", 24675340 << 10},
		{info, "", 24675340 << 10},
		{info, "1073741824\n", 1 << 30},
		{info, "9223372036854771712\n", 24675340 << 10},
		{"", "1073741824\n", 1 << 30},
		{"MemFree: 1 kB\n", "max\n", 0},
	} {
		if got := available(c.info, c.group); got != c.want {
			t.Errorf("%q %q: %d, not %d", c.info, c.group, got, c.want)
		}
	}
}
