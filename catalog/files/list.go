package files

import (
	"context"
	"path"
	"strings"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/partition"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// listing is the files of a table with the partition folders above each, outermost first.
type listing struct {
	files  []Listed
	levels [][]level
}

// level is one folder name column=value, unescaped.
type level struct{ column, value string }

// find lists the files of a configuration.
func find(ctx context.Context, cfg Config) (*listing, error) {
	out := &listing{}
	if cfg.Files != nil {
		for _, f := range cfg.Files {
			ls, err := parseLevels(f.Partition)
			if err != nil {
				return nil, err
			}
			out.files = append(out.files, f)
			out.levels = append(out.levels, ls)
		}
		return out, nil
	}
	for _, p := range cfg.Paths {
		if err := out.addPath(ctx, cfg, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// IsGlob reports whether a path is a pattern.
func IsGlob(p string) bool { return strings.ContainsAny(p, "*?[{") }

func (l *listing) addPath(ctx context.Context, cfg Config, p string) error {
	f, isDir, err := cfg.Store.Stat(ctx, p)
	switch {
	case err == nil && isDir:
		return l.addFolder(ctx, cfg, local.Path(p))
	case err == nil:
		l.add(f, base(cfg, path.Dir(slash(f.Path))))
		return nil
	case IsGlob(p):
		return l.addGlob(ctx, cfg, p)
	case notFound(err) && cfg.AllowMissing:
		return nil
	case notFound(err):
		return pathNotFound(p)
	}
	return err
}

// notFound reports whether err says that there is no such path. A name the
// file system refuses (too long, with a NUL) is not there either.
func notFound(err error) bool {
	return sqlerr.Is(err, sqlerr.FileNotFound) || isNotExist(err)
}

func pathNotFound(p string) error {
	return sqlerr.New(sqlerr.FileNotFound, "Path does not exist: %s.", p)
}

// addFolder adds what is in a folder. Files in sub-folders belong to the
// table if the sub-folders are partitions, or with recursiveFileLookup.
func (l *listing) addFolder(ctx context.Context, cfg Config, dir string) error {
	all, deep := cfg.Options["recursivefilelookup"] == "true", false
	start := len(l.files)
	found, err := stable(ctx, cfg.Store, dir)
	if err != nil {
		return err
	}
	root := base(cfg, dir)
	for _, f := range found {
		rel := relative(dir, f.Path)
		if hidden(rel) || !matches(cfg.Options, rel) {
			continue
		}
		if all {
			l.files, l.levels = append(l.files, Listed{File: f}), append(l.levels, nil)
			continue
		}
		l.add(f, root)
		deep = deep || len(l.levels[len(l.levels)-1]) > 0
	}
	if deep || all {
		return nil
	}
	// No partitions: only files directly in the folder count.
	kept := start
	for i := start; i < len(l.files); i++ {
		if !strings.Contains(relative(dir, l.files[i].Path), "/") {
			l.files[kept], l.levels[kept] = l.files[i], l.levels[i]
			kept++
		}
	}
	l.files, l.levels = l.files[:kept], l.levels[:kept]
	return nil
}

// addGlob adds the files a pattern matches and those below folders it matches
// (data/day=*): partition folders are counted from what matched.
func (l *listing) addGlob(ctx context.Context, cfg Config, pattern string) error {
	found, err := cfg.Store.Glob(ctx, pattern)
	if err != nil && !notFound(err) {
		return err
	}
	if len(found) == 0 {
		return pathNotFound(pattern)
	}
	depth := strings.Count(strings.TrimSuffix(slash(local.Path(pattern)), "/"), "/") + 1
	for _, f := range found {
		dir := path.Dir(slash(f.Path))
		if parts := strings.Split(slash(f.Path), "/"); len(parts) > depth && !strings.Contains(pattern, "**") {
			dir = strings.Join(parts[:depth], "/")
		}
		if matches(cfg.Options, f.Path) {
			l.add(f, base(cfg, dir))
		}
	}
	return nil
}

func (l *listing) add(f store.File, root string) {
	rel := relative(root, f.Path)
	var ls []level
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		for _, name := range strings.Split(rel[:i], "/") {
			col, val, ok := strings.Cut(name, "=")
			if !ok || col == "" {
				ls = nil // only an unbroken run of partition folders counts
				continue
			}
			ls = append(ls, level{partition.Unescape(col), partition.Unescape(val)})
		}
		if last := rel[strings.LastIndexByte(rel[:i], '/')+1 : i]; !strings.Contains(last, "=") {
			ls = nil
		}
	}
	l.files, l.levels = append(l.files, Listed{File: f}), append(l.levels, ls)
}

// base is the folder that partition folders are counted from: the option basePath, else dir.
func base(cfg Config, dir string) string {
	if b := cfg.Options["basepath"]; b != "" {
		return b
	}
	return dir
}

func parseLevels(folder string) ([]level, error) {
	if folder == "" {
		return nil, nil
	}
	var ls []level
	for _, name := range strings.Split(folder, "/") {
		col, val, ok := strings.Cut(name, "=")
		if !ok {
			return nil, sqlerr.New(sqlerr.InternalError, "partition folder %q is not column=value", name)
		}
		ls = append(ls, level{partition.Unescape(col), partition.Unescape(val)})
	}
	return ls, nil
}

func slash(p string) string { return strings.ReplaceAll(p, "\\", "/") }

// relative is p below dir, with slashes.
func relative(dir, p string) string {
	d, p := strings.TrimSuffix(slash(dir), "/"), slash(p)
	if d == "." || d == "" {
		return strings.TrimPrefix(strings.TrimPrefix(p, "./"), "/")
	}
	if rest, ok := strings.CutPrefix(p, d+"/"); ok {
		return rest
	}
	d = path.Clean(d)
	return strings.TrimPrefix(strings.TrimPrefix(path.Clean(p), d), "/")
}

// hidden reports whether a path below a table's folder is none of its data.
func hidden(rel string) bool {
	for rel != "" {
		name, rest, _ := strings.Cut(rel, "/")
		if hiddenName(name) {
			return true
		}
		rel = rest
	}
	return false
}

func hiddenName(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") && !strings.Contains(name, "=") || strings.HasSuffix(name, "._COPYING_")
}

func matches(opts format.Options, p string) bool {
	g := opts["pathglobfilter"]
	if g == "" {
		return true
	}
	ok, err := path.Match(g, path.Base(slash(p)))
	return err != nil || ok
}
