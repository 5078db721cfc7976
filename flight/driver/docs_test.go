package driver

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/arch"
	"github.com/volley-sql/volley/internal/serve"
)

// TestClientsPage builds the Go program of docs/clients.md and runs it at a server.
func TestClientsPage(t *testing.T) {
	root, err := arch.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```go\n")
	program, more, ok := strings.Cut(rest, "```\n")
	if !ok || strings.Contains(more, "```go\n") {
		t.Fatal("docs/clients.md has none or several blocks of Go")
	}
	a, err := app.Open(app.Options{Threads: 2, Tables: filepath.Join(root, "testdata", "retail")})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := serve.Start(serve.New(a), serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	main := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(main, []byte(strings.ReplaceAll(program, "127.0.0.1:31337", s.Addr().String())), 0o600); err != nil {
		t.Fatal(err)
	}
	goTool := exec.CommandContext(t.Context(), "go", "run", main)
	goTool.Dir = root // whose module has the packages
	out, err := goTool.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 || lines[3] != "2 <nil>" {
		t.Errorf("%s", out)
	}
}
