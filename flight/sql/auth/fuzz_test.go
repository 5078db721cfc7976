package auth

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
)

// FuzzSessionToken: what is read was signed.
func FuzzSessionToken(f *testing.F) {
	k, err := NewKeys(bytes.Repeat([]byte("k"), keySize), 100*365*24*time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	good, err := k.Sign(Principal{Name: "ann", Roles: []string{"r"}}, "session", time.Unix(1_790_000_000, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.")
	f.Add("..")
	f.Add("")
	j, err := NewJWT(f.Context(), JWTOptions{Secret: bytes.Repeat([]byte("s"), 32)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := k.Read(token)
		switch {
		case err == nil && (c.Name != "ann" || c.Session != "session" || strings.TrimRight(token, "\n") != good && !sameParts(token, good)):
			t.Errorf("%q is read as %+v", token, c)
		case err != nil && !errors.Is(err, ErrNotMine) && !errors.Is(err, ErrRefused):
			t.Error(err)
		}
		if p, err := j.Token(t.Context(), token); err == nil {
			t.Errorf("%q is %+v", token, p)
		}
	})
}

// sameParts reports whether tokens differ in the unused bits of base64 alone.
func sameParts(a, b string) bool {
	i, j := strings.LastIndexByte(a, '.'), strings.LastIndexByte(b, '.')
	return i == j && a[:i] == b[:j]
}

// FuzzHeaders: authorization and cookies of any text let nobody in as somebody else.
func FuzzHeaders(f *testing.F) {
	k, err := NewKeys(bytes.Repeat([]byte("k"), keySize), 100*365*24*time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	token, err := k.Sign(Principal{Name: "ann"}, "session", time.Unix(1_790_000_000, 0))
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range []string{"", "Bearer " + token, "Basic YW5uOnB3", "Basic", "basic Og", "Digest x", " Bearer  x"} {
		f.Add(a, "volley_session="+token, "")
		f.Add(a, "a=b; volley_session=\"x\"; ;;=", token)
	}
	g := &Gate{Auth: Refusals{}, Keys: k}
	f.Fuzz(func(t *testing.T, authorization, cookie, legacy string) {
		md := metadata.Pairs("authorization", authorization, "cookie", cookie, "auth-token-bin", legacy)
		ctx := metadata.NewIncomingContext(t.Context(), md)
		p, _, err := g.identify(ctx, authorization)
		if err == nil && p.Name != "ann" {
			t.Errorf("%q is %+v", authorization, p)
		}
		if err != nil && p.Name != "" {
			t.Errorf("%q is refused as %+v", authorization, p)
		}
		if session, _ := g.cookie(ctx, Principal{Name: "bob"}); session != "" {
			t.Errorf("%q is bob's session %q", cookie, session)
		}
		if session, _ := g.cookie(ctx, Principal{Name: "ann"}); session != "" && session != "session" {
			t.Errorf("%q is the session %q", cookie, session)
		}
		if ctx, _, err := g.enter(metadata.NewIncomingContext(context.Background(), md)); err == nil {
			if id, _ := From(ctx); id.Name != "ann" || id.Session == "" {
				t.Errorf("%+v", id)
			}
		}
	})
}

// FuzzUsers: a file of any text is read or refused.
func FuzzUsers(f *testing.F) {
	f.Add("ann:$2a$04$abcdefghijklmnopqrstuu5s8Kdb/hVKgTuxoMvPwHAW3XNrzXYaW:r\n")
	f.Add("bob:$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\n")
	f.Add("# nothing\n\n:::\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "users")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Skip(err)
		}
		u, err := OpenUsers(file)
		if err != nil {
			return
		}
		for name, a := range u.users {
			if name == "" || usable(a.hash) != nil {
				t.Errorf("%q: %q", name, a.hash)
			}
		}
	})
}
