package listen

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// ClientCerts says what is asked of clients.
type ClientCerts uint8

// What may be asked.
const (
	NoClientCerts ClientCerts = iota
	// VerifyIfGiven lets in clients without a certificate, to log in otherwise.
	VerifyIfGiven
	RequireClientCerts
)

// TLS are the certificates of a server. Files are read again when they have changed.
type TLS struct {
	CertFile, KeyFile string
	// Cert is used instead of files, if set.
	Cert *tls.Certificate
	// ClientCAFile holds the authorities of client certificates.
	ClientCAFile string
	ClientCerts  ClientCerts
}

// recheck is how often files are looked at, at most.
const recheck = time.Second

// config makes a configuration that reads changed files for new connections.
func (t *TLS) config() (*tls.Config, error) {
	r := &reloader{t: t}
	if err := r.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return r.current(), nil
		},
	}, nil
}

type reloader struct {
	t *TLS

	mu      sync.Mutex
	conf    *tls.Config
	stamp   [3]time.Time
	checked time.Time
}

func (r *reloader) files() [3]string { return [3]string{r.t.CertFile, r.t.KeyFile, r.t.ClientCAFile} }

func (r *reloader) stamps() (out [3]time.Time) {
	for i, f := range r.files() {
		if f == "" {
			continue
		}
		if info, err := os.Stat(f); err == nil {
			out[i] = info.ModTime()
		}
	}
	return out
}

// current is the configuration of the files as they are. Files that cannot be
// used, as while they are being replaced, leave the one before.
func (r *reloader) current() *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.checked) > recheck {
		r.checked = now
		if r.stamps() != r.stamp {
			_ = r.loadLocked()
		}
	}
	return r.conf
}

func (r *reloader) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loadLocked()
}

func (r *reloader) loadLocked() error {
	stamp := r.stamps()
	cert := r.t.Cert
	if cert == nil {
		c, err := tls.LoadX509KeyPair(r.t.CertFile, r.t.KeyFile)
		if err != nil {
			return fmt.Errorf("the certificate %s with key %s cannot be used: %w", r.t.CertFile, r.t.KeyFile, err)
		}
		cert = &c
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{*cert}}
	if r.t.ClientCerts != NoClientCerts {
		pem, err := os.ReadFile(r.t.ClientCAFile)
		if err != nil {
			return fmt.Errorf("the authorities of client certificates cannot be read: %w", err)
		}
		conf.ClientCAs = x509.NewCertPool()
		if !conf.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s holds no certificate in PEM", r.t.ClientCAFile)
		}
		conf.ClientAuth = tls.VerifyClientCertIfGiven
		if r.t.ClientCerts == RequireClientCerts {
			conf.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	r.conf, r.stamp = conf, stamp
	return nil
}
