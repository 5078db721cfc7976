package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/arch"
	"github.com/volley-sql/volley/internal/output"
)

// TestPage: docs/shell.md has every command with its arguments, and every format.
func TestPage(t *testing.T) {
	root, err := arch.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "shell.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dots() {
		if use := strings.ReplaceAll(strings.TrimSpace(d.name+" "+d.args), "|", `\|`); !strings.Contains(string(page), "`"+use+"`") {
			t.Errorf("docs/shell.md does not have %s", use)
		}
	}
	for _, f := range output.Formats {
		if !strings.Contains(string(page), "`"+f+"`") {
			t.Errorf("docs/shell.md does not have the format %s", f)
		}
	}
}
