package listen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/certtest"
)

func open(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx, nil)
	})
	return s
}

// check asks for the health of a server. conf is nil for plaintext.
func check(t *testing.T, s *Server, conf *tls.Config) error {
	t.Helper()
	creds := insecure.NewCredentials()
	if conf != nil {
		creds = credentials.NewTLS(conf)
	}
	c, err := grpc.NewClient(s.Addr().String(), grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = healthpb.NewHealthClient(c).Check(ctx, &healthpb.HealthCheckRequest{})
	return err
}

// TestTLS: who does not speak TLS, or does so under the wrong authority, is
// refused, and others are not.
func TestTLS(t *testing.T) {
	ours, others := certtest.New(t), certtest.New(t)
	pair := ours.Pair("server", nil)
	old := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	early := func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }
	ca := ours.File(t.TempDir())
	trusting := &tls.Config{RootCAs: ours.Pool()}
	client := func(c tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: ours.Pool(), Certificates: []tls.Certificate{c}}
	}
	elsewhere := ours.Pair("elsewhere", func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"elsewhere.example"}, nil })
	expired, future := ours.Pair("server", old), ours.Pair("server", early)
	required := func(c tls.Certificate) *TLS { return &TLS{Cert: &c, ClientCAFile: ca, ClientCerts: RequireClientCerts} }
	optional := &TLS{Cert: &pair, ClientCAFile: ca, ClientCerts: VerifyIfGiven}
	for _, c := range []struct {
		name   string
		server *TLS
		client *tls.Config
		ok     bool
	}{
		{"plain on plain", nil, nil, true},
		{"TLS on TLS", &TLS{Cert: &pair}, trusting, true},
		{"plain on TLS", &TLS{Cert: &pair}, nil, false},
		{"TLS on plain", nil, trusting, false},
		{"an authority that the client does not know", &TLS{Cert: &pair}, &tls.Config{RootCAs: others.Pool()}, false},
		{"a server of another name", &TLS{Cert: &elsewhere}, trusting, false},
		{"a server whose certificate is over", &TLS{Cert: &expired}, trusting, false},
		{"a server whose certificate is not valid yet", &TLS{Cert: &future}, trusting, false},
		{"TLS 1.1", &TLS{Cert: &pair}, &tls.Config{RootCAs: ours.Pool(), MaxVersion: tls.VersionTLS11}, false},
		{"no client certificate where one is required", required(pair), trusting, false},
		{"a client certificate", required(pair), client(ours.Pair("ann", nil)), true},
		{"a client of another authority", required(pair), client(others.Pair("ann", nil)), false},
		{"a client whose certificate is over", required(pair), client(ours.Pair("ann", old)), false},
		{"a client with the certificate of a server", required(pair), client(ours.Pair("ann", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})), false},
		{"no client certificate where it is optional", optional, trusting, true},
		{"a good one where it is optional", optional, client(ours.Pair("ann", nil)), true},
		{"one of another authority where it is optional", optional, client(others.Pair("ann", nil)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, Options{TLS: c.server})
			err := check(t, s, c.client)
			if (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
			if err != nil && status.Code(err) != codes.Unavailable && status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestReload: certificates are read again when they change, authorities too;
// files that are broken leave what was.
func TestReload(t *testing.T) {
	first, second := certtest.New(t), certtest.New(t)
	dir := t.TempDir()
	cert, key := certtest.Files(t, dir, first.Pair("one", nil))
	conf := &TLS{CertFile: cert, KeyFile: key, ClientCAFile: first.File(dir), ClientCerts: RequireClientCerts}
	s := open(t, Options{TLS: conf})
	with := func(a *certtest.Authority) *tls.Config {
		return &tls.Config{RootCAs: a.Pool(), Certificates: []tls.Certificate{a.Pair("ann", nil)}}
	}
	if err := check(t, s, with(first)); err != nil {
		t.Fatal(err)
	}
	age := func() { // files of a newer time, and a time to look again
		later := time.Now().Add(time.Hour)
		for _, f := range []string{cert, key, conf.ClientCAFile} {
			os.Chtimes(f, later, later)
		}
		time.Sleep(recheck + 50*time.Millisecond)
	}
	if err := os.WriteFile(cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	age()
	if err := check(t, s, with(first)); err != nil {
		t.Errorf("a broken file has ended what worked: %v", err)
	}
	certtest.Files(t, dir, second.Pair("two", nil))
	second.File(dir)
	later := time.Now().Add(2 * time.Hour)
	os.Chtimes(cert, later, later)
	time.Sleep(recheck + 50*time.Millisecond)
	if err := check(t, s, with(second)); err != nil {
		t.Errorf("the new certificate is not used: %v", err)
	}
	if err := check(t, s, with(first)); err == nil {
		t.Error("clients of the old authority are still let in")
	}
	conf.CertFile = filepath.Join(dir, "nowhere")
	if _, err := Open(Options{Address: "127.0.0.1:0", TLS: conf}); err == nil {
		t.Error("a server has started without its certificate")
	}
	conf.CertFile, conf.ClientCAFile = cert, key
	if _, err := Open(Options{Address: "127.0.0.1:0", TLS: conf}); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("a key as authority: %v", err)
	}
}

// TestAddress: plaintext stays on this machine unless it is meant.
func TestAddress(t *testing.T) {
	if _, err := Open(Options{Address: "0.0.0.0:0"}); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("plaintext for everybody: %v", err)
	}
	s := open(t, Options{Address: "0.0.0.0:0", Insecure: true})
	taken := s.Addr().String()
	if _, err := Open(Options{Address: taken, Insecure: true}); err == nil || !strings.Contains(err.Error(), taken[strings.LastIndex(taken, ":"):]) {
		t.Errorf("an address in use: %v", err)
	}
	if _, err := Open(Options{Address: "nonsense"}); err == nil {
		t.Error("an address of nonsense")
	}
	dev, path, err := DevCert(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Address: "0.0.0.0:0", TLS: dev})
	pem, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("the development certificate is no authority for clients")
	}
	if err := check(t, s, &tls.Config{RootCAs: pool, ServerName: "localhost"}); err != nil {
		t.Error(err)
	}
}

