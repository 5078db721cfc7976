package client_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/volley-sql/volley/flight/sql/client"
)

// The errors of files for TLS name the file; without files the system's certificates count.
func TestTLSFiles(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []client.TLSFiles{{CA: bad}, {CA: bad + "x"}, {Cert: bad, Key: bad}, {Cert: bad}} {
		if _, err := f.Config(); err == nil || !strings.Contains(err.Error(), "bad.pem") {
			t.Errorf("%+v: %v, want an error that names the file", f, err)
		}
	}
	c, err := client.TLSFiles{SkipVerify: true}.Config()
	if err != nil || c.RootCAs != nil || len(c.Certificates) != 0 || !c.InsecureSkipVerify {
		t.Errorf("%v, %v", c, err)
	}
}
