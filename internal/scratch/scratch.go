// Package scratch makes folders for what a process leaves nowhere else: spill
// files, files of executors, logs. They go with Close, and those of processes
// that were killed go when the next one of their kind makes its own.
package scratch

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/volley-sql/volley/internal/filelock"
)

// Dir is such a folder, made on first use. It is safe for concurrent use.
type Dir struct {
	parent, prefix string

	mu   sync.Mutex
	path string
	lock *filelock.Lock
}

// lockFile in a folder is locked as long as its process lives.
const lockFile = "lock"

// young is the age below which a folder without a lock may be one that is being made.
const young = time.Minute

// New returns a folder to be made below parent (empty: the system's folder for
// temporary files) with a name that begins with prefix.
func New(parent, prefix string) *Dir {
	if parent == "" {
		parent = os.TempDir()
	}
	return &Dir{parent: parent, prefix: prefix}
}

// Path is the folder, which is there from now on.
func (d *Dir) Path() (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.path != "" {
		return d.path, nil
	}
	if err := os.MkdirAll(d.parent, 0o700); err != nil {
		return "", err
	}
	sweep(d.parent, d.prefix, time.Now())
	path, err := os.MkdirTemp(d.parent, d.prefix)
	if err != nil {
		return "", err
	}
	lock, err := filelock.Try(filepath.Join(path, lockFile))
	if err != nil {
		os.RemoveAll(path)
		return "", err
	}
	d.path, d.lock = path, lock
	return path, nil
}

// Close removes the folder. Path makes another one.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.path == "" {
		return nil
	}
	d.lock.Unlock() // before: open files cannot be removed everywhere
	err := os.RemoveAll(d.path)
	d.path, d.lock = "", nil
	return err
}

// sweep removes folders whose processes are gone. What cannot be removed, by
// whatever reason, is left.
func sweep(parent, prefix string, now time.Time) {
	old, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
	if err != nil {
		return
	}
	for _, path := range old {
		st, err := os.Lstat(path)
		if err != nil || !st.IsDir() || now.Sub(st.ModTime()) < young {
			continue
		}
		if _, err := os.Lstat(filepath.Join(path, lockFile)); err != nil {
			continue // not one of ours
		}
		lock, err := filelock.Try(filepath.Join(path, lockFile))
		if err != nil || lock == nil {
			continue
		}
		lock.Unlock()
		os.RemoveAll(path)
	}
}
