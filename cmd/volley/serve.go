package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// serveFlags are the flags of volley serve.
type serveFlags struct {
	appFlags
	o         serve.ServerOptions
	auth      []string
	users     string
	admins    []string
	jwt       auth.JWTOptions
	jwtSecret string
	jwks      string
	tls       listen.TLS
	clientTLS string
	devCert   bool
	state     string
	queryLog  string
	logLevel  string
	drain     time.Duration
	silence   time.Duration
	ready     string
	allowed   []string
}

func serveCommand() *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve SQL to JDBC, ADBC and other Flight SQL clients",
		Long: `Serves Flight SQL: clients connect with JDBC, ADBC or the Go driver, each
with a session of its own.

Without --auth nobody is asked who they are, and the server listens on this
machine alone. Beyond it, give a certificate (--tls-cert, --tls-key), or
--dev-cert to try TLS out, and say who may log in.`,
		Example: `  volley serve --tables data
  volley serve --listen :31337 --tls-cert cert.pem --tls-key key.pem --auth users --users users.txt
  volley serve --warehouse wh --dev-cert --auth jwt --jwks https://id.example.org/keys`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.appFlags.add(cmd)
	f.addListen(cmd)
	f.addAuth(cmd)
	f.addLimits(cmd)
	cmd.AddCommand(hashCommand())
	return cmd
}

func (f *serveFlags) addListen(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.o.Listen.Address, "listen", "127.0.0.1:31337", "host:port to listen at; port 0 is a free one")
	fl.BoolVar(&f.o.Listen.Insecure, "insecure", false, "allow plaintext from other machines")
	fl.StringVar(&f.tls.CertFile, "tls-cert", "", "file with the certificate (PEM), read again when it changes")
	fl.StringVar(&f.tls.KeyFile, "tls-key", "", "file with the key of the certificate")
	fl.BoolVar(&f.devCert, "dev-cert", false, "use a self-signed certificate, made in --state if it is not there")
	fl.StringVar(&f.tls.ClientCAFile, "tls-client-ca", "", "file with the authorities of client certificates")
	fl.StringVar(&f.clientTLS, "tls-client", "", "client certificates: optional or required (default required if --tls-client-ca is given)")
	fl.StringVar(&f.state, "state", "", "folder of keys (default $HOME/.volley)")
	fl.StringArrayVar(&f.allowed, "files", nil, "`folder` whose files statements may read and write, or any; may be repeated (default: any where nobody is asked who they are and only this machine is served, else none but --tables)")
	fl.StringVar(&f.o.Metrics, "metrics", "", "host:port of Prometheus metrics")
	fl.StringVar(&f.queryLog, "query-log", "", "file of the log of statements as JSON lines; - is standard error")
	fl.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	fl.DurationVar(&f.drain, "drain", 30*time.Second, "how long queries may go on when the server is told to end")
	fl.StringVar(&f.ready, "ready-file", "", "file that the address is written to once the server listens; with --metrics, its address is the second line")
}

func (f *serveFlags) addAuth(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.auth, "auth", nil, "who is let in: none, users, jwt, cert; may be repeated (default none)")
	fl.StringVar(&f.users, "users", "", "file of users, name:hash[:role,role]; see 'volley serve hash-password'")
	fl.StringArrayVar(&f.admins, "admin", nil, "user, or role:NAME, who may do everything; others may do what they have the right to. May be repeated (default: whoever is let in may do everything)")
	fl.StringVar(&f.jwtSecret, "jwt-secret-file", "", "file with the secret of HS256 tokens")
	fl.StringVar(&f.jwt.KeyFile, "jwt-key", "", "file with the public key (PEM) of tokens")
	fl.StringVar(&f.jwks, "jwks", "", "file or URL of the keys of tokens (JWKS)")
	fl.StringVar(&f.jwt.Issuer, "jwt-issuer", "", "issuer that tokens must have")
	fl.StringVar(&f.jwt.Audience, "jwt-audience", "", "audience that tokens must have")
	fl.StringVar(&f.jwt.UserClaim, "jwt-user-claim", "sub", "claim that holds the user's name")
	fl.StringVar(&f.jwt.RolesClaim, "jwt-roles-claim", "roles", "claim that holds roles")
	fl.StringVar(&f.o.TokenKey, "token-key", "", "file of the key that signs session tokens (default token.key in --state); servers that share it accept each other's")
	fl.DurationVar(&f.o.TokenTTL, "token-ttl", 12*time.Hour, "how long a session token is valid")
}

