package local

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Glob lists the files matching pattern, sorted. Beside the wildcards of
// filepath.Match (* ? [a-z] [^a-z] and backslash to quote one) it knows {a,b}
// alternatives, which nest, and ** for any number of folders. A folder that
// matches stands for all files below it.
func (s *Store) Glob(ctx context.Context, pattern string) ([]store.File, error) {
	p, err := local(pattern)
	if err != nil {
		return nil, err
	}
	alts, err := expand(filepath.ToSlash(p))
	if err != nil {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "Bad file pattern %s: %v.", pattern, err)
	}
	found := map[string]store.File{}
	for _, alt := range alts {
		parts := strings.Split(alt, "/")
		for _, p := range parts {
			if _, err := filepath.Match(p, ""); err != nil {
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, "Bad file pattern %s: %v.", pattern, err)
			}
		}
		root := "."
		if parts[0] == "" {
			root, parts = "/", parts[1:]
		}
		if err := s.match(ctx, root, parts, found); err != nil {
			return nil, err
		}
	}
	out := make([]store.File, 0, len(found))
	for _, f := range found {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b store.File) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// maxAlternatives bounds what {a,b}{c,d}… multiply to.
const maxAlternatives = 10_000

// expand writes out the brace alternatives of a pattern.
func expand(p string) ([]string, error) {
	open, depth := -1, 0
	var commas []int
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '{':
			if depth == 0 {
				open = i
			}
			depth++
		case ',':
			if depth == 1 {
				commas = append(commas, i)
			}
		case '}':
			if depth--; depth < 0 {
				return nil, errors.New("'}' without '{'")
			}
			if depth > 0 {
				continue
			}
			var out []string
			from := open + 1
			for _, c := range append(commas, i) {
				alts, err := expand(p[:open] + p[from:c] + p[i+1:])
				if err != nil {
					return nil, err
				}
				if out = append(out, alts...); len(out) > maxAlternatives {
					return nil, errors.New("too many alternatives")
				}
				from = c + 1
			}
			return out, nil
		}
	}
	if depth > 0 {
		return nil, errors.New("'{' without '}'")
	}
	return []string{p}, nil
}

// match finds what parts, the pattern's components, match below dir.
func (s *Store) match(ctx context.Context, dir string, parts []string, found map[string]store.File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for len(parts) > 0 && (parts[0] == "" || parts[0] == ".") {
		parts = parts[1:]
	}
	if len(parts) == 0 {
		return s.take(ctx, dir, found)
	}
	head, rest := parts[0], parts[1:]
	if head == "**" {
		if err := s.match(ctx, dir, rest, found); err != nil {
			return err
		}
	} else if !strings.ContainsAny(head, `*?[\`) {
		return s.match(ctx, join(dir, head), rest, found)
	}
	entries, err := s.sys.ReadDir(dir)
	if err != nil {
		// A literal part that is not there, or a file where a folder should be, matches nothing.
		if info, serr := s.sys.Stat(dir); errors.Is(err, fs.ErrNotExist) || serr == nil && !info.IsDir() {
			return nil
		}
		return fault(err, dir)
	}
	for _, e := range entries {
		name := e.Name()
		spelled := strings.HasPrefix(head, "_") || strings.HasPrefix(head, ".")
		if Hidden(name) && !spelled {
			continue
		}
		switch {
		case head == "**":
			if e.IsDir() { // ** does not follow links, which may go in circles
				err = s.match(ctx, join(dir, name), parts, found)
			}
		default:
			if ok, _ := filepath.Match(head, name); ok {
				err = s.match(ctx, join(dir, name), rest, found)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return filepath.Join(dir, name)
}

// take adds the file at path, or the files below it.
func (s *Store) take(ctx context.Context, path string, found map[string]store.File) error {
	info, err := s.sys.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case sqlerr.As(err) != nil: // it may not be looked at
		return err
	case err != nil:
		// A file used as a folder: "x.csv/*" matches nothing.
		return nil
	case info.IsDir():
		for f, err := range s.List(ctx, path) {
			if err != nil {
				return err
			}
			found[f.Path] = f
		}
	case info.Mode().IsRegular():
		found[path] = describe(path, info)
	}
	return nil
}
