package client

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
)

// TestJar: calls have the newest token and cookies, which end when they are to.
func TestJar(t *testing.T) {
	j := &jar{token: &tokens{}}
	sent := func() (authorization, cookie string) {
		md, _ := metadata.FromOutgoingContext(j.sent(context.Background()))
		one := func(k string) string {
			v := md.Get(k)
			if len(v) > 1 {
				t.Errorf("%d headers %s", len(v), k)
			}
			return append(v, "")[0]
		}
		return one("authorization"), one("cookie")
	}
	hour, past := time.Now().Add(time.Hour).UTC().Format(time.RFC1123), time.Now().Add(-time.Hour).UTC().Format(time.RFC1123)
	for _, c := range []struct {
		name          string
		reply         metadata.MD
		token, cookie string
	}{
		{"nothing", nil, "", ""},
		{"a token", metadata.Pairs("authorization", "Bearer a"), "Bearer a", ""},
		{"no token", metadata.Pairs("authorization", "Basic b"), "Bearer a", ""},
		{"a cookie and a token", metadata.Pairs("authorization", "Bearer c", "set-cookie", "s=1; Path=/; HttpOnly"), "Bearer c", "s=1"},
		{"the same again", metadata.Pairs("authorization", "Bearer c", "set-cookie", "s=1; Path=/; HttpOnly"), "Bearer c", "s=1"},
		{"another one", metadata.Pairs("set-cookie", "s=2; Path=/; HttpOnly"), "Bearer c", "s=2"},
		{"two, one with an end", metadata.Pairs("set-cookie", "s=3; Path=/", "set-cookie", "b=x; Expires="+hour), "Bearer c", "b=x;s=3"},
		{"one that is over", metadata.Pairs("set-cookie", "b=y; Expires="+past), "Bearer c", "s=3"},
		{"one that is taken back", metadata.Pairs("set-cookie", "s=3; Path=/; Max-Age=0"), "Bearer c", ""},
		{"one that stays for a while", metadata.Pairs("set-cookie", "k=1; Max-Age=3600"), "Bearer c", "k=1"},
		{"no cookie", metadata.Pairs("set-cookie", "\x00;;"), "Bearer c", "k=1"},
	} {
		j.received(c.reply)
		if token, cookie := sent(); token != c.token || cookie != c.cookie {
			t.Errorf("%s: %q, %q", c.name, token, cookie)
		}
	}
	if got := j.cookie(time.Now().Add(2 * time.Hour)); got != "" {
		t.Errorf("%q is sent when its time is over", got)
	}
	login := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Basic d")
	if md, _ := metadata.FromOutgoingContext(j.sent(login)); len(md.Get("authorization")) != 1 || md.Get("authorization")[0] != "Basic d" {
		t.Errorf("a login is sent as %v", md)
	}
}
