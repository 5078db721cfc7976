package docgen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/internal/arch"
)

// TestPagesAreCurrent fails when the committed pages differ from the tables.
func TestPagesAreCurrent(t *testing.T) {
	root, err := arch.Root()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sorted(pages) {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(Folder), name))
		if err != nil {
			t.Fatal(err)
		}
		// A checkout on Windows may have CRLF.
		if diff := cmp.Diff(strings.ReplaceAll(string(got), "\r\n", "\n"), pages[name]); diff != "" {
			t.Errorf("%s/%s is stale. Run\n\n    %s\n\nand commit the page. Difference (- committed, + now):\n%.600s", Folder, name, Command, diff)
		}
	}
}

// TestPagesAgree makes the pages twice: their order must not depend on maps.
func TestPagesAgree(t *testing.T) {
	a, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"functions.md": "### repeat\n", "settings.md": "## spark.sql.ansi.enabled\n", "errors.md": "| DIVIDE_BY_ZERO | 22012 | statement or data |",
	} {
		if !strings.Contains(a[name], want) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
}
