package executor

import (
	"context"
	"crypto/x509"
	"sync"
	"time"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/flight/direct"
	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// results is the server that gives results to clients, and an authenticator
// that has the driver judge their credentials.
type results struct {
	server *direct.Server
	conn   *control.Conn

	mu      sync.Mutex
	next    int64
	waiting map[int64]chan *control.LoginResult
}

var _ auth.Authenticator = (*results)(nil)

// serveResults starts to give results to clients, and tells the driver where.
func (e *executor) serveResults(m *control.ServeResults) {
	if e.results != nil {
		return
	}
	r := &results{conn: e.conn, waiting: map[int64]chan *control.LoginResult{}}
	answer := &control.Serving{}
	if err := r.start(e, m); err != nil {
		answer.Failure = err.Error()
	} else {
		answer.Addr = r.server.Addr().String()
		e.results = r
	}
	if err := e.conn.Send(answer); err != nil {
		e.o.Log.Warn("the driver was not told where results are", "error", err)
	}
}

func (r *results) start(e *executor, m *control.ServeResults) error {
	keys, err := auth.NewKeys(m.TokenKey, time.Duration(m.TokenTTL))
	if err != nil {
		return err
	}
	o := direct.Options{
		Listen:   listen.Options{Address: m.Listen, Insecure: m.Insecure, PingAfter: time.Duration(m.PingAfter), PingWait: time.Duration(m.PingWait)},
		Executor: e.o.ID, Reader: e.local, Account: e.runner.Account, Key: m.TicketKey, Keys: keys, Auth: r, Anonymous: m.Anonymous, Log: e.o.Log,
		Read: func(k exchange.Key, rows, bytes int64) {
			told := &control.ResultRead{Job: k.Job, Stage: k.Stage, Task: k.Partition, Rows: rows, Bytes: bytes}
			if err := e.conn.Send(told); err != nil {
				e.o.Log.Warn("the driver was not told that a result was read", "error", err)
			}
		},
	}
	if m.CertFile != "" {
		o.Listen.TLS = &listen.TLS{CertFile: m.CertFile, KeyFile: m.KeyFile, ClientCAFile: m.ClientCAFile, ClientCerts: listen.ClientCerts(m.ClientCerts)}
	}
	r.server, err = direct.Start(o)
	return err
}

// close ends the server; r may be nil.
func (r *results) close() {
	if r != nil {
		r.server.Close()
	}
}

// judged hands on the driver's answer to a login; r may be nil.
func (r *results) judged(m *control.LoginResult) {
	if r == nil {
		return
	}
	r.mu.Lock()
	ask := r.waiting[m.ID]
	delete(r.waiting, m.ID)
	r.mu.Unlock()
	if ask != nil {
		ask <- m
	}
}

// ask has the driver judge.
func (r *results) ask(ctx context.Context, m *control.Login) (auth.Principal, error) {
	answer := make(chan *control.LoginResult, 1)
	r.mu.Lock()
	r.next++
	m.ID = r.next
	r.waiting[m.ID] = answer
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.waiting, m.ID)
		r.mu.Unlock()
	}()
	if err := r.conn.Send(m); err != nil {
		return auth.Principal{}, err
	}
	select {
	case a := <-answer:
		switch a.Verdict {
		case control.LoginGood:
			p := auth.Principal{Name: a.Name, Roles: a.Roles, By: a.By}
			if a.Until != 0 {
				p.Until = time.Unix(a.Until, 0)
			}
			return p, nil
		case control.LoginNotMine:
			return auth.Principal{}, auth.ErrNotMine
		}
		return auth.Principal{}, auth.ErrRefused
	case <-ctx.Done():
		return auth.Principal{}, ctx.Err()
	}
}

// Password implements auth.Authenticator.
func (r *results) Password(ctx context.Context, user, password string) (auth.Principal, error) {
	return r.ask(ctx, &control.Login{Kind: control.LoginPassword, User: user, Secret: password})
}

// Token implements auth.Authenticator.
func (r *results) Token(ctx context.Context, token string) (auth.Principal, error) {
	return r.ask(ctx, &control.Login{Kind: control.LoginToken, Secret: token})
}

// Certificate implements auth.Authenticator.
func (r *results) Certificate(ctx context.Context, c *x509.Certificate) (auth.Principal, error) {
	return r.ask(ctx, &control.Login{Kind: control.LoginCertificate, Certificate: c.Raw})
}

// Again implements auth.Authenticator.
func (r *results) Again(ctx context.Context, p auth.Principal) (auth.Principal, error) {
	now, err := r.ask(ctx, &control.Login{Kind: control.LoginAgain, User: p.Name, Secret: p.By})
	now.Until = p.Until
	return now, err
}
