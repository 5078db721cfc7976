package arrowvec

import (
	"strings"
	"testing"
)

func TestCopyText(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
	for n := range len(letters) + 1 {
		out := []byte(strings.Repeat(".", 3+n+copySlack))
		if got := copyText(out, 3, letters[:n]); got != n {
			t.Errorf("%d bytes of %d", got, n)
		}
		if want := "..." + letters[:n] + strings.Repeat(".", copySlack); string(out) != want {
			t.Errorf("%q, not %q", out, want)
		}
	}
}
