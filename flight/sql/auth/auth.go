// Package auth finds out who a Flight call comes from.
//
//	authorization: Basic … ─┐
//	authorization: Bearer … ├─► Authenticator ─► Principal ─► context of the call
//	client certificate      ─┘        ▲                │
//	                          session token ◄── Handshake, every reply
//
// A login by password or by a token of somebody else's is answered with a
// session token of ours, which carries the user, the session and an expiry
// under a signature, so any server that has the key accepts it, also after a
// restart. The package knows nothing of rights: what a user may do is decided
// where names are resolved.
package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Principal is who a call comes from.
type Principal struct {
	// Name is the user; Anonymous where nobody is asked.
	Name string
	// Roles are those the authenticator vouches for, such as claims of a token.
	Roles []string
	// By is what the authenticator that let them in wants to know when it is asked
	// Again; empty if it is not to be asked.
	By string
	// Until is when what they came with ends; zero: it does not say.
	Until time.Time
}

// Anonymous is the user of a server that asks nobody.
const Anonymous = "anonymous"

// ErrRefused is the error of every credential that is wrong, expired or not
// understood. It does not say which: the log does.
var ErrRefused = errors.New("the credentials are not valid")

// ErrNotMine is the answer of an authenticator to a kind of credential that it does not judge.
var ErrNotMine = errors.New("not a credential of this kind")

// Authenticator judges credentials. Methods return ErrNotMine for a kind they
// do not judge and an error that wraps ErrRefused for a bad one. It is safe for
// concurrent use.
type Authenticator interface {
	Password(ctx context.Context, user, password string) (Principal, error)
	Token(ctx context.Context, token string) (Principal, error)
	// Certificate judges the verified certificate of a client.
	Certificate(ctx context.Context, cert *x509.Certificate) (Principal, error)
	// Again judges somebody it has let in before: whether they still would be, and
	// with which roles. It is asked for every call that comes with a session token.
	Again(ctx context.Context, p Principal) (Principal, error)
}

// Still judges again somebody who was let in by a.
func Still(ctx context.Context, a Authenticator, p Principal) (Principal, error) {
	if !p.Until.IsZero() && !time.Now().Before(p.Until) {
		return Principal{}, fmt.Errorf("%w: what user %q logged in with has expired", ErrRefused, p.Name)
	}
	if p.By == "" {
		return p, nil
	}
	now, err := a.Again(ctx, p)
	if errors.Is(err, ErrNotMine) { // the server asks others by now
		return Principal{}, fmt.Errorf("%w: nobody vouches for user %q any more", ErrRefused, p.Name)
	}
	return now, err
}

// Refusals is an Authenticator that judges nothing, for others to embed.
type Refusals struct{}

// Password implements Authenticator.
func (Refusals) Password(context.Context, string, string) (Principal, error) {
	return Principal{}, ErrNotMine
}

// Token implements Authenticator.
func (Refusals) Token(context.Context, string) (Principal, error) { return Principal{}, ErrNotMine }

// Certificate implements Authenticator.
func (Refusals) Certificate(context.Context, *x509.Certificate) (Principal, error) {
	return Principal{}, ErrNotMine
}

// Again implements Authenticator.
func (Refusals) Again(context.Context, Principal) (Principal, error) { return Principal{}, ErrNotMine }

// Everybody lets everybody in: under the name they give, or as Anonymous.
type Everybody struct{ Refusals }

// Password implements Authenticator.
func (Everybody) Password(_ context.Context, user, _ string) (Principal, error) {
	if user == "" {
		user = Anonymous
	}
	return Principal{Name: user}, nil
}

// Token implements Authenticator. What a token says is nobody's to judge here:
// there are clients that send "None" for want of one.
func (Everybody) Token(context.Context, string) (Principal, error) {
	return Principal{Name: Anonymous}, nil
}

// Any asks several authenticators in turn; the first that judges decides.
type Any []Authenticator

// Password implements Authenticator.
func (a Any) Password(ctx context.Context, user, password string) (Principal, error) {
	return first(a, func(x Authenticator) (Principal, error) { return x.Password(ctx, user, password) })
}

// Token implements Authenticator.
func (a Any) Token(ctx context.Context, token string) (Principal, error) {
	return first(a, func(x Authenticator) (Principal, error) { return x.Token(ctx, token) })
}

// Certificate implements Authenticator.
func (a Any) Certificate(ctx context.Context, cert *x509.Certificate) (Principal, error) {
	return first(a, func(x Authenticator) (Principal, error) { return x.Certificate(ctx, cert) })
}

// Again implements Authenticator.
func (a Any) Again(ctx context.Context, p Principal) (Principal, error) {
	return first(a, func(x Authenticator) (Principal, error) { return x.Again(ctx, p) })
}

func first(all Any, ask func(Authenticator) (Principal, error)) (Principal, error) {
	for _, x := range all {
		if p, err := ask(x); !errors.Is(err, ErrNotMine) {
			return p, err
		}
	}
	return Principal{}, ErrNotMine
}
