package auth

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// JWTOptions say which tokens of others are accepted. One of Secret, KeyFile,
// JWKSFile and JWKSURL gives the key.
type JWTOptions struct {
	// Secret is the key of HS256, HS384 and HS512, at least 32 bytes.
	Secret []byte
	// KeyFile holds a public key in PEM: RSA for RS*, PS*; EC for ES*; Ed25519 for EdDSA.
	KeyFile string
	// JWKSFile and JWKSURL give a set of keys; that of a URL is fetched anew from time to time.
	JWKSFile, JWKSURL string
	// Issuer and Audience must be those of the token, unless empty.
	Issuer, Audience string
	// UserClaim holds the user's name; empty: sub. RolesClaim holds a list of roles, or one string of them; empty: roles.
	UserClaim, RolesClaim string
}

// JWT is an Authenticator for tokens that somebody else signs.
type JWT struct {
	Refusals
	o      JWTOptions
	key    jwt.Keyfunc
	parser *jwt.Parser
}

// leeway is how far clocks may differ.
const leeway = 30 * time.Second

// NewJWT makes an authenticator. ctx ends the fetching of keys from a URL.
func NewJWT(ctx context.Context, o JWTOptions) (*JWT, error) {
	if o.UserClaim == "" {
		o.UserClaim = "sub"
	}
	if o.RolesClaim == "" {
		o.RolesClaim = "roles"
	}
	a := &JWT{o: o}
	methods, err := a.keys(ctx)
	if err != nil {
		return nil, err
	}
	opts := []jwt.ParserOption{jwt.WithValidMethods(methods), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithIssuedAt()}
	if o.Issuer != "" {
		opts = append(opts, jwt.WithIssuer(o.Issuer))
	}
	if o.Audience != "" {
		opts = append(opts, jwt.WithAudience(o.Audience))
	}
	a.parser = jwt.NewParser(opts...)
	return a, nil
}

// keys sets a.key and lists the algorithms that fit the kind of key. A public
// key must never verify an HMAC, so the two never stand in one list.
func (a *JWT) keys(ctx context.Context) ([]string, error) {
	asymmetric := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	switch o := a.o; {
	case len(o.Secret) > 0:
		if len(o.Secret) < 32 {
			return nil, fmt.Errorf("the secret of tokens has %d bytes; it must have 32 or more", len(o.Secret))
		}
		a.key = func(*jwt.Token) (any, error) { return o.Secret, nil }
		return []string{"HS256", "HS384", "HS512"}, nil
	case o.KeyFile != "":
		pem, err := os.ReadFile(o.KeyFile)
		if err != nil {
			return nil, err
		}
		key, methods, err := publicKey(pem)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.KeyFile, err)
		}
		a.key = func(*jwt.Token) (any, error) { return key, nil }
		return methods, nil
	case o.JWKSFile != "":
		raw, err := os.ReadFile(o.JWKSFile)
		if err != nil {
			return nil, err
		}
		set, err := keyfunc.NewJWKSetJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.JWKSFile, err)
		}
		a.key = set.Keyfunc
		return asymmetric, nil
	case o.JWKSURL != "":
		set, err := keyfunc.NewDefaultCtx(ctx, []string{o.JWKSURL})
		if err != nil {
			return nil, fmt.Errorf("keys of %s: %w", o.JWKSURL, err)
		}
		a.key = set.Keyfunc
		return asymmetric, nil
	}
	return nil, fmt.Errorf("tokens need a secret, a key file, or a set of keys")
}

func publicKey(pem []byte) (key any, methods []string, err error) {
	if key, err = jwt.ParseRSAPublicKeyFromPEM(pem); err == nil {
		return key, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	}
	if key, err = jwt.ParseECPublicKeyFromPEM(pem); err == nil {
		return key, []string{"ES256", "ES384", "ES512"}, nil
	}
	if key, err = jwt.ParseEdPublicKeyFromPEM(pem); err == nil {
		return key, []string{"EdDSA"}, nil
	}
	return nil, nil, fmt.Errorf("there is no public key of RSA, EC or Ed25519 in PEM")
}

// Token implements Authenticator.
func (a *JWT) Token(_ context.Context, token string) (Principal, error) {
	if strings.Count(token, ".") != 2 {
		return Principal{}, ErrNotMine
	}
	claims := jwt.MapClaims{}
	if _, err := a.parser.ParseWithClaims(token, claims, a.key); err != nil {
		return Principal{}, fmt.Errorf("%w: %v", ErrRefused, err)
	}
	name, _ := claims[a.o.UserClaim].(string)
	if name == "" {
		return Principal{}, fmt.Errorf("%w: the token has no claim %q", ErrRefused, a.o.UserClaim)
	}
	p := Principal{Name: name}
	if at, err := claims.GetExpirationTime(); err == nil && at != nil {
		p.Until = at.Time
	}
	switch r := claims[a.o.RolesClaim].(type) {
	case string:
		p.Roles = strings.FieldsFunc(r, func(c rune) bool { return c == ' ' || c == ',' })
	case []any:
		for _, x := range r {
			if s, ok := x.(string); ok {
				p.Roles = append(p.Roles, s)
			}
		}
	}
	return p, nil
}
