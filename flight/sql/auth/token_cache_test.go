package auth

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Tokens are remembered: that must not make them good for longer, or for others.
func TestRememberedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, err := NewKeys(nil, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		sign := func(p Principal, session string) string {
			token, err := k.Sign(p, session, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		ann := Principal{Name: "ann", Roles: []string{"a"}}
		first := sign(ann, "s")
		if again := sign(ann, "s"); again != first {
			t.Error("the same token was signed twice at one time")
		}
		for _, other := range []string{sign(ann, "t"), sign(Principal{Name: "bob", Roles: []string{"a"}}, "s"), sign(Principal{Name: "ann"}, "s")} {
			if other == first {
				t.Error("another session, user or role has the same token")
			}
		}
		for range 2 {
			if c, err := k.Read(first); err != nil || c.Name != "ann" || c.Session != "s" {
				t.Errorf("%v, %v", c, err)
			}
		}
		time.Sleep(time.Hour / 2)
		if later := sign(ann, "s"); later == first {
			t.Error("an old token was given out again")
		}
		time.Sleep(time.Hour/2 + time.Second)
		if _, err := k.Read(first); !errors.Is(err, ErrRefused) {
			t.Errorf("a token that expired: %v", err)
		}
	})
}