func (f *serveFlags) addLimits(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.DurationVar(&f.o.SQL.SessionIdle, "session-idle", 30*time.Minute, "how long a session without calls is kept")
	fl.DurationVar(&f.o.SQL.ResultTTL, "result-ttl", 5*time.Minute, "how long a result that is not read is kept")
	fl.DurationVar(&f.o.SQL.QueryTimeout, "query-timeout", 0, "time limit of queries; 0 is none")
	fl.DurationVar(&f.o.SQL.KeepAlive, "keep-alive", 0, "send an empty batch on streams that are silent for so long, for proxies that end them; 0 is never")
	fl.IntVar(&f.o.SQL.Endpoints, "endpoints", 1, "endpoints that results are offered in, where that can be, for clients that read several at a time; 1 to 64")
	fl.StringVar(&f.o.Direct, "direct", "", "have clients read results from executors, which they reach at `HOST`, with the TLS and logins of the server (default: all rows come through the server)")
	fl.DurationVar(&f.silence, "client-timeout", 30*time.Second, "how long a client may give no sign of life, which it is asked for, before its connection is given up and its queries end; at least 3s")
	fl.IntVar(&f.o.SQL.MaxSessions, "max-sessions", 10_000, "sessions at a time")
	fl.IntVar(&f.o.Listen.MaxConnections, "max-connections", 10_000, "connections at a time")
	fl.IntVar(&f.o.SQL.Admission.Running, "max-queries", 64, "queries that run at a time")
	fl.IntVar(&f.o.SQL.Admission.PerUser, "max-queries-per-user", 0, "queries of one user that run at a time (default as many as --max-queries)")
	fl.IntVar(&f.o.SQL.Admission.Queued, "max-queued", 256, "queries that wait for a place; more are refused")
	fl.DurationVar(&f.o.SQL.Admission.QueueTimeout, "queue-timeout", time.Minute, "how long a query waits for a place")
}

func (f *serveFlags) run(ctx context.Context) error {
	log, err := serverLog(f.logLevel)
	if err != nil {
		return err
	}
	if f.state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = os.TempDir()
		}
		f.state = filepath.Join(home, ".volley")
	}
	if f.o.TokenKey == "" {
		f.o.TokenKey = filepath.Join(f.state, "token.key")
	}
	f.o.Log, f.o.SQL.Version = log, versionText()
	if err := f.secure(log); err != nil {
		return err
	}
	if f.o.Auth, err = f.authenticator(ctx); err != nil {
		return err
	}
	if err := f.checkAdmins(log); err != nil {
		return err
	}
	closeLog, err := f.openQueryLog()
	if err != nil {
		return err
	}
	defer closeLog()
	if f.o.SQL.Endpoints < 1 || f.o.SQL.Endpoints > 64 {
		return usagef("--endpoints is from 1 to 64")
	}
	if f.silence < 3*time.Second { // pings of HTTP/2 are a second apart or more
		return usagef("--client-timeout is 3s or more")
	}
	f.o.Listen.PingAfter, f.o.Listen.PingWait = f.silence*2/3, f.silence/3
	f.files = f.reach()
	a, err := f.open(func(o *app.Options) { o.Admins = f.admins })
	if err != nil {
		return err
	}
	defer a.Close()
	e := serve.New(a)
	e.Rights = len(f.admins) > 0
	s, err := serve.Start(e, f.o)
	if err != nil {
		return err
	}
	scheme := "grpc"
	if f.o.Listen.TLS != nil {
		scheme = "grpc+tls"
	}
	url := fmt.Sprintf("%s://%s", scheme, s.Addr())
	fmt.Fprintf(os.Stderr, "volley: Flight SQL at %s\n", url)
	if m := s.MetricsAddr(); m != nil {
		fmt.Fprintf(os.Stderr, "volley: metrics at http://%s/metrics\n", m)
	}
	if f.ready != "" {
		text := s.Addr().String() + "\n"
		if m := s.MetricsAddr(); m != nil {
			text += m.String() + "\n"
		}
		if err := writeWhole(f.ready, text); err != nil {
			s.Close(ctx)
			return err
		}
	}
	<-ctx.Done()
	fmt.Fprintf(os.Stderr, "volley: ending; queries that run have %s\n", f.drain)
	end, cancel := context.WithTimeout(context.Background(), f.drain)
	defer cancel()
	return s.Close(end)
}

// reach is where statements may use files; nil is everywhere.
func (f *serveFlags) reach() []string {
	if slices.Contains(f.allowed, "any") {
		return nil
	}
	if len(f.allowed) > 0 {
		return f.allowed
	}
	host, _, err := net.SplitHostPort(f.o.Listen.Address)
	if ip := net.ParseIP(host); f.o.Auth == nil && err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return []string{}
}

