package screen

import "testing"

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "🙂": 2, "👨‍👩‍👧": 2, "🇳🇴": 2, "한국어": 6, "ไทย": 3} {
		if got := Width(s); got != want {
			t.Errorf("%q takes %d columns, not %d", s, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"👨‍👩‍👧👨‍👩‍👧", 3, "👨‍👩‍👧…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"", 0, ""},
	} {
		if got := Cut(c.s, c.n); got != c.want || Width(got) > c.n {
			t.Errorf("Cut(%q, %d) = %q, not %q", c.s, c.n, got, c.want)
		}
	}
}

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"plain é 日": "plain é 日", "a\nb\tc\r": `a\nb\tc\r`, "\x1b[2J\x00": `\u001b[2J\u0000`, "\u202eabc\u0085": `\u202eabc\u0085`,
		"\xff\xfe": `\xff\xfe`, "a\u200bb\ufeff": `a\u200bb\ufeff`, "👨‍👩‍👧": "👨‍👩‍👧", "\U000e0041": `\U000e0041`, "\ufffd": "\ufffd",
	} {
		if got := Visible(s); got != want {
			t.Errorf("%q is shown as %q, not %q", s, got, want)
		}
	}
}