// TestDevCert: the second start finds the certificate of the first.
func TestDevCert(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := DevCert(dir); err != nil {
		t.Fatal(err)
	}
	one, _ := os.ReadFile(filepath.Join(dir, "dev-cert.pem"))
	if _, _, err := DevCert(dir); err != nil {
		t.Fatal(err)
	}
	two, _ := os.ReadFile(filepath.Join(dir, "dev-cert.pem"))
	if string(one) != string(two) {
		t.Error("a certificate that is good was replaced")
	}
	info, err := os.Stat(filepath.Join(dir, "dev-key.pem"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key can be read by others: %v %v", info.Mode(), err)
	}
	os.WriteFile(filepath.Join(dir, "dev-cert.pem"), []byte("broken"), 0o600)
	if _, _, err := DevCert(dir); err != nil {
		t.Fatal(err)
	}
	if three, _ := os.ReadFile(filepath.Join(dir, "dev-cert.pem")); !strings.Contains(string(three), "CERTIFICATE") {
		t.Error("a broken certificate stays")
	}
}

// TestRecovery: a panic, in a call of either kind, is an error that tells nothing.
func TestRecovery(t *testing.T) {
	unary := func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
		panic("secret thing")
	}
	stream := func(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error {
		panic(errors.New("secret thing"))
	}
	s := open(t, Options{Unary: []grpc.UnaryServerInterceptor{unary}, Stream: []grpc.StreamServerInterceptor{stream}})
	c, err := grpc.NewClient(s.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := healthpb.NewHealthClient(c)
	for range 3 {
		_, err := h.Check(t.Context(), &healthpb.HealthCheckRequest{})
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
		w, err := h.Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err == nil {
			_, err = w.Recv()
		}
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
	rec := httptest.NewRecorder()
	s.o.Metrics.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(rec.Body.String(), `volley_call_seconds_count{code="Internal",method="Check"} 3`) &&
		!strings.Contains(rec.Body.String(), `volley_connections 1`) {
		t.Errorf("%s", rec.Body)
	}
}

// TestLimit: what is beyond the limit is closed, and closing twice counts once.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ended []net.Addr
	tagged := &net.UnixAddr{Name: "tagged"}
	l := limit(inner, &Options{
		MaxConnections: 2, Metrics: NewMetrics(),
		Tag: func(net.Addr) net.Addr { return tagged }, Ended: func(a net.Addr) { ended = append(ended, a) },
	})
	defer l.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	accept := func() net.Conn {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	dial()
	one := accept()
	dial()
	accept()
	third := dial()
	fourth := dial()
	got := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			got <- c
		}
	}()
	for _, c := range []net.Conn{third, fourth} {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("not refused: %v", err)
		}
	}
	one.Close()
	one.Close()
	dial()
	select {
	case <-got:
	case <-time.After(5 * time.Second):
		t.Error("there is no room where one has gone")
	}
	if len(ended) != 1 || ended[0] != tagged || one.RemoteAddr() != tagged {
		t.Errorf("the ends of %v were told", ended)
	}
	if n := l.(*limited).open.Load(); n != 2 {
		t.Errorf("%d are counted", n)
	}
}