// checkAdmins says what is wrong with who may do everything.
func (f *serveFlags) checkAdmins(log *slog.Logger) error {
	for _, a := range f.admins {
		if a == "" || a == "role:" {
			return usagef("--admin takes the name of a user, or role:NAME")
		}
	}
	switch {
	case f.o.Auth == nil && len(f.admins) > 0:
		return usagef("--admin needs --auth: without it any name is believed")
	case f.o.Auth != nil && len(f.admins) == 0:
		log.Warn("whoever is let in may do everything; --admin says who may, and has others ask for rights")
	}
	return nil
}

// writeWhole writes a file that nobody reads in part.
func writeWhole(file, text string) error {
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

func serverLog(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level: %q is none of debug, info, warn, error", level)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l})), nil
}

// secure sets up TLS.
func (f *serveFlags) secure(log *slog.Logger) error {
	switch {
	case f.devCert && f.tls.CertFile != "":
		return usagef("--dev-cert and --tls-cert exclude each other")
	case f.devCert:
		t, path, err := listen.DevCert(f.state)
		if err != nil {
			return err
		}
		log.Info("self-signed certificate", "file", path)
		f.tls.CertFile, f.tls.KeyFile = t.CertFile, t.KeyFile
	case (f.tls.CertFile == "") != (f.tls.KeyFile == ""):
		return usagef("--tls-cert and --tls-key go together")
	case f.tls.CertFile == "":
		if f.tls.ClientCAFile != "" || f.clientTLS != "" {
			return usagef("client certificates need a certificate of the server: --tls-cert and --tls-key, or --dev-cert")
		}
		return nil
	}
	switch f.clientTLS {
	case "":
		if f.tls.ClientCAFile != "" {
			f.tls.ClientCerts = listen.RequireClientCerts
		}
	case "required":
		f.tls.ClientCerts = listen.RequireClientCerts
	case "optional":
		f.tls.ClientCerts = listen.VerifyIfGiven
	default:
		return usagef("--tls-client: %q is neither optional nor required", f.clientTLS)
	}
	if f.tls.ClientCerts != listen.NoClientCerts && f.tls.ClientCAFile == "" {
		return usagef("--tls-client needs --tls-client-ca")
	}
	f.o.Listen.TLS = &f.tls
	return nil
}

// authenticator is nil if nobody is asked.
func (f *serveFlags) authenticator(ctx context.Context) (auth.Authenticator, error) {
	var all auth.Any
	for _, kind := range f.auth {
		switch kind {
		case "none":
			if len(f.auth) > 1 {
				return nil, usagef("--auth none and other kinds exclude each other")
			}
			return nil, nil
		case "users":
			if f.users == "" {
				return nil, usagef("--auth users needs --users")
			}
			u, err := auth.OpenUsers(f.users)
			if err != nil {
				return nil, err
			}
			all = append(all, u)
		case "jwt":
			j, err := f.tokens(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, j)
		case "cert":
			if f.tls.ClientCerts == listen.NoClientCerts {
				return nil, usagef("--auth cert needs --tls-client-ca")
			}
			all = append(all, auth.Certificates{})
		default:
			return nil, usagef("--auth: %q is none of none, users, jwt, cert", kind)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

func (f *serveFlags) tokens(ctx context.Context) (auth.Authenticator, error) {
	switch {
	case f.jwtSecret != "":
		b, err := os.ReadFile(f.jwtSecret)
		if err != nil {
			return nil, err
		}
		f.jwt.Secret = []byte(strings.TrimRight(string(b), "\r\n"))
	case strings.HasPrefix(f.jwks, "http://"), strings.HasPrefix(f.jwks, "https://"):
		f.jwt.JWKSURL = f.jwks
	default:
		f.jwt.JWKSFile = f.jwks
	}
	if f.jwtSecret == "" && f.jwt.KeyFile == "" && f.jwks == "" {
		return nil, usagef("--auth jwt needs --jwt-secret-file, --jwt-key or --jwks")
	}
	return auth.NewJWT(ctx, f.jwt)
}

// openQueryLog opens the log of statements.
func (f *serveFlags) openQueryLog() (func(), error) {
	var w io.Writer = os.Stderr
	end := func() {}
	switch f.queryLog {
	case "":
		return end, nil
	case "-":
	default:
		file, err := os.OpenFile(f.queryLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		w, end = file, func() { file.Close() }
	}
	f.o.Queries = slog.New(slog.NewJSONHandler(w, nil))
	return end, nil
}

func hashCommand() *cobra.Command {
	return &cobra.Command{
		Use: "hash-password", Short: "Read a password from standard input and print its hash for a file of users",
		Example: "  printf %s secret | volley serve hash-password",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 4096))
			if err != nil {
				return err
			}
			password := strings.TrimRight(string(b), "\r\n")
			if password == "" {
				return errors.New("there is no password on standard input")
			}
			h, err := auth.HashPassword(password)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), h)
			return nil
		},
	}
}
