package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestConformance holds docs/conformance.md to the tests: every row of a table
// names, in its last column, at least one test, and each is there. Names are
//
//	test_x.py::TestC::test_f      a function of testdata/clients/adbc
//	StatementTest.cancel          a method of testdata/clients/jdbc
//	flight.test.js: a query       a test of testdata/clients/node
//	flight/sql TestTickets/noise  a test of a Go package, and parts of the names of its subtests
//	.ci/run clients_go            a step
//
// A row that no test holds says why behind "none:".
func TestConformance(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	finder := finder{root: root, packages: map[string]*goTests{}}
	rows, names := 0, 0
	span := regexp.MustCompile("`([^`]+)`")
	for n, line := range strings.Split(string(page), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| item") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		last := cells[len(cells)-1]
		rows++
		if strings.HasPrefix(last, "none: ") {
			continue
		}
		found := span.FindAllStringSubmatch(last, -1)
		if len(found) == 0 {
			t.Errorf("docs/conformance.md:%d: no test is named", n+1)
		}
		for _, f := range found {
			names++
			if err := finder.find(f[1]); err != nil {
				t.Errorf("docs/conformance.md:%d: %s: %v", n+1, f[1], err)
			}
		}
	}
	if rows < 150 || names < rows {
		t.Errorf("the page has %d rows with %d names of tests", rows, names)
	}
	for _, gone := range []string{
		"test_session.py::TestTLS::test_gone", "test_session.py::TestGone::test_skip_verify", "test_gone.py::test_x", "StatementTest.gone", "GoneTest.cancel", "flight.test.js: gone",
		"flight/sql TestGone", "flight/sql TestTickets/no such part", "flight/gone TestTickets", ".ci/run gone", "gone",
	} {
		if finder.find(gone) == nil {
			t.Errorf("%s is found", gone)
		}
	}
}

// goTests are the tests of a package.
type goTests struct {
	funcs    map[string]bool
	literals []string // texts in its test files, which names of subtests are made of
}

type finder struct {
	root     string
	packages map[string]*goTests
}

// find reports an error if the test is not there.
func (f *finder) find(name string) error {
	dir, test, spaced := strings.Cut(name, " ")
	switch {
	case strings.Contains(name, ".py::"):
		return f.python(strings.Split(name, "::"))
	case strings.Contains(name, ".test.js: "):
		file, title, _ := strings.Cut(name, ": ")
		return f.matches(filepath.Join("testdata/clients/node", file), `(?m)^test\("`+regexp.QuoteMeta(title)+`"`)
	case dir == ".ci/run":
		return f.matches(dir, `(?m)\bstep `+regexp.QuoteMeta(test)+`\b`)
	case spaced && strings.HasPrefix(test, "Test") || spaced && strings.HasPrefix(test, "Fuzz"):
		return f.golang(dir, strings.Split(test, "/"))
	}
	class, method, ok := strings.Cut(name, ".")
	if !ok {
		return fmt.Errorf("this is no name of a test")
	}
	return f.matches(filepath.Join("testdata/clients/jdbc/src/test/java/volley", class+".java"), `(?s)@(?:Parameterized)?Test\b(?:[^;]){0,200}?\bvoid `+regexp.QuoteMeta(method)+`\(`)
}

func (f *finder) matches(file, pattern string) error {
	text, err := os.ReadFile(filepath.Join(f.root, file))
	if err != nil {
		return err
	}
	if !regexp.MustCompile(pattern).Match(text) {
		return fmt.Errorf("it is not in %s", file)
	}
	return nil
}

func (f *finder) python(parts []string) error {
	text, err := os.ReadFile(filepath.Join(f.root, "testdata/clients/adbc", parts[0]))
	if err != nil {
		return err
	}
	in, indent := string(text), ""
	if len(parts) == 3 {
		_, after, ok := strings.Cut(in, "\nclass "+parts[1]+":\n")
		if !ok {
			return fmt.Errorf("there is no class %s", parts[1])
		}
		in, indent = after, "    "
		if end := regexp.MustCompile(`(?m)^\S`).FindStringIndex(in); end != nil {
			in = in[:end[0]]
		}
	}
	if !strings.Contains("\n"+in, "\n"+indent+"def "+parts[len(parts)-1]+"(") {
		return fmt.Errorf("there is no such function")
	}
	return nil
}

func (f *finder) golang(dir string, parts []string) error {
	p := f.packages[dir]
	if p == nil {
		var err error
		if p, err = testsOf(filepath.Join(f.root, filepath.FromSlash(dir))); err != nil {
			return err
		}
		f.packages[dir] = p
	}
	if !p.funcs[parts[0]] {
		return fmt.Errorf("there is no %s", parts[0])
	}
next:
	for _, part := range parts[1:] {
		for _, l := range p.literals {
			if strings.Contains(l, part) {
				continue next
			}
		}
		return fmt.Errorf("no text of the tests has %q", part)
	}
	return nil
}

// testsOf reads the test files of a folder.
func testsOf(dir string) (*goTests, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("there are no tests in %s", dir)
	}
	out := &goTests{funcs: map[string]bool{}}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil {
					out.funcs[n.Name.Name] = true
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					out.literals = append(out.literals, text)
				}
			}
			return true
		})
	}
	return out, nil
}
