// Command write makes the pages of docs/reference anew; go generate runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/volley-sql/volley/internal/arch"
	"github.com/volley-sql/volley/internal/docgen"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	root, err := arch.Root()
	if err != nil {
		return err
	}
	pages, err := docgen.Pages()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, filepath.FromSlash(docgen.Folder))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
