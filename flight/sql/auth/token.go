package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Keys signs and reads session tokens. It is safe for concurrent use.
type Keys struct {
	secret []byte
	ttl    time.Duration
	parser *jwt.Parser
	read   recent[string, Claims]
	signed recent[signedFor, signedToken]
}

// signedFor is what a token says, without its times.
type signedFor struct {
	name, roles, session, by string
	until                    int64
}

type signedToken struct {
	token string
	at    time.Time
}

// recent remembers what was computed of late, since clients call again and
// again with the same. It forgets everything when it is full.
type recent[K comparable, V any] struct {
	mu sync.Mutex
	m  map[K]V
}

// recentSize bounds a recent.
const recentSize = 4096

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.m[k]
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil || len(r.m) >= recentSize {
		r.m = map[K]V{}
	}
	r.m[k] = v
}

// audience keeps our tokens apart from those others sign with the same secret.
const audience = "volley-session"

// keySize is the size of a signing key in bytes.
const keySize = 32

// NewKeys returns keys that sign with secret, or with a random key if it is
// nil: tokens then end with the process. Tokens are valid for ttl.
func NewKeys(secret []byte, ttl time.Duration) (*Keys, error) {
	if secret == nil {
		secret = make([]byte, keySize)
		rand.Read(secret)
	}
	if len(secret) < keySize {
		return nil, fmt.Errorf("the key of session tokens has %d bytes; it must have %d or more", len(secret), keySize)
	}
	return &Keys{secret: secret, ttl: ttl, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
	)}, nil
}

// ReadKey reads the signing key of a file, which it makes, for its owner
// alone, if there is none. Servers that share the file accept each other's tokens.
func ReadKey(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(file)
	}
	if err != nil {
		return nil, err
	}
	key, err := base64.RawStdEncoding.DecodeString(string(b))
	if err != nil || len(key) < keySize {
		return nil, fmt.Errorf("%s does not hold a key of session tokens", file)
	}
	return key, nil
}

// makeKey writes a new key whole: another server that starts at the same time
// reads all of it, and one of the two keys wins.
func makeKey(file string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key)
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-") // readable by its owner only
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.RawStdEncoding.EncodeToString(key))
	if err := errors.Join(err, tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), file); errors.Is(err, fs.ErrExist) {
		return ReadKey(file)
	} else if err != nil {
		return nil, err
	}
	return key, nil
}

// Claims is what a session token says.
type Claims struct {
	Principal
	// Session is the id of the session.
	Session string
	Issued  time.Time
	Expires time.Time
}

type tokenClaims struct {
	jwt.RegisteredClaims
	Session string   `json:"sid"`
	Roles   []string `json:"roles,omitempty"`
	By      string   `json:"by,omitempty"`
	Until   int64    `json:"until,omitempty"` // seconds since the epoch
}

// Sign makes a token for a session of a user, or gives one that it made not long ago.
func (k *Keys) Sign(p Principal, session string, now time.Time) (string, error) {
	of := signedFor{p.Name, strings.Join(p.Roles, "\x00"), session, p.By, until(p)}
	if t, ok := k.signed.get(of); ok && now.Sub(t.at) < min(k.ttl/8, time.Minute) && !now.Before(t.at) {
		return t.token, nil
	}
	token, err := k.sign(p, session, now)
	if err == nil {
		k.signed.put(of, signedToken{token, now})
	}
	return token, err
}

// until is Until as tokens have it.
func until(p Principal) int64 {
	if p.Until.IsZero() {
		return 0
	}
	return p.Until.Unix()
}

func (k *Keys) sign(p Principal, session string, now time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: p.Name, Audience: jwt.ClaimStrings{audience}, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(k.ttl)),
		},
		Session: session, Roles: p.Roles, By: p.By, Until: until(p),
	}).SignedString(k.secret)
}

// Read checks a token. ErrNotMine: it is not one of ours; an error that wraps
// ErrRefused: it is, and has expired.
func (k *Keys) Read(token string) (Claims, error) {
	if c, ok := k.read.get(token); ok && time.Now().Before(c.Expires) {
		return c, nil
	}
	var c tokenClaims
	_, err := k.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return k.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Claims{}, fmt.Errorf("%w: the session token has expired; log in again", ErrRefused)
	case err != nil:
		return Claims{}, ErrNotMine
	}
	out := Claims{Principal: Principal{Name: c.Subject, Roles: c.Roles, By: c.By}, Session: c.Session, Expires: c.ExpiresAt.Time}
	if c.Until != 0 {
		out.Until = time.Unix(c.Until, 0)
	}
	if c.IssuedAt != nil {
		out.Issued = c.IssuedAt.Time
	}
	k.read.put(token, out)
	return out, nil
}
