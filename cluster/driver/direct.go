package driver

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/flight/direct"
	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// Results say how executors give results to clients themselves.
type Results struct {
	// Host is what clients reach executors at, without a port.
	Host string
	// TLS is that of the server, of files; nil: plaintext, beyond this machine only if Insecure.
	TLS      *listen.TLS
	Insecure bool
	// TokenKey and TokenTTL are those of the server's session tokens. Auth judges
	// other credentials; Anonymous lets in calls without.
	TokenKey  []byte
	TokenTTL  time.Duration
	Auth      auth.Authenticator
	Anonymous bool
	// PingAfter and PingWait say how long a client may give no sign of life, as listen.Options do.
	PingAfter, PingWait time.Duration
}

// results is what the driver knows of it.
type results struct {
	Results
	key     []byte // of tickets
	message *control.ServeResults
}

// ServeResults has the executors give results to clients, those that are there
// and those to come. It reports false if there never are any. It may be called once.
func (d *Driver) ServeResults(o Results) (bool, error) {
	if d.o.Master.Kind != cluster.LocalCluster {
		return false, nil
	}
	ip := net.ParseIP(o.Host)
	here := o.Host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case o.TLS == nil && !o.Insecure && !here:
		return false, errors.New("executors at " + o.Host + " can be reached from other machines and have no TLS: give the server a certificate, or say that plaintext is meant")
	case o.TLS != nil && o.TLS.Cert != nil:
		return false, errors.New("executors need the server's certificate and key as files to offer clients the TLS that the server does")
	}
	r := &results{Results: o, key: make([]byte, direct.KeySize)}
	rand.Read(r.key)
	m := &control.ServeResults{
		Listen: ":0", Insecure: o.Insecure, TokenKey: o.TokenKey, TokenTTL: int64(o.TokenTTL), TicketKey: r.key, Anonymous: o.Anonymous,
		PingAfter: int64(o.PingAfter), PingWait: int64(o.PingWait),
	}
	if here {
		m.Listen = net.JoinHostPort(o.Host, "0")
	}
	if t := o.TLS; t != nil {
		m.CertFile, m.KeyFile, m.ClientCAFile, m.ClientCerts = t.CertFile, t.KeyFile, t.ClientCAFile, int32(t.ClientCerts)
	}
	r.message = m
	d.mu.Lock()
	defer d.mu.Unlock()
	d.results = r
	for _, x := range d.execs {
		x.post(m)
	}
	return true, nil
}

// scheme is what locations of executors begin with.
func (r *results) scheme() string {
	if r.TLS != nil {
		return "grpc+tls://"
	}
	return "grpc+tcp://"
}

// serving notes where an executor gives results to clients.
func (d *Driver) serving(x *link, m *control.Serving) {
	if m.Failure != "" {
		d.log.Error("an executor cannot give results to clients; the server does it", "executor", x.id, "reason", m.Failure)
		return
	}
	_, port, err := net.SplitHostPort(m.Addr)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	x.results = port
}

// maxLogins bounds the logins that are judged at a time for one executor; others wait.
const maxLogins = 8

// login judges the credentials of a client of an executor.
func (d *Driver) login(x *link, m *control.Login) {
	d.mu.Lock()
	r := d.results
	d.mu.Unlock()
	out := &control.LoginResult{ID: m.ID, Verdict: control.LoginRefused}
	if r != nil {
		p, err := r.judge(m)
		switch {
		case err == nil:
			out.Verdict, out.Name, out.Roles, out.By = control.LoginGood, p.Name, p.Roles, p.By
			if !p.Until.IsZero() {
				out.Until = p.Until.Unix()
			}
		case errors.Is(err, auth.ErrNotMine):
			out.Verdict = control.LoginNotMine
		}
	}
	x.post(out)
}

func (r *results) judge(m *control.Login) (auth.Principal, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	switch m.Kind {
	case control.LoginPassword:
		return r.Auth.Password(ctx, m.User, m.Secret)
	case control.LoginToken:
		return r.Auth.Token(ctx, m.Secret)
	case control.LoginCertificate: // which the executor's TLS has verified
		c, err := x509.ParseCertificate(m.Certificate)
		if err != nil {
			return auth.Principal{}, auth.ErrRefused
		}
		return r.Auth.Certificate(ctx, c)
	case control.LoginAgain:
		return r.Auth.Again(ctx, auth.Principal{Name: m.User, By: m.Secret})
	}
	return auth.Principal{}, auth.ErrNotMine
}

// Grants reports whether executors give the partitions of this job to clients.
func (q *Job) Grants() bool {
	q.d.mu.Lock()
	defer q.d.mu.Unlock()
	return q.d.results != nil && q.gathered() != nil
}

// Grant makes a ticket for a partition, which must be Ready, and tells where it
// is good. An empty location: it can be read by Partition alone, for now. g says
// who may read it, as what and until when.
func (q *Job) Grant(i int, handle []byte, g direct.Grant) (location string, ticket []byte) {
	select {
	case <-q.j.ready:
	default:
		return "", nil
	}
	at := q.place(q.j.reads[0], i)
	q.d.mu.Lock()
	r := q.d.results
	x := q.d.execs[at.Executor]
	port := ""
	if x != nil {
		port = x.results
	}
	q.d.mu.Unlock()
	if r == nil || port == "" {
		return "", nil
	}
	g.Executor, g.Output, g.Cols = at.Executor, at.Key, q.gathered().Cols
	ticket, err := direct.Seal(r.key, handle, g)
	if err != nil || len(ticket) > direct.MaxTicket {
		return "", nil
	}
	return r.scheme() + net.JoinHostPort(r.Host, port), ticket
}

// OnRead has f called with every partition that a client has read to its end at an executor.
func (q *Job) OnRead(f func(i int, rows, bytes int64)) {
	q.j.mu.Lock()
	defer q.j.mu.Unlock()
	q.j.onRead = f
}

// read notes that a client has read a partition.
func (d *Driver) read(m *control.ResultRead) {
	j := d.job(m.Job)
	if j == nil {
		return
	}
	j.mu.Lock()
	f := j.onRead
	j.mu.Unlock()
	if f != nil {
		f(int(m.Task), m.Rows, m.Bytes)
	}
}
