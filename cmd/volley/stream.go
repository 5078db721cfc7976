package main

import (
	"errors"
	"io/fs"
	"time"

	"github.com/volley-sql/volley/exec/vec"
)

type timeLocation = time.Location

// whenFirst calls f once, before the first batch or the end: progress is taken
// off the screen before rows appear.
func whenFirst(in vec.Stream, f func()) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		called := false
		for b, err := range in {
			if !called {
				called = true
				f()
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// unwrapPath is the reason in an error of the file system, without the path.
func unwrapPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
