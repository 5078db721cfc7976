package str

import (
	"regexp"
	"strings"
	"testing"
)

// TestLikeAgainstRegexp holds all short patterns against all short texts.
func TestLikeAgainstRegexp(t *testing.T) {
	var words func(alphabet string, n int) []string
	words = func(alphabet string, n int) []string {
		out := []string{""}
		if n == 0 {
			return out
		}
		for _, w := range words(alphabet, n-1) {
			for _, r := range alphabet {
				if len([]rune(w)) == n-1 {
					out = append(out, w+string(r))
				}
			}
			if w != "" {
				out = append(out, w)
			}
		}
		return out
	}
	texts := words("aé", 5)
	for _, p := range words("aé_%", 4) {
		m, err := compile(p, `\`, false)
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile("(?s)^" + strings.NewReplacer("%", ".*", "_", ".").Replace(p) + "$")
		for _, v := range texts {
			if got, want := m.match(v), re.MatchString(v); got != want {
				t.Fatalf("%q LIKE %q = %v", v, p, got)
			}
		}
	}
	for p, v := range map[string]string{`100\%`: "100%", `a\_b%`: "a_bc", `\\%`: `\x`} {
		m, err := compile(p, `\`, false)
		if err != nil || !m.match(v) || m.match("100x") {
			t.Errorf("%q LIKE %q: %v", v, p, err)
		}
	}
	for _, bad := range []string{`a\`, `a\b`} {
		if _, err := compile(bad, `\`, false); err == nil {
			t.Errorf("pattern %q must be refused", bad)
		}
	}
}
