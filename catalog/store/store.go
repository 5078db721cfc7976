// Package store puts local files and object stores behind one interface. Paths
// are URLs or local paths; a local path may be relative to the working folder.
package store

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"
)

// File is a file with the facts that identify its version.
type File struct {
	Path    string
	Size    int64
	ModTime int64 // microseconds since the epoch
}

// Store is where files are. Implementations are safe for concurrent use.
type Store interface {
	// Stat describes a file; a folder is reported by isDir with a zero Size.
	Stat(ctx context.Context, path string) (f File, isDir bool, err error)
	// Open reads a file at random.
	Open(ctx context.Context, path string) (Reader, error)
	// List walks all files below a folder, sorted by path.
	List(ctx context.Context, path string) iter.Seq2[File, error]
	// Glob lists files matching a pattern with * ? [a-z] {a,b} and **, sorted.
	Glob(ctx context.Context, pattern string) ([]File, error)
	// Create writes a new file, visible under path once closed; an unfinished one is removed by Abort.
	Create(ctx context.Context, path string) (Writer, error)
	Rename(ctx context.Context, from, to string) error
	Remove(ctx context.Context, path string) error
	RemoveAll(ctx context.Context, path string) error
	MkdirAll(ctx context.Context, path string) error
	// Names lists all that is directly in a folder, hidden names too.
	Names(ctx context.Context, path string) ([]string, error)
	// Lock waits for the exclusive lock of a file, which it makes if need be.
	Lock(ctx context.Context, path string) (Lock, error)
	// TryLock is nil if somebody else holds the lock.
	TryLock(ctx context.Context, path string) (Lock, error)
	// Bounds are what the store keeps to; nil: it opens everything.
	Bounds() *Bounds
}

// Lock is a lock that is held.
type Lock interface {
	Unlock() error
}

// Bounds are the folders that a store keeps to. They are data: whoever opens
// files that somebody else was allowed to opens them within the same.
type Bounds struct {
	// Folders are absolute paths on this machine.
	Folders []string
	// Beyond leaves alone what by its name is in none of the folders.
	Beyond bool
}

// Identity is equal for stores that reach the same files within the same
// bounds, for caches of what was read through one: those of a session are made
// again and again.
func Identity(s Store) any {
	b := s.Bounds()
	if b == nil {
		return s
	}
	folders := slices.Sorted(slices.Values(b.Folders))
	return identity{strings.Join(slices.Compact(folders), "\x00"), b.Beyond}
}

type identity struct {
	folders string
	beyond  bool
}

// Reader reads a file at random.
type Reader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Writer writes a file from start to end.
type Writer interface {
	io.Writer
	// Close makes the file durable and visible.
	Close() error
	// Abort removes what was written. It does nothing after Close.
	Abort() error
}
