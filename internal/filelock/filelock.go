// Package filelock locks files between processes. A lock is held by an open
// file: it ends with Unlock or with the process, however that dies, and two
// handles in one process exclude each other as two processes do. Locks are
// advisory and for local file systems.
package filelock

import (
	"context"
	"os"
	"time"
)

// Lock is a held lock.
type Lock struct{ f *os.File }

// Files opens and describes files, as package os does or within bounds.
type Files interface {
	OpenFile(path string, flag int, perm os.FileMode) (*os.File, error)
	Stat(path string) (os.FileInfo, error)
}

type system struct{}

func (system) OpenFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	return os.OpenFile(path, flag, perm)
}
func (system) Stat(path string) (os.FileInfo, error) { return os.Stat(path) }

// Try takes the exclusive lock of the file at path, which it makes if need be.
// It returns nil and no error if somebody else holds it.
func Try(path string) (*Lock, error) { return TryIn(system{}, path) }

// TryIn is Try of a file that fs opens.
func TryIn(fs Files, path string) (*Lock, error) {
	for {
		f, err := fs.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		ok, err := tryLock(f)
		if err != nil || !ok {
			f.Close()
			return nil, err
		}
		// Whoever held the lock may have removed the file after we opened it;
		// then this lock excludes nobody.
		mine, err1 := f.Stat()
		there, err2 := fs.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return &Lock{f}, nil
		}
		f.Close()
		if err1 != nil {
			return nil, err1
		}
	}
}

// Acquire waits for the exclusive lock of the file at path.
func Acquire(ctx context.Context, path string) (*Lock, error) {
	return AcquireIn(ctx, system{}, path)
}

// AcquireIn is Acquire of a file that fs opens.
func AcquireIn(ctx context.Context, fs Files, path string) (*Lock, error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		l, err := TryIn(fs, path)
		if l != nil || err != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// Unlock gives the lock back. The file stays.
func (l *Lock) Unlock() error { return l.f.Close() }
