package fence

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// doors is the system as far as a fence goes (local.System). Every call finds
// the folder that a path is in and goes through it.
type doors struct {
	f *Fence
	// beyond leaves alone what by its name is in none of the folders.
	beyond bool
}

// place is a path below a folder of the fence. A path that is beyond it has no root.
type place struct{ root, rel string }

// at is where a path is by its name.
func (d doors) at(path string) (p place, ok bool, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return place{}, false, outside(path)
	}
	for i, root := range d.f.roots {
		for _, dir := range []string{root, d.f.named[i]} {
			if rel, ok := under(abs, dir); ok {
				return place{root, rel}, true, nil
			}
		}
	}
	return place{}, false, nil
}

// resolved is where a path is once its links are followed: the way to places
// inside by links that are absolute, or lead from one folder to another.
func (d doors) resolved(path string) (place, error) {
	r, err := resolve(path)
	if err != nil {
		return place{}, outside(path)
	}
	for _, root := range d.f.roots {
		if rel, ok := under(r, root); ok {
			return place{root, rel}, nil
		}
	}
	return place{}, outside(path)
}

// under is what is left of a path below a folder.
func under(abs, dir string) (rel string, ok bool) {
	if !below(abs, []string{dir}) {
		return "", false
	}
	return cmp.Or(strings.TrimPrefix(abs[len(strings.TrimSuffix(dir, string(filepath.Separator))):], string(filepath.Separator)), "."), true
}

// through runs f with the folder a path is in and what is left of the path, or
// with the path itself and no folder if it is none of the fence's business.
// make has the folder made if it is not there.
func (d doors) through(path string, make bool, f func(root *os.Root, rel string) error) error {
	p, ok, err := d.at(path)
	switch {
	case err != nil:
		return err
	case !ok && d.beyond:
		return f(nil, path)
	case ok:
		if err = p.open(make, f); !escapes(err) {
			return plain(err, path)
		}
	}
	if p, err = d.resolved(path); err != nil {
		return err
	}
	if err = p.open(make, f); escapes(err) {
		return outside(path) // a link was put there in between
	}
	return plain(err, path)
}

func (p place) open(make bool, f func(root *os.Root, rel string) error) error {
	if make {
		if err := os.MkdirAll(p.root, 0o777); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return err
	}
	defer root.Close()
	return f(root, p.rel)
}

// escapes reports whether a root refused a path. Package os does not export the error.
func escapes(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if err.Error() == "path escapes from parent" {
			return true
		}
	}
	return false
}

// plain gives an error of a root the path as it was named.
func plain(err error, path string) error {
	var pe *fs.PathError
	if !errors.As(err, &pe) {
		return err
	}
	for inner := pe; errors.As(pe.Err, &inner); {
		pe = inner
	}
	return &fs.PathError{Op: strings.TrimSuffix(pe.Op, "at"), Path: path, Err: pe.Err}
}

// Open implements local.System.
func (d doors) Open(path string) (*os.File, error) { return d.OpenFile(path, os.O_RDONLY, 0) }

// OpenFile implements local.System.
func (d doors) OpenFile(path string, flag int, perm fs.FileMode) (file *os.File, err error) {
	err = d.through(path, flag&os.O_CREATE != 0, func(root *os.Root, rel string) error {
		if root == nil {
			file, err = os.OpenFile(rel, flag, perm)
		} else {
			file, err = root.OpenFile(rel, flag, perm)
		}
		return err
	})
	return file, err
}

// Stat implements local.System.
func (d doors) Stat(path string) (info fs.FileInfo, err error) {
	err = d.through(path, false, func(root *os.Root, rel string) error {
		if root == nil {
			info, err = os.Stat(rel)
		} else {
			info, err = root.Stat(rel)
		}
		return err
	})
	return info, err
}

// ReadDir implements local.System.
func (d doors) ReadDir(path string) ([]fs.DirEntry, error) {
	f, err := d.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, plain(err, path)
}

// MkdirAll implements local.System.
func (d doors) MkdirAll(path string, perm fs.FileMode) error {
	return d.through(path, true, func(root *os.Root, rel string) error {
		switch {
		case root == nil:
			return os.MkdirAll(rel, perm)
		case rel == ".": // it is there
			return nil
		}
		return root.MkdirAll(rel, perm)
	})
}

// Rename implements local.System. Both places must be in one of the folders.
func (d doors) Rename(from, to string) error {
	return d.through(from, false, func(root *os.Root, rel string) error {
		p, ok, err := d.at(to)
		switch {
		case err != nil:
			return err
		case root == nil && ok:
			return outside(to)
		case root == nil:
			return os.Rename(rel, to)
		}
		move := func() error {
			if p.root != root.Name() {
				return &os.LinkError{Op: "rename", Old: from, New: to, Err: errors.New("they are in different folders of --files")}
			}
			return root.Rename(rel, p.rel)
		}
		if ok && p.root == root.Name() {
			if err := move(); !escapes(err) {
				return err
			}
		}
		if p, err = d.resolved(to); err != nil {
			return err
		}
		return move()
	})
}

// Remove implements local.System. The folders of the fence themselves are the
// operator's; they are removed by their names.
func (d doors) Remove(path string) error {
	return d.through(path, false, func(root *os.Root, rel string) error {
		switch {
		case root == nil:
			return os.Remove(rel)
		case rel == ".":
			return os.Remove(root.Name())
		}
		return root.Remove(rel)
	})
}

// RemoveAll implements local.System.
func (d doors) RemoveAll(path string) error {
	err := d.through(path, false, func(root *os.Root, rel string) error {
		switch {
		case root == nil:
			return os.RemoveAll(rel)
		case rel == ".":
			return os.RemoveAll(root.Name())
		}
		return root.RemoveAll(rel)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
