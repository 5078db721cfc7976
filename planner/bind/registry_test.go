package bind

import (
	"testing"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
)

// registry is that of all functions.
func registry(t testing.TB) *function.Registry {
	t.Helper()
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
