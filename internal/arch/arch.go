// Package arch reads the import order of the project from docs/ARCHITECTURE.md
// and finds imports that break it, and packages without a package comment.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Module is the import path of the project's root package.
const Module = "github.com/volley-sql/volley"

// Order is a parsed import order: steps from the bottom up, and extra bans.
type Order struct {
	level map[string]int
	bans  []ban
}

type ban struct{ imported, by string }

// Parse reads the ```order block of a Markdown text. Lines have the forms
// "a, b", "< c, d" (c and d may import what stands above) and "x !< y" (y must
// not import x; either may end in /...).
func Parse(markdown string) (*Order, error) {
	_, rest, ok := strings.Cut(markdown, "```order\n")
	if !ok {
		return nil, fmt.Errorf("no ```order block")
	}
	block, _, _ := strings.Cut(rest, "```")
	o := &Order{level: map[string]int{}}
	for n, line := range strings.Split(block, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if x, y, ok := strings.Cut(line, "!<"); ok {
			for _, by := range list(y) {
				for _, im := range list(x) {
					o.bans = append(o.bans, ban{im, by})
				}
			}
			continue
		}
		for _, p := range list(strings.TrimPrefix(line, "<")) {
			if _, dup := o.level[p]; dup {
				return nil, fmt.Errorf("%s stands twice in the order", p)
			}
			o.level[p] = n
		}
	}
	return o, nil
}

func list(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Check returns a line for each package that the order does not know and each
// import it does not allow. imports maps packages (relative to the module, "."
// for the root) to the packages of the module they import.
func (o *Order) Check(imports map[string][]string) []string {
	var out []string
	for p, ims := range imports {
		at, ok := o.level[p]
		if !ok {
			out = append(out, fmt.Sprintf("%s stands nowhere in the import order of docs/ARCHITECTURE.md", p))
			continue
		}
		for _, im := range ims {
			if l, ok := o.level[im]; ok && l >= at {
				out = append(out, fmt.Sprintf("%s imports %s, which does not stand below it in the order", p, im))
			}
			for _, b := range o.bans {
				if matches(b.by, p) && matches(b.imported, im) {
					out = append(out, fmt.Sprintf("%s imports %s, which %s !< %s rules out", p, im, b.imported, b.by))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func matches(pattern, p string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == dir || strings.HasPrefix(p, dir+"/")
	}
	return pattern == p
}

// Imports reads the imports within the module of every package below root,
// test files left out.
func Imports(root string) (map[string][]string, error) {
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(d)
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		p := filepath.ToSlash(rel)
		if _, ok := out[p]; !ok {
			out[p] = nil
		}
		for _, im := range f.Imports {
			name, _ := strconv.Unquote(im.Path.Value)
			if name != Module && !strings.HasPrefix(name, Module+"/") {
				continue
			}
			in := path.Clean("./" + strings.TrimPrefix(strings.TrimPrefix(name, Module), "/"))
			if !slices.Contains(out[p], in) {
				out[p] = append(out[p], in)
			}
		}
		return nil
	})
	return out, err
}

// Undocumented lists the folders below root whose package has no comment.
func Undocumented(root string) ([]string, error) {
	documented := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(d)
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		p := filepath.ToSlash(rel)
		documented[p] = documented[p] || strings.TrimSpace(f.Doc.Text()) != ""
		return nil
	})
	var out []string
	for p, ok := range documented {
		if !ok {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out, err
}

// skip leaves out folders that hold no packages of the project.
func skip(d fs.DirEntry) error {
	if n := d.Name(); n == "testdata" || n != "." && strings.HasPrefix(n, ".") || n == "out" {
		return filepath.SkipDir
	}
	return nil
}

// Root finds the folder of go.mod at or above the working folder.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above the working folder")
		}
		dir = up
	}
}
