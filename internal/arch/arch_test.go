package arch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportOrder(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	order, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	imports, err := Imports(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) < 10 {
		t.Fatalf("found only %d packages", len(imports))
	}
	for _, line := range order.Check(imports) {
		t.Error(line)
	}
	for p := range order.level {
		if _, ok := imports[p]; !ok {
			t.Errorf("the order names %s, which does not exist", p)
		}
	}
}

func TestCheckFindsBreaches(t *testing.T) {
	o, err := Parse("```order\na, b\n< c\n< d/e\na !< d/...\n```")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(o.Check(map[string][]string{
		"a": {"b"}, "b": {"c"}, "c": {"a", "b"}, "d/e": {"a"}, "x": nil,
	}), "\n")
	want := []string{"a imports b", "b imports c", "d/e imports a, which a !< d/... rules out", "x stands nowhere"}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("no breach %q in:\n%s", w, got)
		}
	}
	if strings.Contains(got, "c imports") {
		t.Errorf("allowed imports reported:\n%s", got)
	}
}

func TestPackageComments(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	missing, err := Undocumented(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range missing {
		t.Errorf("%s has no package comment", p)
	}

	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/a.go": "package a\n", "b/b.go": "// Package b is one.\npackage b\n", "b/c.go": "package b\n", "testdata/x.go": "package x\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Undocumented(dir); err != nil || strings.Join(got, " ") != "a" {
		t.Errorf("found %v, %v", got, err)
	}
}
