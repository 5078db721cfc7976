package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/volley-sql/volley/flight/sql/client"
)

// connectFlags say which server statements run at; without a URL they run in this process.
type connectFlags struct {
	url, user, token string
	ca, cert, key    string
	insecure         bool
}

func (f *connectFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.url, "connect", "", "run statements at a server, a `URL`: grpc+tls://[user@]host:port[/schema], or grpc:// without TLS")
	fl.StringVar(&f.user, "user", "", "`name` to log in with (VOLLEY_USER); a password that is not in VOLLEY_PASSWORD is asked for")
	fl.StringVar(&f.token, "token", "", "`token` to log in with (better: VOLLEY_TOKEN)")
	fl.StringVar(&f.ca, "ca", "", "`file` of the authorities that sign certificates of servers (default: the system's)")
	fl.StringVar(&f.cert, "client-cert", "", "`file` of the certificate to log in with")
	fl.StringVar(&f.key, "client-key", "", "`file` of its key")
	fl.BoolVar(&f.insecure, "insecure", false, "do not check the certificate of the server")
	for _, name := range []string{"connect", "user", "token"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	cmd.MarkFlagFilename("ca", "pem", "crt")
	cmd.MarkFlagFilename("client-cert", "pem", "crt")
	cmd.MarkFlagFilename("client-key", "pem", "key")
}

// given reports whether a server is to be used; flags that go with one alone are errors without.
func (f *connectFlags) given() (bool, error) {
	if f.url != "" {
		return true, nil
	}
	for name, v := range map[string]string{"user": f.user, "token": f.token, "ca": f.ca, "client-cert": f.cert, "client-key": f.key} {
		if v != "" {
			return false, usagef("--%s goes with --connect", name)
		}
	}
	if f.insecure {
		return false, usagef("--insecure goes with --connect")
	}
	return false, nil
}

// config reads the URL and the flags. conf are settings of the session.
func (f *connectFlags) config(ctx context.Context, conf map[string]string) (client.Config, error) {
	var c client.Config
	u, err := url.Parse(f.url)
	if err != nil || u.Hostname() == "" {
		return c, usagef("--connect takes grpc://host:port or grpc+tls://host:port") // not its text, which may hold a password
	}
	port := u.Port()
	if port == "" {
		port = "31337"
	}
	c = client.Config{Address: net.JoinHostPort(u.Hostname(), port), Schema: strings.Trim(u.Path, "/"), Options: conf}
	switch u.Scheme {
	case "grpc", "grpc+tcp":
		if f.ca != "" || f.cert != "" || f.key != "" || f.insecure {
			return c, usagef("--ca, --client-cert, --client-key and --insecure go with grpc+tls://")
		}
	case "grpc+tls", "grpcs":
		if c.TLS, err = f.tls(); err != nil {
			return c, err
		}
	default:
		return c, usagef("--connect: the scheme %q is neither grpc nor grpc+tls", u.Scheme)
	}
	if len(u.Query()) > 0 {
		return c, usagef("--connect takes no parameters behind ?; settings are given by --conf")
	}
	return c, f.login(ctx, u.User, &c)
}

// login fills in who logs in: flags before the URL before the environment.
func (f *connectFlags) login(ctx context.Context, in *url.Userinfo, c *client.Config) error {
	if c.Token = f.token; c.Token == "" && f.user == "" && in == nil {
		c.Token = os.Getenv("VOLLEY_TOKEN")
	}
	if c.Token != "" {
		if f.user != "" || in != nil {
			return usagef("a user and a token are two ways to log in: give one")
		}
		return nil
	}
	if c.User = f.user; c.User == "" && in != nil {
		c.User = in.Username()
	}
	if c.User == "" {
		c.User = os.Getenv("VOLLEY_USER")
	}
	if c.User == "" {
		return nil
	}
	if p, ok := in.Password(); ok {
		c.Password = p
		return nil
	}
	if p, ok := os.LookupEnv("VOLLEY_PASSWORD"); ok {
		c.Password = p
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return nil // a server may want none
	}
	var err error
	c.Password, err = askPassword(ctx, c.User)
	return err
}

// askPassword reads a password from the terminal, which does not show it.
func askPassword(ctx context.Context, user string) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type answer struct {
		text []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		got <- answer{text, err}
	}()
	// Who sees the question may answer it: the terminal must have stopped showing what is typed.
	for range 200 {
		if now, err := term.GetState(fd); err != nil || !reflect.DeepEqual(now, before) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "Password of %s: ", user)
	defer fmt.Fprintln(os.Stderr)
	select {
	case a := <-got:
		return string(a.text), a.err
	case <-ctx.Done(): // the terminal must show again what is typed
		_ = term.Restore(fd, before)
		return "", context.Cause(ctx)
	}
}

func (f *connectFlags) tls() (*tls.Config, error) {
	if (f.cert == "") != (f.key == "") {
		return nil, usagef("--client-cert and --client-key go together")
	}
	conf, err := client.TLSFiles{CA: f.ca, Cert: f.cert, Key: f.key, SkipVerify: f.insecure}.Config()
	if err != nil {
		return nil, usagef("--connect with TLS: %v", err)
	}
	return conf, nil
}

// open logs in.
func (f *connectFlags) open(ctx context.Context, conf map[string]string) (*client.Session, string, error) {
	c, err := f.config(ctx, conf)
	if err != nil {
		return nil, "", err
	}
	s, err := client.Open(ctx, c)
	return s, c.Address, err
}
