//go:build unix

package local

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Opening a pipe that nobody writes to would wait for ever.
func TestPipesAreNoFiles(t *testing.T) {
	p := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(p, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{p, "/dev/zero"} {
		if _, _, err := New().Stat(context.Background(), path); !sqlerr.Is(err, sqlerr.FileReadFailed) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
