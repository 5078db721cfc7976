package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/metadata"
)

func keys(t testing.TB, secret []byte, ttl time.Duration) *Keys {
	t.Helper()
	k, err := NewKeys(secret, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSessionTokens: a token is good for who has the key, and for nobody else.
func TestSessionTokens(t *testing.T) {
	secret := []byte(strings.Repeat("k", keySize))
	k := keys(t, secret, time.Hour)
	now := time.Now()
	good, err := k.Sign(Principal{Name: "ann", Roles: []string{"r"}}, "session", now)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	sign := func(method jwt.SigningMethod, key any, c jwt.MapClaims) string {
		s, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	claims := func(edit func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{"sub": "ann", "aud": audience, "sid": "s", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
		edit(c)
		return c
	}
	same := func(jwt.MapClaims) {}
	expired, _ := k.Sign(Principal{Name: "ann"}, "session", now.Add(-2*time.Hour))
	for _, c := range []struct {
		name, token string
		err         error
	}{
		{"as signed", good, nil},
		{"signed by another with the key", sign(jwt.SigningMethodHS256, secret, claims(same)), nil},
		{"empty", "", ErrNotMine},
		{"noise", "a.b.c", ErrNotMine},
		{"two parts", parts[0] + "." + parts[1], ErrNotMine},
		{"no signature", parts[0] + "." + parts[1] + ".", ErrNotMine},
		{"another signature", parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 32)), ErrNotMine},
		{"other claims under the signature", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root","aud":"volley-session","exp":9999999999}`)) + "." + parts[2], ErrNotMine},
		{"alg none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(same)), ErrNotMine},
		{"another algorithm", sign(jwt.SigningMethodHS512, secret, claims(same)), ErrNotMine},
		{"another key", sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", keySize)), claims(same)), ErrNotMine},
		{"another audience", sign(jwt.SigningMethodHS256, secret, claims(func(c jwt.MapClaims) { c["aud"] = "somebody" })), ErrNotMine},
		{"no audience", sign(jwt.SigningMethodHS256, secret, claims(func(c jwt.MapClaims) { delete(c, "aud") })), ErrNotMine},
		{"without end", sign(jwt.SigningMethodHS256, secret, claims(func(c jwt.MapClaims) { delete(c, "exp") })), ErrNotMine},
		{"not valid yet", sign(jwt.SigningMethodHS256, secret, claims(func(c jwt.MapClaims) { c["nbf"] = now.Add(time.Hour).Unix() })), ErrNotMine},
		{"expired", expired, ErrRefused},
		{"expired and of another key", sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", keySize)), claims(func(c jwt.MapClaims) { c["exp"] = 1 })), ErrNotMine},
		{"a megabyte", strings.Repeat("a", 1<<20), ErrNotMine},
		{"a megabyte of dots", strings.Repeat(".", 1<<20), ErrNotMine},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := k.Read(c.token)
			if !errors.Is(err, c.err) {
				t.Errorf("%v", err)
			}
			if err == nil && (got.Name != "ann" || got.Expires.Before(now)) {
				t.Errorf("%+v", got)
			}
			if err != nil && got.Name != "" {
				t.Errorf("%+v comes with %v", got, err)
			}
		})
	}
	if got, err := keys(t, secret, time.Minute).Read(good); err != nil || got.Session != "session" || len(got.Roles) != 1 {
		t.Errorf("a server that was restarted: %+v %v", got, err)
	}
	if _, err := keys(t, nil, time.Hour).Read(good); !errors.Is(err, ErrNotMine) {
		t.Errorf("a server with another key: %v", err)
	}
	if _, err := NewKeys([]byte("short"), time.Hour); err == nil {
		t.Error("a short key is taken")
	}
}

// TestKeyFile: one key for all who share a file, readable by its owner alone.
func TestKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token.key")
	found := make(chan string, 8)
	for range cap(found) {
		go func() {
			k, err := ReadKey(file)
			found <- fmt.Sprint(k, err)
		}()
	}
	first := <-found
	for range cap(found) - 1 {
		if next := <-found; next != first || !strings.HasSuffix(next, "<nil>") {
			t.Errorf("%s and %s", first, next)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, text := range []string{"", "short", "not base64 !!", base64.RawStdEncoding.EncodeToString([]byte("few bytes"))} {
		os.WriteFile(file, []byte(text), 0o600)
		if _, err := ReadKey(file); err == nil || strings.Contains(err.Error(), "few") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ReadKey(filepath.Join(file, "below")); err == nil {
		t.Error("a key below a file")
	}
}

// TestUsers: passwords of a file, which may change.
func TestUsers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	made, err := HashPassword("open sesame")
	if err != nil || bcrypt.CompareHashAndPassword([]byte(made), []byte("open sesame")) != nil {
		t.Fatal(made, err)
	}
	quick, err := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	hash := string(quick)

	argonHash := argonOf(t, "open sesame", "0123456789abcdef")
	os.WriteFile(file, []byte("# users\n\nann:"+hash+":readers, writers\nbob:"+argonHash+"\n"), 0o600)
	u, err := OpenUsers(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, c := range []struct {
		name, user, password string
		ok                   bool
	}{
		{"bcrypt", "ann", "open sesame", true},
		{"argon2id", "bob", "open sesame", true},
		{"a wrong password", "ann", "open Sesame", false},
		{"a wrong password, argon2id", "bob", "open sesam", false},
		{"no password", "ann", "", false},
		{"the hash as password", "ann", hash, false},
		{"nobody of that name", "carl", "open sesame", false},
		{"no name", "", "", false},
		{"a comment as name", "# users", "", false},
		{"another case", "ANN", "open sesame", false},
		{"a name with a line break", "ann\nroot", "open sesame", false},
		{"a long password", "ann", strings.Repeat("x", 1<<20), false},
		{"a password behind NUL", "ann", "open sesame\x00more", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := u.Password(ctx, c.user, c.password)
			if (err == nil) != c.ok || !c.ok && !errors.Is(err, ErrRefused) {
				t.Errorf("%v", err)
			}
			if c.ok && p.Name != c.user {
				t.Errorf("%+v", p)
			}
			if err != nil && c.password != "" && strings.Contains(err.Error(), c.password) && len(c.password) > 3 {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
	if p, err := u.Password(ctx, "ann", "open sesame"); err != nil || fmt.Sprint(p.Roles) != "[readers writers]" {
		t.Errorf("%v %v", p.Roles, err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	u.gate <- struct{}{}
	u.gate <- struct{}{}
	if _, err := u.Password(gone, "ann", "open sesame"); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that has gone: %v", err)
	}
	<-u.gate
	<-u.gate
	// A new file, a broken one, none.
	change := func(f func()) {
		f()
		u.mu.Lock()
		u.checked = time.Time{}
		u.mu.Unlock()
	}
	change(func() { os.WriteFile(file, []byte("eve:"+hash+"\n"), 0o600) })
	if _, err := u.Password(ctx, "ann", "open sesame"); err == nil {
		t.Error("ann is still let in")
	}
	if _, err := u.Password(ctx, "eve", "open sesame"); err != nil {
		t.Errorf("eve is not: %v", err)
	}
	change(func() { os.WriteFile(file, []byte("a line that is none, and long\n"), 0o600) })
	if _, err := u.Password(ctx, "eve", "open sesame"); err != nil {
		t.Errorf("a broken file: %v", err)
	}
	change(func() { os.Remove(file) })
	if _, err := u.Password(ctx, "eve", "open sesame"); err != nil {
		t.Errorf("no file: %v", err)
	}
	for name, text := range map[string]string{
		"no colon": "ann", "no name": ":" + hash, "a plain password": "ann:secret", "twice": "ann:" + hash + "\nann:" + hash,
		"a costly hash": "ann:$argon2id$v=19$m=99999999,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + base64.RawStdEncoding.EncodeToString(make([]byte, 32)),
		"md5":           "ann:$apr1$abc$def",
	} {
		os.WriteFile(file, []byte(text), 0o600)
		if _, err := OpenUsers(file); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := HashPassword(strings.Repeat("x", 73)); err == nil {
		t.Error("a password that bcrypt would cut")
	}
}

// TestJWT: tokens of others.
func TestJWT(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	file := filepath.Join(dir, "key.pem")
	os.WriteFile(file, public, 0o600)
	now := time.Now()
	sign := func(method jwt.SigningMethod, key any, kid string, edit func(jwt.MapClaims)) string {
		c := jwt.MapClaims{"sub": "ann", "iss": "us", "aud": "volley", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "roles": []string{"a", "b"}}
		if edit != nil {
			edit(c)
		}
		tok := jwt.NewWithClaims(method, c)
		if kid != "" {
			tok.Header["kid"] = kid
		}
		s, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	set := map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(rsaKey.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(rsaKey.E)).Bytes()),
	}}}
	raw, _ := json.Marshal(set)
	jwks := filepath.Join(dir, "jwks.json")
	os.WriteFile(jwks, raw, 0o600)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(raw) }))
	defer web.Close()
	secret := []byte(strings.Repeat("s", 32))
	claim := func(k string, v any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[k] = v } }
	without := func(k string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, k) } }
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	byFile := JWTOptions{KeyFile: file, Issuer: "us", Audience: "volley"}
	bySet, byURL := byFile, byFile
	bySet.KeyFile, bySet.JWKSFile = "", jwks
	byURL.KeyFile, byURL.JWKSURL = "", web.URL
	bySecret := JWTOptions{Secret: secret, Issuer: "us", Audience: "volley"}
	rs, hs := jwt.SigningMethodRS256, jwt.SigningMethodHS256
	for _, c := range []struct {
		name  string
		o     JWTOptions
		token string
		err   error
	}{
		{"RS256", byFile, sign(rs, rsaKey, "", nil), nil},
		{"PS384", byFile, sign(jwt.SigningMethodPS384, rsaKey, "", nil), nil},
		{"HS256", bySecret, sign(hs, secret, "", nil), nil},
		{"a set of keys", bySet, sign(rs, rsaKey, "one", nil), nil},
		{"a set of keys behind a URL", byURL, sign(rs, rsaKey, "one", nil), nil},
		{"another key", byFile, sign(rs, other, "", nil), ErrRefused},
		{"another secret", bySecret, sign(hs, []byte(strings.Repeat("x", 32)), "", nil), ErrRefused},
		{"alg none", byFile, sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", nil), ErrRefused},
		{"alg none, with a secret", bySecret, sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", nil), ErrRefused},
		{"the public key as secret", byFile, sign(hs, public, "", nil), ErrRefused},
		{"the public key as secret, with a set", bySet, sign(hs, public, "one", nil), ErrRefused},
		{"EC where RSA is known", byFile, sign(jwt.SigningMethodES256, ecKey, "", nil), ErrRefused},
		{"Ed25519 where RSA is known", byFile, sign(jwt.SigningMethodEdDSA, edKey, "", nil), ErrRefused},
		{"a key id that is not in the set", bySet, sign(rs, rsaKey, "two", nil), ErrRefused},
		{"no key id, which need not be", bySet, sign(rs, rsaKey, "", nil), nil},
		{"no key id and another key", bySet, sign(rs, other, "", nil), ErrRefused},
		{"a key id and the key of another", bySet, sign(rs, other, "one", nil), ErrRefused},
		{"an algorithm that the key is not for", bySet, sign(jwt.SigningMethodRS512, rsaKey, "one", nil), ErrRefused},
		{"expired", byFile, sign(rs, rsaKey, "", claim("exp", now.Add(-time.Minute).Unix())), ErrRefused},
		{"expired within the leeway", byFile, sign(rs, rsaKey, "", claim("exp", now.Add(-leeway/2).Unix())), nil},
		{"without end", byFile, sign(rs, rsaKey, "", without("exp")), ErrRefused},
		{"not valid yet", byFile, sign(rs, rsaKey, "", claim("nbf", now.Add(time.Hour).Unix())), ErrRefused},
		{"issued tomorrow", byFile, sign(rs, rsaKey, "", claim("iat", now.Add(24*time.Hour).Unix())), ErrRefused},
		{"another issuer", byFile, sign(rs, rsaKey, "", claim("iss", "them")), ErrRefused},
		{"no issuer", byFile, sign(rs, rsaKey, "", without("iss")), ErrRefused},
		{"another audience", byFile, sign(rs, rsaKey, "", claim("aud", "else")), ErrRefused},
		{"one audience of several", byFile, sign(rs, rsaKey, "", claim("aud", []string{"else", "volley"})), nil},
		{"no name", byFile, sign(rs, rsaKey, "", without("sub")), ErrRefused},
		{"an empty name", byFile, sign(rs, rsaKey, "", claim("sub", "")), ErrRefused},
		{"a name that is a number", byFile, sign(rs, rsaKey, "", claim("sub", 7)), ErrRefused},
		{"roles in a string", byFile, sign(rs, rsaKey, "", claim("roles", "a b")), nil},
		{"roles of numbers", byFile, sign(rs, rsaKey, "", claim("roles", []any{"a", 7, "b"})), nil},
		{"noise", byFile, "x.y.z", ErrRefused},
		{"no token", byFile, "opaque", ErrNotMine},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := NewJWT(t.Context(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			p, err := a.Token(t.Context(), c.token)
			if !errors.Is(err, c.err) {
				t.Fatalf("%v", err)
			}
			if err == nil && (p.Name != "ann" || fmt.Sprint(p.Roles) != "[a b]") {
				t.Errorf("%+v", p)
			}
			if err != nil && p.Name != "" {
				t.Errorf("%+v comes with %v", p, err)
			}
			if err != nil && strings.Contains(err.Error(), c.token) && len(c.token) > 10 {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
	for name, o := range map[string]JWTOptions{
		"nothing": {}, "a short secret": {Secret: []byte("short")}, "no such file": {KeyFile: filepath.Join(dir, "none")}, "no key in the file": {KeyFile: jwks},
		"no set in the file": {JWKSFile: file}, "no such set": {JWKSFile: filepath.Join(dir, "none")},
	} {
		if _, err := NewJWT(t.Context(), o); err == nil {
			t.Errorf("%s is enough for tokens", name)
		}
	}
}

func TestCertificates(t *testing.T) {
	uri, _ := url.Parse("spiffe://cluster/ann")
	for want, c := range map[string]*x509.Certificate{
		"ann":                  {Subject: pkix.Name{CommonName: "ann", OrganizationalUnit: []string{"ops"}}},
		"ann@example.org":      {EmailAddresses: []string{"ann@example.org"}},
		"spiffe://cluster/ann": {URIs: []*url.URL{uri}},
		"host.example":         {DNSNames: []string{"host.example"}},
	} {
		if p, err := (Certificates{}).Certificate(t.Context(), c); err != nil || p.Name != want {
			t.Errorf("%+v %v", p, err)
		}
	}
	if _, err := (Certificates{}).Certificate(t.Context(), &x509.Certificate{}); !errors.Is(err, ErrRefused) {
		t.Errorf("a certificate of nobody: %v", err)
	}
}

// TestAny: the first that judges a credential decides.
func TestAny(t *testing.T) {
	all := Any{Refusals{}, Everybody{}}
	if p, err := all.Password(t.Context(), "ann", "x"); err != nil || p.Name != "ann" {
		t.Errorf("%v %v", p, err)
	}
	if p, err := all.Token(t.Context(), "None"); err != nil || p.Name != Anonymous { // which some clients send for want of one
		t.Errorf("%v %v", p, err)
	}
	if _, err := all.Certificate(t.Context(), nil); !errors.Is(err, ErrNotMine) {
		t.Error(err)
	}
}

// TestCookies: a cookie that is not ours is as none.
func TestCookies(t *testing.T) {
	g := &Gate{Auth: Everybody{}, Keys: keys(t, nil, time.Hour), Anonymous: true}
	token, err := g.Keys.Sign(Principal{Name: "ann"}, "theirs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	old, _ := g.Keys.Sign(Principal{Name: "ann"}, "theirs", time.Now().Add(-40*time.Minute))
	ann := Principal{Name: "ann"}
	for _, c := range []struct {
		name, line string
		session    string
		sent       bool
	}{
		{"ours", CookieName + "=" + token, "theirs", true},
		{"ours, in quotes", CookieName + `="` + token + `"`, "theirs", true},
		{"ours among others", "a=b; " + CookieName + "=" + token + "; c=d", "theirs", true},
		{"ours, to be renewed", CookieName + "=" + old, "theirs", false},
		{"nothing", "", "", false},
		{"noise", "\x00\xff;;;===", "", false},
		{"no value", CookieName, "", false},
		{"an empty value", CookieName + "=", "", false},
		{"another name", "other=" + token, "", false},
		{"a forged one", CookieName + "=" + token[:len(token)-2] + "xx", "", false},
		{"many", strings.Repeat(CookieName+"=x; ", 10000), "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			session, sent := g.cookie(metadata.NewIncomingContext(t.Context(), metadata.Pairs("cookie", c.line)), ann)
			if session != c.session || sent != c.sent {
				t.Errorf("%q %v", session, sent)
			}
		})
	}
	if session, _ := g.cookie(metadata.NewIncomingContext(t.Context(), metadata.Pairs("cookie", CookieName+"="+token)), Principal{Name: "bob"}); session != "" {
		t.Error("the cookie of another user is taken")
	}
}

func TestBasic(t *testing.T) {
	enc := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		value, user, password string
		ok                    bool
	}{
		{enc([]byte("ann:pw")), "ann", "pw", true},
		{strings.TrimRight(enc([]byte("ann:p")), "="), "ann", "p", true},
		{base64.URLEncoding.EncodeToString([]byte("ann:\xff\xfe~~??")), "ann", "\xff\xfe~~??", true},
		{enc([]byte("ann:a:b")), "ann", "a:b", true},
		{enc([]byte(":")), "", "", true},
		{enc([]byte("ann")), "ann", "", false},
		{"", "", "", false},
		{"!!!", "", "", false},
	} {
		if user, password, ok := basic(c.value); user != c.user || password != c.password || ok != c.ok {
			t.Errorf("%q: %q %q %v", c.value, user, password, ok)
		}
	}
}

// argonOf makes an argon2id hash in PHC form.
func argonOf(t *testing.T, password, salt string) string {
	t.Helper()
	key := argon2.IDKey([]byte(password), []byte(salt), 1, 8<<10, 1, 32)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=1,p=1$%s$%s", 8<<10, enc([]byte(salt)), enc(key))
}

// TestAgain: who comes with a session token is judged by what is known now.
func TestAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, err := bcrypt.GenerateFromPassword([]byte("pw"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	other, err := bcrypt.GenerateFromPassword([]byte("pw2"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	write("ann:" + string(h) + ":a,b\n")
	log := func() *Users {
		u, err := OpenUsers(file)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	ctx := t.Context()
	ann, err := log().Password(ctx, "ann", "pw")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, file string
		who        Principal
		by         Authenticator
		roles      string
		refused    bool
	}{
		{"the same entry", "ann:" + string(h) + ":a,b\n", ann, nil, "a b", false},
		{"fewer roles", "ann:" + string(h) + ":b\n", ann, nil, "b", false},
		{"no roles", "ann:" + string(h) + "\n", ann, nil, "", false},
		{"no entry", "bob:" + string(h) + "\n", ann, nil, "", true},
		{"another password", "ann:" + string(other) + ":a,b\n", ann, nil, "", true},
		{"a stamp that is made up", "ann:" + string(h) + ":a,b\n", Principal{Name: "ann", By: "users:x"}, nil, "", true},
		{"nobody who vouches any more", "ann:" + string(h) + "\n", ann, Everybody{}, "", true},
		{"somebody whom nobody is to be asked about", "", Principal{Name: "zoe", Roles: []string{"r"}}, nil, "r", false},
		{"a token of another's that has ended", "", Principal{Name: "zoe", Until: time.Now().Add(-time.Second)}, nil, "", true},
		{"a token of another's that has not", "", Principal{Name: "zoe", Until: time.Now().Add(time.Hour)}, nil, "", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			write(c.file)
			by := c.by
			if by == nil {
				by = Any{Certificates{}, log()}
			}
			p, err := Still(ctx, by, c.who)
			if errors.Is(err, ErrRefused) != c.refused || err == nil && (p.Name != c.who.Name || strings.Join(p.Roles, " ") != c.roles) {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	t.Run("a session token says what it was given for", func(t *testing.T) {
		k, err := NewKeys(nil, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		until := time.Now().Add(time.Minute).Truncate(time.Second)
		token, err := k.Sign(Principal{Name: "ann", By: "users:1", Until: until}, "s", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if c, err := k.Read(token); err != nil || c.By != "users:1" || !c.Until.Equal(until) {
			t.Errorf("%+v, %v", c, err)
		}
	})
}
