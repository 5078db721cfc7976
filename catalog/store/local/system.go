package local

import (
	"io/fs"
	"os"
)

// System is what a Store asks of the operating system, by plain paths. Errors
// that are *sqlerr.Error are given to the user as they are.
type System interface {
	Open(path string) (*os.File, error)
	OpenFile(path string, flag int, perm fs.FileMode) (*os.File, error)
	Stat(path string) (fs.FileInfo, error)
	ReadDir(path string) ([]fs.DirEntry, error)
	MkdirAll(path string, perm fs.FileMode) error
	Rename(from, to string) error
	Remove(path string) error
	RemoveAll(path string) error
}

// direct is the system itself.
type direct struct{}

func (direct) Open(path string) (*os.File, error) { return os.Open(path) }
func (direct) OpenFile(path string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, flag, perm)
}
func (direct) Stat(path string) (fs.FileInfo, error)        { return os.Stat(path) }
func (direct) ReadDir(path string) ([]fs.DirEntry, error)   { return os.ReadDir(path) }
func (direct) MkdirAll(path string, perm fs.FileMode) error { return os.MkdirAll(path, perm) }
func (direct) Rename(from, to string) error                 { return os.Rename(from, to) }
func (direct) Remove(path string) error                     { return os.Remove(path) }
func (direct) RemoveAll(path string) error                  { return os.RemoveAll(path) }
